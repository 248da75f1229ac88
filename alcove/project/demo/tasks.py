"""Tasks of the demo: done, open, overdue and repeating ones, about clients and the house, and some by themselves."""

# ruff: noqa: E501 - a table of texts is read line by line

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

from alcove.clinic.activities import actions
from alcove.clinic.activities import tasks as worker
from alcove.clinic.activities.models import Line, Rhythm, Task, Unit, What
from alcove.clinic.activities.queries.staff import Whose
from alcove.clinic.messaging.models import Outgoing
from alcove.project.demo.stage import BY_KEY, Card, Stage, moment
from alcove.security.access.models import Role
from alcove.security.access.policy import RoleKey

OWNER, DOCTOR, NURSE, LASER = "nadia.rahimi", "tomas.iglesias", "lily.tran", "daniel.brandt"
MANAGER, DESK, FAR_DESK, BOOKS = "rosa.delgado", "maya.johnson", "kofi.mensah", "sam.whitaker"


@dataclass(frozen=True, slots=True)
class _Plan:
    """``by`` adds it ``ago`` days back for ``to`` (a person's key, or a role's), due ``due`` days from today.

    ``ended``: days back on which ``to``, or ``ender``, finished it; None while it is open. ``ticked``: steps ticked.
    """

    title: str
    by: str
    to: str
    ago: int
    due: int | None
    text: str = ""
    lines: tuple[str, ...] = ()
    ticked: int = 0
    about: int | None = None
    ended: int | None = None
    ender: str = ""
    said: tuple[tuple[str, str], ...] = ()
    is_urgent: bool = False


Given = list[tuple[_Plan, Card, list[Task]]]

_KIT: Final = (
    "Adrenaline in date",
    "Hyaluronidase, at least 1,500 IU",
    "Chlorphenamine in date",
    "AED shows ready",
    "Oxygen above half",
)
_PLANS: Final = (
    _Plan("Order 25G cannulas and 30G needles", MANAGER, DESK, 9, -6, "Two boxes each, the usual supplier.", ended=7, said=((DESK, "Ordered, they deliver on Thursday."),)),
    _Plan("Send last month’s supplier invoices", MANAGER, BOOKS, 8, -2, "They are in the tray at the Oakland desk.", said=((BOOKS, "Two are missing, asked the supplier."),)),
    _Plan("Renew the laser safety certificate", MANAGER, LASER, 12, 12, "The inspector needs the last two service reports.", ("Find the service reports", "Book the inspector", "File the certificate"), 1, is_urgent=True),
    _Plan("Write the agenda of Wednesday’s team meeting", OWNER, MANAGER, 3, 1, lines=("Waiting times at reception", "New consent forms", "Holiday rota"), ticked=2),
    _Plan("Put up the new parking sign", MANAGER, RoleKey.FRONT_DESK, 5, 4),
    _Plan("Ask the cleaners about the second treatment room", FAR_DESK, MANAGER, 20, -14, ended=15),
    _Plan("Ring back about moving the next visit", DESK, DESK, 1, 0, "Afternoons after four suit best.", about=3),
    _Plan("Ring two days after the treatment", OWNER, NURSE, 2, 0, lines=("How are they?", "Do they know whom to ring at night?", "Next visit booked?"), about=7, is_urgent=True),
    _Plan("Send the aftercare leaflet again", NURSE, RoleKey.FRONT_DESK, 1, 1, "By post, they do not read e-mail.", about=11),
    _Plan("Ask for the guardian’s signature on the form", DOCTOR, DESK, 6, -1, about=16, said=((DESK, "Left a message on the phone."),)),
    _Plan("Find a longer appointment for the next session", LASER, FAR_DESK, 4, 3, about=21),
    _Plan("Send a copy of the invoice", DESK, DESK, 10, -8, about=25, ended=9),
    _Plan("Ring about the gift voucher that was left behind", FAR_DESK, FAR_DESK, 7, -5, about=30, ended=5),
    _Plan("Thank them for the recommendation", MANAGER, RoleKey.FRONT_DESK, 15, None, about=34, ended=13, ender=DESK),
)  # fmt: skip


def plan(stage: Stage) -> Given:
    """Plan when each was added, talked about and ended, and the kit that is checked every fortnight.

    Returns clients' tasks that go to a person in the end.
    """
    given: Given = []
    known = [card for card in stage.cards if _may_be_about(stage, card)]
    for number, one in enumerate(_PLANS):
        if one.about is not None and not known:
            continue
        card = known[one.about % len(known)] if one.about is not None else None
        _live(stage, given, one, card, number)
    begun = stage.workday(BY_KEY[MANAGER], stage.today - timedelta(days=45))
    stage.at(moment(begun, 9 * 60 + 20), MANAGER, partial(_begin_kit, stage, begun))
    day = begun
    while day <= stage.today:
        checked = stage.workday(BY_KEY[NURSE], day + timedelta(days=1))
        stage.at(moment(day, 9 * 60 + 21), "", _repeat)
        if day + timedelta(days=14) <= stage.today:
            stage.at(moment(checked, 9 * 60 + 5), NURSE, partial(_check_kit, stage, day))
        day += timedelta(days=14)
    return given


def _may_be_about(stage: Stage, card: Card) -> bool:
    held = card.invented
    return held.since <= stage.today - timedelta(days=40) and not held.details.get("deceased_on")


def _live(stage: Stage, given: Given, one: _Plan, card: Card | None, number: int) -> None:
    day = _workday_before(stage, one.by, stage.today - timedelta(days=one.ago))
    made = moment(day, 9 * 60 + 30 + 7 * number)
    held: list[Task] = []
    if card is not None and one.to in BY_KEY:
        given.append((one, card, held))
    stage.at(made, one.by, partial(_add, stage, one, card, held))
    for who, text in one.said:
        after = max(_workday_before(stage, who, day + timedelta(days=1)), day)
        stage.at(
            max(moment(after, 11 * 60 + number), made + timedelta(minutes=50)),
            who,
            partial(_say, stage, who, card, held, text),
        )
    if one.ended is not None:
        ender = one.ender or one.to
        when = moment(
            _workday_before(stage, ender, stage.today - timedelta(days=one.ended)), 15 * 60 + number
        )
        stage.at(max(when, made + timedelta(hours=1)), ender, partial(_finish, stage, ender, card, held))


def _workday_before(stage: Stage, key: str, day: date) -> date:
    while not BY_KEY[key].works_on(day):
        day -= timedelta(days=1)
    return min(day, stage.today)


def _whose(stage: Stage, to: str) -> Whose:
    if to in stage.people:
        return Whose(person=stage.people[to])
    return Whose(role=Role.objects.get(key=to))


def _what(stage: Stage, one: _Plan) -> What:
    due_on = None if one.due is None else stage.today + timedelta(days=one.due)
    return What(one.title, one.text, due_on, one.is_urgent)


def _add(stage: Stage, one: _Plan, card: Card | None, held: list[Task]) -> None:
    what = _what(stage, one)
    if card is None:
        task = actions.add_task(stage.actor(one.by), what, whose=_whose(stage, one.to), lines=one.lines)
    else:
        with stage.opened(one.by, card) as actor:
            # Nobody of the demo has confirmed an address before its last moment: a role is given it meanwhile.
            role = str(BY_KEY[one.to].roles[-1]) if one.to in stage.people else one.to
            task = actions.add_task(
                actor, what, whose=_whose(stage, role), client_id=card.client.id, lines=one.lines
            )
    held.append(task)
    for line in Line.objects.filter(task=task).order_by("position")[: one.ticked]:
        actions.tick(stage.actor(one.by), task, line.pk)


def _say(stage: Stage, key: str, card: Card | None, held: list[Task], text: str) -> None:
    for task in held:
        if card is None:
            actions.comment(stage.actor(key), task, text=text)
        else:
            with stage.opened(key, card) as actor:
                actions.comment(actor, task, text=text)


def _finish(stage: Stage, key: str, card: Card | None, held: list[Task]) -> None:
    for task in held:
        if card is None:
            actions.finish(stage.actor(key), task)
        else:
            with stage.opened(key, card) as actor:
                actions.finish(actor, task)


def _repeat() -> None:
    worker.repeat_tasks()


def _begin_kit(stage: Stage, begun: date) -> None:
    what = What(
        "Check the emergency kit",
        "Each drug by its date; what runs out within a month goes on the order list.",
        begun,
    )
    whose = Whose(person=stage.people[NURSE])
    actions.add_task(stage.actor(MANAGER), what, whose=whose, lines=_KIT, rhythm=Rhythm(begun, 2, Unit.WEEK))


def _check_kit(stage: Stage, day: date) -> None:
    nurse = stage.actor(NURSE)
    for task in Task.objects.filter(period_on=day, state=Task.State.OPEN):
        for line in Line.objects.filter(task=task):
            actions.tick(nurse, task, line.pk)
        actions.finish(nurse, task)


def as_of_now(stage: Stage, given: Given) -> None:
    """Give client's tasks to people, and let the worker look once: what came back, what waits, what is overdue."""
    for one, card, held in given:
        for task in Task.objects.filter(pk__in=[row.pk for row in held], state=Task.State.OPEN):
            with stage.opened(one.by, card) as actor:
                actions.change_task(
                    actor, task, _what(stage, one), whose=_whose(stage, one.to), version=task.version
                )
    for row in Outgoing.objects.filter(state=Outgoing.State.BOUNCED).order_by("created_at"):
        worker.follow_failed_message(
            outgoing=row.id.hex, client=row.client_id.hex, about=row.about.hex, kind=row.kind, why="bounced"
        )
    worker.look_after_tasks()
