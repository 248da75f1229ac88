"""What staff do about a client's own account: invite, reset, close."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding
from alcove.portal import queries
from alcove.portal.forms import InviteForm
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard
from alcove.security.identity.actions.patients import close_patient, invite_patient
from alcove.security.identity.policy import Patients
from alcove.security.identity.queries import patients


@guard(GET=Patients.INVITE, POST=Patients.INVITE, opens="client_id")
def invite(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Say how a client's account stands; POST invites one who has none yet."""
    return _page(request, client_id, is_reset=False)


@guard(GET=Patients.INVITE, POST=Patients.INVITE, opens="client_id", fresh=True)
def reset(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """End everything by which a client comes in, and invite them anew."""
    return _page(request, client_id, is_reset=True)


@guard(POST=Patients.INVITE, opens="client_id")
def close(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """End a client's access to the portal at once."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    try:
        close_patient(actor, client_id)
    except Conflict as clash:
        form = InviteForm(None, emails=client.emails, phones=client.phones)
        return _drawn(request, client, form, is_reset=False, status=409, problem=str(clash))
    return _back(client_id, "portal_closed")


def _page(request: HttpRequest, client_id: UUID, *, is_reset: bool) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    form = InviteForm(
        request.POST if request.method == "POST" else None, emails=client.emails, phones=client.phones
    )
    if request.method != "POST":
        return _drawn(request, client, form, is_reset=is_reset)
    if queries.missing(client) or not form.is_valid():
        return _drawn(request, client, form, is_reset=is_reset, status=422)
    chosen = form.cleaned_data
    try:
        invite_patient(
            actor, client_id, email=client.emails[chosen["email"]], phone=client.phones[chosen["phone"]],
            is_reset=is_reset,
        )  # fmt: skip
    except Conflict as clash:
        return _drawn(request, client, form, is_reset=is_reset, status=409, problem=str(clash))
    return _back(client_id, "portal_invited")


def _drawn(
    request: HttpRequest,
    client: Client,
    form: InviteForm,
    *,
    is_reset: bool,
    status: int = 200,
    problem: str = "",
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    standing = patients.standing(client.id)
    page: dict[str, Any] = {
        "frame": card_of.frame(actor, client, "portal"),
        "form": form,
        "standing": standing,
        "missing": queries.missing(client),
        "is_reset": is_reset,
        "is_first": standing.state in {"none", "invited", "late"},
        "problem": problem,
    }
    return render(request, "portal/invite.html", page, status=status)


def _back(client_id: UUID, done: str) -> HttpResponse:
    return HttpResponseRedirect(
        reverse("portal_card:invite", kwargs={"client_id": client_id}) + f"?done={done}"
    )
