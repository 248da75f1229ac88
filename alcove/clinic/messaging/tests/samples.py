"""One object for every argument of this area's routes, for the walk over all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from alcove.clinic.messaging import actions
from alcove.clinic.messaging.tests.make import facts, opened


def samples(practice: Any) -> dict[str, Any]:
    """Return the name of a text, and a message that waits for its time."""
    client = practice.client("Sample", "Reminded", emails=["reminded.sample@example.org"])
    now = timezone.now()
    with opened(practice, client) as actor:
        plans = [actions.Plan("booked", now + timedelta(days=1), now + timedelta(days=2))]
        [row] = actions.plan(actor, client.id, plans, about=uuid4(), facts=facts())
    return {"client_id": client.id, "text_key": "booked-sms-en-US", "outgoing_id": row.id}
