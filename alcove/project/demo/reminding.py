"""What the demo's clients were told of their visits: confirmations and reminders, sent as far as their time has come.

Written in bulk like the visits themselves, in the same words and by the same ways as ``calendar.actions.telling`` and
the round of ``messaging`` would have. Nothing of it leaves the house.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from alcove.clinic.calendar.actions.telling import FAR, NEAR
from alcove.clinic.calendar.models import Booking, VisitLink
from alcove.clinic.clients.models import Client
from alcove.clinic.messaging.models import Choices, Outgoing, Spending
from alcove.clinic.messaging.models.kinds import EMAIL, PORTAL, SMS
from alcove.clinic.messaging.policy import Did, Messages
from alcove.clinic.messaging.queries import choosing, composing, timing, wording
from alcove.clinic.messaging.queries.choosing import Choice
from alcove.clinic.messaging.queries.places import Place, place
from alcove.clinic.messaging.queries.routing import Route
from alcove.clinic.messaging.queries.wording import Words
from alcove.project.demo.booking import Life
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.change import Change, action
from alcove.security.identity import tokens

_SINCE: Final = timedelta(days=3)
"""How long ago a visit may be for its messages to be there."""
_CONFIRMED: Final = 93
"""Of a hundred, how many have confirmed the address they are written to by."""
_BATCH: Final = 200
_KINDS: Final = (
    ("booked", None, timedelta()),
    ("reminder_far", FAR, NEAR),
    ("reminder_near", NEAR, timedelta()),
)
"""Kind, how long before the visit it leaves (None: when it is booked) and how long before it is worth nothing."""
State = Outgoing.State


@action(Messages.EDIT)
def write(change: Change, life: Life) -> None:
    """Write what was told of the visits of the last days and of all to come, with one link for each visit."""
    stage, told = life.stage, set(Outgoing.objects.values_list("about", flat=True))
    rows = [
        (one.row, one.row.client_id)
        for one in life.bookings
        if one.row.client_id is not None
        and one.row.starts_at > stage.until - _SINCE
        and one.row.state != Booking.State.CANCELLED
        and one.row.pk not in told
    ]
    people = _People(change, life, [client_id for _, client_id in rows])
    price = Spending.objects.values_list("sms_milli", flat=True).first() or 0
    links: list[VisitLink] = []
    messages: list[Outgoing] = []
    for row, client_id in rows:
        token, digest = tokens.new_token()
        links.append(
            VisitLink(
                client_id=client_id,
                booking=row,
                digest=digest,
                made_at=row.created_at,
                confirmed_at=row.confirmed_at,
            )
        )
        messages += _messages(people, row, client_id, token, stage.until, price)
    VisitLink.objects.bulk_create(links, batch_size=_BATCH)
    Outgoing.objects.bulk_create(messages, batch_size=_BATCH)
    change.record(Did.PLANNED, fields=(f"{len(messages)} messages of the demo",))


class _People:
    """The clients of these visits, opened, with what they chose; who never chose gets a confirmed address."""

    def __init__(self, change: Change, life: Life, client_ids: list[UUID]) -> None:
        ids = list(dict.fromkeys(client_ids))
        for client_id in ids:
            opening.open_client(change.actor, client_id, record=False)
        self.clients = Client.objects.in_bulk(ids)
        self._texts: dict[tuple[str, str, str], Words] = {}
        self._places: dict[str, Place] = {}
        self.chosen = {
            row.client_id: choosing.choice_of(row) for row in Choices.objects.filter(client_id__in=ids)
        }
        made = []
        for client_id in ids:
            if client_id not in self.chosen and life.rng.random() * 100 < _CONFIRMED:
                chosen = _confirmed(self.clients[client_id], change.now)
                self.chosen[client_id] = chosen
                made.append(Choices(client_id=client_id, held=chosen.held()))
        Choices.objects.bulk_create(made, batch_size=_BATCH)
        self.ways = {
            client_id: composing.route_of(self.clients[client_id], self.chosen.get(client_id, Choice()))
            for client_id in ids
        }

    def words(self, row: Outgoing, chosen: Choice, way: Route) -> Words:
        """Return a message as it is kept, the secret of its links cut out; as ``composing.composed`` does."""
        language = choosing.language_of(self.clients[row.client_id], chosen)
        channel = EMAIL if way.channel == PORTAL else way.channel
        key = (row.kind, channel, language)
        if key not in self._texts:
            self._texts[key] = wording.in_force(*key)
        facts = (row.content or {})["facts"]
        filling = composing.values(facts, self.place(facts["location"]), chosen, language)
        cut = {
            name: text.replace(facts["token"], composing.CUT)
            for name, text in composing.links(facts["token"]).items()
        }
        return wording.filled(self._texts[key], channel, filling | cut)

    def place(self, location: str) -> Place:
        """Return a location, read once."""
        if location not in self._places:
            self._places[location] = place(location)
        return self._places[location]


def _confirmed(client: Client, at: datetime) -> Choice:
    channel = choosing.channel_of(client, Choice())
    mine = choosing.addresses(client, Choice()).get(channel, [])[:1]
    return Choice(confirmed={one: {"how": "staff", "at": at.isoformat()} for one in mine})


def _messages(
    people: _People, row: Booking, client_id: UUID, token: str, until: datetime, price: int
) -> Iterator[Outgoing]:
    chosen = people.chosen.get(client_id, Choice())
    facts = {
        "starts_at": row.starts_at.astimezone(UTC).isoformat(),
        "location": row.location_id.hex,
        "token": token,
    }
    earliest = row.created_at + policy.MESSAGE_UNDO
    for kind, before, worthless in _KINDS:
        wanted = row.starts_at - before if before is not None else earliest
        ends_at = row.starts_at - worthless
        if wanted < earliest:
            continue
        zone = composing.client_zone(chosen, people.place(row.location_id.hex))
        leaves = timing.moment(kind, wanted, ends_at, chosen, zone, now=earliest)
        made = Outgoing(
            client_id=client_id, about=row.pk, kind=kind, content={"facts": facts}, wanted_at=wanted,
            due_at=leaves or wanted, ends_at=ends_at, created_at=row.created_at,
            fault="" if leaves else "quiet hours",
        )  # fmt: skip
        if (leaves or ends_at) <= until:
            _end(people, made, chosen, price)
        yield made


def _end(people: _People, row: Outgoing, chosen: Choice, price: int) -> None:
    """Let a message have left, or not, as the round would have."""
    way = people.ways[row.client_id]
    row.channel, row.ended_at, row.tries = way.channel[:6], row.due_at + timedelta(seconds=2), 1
    if row.fault or not way.is_open:
        row.state, row.fault, row.content = State.DROPPED, row.fault or way.refusal, None
        return
    words = people.words(row, chosen, way)
    row.leaving_at = row.due_at + timedelta(seconds=1)
    row.content = {"to": way.to, "subject": words.subject, "text": words.body}
    row.state = {PORTAL: State.KEPT, SMS: State.DELIVERED}.get(way.channel, State.SENT)
    if way.channel == SMS:
        row.segments = wording.parts(words.body).parts
        row.milli, row.charged_at = row.segments * price, row.ended_at
