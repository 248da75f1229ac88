"""What can go wrong with backups: one class per way to react. No text carries a value."""


class BackupFault(Exception):
    """Base of all refusals here; the text is a sentence for whoever runs the machine."""


class Busy(BackupFault):
    """Another run has this place."""


class PlaceFails(BackupFault):
    """A place cannot be written or read: full, away, without rights, or it keeps other bytes than it was given."""


class Damaged(BackupFault):
    """What lies in a place is not what was put there; the text names the piece."""


class WontRestore(BackupFault):
    """This point cannot be restored here, or this target may not be touched; nothing was."""


class CannotCopy(BackupFault):
    """The practice's database could not be copied."""
