"""One thing put back as it was at an earlier moment: a new version of it, and nothing else is touched (BAK-07).

What is put back is rebuilt from the kept versions (``queries.past``), never taken from a form. Whoever puts back needs
the right to it and the right to write the same by hand; a row that somebody changed since it was shown is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from alcove.clinic.clients.actions import change_client
from alcove.clinic.clients.models import Client, LinkedPerson
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.policy import Did as ClientsDid
from alcove.clinic.clients.queries.past import Rebuilt, at_path
from alcove.clinic.records.models import Document, Item, Note, Visit
from alcove.clinic.records.policy import Did, Records
from alcove.clinic.records.queries.past import WHAT, is_open_to_putting_back, stands
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import Audience
from alcove.security.access.policy import Open

STALE = "Somebody changed this meanwhile. Nothing was put back: look at it again."
SO_ALREADY = "This is so already. Nothing was changed by you."
_NEEDED = {
    "card": Clients.EDIT, "person": Clients.EDIT, "alert": Clients.EDIT, "item": Records.EDIT, "note": Records.CREATE,
    "document": Records.DELETE,
}  # fmt: skip


@action(Records.RESTORE)
def put_back(
    change: Change, client: Client, was: Rebuilt, *, path: str = "", seen: int = 0, reason: str = ""
) -> None:
    """Put one field of a row back, or (``path`` "") the whole of it, as ``was.then`` says.

    ``seen``: the row's version the page showed, 0 for one that is not there. Raises ``Conflict`` for a stale page or a
    second press, ``NotFound`` for what cannot be put back so, ``Refused``.
    """
    what = WHAT[was.model]
    if what not in _NEEDED or was.then is None or not stands(was.then):
        raise NotFound("there is nothing to put back")
    if path and not is_open_to_putting_back(what, path):
        raise NotFound("this cannot be put back by itself")
    change.actor.must(Open.RECORD)
    change.actor.must(_NEEDED[what])
    if seen != was.version:
        raise Conflict(SO_ALREADY if not seen else STALE)
    if was.row is None:
        _bring_back(change, client, was, reason)
    else:
        _DEEDS[what](change, was, path, reason)


def _card(change: Change, was: Rebuilt, path: str, reason: str) -> None:
    client: Any = was.row
    column = path.partition(".")[0]
    if not path:
        raise NotFound("a card is put back field by field")
    values: dict[str, Any] = {column: _with(getattr(client, column), was, path)}
    change_client(change, client, event=ClientsDid.PUT_BACK, reason=reason, **values)


def _with(held: dict[str, Any], was: Rebuilt, path: str) -> dict[str, Any]:
    """Return a JSON column with one part, or all of it, as it was."""
    column, _, key = path.partition(".")
    if not key:
        return dict((was.then or {}).get(column) or {})
    then = at_path(was.then, path)
    rest = {name: value for name, value in held.items() if name != key}
    return rest if then is None else {**held, key: then}


def _person(change: Change, was: Rebuilt, path: str, reason: str) -> None:
    person: Any = was.row
    after = _with(person.details, was, path or "details")
    _must_differ(change.update(person, ClientsDid.PUT_BACK, reason=reason, details=after))


def _alert(change: Change, was: Rebuilt, path: str, reason: str) -> None:
    alert: Any = was.row
    if path != "ends_on":
        raise NotFound("this cannot be put back by itself")
    then = (was.then or {}).get("ends_on")
    ends_on = datetime.fromisoformat(then).date() if then else None
    _must_differ(change.update(alert, ClientsDid.PUT_BACK, reason=reason, ends_on=ends_on))


def _item(change: Change, was: Rebuilt, path: str, reason: str) -> None:
    item: Any = was.row
    values: dict[str, Any] = {}
    if item.struck_at is not None:
        if path:
            raise Conflict("This entry was struck. Put the whole of it back first.")
        change.actor.must(Records.DELETE)
        values |= {"struck_at": None} | ({} if item.is_verified else {"checked_at": None, "checked_by": None})
    values["content"] = _with(item.content, was, path or "content")
    if item.is_waiting:
        change.actor.must(Records.VERIFY)
    _must_differ(change.update(item, Did.ITEM_PUT_BACK, reason=reason, **values))


def _document(change: Change, was: Rebuilt, path: str, reason: str) -> None:
    document: Any = was.row
    if path:
        raise NotFound("a document is put back as a whole")
    _must_differ(change.update(document, Did.DOCUMENT_PUT_BACK, reason=reason, struck_at=None))


def _note(change: Change, was: Rebuilt, path: str, reason: str) -> None:
    note: Any = was.row
    _must_be_own(change, note)
    if not path:
        raise NotFound("a note that is there is put back part by part")
    column = path.partition(".")[0]
    value = at_path(was.then, path) if column == "title" else _with(note.body, was, path)
    values: dict[str, Any] = {column: value or ""}
    _must_differ(change.update(note, Did.NOTE_PUT_BACK, reason=reason, **values))


def _must_be_own(change: Change, note: Note) -> None:
    if note.is_signed:
        raise Conflict("This note is signed. It cannot be changed; write an amendment instead.")
    if note.author_id != change.actor.id:
        raise Refused(Records.SIGN.key, "Only its author may write, sign or discard an unsigned note.")


def _must_differ(changed: list[str]) -> None:
    if not changed:
        raise Conflict(SO_ALREADY)


_DEEDS = {
    "card": _card,
    "person": _person,
    "alert": _alert,
    "item": _item,
    "document": _document,
    "note": _note,
}


# What was removed -----------------------------------------------------------------------------------------------------


def _bring_back(change: Change, client: Client, was: Rebuilt, reason: str) -> None:
    """Insert a removed row again, under its own id."""
    then = was.then or {}
    if was.model is LinkedPerson:
        made = _moment(then.get("created_at")) or change.now
        row = LinkedPerson(id=was.id, client=client, details=then["details"], created_at=made)
        change.bring_back(row, ClientsDid.PUT_BACK, fields=("details",), reason=reason)
    elif was.model is Note:
        if was.by_id != change.actor.id:
            raise Refused(Records.SIGN.key, "Only its author may write, sign or discard an unsigned note.")
        _hold_entry(was.audience_id)
        note = Note(
            id=was.id, client=client, audience_id=was.audience_id, author_id=change.actor.id,
            visit_id=_standing_visit(client, then.get("visit_id")), template=then["template"], title=then["title"],
            body=then["body"], author_name=then["author_name"],
            written_at=_moment(then.get("written_at")) or change.now,
            happened_at=_moment(then.get("happened_at")),
        )  # fmt: skip
        change.bring_back(note, Did.NOTE_PUT_BACK, fields=("title", "body"), reason=reason)
    else:
        raise NotFound("this cannot be put back")


def _hold_entry(audience_id: UUID | None) -> None:
    """Keep a sensitive entry until this ends; raise ``Conflict`` if its mark is lifted, and its key with it."""
    if audience_id is None:
        return
    if Audience.objects.select_for_update(no_key=True).filter(pk=audience_id).first() is None:
        raise Conflict(STALE)


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _standing_visit(client: Client, visit_id: str | None) -> UUID | None:
    """Return the visit's id if it is still there."""
    found = Visit.objects.filter(pk=visit_id, client=client) if visit_id else Visit.objects.none()
    return found.values_list("pk", flat=True).first()


# Straight after a strike ----------------------------------------------------------------------------------------------


@action(Records.DELETE)
def undo_strike(change: Change, row: Item | Document, *, seen: int | None = None, reason: str = "") -> None:
    """Put a struck entry or document back where it was; raise ``Conflict`` if it stands, or was changed since."""
    if row.struck_at is None:
        raise Conflict("This was put back already. Nothing was changed by you.")
    if seen is not None and seen != row.version:
        raise Conflict(STALE)
    change.actor.must(Records.RESTORE)
    values: dict[str, Any] = {"struck_at": None}
    if isinstance(row, Item) and not row.is_verified:
        # A rejected entry waits for its check again.
        values |= {"checked_at": None, "checked_by": None}
    event = Did.ITEM_PUT_BACK if isinstance(row, Item) else Did.DOCUMENT_PUT_BACK
    change.update(row, event, reason=reason, **values)
