"""Visits, and what any row said before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from alcove.clinic.clients.queries.history import history as kept_changes
from alcove.clinic.records import actions, queries
from alcove.clinic.records.forms import VisitForm
from alcove.clinic.records.models import Document, Item, Note, Visit
from alcove.clinic.records.policy import Did, Records
from alcove.clinic.records.queries.notes import may_read
from alcove.clinic.records.queries.past import LABELS
from alcove.clinic.records.views.page import one_row, page, page_number, posted, sliced, to, whose
from alcove.security.access.errors import NotFound
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open

VISITS_A_PAGE = 25
ROWS: dict[str, type[Model]] = {"note": Note, "item": Item, "document": Document, "visit": Visit}
TABS = {"note": "notes", "item": "chart", "document": "documents", "visit": "history"}
TITLES = {"note": "note", "item": "entry", "document": "document", "visit": "visit"}
INNER = frozenset({"Pen"})
"""Columns that say nothing to a reader."""


@guard(GET=Open.RECORD, opens="client_id")
def history(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Every visit and what happened at it."""
    who, number = whose(request, client_id), page_number(request)
    shown, total = queries.visits.visits(
        who.actor, who.client, first=number * VISITS_A_PAGE, count=VISITS_A_PAGE
    )
    pages = sliced(number, len(shown), total, VISITS_A_PAGE)
    return page(request, who, "records/history.html", "history", visits=shown, pages=pages)


@guard(GET=Records.CREATE, POST=Records.CREATE, opens="client_id")
def visit_add(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Note down a visit."""
    who, form = whose(request, client_id), VisitForm(posted(request))
    if request.method == "POST" and form.is_valid():
        starts_at, row_id = form.cleaned_data["starts_at"], form.cleaned_data["row"]
        with one_row(Visit, who, row_id):
            actions.add_visit(who.actor, who.client, starts_at=starts_at, content=form.content, row_id=row_id)
        return to("history", who, "created")
    return page(
        request, who, "records/visit.html", "history", status=422 if form.is_bound else 200, form=form
    )


@guard(GET=Open.RECORD, opens="client_id", event=Did.VERSIONS_VIEWED, on="row_id")
def versions(request: HttpRequest, client_id: UUID, what: str, row_id: UUID) -> HttpResponse:
    """Everything one row said before, with who changed it and when."""
    who = whose(request, client_id)
    row = ROWS[what]._default_manager.filter(pk=row_id, client=who.client).first() if what in ROWS else None
    if row is None or (isinstance(row, Note) and not may_read(who.actor, row)):
        raise NotFound("there is no such row")
    found = [one for one in kept_changes(who.actor, client_id, row, LABELS) if one.label not in INNER]
    decided = queries.pairs.decisions(who.actor, row) if isinstance(row, Note) else []
    context: dict[str, Any] = {
        "changes": found,
        "decided": decided,
        "what": TITLES[what],
        "back": TABS[what],
        "row": row,
    }
    return page(request, who, "records/versions.html", TABS[what], **context)
