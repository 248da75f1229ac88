"""Notes: begun, kept every few seconds, signed by their author, then amended and never changed again."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from alcove.clinic.clients.models import Alert, Client
from alcove.clinic.records.actions.sensitive import begun
from alcove.clinic.records.models import Amendment, Note, Visit
from alcove.clinic.records.models.sections import TEMPLATES
from alcove.clinic.records.models.signatures import amendment_code, note_code
from alcove.clinic.records.policy import Did, Records
from alcove.security import policy_defaults as policy
from alcove.security.access.audiences import Mark
from alcove.security.access.change import Change, action, hold_audience
from alcove.security.access.errors import Conflict, Refused
from alcove.security.vault.ids import uuid7

DRAFT_RUN = timedelta(minutes=10)
"""Savings of a draft within this time are one version: every few seconds would bury what matters (AUD-08)."""

SIGNED = "This note is signed. It cannot be changed; write an amendment instead."
STALE = (
    "This note was changed in another window meanwhile. Nothing was overwritten: compare, then save again."
)


class AlertUnacknowledged(Conflict):
    """A critical alert is in force that the author has not acknowledged (CLN-03). ``alerts``: those missing."""

    def __init__(self, alerts: list[Alert]) -> None:
        super().__init__("A critical alert is in force. Read it and tick it before you sign.")
        self.alerts = alerts


def _must_be_own_draft(change: Change, note: Note) -> None:
    if note.is_signed:
        raise Conflict(SIGNED)
    if note.author_id != change.actor.id:
        raise Refused(Records.SIGN.key, "Only its author may write, sign or discard an unsigned note.")


def _must_be_fresh(note: Note, window: str, seen: int | None) -> None:
    # A window may follow its own savings without learning their numbers; any other must have read the newest.
    if seen is not None and seen != note.version and not (window and window == note.pen):
        raise Conflict(STALE)


@action(Records.CREATE)
def begin_note(
    change: Change,
    client: Client,
    *,
    template: str,
    visit: Visit | None = None,
    title: str = "",
    sensitive: Mark | None = None,
    happened_at: datetime | None = None,
) -> Note:
    """Begin a draft; the author is the actor. ``template``: a key of ``TEMPLATES``.

    ``sensitive``: how it is marked from its first word on. ``happened_at``: makes it a late entry, of something that
    took place then; it stays so. Raises ``ValueError`` for a moment that is still to come.
    """
    if template not in TEMPLATES:
        raise ValueError("there is no such template")
    if happened_at is not None and happened_at > change.now:
        raise ValueError("a late entry tells of what is past")
    note_id, author_id = uuid7(), change.actor.id
    audience_id = begun(change, Note(id=note_id, client_id=client.id, author_id=author_id), sensitive)
    return change.create(
        Note, Did.NOTE_ADDED, id=note_id, client=client, visit=visit, template=template, title=title, body={},
        author_id=author_id, author_name=change.actor.name, audience_id=audience_id,
        **({"happened_at": happened_at} if happened_at else {}),
    )  # fmt: skip


@action(Records.CREATE)
def keep_draft(
    change: Change,
    note: Note,
    *,
    title: str,
    body: Mapping[str, str],
    window: str = "",
    seen: int | None = None,
) -> None:
    """Keep what its author typed so far. ``window``: see ``Note.pen``; ``seen``: the version that window read.

    Raises ``Conflict`` if the note is signed, if another window wrote meanwhile, or if nothing is new.
    """
    _must_be_own_draft(change, note)
    _must_be_fresh(note, window, seen)
    held = {name: text for name, text in body.items() if text}
    if (note.title, note.body) == (title, held):
        raise Conflict("Nothing was changed: the draft says this already.")
    change.update(note, Did.NOTE_DRAFTED, coalesce=DRAFT_RUN, title=title, body=held, pen=window)


def critical_alerts(client_id: UUID) -> list[Alert]:
    """Return the critical alerts in force; what signing asks to be acknowledged."""
    alerts = Alert.objects.filter(client_id=client_id).order_by("created_at")
    return [
        one for one in alerts if one.is_current and one.content and one.content.get("severity") == "critical"
    ]


def _acknowledged(note: Note, ticked: Collection[UUID]) -> list[dict[str, str]]:
    alerts = critical_alerts(note.client_id)
    missing = [alert for alert in alerts if alert.id not in ticked]
    if missing:
        raise AlertUnacknowledged(missing)
    # The words as they were read, because an alert may end or change later.
    return [
        {"id": str(alert.id), "kind": alert.content.get("kind", ""), "text": alert.content.get("text", "")}
        for alert in alerts
    ]


@action(Records.SIGN)
def sign_note(
    change: Change,
    note: Note,
    *,
    acknowledged: Collection[UUID] = (),
    title: str | None = None,
    body: Mapping[str, str] | None = None,
    window: str = "",
    seen: int | None = None,
) -> None:
    """Sign a draft as its author, with the text last typed if given; locked from now on (REC-05).

    ``acknowledged``: ids of the alerts ticked. Raises ``AlertUnacknowledged``, or ``Conflict`` if it is signed
    already, says nothing, or was changed in another window.
    """
    _must_be_own_draft(change, note)
    _must_be_fresh(note, window, seen)
    values: dict[str, Any] = {
        "title": note.title if title is None else title,
        "body": note.body if body is None else {name: text for name, text in body.items() if text},
        "acknowledged": _acknowledged(note, acknowledged) or None,
        "state": Note.State.SIGNED,
        "signed_at": change.now,
        "author_name": change.actor.name,
        "pen": "",
    }
    signed = copy.copy(note)
    for name, value in values.items():
        setattr(signed, name, value)
    if signed.says_nothing:
        raise Conflict("This note says nothing yet. Write something, or discard it.")
    change.update(note, Did.NOTE_SIGNED, signature=note_code(signed), **values)


@action(Records.SIGN)
def amend_note(change: Change, note: Note, *, text: str, reason: str) -> Amendment:
    """Add a dated amendment to a signed note; the original stays as it is. Raises ``Conflict``, ``ValueError``."""
    if not note.is_signed:
        raise Conflict("This note is not signed yet: its author can still write in it.")
    if len(reason.strip()) < policy.REASON_MIN_LENGTH or not text.strip():
        raise ValueError("an amendment needs a text and a reason")
    hold_audience(note)
    values = {
        "id": uuid7(),
        "client_id": note.client_id,
        "audience_id": note.audience_id,
        "note": note,
        "text": text,
        "reason": reason,
        "author_id": change.actor.id,
        "author_name": change.actor.name,
        "at": change.now,
    }
    code = amendment_code(Amendment(**values), note)
    return change.create(Amendment, Did.NOTE_AMENDED, **values, signature=code)


@action(Records.CREATE)
def discard_note(change: Change, note: Note) -> None:
    """Throw away an own draft; what it said stays among the client's versions. Raises ``Conflict`` once signed."""
    _must_be_own_draft(change, note)
    kept = ("title", "body", "template", "author_name", "written_at", "visit_id", "happened_at")
    change.delete(note, Did.NOTE_DISCARDED, fields=kept)
