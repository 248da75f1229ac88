"""Breaking the glass: emergency access to a record, with a reason, for a while, and given back."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.forms.glass import FindGlassForm, GlassForm
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding, glass
from alcove.security import policy_defaults as policy
from alcove.security.access import need, opening
from alcove.security.access.guards import guard
from alcove.security.access.rules import RULES
from alcove.security.identity import throttle

NOTHING = (
    "Nothing was opened. Either nobody has exactly this, or you can find them in the list of clients without any "
    "emergency. If several people share it, add the birth date."
)


def _terms() -> dict[str, int]:
    hours = int(policy.GLASS_REVIEW.total_seconds()) // 3600
    return {"minutes": RULES["glass.minutes"].chosen, "review_hours": hours}


@guard(GET=Clients.GLASS, POST=Clients.GLASS, opens="client_id", fresh=True)
def break_glass(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Take emergency access to the record of a client whose card one sees, or to what in it is marked sensitive."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    form = GlassForm(request.POST if request.method == "POST" else None)
    is_open = not actor.lacks_reason
    context = {"frame": card_of.frame(actor, client, "summary"), "form": form, "is_open": is_open, **_terms()}
    if form.is_valid() and is_open and not form.cleaned_data["sensitive"]:
        return render(request, "clients/break_glass.html", context, status=409)
    if form.is_valid():
        taken = form.cleaned_data
        try:
            actions.break_glass(actor, client_id, reason=taken["reason"], with_sensitive=taken["sensitive"])
        except actions.ReasonTooShort as wrong:
            form.add_error("reason", str(wrong))
        except actions.Unchanged:
            return _in(client_id)
        else:
            return _in(client_id)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "clients/break_glass.html", context, status=status)


@guard(GET=Clients.GLASS, POST=Clients.GLASS, fresh=True)
def find_by_glass(request: HttpRequest) -> HttpResponse:
    """Take emergency access to a client who is limited to others' care team: found by a contact only they have."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = FindGlassForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        # Counted before it is tried: this form answers whether somebody is a client.
        counted = throttle.key("glass", str(actor.id))
        throttle.count(counted)
        found = glass.reached_by(actor, form.cleaned_data["contact"], form.cleaned_data["born"])
        if found is None:
            opening.record_refusal(actor, Clients.GLASS.key, where="clients:find_by_glass")
            form.add_error(None, NOTHING)
        else:
            taken = form.cleaned_data
            try:
                actions.break_glass(actor, found, reason=taken["reason"], with_sensitive=taken["sensitive"])
            except actions.ReasonTooShort as wrong:
                form.add_error("reason", str(wrong))
            else:
                throttle.uncount(counted)
                return _in(found)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "clients/find_by_glass.html", {"form": form, **_terms()}, status=status)


def _in(client_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("clients:card", kwargs={"client_id": client_id}) + "?done=glass")


@guard(POST=Clients.GLASS, opens="client_id")
def glass_return(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Give emergency access back before its time."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    actions.return_glass(actor, client_id)
    if client_id in need.hidden_from(actor):
        return HttpResponseRedirect(reverse("clients:list") + "?done=glass_returned")
    return HttpResponseRedirect(
        reverse("clients:card", kwargs={"client_id": client_id}) + "?done=glass_returned"
    )
