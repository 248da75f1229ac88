"""The clinical record of the demo: visits with their notes, the chart's lists, values over time, documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from alcove.clinic.clients.actions import add_alert
from alcove.clinic.clients.models import Client
from alcove.clinic.records import actions
from alcove.clinic.records.actions.notes import critical_alerts
from alcove.clinic.records.models import Item, Note, Visit
from alcove.clinic.records.models.content import Entry, Medication, Procedure
from alcove.clinic.records.models.sections import TEMPLATES
from alcove.clinic.records.policy import Records
from alcove.project.demo import documents, menu, values, wording
from alcove.project.demo.luck import chance
from alcove.project.demo.stage import BY_KEY, ZONE, Card, Stage, moment
from alcove.project.demo.wording import CONSULTATION, REVIEW, TREATMENTS, Treatment
from alcove.security.access.change import Change, action

MOST_VISITS: Final = 8
_UNSIGNED_DAYS: Final = 6
_OLDER: Final = 300
"""Days: who came longer ago was a client before the practice moved to Alcove."""


@dataclass
class Held:
    """One visit as planned: when, by whom, what was done, what was written, what was measured."""

    treatment: Treatment
    by: str
    at: datetime
    card: Card
    body: dict[str, str]
    entries: list[tuple[str, Entry]] = field(default_factory=list)
    is_signed: bool = True
    note: Note | None = None

    @property
    def day(self) -> date:
        return self.at.astimezone(ZONE).date()


# Planning -------------------------------------------------------------------------------------------------------


def plan(stage: Stage) -> list[Held]:
    """Plan every visit of every client and put its deeds on the line of time; return them in order of time."""
    visits: list[Held] = []
    for card in stage.cards:
        visits += _visits(stage, card)
    visits.sort(key=lambda held: held.at)
    _leave_unsigned(stage, visits)
    seen: set[int] = set()
    for held in visits:
        _hold(stage, held, first=id(held.card) not in seen)
        seen.add(id(held.card))
    return visits


def _visits(stage: Stage, card: Card) -> list[Held]:
    rng, one = stage.rng, card.invented
    found: list[Held] = []
    was_client = (stage.today - one.since).days > _OLDER
    day = one.since + timedelta(days=rng.randint(1, 40 if was_client else 9))
    if not was_client or one.health.alerts or chance(rng, 25):
        found += _book(stage, card, CONSULTATION, day)
        day += timedelta(days=rng.randint(7, 25))
    if chance(rng, 12 if found else 4):
        return found
    for treatment in _wanted(rng, card):
        start = day + timedelta(days=rng.randint(0, 20))
        while len(found) < MOST_VISITS and start < stage.today:
            held = _book(stage, card, treatment, start)
            if not held:
                break
            found += held
            if treatment.key == "toxin" and chance(rng, 45):
                found += _book(stage, card, REVIEW, held[0].day + timedelta(days=14), by=held[0].by)
            if chance(rng, 27):
                break
            start = held[0].day + timedelta(days=int(treatment.again * rng.uniform(0.95, 1.3)))
    return found


def _wanted(rng: Random, card: Card) -> list[Treatment]:
    health, born = card.invented.health, date.fromisoformat(card.invented.directory["born"])
    young = card.invented.since.year - born.year < 18  # noqa: PLR2004 - no injections for minors
    offered = [
        one
        for one in TREATMENTS
        if not one.excluded & health.flags and not (young and (one.needle or one.key == "ipl"))
    ]
    weights = [one.weight for one in offered]
    first = rng.choices(offered, weights)[0]
    second = rng.choices(offered, weights)[0]
    return [first, second] if chance(rng, 45) and second is not first else [first]


def _book(stage: Stage, card: Card, treatment: Treatment, day: date, *, by: str = "") -> list[Held]:
    """Return the visit, or nothing if no time is left before today."""
    rng = stage.rng
    staff = BY_KEY[by or _who(rng, card, treatment)]
    when = stage.slot(staff, day, max(treatment.minutes, menu.longest(treatment.key)))
    if when is None:
        return []
    body = _write(rng, card, treatment, when.date())
    held = Held(treatment, staff.key, when, card, body)
    if treatment.procedure:
        done = Procedure(
            treatment.procedure, start=held.day.isoformat(), status="completed", performer=staff.name
        )
        held.entries.append(("procedure", replace(done, reason=rng.choice(treatment.reasons))))
    held.entries += values.measured(rng, card.invented.health, held.day, is_first=treatment is CONSULTATION)
    return [held]


def _who(rng: Random, card: Card, treatment: Treatment) -> str:
    """Return who gives a treatment: someone of the client's own location where there is one."""
    near = [key for key in treatment.by if BY_KEY[key].place == card.invented.place]
    return rng.choice(near if near and chance(rng, 85) else treatment.by)


def _write(rng: Random, card: Card, treatment: Treatment, day: date) -> dict[str, str]:
    filled = _filled(rng, card, day)
    body = {key: rng.choice(texts).format(**filled) for key, texts in treatment.sections.items()}
    if treatment.key in {"skin check", "acne"}:
        # Its parts belong together: the same wording throughout.
        at = rng.randrange(2)
        body = {key: texts[at % len(texts)].format(**filled) for key, texts in treatment.sections.items()}
    return {key: text.strip() for key, text in body.items()}


def _filled(rng: Random, card: Card, day: date) -> dict[str, str]:
    health = card.invented.health
    glabella, forehead, eyes = rng.choice((16, 18, 20)), rng.choice((6, 8, 10)), rng.choice((6, 8, 10, 12))
    # Lots run for a quarter of a year, so that one lot is found with many clients.
    lot = f"{'ABC'[rng.randrange(3)]}{day.year % 100}{(day.month - 1) // 3 + 1}{rng.choice(('041', '187', '306'))}"
    return {
        "facts": " ".join(health.facts) or "Healthy, no medication, no known allergy.",
        "smoking": rng.choice(("Does not smoke.", "Stopped smoking in 2018.", "Smokes five a day.")),
        "sun": rng.choice(("careful", "much of it, sails", "burns easily", "uses SPF 30 most days")),
        "skin": health.skin,
        "side": rng.choice(("left", "right")),
        "glabella": str(glabella), "forehead": str(forehead), "eyes": str(eyes), "touch": rng.choice(("2", "4")),
        "units": str(glabella + forehead + 2 * eyes),
        "ml": rng.choice(("0.5", "0.7", "0.8", "1.0", "1.0", "1.6", "2.0")),
        "lidocaine": "with 0.3 % lidocaine" if health.takes_lidocaine else "without lidocaine (allergy)",
        "numbing": "Topical anaesthetic 30 minutes, removed." if health.takes_lidocaine else "No topical anaesthetic because of the lidocaine allergy; cooling instead.",  # noqa: E501
        "lot": lot, "expires": f"{day.year + 1}-{rng.randint(1, 12):02d}",
        "fluence": rng.choice(("14", "16", "18", "20", "22")),
        "device": rng.choice(("L-204", "L-207")), "serviced": f"{day.year}-{max(1, day.month - 2):02d}-12",
    }  # fmt: skip


def _leave_unsigned(stage: Stage, visits: Sequence[Held]) -> None:
    """Leave some of the newest notes for their authors to finish; everybody who writes has at least one."""
    left: dict[str, int] = {}
    for held in reversed(visits):
        wanted = 3 if held.by == "lily.tran" else 1
        recent = (stage.today - held.day).days <= _UNSIGNED_DAYS
        if left.get(held.by, 0) < wanted or (recent and chance(stage.rng, 12)):
            held.is_signed = False
            left[held.by] = left.get(held.by, 0) + 1


# Doing ----------------------------------------------------------------------------------------------------------


@action(Records.CREATE)
def hold_visit(change: Change, client: Client, held: Held) -> Note:
    """Note down one visit: the visit, what was done and measured, and the note begun."""
    content = {
        "type": held.treatment.title, "reason": held.treatment.reasons[held.at.day % len(held.treatment.reasons)],
        "practitioner": BY_KEY[held.by].name, "place": BY_KEY[held.by].place, "status": "finished",
        "ended_at": (held.at + timedelta(minutes=held.treatment.minutes)).isoformat(),
    }  # fmt: skip
    visit: Visit = actions.add_visit(change, client, starts_at=held.at, content=content)
    for kind, entry in held.entries:
        actions.add_item(change, client, kind=kind, entry=entry, visit=visit)
    title = "" if held.treatment.title == TEMPLATES[held.treatment.template].title else held.treatment.title
    return actions.begin_note(change, client, template=held.treatment.template, visit=visit, title=title)


@action(Records.CREATE)
def take_history(
    change: Change, client: Client, entries: Sequence[tuple[str, Entry]], source: str = "staff"
) -> list[Item]:
    """Note down what a client brings along."""
    return [
        actions.add_item(change, client, kind=kind, entry=entry, source=source) for kind, entry in entries
    ]


def _hold(stage: Stage, held: Held, *, first: bool) -> None:
    """Put the deeds of one visit on the line of time."""
    card = held.card

    def begin() -> None:
        with stage.opened(held.by, card, record=True) as actor:
            if first:
                _receive(stage, held)
            held.note = hold_visit(actor, card.client, held)

    stage.at(held.at, held.by, begin)
    minutes = held.treatment.minutes
    if not held.is_signed:
        stage.at(
            held.at + timedelta(minutes=minutes),
            held.by,
            lambda: _draft(stage, held, wording.DRAFTS[held.at.minute // 15 % 4]),
        )
        return
    if chance(stage.rng, 12):
        part = dict(list(held.body.items())[:2])
        stage.at(held.at + timedelta(minutes=minutes / 2), held.by, lambda: _draft(stage, held, part))
    stage.at(
        held.at + timedelta(minutes=minutes + stage.rng.randint(1, 12)), held.by, lambda: _sign(stage, held)
    )
    _afterwards(stage, held)


def _receive(stage: Stage, held: Held) -> None:
    """At the first visit: history and clinical alerts, by whoever sees the client."""
    actor, card = stage.actor(held.by), held.card
    health = card.invented.health
    if health.entries:
        take_history(actor, card.client, health.entries)
    for one in health.alerts:
        if one.text:
            ends = card.invented.since + timedelta(days=one.days) if one.days else None
            add_alert(actor, card.client, kind=one.kind, severity=one.severity, text=one.text, desk_text=one.desk, ends_on=ends)  # fmt: skip  # noqa: E501


def _draft(stage: Stage, held: Held, body: dict[str, str]) -> None:
    if held.note is None:
        return
    known = {section.key for section in TEMPLATES[held.treatment.template].sections}
    fitting = {key: text for key, text in body.items() if key in known} or dict(list(held.body.items())[:2])
    with stage.opened(held.by, held.card) as actor:
        actions.keep_draft(actor, held.note, title=held.note.title, body=fitting)


def _sign(stage: Stage, held: Held) -> None:
    if held.note is None:
        return
    with stage.opened(held.by, held.card) as actor:
        actions.sign_note(actor, held.note, body=held.body, acknowledged=_ticked(held.card))


def _ticked(card: Card) -> set[UUID]:
    """Return the alerts whose author has to say that they read them; asked only where there are some."""
    if all(one.severity != "critical" for one in card.invented.health.alerts):
        return set()
    return {alert.id for alert in critical_alerts(card.client.id)}


def _afterwards(stage: Stage, held: Held) -> None:
    """Some visits have something after them: an amendment, a phone call, a letter, a corrected entry."""
    rng = stage.rng
    day = stage.workday(BY_KEY[held.by], held.day + timedelta(days=rng.randint(1, 3)))
    later = moment(day, rng.uniform(9 * 60, 15 * 60))
    if chance(rng, 4):
        text, reason = rng.choice(wording.AMENDMENTS)
        text = text.format(**_filled(rng, held.card, held.day))
        stage.at(later, held.by, lambda: _amend(stage, held, text, reason))
    if chance(rng, 5):
        text = rng.choice(wording.CALLS)
        stage.at(later, held.by, lambda: _call(stage, held, text))
    if chance(rng, 4):
        made = documents.invent(rng, held.card.invented, held.day, BY_KEY[held.by].name)
        stage.at(later + timedelta(minutes=50), held.by, lambda: _file(stage, held, made))
    if chance(rng, 4):
        stage.at(later + timedelta(minutes=95), held.by, lambda: _correct(stage, held))


def _amend(stage: Stage, held: Held, text: str, reason: str) -> None:
    if held.note is not None and held.note.is_signed:
        with stage.opened(held.by, held.card, record=True) as actor:
            actions.amend_note(actor, held.note, text=text, reason=reason)


@action(Records.SIGN)
def write_at_once(change: Change, card: Card, *, title: str, text: str) -> None:
    """Write and sign a short free note."""
    note = actions.begin_note(change, card.client, template="free", title=title)
    actions.sign_note(change, note, body={"text": text}, acknowledged=_ticked(card))


def _call(stage: Stage, held: Held, text: str) -> None:
    with stage.opened(held.by, held.card, record=True) as actor:
        write_at_once(actor, held.card, title="Phone call", text=text)


def _file(stage: Stage, held: Held, made: documents.Made) -> None:
    with stage.opened(held.by, held.card, record=True) as actor:
        actions.add_document(
            actor, held.card.client, data=made.data(), name=made.name, title=made.title, dated=made.dated
        )


def _correct(stage: Stage, held: Held) -> None:
    """Correct or strike one entry of the chart, or note one that the client brought and nobody checked yet."""
    with stage.opened(held.by, held.card, record=True) as actor:
        items = Item.objects.filter(
            client_id=held.card.client.id, kind="medication", struck_at=None, is_verified=True
        )
        item = items.order_by("id").first()
        if item is None:
            brought = Medication(
                "Vitamin D", dose="1,000 units once a day", status="active", note="From the health form"
            )
            take_history(actor, held.card.client, [("medication", brought)], source="patient")
            return
        entry = item.entry
        if held.at.day % 3 == 0:
            actions.strike_item(actor, item, reason="The client never took it; it was a sister's.")
        else:
            stopped = replace(entry, status="stopped", end=held.day.isoformat(), note="Stopped by the GP")
            actions.change_item(actor, item, entry=stopped)
