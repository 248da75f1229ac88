"""Promise 36, its other half: an entry marked sensitive does not exist for anyone outside its audience."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from alcove.api.queries.bundle import bundle
from alcove.api.queries.held import as_json, held
from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Client
from alcove.clinic.records import actions
from alcove.clinic.records.models import Item, Note
from alcove.clinic.records.models.content import KINDS, Observation
from alcove.clinic.records.queries import pairs, summary
from alcove.clinic.records.views import typesetting
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken
from alcove.project.prove.passing import bare
from alcove.security.access import audiences
from alcove.security.access.actors import Actor
from alcove.security.access.audiences import Category, Mark
from alcove.security.access.opening import open_client
from alcove.security.access.policy import RoleKey
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import EntryKey

OUTSIDERS = (RoleKey.OWNER, RoleKey.PRESCRIBER, RoleKey.FRONT_DESK)
WORD = "Vasectomy"
GONE = (403, 404)
_FILE = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
_PAGES = (
    "clients:card", "clients:about", "clients:access", "clients:versions", "records:notes", "records:chart",
    "records:observations", "records:history", "records:documents", "records:told", "records:print", "records:pdf",
)  # fmt: skip


def sensitive_entries_do_not_exist(practice: Practice) -> str:
    """Ask the same questions of a record before it holds sensitive entries and after: answers are equal."""
    nurse = practice.actor(RoleKey.PRACTITIONER)
    client = practice.client("Kept", "Between")
    try:
        with _opened(nurse, client):
            seen = _write(nurse, client, "Rosacea", None)[0][1]
        browsers = {role: practice.signed_in(role) for role in OUTSIDERS}
        for browser in browsers.values():
            _answers(
                browser, client.id, nurse.id, seen
            )  # the first page tells of clients whom one opened before
        before = {role: _answers(browser, client.id, nurse.id, seen) for role, browser in browsers.items()}
        exported = _exported(client)
        with _opened(nurse, client):
            hidden = _write(nurse, client, WORD, Mark(Category.REPRODUCTIVE))
        asked = _compare(browsers, client.id, nurse.id, seen, before)
        if _exported(client) != exported:
            raise Broken("the export of a client tells of an entry that is marked sensitive")
        asked += 1 + _knock(browsers, client.id, hidden)
        inside = practice.signed_in(RoleKey.PRACTITIONER).get(reverse("records:notes", args=[client.id]))
        if WORD.encode() not in inside.content:
            raise Broken("the audience does not see its own entry: the questions are blind")
        if (
            b"Another note tells"
            not in practice.signed_in(RoleKey.PRACTITIONER).get(_at(client.id, seen)).content
        ):
            raise Broken(
                "the audience is not told of two notes of one visit: the question after them is blind"
            )
    finally:
        _put_away(practice, client)
    return f"{asked} answers about entries marked sensitive equal those of the same record without them"


@contextmanager
def _opened(actor: Actor, client: Client) -> Iterator[None]:
    with keyring():
        open_client(actor, client.id, record=False)
        yield


def _write(nurse: Actor, client: Client, name: str, mark: Mark | None) -> list[tuple[str, UUID]]:
    """Write a note, three entries and a document; with ``mark`` sensitive, some from the start and some later.

    The marked note is a late entry of the hour in which the other was written: two notes of one visit.
    """
    late = None if mark is None else timezone.now() - timedelta(minutes=1)
    note = actions.begin_note(nurse, client, template="free", title=name, sensitive=mark, happened_at=late)
    actions.keep_draft(nurse, note, title=name, body={"text": f"{name} was talked about"})
    actions.sign_note(nurse, note)
    actions.amend_note(nurse, note, text=f"{name} again", reason="Asked once more")
    found = [("note", note.pk)]
    for kind in ("condition", "medication"):
        item = actions.add_item(nurse, client, kind=kind, entry=KINDS[kind](name=name), sensitive=mark)
        found.append(("item", item.pk))
    value = Observation(name=name, value="7")
    later = actions.add_item(nurse, client, kind="observation", entry=value, source="import")
    draft = actions.begin_note(nurse, client, template="free", title=name)
    document = actions.add_document(nurse, client, data=_FILE, name=f"{name}.pdf", title=name, sensitive=mark)
    if mark is not None:
        actions.mark_sensitive(nurse, Item.objects.get(pk=later.pk), wanted=mark)
        actions.mark_sensitive(nurse, Note.objects.get(pk=draft.pk), wanted=mark)
    return [*found, ("item", later.pk), ("note", draft.pk), ("document", document.pk)]


def _at(client_id: UUID, note_id: UUID, route: str = "records:note") -> str:
    return reverse(route, kwargs={"client_id": client_id, "note_id": note_id})


def _answers(
    browser: Any, client_id: UUID, nurse_id: UUID | None, seen: UUID
) -> dict[str, tuple[int, bytes]]:
    """Return status and page of everything that shows, counts or tells of a record to whoever may see it.

    ``seen``: a note that everybody reads who reads the record.
    """
    places = {route: reverse(route, args=[client_id]) for route in _PAGES}
    places |= {"the first page": "/", "the list": "/clients/", "one's own day": reverse("dashboard:my_day")}
    places |= {
        f"{one} of another note": _at(client_id, seen, one) for one in ("records:note", "records:beside")
    }
    places["what the author did"] = f"{reverse('clients:access_log', args=[client_id])}?person={nurse_id}"
    # What is typeset is compared, not the file: that carries the moment it was made.
    with mock.patch.object(typesetting, "pdf", lambda data: json.dumps(data).encode()):
        return {name: _said(browser.get(url)) for name, url in places.items()}


def _said(answer: Any) -> tuple[int, bytes]:
    return answer.status_code, bare(answer)


def _compare(
    browsers: dict[RoleKey, Any],
    client_id: UUID,
    nurse_id: UUID | None,
    seen: UUID,
    before: dict[RoleKey, dict[str, Any]],
) -> int:
    asked = 0
    for role, browser in browsers.items():
        for question, answer in _answers(browser, client_id, nurse_id, seen).items():
            asked += 1
            if answer != before[role][question]:
                raise Broken(f"{question} tells {role} of an entry that is marked sensitive")
    return asked


def _knock(browsers: dict[RoleKey, Any], client_id: UUID, hidden: list[tuple[str, UUID]]) -> int:
    """Ask at the entries' own addresses: the answer is that for a row that never was."""
    asked, at = 0, {"client_id": client_id}
    for role, browser in browsers.items():
        for what, row_id in hidden:
            for one in ("versions", "audience", what):
                answers = []
                for asked_for in (row_id, uuid7()):
                    more = {f"{what}_id": asked_for} if one == what else {"what": what, "row_id": asked_for}
                    answers.append(_said(browser.get(reverse(f"records:{one}", kwargs=at | more))))
                asked += 1
                if answers[0] != answers[1] or answers[0][0] not in GONE:
                    raise Broken(
                        f"the address of a sensitive entry answers {role} otherwise than that of no entry"
                    )
    return asked


def _exported(client: Client) -> str:
    """Return what the console's export says, without the log, in which the asking stands."""
    operator = Actor.operator("prove")
    with keyring():
        open_client(operator, client.id, record=False)
        found = held(operator, client.id)
        said, resources = as_json(found), bundle(found)["entry"]
    del said["access_log"]
    return json.dumps([said, resources], default=str)


def _put_away(practice: Practice, client: Client) -> None:
    owner = practice.actor(RoleKey.OWNER)
    with _opened(owner, client):
        clients.hide_client(owner, Client.objects.get(pk=client.id))


@contextmanager
def forgetful_count(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a count on the card that forgets to leave sensitive entries out."""
    with mock.patch.object(summary, "sight", return_value=""):
        yield


@contextmanager
def pairs_of_all(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: a search for notes of one visit that looks at notes out of sight as well."""
    with mock.patch.object(pairs, "_notes", Note.everything.all):
        yield


@contextmanager
def key_for_everyone(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: whoever opens the record is of every audience."""

    def everyone(actor: Actor, client_id: UUID) -> set[UUID]:  # noqa: ARG001 - as audiences._of
        return set(EntryKey.objects.filter(client_id=client_id).values_list("id", flat=True))

    with mock.patch.object(audiences, "_of", everyone):
        yield
