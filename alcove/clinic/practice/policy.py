"""Rights over the practice's own facts: its places, its team's hours, its menu."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event

_PLANNERS = (RoleKey.OWNER, RoleKey.MANAGER)


class Practice(Permission):
    VIEW = right(
        "setup.practice.view", "See locations, hours, team and menu in Setup", *_PLANNERS, RoleKey.FRONT_DESK,
        RoleKey.PRACTITIONER, RoleKey.PRESCRIBER, RoleKey.OFFICER,
    )  # fmt: skip
    EDIT = right(
        "setup.practice.arrange",
        "Change locations, hours, rooms, the team's profiles and the menu",
        *_PLANNERS,
    )


class Did(Event):
    FOUNDED = "practice.practice.founded", "founded the practice"
    CHANGED = "practice.practice.changed", "changed the practice's facts"
    SET_UP = "practice.practice.set_up", "finished the set-up guide"
    LOCATION_ADDED = "practice.location.added", "added a location"
    LOCATION_CHANGED = "practice.location.changed", "changed a location"
    HOURS_CHANGED = "practice.hours.changed", "changed opening hours"
    CLOSURE_ADDED = "practice.closure.added", "added a closure"
    CLOSURE_CHANGED = "practice.closure.changed", "changed a closure"
    CLOSURE_REMOVED = "practice.closure.removed", "removed a closure"
    ROOM_ADDED = "practice.room.added", "added a room"
    ROOM_CHANGED = "practice.room.changed", "changed a room"
    KIND_ADDED = "practice.equipment_kind.added", "added a kind of equipment"
    KIND_CHANGED = "practice.equipment_kind.changed", "changed a kind of equipment"
    EQUIPMENT_ADDED = "practice.equipment.added", "added equipment"
    EQUIPMENT_CHANGED = "practice.equipment.changed", "changed equipment"
    PROFILE_ADDED = "practice.profile.added", "added somebody to the calendar"
    PROFILE_CHANGED = "practice.profile.changed", "changed a staff profile"
    WORK_CHANGED = "practice.working_hours.changed", "changed working hours"
    LEAVE_ADDED = "practice.leave.added", "entered leave"
    LEAVE_CHANGED = "practice.leave.changed", "changed leave"
    LEAVE_REMOVED = "practice.leave.removed", "removed leave"
    CATEGORY_ADDED = "practice.category.added", "added a category to the menu"
    CATEGORY_CHANGED = "practice.category.changed", "changed a category of the menu"
    CATEGORY_REMOVED = "practice.category.removed", "removed an empty category"
    SERVICE_ADDED = "practice.service.added", "added a service"
    SERVICE_CHANGED = "practice.service.changed", "changed a service"
    DOES_CHANGED = "practice.service.staffed", "changed who does a service"
    NEEDS_CHANGED = "practice.service.equipped", "changed the rooms or equipment of a service"
    RULE_ADDED = "practice.prerequisite.added", "added what a service requires"
    RULE_REMOVED = "practice.prerequisite.removed", "removed what a service requires"
