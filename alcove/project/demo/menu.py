"""What the demo's practice offers: two places with hours, rooms and equipment, the menu, and who does it when."""

# ruff: noqa: E501 - a table of texts is read line by line

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

from alcove.clinic.practice import actions
from alcove.clinic.practice.actions import Unchanged
from alcove.clinic.practice.models import (
    Category,
    EquipmentKind,
    Leave,
    Location,
    Practice,
    Room,
    Service,
    StaffProfile,
)
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.project.demo.people import OAKLAND, SAN_FRANCISCO, STAFF
from alcove.project.demo.stage import BY_KEY, Stage, moment
from alcove.security.access.change import Change, action
from alcove.security.identity.models import Person

MANAGER: Final = "rosa.delgado"
NADIA, TOMAS, GRACE = "nadia.rahimi", "tomas.iglesias", "grace.okonkwo"
LILY, DANIEL, PRIYA = "lily.tran", "daniel.brandt", "priya.nair"
ADDRESSES: Final = {
    SAN_FRANCISCO: {
        "street": "18 Juniper Lane",
        "postal_code": "94108",
        "phone": "+14155550100",
        "email": "sf@juniperskin.example",
    },
    OAKLAND: {
        "street": "402 Lakeview Walk",
        "postal_code": "94610",
        "phone": "+15105550140",
        "email": "oakland@juniperskin.example",
    },
}
_NINE, _CLOSES, _SATURDAY = 9 * 60, 18 * 60, 17 * 60 + 30
ROOMS: Final = {
    SAN_FRANCISCO: ("Room 1", "Room 2", "Room 3", "Skin studio"),
    OAKLAND: ("Room 1", "Room 2", "Laser room"),
}
EQUIPMENT: Final = {
    "Diode laser": ((SAN_FRANCISCO, "Diode laser SF"), (OAKLAND, "Diode laser OAK")),
    "IPL": ((SAN_FRANCISCO, "IPL SF"), (OAKLAND, "IPL OAK")),
    "Microneedling pen": ((SAN_FRANCISCO, "Pen A"), (SAN_FRANCISCO, "Pen B"), (OAKLAND, "Pen C")),
    "LED panel": ((SAN_FRANCISCO, "LED SF"), (OAKLAND, "LED OAK")),
    "Contouring device": ((OAKLAND, "Contour OAK"),),
}
CATEGORIES: Final = ("Consultation", "Injectables", "Skin", "Laser", "Body")
_LUNCH: Final = {
    NADIA: 12 * 60,
    TOMAS: 12 * 60 + 30,
    GRACE: 12 * 60,
    LILY: 13 * 60,
    DANIEL: 12 * 60 + 30,
    PRIYA: 13 * 60,
}
"""When each practitioner's half-hour break begins."""
ABOUT: Final = {
    NADIA: "Board-certified physician. Natural results, and no treatment where none is needed.",
    TOMAS: "Dermatologist. Skin checks, acne and pigment; twelve years in practice.",
    GRACE: "Nurse practitioner in Oakland. Injectables and skin health for every skin tone.",
    LILY: "Nurse injector. Gentle hands, patient with first-timers.",
    DANIEL: "Laser nurse. Hair, redness and sun damage; certified on all our devices.",
    PRIYA: "Medical aesthetician. Facials, peels and calm advice on what to use at home.",
}

CONSULTATION, EXAM, PATCH_TEST = "Consultation", "Prescriber's exam", "Patch test"
_INJECTORS: dict[str, tuple[int | None, int | None]] = {
    NADIA: (None, None),
    TOMAS: (None, None),
    GRACE: (None, None),
    LILY: (None, None),
}
_LASER: dict[str, tuple[int | None, int | None]] = {DANIEL: (None, None)}


class Offer(NamedTuple):
    """One service of the demo. ``staff``: minutes and price where theirs differ; ``needs``: kinds of equipment."""

    category: str
    name: str
    minutes: int
    dollars: int
    staff: dict[str, tuple[int | None, int | None]]
    description: str
    more: dict[str, Any]
    needs: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    adult: int = 0
    first: tuple[str, ...] = ()


MENU: Final = (
    Offer("Consultation", CONSULTATION, 30, 0, {**_INJECTORS, DANIEL: (None, None), PRIYA: (None, None)}, "Your wishes, your history, and an honest plan. Free of charge.", {"tint": 0, "lead_minutes": 60, "buffer_after": 5}),
    Offer("Consultation", EXAM, 20, 0, {NADIA: (None, None), TOMAS: (15, None), GRACE: (None, None)}, "The medical exam the law asks for before a prescription treatment.", {"tint": 0, "buffer_after": 5}),
    Offer("Consultation", PATCH_TEST, 15, 0, {PRIYA: (None, None), DANIEL: (None, None), LILY: (None, None)}, "A small spot is tried, and looked at again before the treatment.", {"tint": 0}),
    Offer("Consultation", "Follow-up check", 15, 0, {**_INJECTORS, DANIEL: (None, None), PRIYA: (None, None)}, "Two weeks after a treatment we look at the result together.", {"tint": 0}),
    Offer("Injectables", "Botulinum toxin, one area", 30, 290, {**_INJECTORS, NADIA: (20, 34_000)}, "Forehead, frown or eyes. Works after some days, lasts three to four months.", {"tint": 1, "buffer_after": 5, "deposit_minor": 5_000}, adult=18, first=(CONSULTATION,)),
    Offer("Injectables", "Botulinum toxin, three areas", 45, 640, {**_INJECTORS, NADIA: (30, 72_000)}, "Forehead, frown and eyes in one visit.", {"tint": 1, "buffer_after": 5, "deposit_minor": 10_000}, adult=18, first=(CONSULTATION,)),
    Offer("Injectables", "Dermal filler, 1 ml", 60, 780, {NADIA: (45, 89_000), TOMAS: (None, None), GRACE: (None, None), LILY: (None, None)}, "Cheeks, folds or chin. Numbing cream first.", {"tint": 1, "hands_free_from": 10, "hands_free_minutes": 20, "buffer_after": 10, "deposit_minor": 15_000}, adult=18, first=(CONSULTATION, EXAM)),
    Offer("Injectables", "Lip filler, 0.5 ml", 60, 520, {NADIA: (None, 59_000), GRACE: (None, None), LILY: (None, None)}, "Shape and moisture, in small steps. Numbing cream first.", {"tint": 1, "hands_free_from": 5, "hands_free_minutes": 20, "buffer_after": 10, "deposit_minor": 10_000}, adult=18, first=(CONSULTATION, EXAM)),
    Offer("Injectables", "Skin booster", 45, 460, {GRACE: (None, None), LILY: (None, None)}, "Hyaluronic acid for glow and moisture, a course of three.", {"tint": 1, "buffer_after": 5}, adult=18, first=(CONSULTATION,)),
    Offer("Injectables", "Filler dissolving", 45, 300, {NADIA: (None, None), GRACE: (None, None)}, "Takes filler back. Booked by us after a talk.", {"tint": 1, "buffer_after": 15, "is_online": False}, adult=18, first=(EXAM,)),
    Offer("Skin", "Signature facial", 60, 165, {PRIYA: (None, None)}, "Cleansing, exfoliation, mask and massage, fitted to your skin.", {"tint": 2, "hands_free_from": 30, "hands_free_minutes": 15, "buffer_after": 10}, rooms=("Skin studio",)),
    Offer("Skin", "Chemical peel, light", 45, 190, {PRIYA: (None, None), DANIEL: (None, None), TOMAS: (30, 24_000), GRACE: (30, None)}, "Evens tone and texture. A few days of dryness.", {"tint": 2, "buffer_after": 10}, adult=18, first=(PATCH_TEST,)),
    Offer("Skin", "Microneedling", 75, 350, {PRIYA: (None, None), LILY: (None, None), DANIEL: (None, None), GRACE: (60, None)}, "For scars and texture. Numbing cream for half an hour, then forty minutes.", {"tint": 2, "hands_free_from": 5, "hands_free_minutes": 30, "buffer_after": 15}, needs=("Microneedling pen",), adult=18, first=(CONSULTATION,)),
    Offer("Skin", "Dermaplaning", 45, 130, {PRIYA: (None, None)}, "A blade takes dead skin and down away. Smooth at once.", {"tint": 2, "buffer_after": 5}),
    Offer("Skin", "LED light therapy", 30, 75, {PRIYA: (None, None), DANIEL: (None, None)}, "Calm light for redness and blemishes, on its own or after a facial.", {"tint": 2, "hands_free_from": 5, "hands_free_minutes": 20}, needs=("LED panel",)),
    Offer("Laser", "Laser hair removal, small area", 30, 120, {**_LASER, TOMAS: (None, 15_000)}, "Lip, chin or underarms. A course of six, four weeks apart.", {"tint": 3, "buffer_after": 5}, needs=("Diode laser",), adult=16, first=(PATCH_TEST,)),
    Offer("Laser", "Laser hair removal, legs", 75, 380, _LASER, "Both legs. A course of six, six weeks apart.", {"tint": 3, "buffer_after": 10}, needs=("Diode laser",), adult=16, first=(PATCH_TEST,)),
    Offer("Laser", "IPL photofacial", 45, 320, {**_LASER, TOMAS: (None, 36_000)}, "Sun spots and redness. Cooling gel, then flashes of light.", {"tint": 3, "buffer_before": 5, "buffer_after": 10}, needs=("IPL",), rooms=("Laser room", "Room 2", "Room 3"), adult=18, first=(CONSULTATION, PATCH_TEST)),
    Offer("Body", "Body contouring, one area", 60, 600, _LASER, "Cold or radio frequency for belly, flanks or arms.", {"tint": 4, "hands_free_from": 10, "hands_free_minutes": 40, "buffer_after": 10}, needs=("Contouring device",), adult=18, first=(CONSULTATION,)),
    Offer("Body", "Lymphatic drainage", 60, 140, {PRIYA: (None, None)}, "Gentle massage after a procedure or a long week.", {"tint": 4, "buffer_after": 10}),
)  # fmt: skip
FOLLOW_UP: Final = "Follow-up check"
OF_TREATMENT: Final = {
    "consultation": CONSULTATION, "toxin": "Botulinum toxin, one area", "filler": "Dermal filler, 1 ml",
    "peel": "Chemical peel, light", "laser hair": "Laser hair removal, small area", "needling": "Microneedling",
    "ipl": "IPL photofacial", "skin check": CONSULTATION, "acne": FOLLOW_UP, "review": FOLLOW_UP,
}  # fmt: skip
"""Treatments of the records, by key, as services of the menu."""
_VALID: Final = {CONSULTATION: 365, EXAM: 365, PATCH_TEST: 180}
_WAIT: Final = {PATCH_TEST: 24}
_WHY: Final = {CONSULTATION: "consultation", EXAM: "exam", PATCH_TEST: "patch_test"}


def longest(treatment: str) -> int:
    """Return for how many minutes a treatment of the records takes somebody at the most, buffers included."""
    one = next(offer for offer in MENU if offer.name == OF_TREATMENT[treatment])
    minutes = max([one.minutes, *(own or 0 for own, _ in one.staff.values())])
    return minutes + int(one.more.get("buffer_before", 0)) + int(one.more.get("buffer_after", 0))


@action(PracticeRight.EDIT)
def furnish(change: Change, people: dict[str, Person]) -> None:
    """Put places, team and menu down, as a practice does on its first day."""
    places = {place.name: place for place in Location.objects.all()}
    for name, place in places.items():
        _open(change, place, ADDRESSES[name])
    kinds = {name: actions.add_kind(change, name=name) for name in EQUIPMENT}
    for name, units in EQUIPMENT.items():
        for where, unit in units:
            actions.add_equipment(change, kinds[name], places[where], name=unit)
    profiles = _bring(change, people, places)
    _offer(change, profiles, kinds)
    actions.finish_set_up(change, Practice.objects.get())


def _open(change: Change, place: Location, address: dict[str, str]) -> None:
    actions.change_location(
        change, place, region="CA", country="US", slot_minutes=15, keeps_holidays=True, **address
    )
    week = {day: [(_NINE, _CLOSES)] for day in range(5)} | {5: [(_NINE, _SATURDAY)]}
    actions.set_hours(change, place, week)
    for name in ROOMS[place.name]:
        actions.add_room(change, place, name=name)


def _bring(change: Change, people: dict[str, Person], places: dict[str, Location]) -> dict[str, StaffProfile]:
    """Make the clinicians bookable on the days they work, each with a break."""
    found = {}
    for one in STAFF:
        if not one.is_clinician:
            continue
        title = one.title.partition(" and ")[0]
        profile = actions.add_profile(change, people[one.key], title=title, about=ABOUT[one.key])
        noon = _LUNCH[one.key]
        day = [(_NINE, noon), (noon + 30, _SATURDAY)]
        actions.set_working_hours(change, profile, places[one.place], dict.fromkeys(one.days, day))
        found[one.key] = profile
    return found


def _offer(change: Change, profiles: dict[str, StaffProfile], kinds: dict[str, EquipmentKind]) -> None:
    categories: dict[str, Category] = {name: actions.add_category(change, name=name) for name in CATEGORIES}
    services: dict[str, Service] = {}
    for one in MENU:
        service = actions.add_service(
            change, categories[one.category], name=one.name, minutes=one.minutes, description=one.description,
            price_minor=one.dollars * 100, **one.more,
        )  # fmt: skip
        services[one.name] = service
        actions.set_does(change, service, {profiles[key].pk: own for key, own in one.staff.items()})
        if one.needs or one.rooms:
            rooms = Room.objects.filter(name__in=one.rooms)
            needed = [kinds[name] for name in one.needs]
            actions.set_needs(change, service, rooms=rooms, kinds=needed, needs_room=True)
    for one in MENU:
        _require(change, one, services)


def _require(change: Change, one: Offer, services: dict[str, Service]) -> None:
    service = services[one.name]
    if one.adult:
        actions.require_age(change, service, years=one.adult)
    for name in one.first:
        actions.require_earlier(
            change,
            service,
            services[name],
            why=_WHY[name],
            valid_days=_VALID[name],
            wait_hours=_WAIT.get(name, 0),
        )
    if one.adult or one.first:
        instead = PATCH_TEST if one.first == (PATCH_TEST,) else CONSULTATION
        actions.change_service(change, Service.objects.get(pk=service.pk), alternative=services[instead])


# Who is away ---------------------------------------------------------------------------------------------------------


class Away(NamedTuple):
    """Leave of the demo: days from today until it begins, how many days it lasts, and on what day it was entered."""

    key: str
    kind: Leave.Kind
    begins: int
    days: int
    entered: int


AWAY: Final = (
    Away(LILY, Leave.Kind.HOLIDAY, 24, 7, 30),
    Away(DANIEL, Leave.Kind.TRAINING, 12, 1, 16),
    Away(TOMAS, Leave.Kind.HOLIDAY, 41, 10, 9),
    Away(PRIYA, Leave.Kind.OTHER, 17, 2, 5),
)


def plan(stage: Stage) -> None:
    """Plan the leave that the manager entered over the last weeks."""
    for at, one in enumerate(AWAY):
        day = stage.workday(BY_KEY[MANAGER], stage.today - timedelta(days=one.entered))
        stage.at(moment(day, 10 * 60 + 5 + at), MANAGER, partial(_enter, stage, one))


def _enter(stage: Stage, one: Away) -> None:
    profile = StaffProfile.objects.get(person=stage.people[one.key])
    first = stage.today + timedelta(days=one.begins)
    begin: datetime = moment(first, 0)
    end = moment(first + timedelta(days=one.days), 0)
    actions.add_leave(stage.actor(MANAGER), profile, starts_at=begin, ends_at=end, kind=one.kind)


@action(PracticeRight.EDIT)
def keep_holidays(change: Change, year: int) -> None:
    """Put this year's and the next one's public holidays in; some are there from the founding."""
    for place in Location.objects.filter(keeps_holidays=True):
        with suppress(Unchanged):
            actions.plan_holidays(change, place, (year, year + 1))
    if not change.drafts:
        raise Unchanged
