"""The frame around every page of a client's record: header, band of alerts, tabs; and what areas add to it.

``settings.ALCOVE_CARD`` names the areas above this one that add to the card: dotted paths of functions
``card(actor, client) -> CardPart`` (a module with a function ``card`` will do). They are called after the guard has
opened the client, and give only what this actor may see.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from alcove.clinic.clients.models import ADULT_AGE, Alert, Client
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import about
from alcove.clinic.clients.queries.addresses import page_url
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open, Permission
from alcove.security.vault import rows
from alcove.ui.moments import plain_day

MAIN, SIDE = "main", "side"
CRITICAL, WARNING = "critical", "warning"

Context = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tab:
    """A link of the card's tabs. ``key`` is what a page passes to ``frame`` as ``current``; ``needs``: who sees it."""

    key: str
    title: str
    url: str
    order: int = 50
    icon: str = ""
    needs: Permission | None = None


@dataclass(frozen=True, slots=True)
class BandLine:
    """A line of the band that cannot be closed. ``severity`` is critical or warning."""

    severity: str
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A card on the summary page.

    ``template`` is included with ``part``, what ``context`` holds: a mapping, or a function without arguments that
    returns one and is called only when the summary is drawn. ``column`` is main or side, ``url`` leads to all of it.
    """

    title: str
    template: str
    context: Context | Callable[[], Context] = field(default_factory=dict)
    column: str = MAIN
    order: int = 50
    url: str = ""
    link: str = "See all"


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure of the strip on the summary page; ``value`` is a text, a number, or a date or moment.

    Or a function without arguments that returns one, called only when the strip is drawn.
    """

    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Button:
    """A deed at the end of the header, as a link. Only one on the whole card may be ``is_main``."""

    title: str
    url: str
    icon: str
    order: int = 50
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """A deed at the end of the page about the client: what it does in a sentence, and where it begins."""

    title: str
    text: str
    url: str
    link: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Limited:
    """A sensitive entry on the page of who sees what, for those of its audience: what it is and who reads it."""

    title: str
    url: str
    category: str
    readers: str


@dataclass(frozen=True, slots=True)
class CardPart:
    """What one area adds to a client's card. ``limited`` is called only where it is drawn."""

    tabs: Sequence[Tab] = ()
    band: Sequence[BandLine] = ()
    sections: Sequence[Section] = ()
    facts: Sequence[Fact] = ()
    buttons: Sequence[Button] = ()
    limited: Callable[[], Sequence[Limited]] = tuple
    endings: Sequence[Ending] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What ``clients/card.html`` draws around a page. ``tabs`` are as ``{% tabs %}`` wants them."""

    client: Client
    tabs: list[dict[str, object]]
    band: list[BandLine]
    sections: list[Section]
    facts: list[Fact]
    buttons: list[Button]
    phone: about.Masked | None
    why: str
    may_hide: bool
    parts: Sequence[CardPart] = ()

    @property
    def born(self) -> str:
        return plain_day(self.client.born_on) if self.client.born_on else ""

    @property
    def edit_url(self) -> str:
        return page_url("clients:edit", client_id=self.client.id)

    @property
    def main(self) -> list[Section]:
        return [section for section in self.sections if section.column == MAIN]

    @property
    def side(self) -> list[Section]:
        return [section for section in self.sections if section.column == SIDE]

    @property
    def limited(self) -> list[Limited]:
        """Sensitive entries of whose audience the actor is."""
        return [one for part in self.parts for one in part.limited()]

    @property
    def endings(self) -> list[Ending]:
        """What can end with this client: holds and deletion."""
        return [one for part in self.parts for one in part.endings]

    @property
    def band_tone(self) -> str:
        """Red if anything in the band is critical."""
        return "bad" if any(line.severity == CRITICAL for line in self.band) else "warn"


def frame(actor: Actor, client: Client, current: str = "summary") -> Frame:
    """Return the frame of a page of this client's record; the guard has opened the client."""
    alerts = rows.instances(Alert, "WHERE client_id = %s ORDER BY created_at", client.id)
    # What other areas say comes first in the strip of facts: the next visit matters more than the first.
    parts = [
        *(part(actor, client) for part in _others(tuple(settings.ALCOVE_CARD))),
        _own(actor, client, alerts),
    ]
    tabs = sorted((tab for part in parts for tab in part.tabs), key=lambda tab: tab.order)
    return Frame(
        client=client,
        tabs=[
            {"name": tab.title, "url": tab.url, "icon": tab.icon, "current": tab.key == current}
            for tab in tabs
            if tab.needs is None or actor.holds(tab.needs)
        ],
        band=sorted(
            (line for part in parts for line in part.band), key=lambda line: line.severity != CRITICAL
        ),
        sections=sorted((section for part in parts for section in part.sections), key=lambda one: one.order),
        facts=[fact for part in parts for fact in part.facts],
        buttons=sorted((button for part in parts for button in part.buttons), key=lambda one: one.order),
        phone=next(iter(about.phones(client)), None),
        why=_why(actor),
        may_hide=actor.holds(Clients.DELETE),
        parts=parts,
    )


def _why(actor: Actor) -> str:
    """Return why this actor may see this page, in one sentence."""
    half = Open.RECORD if actor.holds(Open.RECORD) else Open.DIRECTORY
    meaning = half.value.meaning
    if actor.glass_until is not None:
        return f"You can see this by emergency access; your role ({actor.role}) may {meaning[:1].lower()}{meaning[1:]}."
    return f"You can see this because your role ({actor.role}) may {meaning[:1].lower()}{meaning[1:]}."


@functools.cache
def _others(paths: tuple[str, ...]) -> tuple[Callable[[Actor, Client], CardPart], ...]:
    return tuple(_named(path) for path in paths)


def _named(path: str) -> Callable[[Actor, Client], CardPart]:
    try:
        found: Any = import_string(path)
    except ImportError:
        found = import_module(path)
    return found.card if isinstance(found, ModuleType) else found  # type: ignore[no-any-return]  # settings name it


def _own(actor: Actor, client: Client, alerts: Sequence[Alert]) -> CardPart:
    at = {"client_id": client.id}
    about_url = page_url("clients:about", **at)

    def details() -> Context:
        return {"details": about.details(client), "client": client}

    def people() -> Context:
        return {"people": about.people(client)}

    def shown_alerts() -> Context:
        return {"alerts": about.shown(actor, alerts), "client": client}

    return CardPart(
        tabs=[
            Tab("summary", "Summary", page_url("clients:card", **at), 0),
            Tab("about", "About", about_url, 10),
            Tab("access", "Access", page_url("clients:access", **at), 85),
            Tab(
                "access_log",
                "Access log",
                page_url("clients:access_log", **at),
                90,
                needs=Clients.ACCESS_LOG,
            ),
        ],
        band=[*band(actor, alerts), *_missing_guardian(client)],
        sections=[
            Section("About", "clients/parts/about.html", details, SIDE, 10, about_url, "All details"),
            Section("People", "clients/parts/people.html", people, SIDE, 20, about_url, "All people"),
            Section("Alerts", "clients/parts/alerts.html", shown_alerts, SIDE, 30, about_url, "All alerts"),
        ],
        facts=[Fact("Client since", timezone.localdate(client.created_at))],
    )


def _missing_guardian(client: Client) -> list[BandLine]:
    if not client.is_minor or about.has_guardian(client):
        return []
    return [BandLine(WARNING, f"Under {ADULT_AGE}", "No guardian is linked. Add one under About.")]


def band(actor: Actor, alerts: Iterable[Alert]) -> list[BandLine]:
    """Return the lines of current alerts this actor may read; the front desk gets what was written for it."""
    lines = [line(actor, alert) for alert in alerts if alert.is_current]
    return [one for one in lines if one and one.severity in {CRITICAL, WARNING}]


def line(actor: Actor, alert: Alert) -> BandLine | None:
    """Return what this actor may read of an alert, None if nothing."""
    if actor.holds(Open.RECORD) and alert.is_clinical:
        title = Alert.KINDS.get(alert.content.get("kind", ""), "Alert")
        return BandLine(alert.content.get("severity", "note"), title, alert.content.get("text", ""))
    if alert.desk_text == Alert.DESK_FLAG:
        return BandLine(
            CRITICAL, Alert.DESK_FLAG, "before anything is done. The reason is in the clinical record."
        )
    if alert.desk_text:
        return BandLine(WARNING, "Alert" if alert.is_clinical else "For everyone", alert.desk_text)
    return None
