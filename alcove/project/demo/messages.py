"""Messages about visits in the demo: clients who chose differently, and how it went.

One wants SMS in Spanish, one nothing but the portal, one whose address sent a message back, one whose quiet hours are
not over. Nothing of it leaves the house; what would have been said stands in the demo's outbox.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from alcove.clinic.calendar.models import Booking
from alcove.clinic.clients.models import Client
from alcove.clinic.messaging import actions
from alcove.clinic.messaging.actions import sending
from alcove.clinic.messaging.actions.sending import Said
from alcove.clinic.messaging.models import Choices, Outgoing
from alcove.clinic.messaging.models.kinds import PORTAL, SMS
from alcove.clinic.messaging.policy import Did, Round
from alcove.clinic.messaging.queries import choosing, composing, wording
from alcove.project.demo.booking import Life
from alcove.project.demo.diary import Planned
from alcove.project.demo.people import OWNER
from alcove.project.demo.stage import ZONE, Card, Stage, moment
from alcove.security.access.actors import Actor
from alcove.security.access.opening import open_client
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import keyring

DESK: Final = "maya.johnson"
_DELIVERED, _BOUNCED = "delivered", "bounced"


@dataclass(frozen=True, slots=True)
class _Story:
    """What one client chose and how their last messages went. ``fate``: of the last one, "" for sent."""

    wishes: dict[str, str]
    is_confirmed: bool = True
    is_warned: bool = False
    fate: str = ""


_STORIES: Final = (
    _Story({"channel": "email", "language": "en-US"}),
    _Story({"channel": "sms", "language": "es"}, fate=_DELIVERED),
    _Story({"channel": "portal", "language": "en-US"}),
    _Story({"channel": "none"}),
    _Story({"channel": "email", "language": "de", "time_zone": "Europe/Berlin"}, is_warned=True),
    _Story({"channel": "email", "language": "fr"}, fate=_BOUNCED),
    _Story(
        {"channel": "sms", "language": "en-GB", "quiet_from": "20:00", "quiet_to": "09:00"}, fate=_DELIVERED
    ),
    _Story({"channel": "email"}, is_confirmed=False),
    _Story({"channel": "sms", "confidential_phone": "+14155550118"}, is_warned=True),
)


def plan(stage: Stage, life: Life) -> None:
    """Plan the history: choices made at the desk, and messages about a visit of the last days."""
    stage.at(moment(stage.today - timedelta(days=120), 11 * 60), "", lambda: _price(stage))
    for at, (planned, story) in enumerate(zip(_visited(stage, life), _STORIES, strict=False)):
        card, row = planned.card, planned.row
        if card is None:
            continue
        day = stage.today - timedelta(days=21 - at)
        chose = min(moment(day, 10 * 60 + at), row.created_at - timedelta(minutes=5))
        stage.at(chose, DESK, _chosen(stage, card, story))
        fates = {"booked": "", "reminder_far": "", "reminder_near": story.fate}
        sent_at = (
            row.created_at + timedelta(minutes=2),
            max(row.starts_at - timedelta(hours=48), row.created_at + timedelta(minutes=3)),
            row.starts_at - timedelta(hours=2),
        )
        for (kind, fate), when in zip(fates.items(), sent_at, strict=True):
            stage.at(when, "", _told(stage, planned, kind, fate))


def _visited(stage: Stage, life: Life) -> list[Planned]:
    """Return visits of the last days that the desk booked, one of each client who may be in a story."""
    found: dict[int, Planned] = {}
    first, last = stage.until - timedelta(days=6), stage.until - timedelta(hours=3)
    for one in life.bookings:
        row = one.row
        is_theirs = one.by == DESK and one.card in stage.cards and row.state == Booking.State.DONE
        if is_theirs and first < row.starts_at < last and row.created_at < row.starts_at - timedelta(hours=3):
            found.setdefault(id(one.card), one)
    return [one for one in found.values() if one.card is not None and _may_take_part(stage, one.card)]


def _price(stage: Stage) -> None:
    actions.set_spending(stage.actor(OWNER.key), sms_milli=8, cap_minor=4_000, version=0)


def _may_take_part(stage: Stage, card: Card) -> bool:
    held = card.invented
    has_both = held.directory.get("emails") and held.directory.get("phones")
    is_early = held.since <= stage.today - timedelta(days=40)
    return bool(has_both and is_early and not held.details.get("deceased_on"))


def _chosen(stage: Stage, card: Card, story: _Story) -> Callable[[], None]:
    def deed() -> None:
        with stage.opened(DESK, card) as actor:
            client_id = card.client.id
            client = Client.objects.get(pk=client_id)
            chosen = actions.choose(
                actor, client_id, story.wishes, version=0, is_warned=story.is_warned or None
            )
            if story.is_confirmed:
                for address in {
                    one for found in choosing.addresses(client, chosen).values() for one in found
                }:
                    actions.confirm_address(actor, client_id, address, how="staff")

    return deed


def _told(stage: Stage, planned: Planned, kind: str, fate: str) -> Callable[[], None]:
    def deed() -> None:
        if planned.card is not None:
            with stage.opened(DESK, planned.card) as actor:
                row = _planned(actor, planned, kind, clock.now())
            if not row.fault:
                _leave(row, fate)

    return deed


def _planned(actor: Actor, planned: Planned, kind: str, due_at: datetime) -> Outgoing:
    booking = planned.row
    facts = {
        "starts_at": booking.starts_at.astimezone(UTC).isoformat(),
        "location": booking.location_id.hex,
        "token": uuid7().hex[-16:],
    }
    ends_at = max(booking.starts_at, due_at + timedelta(hours=1))
    client_id = planned.card.client.id if planned.card is not None else uuid7()
    [row] = actions.plan(
        actor, client_id, [actions.Plan(kind, due_at, ends_at)], about=booking.pk, facts=facts
    )
    return row


def _leave(row: Outgoing, fate: str) -> None:
    """Do at once what the round would have done a moment later; nothing leaves."""
    job = Actor.job("messages", Round.DELIVER, Open.DIRECTORY)
    with keyring():
        open_client(job, row.client_id, event=Did.ADDRESS_READ)
        client, chosen = Client.objects.get(pk=row.client_id), choosing.choice(row.client_id)
        way = composing.route_of(client, chosen)
        if not way.is_open:
            sending.drop(job, row, way.refusal, channel=way.channel)
            return
        letter = composing.composed(client, row, chosen, way)
        if way.channel == SMS:
            sending.reserve(row, wording.parts(letter.words.body).parts)
        sending.mark(row, way.channel)
        said = Said(way.to, letter.kept)
        if way.channel == PORTAL:
            sending.note_kept(job, row, said)
        elif fate == _BOUNCED:
            sending.bounce(job, row, said, "recipient refused")
        else:
            sending.note_sent(job, row, said)
            if fate == _DELIVERED:
                sending.note_fate(job, row, _DELIVERED)


def as_of_now(stage: Stage, life: Life) -> None:
    """Leave one message waiting for the end of quiet hours: a visit was moved."""
    now = clock.now()
    local = now.astimezone(ZONE)
    quiet = {
        "channel": "sms", "quiet_from": f"{local - timedelta(hours=1):%H:00}",
        "quiet_to": f"{local + timedelta(hours=7):%H:00}",
    }  # fmt: skip
    has_chosen = set(Choices.objects.values_list("client_id", flat=True))
    for planned in life.bookings:
        card, row = planned.card, planned.row
        is_ahead = row.state == Booking.State.BOOKED and row.starts_at > now + timedelta(days=3)
        if card is None or card.row is None or card not in stage.cards or not is_ahead:
            continue
        if card.client.id not in has_chosen and _may_take_part(stage, card):
            with stage.opened(DESK, card) as actor:
                actions.choose(actor, card.client.id, quiet, version=0)
                _confirm_first(actor, card)
                _planned(actor, planned, "moved", now)
            return


def _confirm_first(actor: Actor, card: Card) -> None:
    client = Client.objects.get(pk=card.client.id)
    for found in choosing.addresses(client, choosing.choice(client.id)).values():
        for address in found[:1]:
            actions.confirm_address(actor, client.id, address, how="staff")
