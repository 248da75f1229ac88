"""Two rotations take turns."""

from __future__ import annotations

from alcove.security.vault.models import House, HouseKey


def locked_house() -> House:
    """Return the practice's row; two rotations take turns.

    The turn is a lock on the pepper's rows, which nobody else locks: the practice's own row counts changes of names,
    and who waits for that counter holds the wrapping key (``keyring.hold_wrap_version``).
    """
    list(HouseKey.objects.select_for_update().filter(purpose="pepper").order_by("id"))
    return House.objects.get()
