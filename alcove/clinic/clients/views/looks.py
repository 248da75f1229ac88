"""Who looked at a client, and what the card said before. Each page is one entry of its own kind on the log."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients.models import Alert, LinkedPerson
from alcove.clinic.clients.policy import Clients, Did
from alcove.clinic.clients.queries import about as about_client
from alcove.clinic.clients.queries import access_log as log_of
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import history
from alcove.security import policy_defaults as policy
from alcove.security.access.errors import NotFound
from alcove.security.access.guards import guard

MOST_PAGES = 200


@guard(GET=Clients.ACCESS_LOG)
def access_log(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Who looked at or changed this client, when, what and why."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    kind = request.GET.get("kind", "")
    kind = kind if kind in log_of.KINDS else ""
    person, page = _person(request.GET.get("person", "")), _page(request.GET.get("page", ""))
    offset = (page - 1) * policy.LIST_PAGE
    found = log_of.access_log(actor, client_id, person=person, kind=kind, offset=offset)
    request.actor = found.actor  # type: ignore[attr-defined]  # as they stand before this client, like a guard's
    here = reverse("clients:access_log", kwargs={"client_id": client_id})
    whose = f"&person={person}" if person else ""
    context = {
        "log": found,
        "frame": card_of.frame(found.actor, found.client, "access_log") if found.client else None,
        "kinds": [
            {"name": words, "url": f"{here}?kind={key}{whose}", "current": key == kind}
            for key, words in log_of.KINDS.items()
        ],
        "staff": [{"name": name, "id": one, "current": one == person} for one, name in found.staff],
        "kind": kind,
        "person": person,
        "here": here,
        "pager": {
            "first": offset + 1,
            "last": offset + found.shown,
            "total": found.total,
            "previous_url": f"{here}?kind={kind}{whose}&page={page - 1}" if page > 1 else None,
            "next_url": f"{here}?kind={kind}{whose}&page={page + 1}"
            if offset + found.shown < found.total
            else None,
        },
    }
    template = "clients/access_log.html" if found.client else "clients/access_log_alone.html"
    return render(request, template, context)


def _page(text: str) -> int:
    return min(max(int(text), 1), MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 6 else 1  # noqa: PLR2004 - no log has so many pages


def _person(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound("there is no such person") from None


@guard(GET=Clients.EDIT)
def versions(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Every earlier version of every field of the card, its people and alerts, with who and when."""
    asks = request.actor  # type: ignore[attr-defined]  # set by the middleware
    actor, client = log_of.opened_for(asks, client_id, Did.VERSIONS_VIEWED)
    request.actor = actor  # type: ignore[attr-defined]  # as they stand before this client, like a guard's
    if client is None:
        raise NotFound("there is no such client")
    rows = [
        client, *LinkedPerson.objects.filter(client=client), *Alert.objects.filter(client=client)
    ]  # fmt: skip
    kinds = {"clients.client": "Card", "clients.linkedperson": "Linked person", "clients.alert": "Alert"}
    changes = history.histories(actor, client.id, rows, kinds, about_client.LABELS)
    context = {
        "frame": card_of.frame(actor, client, "about"),
        "changes": changes,
        "kept_columns": about_client.kept_columns(actor, client),
    }
    return render(request, "clients/versions.html", context)
