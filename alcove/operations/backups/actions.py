"""What is put down of backups, who is told, and the recovery key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from alcove.operations.backups import queries
from alcove.operations.backups.models import Check, Drill, RecoveryKey, Run
from alcove.operations.backups.policy import Backups, Did
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.identity.actions.notices import tell_deciders
from alcove.security.vault import copies, shares

NOTICE = "backup"
"""What messages about backups are called."""


def _warn(change: Change, subject: str, text: str) -> None:
    address = f"{settings.ALCOVE.public_address}/setup/backups/"
    tell_deciders(change, Backups.RUN, NOTICE, subject, f"{text}\n\n{address}")


@action(Backups.RUN)
def note_run(change: Change, place: str, began_at: datetime, /, **facts: Any) -> Run:
    """Put down a try; of a failure people are told, once until it works again."""
    fault = facts.get("fault", "")
    before = Run.objects.filter(place=place).order_by("-ended_at").first()
    row = change.create(
        Run, Did.FAILED if fault else Did.COPIED,
        place=place, began_at=began_at, ended_at=change.now, **facts,
    )  # fmt: skip
    if fault and (before is None or not before.fault):
        _warn(
            change,
            "A backup failed",
            f"The backup of today did not get to one of its places, or could not be read back: {fault}",
        )
    return row


@action(Backups.RUN)
def note_check(change: Change, place: str, *, objects: int, size: int, faults: Sequence[str]) -> Check:
    """Put down a reading back; of damage people are told every time."""
    row = change.create(
        Check, Did.DAMAGED if faults else Did.CHECKED, place=place, at=change.now, objects_read=objects,
        bytes_read=size, faults=len(faults), first_fault=faults[0][:400] if faults else "",
    )  # fmt: skip
    if faults:
        _warn(
            change, "A backup is damaged",
            f"{len(faults)} faults were found when the backup was read back. The first: {faults[0]}\nThe next run "
            "puts right what it can, and older points may stay damaged: look at the other places.",
        )  # fmt: skip
    return row


@action(Backups.RUN)
def note_pruned(change: Change, points: int, key_copies: int) -> None:
    """Put down that old points or key copies were ended."""
    change.record(Did.PRUNED, fields=(f"{points} points", f"{key_copies} key copies"))


@action(Backups.RUN)
def note_drill(
    change: Change, place: str, began_at: datetime, /, *, faults: Sequence[str], **facts: Any
) -> Drill:
    """File the report of a rehearsal; of a failure people are told."""
    row = change.create(
        Drill, Did.DRILL_FAILED if faults else Did.DRILLED, place=place, began_at=began_at, ended_at=change.now,
        faults=len(faults), first_fault=faults[0][:400] if faults else "", **facts,
    )  # fmt: skip
    if faults:
        _warn(
            change,
            "A rehearsed restore failed",
            f"The backup could not be restored as it should: {faults[0]}",
        )
    return row


@action(Backups.RUN)
def note_practice(change: Change, did: Did, words: str) -> None:
    """Put down what became of the whole practice: moved, upgraded, or brought back."""
    change.record(did, fields=(words,))


@action(Backups.RUN)
def report_late(change: Change, late: Sequence[str]) -> None:
    """Tell of places whose newest copy is older than it may be."""
    change.record(Did.LATE, fields=(f"{len(late)} places",))
    _warn(change, "A backup is too old", f"No good copy came as often as it should to: {'; '.join(late)}.")


# The recovery key -------------------------------------------------------------------------------------------------


@action(Backups.RECOVERY)
def make_recovery(change: Change) -> tuple[RecoveryKey, list[str]]:
    """Make a recovery key and return it with its three shares, which exist nowhere else; the one before is over.

    Backups made from now on open with it; older key copies open with the one before until they are ended.
    """
    public, private = copies.new_recovery()
    name = copies.recovery_name(public)
    # Two people at once: both wait for the row of the key that is to be replaced, or one insert is the newer.
    for row in RecoveryKey.objects.select_for_update().filter(replaced_at__isnull=True):
        change.update(row, Did.RECOVERY_MADE, replaced_at=change.now)
    row = change.create(
        RecoveryKey, Did.RECOVERY_MADE, name=name.hex(), public=public.hex(), made_at=change.now,
        made_by_id=change.actor.id,
    )  # fmt: skip
    return row, [shares.written(one) for one in shares.split(private, name)]


@action(Backups.RECOVERY)
def try_recovery(change: Change, texts: Sequence[str]) -> RecoveryKey:
    """Put down that two shares give the recovery key back; raise ``WrongShare`` saying what is wrong with them."""
    row = queries.recovery()
    if row is None:
        raise Conflict("There is no recovery key yet.")
    public = copies.recovery_public(shares.pair(texts))
    if public.hex() != row.public:
        raise shares.WrongShare("These two shares do not give the recovery key that is in force.")
    change.update(row, Did.RECOVERY_TRIED, tried_at=change.now)
    return row
