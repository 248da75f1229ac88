"""People of the demo as accounts: checked by one another, one who is just joining, one who left, a review half done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from alcove.project.demo.people import DOMAIN, STAFF, Staff
from alcove.project.demo.stage import BY_KEY, Stage, moment
from alcove.project.demo.telling import WITHOUT_NUMBER
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.models import Role
from alcove.security.access.policy import RoleKey
from alcove.security.identity.actions import add_person, clearing, leaving, reviews
from alcove.security.identity.models import GivenBy, Person, Review
from alcove.security.identity.policy import Did, People

OWNER, MANAGER = "nadia.rahimi", "rosa.delgado"
ANSWERED_FOR: Final = frozenset({OWNER, WITHOUT_NUMBER})
"""Whom the console goes on answering for: the founder, and the bookkeeper who has confirmed no number."""
_REGISTERED: Final = {
    "tomas.iglesias": ("A 184422", "Medical Board of California"),
    "grace.okonkwo": ("NP 95014873", "California Board of Registered Nursing"),
    "lily.tran": ("RN 95210446", "California Board of Registered Nursing"),
    "daniel.brandt": ("RN 95187330", "California Board of Registered Nursing"),
    "priya.nair": ("Z 117902", "California Board of Barbering and Cosmetology"),
}
_ENDS: Final = timedelta(days=2 * 365)
JOINER: Final = f"hannah.weiss@{DOMAIN}"
LEAVER: Final = f"owen.price@{DOMAIN}"


def plan(stage: Stage) -> None:
    """Plan the checks of the first days, the leaver's and the joiner's last weeks, and a review of access."""
    first = stage.workday(BY_KEY[MANAGER], stage.today - timedelta(days=328))
    for at, one in enumerate(staff for staff in STAFF if staff.key not in ANSWERED_FOR):
        _plan_checks(stage, one, moment(first, 9 * 60 + 30 + 7 * at))
    _plan_leaver(stage, first)
    _plan_review(stage)
    joins = stage.workday(BY_KEY[OWNER], stage.today - timedelta(days=3), step=-1)
    stage.at(moment(joins, 16 * 60 + 20), OWNER, partial(_join, stage))


def _plan_checks(stage: Stage, one: Staff, when: datetime) -> None:
    """Two people look at each account: the manager types and trains, the owner verifies."""
    by = OWNER if one.key == MANAGER else MANAGER
    stage.at(when, by, partial(_check, stage, one.key, by))
    stage.at(when + timedelta(minutes=2), one.key, partial(_agree, stage, one.key))
    if one.key in _REGISTERED:
        stage.at(when + timedelta(minutes=3), MANAGER, partial(_register, stage, one.key))
        stage.at(when + timedelta(minutes=5), OWNER, partial(_verify, stage, one.key))


def _plan_leaver(stage: Stage, first: date) -> None:
    stage.at(moment(first, 16 * 60), MANAGER, partial(_hire_leaver, stage))
    told = stage.workday(BY_KEY[OWNER], stage.today - timedelta(days=23))
    last = moment(stage.today - timedelta(days=7), 18 * 60)
    stage.at(moment(told, 12 * 60 + 10), OWNER, partial(_set_leaving, stage, last))
    stage.at(last + timedelta(seconds=21), "", _end_leaver)


def _plan_review(stage: Stage) -> None:
    day = stage.workday(BY_KEY[OWNER], stage.today - timedelta(days=5), step=-1)
    begins = moment(day, 8 * 60 + 50)
    stage.at(begins, OWNER, partial(_begin_review, stage))
    for at, key in enumerate(
        ("rosa.delgado", "tomas.iglesias", "lily.tran", "maya.johnson", "ingrid.solheim")
    ):
        stage.at(begins + timedelta(minutes=2 + at), OWNER, partial(_confirm, stage, key))


# What happens ------------------------------------------------------------------------------------------------------


@action(People.ADD)
def answer_no_more(change: Change, person: Person) -> None:
    """Let a person stand on their own checks instead of the console's word."""
    change.update(person, Did.PERSON_CHANGED, vouched_at=None)


def _check(stage: Stage, key: str, by: str) -> None:
    person = stage.people[key]
    answer_no_more(Actor.operator("demo"), person)
    clearing.check_identity(stage.actor(by), person, seen="passport" if len(key) % 2 else "licence")
    clearing.record_training(stage.actor(by), person)


def _agree(stage: Stage, key: str) -> None:
    person = stage.people[key]
    clearing.agree(stage.actor(key), person, name=person.name, text=clearing.AGREEMENT)


def _register(stage: Stage, key: str) -> None:
    number, body = _REGISTERED[key]
    clearing.note_registration(
        stage.actor(MANAGER), stage.people[key], registration=number, body=body,
        ends_on=stage.today + _ENDS, given_by=GivenBy.PAPER,
    )  # fmt: skip


def _verify(stage: Stage, key: str) -> None:
    clearing.check_registration(stage.actor(OWNER), stage.people[key])


def _hire_leaver(stage: Stage) -> None:
    desk = Role.objects.get(key=RoleKey.FRONT_DESK)
    person = add_person(
        stage.actor(MANAGER), email=LEAVER, name="Owen Price", title="Front desk, San Francisco", roles=[desk],
        given_by=GivenBy.SELF,
    )  # fmt: skip
    clearing.check_identity(stage.actor(OWNER), person, seen="licence")
    clearing.record_training(stage.actor(MANAGER), person)


def _set_leaving(stage: Stage, last: datetime) -> None:
    leaving.set_leaving(stage.actor(OWNER), Person.objects.get(email=LEAVER), leaves_at=last)


def _end_leaver() -> None:
    leaving.end_leaver(Actor.job("accounts", People.SUSPEND), Person.objects.get(email=LEAVER))


def _begin_review(stage: Stage) -> None:
    reviews.begin_review(stage.actor(OWNER))


def _confirm(stage: Stage, key: str) -> None:
    row = Review.objects.get(person=stage.people[key], decided_at__isnull=True)
    reviews.decide_review(stage.actor(OWNER), row, is_confirmed=True)


def _join(stage: Stage) -> None:
    nurse = Role.objects.get(key=RoleKey.PRACTITIONER)
    person = add_person(
        stage.actor(OWNER), email=JOINER, name="Hannah Weiss", title="Nurse injector (RN)", phone="+14155550130",
        roles=[nurse], given_by=GivenBy.PAPER,
    )  # fmt: skip
    clearing.note_registration(
        stage.actor(OWNER), person, registration="RN 95301127", body="California Board of Registered Nursing",
        ends_on=stage.today + _ENDS, given_by=GivenBy.PAPER,
    )  # fmt: skip
