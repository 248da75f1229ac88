"""Making and ending packs, their passphrase, and handing one out.

A pack is gathered and sealed before the action that keeps it, in memory only. Between the two a client may be deleted
or the passphrase replaced: ``keep_pack`` and ``forget_client`` lock the same row, so either the pack is refused or the
client is taken out of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from alcove.clinic.downtime.models import THE_KEY, Fetch, Pack, Phrase
from alcove.clinic.downtime.policy import Did, Downtime
from alcove.clinic.practice.models import Location
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.jobs import queue
from alcove.security.vault import crypto, packs
from alcove.security.vault.house import house
from alcove.security.vault.ids import uuid7

PACKS_JOB: Final = "downtime.packs.make"
_LABEL: Final = "downtime.pack.file"


@action(Downtime.PHRASE)
def make_phrase(change: Change) -> str:
    """Make a new passphrase and return it, the only time it is known; the old packs end, new ones are made at once."""
    words = packs.new_passphrase()
    held = Phrase.objects.select_for_update().filter(pk=THE_KEY).first()
    phrase = held or Phrase(pk=THE_KEY, number=0)
    phrase.number += 1
    phrase.key, phrase.made_at, phrase.made_by_id = (
        packs.stored(packs.key_of(words)),
        change.now,
        change.actor.id,
    )
    # Without change.update, which would keep the key before this one as an earlier version.
    phrase.save(force_insert=held is None, force_update=held is not None)
    change.record(Did.PHRASE_MADE, on=phrase, fields=(f"number {phrase.number}",))
    _end(change, list(Pack.objects.all()))
    queue.later(change, PACKS_JOB)
    return words


@action(Downtime.MAKE)
def keep_pack(
    change: Change,
    location: Location,
    *,
    page: bytes,
    clients: Sequence[UUID],
    made_at: datetime,
    number: int,
) -> Pack:
    """Keep a pack in place of the location's last one; raise ``Conflict`` if what it was made of is no longer so."""
    phrase = Phrase.objects.select_for_update().filter(pk=THE_KEY).first()
    if phrase is None or phrase.number != number:
        raise Conflict("The passphrase was replaced meanwhile.")
    if need.deleted().intersection(clients):
        raise Conflict("A client in this pack was deleted meanwhile.")
    _end(change, list(Pack.objects.filter(location=location)))
    pack = Pack(
        id=uuid7(), location=location, made_at=made_at, expires_at=made_at + policy.DOWNTIME_LIFE,
        phrase_number=number, clients=[one.hex for one in clients],
    )  # fmt: skip
    _write(pack, page)
    try:
        pack.save(force_insert=True)
    except BaseException:
        pack.file.unlink(missing_ok=True)
        raise
    change.record(Did.MADE, on=pack, fields=(f"{len(clients)} clients",))
    return pack


def _write(pack: Pack, page: bytes) -> None:
    """Write a pack's page, sealed by the house as well: what lies on this disk opens with no paper alone."""
    pack.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sealed = house().seal(page, crypto.binding(_LABEL, pack.id))
    descriptor = os.open(pack.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)


@action(Downtime.FETCH)
def fetch_pack(change: Change, pack: Pack) -> bytes:
    """Return a pack's page, with one entry that names every client in it; raise ``Conflict`` if it is gone by now."""
    try:
        sealed = pack.file.read_bytes()
    except FileNotFoundError:
        raise Conflict("This pack was just replaced. Load the page again.") from None
    change.record(Did.FETCHED, on=pack, clients=tuple(UUID(one) for one in pack.clients))
    # Of two at one moment the later stands; the log has both.
    values = {"at": change.now, "by_id": change.actor.id, "pack_made_at": pack.made_at}
    Fetch.objects.update_or_create(location_id=pack.location_id, defaults=values)
    return house().open(sealed, crypto.binding(_LABEL, pack.id))


@action(Downtime.MAKE)
def end_packs(change: Change) -> None:
    """Destroy packs that are too old, or of locations out of use; raise ``NothingRecorded`` if there are none."""
    rows = Pack.objects.select_for_update().select_related("location")
    _end(change, [one for one in rows if one.expires_at <= change.now or not one.location.is_active])


def forget_client(change: Change, client_id: UUID) -> None:
    """Destroy the packs that name a client, and have them made anew: for deleting the card."""
    # The row that keep_pack locks: a pack under way either is kept before this, and ends here, or meets the deletion.
    Phrase.objects.select_for_update().filter(pk=THE_KEY).first()
    named = [one for one in Pack.objects.all() if client_id.hex in one.clients]
    if named:
        _end(change, named)
        queue.later(change, PACKS_JOB)


def _end(change: Change, rows: Sequence[Pack]) -> None:
    for pack in rows:
        change.record(Did.ENDED, on=pack)
        pack.file.unlink(missing_ok=True)
        Pack.objects.filter(pk=pack.pk).delete()
