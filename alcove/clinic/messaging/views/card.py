"""A client's messages on their card, how they want to be reached, and which addresses are theirs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding
from alcove.clinic.messaging import actions
from alcove.clinic.messaging.forms import AddressForm, ChoicesForm
from alcove.clinic.messaging.policy import Messages
from alcove.clinic.messaging.queries import choosing, routing
from alcove.clinic.messaging.queries import outbox as outgoing
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard


@guard(GET=Messages.VIEW, opens="client_id")
def messages(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """What this client was sent or will be, and how they are reached."""
    return _messages(request, client_id)


def _messages(request: HttpRequest, client_id: UUID, *, status: int = 200, problem: str = "") -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    chosen = choosing.choice(client_id)
    page: dict[str, Any] = {
        "frame": card_of.frame(actor, client, "messages"),
        "rows": outgoing.messages_of(actor, client),
        "facts": choosing.in_words(client, chosen),
        "reach": routing.recipient_known(client_id),
        "addresses": outgoing.addresses(client),
        "is_confidential": chosen.is_confidential,
        "may_edit": actor.holds(Messages.EDIT),
        "problem": problem,
    }
    return render(request, "messaging/messages.html", page, status=status)


@guard(GET=Messages.EDIT, POST=Messages.EDIT, opens="client_id")
def choices(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The form of a client's choices."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    form = _form(client_id, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _choices(request, client, form, status=422 if form.is_bound else 200)
    try:
        actions.choose(
            actor, client_id, form.chosen(), version=form.cleaned_data["version"],
            is_warned=form.cleaned_data["is_warned"],
        )  # fmt: skip
    except actions.Unchanged:
        return _back(client_id)
    except Conflict as clash:
        row = choosing.row_of(client_id)
        form.data = {
            **{name: form.data[name] for name in form.data},
            "version": str(row.version if row else 0),
        }
        return _choices(request, client, form, status=409, problem=str(clash))
    return _back(client_id, "?done=saved")


def _form(client_id: UUID, data: Any) -> ChoicesForm:
    row = choosing.row_of(client_id)
    return ChoicesForm(
        data, chosen=choosing.choice_of(row), version=row.version if row else 0, country=finding.country()
    )


def _choices(
    request: HttpRequest, client: Client, form: ChoicesForm, *, status: int, problem: str = ""
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    page: dict[str, Any] = {
        "frame": card_of.frame(actor, client, "messages"),
        "form": form,
        "problem": problem,
        "now": choosing.in_words(client, choosing.choice(client.id)) if problem else [],
    }
    return render(request, "messaging/choices.html", page, status=status)


@guard(POST=Messages.EDIT, opens="client_id")
def confirm(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Note that an address was confirmed with the client, or take that back."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _messages(request, client_id, status=422, problem="There is no such address.")
    try:
        address = outgoing.address_at(client, form.cleaned_data["place"], form.cleaned_data["seen"])
        if "take_back" in request.POST:
            actions.unconfirm_address(actor, client_id, address)
        else:
            actions.confirm_address(actor, client_id, address, how="staff")
    except actions.Unchanged:
        return _back(client_id)
    except Conflict as clash:
        return _messages(request, client_id, status=409, problem=str(clash))
    return _back(client_id, "?done=saved")


@guard(POST=Messages.EDIT, opens="client_id")
def take_back(request: HttpRequest, client_id: UUID, outgoing_id: UUID) -> HttpResponse:
    """Take one message back before it leaves."""
    try:
        actions.withdraw_one(request.actor, client_id, outgoing_id)  # type: ignore[attr-defined]  # middleware
    except Conflict as clash:
        return _messages(request, client_id, status=409, problem=str(clash))
    return _back(client_id, "?done=withdrawn")


def _back(client_id: UUID, done: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("message_card:messages", kwargs={"client_id": client_id}) + done)
