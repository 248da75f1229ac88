"""The list of clients, search, and the suggestions under the search box. What is searched for never stands in a URL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import contacts, directory, finding
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.guards import guard, lookup
from alcove.security.access.policy import Open

SUGGESTIONS = 8
WAITING = (
    "Names are getting ready. Phone numbers, e-mail addresses and client numbers can be searched already."
)
NOBODY = "Nobody found. Try fewer letters, a birth date, or a phone number in any spelling."


@guard(GET=Open.DIRECTORY, POST=lookup(Open.DIRECTORY, "what is searched for may not stand in a URL"))
def clients(request: HttpRequest) -> HttpResponse:
    """The list by family name, 50 a page; by POST, what a search finds, best first."""
    if request.method == "POST":
        return _found(request)
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    if request.GET.get("show") == "hidden":
        actor.must(Clients.DELETE)
        shown = finding.hidden(actor)
        return _page(request, {"rows": _rows(shown), "hidden": True, "total": len(shown)})
    try:
        shown, number, total = finding.page(actor, _number(request.GET.get("page", "")))
    except directory.NotReady:
        return _page(request, {"waiting": WAITING})
    offset = (number - 1) * policy.LIST_PAGE
    pager = {
        "first": offset + 1,
        "last": offset + len(shown),
        "total": total,
        "previous_url": f"?page={number - 1}" if number > 1 else None,
        "next_url": f"?page={number + 1}" if offset + len(shown) < total else None,
    }
    return _page(request, {"rows": _rows(shown), "total": total, "pager": pager})


@guard(POST=lookup(Open.DIRECTORY, "what is searched for may not stand in a URL"))
def search(request: HttpRequest) -> HttpResponse:
    """The suggestions under the search box; without JavaScript, the list with what was found."""
    if not request.is_htmx:  # type: ignore[attr-defined]  # set by the middleware
        return _found(request)
    text = request.POST.get("q", "").strip()
    results = finding.search(request.actor, text, SUGGESTIONS)  # type: ignore[attr-defined]  # as above
    more = results.total - len(results.clients)
    sentence = NOBODY if text and not results.clients else ""
    if more > 0:
        sentence = f"{_total_text(results)} found. Press Enter to see more of them."
    if results.waiting:
        sentence = WAITING
    flagged = finding.flagged(results.clients)
    found = [_suggestion(one, flagged=one.id in flagged) for one in results.clients]
    return render(request, "ui/search_results.html", {"results": found, "sentence": sentence})


def _found(request: HttpRequest) -> HttpResponse:
    text = request.POST.get("q", "").strip()
    if not text:
        return _page(request, {"query": text, "asks": True})
    results = finding.search(request.actor, text)  # type: ignore[attr-defined]  # set by the middleware
    shown = len(results.clients)
    total_text = _total_text(results)
    pager = {"first": 1, "last": shown, "total": results.total if shown else 0, "total_text": total_text}
    context = {"query": text, "rows": _rows(results.clients), "found_text": total_text, "pager": pager}
    if results.waiting:
        context["waiting"] = WAITING
    return _page(request, context | {"cut": results.total > shown, "nobody": NOBODY})


def _total_text(results: finding.Results) -> str:
    return f"More than {results.total}" if results.more else f"{results.total:,}"


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, "clients/list.html", context)


def _number(text: str) -> int:
    return min(max(int(text), 1), 10_000_000) if text.isascii() and text.isdigit() and len(text) < 9 else 1  # noqa: PLR2004 - no list is that long


def _rows(shown: Sequence[Client]) -> list[dict[str, Any]]:
    flagged = finding.flagged(shown)
    return [
        {
            "client": one,
            "about": " · ".join(filter(None, [_sex(one), str(one.age) if one.age is not None else ""])),
            "phone": contacts.masked(one.phones[0]) if one.phones else "",
            "email": contacts.masked_email(one.emails[0]) if one.emails else "",
            "flagged": one.id in flagged,
            "died": bool(one.detail("deceased_on")),
        }
        for one in shown
    ]


def _sex(client: Client) -> str:
    letter = str(client.detail("sex"))[:1].upper()
    return letter if letter in {"F", "M"} else ""


def _suggestion(client: Client, *, flagged: bool) -> dict[str, Any]:
    born = f"born {date_format(client.born_on, 'j M Y')}" if client.born_on else ""
    phone = contacts.masked(client.phones[0]) if client.phones else ""
    return {
        "url": reverse("clients:card", kwargs={"client_id": client.id}),
        "initials": client.initials,
        "tone": client.tone,
        "title": client.name,
        "detail": " · ".join(filter(None, [born, phone])),
        "chip": "Alert" if flagged else "",
        "chip_tone": "bad",
    }
