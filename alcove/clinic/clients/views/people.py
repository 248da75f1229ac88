"""People linked to a client: guardian, emergency contact, GP and others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.forms import PersonForm
from alcove.clinic.clients.models import Client, LinkedPerson, tidy
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import about as about_client
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard

USED = "This form has added someone already. If this is another person, save it now."
CHANGED = "Someone else changed this person while you were writing. What is there now stands above; save again to keep yours."  # fmt: skip  # noqa: E501


@guard(GET=Clients.EDIT, POST=Clients.EDIT, opens="client_id")
def person_new(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Link a person."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    form = PersonForm(request.POST if request.method == "POST" else None, country=finding.country())
    if request.method != "POST" or not form.is_valid():
        return _page(request, client, form, status=422 if form.is_bound else 200)
    try:
        actions.add_person(actor, client, details=form.as_details(), id=form.row_id())
    except actions.SentBefore:
        made = LinkedPerson.objects.filter(pk=form.row_id(), client=client).first()
        if made is None or made.details != tidy(form.as_details()):
            form.renew()
            form.add_error(None, USED)
            return _page(request, client, form, status=409)
    return _about(client_id, "created")


@guard(GET=Clients.EDIT, POST=Clients.EDIT, opens="client_id")
def person(request: HttpRequest, client_id: UUID, person_id: UUID) -> HttpResponse:
    """Change a linked person."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    linked = about_client.person(client, person_id)
    form = _form(linked, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _page(request, client, form, status=422 if form.is_bound else 200, linked=linked)
    if form.cleaned_data["version"] != linked.version:
        return _conflict(request, client, linked, form)
    try:
        actions.change_person(actor, linked, details=form.as_details())
    except actions.Unchanged:
        return _about(client_id)
    except Conflict:
        return _conflict(request, client, about_client.person(client, person_id), form)
    return _about(client_id, "saved")


@guard(POST=Clients.EDIT, opens="client_id")
def person_remove(request: HttpRequest, client_id: UUID, person_id: UUID) -> HttpResponse:
    """Remove a linked person; the earlier version is kept."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    actions.remove_person(actor, about_client.person(client, person_id))
    return _about(client_id, "removed")


def _form(linked: LinkedPerson, data: Any = None) -> PersonForm:
    return PersonForm(data, country=finding.country(), details=linked.details, version=linked.version)


def _conflict(request: HttpRequest, client: Client, linked: LinkedPerson, form: PersonForm) -> HttpResponse:
    fresh = _form(linked)
    typed = form.typed()
    typed["version"] = str(linked.version)
    rows = [
        {"label": field.label, "now": str(fresh.initial.get(name) or ""), "mine": typed.get(name, "")}
        for name, field in fresh.fields.items()
        if name not in {"row", "version"} and str(fresh.initial.get(name) or "") != typed.get(name, "")
    ]
    merged = _form(linked, typed)
    if merged.is_valid():
        merged.add_error(None, CHANGED)
    return _page(request, client, merged, status=409, linked=linked, conflicts=rows)


def _page(
    request: HttpRequest, client: Client, form: PersonForm, status: int, **context: Any
) -> HttpResponse:
    frame = card_of.frame(request.actor, client, "about")  # type: ignore[attr-defined]  # set by the middleware
    return render(request, "clients/person.html", {"frame": frame, "form": form, **context}, status=status)


def _about(client_id: UUID, done: str = "") -> HttpResponse:
    url = reverse("clients:about", kwargs={"client_id": client_id})
    return HttpResponseRedirect(f"{url}?done={done}" if done else url)
