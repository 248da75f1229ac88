"""Making and changing a card. What was typed is never lost, and nobody overwrites another's change unseen."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.forms import ClientForm
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import about as about_client
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding, history
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard

USED = "This form has made a client already. If this is another one, save it now."


@guard(GET=Clients.CREATE, POST=Clients.CREATE)
def new(request: HttpRequest) -> HttpResponse:
    """The form for a new client; likely same ones are shown before anything is saved."""
    if request.method != "POST":
        return _new(request, ClientForm(country=finding.country()))
    form = ClientForm(request.POST, country=finding.country())
    if not form.is_valid():
        return _new(request, form, status=422)
    actor, row_id = request.actor, form.row_id()  # type: ignore[attr-defined]  # set by the middleware
    if not Client.objects.filter(pk=row_id).exists():
        alike = finding.Alike()
        if "anyway" not in request.POST:
            alike = finding.likely_same(actor, form.as_directory())
        if alike.clients or alike.waiting:
            return _new(request, form, status=409, alike=alike)
        with suppress(actions.SentBefore):
            actions.create_client(
                actor,
                directory=form.as_directory(),
                details=form.as_details(),
                people=form.guardians,
                id=row_id,
            )
            return _card(row_id)
    # The second press of one form ends where the first did; another client under the same form is asked about.
    if finding.says(actor, row_id, form.as_directory(), form.as_details()):
        return _card(row_id)
    form.renew()
    form.add_error(None, USED)
    return _new(request, form, status=409)


def _card(client_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("clients:card", kwargs={"client_id": client_id}) + "?done=created")


def _new(request: HttpRequest, form: ClientForm, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, "clients/new.html", {"form": form, **context}, status=status)


@guard(GET=Clients.EDIT, POST=Clients.EDIT, opens="client_id")
def edit(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The form for a card that exists."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    if request.method != "POST":
        return _edit(request, client, _form(client))
    form = _form(client, request.POST)
    if not form.is_valid():
        return _edit(request, client, form, status=422)
    if form.cleaned_data["version"] != client.version:
        return _conflict(request, client, form)
    try:
        actions.change_client(
            actor, client, directory=form.as_directory(), details=form.as_details(), people=form.guardians
        )
    except actions.Unchanged:
        return _about(client_id)
    except Conflict:
        return _conflict(request, finding.client(actor, client_id), form)
    return _about(client_id, "?done=saved")


def _about(client_id: UUID, done: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("clients:about", kwargs={"client_id": client_id}) + done)


def _form(client: Client, data: Any = None, held: dict[str, Any] | None = None) -> ClientForm:
    parts = held or {"directory": client.directory, "details": client.details}
    return ClientForm(
        data,
        country=finding.country(),
        directory=parts.get("directory"),
        details=parts.get("details"),
        version=client.version,
        has_guardian=about_client.has_guardian(client),
    )


def _edit(
    request: HttpRequest, client: Client, form: ClientForm, status: int = 200, **context: Any
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    frame = card_of.frame(actor, client, "about")
    return render(request, "clients/edit.html", {"frame": frame, "form": form, **context}, status=status)


def _conflict(request: HttpRequest, client: Client, form: ClientForm) -> HttpResponse:
    """Show what someone else changed meanwhile beside what was typed; what was not touched here is taken over."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    read = form.cleaned_data["version"] or 1
    was = _form(client, held=history.before_version(actor, client, read)).initial
    fresh = _form(client)
    now = fresh.initial
    typed = form.typed()
    rows = []
    for name in fresh.fields.keys() | form.fields.keys():
        if name in {"row", "version"} or name.startswith("guardian_") or _text(was, name) == _text(now, name):
            continue
        mine = str(typed.get(name, ""))
        touched = mine not in {_text(was, name), _text(now, name)}
        rows.append(
            {"label": _label(form, fresh, name), "now": _text(now, name), "mine": mine, "touched": touched}
        )
        if not touched:
            typed[name] = _text(now, name)
    typed["version"] = str(client.version)
    merged = _form(client, typed)
    merged.is_valid()
    last = history.history(actor, client.id, client, about_client.LABELS)[:1]
    rows.sort(key=lambda row: (not row["touched"], row["label"]))
    return _edit(request, client, merged, status=409, conflicts=rows, last=last[0] if last else None)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return "" if value is None else str(value)


def _label(form: ClientForm, fresh: ClientForm, name: str) -> str:
    return str((fresh.fields.get(name) or form.fields[name]).label)
