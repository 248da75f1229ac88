"""What the demo's calendar holds besides: blocked time, a held time, notes, and whoever is about at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alcove.clinic.calendar.models import Block, Booking
from alcove.project.demo.booking import Life, S, book
from alcove.project.demo.diary import QUARTER, Blocked, Kind, Planned
from alcove.project.demo.luck import chance
from alcove.project.demo.menu import CONSULTATION, FOLLOW_UP, PATCH_TEST
from alcove.project.demo.people import OAKLAND, STAFF, Staff
from alcove.project.demo.stage import Card, Stage, moment

ADULT: Final = 18
_HOLD: Final = timedelta(hours=12)
"""Longer than a real form is given, so that whoever looks at the demo later that day still sees one."""
WAITS_FOR: Final = "nadia.rahimi"
"""With whom the first on the waitlist wants a consultation."""
_WEDNESDAY, _THURSDAY = 2, 3
NOTES: Final = (
    "Parks behind the building.", "Prefers Room 2, it is warmer.", "Running late more often than not: call first.",
    "Brings her daughter along.", "Asked for the invoice by e-mail.", "Please offer water, low blood pressure.",
    "Wants to hear about the membership.", "Comes by bus, ten minutes either way.",
)  # fmt: skip


def block(life: Life) -> None:
    """Meetings of all, time for charting, and a room that is repaired."""
    diary, stage = life.diary, life.stage
    for back in range(-life.behind, life.ahead):
        day = stage.today + timedelta(days=back)
        for one in STAFF:
            if not one.is_clinician or not diary.spans(one.key, day):
                continue
            if day.weekday() == _WEDNESDAY:
                _block_one(life, one, moment(day, 9 * 60), 30, "Team meeting")
            if (day.weekday() + one.desk) % 3 == 0:
                _block_one(life, one, moment(day, 17 * 60), 30, "Charting")
            if one.key == "tomas.iglesias" and day.weekday() == _THURSDAY:
                _block_one(life, one, moment(day, 13 * 60), 45, "Case conference")
    day = stage.today + timedelta(days=3)
    place = diary.places[OAKLAND]
    room = diary.rooms[OAKLAND][-1]
    row = Block(location=place, room=room, title="Air conditioning is repaired", starts_at=moment(day, 13 * 60), ends_at=moment(day, 17 * 60))  # fmt: skip  # noqa: E501
    _take_block(life, row, Kind.ROOM)


def _block_one(life: Life, one: Staff, begin: datetime, minutes: int, title: str) -> None:
    profile = life.diary.profiles[one.key]
    end = begin + timedelta(minutes=minutes)
    place = life.diary.places[one.place]
    _take_block(
        life, Block(location=place, profile=profile, title=title, starts_at=begin, ends_at=end), Kind.STAFF
    )


def _take_block(life: Life, row: Block, kind: Kind) -> None:
    resource_id = row.profile_id or row.room_id
    span = (row.starts_at, row.ends_at)
    if resource_id is not None and life.diary.is_free(resource_id, span):
        life.diary.take([(kind, resource_id, span)])
        life.blocks.append(Blocked(row, [(kind, resource_id, span)]))


# Today ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One of those who are about at this moment: minutes from now until the time agreed, and moments before now.

    ``also``: a second service of the same visit.
    """

    key: str
    service: str
    begins: int
    state: str
    arrived: int = 0
    in_room: int = 0
    left: int = 0
    also: str = ""


_CAST: Final = (
    Part("lily.tran", "Botulinum toxin, one area", -75, S.DONE, 83, 74, 41),
    Part("grace.okonkwo", "Skin booster", -90, S.DONE, 96, 88, 38),
    Part("tomas.iglesias", CONSULTATION, -60, S.NO_SHOW),
    Part("priya.nair", "Signature facial", -30, S.IN_ROOM, 41, 27, also="LED light therapy"),
    Part("daniel.brandt", "Laser hair removal, small area", -15, S.IN_ROOM, 22, 12),
    Part("lily.tran", "Skin booster", 15, S.ARRIVED, 9),
    Part("grace.okonkwo", "Botulinum toxin, three areas", 0, S.ARRIVED, 17),
    Part("nadia.rahimi", FOLLOW_UP, -15, S.CONFIRMED),
    Part("daniel.brandt", PATCH_TEST, 30, S.CONFIRMED),
    Part("tomas.iglesias", FOLLOW_UP, 30, S.BOOKED),
)
"""Who is done, waits, lies in a room, is late or did not come when somebody looks at the demo, whatever the hour."""


def bring(life: Life) -> None:
    """Book everybody of the cast; at midnight they come a little later, or earlier, so that it is today."""
    stage = life.stage
    quarter = timedelta(minutes=QUARTER)
    now = stage.until - (stage.until - moment(stage.today, 0)) % quarter
    known = [card for card in stage.cards if card.invented.since < stage.today - timedelta(days=20)]
    grown = [
        card for card in known if int(card.invented.directory["born"][:4]) < stage.today.year - ADULT - 1
    ]
    for part, card in zip(_CAST, life.rng.sample(grown, min(len(grown), len(_CAST))), strict=False):
        starts_at = now + timedelta(minutes=part.begins)
        first, last = moment(stage.today, 0), moment(stage.today, 24 * 60 - QUARTER)
        starts_at = min(max(starts_at, first), last)
        parts = [(name, part.key) for name in (part.service, part.also) if name]
        made = book(life, card, parts, starts_at, outside=True, state=part.state, days=9)
        if made is not None:
            _set(stage, made.row, part)
    if stage.limited is not None:
        _bring_limited(life, stage.limited, now)


def _bring_limited(life: Life, card: Card, now: datetime) -> None:
    """The colleague who is a client comes to her own nurse later today, or tomorrow: busy to all but her team."""
    for quarters in range(5, 24 * 4):
        starts_at = now + timedelta(minutes=QUARTER * quarters)
        if book(life, card, [(FOLLOW_UP, "lily.tran")], starts_at, outside=True, state=S.BOOKED, days=9):
            return


def _set(stage: Stage, row: Booking, part: Part) -> None:
    def ago(minutes: int) -> datetime | None:
        return stage.until - timedelta(minutes=minutes) if minutes else None

    row.arrived_at, row.in_room_at, row.left_at = ago(part.arrived), ago(part.in_room), ago(part.left)


def hold(life: Life) -> None:
    """Hold two times: somebody is filling in the online form, and somebody who waits was offered one."""
    _hold(life, "lily.tran", "online", 1)
    life.offered = _hold(life, WAITS_FOR, "waitlist", 2)


def _hold(life: Life, key: str, came_from: str, first: int) -> Planned | None:
    """Hold the first free time for a consultation from so many days ahead on."""
    for ahead in range(first, 21):
        for at in range(10 * 60, 17 * 60, QUARTER):
            starts_at = moment(life.stage.today + timedelta(days=ahead), at)
            wishes = life.diary.wishes([(CONSULTATION, key)], starts_at)
            found = life.diary.needs(life.diary.place_of(key), wishes) if wishes else None
            if found is not None:
                row = Booking(
                    location=life.diary.places[life.diary.place_of(key)], state=S.HELD, starts_at=starts_at,
                    ends_at=wishes[-1].ends_at, came_from=came_from, created_at=life.stage.until,
                    held_until=life.stage.until + _HOLD,
                )  # fmt: skip
                planned = Planned(row, None, wishes, found[1], found[0], "")
                life.diary.take(planned.takes)
                life.bookings.append(planned)
                return planned
    return None


def leave_notes(life: Life) -> None:
    """The front desk wrote something down beside a few of the coming visits."""
    limited, until = life.stage.limited, life.stage.until
    coming = [
        one
        for one in life.bookings
        if one.card is not None and one.card is not limited and one.row.starts_at > until
    ]
    coming.sort(key=lambda one: one.row.starts_at)
    for planned in coming[:60]:
        if chance(life.rng, 30):
            planned.note = life.rng.choice(NOTES)
