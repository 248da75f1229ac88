"""One object per URL argument, for the walk over all routes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from alcove.security.access.actors import Actor
from alcove.security.access.models import Approval, RightsFile, Role, SupportAccess
from alcove.security.access.writes import writing
from alcove.security.identity import actions, tokens
from alcove.security.identity.models import Device, Passkey, Review, Session


def samples(practice: Any) -> dict[str, Any]:
    """Return ids and a link token that exist in this practice."""
    person = practice.person("marketing")
    session = Session.objects.create(person=person, digest=tokens.new_token()[1], method="test")
    with writing("samples"):
        device = Device.objects.create(key_digest=tokens.new_token()[1], name="A new browser")
        approval = Approval.objects.create(
            kind="export",
            purpose="for a lawyer",
            asked_by_name="Someone",
            ends_at=timezone.now() + timedelta(days=1),
        )
        rights_file = RightsFile.objects.create(
            roles=[{"key": "marketing", "name": "Marketing", "rights": ["all"]}],
            purpose="the head office's sheet",
            asked_by_name="Someone",
            ends_at=timezone.now() + timedelta(days=1),
        )
        support = SupportAccess.objects.create(
            operator="root", name="Jonas Keller", reason="the nightly backup fails", hours=2,
            ends_at=timezone.now() + timedelta(days=1), decided_at=timezone.now(), is_granted=True,
            until=timezone.now() + timedelta(hours=2),
        )  # fmt: skip
    link = actions.make_link(Actor.operator("test"), person)
    with writing("samples"):
        passkey = Passkey.objects.create(
            person=person,
            name="Work phone",
            key_digest=tokens.new_token()[1],
            key_id=b"key",
            public_key=b"public",
        )
    with writing("samples"):
        review = Review.objects.create(
            person=person, rights=["Marketing"], due_at=timezone.now() + timedelta(days=14)
        )
    return {
        "review_id": review.id,
        "person_id": person.id,
        "role_id": Role.objects.get(key="marketing").id,
        "session_id": session.id,
        "token": link.token,
        "device_id": device.id,
        "passkey_id": passkey.id,
        "approval_id": approval.id,
        "rights_file_id": rights_file.id,
        "support_id": support.id,
    }
