"""The client as of a past moment, and one thing put back as it was then."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from alcove.clinic.records import actions, queries
from alcove.clinic.records.actions.past import SO_ALREADY
from alcove.clinic.records.forms.items import StrikeForm
from alcove.clinic.records.forms.past import MomentForm, PutBackForm
from alcove.clinic.records.models import Item
from alcove.clinic.records.policy import Did, Records
from alcove.clinic.records.queries.past import Fact, Thing
from alcove.clinic.records.views.page import Whose, page, to, whose
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open


@guard(GET=Open.RECORD, opens="client_id", event=Did.PAST_VIEWED)
def past(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The client at a day and time, with what differs now; before one is chosen, the deeds to go back before."""
    who = whose(request, client_id)
    exact = _moment(request.GET.get("at", ""))
    asked = "day" in request.GET
    form = MomentForm(request.GET if asked else None, initial=_initial(exact))
    at = form.moment if asked and form.is_valid() else None if asked else exact
    found = queries.past.past(who.actor, who.client, at) if at else None
    deeds = [] if found else queries.past.deeds(who.actor, who.client)
    return page(
        request, who, "records/past.html", "past", status=422 if asked and at is None else 200, form=form,
        past=found, at=_text(at) if at else "", deeds=deeds,
    )  # fmt: skip


@guard(GET=Records.RESTORE, POST=Records.RESTORE, opens="client_id")
def put_back(request: HttpRequest, client_id: UUID, what: str, row_id: UUID) -> HttpResponse:
    """Show one thing then and now, ask why, and put it back as it was."""
    who, path = whose(request, client_id), request.GET.get("field", "")
    at = _moment(request.GET.get("at", "")) or timezone.now()
    was, thing = queries.past.one_row(who.actor, who.client, what, row_id, at)
    fact = next((one for one in thing.facts if one.path == path), None)
    if not _is_offered(thing, fact, path):
        return _put_back_page(request, who, at, thing, fact, PutBackForm(), problem=SO_ALREADY)
    if request.method != "POST":
        form = PutBackForm(initial={"version": was.version})
        return _put_back_page(request, who, at, thing, fact, form)
    form = PutBackForm(request.POST)
    if not form.is_valid():
        return _put_back_page(request, who, at, thing, fact, form, status=422)
    seen, reason = form.cleaned_data["version"], form.cleaned_data["reason"]
    try:
        actions.put_back(who.actor, who.client, was, path=path, seen=seen, reason=reason)
    except Conflict as conflict:
        now = PutBackForm(initial={"version": was.version, "reason": reason})
        return _put_back_page(request, who, at, thing, fact, now, problem=str(conflict), is_open=True)
    there = to("past", who).url
    return HttpResponseRedirect(f"{there}?{urlencode({'at': _text(at), 'done': 'put_back'})}")


def _is_offered(thing: Thing, fact: Fact | None, path: str) -> bool:
    if not path:
        return thing.may_put_back
    return fact is not None and fact.is_changed and fact.may_put_back


def _put_back_page(
    request: HttpRequest, who: Whose, at: datetime, thing: Thing, fact: Fact | None, form: PutBackForm,
    *, status: int = 0, problem: str = "", is_open: bool = False,
) -> HttpResponse:  # fmt: skip
    facts = [fact] if fact else thing.differences or thing.facts
    status = status or (409 if problem and request.method == "POST" else 200)
    return page(
        request, who, "records/put_back.html", "past", status=status, form=form, thing=thing, facts=facts,
        moment=at, at=_text(at), problem=problem, is_open=is_open or not problem, is_whole=fact is None,
    )  # fmt: skip


@guard(POST=Records.DELETE, opens="client_id")
def item_put_back(request: HttpRequest, client_id: UUID, item_id: UUID) -> HttpResponse:
    """Undo the strike of an entry."""
    who, form = whose(request, client_id), StrikeForm(request.POST)
    found = queries.chart.item(who.actor, who.client, item_id)
    tab = "observations" if found.kind == Item.Kind.OBSERVATION else "chart"
    seen = form.cleaned_data["version"] if form.is_valid() else None
    try:
        actions.undo_strike(who.actor, found, seen=seen)
    except Conflict as conflict:
        context = {"chart": queries.chart.chart(who.actor, who.client), "problem": str(conflict)}
        return page(request, who, "records/chart.html", "chart", status=409, **context)
    return to(tab, who, "put_back")


def _initial(at: datetime | None) -> dict[str, object]:
    here = timezone.localtime(at) if at else None
    return {"day": here.date(), "time": here.time().replace(microsecond=0)} if here else {}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _moment(text: str) -> datetime | None:
    """Return the moment an address names, None for none or one to come; raise ``NotFound`` for what is no moment."""
    try:
        found = parse_datetime(text) if text else None
    except ValueError:
        raise NotFound("there is no such moment") from None
    if found is None:
        return None
    return found if timezone.is_aware(found) and found <= timezone.now() else None
