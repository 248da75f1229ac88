"""What went when to whom, and why not: for the staff's outbox and a client's card. Texts only of the client opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding
from alcove.clinic.messaging.models import Outgoing
from alcove.clinic.messaging.models.kinds import CHANNELS, EMAIL, FAULTS, KINDS, NO_REACH, PORTAL
from alcove.clinic.messaging.policy import Messages
from alcove.clinic.messaging.queries import choosing, composing, routing
from alcove.clinic.messaging.queries.routing import Route
from alcove.clinic.messaging.queries.wording import Unfit, Words
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict

_State = Outgoing.State
FILTERS: Final = {
    "": ("All", tuple(_State)),
    "attention": ("Needs a look", (_State.BOUNCED, _State.DROPPED, _State.UNSURE)),
    "waiting": ("Waiting", (_State.WAITING,)),
    "sent": ("Sent", (_State.SENT, _State.DELIVERED, _State.KEPT)),
}
"""Filters of the outbox: title and states."""
_TONES: Final = {
    _State.WAITING: ("warn", "hourglass"),
    _State.SENT: ("ok", "send"),
    _State.DELIVERED: ("ok", "check-check"),
    _State.UNSURE: ("warn", "circle-question-mark"),
    _State.KEPT: ("quiet", "inbox"),
    _State.WITHDRAWN: ("quiet", "undo-2"),
    _State.DROPPED: ("bad", "circle-x"),
    _State.BOUNCED: ("bad", "circle-x"),
}
_OWN_WISH: Final = frozenset({"none", "deceased"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a page shows it. ``said``: only for a client who is open and whose page it is."""

    id: UUID
    client: Client | None
    kind: str
    channel: str
    to: str
    state: str
    word: str
    tone: str
    icon: str
    why: str
    at: datetime
    leaves_at: datetime | None = None
    said: Words | None = None

    @property
    def may_be_taken_back(self) -> bool:
        return self.state == _State.WAITING


def _why(row: Outgoing) -> str:
    """Return why a message did not leave or waits, in words; "" where there is nothing to explain."""
    if row.is_waiting and row.due_at > row.wanted_at and not row.tries:
        return "Waits for the end of the client's quiet hours."
    if row.is_waiting and row.due_at < row.wanted_at:
        return "Leaves before the client's quiet hours: their end would be too late."
    if row.state in {_State.SENT, _State.DELIVERED, _State.KEPT} or not row.fault:
        return ""
    words = FAULTS.get(row.fault, row.fault)
    return f"{words[:1].upper()}{words[1:]}."


def _tone(row: Outgoing) -> tuple[str, str]:
    if row.state == _State.DROPPED and row.fault in _OWN_WISH:
        return "quiet", "circle-off"
    return _TONES[_State(row.state)]


def _shown(row: Outgoing, client: Client | None, content: dict[str, Any], **more: Any) -> Shown:
    tone, icon = _tone(row)
    channel = row.channel or more.pop("channel", "")
    to = content.get("to") or more.pop("to", "")
    return Shown(
        id=row.id,
        client=client,
        kind=KINDS[row.kind].title if row.kind in KINDS else row.kind,
        channel=CHANNELS.get(channel, "") if channel != PORTAL else "Portal",
        to=routing.masked(channel, to),
        state=row.state,
        word=str(_State(row.state).label),
        tone=tone,
        icon=icon,
        why=_why(row) or more.pop("why", ""),
        at=row.ended_at or row.created_at,
        leaves_at=row.due_at if row.is_waiting else None,
        said=more.get("said"),
    )


def _chosen(rows: QuerySet[Outgoing], key: str) -> QuerySet[Outgoing]:
    found = rows.filter(state__in=FILTERS[key][1])
    # What the client does not want needs no look.
    return found.exclude(state=_State.DROPPED, fault__in=list(_OWN_WISH)) if key == "attention" else found


def _visible(actor: Actor) -> QuerySet[Outgoing]:
    actor.must(Messages.VIEW)
    return Outgoing.objects.exclude(client_id__in=need.hidden_from(actor))


def outbox(actor: Actor, key: str = "", page: int = 1) -> tuple[list[Shown], int, int]:
    """Return a page of messages of all clients this actor may see, newest first, which page, and how many there are.

    One entry names the clients shown. No texts.
    """
    rows = _chosen(_visible(actor), key)
    count = rows.count()
    page = min(max(page, 1), max(-(-count // policy.LIST_PAGE), 1))
    begin = (page - 1) * policy.LIST_PAGE
    shown = list(rows.order_by("-created_at", "-id")[begin : begin + policy.LIST_PAGE])
    clients = _clients(actor, shown)
    return (
        [_shown(row, clients[row.client_id], row.content or {}) for row in shown if row.client_id in clients],
        page,
        count,
    )


def _clients(actor: Actor, rows: Sequence[Outgoing]) -> dict[UUID, Client]:
    ids = list(dict.fromkeys(row.client_id for row in rows))
    return {client.id: client for client in finding.opened(actor, ids)}


def needing_a_look(actor: Actor) -> int:
    """Return how many messages of the last week did not arrive, as far as anybody knows."""
    since = timezone.now() - policy.APPROVAL_LIFE
    return _chosen(_visible(actor), "attention").filter(ended_at__gte=since).count()


def said_in_demo(actor: Actor) -> list[Shown]:
    """Return the newest messages of a demo with what they would have said; the page exists in a demo only."""
    rows = list(_visible(actor).filter(state__in=FILTERS["sent"][1]).order_by("-ended_at", "-id")[:30])
    clients = _clients(actor, rows)
    return [
        _shown(row, clients[row.client_id], row.content or {}, said=_said(row))
        for row in rows
        if row.client_id in clients
    ]


def _said(row: Outgoing) -> Words | None:
    content = row.content or {}
    return Words(content.get("subject", ""), content["text"]) if "text" in content else None


def messages_of(actor: Actor, client: Client, limit: int = 100) -> list[Shown]:
    """Return a client's messages, newest first, with what they said or would say now; the guard opened the client."""
    actor.must(Messages.VIEW)
    chosen = choosing.choice(client.id)
    way = composing.route_of(client, chosen)
    rows = Outgoing.objects.filter(client_id=client.id).order_by("-created_at", "-id")[:limit]
    return [_of_client(row, client, chosen, way) for row in rows]


def _of_client(row: Outgoing, client: Client, chosen: choosing.Choice, way: Route) -> Shown:
    content = row.content or {}
    if not row.is_waiting:
        return _shown(row, None, content, said=_said(row))
    said, why = None, ""
    if way.is_open:
        try:
            said = composing.composed(client, row, chosen, way).kept
        except Unfit:
            why = "Its text cannot be sent: see Setup, Messages."
    else:
        why = f"As things are it will not leave: {NO_REACH[way.refusal]}."
    return _shown(row, None, content, channel=way.channel, to=way.to, said=said, why=why)


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a client, masked, and how it stands. ``place``: ``email-0``, as forms send it back."""

    place: str
    channel: str
    masked: str
    how: str
    is_confidential: bool
    has_bounced: bool

    @property
    def is_confirmed(self) -> bool:
        return bool(self.how)

    @property
    def is_by_portal(self) -> bool:
        return self.how == "portal"

    @property
    def how_words(self) -> str:
        return choosing.HOWS.get(self.how, "")


def addresses(client: Client) -> list[Address]:
    """Return where a client could be written to, masked; the guard opened the client."""
    chosen = choosing.choice(client.id)
    own = choosing.confirmed(client.id, chosen)
    return [
        Address(
            f"{channel}-{at}",
            "E-mail" if channel == EMAIL else "Phone",
            routing.masked(channel, one),
            own.get(one, ""),
            chosen.is_confidential,
            one in chosen.bounced,
        )
        for channel, found in choosing.addresses(client, chosen).items()
        for at, one in enumerate(found)
    ]


def address_at(client: Client, place: str, seen: str) -> str:
    """Return the address a form means; raise ``Conflict`` if another one stands at its place by now."""
    channel, _, at = place.partition("-")
    found = choosing.addresses(client, choosing.choice(client.id)).get(channel, [])
    if int(at) >= len(found) or routing.masked(channel, found[int(at)]) != seen:
        raise Conflict("The addresses of this client were changed meanwhile. Look again, then confirm.")
    return found[int(at)]
