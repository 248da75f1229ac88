"""One object for each argument of this area's URLs, for the walk over all routes."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.actions import codes, waitlist
from alcove.clinic.calendar.models import Feed
from alcove.clinic.calendar.tests.make import clinic
from alcove.clinic.clients.actions import create_client
from alcove.clinic.practice.models import Service
from alcove.security.access.writes import writing
from alcove.security.identity import tokens


def samples(practice: Any) -> dict[str, Any]:
    """Return a booking, blocked time, a step, a code and somebody who waits, of a small clinic."""
    here = clinic()
    owner = practice.actor("owner")
    client = create_client(owner, directory={"given": "Sample", "family": "Booked", "born": "1980-01-01"})
    booking = here.book(owner, client.id, here.wish("facial", "P0", 10))
    block = actions.block(
        owner,
        here.location,
        of=here.people["P1"],
        title="Team meeting",
        starts_at=here.at(12),
        ends_at=here.at(13),
    )
    text, _ = codes.issue(owner, booking)
    entry = waitlist.join(
        owner,
        client.id,
        location=here.location,
        service=Service.objects.first(),
        from_on=timezone.localdate(),
    )
    token, digest = tokens.new_token()
    with writing("a link for tests"):
        feed = Feed.objects.create(profile=here.people["P0"], digest=digest)
    return {
        "client_id": client.id,
        "booking_id": booking.id,
        "block_id": block.id,
        "step": "confirm",
        "code": text,
        "entry_id": entry.pk,
        "feed_id": feed.pk,
        "feed_token": token,
    }
