"""The recovery order, contacts, who may enter, and when the page was printed."""

from __future__ import annotations

from typing import Any

from alcove.clinic.practice.actions import Unchanged, Unfit
from alcove.clinic.practice.actions.writing import named
from alcove.clinic.practice.models import Location
from alcove.compliance.baseline.actions import put_down
from alcove.compliance.baseline.queries.looks import look
from alcove.compliance.continuity.actions.writing import GONE, differs, end, rewritten
from alcove.compliance.continuity.models import Contact, Entrant, Printing, Step
from alcove.compliance.continuity.policy import Continuity, Did
from alcove.compliance.continuity.queries import starter
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.identity.models import Person

_STEP_TAKEN = "This system is in the order already."
_CONTACT_TAKEN = "There is a contact of this kind and name already."
_ENTRANT_TAKEN = "They are listed for this location already."
_MOVED = "Someone else changed the order meanwhile. It is shown as it is now; move it again."

# The recovery order ---------------------------------------------------------------------------------------------------


@action(Continuity.EDIT)
def take_proposed(change: Change) -> None:
    """Begin the recovery order with the proposed list; raise ``Conflict`` if there is an order already."""
    if Step.objects.filter(ended_at__isnull=True).exists():
        raise Conflict("There is a recovery order already.")
    for number, one in enumerate(starter.order()):
        given = {"name": one.name, "hours": one.hours, "by": one.by, "book": one.book}
        try:
            _insert_step(change, number, given)
        except Unfit:
            # Two people at once: the other one's list stands, and nothing of this one is kept.
            raise Conflict("Somebody has put in the proposed list just now.") from None


@action(Continuity.EDIT)
def add_step(change: Change, /, **values: Any) -> Step:
    """Add a system at the end of the order: ``name``, ``hours``, ``by``, ``book``. Raises ``Unfit``."""
    live = Step.objects.filter(ended_at__isnull=True).order_by("-position")
    last = live.values_list("position", flat=True).first()
    return _insert_step(change, 0 if last is None else last + 1, values)


def _insert_step(change: Change, position: int, values: dict[str, Any]) -> Step:
    return named(
        lambda: change.create(Step, Did.STEP_ADDED, position=position, changed_at=change.now, **values),
        sentence=_STEP_TAKEN,
    )


@action(Continuity.EDIT)
def change_step(change: Change, /, row: Step, **values: Any) -> Step:
    """Change a system of the order."""
    differs(row, values)
    return named(lambda: rewritten(change, row, Did.STEP_CHANGED, values), sentence=_STEP_TAKEN)


@action(Continuity.EDIT)
def end_step(change: Change, row: Step) -> None:
    """Take a system off the order."""
    end(change, row, Did.STEP_ENDED)


@action(Continuity.EDIT)
def move_step(change: Change, row: Step, *, steps: int, seen: int) -> None:
    """Move a system up (negative) or down. ``seen``: its position as the page showed it, so a second press is none.

    Raises ``Conflict`` if the order was changed meanwhile, ``Unchanged`` if it cannot go further.
    """
    live = Step.objects.filter(ended_at__isnull=True)
    # Locked in the order of ids, which no move changes, so that two who move never wait for each other in a ring.
    list(live.select_for_update().order_by("pk").values_list("pk", flat=True))
    rows = list(live)
    at = next((number for number, one in enumerate(rows) if one.pk == row.pk), None)
    if at is None:
        raise Conflict(GONE)
    if rows[at].position != seen:
        raise Conflict(_MOVED)
    to = min(max(at + steps, 0), len(rows) - 1)
    if to == at:
        raise Unchanged
    rows.insert(to, rows.pop(at))
    for number, one in enumerate(rows):
        if one.position != number:
            rewritten(change, one, Did.STEP_MOVED, {"position": number})


# Contacts -------------------------------------------------------------------------------------------------------------


def _must_be_reached(values: dict[str, Any]) -> None:
    if not (values["phone"] or values["email"]):
        raise Unfit("phone", "Give a phone number or an e-mail address.")


@action(Continuity.EDIT)
def add_contact(change: Change, /, **values: Any) -> Contact:
    """Add whom to ring: ``kind``, ``name``, ``purpose``, ``phone``, ``email``, ``deputy``. Raises ``Unfit``."""
    _must_be_reached(values)
    return named(
        lambda: change.create(Contact, Did.CONTACT_ADDED, changed_at=change.now, **values),
        sentence=_CONTACT_TAKEN,
    )


@action(Continuity.EDIT)
def change_contact(change: Change, /, row: Contact, **values: Any) -> Contact:
    """Change a contact."""
    _must_be_reached(values)
    differs(row, values)
    return named(lambda: rewritten(change, row, Did.CONTACT_CHANGED, values), sentence=_CONTACT_TAKEN)


@action(Continuity.EDIT)
def end_contact(change: Change, row: Contact) -> None:
    """Take a contact off the list."""
    end(change, row, Did.CONTACT_ENDED)


# Who may enter --------------------------------------------------------------------------------------------------------


@action(Continuity.EDIT)
def add_entrant(
    change: Change, /, *, location: Location, person: Person | None, firm: str, **values: Any
) -> Entrant:
    """List somebody who may enter: a person of the staff or a firm, ``how``, ``until_on``. Raises ``Unfit``."""
    if (person is None) == (not firm):
        raise Unfit("firm", "Choose somebody of the staff, or name a firm: one of the two.")
    row = named(
        lambda: change.create(
            Entrant, Did.ENTRANT_ADDED, location=location, person=person, firm=firm, changed_at=change.now, **values
        ),
        field="firm" if firm else "person",
        sentence=_ENTRANT_TAKEN,
    )  # fmt: skip
    _compare(change)
    return row


@action(Continuity.EDIT)
def change_entrant(change: Change, /, row: Entrant, **values: Any) -> Entrant:
    """Change how, or until when, somebody may enter; for somebody else, another line is added."""
    differs(row, values)
    rewritten(change, row, Did.ENTRANT_CHANGED, values)
    _compare(change)
    return row


@action(Continuity.EDIT)
def end_entrant(change: Change, row: Entrant) -> None:
    """Take somebody off the list of who may enter: key and card are back, the code is another."""
    end(change, row, Did.ENTRANT_ENDED)
    _compare(change)


def _compare(change: Change) -> None:
    put_down(change, look(("entrants",)))


# The page for the wall ------------------------------------------------------------------------------------------------


@action(Continuity.EDIT)
def note_print(change: Change) -> Printing:
    """Note that the page was printed and hung up."""
    return change.create(Printing, Did.PRINTED, by_id=change.actor.id)
