"""Invented values of every kind a client can give, put into a practice through the same actions that people use."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Client
from alcove.clinic.messaging import actions as messages
from alcove.clinic.practice.models import Location
from alcove.clinic.records import actions as records
from alcove.clinic.records.models.content import KINDS
from alcove.project.prove.ground import Practice
from alcove.security.access.opening import open_client
from alcove.security.access.policy import RoleKey
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import keyring

_SYLLABLES = (
    "qua",
    "vor",
    "zim",
    "tel",
    "bru",
    "nax",
    "pol",
    "dri",
    "fex",
    "gul",
    "hyp",
    "jor",
    "kiv",
    "lum",
)


@dataclass
class Planted:
    """Values by what they are: ``desk`` may be seen by whoever sees cards, ``clinical`` by clinicians only."""

    clients: list[Client] = field(default_factory=list)
    desk: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    clinical: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    secrets: list[str] = field(default_factory=list)

    def every(self) -> list[str]:
        """Return all planted values."""
        return [
            value for kinds in (self.desk, self.clinical) for values in kinds.values() for value in values
        ]


class Planter:
    """Makes words that occur nowhere else; different at each run."""

    def __init__(self, planted: Planted) -> None:
        self.planted = planted
        self.random = random.SystemRandom()
        self._used: set[str] = set()

    def word(self) -> str:
        # A word drawn twice would be a name here and a diagnosis there, a leak where there is none: not by this one,
        # and by another one that planted before as good as never.
        while (drawn := "".join(self.random.choice(_SYLLABLES) for _ in range(7))) in self._used:
            pass
        self._used.add(drawn)
        return drawn.capitalize()

    def desk(self, kind: str) -> str:
        return self._keep(self.planted.desk, kind, self.word())

    def clinical(self, kind: str) -> str:
        return self._keep(self.planted.clinical, kind, self.word())

    def phone(self, kind: str) -> str:
        number = f"+1212{self.random.randint(2, 9)}{self.random.randint(0, 999999):06d}"
        return self._keep(self.planted.desk, kind, number)

    def email(self, kind: str) -> str:
        return self._keep(self.planted.desk, kind, f"{self.word().lower()}@{self.word().lower()}.example")

    @staticmethod
    def _keep(held: dict[str, list[str]], kind: str, value: str) -> str:
        held[kind].append(value)
        return value


def plant(practice: Practice, count: int) -> Planted:
    """Make ``count`` clients whose every field holds a planted value; about 40 values each."""
    planted = Planted()
    planter = Planter(planted)
    for _ in range(count):
        planted.clients.append(_one(practice, planter))
    return planted


def _one(practice: Practice, planter: Planter) -> Client:
    owner, nurse = practice.actor(RoleKey.OWNER), practice.actor(RoleKey.PRESCRIBER)
    desk, clinical = planter.desk, planter.clinical
    with keyring():
        client = clients.create_client(
            owner,
            directory={
                "given": desk("given name"), "family": desk("family name"), "preferred": desk("preferred name"),
                "reading": desk("reading"), "born": "1987-06-05", "phones": [planter.phone("phone")],
                "emails": [planter.email("e-mail")], "numbers": [{"kind": "MRN", "value": desk("number")}],
            },
            details={
                "pronouns": desk("pronouns"), "occupation": desk("occupation"), "language": desk("language"),
                "note": desk("card note"),
                "address": {"line": desk("street"), "city": desk("city"), "postal": desk("postal code")},
            },
        )  # fmt: skip
        open_client(nurse, client.id)
        clients.add_person(
            owner, client,
            details={"role": "emergency", "name": desk("linked person"), "phone": planter.phone("linked phone")},
        )  # fmt: skip
        clients.add_alert(
            nurse,
            client,
            kind="clinical",
            severity="warning",
            text=clinical("alert"),
            desk_text=desk("desk alert"),
        )
        _reached(practice, client, planter)
        _chart(practice, client, clinical)
    return client


def _reached(practice: Practice, client: Client, planter: Planter) -> None:
    """A confidential contact, and a message that says when and where."""
    owner, now = practice.actor(RoleKey.OWNER), timezone.now()
    wishes = {
        "channel": "email", "confidential_email": planter.email("confidential e-mail"),
        "confidential_phone": planter.phone("confidential phone"),
    }  # fmt: skip
    messages.choose(owner, client.id, wishes, version=0)
    messages.confirm_address(owner, client.id, wishes["confidential_email"], how="staff")
    place = Location.objects.values_list("id", flat=True)[0]
    facts = {"starts_at": now.isoformat(), "location": place.hex, "token": planter.desk("link token")}
    ends_at = now + timedelta(days=2)
    messages.plan(owner, client.id, [messages.Plan("booked", now, ends_at)], about=uuid7(), facts=facts)


def _chart(practice: Practice, client: Client, clinical: Callable[[str], str]) -> None:
    nurse = practice.actor(RoleKey.PRESCRIBER)
    visit = records.add_visit(
        nurse, client, starts_at=timezone.now() - timedelta(days=30),
        content={"type": clinical("visit type"), "reason": clinical("visit reason"), "place": clinical("visit place")},
    )  # fmt: skip
    for kind, shape in KINDS.items():
        entry = shape(name=clinical(f"{kind} name"), note=clinical(f"{kind} note"), start="2025-03-04")
        records.add_item(nurse, client, kind=kind, entry=entry, visit=visit)
    note = records.begin_note(nurse, client, template="soap", visit=visit, title=clinical("note title"))
    records.keep_draft(
        nurse, note, title=note.title,
        body={"subjective": clinical("note text"), "objective": clinical("note text"), "plan": clinical("note text")},
    )  # fmt: skip
    records.sign_note(nurse, note)
    records.amend_note(
        nurse, note, text=clinical("amendment"), reason=f"because {clinical('amendment reason')}"
    )
    draft = records.begin_note(nurse, client, template="free", title=clinical("draft title"))
    records.keep_draft(nurse, draft, title=draft.title, body={"text": clinical("draft text")})
    # Twice, so that an earlier version is kept as well.
    records.keep_draft(nurse, draft, title=clinical("draft title"), body={"text": clinical("draft text")})
    text = f"Plain document. {clinical('document text')}\n".encode()
    records.add_document(
        nurse, client, data=text, name=f"{clinical('document name')}.txt", title=clinical("document title"),
        dated=date(2025, 1, 2),
    )  # fmt: skip
