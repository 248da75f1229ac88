"""Bookings, and what they take: practitioners, rooms and equipment at times."""

from alcove.clinic.calendar.models.bookings import ENDED as ENDED
from alcove.clinic.calendar.models.bookings import Appointment as Appointment
from alcove.clinic.calendar.models.bookings import Block as Block
from alcove.clinic.calendar.models.bookings import Booking as Booking
from alcove.clinic.calendar.models.bookings import Move as Move
from alcove.clinic.calendar.models.bookings import Occupancy as Occupancy
from alcove.clinic.calendar.models.bookings import Series as Series
from alcove.clinic.calendar.models.codes import CheckInCode as CheckInCode
from alcove.clinic.calendar.models.feeds import Feed as Feed
from alcove.clinic.calendar.models.online import OnlineBooking as OnlineBooking
from alcove.clinic.calendar.models.online import OnlineForm as OnlineForm
from alcove.clinic.calendar.models.online import VisitLink as VisitLink
from alcove.clinic.calendar.models.waitlist import WaitlistEntry as WaitlistEntry
from alcove.clinic.calendar.models.waitlist import WaitlistOffer as WaitlistOffer
