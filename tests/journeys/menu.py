"""A place of its own to book at, beside whatever the demo offers: ``python -m tests.journeys.menu``, in the demo's home.

``menu`` makes it and prints the location's id; ``token EMAIL [OLD]`` waits for a message about a visit to whoever has this
address and prints its token, another than OLD. A token lies in a message only until it leaves: on a busy machine this must
be started before the press that writes the message.
"""

from __future__ import annotations

import sys
import time

NINE, SIX = 9 * 60, 18 * 60


def menu() -> str:
    from alcove.clinic.practice.models import (
        Category,
        Location,
        OpeningHours,
        Prerequisite,
        Room,
        Service,
        ServiceStaff,
        StaffProfile,
        WorkingHours,
    )
    from alcove.security.access.writes import writing
    from alcove.security.identity.models import Person

    with writing("a place for journeys"):
        place = Location.objects.create(
            name="Harbour House", street="1 Pier Road", city="Sausalito", phone="+14155550188"
        )
        Room.objects.create(location=place, name="Bay")
        category, _ = Category.objects.get_or_create(name="Journeys")
        check = Service.objects.create(
            category=category, name="Skin check", minutes=30, price_minor=9_000, cutoff_minutes=60,
            description="A look at your skin and a plan, without obligation.",
        )  # fmt: skip
        peel = Service.objects.create(category=category, name="Sea peel", minutes=45, alternative=check)
        Prerequisite.objects.create(service=peel, kind="age", years=18)
        for number, name in enumerate(("Marina Costa", "Finn Harbour")):
            person = Person.objects.create(email=f"journey{number}@clinic.example", name=name)
            profile = StaffProfile.objects.create(person=person, shown_name=name, title="Aesthetic nurse")
            for service in (check, peel):
                ServiceStaff.objects.create(service=service, profile=profile)
            for day in range(7):
                WorkingHours.objects.create(
                    profile=profile, location=place, weekday=day, starts=NINE, ends=SIX
                )
        for day in range(7):
            OpeningHours.objects.create(location=place, weekday=day, opens=NINE, closes=SIX)
    return str(place.pk)


PATIENCE = 180
"""Seconds in which the message must be there."""


def token(email: str, old: str = "") -> str:
    from alcove.clinic.clients.queries import finding
    from alcove.clinic.messaging.models import Outgoing
    from alcove.security.access.actors import Actor
    from alcove.security.access.opening import open_client
    from alcove.security.vault.keyring import keyring

    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with keyring():
            for client_id in finding.by_contact(email, frozenset()):
                open_client(Actor.operator("journey"), client_id)
                rows = Outgoing.objects.filter(client_id=client_id, state="waiting").order_by("-created_at")
                for row in rows:
                    found = row.content["facts"].get("token", "")
                    if found and found != old:
                        return str(found)
        time.sleep(0.3)
    raise SystemExit("no message came")


def main() -> None:
    from bench import scratch

    scratch.join()
    print(menu() if sys.argv[1] == "menu" else token(*sys.argv[2:]))


if __name__ == "__main__":
    main()
