"""Alerts that stay in view. The front desk writes for everyone; a clinician writes clinical text besides."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients import actions
from alcove.clinic.clients.forms import AlertForm, DeskAlertForm
from alcove.clinic.clients.models import Alert, Client
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import about as about_client
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding
from alcove.security.access.actors import Actor
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open

USED = "This form has added an alert already. If this is another one, save it now."


@guard(GET=Clients.EDIT, POST=Clients.EDIT, opens="client_id")
def alert_new(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Add an alert; who may not open the record writes for the front desk only."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    kind = AlertForm if actor.holds(Open.RECORD) else DeskAlertForm
    form = kind(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, client, form, status=422 if form.is_bound else 200)
    try:
        _add(actor, client, form)
    except actions.SentBefore:
        if not _says(client, form):
            form.renew()
            form.add_error(None, USED)
            return _page(request, client, form, status=409)
    return _about(client_id, "created")


def _add(actor: Actor, client: Client, form: DeskAlertForm) -> None:
    taken = form.cleaned_data
    common = {"desk_text": taken["desk_text"], "ends_on": taken["ends_on"], "id": form.row_id()}
    if isinstance(form, AlertForm):
        clinical = {name: taken[name] for name in ("kind", "severity", "text")}
        actions.add_alert(actor, client, **clinical, **common)
    else:
        actions.add_desk_alert(actor, client, **common)


def _says(client: Client, form: DeskAlertForm) -> bool:
    """Whether the alert that this form made says what the form says."""
    made = Alert.objects.filter(pk=form.row_id(), client=client).first()
    taken = form.cleaned_data
    if made is None or (taken["desk_text"] and made.desk_text != taken["desk_text"]):
        return False
    if not isinstance(form, AlertForm):
        return True
    return made.is_clinical and made.content.get("text") == taken["text"]


@guard(POST=Clients.EDIT, opens="client_id")
def alert_end(request: HttpRequest, client_id: UUID, alert_id: UUID) -> HttpResponse:
    """Stop showing an alert now; it stays in the record and can be shown again."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    actions.end_alert(actor, about_client.alert(actor, client, alert_id), on=timezone.localdate())
    return _about(client_id, "ended")


@guard(POST=Clients.EDIT, opens="client_id")
def alert_resume(request: HttpRequest, client_id: UUID, alert_id: UUID) -> HttpResponse:
    """Show an ended alert again."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    actions.resume_alert(actor, about_client.alert(actor, client, alert_id))
    return _about(client_id, "restored")


def _page(request: HttpRequest, client: Client, form: DeskAlertForm, status: int) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    context = {
        "frame": card_of.frame(actor, client, "about"),
        "form": form,
        "clinical": isinstance(form, AlertForm),
    }
    return render(request, "clients/alert.html", context, status=status)


def _about(client_id: UUID, done: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("clients:about", kwargs={"client_id": client_id}) + f"?done={done}")
