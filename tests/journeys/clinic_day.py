"""What a day in the clinic needs beside the demo: ``python -m tests.journeys.clinic_day VERB …``, in the demo's home.

``open`` makes a place where it is noon now, whenever the journey runs, so that nobody is asleep and the doors are open;
``guest``, ``late`` and ``due`` bring in what a journey cannot wait for: a client of long standing, a visit that should
have begun, the hour of a message.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from uuid import UUID

NOON = 12
PERSON = "Dana Day"


def open_place() -> str:
    """Make a place with two rooms, one practitioner and one service; return its id."""
    from alcove.clinic.practice.models import (
        Category,
        Location,
        OpeningHours,
        Room,
        Service,
        ServiceStaff,
        StaffProfile,
        WorkingHours,
    )
    from alcove.security.access.writes import writing
    from alcove.security.audit import clock
    from alcove.security.identity.models import Person

    # "Etc/GMT-9" lies nine hours ahead of UTC: the sign is the other way round.
    zone = f"Etc/GMT{clock.now().hour - NOON:+d}"
    with writing("a place for a day's journey"):
        place = Location.objects.create(name="Day House", time_zone=zone, city="Sausalito")
        for name in ("Window room", "Garden room"):
            Room.objects.create(location=place, name=name)
        category = Category.objects.create(name="Day")
        facial = Service.objects.create(
            category=category, name="Day facial", minutes=30, lead_minutes=180, cutoff_minutes=60
        )
        person = Person.objects.create(email="dana@journey.example", name=PERSON)
        profile = StaffProfile.objects.create(person=person, shown_name=PERSON)
        ServiceStaff.objects.create(service=facial, profile=profile)
        for day in range(7):
            OpeningHours.objects.create(location=place, weekday=day, opens=0, closes=1440)
            WorkingHours.objects.create(profile=profile, location=place, weekday=day, starts=0, ends=1440)
    return str(place.pk)


def guest(name: str, email: str) -> str:
    """Make a client whom messages reach; return the id."""
    from alcove.clinic.clients.actions import create_client
    from alcove.clinic.messaging import actions as messages
    from alcove.security.access import opening
    from alcove.security.access.actors import Actor

    actor = Actor.operator("journey")
    client = create_client(
        actor, directory={"given": name, "family": "Daylight", "emails": [email]}, details={}
    )
    opening.open_client(actor, client.pk)
    messages.confirm_address(actor, client.pk, email, how="staff")
    return str(client.pk)


def late(client_id: str, place_id: str) -> str:
    """Book a client for twenty minutes ago, to the full five; return the booking's id."""
    from alcove.clinic.calendar import actions
    from alcove.clinic.calendar.queries import Wish
    from alcove.clinic.practice.models import Location, Service, StaffProfile
    from alcove.security.access.actors import Actor
    from alcove.security.audit import clock

    place = Location.objects.get(pk=UUID(place_id))
    facial, dana = Service.objects.get(name="Day facial"), StaffProfile.objects.get(shown_name=PERSON)
    now = clock.now()
    begin = now - timedelta(minutes=20 + now.minute % 5, seconds=now.second, microseconds=now.microsecond)
    made = actions.book(Actor.operator("journey"), UUID(client_id), place, [Wish(facial, dana, begin, 30)])
    return str(getattr(made, "pk", made))


def due(email: str, kind: str) -> str:
    """Let a planned message leave now: its hour has come."""
    from django.utils import timezone

    from alcove.clinic.messaging.models import Outgoing
    from alcove.security.access.writes import writing

    with writing("the hour of a message"):
        rows = Outgoing.objects.filter(client_id=_client_of(email), kind=kind, state="waiting")
        return str(rows.update(due_at=timezone.now()))


def _client_of(email: str) -> UUID:
    from alcove.clinic.clients.queries import finding

    [client_id] = finding.by_contact(email, frozenset())
    return client_id


def main() -> None:
    from bench import scratch

    scratch.join()
    from alcove.security.vault.keyring import keyring

    verbs = {"open": open_place, "guest": guest, "late": late, "due": due}
    with keyring():
        print(verbs[sys.argv[1]](*sys.argv[2:]))


if __name__ == "__main__":
    main()
