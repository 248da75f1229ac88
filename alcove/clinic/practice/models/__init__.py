"""The practice's own facts: its places, its team's hours, its menu. Business facts, never a client's."""

from alcove.clinic.practice.models.menu import Category as Category
from alcove.clinic.practice.models.menu import Prerequisite as Prerequisite
from alcove.clinic.practice.models.menu import Service as Service
from alcove.clinic.practice.models.menu import ServiceEquipment as ServiceEquipment
from alcove.clinic.practice.models.menu import ServiceRoom as ServiceRoom
from alcove.clinic.practice.models.menu import ServiceStaff as ServiceStaff
from alcove.clinic.practice.models.places import Closure as Closure
from alcove.clinic.practice.models.places import Equipment as Equipment
from alcove.clinic.practice.models.places import EquipmentKind as EquipmentKind
from alcove.clinic.practice.models.places import Location as Location
from alcove.clinic.practice.models.places import OpeningHours as OpeningHours
from alcove.clinic.practice.models.places import Practice as Practice
from alcove.clinic.practice.models.places import Room as Room
from alcove.clinic.practice.models.team import Leave as Leave
from alcove.clinic.practice.models.team import StaffProfile as StaffProfile
from alcove.clinic.practice.models.team import WorkingHours as WorkingHours
