"""How short keyed values are cut: with which version of the ``index`` key, and to how many bits.

Values cut differently stand side by side while they are cut anew (a new key, or many more clients than before), so
whoever looks one up asks for each of ``held``. The bits of one key are nested: a value cut to more bits begins with
what it was cut to before, so two copies of the database tell a thief no more than the longer one does.

Whoever cuts holds the wrapping key's row to the end of the transaction (``keyring.hold_wrap_version``). A new version
of ``index`` is only made together with one of ``wrap``, and ``change_bits`` takes that row too: once either is
committed, nothing cut the former way is still on its way into the database.

Never: a value in the database that is cut in a way ``held`` does not name. Proved by ``tests/test_cuts.py`` and
``tests/test_killed.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import F, Subquery

from alcove.security.vault import crypto, keyring
from alcove.security.vault.house import house
from alcove.security.vault.models import House, HouseKey

_TAG_BITS: Final = 32


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """One way of cutting: a version of the index key, and how many bits stay."""

    key_version: int
    bits: int

    def value(self, message: bytes) -> int:
        """Return the short keyed value of a message; raise ``SealBroken`` if the key was destroyed."""
        tag = crypto.mac(house().versions("index")[self.key_version], message)
        return int.from_bytes(tag[: _TAG_BITS // 8], "big") >> (_TAG_BITS - self.bits)


def in_force() -> Cut:
    """Return how new values are cut, and keep it so to the end of this transaction."""
    keyring.hold_wrap_version()
    return newest()


def newest() -> Cut:
    """Return how new values are cut at this moment, for whoever only counts: it may change the moment after."""
    return max(Cut(version, bits) for version, retired_at, bits, _ in _stored() if retired_at is None)


def held() -> frozenset[Cut]:
    """Return every way in which stored values may be cut at this moment."""
    return frozenset(
        Cut(version, each) for version, _, bits, before in _stored() for each in (bits, before) if each
    )


def _stored() -> list[tuple[int, object, int, int]]:
    """Return (version, when retired, bits, bits before) of each index key: one statement, so all of one moment."""
    rows = HouseKey.objects.filter(purpose="index").annotate(
        bits=Subquery(House.objects.values("contact_bits")[:1]),
        before=Subquery(House.objects.values("contact_bits_before")[:1]),
    )
    return list(rows.values_list("version", "retired_at", "bits", "before"))


def change_bits(bits: int, clients: int) -> bool:
    """Cut new values to ``bits``, chosen for so many clients; False if an earlier change is not finished yet.

    Waits for everybody who is cutting a value, and makes them wait to the end of this transaction.
    """
    list(HouseKey.objects.select_for_update().filter(purpose="wrap").order_by("version"))
    settled = House.objects.filter(contact_bits_before=0).exclude(contact_bits=bits)
    return bool(
        settled.update(contact_bits_before=F("contact_bits"), contact_bits=bits, contact_clients=clients)
    )


def settle() -> None:
    """Note that every value is cut to the bits in force; the caller saw it after ``in_force``, in this transaction."""
    House.objects.filter(contact_bits_before__gt=0).update(contact_bits_before=0)
