"""Rights over the continuity page, and what can happen on it."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Continuity(Permission):
    VIEW = right(
        "compliance.continuity.view",
        "See what comes back first when systems fail, and whom to ring",
        *RoleKey,
    )
    SITE = right(
        "compliance.continuity.site.view", "See who may enter each location, and how emergency tests went",
        RoleKey.OWNER, RoleKey.OFFICER, RoleKey.MANAGER, RoleKey.AUDITOR,
    )  # fmt: skip
    EDIT = right(
        "compliance.continuity.edit", "Keep the recovery order, emergency contacts, who may enter, and tests",
        RoleKey.OWNER, RoleKey.OFFICER,
    )  # fmt: skip


class Did(Event):
    STEP_ADDED = "continuity.step.added", "added a system to the recovery order"
    STEP_CHANGED = "continuity.step.changed", "changed the recovery order"
    STEP_MOVED = "continuity.step.moved", "moved a system in the recovery order"
    STEP_ENDED = "continuity.step.ended", "took a system off the recovery order"
    CONTACT_ADDED = "continuity.contact.added", "added an emergency contact"
    CONTACT_CHANGED = "continuity.contact.changed", "changed an emergency contact"
    CONTACT_ENDED = "continuity.contact.ended", "took an emergency contact off the list"
    ENTRANT_ADDED = "continuity.entrant.added", "listed who may enter a location"
    ENTRANT_CHANGED = "continuity.entrant.changed", "changed how somebody may enter a location"
    ENTRANT_ENDED = "continuity.entrant.ended", "took somebody off the list of who may enter"
    TRIAL_ADDED = "continuity.trial.added", "entered an emergency test"
    TRIAL_CHANGED = "continuity.trial.changed", "corrected an emergency test"
    TRIAL_ENDED = "continuity.trial.withdrawn", "withdrew an emergency test"
    PRINTED = "continuity.sheet.printed", "noted that the continuity page was printed"
