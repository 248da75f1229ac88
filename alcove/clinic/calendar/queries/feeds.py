"""What the link to a practitioner's calendar opens: busy times or initials, and never what is done (API-07).

What must never happen: a treatment, a note or a name in it; anything but "Busy" for a client who is limited to a care
team, whoever asks; a link that opens after it was ended, or after its person left. Unknown, altered and ended links are
one and the same: ``Gone`` (410) in the same words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from alcove.clinic.calendar.models import Appointment, Block, Booking, Feed
from alcove.clinic.calendar.policy import Calendar, Did
from alcove.clinic.calendar.queries import ical
from alcove.clinic.clients.queries import finding
from alcove.clinic.practice.models import Practice, StaffProfile
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Gone, NotFound
from alcove.security.access.models import Restriction
from alcove.security.access.policy import Open
from alcove.security.identity import tokens
from alcove.security.identity.sessions import acting

BEHIND, AHEAD = timedelta(days=14), timedelta(days=90)
"""How far a feed reaches."""
GONE: Final = (
    "This calendar link is not valid, or no longer. A new one is made in Alcove: Calendar, on my phone."
)
BUSY: Final = "Busy"


def feed(token: str, *, now: datetime) -> tuple[Feed, Actor]:
    """Return what a token stands for, and its person with the rights they hold now; raise ``Gone``."""
    found = Feed.objects.select_related("profile__person").filter(digest=tokens.digest(token)).first()
    if found is None or found.ended_at is not None:
        raise Gone(GONE)
    person = found.profile.person
    if person.suspended_at is not None or (person.leaves_at is not None and person.leaves_at <= now):
        raise Gone(GONE)
    owner = acting(person)
    if not (owner.holds(Calendar.FEED) and owner.holds(Calendar.VIEW)):
        raise Gone(GONE)
    return found, owner


@dataclass(frozen=True, slots=True)
class Seen:
    """What a feed has to say, before any client is opened. ``mark`` is another one whenever that is something else."""

    name: str
    rows: list[dict[str, Any]]
    limited: frozenset[UUID]
    mark: str


def seen(found: Feed, *, now: datetime) -> Seen:
    """Return a feed's times; four small queries, nobody's keys."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    span = {"ends_at__gt": today - BEHIND, "starts_at__lt": today + AHEAD}
    rows = _visits(found, span, today) + _blocks(found, span)
    limited = frozenset(Restriction.objects.values_list("client_id", flat=True))
    name = Practice.objects.values_list("name", flat=True).first() or ""
    said = [
        (*row.values(), row["client_id"] in limited) for row in sorted(rows, key=lambda row: str(row["id"]))
    ]
    mark = hashlib.sha256(repr((found.shows, name, said)).encode()).hexdigest()
    return Seen(name, rows, limited, mark)


def _visits(found: Feed, span: dict[str, datetime], today: datetime) -> list[dict[str, Any]]:
    mine = Appointment.objects.filter(profile_id=found.profile_id, **span).exclude(
        booking__state=Booking.State.HELD
    )
    # What was cancelled is told for as long as it would have been to come: some programs keep what they once had.
    mine = mine.exclude(booking__state=Booking.State.CANCELLED, starts_at__lt=today)
    rows: list[Any] = list(
        mine.values(
            "id", "starts_at", "ends_at", "version", "client_id", "client__version", "booking__version",
            "booking__state", "booking__created_at",
        )
    )  # fmt: skip
    return rows


def _blocks(found: Feed, span: dict[str, datetime]) -> list[dict[str, Any]]:
    """Return blocked time: busy too. Its title is free text, and stays here."""
    mine = Block.objects.filter(profile_id=found.profile_id, **span).values(
        "id", "starts_at", "ends_at", "version"
    )
    return [row | {"client_id": None} for row in mine]


def written(found: Feed, said: Seen, owner: Actor) -> bytes:
    """Return the calendar. Initials open the directory parts of the clients concerned, with one log entry of all."""
    initials: dict[UUID, str] = {}
    if found.shows == Feed.Shows.INITIALS and owner.holds(Open.DIRECTORY):
        ids = dict.fromkeys(row["client_id"] for row in said.rows if row["client_id"])
        shown = [client_id for client_id in ids if client_id not in said.limited]
        opened = finding.opened(owner, shown, Did.FEED_SHOWN) if shown else []
        initials = {client.id: client.initials for client in opened}
    return ical.calendar(said.name, _events(found, said, initials))


def _events(found: Feed, said: Seen, initials: dict[UUID, str]) -> Iterator[ical.Event]:
    host = settings.ALCOVE.public_address.partition("//")[2].partition(":")[0]
    for row in sorted(said.rows, key=lambda row: (row["starts_at"], str(row["id"]))):
        yield ical.Event(
            # Another id than the row's own: what lies in somebody's phone is no key to anything here.
            uid=f"{tokens.digest(row['id'].hex)[:32]}@{host}", starts_at=row["starts_at"], ends_at=row["ends_at"],
            summary=initials.get(row["client_id"]) or BUSY,
            changed_at=row.get("booking__created_at") or min(row["starts_at"], found.made_at),
            sequence=row["version"] + row.get("booking__version", 0),
            is_cancelled=row.get("booking__state") == Booking.State.CANCELLED,
        )  # fmt: skip


# Pages ----------------------------------------------------------------------------------------------------------------


def own(actor: Actor) -> tuple[bool, Feed | None]:
    """Return whether this person has a column of their own, and the link to it there is."""
    has_column = StaffProfile.objects.filter(person_id=actor.id or need.NOBODY).exists()
    return has_column, Feed.objects.filter(profile__person_id=actor.id or need.NOBODY, ended_at=None).first()


def living(actor: Actor) -> list[Feed]:
    """Return everybody's links that open something, by name; raise ``Refused``."""
    actor.must(Calendar.END_FEEDS)
    rows = Feed.objects.select_related("profile").filter(ended_at=None)
    return list(rows.order_by("profile__position", "profile__shown_name"))


def one(actor: Actor, feed_id: UUID) -> Feed:
    """Return a link by its id, to be ended; raise ``NotFound``, ``Refused``."""
    actor.must(Calendar.END_FEEDS)
    found = Feed.objects.filter(pk=feed_id).first()
    if found is None:
        raise NotFound("there is no such link")
    return found
