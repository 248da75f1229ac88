"""The stage of the demo: who plays, and one line of time on which every deed has its moment.

Deeds are planned first and done afterwards in the order of their moments, each by the person who does it, through the
same actions and openings as in a real practice; so the log's times only go forward and say what truly happened here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from alcove.clinic.clients.models import Client
from alcove.clinic.practice.queries import holidays
from alcove.project.demo.clients import Invented
from alcove.project.demo.people import STAFF, Staff
from alcove.security.access.actors import Actor
from alcove.security.access.opening import open_client
from alcove.security.audit import clock
from alcove.security.audit.events import Event
from alcove.security.identity.middleware import named_origin
from alcove.security.identity.models import Person, Session
from alcove.security.vault.keyring import keyring

ZONE: Final = ZoneInfo("America/Los_Angeles")
BY_KEY: Final = {one.key: one for one in STAFF}
_OPENS, _CLOSES = 9 * 60, 17 * 60 + 30
_STEP: Final = 15

Deed = Callable[[], None]


@dataclass
class Card:
    """A client of the demo: as invented, and from the deed that makes the card on, as stored."""

    invented: Invented
    row: Client | None = None

    @property
    def client(self) -> Client:
        if self.row is None:
            raise LookupError("this client's card is made later")
        return self.row


def moment(day: date, minutes: float) -> datetime:
    """Return the moment so many minutes after midnight at the practice."""
    local = datetime.combine(day, time(), ZONE) + timedelta(minutes=minutes)
    return local.astimezone(UTC)


@dataclass
class Stage:
    """Everything a deed needs. ``at`` plans a deed; ``play`` does them all.

    ``today`` is the day at the practice, ``until`` the moment before which everything lies; ``spans``: from when until
    when each person is at work on each day; ``limited``: the colleague who is a client, not among ``cards``.
    """

    rng: Random
    today: date
    until: datetime
    people: dict[str, Person] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)
    limited: Card | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    deeds: list[tuple[datetime, int, Deed]] = field(default_factory=list)
    booked: dict[tuple[str, date], set[int]] = field(default_factory=dict)
    spans: dict[tuple[str, date], tuple[datetime, datetime]] = field(default_factory=dict)
    _origins: dict[tuple[str, str, date], UUID | None] = field(default_factory=dict)

    def at(self, when: datetime, key: str, deed: Deed) -> None:
        """Plan a deed of one of the staff ("" for a stranger's); one that lies ahead of now is left out."""
        if when >= self.until:
            return
        self.deeds.append((when, len(self.deeds), deed))
        if key:
            day = (key, when.astimezone(ZONE).date())
            first, last = self.spans.get(day, (when, when))
            self.spans[day] = (min(first, when), max(last, when))

    def play(self, tell: Callable[[datetime], None], advance: Callable[[int], None]) -> None:
        """Do every deed at its moment, in order."""
        self.deeds.sort(key=lambda item: item[:2])
        for when, _, deed in self.deeds:
            tell(when)
            deed()
            advance(1)

    # Who acts ---------------------------------------------------------------------------------------------------

    def actor(self, key: str) -> Actor:
        """Return a person of the staff as they act at this moment, from their own screen."""
        staff = BY_KEY[key]
        session = self.sessions.get(key)
        return replace(
            self.actors[key],
            origin_id=self.origin(staff.address, staff.browser),
            session_id=session.id if session else None,
            request=secrets.token_hex(5),
        )

    def origin(self, address: str, browser: str) -> UUID | None:
        """Return the origin of an address and browser on the day of this deed."""
        key = (address, browser, clock.now().date())
        if key not in self._origins:
            request = HttpRequest()
            request.META = {"REMOTE_ADDR": address, "HTTP_USER_AGENT": browser}
            request.actor = Actor.stranger()  # type: ignore[attr-defined]  # as the middleware does
            named_origin(request)
            self._origins[key] = request.actor.origin_id  # type: ignore[attr-defined]  # set one line above
        return self._origins[key]

    @contextmanager
    def opened(
        self, key: str, card: Card, *, record: bool = False, event: Event | None = None
    ) -> Iterator[Actor]:
        """Open one client for a person as a guard does; ``record``: this look is a deed of its own."""
        actor = self.actor(key)
        with keyring():
            open_client(actor, card.client.id, record=record, event=event)
            yield actor

    # When ------------------------------------------------------------------------------------------------------

    @cached_property
    def shut(self) -> frozenset[date]:
        """Public holidays: nobody works."""
        years = range(self.today.year - 2, self.today.year + 2)
        return frozenset(day for day, _ in holidays.of("US", "CA", years))

    def workday(self, staff: Staff, day: date, *, step: int = 1) -> date:
        """Return the first day at or after ``day`` on which this person works and the practice is open.

        ``step`` -1: the last one at or before it, for what must not slip past today over a long weekend.
        """
        while not staff.works_on(day) or day in self.shut:
            day += timedelta(days=step)
        return day

    def slot(self, staff: Staff, day: date, minutes: int) -> datetime | None:
        """Book a free time with this person on that day or soon after; None if that would not be past."""
        for _ in range(20):
            day = self.workday(staff, day)
            if day >= self.today:
                return None
            taken = self.booked.setdefault((staff.key, day), set())
            length = -(-minutes // _STEP)
            starts = [
                at
                for at in range(_OPENS, _CLOSES, _STEP)
                if not taken & set(range(at, at + length * _STEP, _STEP))
            ]
            if starts:
                start = self.rng.choice(starts)
                taken |= set(range(start, start + length * _STEP, _STEP))
                return moment(day, start)
            day += timedelta(days=1)
        return None
