"""Deciding about notes that tell of one visit (BAK-09). Neither note is changed, and nothing is deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from alcove.clinic.records.actions.notes import amend_note
from alcove.clinic.records.models import Amendment, Note, NotePair
from alcove.clinic.records.policy import Did, Records
from alcove.clinic.records.queries.notes import may_read
from alcove.clinic.records.queries.pairs import pair_of
from alcove.security.access.change import Change, action, hold_audience
from alcove.security.access.errors import Conflict
from alcove.security.vault.ids import uuid7

DECIDED = (
    "Somebody decided about these notes meanwhile. Nothing was changed by you: look at what was decided."
)
UNSIGNED = "One of these notes is not signed yet, and only its author reads it. It can be compared once it is signed."
NO_REASON = "these notes have different circles of readers: a reason would be read by one that may not"


def _hold(notes: Iterable[Note]) -> None:
    # Always in one order, so that two who decide at once never wait for each other in a circle.
    for note in sorted(notes, key=lambda one: one.id.hex):
        hold_audience(note)


def _is_decided(one: Note, other: Note) -> bool:
    first, second = pair_of(one.id, other.id)
    return NotePair.everything.filter(first_id=first, second_id=second).exists()


@action(Records.SIGN)
def settle_pairs(
    change: Change, pairs: Sequence[tuple[Note, Note]], *, outcome: NotePair.Outcome, reason: str = ""
) -> None:
    """Keep what was decided about notes of one client, two by two, all or none of it.

    Raises ``Conflict`` if one is decided already or is somebody's draft, ``ValueError`` for a reason that could stand
    under neither note's readers.
    """
    _hold({note.id: note for pair in pairs for note in pair}.values())
    for one, other in pairs:
        if not (may_read(change.actor, one) and may_read(change.actor, other)):
            raise Conflict(UNSIGNED)
        if one.client_id != other.client_id or one.id == other.id:
            raise ValueError("a decision is about two notes of one client")
        if _is_decided(one, other):
            raise Conflict(DECIDED)
        _settle(change, one, other, outcome, reason)


def _settle(change: Change, one: Note, other: Note, outcome: NotePair.Outcome, reason: str) -> None:
    circles = sorted({note.audience_id for note in (one, other) if note.audience_id}, key=lambda one: one.hex)
    if len(circles) > 1 and reason:
        raise ValueError(NO_REASON)
    first, second = pair_of(one.id, other.id)
    change.create(
        NotePair, Did.NOTES_SETTLED, id=uuid7(), client_id=one.client_id, first_id=first, second_id=second,
        audience_id=circles[0] if circles else None, outcome=outcome, reason=reason,
        decided_by_id=change.actor.id, decided_by_name=change.actor.name, decided_at=change.now,
    )  # fmt: skip


@action(Records.SIGN)
def amend_from(change: Change, note: Note, other: Note, *, text: str, reason: str) -> Amendment:
    """Amend a signed note with what another of the same visit says; that settles the two, if nobody did before."""
    _hold([note, other])
    made = amend_note(change, note, text=text, reason=reason)
    if not _is_decided(note, other):
        _settle(change, note, other, NotePair.Outcome.AMENDED, "")
    return made
