"""Who opened one client's record, in the words the client reads: name or role, when, what, and why (AUD-06)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils import timezone

from alcove.clinic.calendar.models import Appointment, Booking
from alcove.clinic.records.models import Visit
from alcove.compliance.models import Alert, Shield
from alcove.compliance.queries import days
from alcove.compliance.queries.rules import QUESTION
from alcove.security import policy_defaults as policy
from alcove.security.access import audiences
from alcove.security.access.actors import Actor
from alcove.security.access.models import GlassBreak, TeamMember
from alcove.security.access.need import NOBODY
from alcove.security.audit.events import Result
from alcove.security.audit.models import Entry
from alcove.security.identity.policy import Own
from alcove.security.identity.queries import explain

PAGE: Final = 50
_MOST: Final = 2_000
_AREAS: Final = {
    "records": "Your medical record", "clients": "Your details", "calendar": "Your appointments",
    "messaging": "Messages to you", "activities": "A task about you", "identity": "Your portal account",
    "access": "Who may see your record", "api": "Your record",
}  # fmt: skip
_EMERGENCY: Final = frozenset({"access.glass.broken"})
_LEFT_OUT: Final = ("compliance", "audit")


@dataclass(frozen=True, slots=True)
class Look:
    """One person's day with the record: ``areas`` in words, ``why`` as far as the practice knows it."""

    on: date
    at: datetime
    who: str
    role: str
    areas: tuple[str, ...]
    why: str
    was_taken: bool

    @property
    def is_emergency(self) -> bool:
        return self.why == EMERGENCY


EMERGENCY: Final = "Emergency access; somebody else reviews it"
UNKNOWN: Final = "The practice has noted no reason"


@dataclass(frozen=True, slots=True)
class Case:
    """A question this client asked: its number, when, whether it is answered and how."""

    number: int
    at: datetime
    told: str
    result: str


def looks(actor: Actor, number: int = 1) -> tuple[list[Look], bool]:
    """Return a page of who opened the actor's own record, newest first, and whether there is more.

    Only people of the practice: what the program does by itself is nobody's look. The guard has recorded this one.
    """
    actor.must(Own.VIEW)
    return of_client(actor.client_id or NOBODY, number)


def of_client(client_id: UUID, number: int = 1) -> tuple[list[Look], bool]:
    """Return the same for a client by id; the caller has asked whether the reader may."""
    rows = Entry.objects.filter(client_id=client_id, actor_kind="person", result=Result.DONE)
    # What happened to a sensitive entry is told to its audience only, and not by the log.
    rows = rows.not_about(audiences.hidden_rows(client_id))
    held: dict[tuple[date, UUID], list[Entry]] = {}
    for one in rows.newest_first()[:_MOST]:
        if one.actor_id and one.event.partition(".")[0] not in _LEFT_OUT:
            held.setdefault((days.day_of(one.at_us), one.actor_id), []).append(one)
    keys = list(held)[(number - 1) * PAGE : number * PAGE + 1]
    shown = keys[:PAGE]
    why = _Reasons.of(client_id, shown)
    people = explain.names(person for _, person in shown)
    hidden = set(Shield.objects.filter(pk__in=people).values_list("pk", flat=True))
    found = []
    for key in shown:
        look = _look(key[0], held[key], people.get(key[1], "Somebody who has left"), why.word(key, held[key]))
        found.append(replace(look, who="") if key[1] in hidden else look)
    return found, len(keys) > PAGE


def _look(on: date, entries: list[Entry], who: str, why: str) -> Look:
    areas = dict.fromkeys(_AREAS.get(one.event.partition(".")[0], "Your record") for one in entries)
    role = entries[0].role[:1].upper() + entries[0].role[1:]
    was_taken = any(one.event in days.TAKEN for one in entries)
    return Look(on, entries[0].at, who, role, tuple(areas), why, was_taken)


@dataclass(frozen=True, slots=True)
class _Reasons:
    """What explains looks at one client: visits by person and day, the care team, emergency access."""

    visits: list[tuple[UUID | None, datetime]]
    team: frozenset[UUID]
    glass: frozenset[tuple[date, UUID]]

    @classmethod
    def of(cls, client_id: UUID, shown: Iterable[tuple[date, UUID]]) -> _Reasons:
        days_shown = [on for on, _ in shown]
        if not days_shown:
            return cls([], frozenset(), frozenset())
        zone = timezone.get_current_timezone()
        margin = policy.CARE_REASON_LIFE + timedelta(days=1)
        first = datetime.combine(min(days_shown), datetime.min.time(), zone) - margin
        last = datetime.combine(max(days_shown), datetime.min.time(), zone) + margin
        near = {"client_id": client_id, "starts_at__gte": first, "starts_at__lte": last}
        booked = Appointment.objects.filter(**near).exclude(booking__state=Booking.State.CANCELLED)
        visits = [
            *Visit.objects.filter(**near).values_list("clinician_id", "starts_at"),
            *booked.values_list("profile__person_id", "starts_at"),
        ]
        team = TeamMember.objects.filter(client_id=client_id).values_list("person_id", flat=True)
        broken = GlassBreak.objects.filter(client_id=client_id).values_list("person_id", "began_at")
        glass = {(timezone.localtime(at).date(), person) for person, at in broken}
        return cls(visits, frozenset(team), frozenset(glass))

    def word(self, key: tuple[date, UUID], entries: list[Entry]) -> str:
        """Return why, in one phrase."""
        on, person = key
        if key in self.glass or any(one.event in _EMERGENCY for one in entries):
            return EMERGENCY
        near = [
            who
            for who, at in self.visits
            if abs((timezone.localtime(at).date() - on).days) <= policy.CARE_REASON_LIFE.days
        ]
        if person in near:
            return "Your visit with them"
        if person in self.team:
            return "They are on your care team"
        areas = {one.event.partition(".")[0] for one in entries if one.event not in days.LOOKS}
        for area, words in (("messaging", "A message to you"), ("calendar", "Your appointment"), ("activities", "A task about you")):  # fmt: skip  # noqa: E501
            if area in areas:
                return words
        if areas:
            return "They changed or added something"
        return "Your visit here" if near else UNKNOWN


def cases(actor: Actor) -> list[Case]:
    """Return what the actor asked about their record, newest first; the finding itself is the officer's."""
    actor.must(Own.VIEW)
    rows = Alert.objects.filter(rule=QUESTION, client_id=actor.client_id or NOBODY).order_by("-number")
    return [
        Case(one.number, one.raised_at, one.told or "", "Closed" if one.closed_at else "Being looked at")
        for one in rows[:50]
    ]
