"""Marking notes, entries and documents sensitive, choosing who reads them, lifting the mark (ACC-09)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alcove.clinic.records.models import Item, Note
from alcove.clinic.records.queries import sensitive
from alcove.security.access import audiences, marking
from alcove.security.access.audiences import Mark, Readers
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import Audience
from alcove.security.access.policy import Open, Sensitive
from alcove.security.identity.queries import explain

ALLERGIES_STAY = (
    "Allergies stand in the red band for everyone who treats this client, so they cannot be marked sensitive."
)


def begun(change: Change, head: Any, wanted: Mark | None) -> UUID | None:
    """Give a row that is about to be made a key of its own, if it is wanted sensitive; return its audience."""
    if wanted is None:
        return None
    _refuse_allergies(head)
    _must_read_records(wanted.readers, Readers())
    return marking.begin(change, head.client_id, head, wanted).id


@action(Sensitive.MARK)
def mark_sensitive(change: Change, row: Any, *, wanted: Mark) -> Audience:
    """Give an entry and its earlier versions a key of their own, from now on for those who are wanted.

    Its author and whoever marks it are among them. Raises ``Conflict`` if it was changed or marked meanwhile, or is an
    allergy, and ``Refused`` for another's draft.
    """
    change.actor.must(Open.RECORD)
    _refuse_allergies(row)
    if isinstance(row, Note) and not row.is_signed and row.author_id != change.actor.id:
        raise Refused(Sensitive.MARK.key, "Only its author may mark an unsigned note.")
    if row.audience_id is not None:
        raise Conflict("This is marked sensitive already.")
    _must_read_records(wanted.readers, Readers())
    heads = marking.locked(sensitive.heads(row.client_id, row))
    for one in heads:
        _refuse_allergies(one)
    # What hangs on them is looked for when they stand: whoever adds to them holds them.
    rows = [*heads, *marking.locked(sensitive.dependents(heads))]
    return marking.mark(change, row.client_id, next(one for one in heads if one.pk == row.pk), rows, wanted)


@action(Sensitive.MARK)
def choose_readers(change: Change, audience: Audience, *, wanted: Mark) -> None:
    """Set who reads a sensitive entry, from their next request on. Raises ``Conflict``, ``Refused``, ``NotFound``."""
    _must_read_records(wanted.readers, audiences.readers(audience.id))
    marking.choose(change, audience, _head(audience), wanted)


@action(Sensitive.MARK)
def lift_mark(change: Change, audience: Audience) -> None:
    """Let everyone who reads the record read an entry again. Raises ``Conflict``, ``Refused``, ``NotFound``."""
    marking.lift(change, audience, _head(audience))


def _head(audience: Audience) -> Any:
    head = sensitive.audience_row(audience)
    if head is None:
        raise NotFound("there is no such entry")
    return head


def _must_read_records(wanted: Readers, held: Readers) -> None:
    """Raise ``Conflict`` if somebody is named who reads no records and was not named before."""
    if wanted.people <= held.people and wanted.roles <= held.roles:
        return
    able = {person.id for person, _ in explain.who_can_see(Open.RECORD)} | held.people
    giving = {role.id for role in sensitive.reading_roles()} | held.roles
    if not wanted.people <= able or not wanted.roles <= giving:
        raise Conflict("Name only people and roles who may read records at all.")


def _refuse_allergies(row: Any) -> None:
    if isinstance(row, Item) and row.kind == Item.Kind.ALLERGY:
        raise Conflict(ALLERGIES_STAY)
