"""What every page of the record shares: whose it is, the card's frame, and how it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding
from alcove.clinic.clients.queries.card import frame
from alcove.clinic.records.queries.words import legible
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.policy import Open


@dataclass(frozen=True, slots=True)
class Whose:
    """Who asks, and whose record."""

    actor: Actor
    client: Client


def whose(request: HttpRequest, client_id: UUID) -> Whose:
    """Return actor and client; raise ``Refused``, on the record, for whoever may write but not read it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by identity's middleware
    if not actor.holds(Open.RECORD):
        # Rights are ticked one by one, so a role may hold 'create' alone; without reading there is no writing here.
        opening.record_refusal(actor, Open.RECORD.key, client_id=client_id, where="records")
        raise Refused(Open.RECORD.key)
    return Whose(actor, finding.client(actor, client_id))


def page(
    request: HttpRequest, who: Whose, template: str, tab: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Return a page inside the client's card. A lone surrogate, which no page can carry, leaves as U+FFFD."""
    context |= {"frame": frame(who.actor, who.client, tab), "client": who.client, "client_id": who.client.id}
    context["may"] = {
        key.partition(".")[2].replace(".", "_"): True
        for key in who.actor.rights
        if key.startswith("records.")
    }
    return HttpResponse(legible(render_to_string(template, context, request)), status=status)


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with, None where the page is only asked for; an empty POST is a form as well."""
    return request.POST if request.method == "POST" else None


@contextmanager
def one_row(model: type[Model], who: Whose, row_id: UUID | None) -> Iterator[None]:
    """Let a form that was sent twice end as if it was sent once: its row is there already, and it is this client's."""
    try:
        yield
    except (Conflict, IntegrityError):
        if row_id is None or not model._default_manager.filter(pk=row_id, client=who.client).exists():
            raise


def to(route: str, who: Whose, done: str = "", **ids: UUID | str) -> HttpResponseRedirect:
    """Return the way to another page of this record, with the word for its notice."""
    url = reverse(f"records:{route}", kwargs={"client_id": who.client.id, **ids})
    return HttpResponseRedirect(f"{url}?done={done}" if done else url)


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a list, as ``{% pager %}`` wants it. ``first`` counts from 1."""

    first: int
    last: int
    total: int
    previous_url: str
    next_url: str


def page_number(request: HttpRequest) -> int:
    """Return the page asked for, counted from 0; anything odd is the first."""
    text = request.GET.get("page", "1")
    return max(int(text) - 1, 0) if text.isascii() and text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004 - a million pages


def sliced(number: int, shown: int, total: int, size: int = policy.LIST_PAGE) -> Slice:
    """Return the neighbours of one page of a list."""
    first = number * size + 1 if shown else 0
    return Slice(
        first=first,
        last=number * size + shown,
        total=total,
        previous_url=f"?page={number}" if number else "",
        next_url=f"?page={number + 2}" if (number + 1) * size < total else "",
    )
