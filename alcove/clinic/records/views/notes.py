"""Pages of notes: the list, the editor of a draft, a signed note, its amendments."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.clients.models import Alert
from alcove.clinic.records import actions, queries
from alcove.clinic.records.actions.notes import SIGNED, STALE, critical_alerts
from alcove.clinic.records.forms import AmendmentForm, DraftForm, TemplateForm, mark_of
from alcove.clinic.records.models import Note
from alcove.clinic.records.models.sections import TEMPLATES
from alcove.clinic.records.policy import Records
from alcove.clinic.records.queries.notes import line, may_read, text
from alcove.clinic.records.queries.pairs import compared, words
from alcove.clinic.records.queries.sensitive import Shown
from alcove.clinic.records.views.page import Whose, page, page_number, posted, sliced, to, whose
from alcove.clinic.records.views.sensitive import with_mark
from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard, lookup
from alcove.security.access.policy import Open

ONE_PRESS = timedelta(minutes=1)
"""The same amendment by the same person within this time is one press of the button."""
EDIT = lookup(Open.RECORD, "a signed note answers 409 to every reader; a draft is its author's, and the action asks records.create")  # fmt: skip  # noqa: E501


def _plain(sentence: str, status: int = 200) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")


@guard(GET=Open.RECORD, POST=Records.CREATE, opens="client_id")
def notes(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Notes, newest first; POST begins one."""
    who, form = whose(request, client_id), TemplateForm(posted(request))
    with_mark(who.actor, form)
    if request.method == "POST" and form.is_valid():
        made = actions.begin_note(
            who.actor, who.client, template=form.cleaned_data["template"], sensitive=mark_of(form),
            happened_at=form.cleaned_data["happened_at"],
        )  # fmt: skip
        return to("note", who, note_id=made.id)
    number = page_number(request)
    shown, total = queries.notes.notes(
        who.actor, who.client, first=number * policy.LIST_PAGE, count=policy.LIST_PAGE
    )
    context = {
        "notes": shown,
        "pages": sliced(number, len(shown), total),
        "templates": TEMPLATES.values(),
        "waiting": queries.pairs.waiting(client_id),
        "form": form,
    }
    return page(request, who, "records/notes.html", "notes", status=422 if form.is_bound else 200, **context)


@guard(GET=Open.RECORD, POST=EDIT, opens="client_id")
def note(request: HttpRequest, client_id: UUID, note_id: UUID) -> HttpResponse:
    """One note: the editor for its author, the text once signed; POST keeps the draft."""
    who = whose(request, client_id)
    found = queries.notes.note(who.actor, who.client, note_id)
    if request.method == "POST":
        return _keep(request, who, found)
    if not may_read(who.actor, found):
        return page(request, who, "records/note_foreign.html", "notes", line=line(who.actor, found))
    if found.is_signed:
        return _signed(request, who, found)
    pen = secrets.token_hex(8)
    return _editor(request, who, found, DraftForm(
        kind=found.template, body=found.body, alerts=critical_alerts(client_id),
        initial=DraftForm.initial_of(found.title, found.body, found.version, pen),
    ))  # fmt: skip


def _signed(
    request: HttpRequest, who: Whose, found: Note, problem: str = "", status: int = 200
) -> HttpResponse:
    return page(
        request, who, "records/note_signed.html", "notes", status=status, held=text(found), problem=problem,
        shown=_shown(who, found), **_beside(who, found),
    )  # fmt: skip


def _beside(who: Whose, found: Note) -> dict[str, Any]:
    """Return what a note's page says of others that tell of the same visit."""
    return {
        "has_twin": found.id in queries.pairs.waiting(who.client.id),
        "decided": queries.pairs.decisions(who.actor, found),
    }


def _shown(who: Whose, found: Note) -> Shown | None:
    held = queries.sensitive.audience(found)
    return queries.sensitive.shown(who.actor, held) if held else None


def _editor(
    request: HttpRequest,
    who: Whose,
    found: Note,
    form: DraftForm,
    *,
    status: int = 200,
    theirs: Note | None = None,
) -> HttpResponse:
    context = {
        "note": found,
        "form": form,
        "theirs": theirs and [(t, w) for t, w in theirs.texts],
        "stale": STALE,
        "shown": _shown(who, found),
        **_beside(who, found),
    }
    return page(request, who, "records/note_edit.html", "notes", status=status, **context)


def _form(request: HttpRequest, found: Note, alerts: list[Alert] | None = None) -> DraftForm:
    return DraftForm(request.POST, kind=found.template, body=found.body, alerts=alerts or [])


def _keep(request: HttpRequest, who: Whose, found: Note) -> HttpResponse:
    if found.is_signed:
        return _signed(request, who, found, problem=SIGNED, status=409)
    found = queries.notes.own_draft(who.actor, who.client, found.id)
    form = _form(request, found, critical_alerts(who.client.id))
    if not form.is_valid():
        return _editor(request, who, found, form, status=422)
    if not _says_something_new(form, found):
        return to("note", who, "saved", note_id=found.id)
    try:
        actions.keep_draft(
            who.actor, found, title=form.cleaned_data["title"], body=form.body, **_window(form)
        )
    except Conflict:
        return _conflict(request, who, found.id)
    return to("note", who, "saved", note_id=found.id)


def _says_something_new(form: DraftForm, found: Note) -> bool:
    return (found.title, found.body) != (form.cleaned_data["title"], form.body)


def _window(form: DraftForm) -> dict[str, Any]:
    return {"window": form.cleaned_data["pen"], "seen": form.cleaned_data["version"] or 0}


def _conflict(request: HttpRequest, who: Whose, note_id: UUID) -> HttpResponse:
    """Show both texts: what was typed stays in the form, what is stored stands beside it. Saving again decides."""
    now = queries.notes.note(who.actor, who.client, note_id)
    if now.is_signed:
        return _signed(request, who, now, problem=SIGNED, status=409)
    typed = request.POST.copy()
    typed["version"] = str(now.version)
    form = DraftForm(typed, kind=now.template, body=now.body, alerts=critical_alerts(who.client.id))
    form.is_valid()
    return _editor(request, who, now, form, status=409, theirs=now)


@guard(POST=EDIT, opens="client_id")
def draft(request: HttpRequest, client_id: UUID, note_id: UUID) -> HttpResponse:
    """Keep what was typed so far, every few seconds; the answer is one plain sentence."""
    who = whose(request, client_id)
    found = queries.notes.own_draft(who.actor, who.client, note_id)
    if found.is_signed:
        return _plain(SIGNED, 409)
    form = _form(request, found)
    if not form.is_valid():
        return _plain("Not kept: a text is too long.", 422)
    if _says_something_new(form, found):
        try:
            actions.keep_draft(
                who.actor, found, title=form.cleaned_data["title"], body=form.body, **_window(form)
            )
        except Conflict as conflict:
            return _plain(str(conflict), 409)
    return _plain(f"Draft kept {date_format(timezone.localtime(), 'H:i')}")


@guard(POST=Records.SIGN, opens="client_id")
def sign(request: HttpRequest, client_id: UUID, note_id: UUID) -> HttpResponse:
    """Sign a draft with the text in the form and the alerts ticked. Pressing twice signs once."""
    who = whose(request, client_id)
    found = queries.notes.own_draft(who.actor, who.client, note_id)
    if found.is_signed:
        return _signed_already(request, who, found)
    form = _form(request, found, critical_alerts(client_id))
    if form.is_valid() and not any(words.strip() for words in form.body.values()):
        form.add_error(None, "This note says nothing yet. Write something before you sign, or discard it.")
    if not form.is_valid():
        return _editor(request, who, found, form, status=422)
    try:
        actions.sign_note(
            who.actor, found, title=form.cleaned_data["title"], body=form.body, acknowledged=form.acknowledged,
            **_window(form),
        )  # fmt: skip
    except actions.AlertUnacknowledged as missing:
        for alert in missing.alerts:
            form.add_error(f"alert-{alert.id}", "Read this alert and tick it before you sign.")
        return _editor(request, who, found, form, status=422)
    except Conflict:
        now = queries.notes.note(who.actor, who.client, note_id)
        return _signed_already(request, who, now) if now.is_signed else _conflict(request, who, note_id)
    return to("note", who, "signed", note_id=found.id)


def _signed_already(request: HttpRequest, who: Whose, found: Note) -> HttpResponse:
    if found.author_id == who.actor.id and found.signed_at and timezone.now() - found.signed_at < ONE_PRESS:
        return to("note", who, "signed", note_id=found.id)
    return _signed(request, who, found, problem=SIGNED, status=409)


@guard(GET=Records.SIGN, POST=Records.SIGN, opens="client_id")
def amend(request: HttpRequest, client_id: UUID, note_id: UUID) -> HttpResponse:
    """Add a dated amendment to a signed note."""
    who = whose(request, client_id)
    found = queries.notes.note(who.actor, who.client, note_id)
    if not found.is_signed:
        raise Conflict("This note is not signed yet: its author can still write in it.")
    other = _source(request, who, found)
    form = AmendmentForm(posted(request), initial=_begin(found, other))
    if request.method == "POST" and form.is_valid():
        if not _was_just_added(who, found, form):
            _amend(who, found, other, form)
        return to("note", who, "amended", note_id=found.id)
    status = 422 if form.is_bound else 200
    return page(
        request, who, "records/note_amend.html", "notes", status=status, held=text(found), form=form,
        shown=_shown(who, found), **_beside(who, found),
    )  # fmt: skip


def _source(request: HttpRequest, who: Whose, found: Note) -> Note | None:
    """Return the note whose words this amendment begins with, None if it begins empty; raise ``NotFound``."""
    named = request.GET.get("from", "")
    if not named:
        return None
    try:
        other = queries.notes.note(who.actor, who.client, UUID(named))
    except ValueError:
        raise NotFound("there is no such note") from None
    sides = compared(who.actor, who.client, found).sides
    if not any(side.note.id == found.id and other.id in dict(side.sources) for side in sides):
        raise NotFound("there is no such note to amend this one from")
    return other


def _begin(found: Note, other: Note | None) -> dict[str, str]:
    return {"text": words(found, other), "reason": "Another note tells of the same visit"} if other else {}


def _amend(who: Whose, found: Note, other: Note | None, form: AmendmentForm) -> None:
    if other is None:
        actions.amend_note(who.actor, found, **form.cleaned_data)
    else:
        actions.amend_from(who.actor, found, other, **form.cleaned_data)


def _was_just_added(who: Whose, found: Note, form: AmendmentForm) -> bool:
    last = found.amendments.filter(author_id=who.actor.id, at__gt=timezone.now() - ONE_PRESS).last()
    typed = (form.cleaned_data["text"], form.cleaned_data["reason"])
    return last is not None and (last.text, last.reason) == typed


@guard(POST=Records.CREATE, opens="client_id")
def discard(request: HttpRequest, client_id: UUID, note_id: UUID) -> HttpResponse:
    """Throw away an own draft."""
    who = whose(request, client_id)
    found = queries.notes.own_draft(who.actor, who.client, note_id)
    if found.is_signed:
        return _signed(request, who, found, problem=SIGNED, status=409)
    actions.discard_note(who.actor, found)
    return to("notes", who, "removed")
