"""A practice to try things on: its people as actors and as signed-in browsers. Used by the promises and the tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.test import Client as Browser
from django.utils import timezone

from alcove.clinic.clients.actions import create_client
from alcove.clinic.clients.models import Client
from alcove.project.founding import Founded
from alcove.security.access.actors import Actor
from alcove.security.access.models import Role
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.identity import tokens
from alcove.security.identity.actions import add_person
from alcove.security.identity.models import Device, Person, Session
from alcove.security.identity.sessions import COOKIE, DEVICE_COOKIE, acting


@dataclass
class Practice:
    """A founded practice. ``role`` is always a key of ``RoleKey``."""

    owner: Person
    roles: dict[str, Role]

    @classmethod
    def of(cls, founded: Founded) -> Practice:
        return cls(founded.owner, founded.roles)

    def person(self, role: str, name: str = "") -> Person:
        """Return the person here who holds exactly this built-in role; made when first asked for."""
        if role == RoleKey.OWNER:
            return self.owner
        email = f"{role}@clinic.example"
        found = Person.objects.filter(email=email).first()
        title = str(role).replace("_", " ").title()
        return found or add_person(
            Actor.operator("ground"),
            email=email,
            name=name or f"{title} Tester",
            roles=[self.roles[role]],
            is_vouched=True,
        )

    def actor(self, role: str) -> Actor:
        """Return an actor of that role with the rights held now."""
        return acting(self.person(role), request="ground")

    def signed_in(self, role: str) -> Browser:
        """Return a browser with a living session of that role."""
        token, digest = tokens.new_token()
        person = self.person(role)
        with writing("a session for the ground"):
            Session.objects.create(
                person=person,
                digest=digest,
                method="ground",
                device=self.device(),
                device_proved_at=timezone.now(),
            )
        browser = self.stranger()
        browser.cookies[COOKIE] = token
        browser.cookies[DEVICE_COOKIE] = "ground"
        return browser

    def device(self) -> Device:
        """Return the approved browser everybody here shares; known by its cookie."""
        found, _ = Device.objects.get_or_create(
            key_digest=tokens.digest("ground"),
            defaults={"name": "Ground", "state": Device.State.APPROVED, "kind": "office"},
        )
        return found

    def stranger(self) -> Browser:
        """Return a browser without a session; faults become pages, as they do for people."""
        return Browser(headers={"host": "localhost"}, raise_request_exception=False)

    def client(self, given: str, family: str, **more: Any) -> Client:
        """Return a new client made by the owner."""
        return create_client(self.actor(RoleKey.OWNER), directory={"given": given, "family": family, **more})


def as_id(value: object) -> UUID:
    """Return an id out of a sample, which may be a row, an id, or its text."""
    return getattr(value, "pk", None) or (value if isinstance(value, UUID) else UUID(str(value)))
