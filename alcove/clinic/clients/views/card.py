"""A client's card: the summary, everything about them, and the masked values one by one."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape

from alcove.clinic.clients import actions
from alcove.clinic.clients.forms.reasons import ReasonForm
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import about as about_client
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding
from alcove.security import policy_defaults as policy
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open


@guard(GET=Open.DIRECTORY, opens="client_id")
def card(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The summary: a strip of facts and what every area has to show."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    return render(request, "clients/summary.html", {"frame": card_of.frame(actor, client)})


@guard(GET=Open.DIRECTORY, opens="client_id")
def about(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """All details, people and alerts."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    context = {
        "frame": card_of.frame(actor, client, "about"),
        "details": about_client.details(client),
        "people": about_client.people(client),
        "alerts": about_client.alerts(actor, client),
    }
    return render(request, "clients/about.html", context)


@guard(POST=Clients.REVEAL, opens="client_id")
def reveal(request: HttpRequest, client_id: UUID, what: str) -> HttpResponse:
    """One masked value of the client in full, recorded as such."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    field, value = about_client.uncovered(client, what)
    actions.reveal(actor, client, what=field)
    return HttpResponse(escape(value))


@guard(POST=Clients.REVEAL, opens="client_id")
def reveal_person(request: HttpRequest, client_id: UUID, person_id: UUID, contact: str) -> HttpResponse:
    """A linked person's phone number or e-mail address in full, recorded as such."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    field, value = about_client.uncovered_of(about_client.person(client, person_id), contact)
    actions.reveal(actor, client, what=field)
    return HttpResponse(escape(value))


@guard(GET=Clients.IDENTITY, POST=Clients.IDENTITY, opens="client_id")
def identity(request: HttpRequest, client_id: UUID, number: str) -> HttpResponse:
    """Ask for a reason, then show one identity number for 30 seconds; until then the page holds only its end."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client = finding.client(actor, client_id)
    kind, covered, value = about_client.identity(client, number)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    context = {"frame": card_of.frame(actor, client, "about"), "form": form, "kind": kind, "covered": covered}
    if form.is_valid():
        actions.show_identity(actor, client, reason=form.cleaned_data["reason"])
        seconds = int(policy.REVEAL_LIFE.total_seconds())
        answer = render(request, "clients/identity.html", {**context, "value": value, "seconds": seconds})
        # By the browser itself, so that it is covered again without scripts too.
        answer["Refresh"] = f"{seconds}; url={reverse('clients:about', kwargs={'client_id': client_id})}"
        return answer
    return render(request, "clients/identity.html", context, status=422 if form.is_bound else 200)


@guard(POST=Clients.DELETE, opens="client_id")
def hide(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Take the client out of lists and search."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    actions.hide_client(actor, finding.client(actor, client_id))
    return _back(client_id, "hidden")


@guard(POST=Clients.DELETE, opens="client_id")
def unhide(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Bring the client back into lists and search."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    actions.show_client_again(actor, finding.client(actor, client_id))
    return _back(client_id, "restored")


def _back(client_id: UUID, done: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("clients:card", kwargs={"client_id": client_id}) + f"?done={done}")
