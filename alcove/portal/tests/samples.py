"""One object for every argument of the portal's routes, for the walk over all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from alcove.clinic.calendar.models import Booking, VisitLink
from alcove.clinic.practice.models import Category, Location, Service, ServiceStaff, StaffProfile
from alcove.portal.tests.patients import invited
from alcove.security.access.writes import writing
from alcove.security.identity import tokens
from alcove.security.identity.models import Passkey, Person, Session


def samples(practice: Any) -> dict[str, Any]:
    """Return a client who is invited, the token of the invitation, somebody's session and passkey."""
    # An address of its own each time: few may share one.
    email = f"portia.{tokens.new_token()[1][:12]}@example.org"
    client = practice.client("Portia", "Sample", born="1991-01-01", phones=["+14155550166"], emails=[email])
    token = invited(practice, client)
    session = Session.objects.create(
        person=practice.person("marketing"), digest=tokens.new_token()[1], method="test"
    )
    with writing("samples"):
        passkey = Passkey.objects.create(
            person=practice.person("marketing"), name="A phone", key_digest=tokens.new_token()[1], key_id=b"key",
            public_key=b"public",
        )  # fmt: skip
    visit, profile = _visit(practice, client)
    return {
        "client_id": client.id, "token": token, "session_id": session.id, "passkey_id": passkey.id,
        "visit_token": visit, "profile_id": profile,
    }  # fmt: skip


def _visit(practice: Any, client: Any) -> tuple[str, Any]:
    """Return the token of a link of a visit, and somebody patients may choose, with a photo."""
    with writing("samples"):
        person, _ = Person.objects.get_or_create(
            email="sampled@booked.example", defaults={"name": "Sampled Person"}
        )
        profile, _ = StaffProfile.objects.get_or_create(
            person=person, defaults={"shown_name": "Sampled", "photo": b"a picture"}
        )
        category, _ = Category.objects.get_or_create(name="Sampled online")
        service, _ = Service.objects.get_or_create(
            category=category, name="Sampled", defaults={"minutes": 30}
        )
        ServiceStaff.objects.get_or_create(service=service, profile=profile)
        starts_at = timezone.now() + timedelta(days=10)
        booking = Booking.objects.create(
            client=client, location=Location.objects.first(), starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
        )  # fmt: skip
        token, digest = tokens.new_token()
        VisitLink.objects.create(client=client, booking=booking, digest=digest)
    return token, profile.pk
