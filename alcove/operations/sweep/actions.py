"""What is put down of a sweep, who is told, and how a finding is closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings

from alcove.operations.sweep import queries
from alcove.operations.sweep.models import Finding, Sweep
from alcove.operations.sweep.policy import Did, Sweeps
from alcove.operations.sweep.queries import ALL, Found
from alcove.security import policy_defaults as policy
from alcove.security.access import marks
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.identity.actions.notices import tell_deciders

NOTICE = "sweep"
"""What messages about findings are called."""


class OutcomeTooShort(ValueError):
    """What somebody found is too short to say anything."""


@action(Sweeps.RUN)
def mark_unmarked(change: Change, label: str, limit: int) -> int:
    """Mark rows of a table that have none, in a practice older than marks; return how many."""
    rows = queries.unmarked(label, limit)
    marks.mark({label: dict(rows)}, change.now)
    change.record(Did.BASED, fields=(f"{len(rows)} of {label}",))
    return len(rows)


@action(Sweeps.RUN)
def end_marking(change: Change) -> None:
    """Put down that every row has its mark: from now on one without is a finding."""
    change.record(Did.BASED, fields=(ALL,))


@action(Sweeps.RUN)
def begin(change: Change) -> Sweep:
    """Begin a sweep."""
    return change.create(Sweep, Did.BEGUN, began_at=change.now, place=[0, None])


@action(Sweeps.RUN)
def go_on(change: Change, sweep: Sweep, place: list[Any], compared: int, found: Sequence[Found]) -> None:
    """Put down how far a sweep has come and what it found since, so that whoever ends it early loses nothing."""
    new = _put_down(change, sweep, found)
    sweep.place, sweep.compared, sweep.found = place, sweep.compared + compared, sweep.found + new
    sweep.save(update_fields=["place", "compared", "found"])
    change.record(Did.WENT_ON, on=sweep, fields=(f"{compared} rows",))


@action(Sweeps.RUN)
def end(change: Change, sweep: Sweep) -> None:
    """End a sweep: rows that went together with their marks are told by the count of all marks."""
    sweep.found += _put_down(change, sweep, _gone_with_their_marks())
    [counted] = queries.tally([sweep.began_at])
    sweep.place, sweep.tally, sweep.ended_at = None, counted, change.now
    sweep.save(update_fields=["place", "tally", "ended_at", "found"])
    change.record(Did.ENDED, on=sweep, fields=(f"{sweep.compared} rows", f"{sweep.found} findings"))


def _gone_with_their_marks() -> list[Found]:
    last = queries.last_ended()
    if last is None:
        # The log knows of a sweep and its notes are gone: so is what they would have told.
        return [_UNNAMED] if queries.has_ended_before() else []
    found = queries.without_mark(last.began_at)
    [counted] = queries.tally([last.began_at])
    return found if counted == last.tally else [*found, _UNNAMED]


_UNNAMED = Found(Finding.Kind.MARKS.value, "", None, None)


def _put_down(change: Change, sweep: Sweep, found: Sequence[Found]) -> int:
    """File what was found and is not open already, and tell the officer, once a sweep; return how many are new."""
    ids = [one.object_id for one in found if one.object_id]
    known = set(
        Finding.objects.filter(object_id__in=ids, closed_at__isnull=True).values_list("object_id", flat=True)
    )
    new = {one.object_id or one: one for one in found if one.object_id not in known}
    for one in new.values():
        change.create(
            Finding, Did.FOUND, kind=one.kind, table=one.table, object_id=one.object_id, client_id=one.client_id,
            found_at=change.now,
        )  # fmt: skip
    if new and not sweep.found:
        _tell(change)
    return len(new)


def _tell(change: Change) -> None:
    text = (
        "Something in the record was edited outside the product: the database does not hold what the last recorded "
        "change left. Find out who can write to the database, compare with a backup, and close each finding with what "
        "it was.\n\n"
        f"{settings.ALCOVE.public_address}/compliance/rows/"
    )
    tell_deciders(change, Sweeps.CLOSE, NOTICE, "The record was edited outside the product", text)


@action(Sweeps.CLOSE)
def close(change: Change, finding: Finding, *, outcome: str) -> None:
    """Close a finding with what it was; what stands in the database now counts from here on.

    Raises ``OutcomeTooShort``, or ``Conflict`` if somebody closed it already.
    """
    if len(outcome.strip()) < policy.REASON_MIN_LENGTH:
        raise OutcomeTooShort(f"Write at least {policy.REASON_MIN_LENGTH} letters.")
    held = Finding.objects.select_for_update().get(pk=finding.pk)
    if held.closed_at is not None:
        raise Conflict("Somebody has closed this already.")
    held.closed_at, held.closed_by_id, held.outcome = change.now, change.actor.id, outcome.strip()
    held.save(update_fields=["closed_at", "closed_by_id", "outcome"])
    change.record(Did.CLOSED, client_id=held.client_id, on=held)
    if held.object_id is not None:
        row: dict[UUID, UUID | None] = {held.object_id: held.client_id}
        marks.mark({held.table: row}, change.now)
