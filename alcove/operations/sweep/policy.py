"""Rights over the daily sweep, and what can happen in it."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Sweeps(Permission):
    VIEW = right(
        "sweep.view", "See which rows were edited outside the product", RoleKey.OWNER, RoleKey.OFFICER
    )
    RUN = right("sweep.run", "Compare all rows with what the last recorded change left", RoleKey.OFFICER)
    CLOSE = right(
        "sweep.finding.close", "Close a finding of the daily sweep, with what it was", RoleKey.OFFICER
    )


class Did(Event):
    BASED = "sweep.base.marked", "marked rows that had no mark yet"
    BEGUN = "sweep.run.begun", "began to compare all rows with their marks"
    WENT_ON = "sweep.run.went_on", "went on comparing rows with their marks"
    ENDED = "sweep.run.ended", "compared all rows with their marks"
    FOUND = "sweep.finding.made", "found a row edited outside the product"
    CLOSED = "sweep.finding.closed", "closed a finding of the daily sweep"
