"""What went when to whom, of all clients: no texts, and nobody whom this person may not see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.messaging.policy import Messages
from alcove.clinic.messaging.queries import outbox as outgoing
from alcove.security import policy_defaults as policy
from alcove.security.access.errors import NotFound
from alcove.security.access.guards import guard
from alcove.security.vault.house import house

_MOST_DIGITS = 5


@guard(GET=Messages.VIEW)
def outbox(request: HttpRequest) -> HttpResponse:
    """A page of messages, newest first, all or those that need a look."""
    key = request.GET.get("show", "")
    key = key if key in outgoing.FILTERS else ""
    asked = request.GET.get("page", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= _MOST_DIGITS else 1
    rows, number, count = outgoing.outbox(request.actor, key, number)  # type: ignore[attr-defined]  # middleware
    here = f"{reverse('messaging:outbox')}?show={key}"
    first = (number - 1) * policy.LIST_PAGE
    page = {
        "rows": rows,
        "filters": [
            {"name": title, "url": f"{reverse('messaging:outbox')}?show={each}", "current": each == key}
            for each, (title, _) in outgoing.FILTERS.items()
        ],
        "is_filtered": bool(key),
        "pager": {
            "first": first + 1 if count else 0,
            "last": min(first + policy.LIST_PAGE, count),
            "total": count,
            "previous_url": f"{here}&page={number - 1}" if number > 1 else None,
            "next_url": f"{here}&page={number + 1}" if first + policy.LIST_PAGE < count else None,
        },
        "is_demo": house().is_demo,
    }
    return render(request, "messaging/outbox.html", page)


@guard(GET=Messages.VIEW)
def demo_outbox(request: HttpRequest) -> HttpResponse:
    """What a demo would have said to its invented clients; in a real practice there is no such page."""
    if not house().is_demo:
        raise NotFound("there is no such page")
    return render(request, "messaging/demo_outbox.html", {"rows": outgoing.said_in_demo(request.actor)})  # type: ignore[attr-defined]  # middleware
