"""What can go wrong in the vault: one class per way to react. No text carries a key or a value."""


class VaultError(Exception):
    """Base of all refusals of the vault."""


class VaultShut(VaultError):
    """The key provider cannot be reached or holds another key: the program stays shut and says which failed.

    ``is_final``: asking again would not help and may do harm (a token locks itself after wrong PINs).
    """

    def __init__(self, sentence: str, *, is_final: bool = False) -> None:
        super().__init__(sentence)
        self.is_final = is_final


class RecordLocked(VaultError):
    """A sealed value was read while its client's key is not open."""


class SealBroken(VaultError):
    """A ciphertext does not open: changed, or moved from another client, row, field or practice."""


class FileBroken(SealBroken):
    """A stored file does not open: changed, cut short, or another's."""

    PAGE = (
        "This file was changed or cut short where it is kept, so nothing of it is shown. Tell whoever looks after "
        "Alcove in your practice: a backup may still hold it as it was."
    )


class FileLost(VaultError):
    """A stored file is not where its row says that it is."""

    PAGE = (
        "This file is not where it should be kept. Tell whoever looks after Alcove in your practice: a backup may "
        "still hold it."
    )


class StoreAway(VaultError):
    """The bucket of the sealed files cannot be reached, refuses, or is too slow; the text says so to the operator."""

    PAGE = "The place where files are kept cannot be reached now. Everything else of the record works."


class PlaintextRefused(VaultError):
    """Something tried to write an unsealed value into a sealed column, or to filter on one."""


class KeyReplaced(VaultError):
    """A client's key was replaced or destroyed while something was being sealed with it: nothing may be saved."""


class RootStays(VaultError):
    """This provider makes no root keys itself; the text says what to do there."""


class RowsBusy(VaultError):
    """Rows that were to be locked are being written by somebody else at this moment: try again."""
