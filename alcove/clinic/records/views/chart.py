"""Pages of the chart: its lists, the form of an entry, and values over time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from alcove.clinic.records import actions, queries
from alcove.clinic.records.actions.items import STALE, STRUCK
from alcove.clinic.records.forms import StrikeForm, item_form, mark_of
from alcove.clinic.records.forms.items import ItemForm, initial_of
from alcove.clinic.records.models import Item
from alcove.clinic.records.models.content import KINDS
from alcove.clinic.records.policy import Records
from alcove.clinic.records.queries.chart import ONE, lines
from alcove.clinic.records.queries.entries import row_of
from alcove.clinic.records.views.page import Whose, one_row, page, posted, to, whose
from alcove.clinic.records.views.sensitive import with_mark
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open


def _chart(request: HttpRequest, who: Whose, problem: str = "") -> HttpResponse:
    context = {
        "chart": queries.chart.chart(who.actor, who.client), "problem": problem, "kinds": ONE.items(),
        "just_struck": just_struck(request, who),
    }  # fmt: skip
    return page(request, who, "records/chart.html", "chart", status=409 if problem else 200, **context)


@guard(GET=Open.RECORD, opens="client_id")
def chart(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The chart's lists."""
    return _chart(request, whose(request, client_id))


@guard(GET=Open.RECORD, opens="client_id")
def observations(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Values over time."""
    who = whose(request, client_id)
    return page(
        request,
        who,
        "records/observations.html",
        "observations",
        groups=queries.observations.observations(who.actor, who.client),
        just_struck=just_struck(request, who),
    )


def just_struck(request: HttpRequest, who: Whose) -> Item | None:
    """Return the entry that was struck a moment ago, as the address says, while it can still be put back from here."""
    if not who.actor.holds(Records.DELETE) or not who.actor.holds(Records.RESTORE):
        return None
    try:
        row_id = UUID(request.GET.get("struck", ""))
    except ValueError:
        return None
    return Item.objects.filter(pk=row_id, client=who.client, struck_at__isnull=False).first()


def _tab(kind: str) -> str:
    return "observations" if kind == Item.Kind.OBSERVATION else "chart"


def _form_page(
    request: HttpRequest, who: Whose, kind: str, form: ItemForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    context |= {"form": form, "kind": kind, "one": ONE[Item.Kind(kind)], "list_tab": _tab(kind)}
    return page(request, who, "records/item.html", _tab(kind), status=status, **context)


@guard(GET=Records.CREATE, POST=Records.CREATE, opens="client_id")
def item_add(request: HttpRequest, client_id: UUID, kind: str) -> HttpResponse:
    """Add an entry to one of the lists."""
    who = whose(request, client_id)
    if kind not in KINDS:
        raise NotFound("there is no such list")
    form = item_form(kind, posted(request))
    if kind != Item.Kind.ALLERGY:
        with_mark(who.actor, form)
    if request.method == "POST" and form.is_valid():
        entry, row_id, wanted = form.entry_over(KINDS[kind]()), form.cleaned_data["row"], mark_of(form)
        made = None
        with one_row(Item, who, row_id):
            made = actions.add_item(
                who.actor, who.client, kind=kind, entry=entry, row_id=row_id, sensitive=wanted
            )
        if wanted and made is not None:
            return to("audience", who, "marked", what="item", row_id=made.id)
        return to(_tab(kind), who, "created")
    return _form_page(request, who, kind, form, status=422 if form.is_bound else 200)


@guard(GET=Records.EDIT, POST=Records.EDIT, opens="client_id")
def item(request: HttpRequest, client_id: UUID, item_id: UUID) -> HttpResponse:
    """Change an entry; of an unverified one this is the clinician's correction."""
    who = whose(request, client_id)
    found = queries.chart.item(who.actor, who.client, item_id)
    entry = found.entry
    if request.method != "POST":
        form = item_form(found.kind, entry=entry, initial=initial_of(entry, found.version))
        return _form_page(request, who, found.kind, form, line=lines([row_of(found)])[0])
    form = item_form(found.kind, request.POST, entry=entry)
    if not form.is_valid():
        return _form_page(request, who, found.kind, form, status=422, line=lines([row_of(found)])[0])
    typed = form.entry_over(entry)
    if typed == entry and found.is_verified and found.struck_at is None:
        return to(_tab(found.kind), who, "saved")
    try:
        if typed == entry:
            actions.accept_item(who.actor, found, seen=form.cleaned_data["version"] or 0)
        else:
            actions.change_item(who.actor, found, entry=typed, seen=form.cleaned_data["version"] or 0)
    except Conflict:
        return _conflict(request, who, item_id)
    return to(_tab(found.kind), who, "saved")


def _conflict(request: HttpRequest, who: Whose, item_id: UUID) -> HttpResponse:
    """Show both: what was typed stays in the form, what the chart says now stands above it."""
    now = queries.chart.item(who.actor, who.client, item_id)
    typed = request.POST.copy()
    typed["version"] = str(now.version)
    form = item_form(now.kind, typed, entry=now.entry)
    form.is_valid()
    sentence = STALE if now.struck_at is None else STRUCK
    shown = lines([row_of(now)])
    return _form_page(
        request, who, now.kind, form, status=409, line=shown[0], theirs=sentence, theirs_now=shown
    )


@guard(POST=Records.DELETE, opens="client_id")
def item_strike(request: HttpRequest, client_id: UUID, item_id: UUID) -> HttpResponse:
    """Strike an entry from the chart."""
    who = whose(request, client_id)
    found, form = queries.chart.item(who.actor, who.client, item_id), StrikeForm(request.POST)
    if not form.is_valid():
        return _chart(request, who, "Nothing was struck: the reason is too long.")
    try:
        actions.strike_item(
            who.actor, found, reason=form.cleaned_data["reason"], seen=form.cleaned_data["version"]
        )
    except Conflict as conflict:
        return _chart(request, who, str(conflict))
    return HttpResponseRedirect(f"{to(_tab(found.kind), who).url}?struck={found.id}")


@guard(POST=Records.VERIFY, opens="client_id")
def item_check(request: HttpRequest, client_id: UUID, item_id: UUID) -> HttpResponse:
    """Accept or reject what a patient or an import entered."""
    who = whose(request, client_id)
    found, form = queries.chart.item(who.actor, who.client, item_id), StrikeForm(request.POST)
    seen = form.cleaned_data["version"] if form.is_valid() else None
    try:
        if request.POST.get("verdict") == "reject":
            actions.reject_item(who.actor, found, seen=seen)
        else:
            actions.accept_item(who.actor, found, seen=seen)
    except Conflict as conflict:
        return _chart(request, who, str(conflict))
    return to(_tab(found.kind), who, "saved")
