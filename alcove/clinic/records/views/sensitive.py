"""Who may read one entry: marking it sensitive, choosing its readers, lifting the mark."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse

from alcove.clinic.records import actions
from alcove.clinic.records.actions.sensitive import ALLERGIES_STAY
from alcove.clinic.records.forms import AudienceForm, sensitive_field
from alcove.clinic.records.models import Document, Item, Note
from alcove.clinic.records.queries import sensitive as queries
from alcove.clinic.records.views.page import Whose, page, posted, to, whose
from alcove.security.access.actors import Actor
from alcove.security.access.audiences import is_of, readers
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard
from alcove.security.access.marking import STALE
from alcove.security.access.models import Audience
from alcove.security.access.policy import Sensitive

NOT_MARKED = "This is not marked sensitive. Nothing was changed."


def with_mark(actor: Actor, form: forms.Form) -> forms.Form:
    """Let a form that makes an entry make it sensitive, for whoever may."""
    if actor.holds(Sensitive.MARK):
        form.fields["sensitive"] = sensitive_field()
    return form


@guard(GET=Sensitive.MARK, POST=Sensitive.MARK, opens="client_id")
def audience(request: HttpRequest, client_id: UUID, what: str, row_id: UUID) -> HttpResponse:
    """Who may read one entry; POST marks it sensitive or sets its readers."""
    who = whose(request, client_id)
    row = queries.row(who.actor, who.client, what, row_id)
    held = queries.audience(row)
    form = _form(who, row, held, posted(request))
    if request.method != "POST":
        return _page(request, who, row, form)
    if not form.is_valid():
        return _page(request, who, row, form, status=422)
    if held is not None and form.cleaned_data["version"] != held.version:
        return _page(request, who, row, _form(who, row, held), status=409, problem=STALE)
    try:
        if held is None:
            actions.mark_sensitive(who.actor, row, wanted=form.mark)
        else:
            actions.choose_readers(who.actor, held, wanted=form.mark)
    except Conflict as conflict:
        return _page(request, who, row, form, status=409, problem=str(conflict))
    return _back(who, row, "marked" if held is None else "readers")


@guard(POST=Sensitive.MARK, opens="client_id")
def audience_lift(request: HttpRequest, client_id: UUID, what: str, row_id: UUID) -> HttpResponse:
    """Let everyone who reads the record read an entry again."""
    who = whose(request, client_id)
    row = queries.row(who.actor, who.client, what, row_id)
    held = queries.audience(row)
    if held is None:
        return _page(request, who, row, _form(who, row, None), status=409, problem=NOT_MARKED)
    try:
        actions.lift_mark(who.actor, held)
    except Conflict as conflict:
        return _page(request, who, row, _form(who, row, held), status=409, problem=str(conflict))
    return _back(who, row, "lifted")


def _form(who: Whose, row: Any, held: Audience | None, data: Any = None) -> AudienceForm:
    named = readers(held.id) if held else None
    choices = queries.choices(who.actor, held.author_id if held else row.author_id, named)
    initial: dict[str, Any] = {}
    if held is not None and named is not None:
        initial = {"version": held.version, "category": held.category}
        initial |= {"people": [str(one) for one in named.people], "roles": [str(one) for one in named.roles]}
    return AudienceForm(data, choices=choices, initial=initial)


def _page(
    request: HttpRequest, who: Whose, row: Any, form: AudienceForm, *, status: int = 200, problem: str = ""
) -> HttpResponse:
    held = queries.audience(row)
    context = {
        "form": form,
        "problem": problem,
        "shown": queries.shown(who.actor, held) if held else None,
        "entry": queries.title_of(who.actor, row),
        "never": ALLERGIES_STAY if isinstance(row, Item) and row.kind == Item.Kind.ALLERGY else "",
        "what": next(word for word, kind in queries.KINDS.items() if isinstance(row, kind)),
        "row": row,
        "goes_with": len(queries.heads(who.client.id, row)) - 1,
    }
    return page(request, who, "records/audience.html", _tab(row), status=status, **context)


def _tab(row: Any) -> str:
    if isinstance(row, Item):
        return "observations" if row.kind == Item.Kind.OBSERVATION else "chart"
    return "documents" if isinstance(row, Document) else "notes"


def _back(who: Whose, row: Any, done: str) -> HttpResponse:
    """Return the way to the entry, or to its list for somebody who has just taken themselves off its readers."""
    held = Audience.everything.filter(pk=row.audience_id).first() if row.audience_id else None
    if isinstance(row, Note) and (held is None or is_of(who.actor, held)):
        return to("note", who, done, note_id=row.id)
    return to(_tab(row), who, done)
