"""Rights over the baseline and the register of places outside, and what can happen there."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Baseline(Permission):
    VIEW = right(
        "compliance.baseline.view", "See where the system is weaker than the baseline, and where data goes",
        RoleKey.OWNER, RoleKey.OFFICER,
    )  # fmt: skip
    RUN = right(
        "compliance.baseline.run", "Compare the system with the baseline now", RoleKey.OWNER, RoleKey.OFFICER
    )
    ACCEPT = right(
        "compliance.baseline.accept", "Accept a weakness until a day, with a reason", RoleKey.OFFICER
    )
    REGISTER = right(
        "compliance.places.register", "Say what a place outside is for that the system calls", RoleKey.OFFICER
    )


class Did(Event):
    COMPARED = "baseline.comparison.made", "compared the system with the baseline"
    FOUND = "baseline.weakness.found", "found a weakness"
    CLOSED = "baseline.weakness.closed", "found a weakness gone"
    ACCEPTED = "baseline.weakness.accepted", "accepted a weakness until a day"
    LAPSED = "baseline.weakness.lapsed", "took up a weakness again whose acceptance ended"
    PLACE_CALLED = "baseline.place.called", "noted a call to a place outside"
    PLACE_REGISTERED = "baseline.place.registered", "said what a place outside is for"
    PLACE_REMOVED = "baseline.place.removed", "took a place outside off the register"
