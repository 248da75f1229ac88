"""Who sees a client: the care team, whom it lets in, and who can see the client now."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.forms.glass import LimitForm, MemberForm
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding, teams
from alcove.security.access import need
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open


@guard(GET=Open.DIRECTORY, opens="client_id")
def access(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The care team and who can see this client now; ``?person=`` explains one of the staff."""
    return _page(request, finding.client(request.actor, client_id), asked=_asked(request))  # type: ignore[attr-defined]  # middleware


@guard(POST=Clients.TEAM, opens="client_id")
def limit(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Limit the client to the care team, or open them to everyone again."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client, form = finding.client(actor, client_id), LimitForm(request.POST)
    if not form.is_valid():
        return _page(request, client, status=422, problem="Choose who finds this client.")
    is_limited = form.cleaned_data["limited"] == "team"
    deed, done = (actions.limit_client, "limited") if is_limited else (actions.unlimit_client, "unlimited")
    try:
        deed(actor, client)
    except actions.Unchanged as wrong:
        return _page(request, client, status=409, problem=str(wrong))
    return _back(client_id, done)


@guard(POST=Clients.TEAM, opens="client_id")
def team_add(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Put somebody else on the care team."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    form = MemberForm(request.POST, people=teams.addable(actor, client_id))
    if not form.is_valid():
        return _page(request, client, status=422, form=form)
    try:
        actions.add_to_team(actor, client, form.cleaned_data["person"].id)
    except actions.Unchanged as wrong:
        return _page(request, client, status=409, problem=str(wrong))
    return _back(client_id, "team")


@guard(POST=Clients.TEAM, opens="client_id")
def team_remove(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Take somebody off the care team; the last one of a limited client stays."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    field = forms.UUIDField()
    try:
        person_id = field.clean(request.POST.get("person", ""))
    except forms.ValidationError:
        return _page(request, client, status=422, problem="Choose whom to take off the care team.")
    try:
        actions.remove_from_team(actor, client, person_id)
    except Conflict as wrong:
        return _page(request, client, status=409, problem=str(wrong))
    if client_id in need.hidden_from(actor):
        return HttpResponseRedirect(reverse("clients:list") + "?done=team")
    return _back(client_id, "team")


def _asked(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET["person"]) if request.GET.get("person") else None
    except ValueError:
        raise NotFound("there is no such person") from None


def _page(
    request: HttpRequest,
    client: Client,
    *,
    status: int = 200,
    asked: UUID | None = None,
    form: MemberForm | None = None,
    problem: str = "",
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = teams.access(actor, client, asked)
    context = {
        "frame": card_of.frame(actor, client, "access"),
        "access": found,
        "form": form or MemberForm(people=found.others),
        "problem": problem,
        "may_break": actor.holds(Clients.GLASS),
    }
    return render(request, "clients/access.html", context, status=status)


def _back(client_id: UUID, done: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("clients:access", kwargs={"client_id": client_id}) + f"?done={done}")
