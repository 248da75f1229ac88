"""What these tests are made of: clients who can be reached, plans about visits, and time that passes."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.utils import timezone

from alcove.clinic.clients import actions as clients
from alcove.clinic.messaging import actions
from alcove.clinic.messaging.models import Choices, Outgoing
from alcove.clinic.messaging.queries import choosing
from alcove.clinic.practice.models import Location
from alcove.security.access.actors import Actor
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.vault.keyring import keyring

EMAIL, PHONE = "quillfeather@example.org", "+14155550142"
TOKEN = "tok7Kq2secretZz"


@contextmanager
def opened(practice, client, role="front_desk"):
    """Open one client as a guard does; yield the actor."""
    with keyring():
        actor = practice.actor(role)
        open_client(actor, client.id)
        yield actor


def somebody(practice, *, confirm=True, **choices):
    """Return a client with an address and a number of their own, and what they chose."""
    client = clients.create_client(
        practice.actor("owner"),
        directory={"given": "Zephyrine", "family": "Quillfeather", "emails": [EMAIL], "phones": [PHONE]},
    )
    # Quiet hours hang on the hour at which the tests run.
    chosen = {"quiet_from": "03:00", "quiet_to": "03:00"} | choices
    with opened(practice, client) as actor:
        actions.choose(actor, client.id, chosen, version=0)
        if confirm:
            for address in (EMAIL, PHONE):
                actions.confirm_address(actor, client.id, address, how="staff")
    return client


def choose(practice, client, **choices):
    with opened(practice, client) as actor:
        row = choosing.row_of(client.id)
        return actions.choose(actor, client.id, choices, version=row.version if row else 0)


def facts(starts_at=None, token=TOKEN, location=None):
    starts_at = starts_at or timezone.now() + timedelta(days=3)
    place = location or Location.objects.first()
    return {"starts_at": starts_at.astimezone(UTC).isoformat(), "location": place.id.hex, "token": token}


def planned(
    practice, client, kind="booked", *, about=None, due_at=None, ends_at=None, role="front_desk", **more
):
    now = timezone.now()
    with opened(practice, client, role) as actor:
        plans = [actions.Plan(kind, due_at or now, ends_at or now + timedelta(days=2))]
        [row] = actions.plan(actor, client.id, plans, about=about or uuid4(), facts=facts(**more))
    return row


def let_pass(row=None):
    """Let the undo window, a wait or a lease pass."""
    rows = Outgoing.objects.filter(pk=row.pk) if row else Outgoing.objects.all()
    with writing("test"):
        rows.update(due_at=timezone.now() - timedelta(seconds=1))


def content(practice, row):
    """Return what a row holds now."""
    with opened(practice, row.client):
        return Outgoing.objects.get(pk=row.pk).content


def held(practice, client):
    with opened(practice, client):
        return Choices.objects.get(client=client).held


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def job():
    return Actor.job("test")
