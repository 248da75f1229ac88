"""What a client said on a tablet: staff compare, accept or decline (IDN-14)."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import finding
from alcove.clinic.records import queries
from alcove.clinic.records.actions import told as actions
from alcove.clinic.records.forms.told import DecideForm
from alcove.clinic.records.models import PatientEntry
from alcove.clinic.records.models.told import CONTACT
from alcove.clinic.records.policy import Records
from alcove.clinic.records.queries import told as told_queries
from alcove.clinic.records.views.page import Whose, page, to
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open


def _who(request: HttpRequest, client_id: UUID) -> Whose:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by identity's middleware
    return Whose(actor, finding.client(actor, client_id))


def _list(request: HttpRequest, who: Whose, *, problem: str = "", status: int = 200) -> HttpResponse:
    lines = told_queries.waiting(who.actor, who.client)
    context = {
        "lines": lines, "problem": problem, "may_contact": who.actor.holds(Clients.EDIT),
        "may_history": who.actor.holds(Records.VERIFY),
    }  # fmt: skip
    return page(request, who, "records/told.html", "told", status=status, **context)


@guard(GET=Open.DIRECTORY, opens="client_id")
def told(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """What waits: before and after, side by side."""
    return _list(request, _who(request, client_id))


@guard(POST=Clients.EDIT, opens="client_id")
def told_decide(request: HttpRequest, client_id: UUID, told_id: UUID) -> HttpResponse:
    """Accept or decline one correction; what is of the chart needs the right to check entries."""
    who = _who(request, client_id)
    found = told_queries.told(who.actor, who.client, told_id)
    form = DecideForm(request.POST)
    if not form.is_valid():
        sentence = str(next(iter(form.errors.values()))[0])
        return _list(request, who, problem=sentence, status=422)
    try:
        _decide(
            who, found, accept=form.cleaned_data["verdict"] == "accept", reason=form.cleaned_data["reason"]
        )
    except Conflict as conflict:
        return _list(request, _who(request, client_id), problem=str(conflict), status=409)
    return to("told", who, "saved")


def _decide(who: Whose, found: PatientEntry, *, accept: bool, reason: str) -> None:
    if found.kind == CONTACT:
        if accept:
            actions.accept_contact(who.actor, found, who.client)
        else:
            actions.decline_contact(who.actor, found, reason=reason)
        return
    if not accept:
        actions.decline_history(who.actor, found, reason=reason)
        return
    item_id = actions.item_id_of(found)
    item = queries.chart.item(who.actor, who.client, item_id) if item_id else None
    actions.accept_history(who.actor, found, who.client, item)
