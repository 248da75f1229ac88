"""Rights over backups, and what can happen to them."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Backups(Permission):
    VIEW = right(
        "setup.backups.view", "See where backups lie, how old they are and how drills went",
        RoleKey.OWNER, RoleKey.OFFICER, RoleKey.IT_PROVIDER, RoleKey.AUDITOR,
    )  # fmt: skip
    RUN = right(
        "setup.backups.run", "Make backups and rehearse a restore", RoleKey.OWNER, RoleKey.IT_PROVIDER
    )
    RECOVERY = right("setup.recovery.edit", "Make the recovery key's shares and try them", RoleKey.OWNER)


class Did(Event):
    COPIED = "backups.copy.made", "made a backup"
    FAILED = "backups.copy.failed", "could not make a backup"
    CHECKED = "backups.copy.checked", "read a backup back"
    DAMAGED = "backups.copy.damaged", "found a backup damaged"
    LATE = "backups.copy.late", "reported a backup as too old"
    PRUNED = "backups.copy.pruned", "ended old backups"
    DRILLED = "backups.drill.done", "rehearsed a restore"
    DRILL_FAILED = "backups.drill.failed", "rehearsed a restore, which failed"
    RECOVERY_MADE = "backups.recovery.made", "made a recovery key"
    RECOVERY_TRIED = "backups.recovery.tried", "tried two shares of the recovery key"
    MOVED = "backups.practice.moved", "moved the practice to another database"
    FILES_MOVED = "backups.files.moved", "copied the sealed files to another place"
    UPGRADED = "backups.practice.upgraded", "upgraded the practice"
    RETURNED = "backups.practice.returned", "could not upgrade the practice, and brought its data back"
