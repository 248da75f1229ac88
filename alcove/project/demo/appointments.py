"""Nine months of the demo's appointments: six behind, three ahead, planned like a practice's life and written in bulk.

Who comes is drawn from the clients, what for follows from what they had: a consultation before an injection, a patch
test before a laser, a check two weeks after, the next course when it is due. ``posting.py`` writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from alcove.project.demo import cast, rates
from alcove.project.demo.booking import Life, S, book, days_ahead
from alcove.project.demo.cast import ADULT
from alcove.project.demo.diary import QUARTER, Planned, open_diary
from alcove.project.demo.luck import chance
from alcove.project.demo.menu import CONSULTATION, EXAM, FOLLOW_UP, MENU, OF_TREATMENT, PATCH_TEST, Offer
from alcove.project.demo.people import OAKLAND, STAFF, Staff
from alcove.project.demo.records import Held
from alcove.project.demo.stage import ZONE, Card, Stage, moment

BEHIND, AHEAD = 183, 91
FULL_AT: Final = 400
"""With so many clients the practice is as busy as the tables say, less what nobody could be found for."""
_REST: Final = 6
"""Days for which somebody who was here is not asked again, unless a course says so."""
_WANTED: Final = {
    CONSULTATION: 4, EXAM: 2, PATCH_TEST: 3, FOLLOW_UP: 0, "Botulinum toxin, one area": 16,
    "Botulinum toxin, three areas": 12, "Dermal filler, 1 ml": 10, "Lip filler, 0.5 ml": 7, "Skin booster": 5,
    "Filler dissolving": 1, "Signature facial": 12, "Chemical peel, light": 8, "Microneedling": 8, "Dermaplaning": 6,
    "LED light therapy": 3, "Laser hair removal, small area": 9, "Laser hair removal, legs": 6, "IPL photofacial": 6,
    "Body contouring, one area": 5, "Lymphatic drainage": 4,
}  # fmt: skip
_AGAIN: Final = {"Botulinum toxin, one area": 91, "Botulinum toxin, three areas": 98, "Signature facial": 28, "Skin booster": 30}  # fmt: skip  # noqa: E501
_ALSO: Final = {
    "Signature facial": "LED light therapy", "Botulinum toxin, one area": "Skin booster", CONSULTATION: EXAM,
    "Dermal filler, 1 ml": "Botulinum toxin, one area", "Chemical peel, light": "LED light therapy",
    "Laser hair removal, small area": "LED light therapy",
}  # fmt: skip
_OFFERS: Final = {one.name: one for one in MENU}
_COURSES: Final = (("Laser hair removal, small area", 4, 10), ("Laser hair removal, legs", 6, 6))
"""Courses of six: the service, weeks between, and in how many of a hundred clients."""


def plan(stage: Stage, visits: Sequence[Held], seed: int) -> Life:
    """Plan all of it, the same for the same seed and moment. Needs places, team and menu."""
    rng = Random(f"appointments {seed}")  # noqa: S311 - invented people, no secrets
    life = Life(stage, rng, open_diary(stage), min(1.0, len(stage.cards) / FULL_AT), BEHIND, AHEAD)
    for card in stage.cards:
        life.regulars += [card] * rng.choice((1, 1, 2, 2, 3, 5))
        _remember_older(life, card)
    for held in visits:
        _keep(life, held)
    cast.bring(life)
    cast.block(life)
    _book_courses(life)
    for back in range(-BEHIND, AHEAD):
        day = stage.today + timedelta(days=back)
        for one in STAFF:
            if one.is_clinician:
                _fill(life, one, day)
    cast.hold(life)
    cast.leave_notes(life)
    life.bookings.sort(key=lambda planned: (planned.row.starts_at, planned.wishes[0].profile.position))
    return life


def _remember_older(life: Life, card: Card) -> None:
    """Who was a client before the first day of the plan had their consultation, exam and patch test then."""
    first = life.stage.today - timedelta(days=BEHIND)
    if card.invented.since < first - timedelta(days=12):
        for name in (CONSULTATION, EXAM, PATCH_TEST):
            if chance(life.rng, 75):
                life.had[id(card), name] = [first - timedelta(days=life.rng.randint(3, 12))]


# Days --------------------------------------------------------------------------------------------------------------


def _fill(life: Life, one: Staff, day: date) -> None:
    """Go through one clinician's day by the quarter of an hour, and book as often as the tables say."""
    profile = life.diary.profiles[one.key]
    ahead = (day - life.stage.today).days
    share = life.share * (rates.booked_already(ahead) if ahead > 0 else 1)
    for starts, ends in life.diary.spans(one.key, day):
        at = starts
        while at < ends - QUARTER:
            begin = moment(day, at)
            free = life.diary.is_free(profile.pk, (begin, begin + timedelta(minutes=QUARTER)))
            at += QUARTER
            if not free or not chance(
                life.rng, 100 * rates.begins(day.weekday(), (at - QUARTER) // 60, share)
            ):
                continue
            made = _somebody(life, one, begin)
            if made is not None and made.row.state != S.CANCELLED:
                at = max(
                    at,
                    int((made.wishes[0].ends_at - moment(day, 0)).total_seconds() // 60) // QUARTER * QUARTER,
                )


def _somebody(life: Life, one: Staff, starts_at: datetime) -> Planned | None:
    day = starts_at.astimezone(ZONE).date()
    waiting = life.due.get(one.key, [])
    for at, (when, _, card, name) in enumerate(waiting):
        if when <= day:
            del waiting[at]
            return book(life, card, [(name, one.key)], starts_at)
    for _ in range(14):
        card = life.rng.choice(life.regulars)
        if _comes(life, card, one, day):
            parts = _what_for(life, card, one, day)
            made = (
                book(life, card, parts, starts_at) or book(life, card, parts[:1], starts_at)
                if parts
                else None
            )
            if made is not None:
                _plan_next(life, made, one, day)
                return made
    return None


def _comes(life: Life, card: Card, one: Staff, day: date) -> bool:
    """Whether this client would come here on that day: near, known to the practice, and not just been."""
    invented = card.invented
    if invented.since >= min(day, life.stage.today) or (
        invented.place != one.place and not chance(life.rng, 15)
    ):
        return False
    return all(abs((day - other).days) > _REST for other in life.last.get(id(card), ()))


def _what_for(life: Life, card: Card, one: Staff, day: date) -> list[tuple[str, str]]:
    """Return ``[(service, key), …]``: what they want or what comes first, or nothing where this person does neither."""
    does = [name for name in life.diary.services if (name, one.key) in life.diary.does]
    young = (day - date.fromisoformat(card.invented.directory["born"])).days < ADULT * 365.25
    first = {name for name in (CONSULTATION, EXAM, PATCH_TEST) if _had(life, card, name, day)}
    weighted = [
        (name, _WANTED[name])
        for name in does
        if _WANTED[name] and name not in first and not (young and _OFFERS[name].adult)
    ]
    if not weighted:
        return [(FOLLOW_UP, one.key)]
    wanted = rates.one_of(life.rng, weighted)
    missing = next((name for name in _OFFERS[wanted].first if not _had(life, card, name, day)), "")
    if missing:
        return [(missing, one.key)] if missing in does else []
    parts = [(wanted, one.key)]
    also = _ALSO.get(wanted, "")
    if also and chance(life.rng, 14) and not (young and _OFFERS[also].adult):
        by = one.key if also in does else ("nadia.rahimi" if one.place != OAKLAND else "grace.okonkwo")
        if also == EXAM or all(_had(life, card, name, day) for name in _OFFERS[also].first):
            parts.append((also, by))
    return parts


def _had(life: Life, card: Card, name: str, day: date) -> bool:
    offer: Offer = _OFFERS[name]
    valid = 180 if offer.name == PATCH_TEST else 365
    return any(0 < (day - when).days <= valid for when in life.had.get((id(card), name), ()))


def _plan_next(life: Life, made: Planned, one: Staff, day: date) -> None:
    """Whoever had toxin is looked at two weeks later, and wants it again when it is due."""
    name = made.wishes[0].service.name
    if made.row.state in {S.CANCELLED, S.NO_SHOW} or made.card is None or name not in _AGAIN:
        return
    waiting = life.due.setdefault(one.key, [])
    if name.startswith("Botulinum") and chance(life.rng, 40):
        waiting.append((day + timedelta(days=14), len(waiting), made.card, FOLLOW_UP))
    if chance(life.rng, 45):
        waiting.append((day + timedelta(days=_AGAIN[name]), len(waiting), made.card, name))


def _keep(life: Life, held: Held) -> None:
    """A visit of the records stands in the calendar, where the menu has it and nothing else is there."""
    day = held.day
    if (life.stage.today - day).days > BEHIND or day in life.diary.shut:
        return
    parts = [(OF_TREATMENT[held.treatment.key], held.by)]
    book(life, held.card, parts, held.at, outside=True, state=S.DONE, days=rates.lead(life.rng))


def _book_courses(life: Life) -> None:
    """Book courses of six at the laser: a patch test first, then the same time of the day every so many weeks."""
    key = "daniel.brandt"
    grown = [
        card
        for card in life.stage.cards
        if int(card.invented.directory["born"][:4]) < life.stage.today.year - 18
    ]
    for name, weeks, percent in _COURSES:
        for card in grown:
            if chance(life.rng, percent * (1 if card.invented.place == OAKLAND else 0.5)):
                _book_course(life, card, key, name, weeks)


def _book_course(life: Life, card: Card, key: str, name: str, weeks: int) -> None:
    stage, rng = life.stage, life.rng
    earliest = max(card.invented.since + timedelta(days=3), stage.today - timedelta(days=BEHIND))
    first = earliest + timedelta(days=rng.randint(0, max((stage.today - earliest).days - 10, 1)))
    at = rng.randrange(9 * 60, 16 * 60, QUARTER)
    for _ in range(5):
        state = S.DONE if first < stage.today else S.BOOKED
        if book(life, card, [(PATCH_TEST, key)], moment(first, at), state=state):
            break
        first += timedelta(days=1)
    else:
        return
    number, day = len(life.courses) + 1, first + timedelta(days=7)
    made = 0
    for visit in range(6):
        wanted = day + timedelta(weeks=weeks * visit)
        days = max(rng.randint(6, 7) + 7 * weeks * visit, days_ahead(stage, moment(wanted, at)))
        for shift in (0, QUARTER, -QUARTER, 2 * QUARTER, 24 * 60, -24 * 60):
            if book(life, card, [(name, key)], moment(wanted, at + shift), days=days, course=number):
                made += 1
                break
    if made:
        life.courses.append((card, weeks))
