"""Filling an empty practice: found it as a demo, then live its months from first to last.

All of it is one transaction: whoever interrupts it finds an empty database and begins again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

from django.core.files.storage import storages
from django.db import transaction

from alcove.clinic.clients.queries import directory
from alcove.clinic.practice.actions import Unchanged
from alcove.clinic.records.models import Document
from alcove.config import Config
from alcove.project import founding
from alcove.project.demo import (
    accounts,
    appointments,
    continuing,
    correcting,
    days,
    devices,
    downtime,
    effort,
    erasing,
    exporting,
    handing,
    menu,
    messages,
    needing,
    patients,
    people,
    phones,
    posting,
    reaching,
    records,
    releasing,
    reminding,
    sensitive,
    supporting,
    sweeping,
    tasks,
    telling,
    waiting,
    watching,
    weakening,
)
from alcove.project.demo.booking import Life
from alcove.project.demo.clients import invent
from alcove.project.demo.stage import ZONE, Card, Stage, moment
from alcove.security.access.actors import Actor
from alcove.security.access.writes import write_turn
from alcove.security.audit.telling import demo_time
from alcove.security.vault import house as vault
from alcove.security.vault.keyring import keyring

HISTORY = timedelta(days=330)
"""How far back the demo's practice was founded."""
_LATEST = timedelta(seconds=20)

Bar = Callable[[int], Callable[[int], None]]
"""Takes how many deeds there are; returns ``advance(steps)``."""


def load(config: Config, *, clients: int, seed: int, bar: Bar, at: datetime | None = None) -> Stage:
    """Found a demo practice in an empty, migrated database and fill it. ``at``: when it is "now", not in the future."""
    until = (at or datetime.now(UTC)) - _LATEST
    stage = Stage(Random(seed), until.astimezone(ZONE).date(), until)  # noqa: S311 - invented people, no secrets
    visits = plan(stage, clients, seed)
    given = tasks.plan(stage)
    try:
        with demo_time() as tell, write_turn(), transaction.atomic():
            tell(moment(stage.today - HISTORY, 9 * 60))
            _found(config, stage)
            life = appointments.plan(stage, visits, seed)
            messages.plan(stage, life)
            posting.tell(stage, life)
            days.sign_everyone_in(stage)
            try:
                stage.play(tell, bar(len(stage.deeds)))
                tell(until)
                _as_of_now(stage)
                tasks.as_of_now(stage, given)
                _in_bulk(stage, life)
                downtime.make(stage)
            except BaseException:
                _drop_files()
                raise
    except BaseException:
        # The keys of a practice that was rolled back open nothing.
        vault.forget()
        raise
    finally:
        directory.forget()
    return stage


def plan(stage: Stage, clients: int, seed: int) -> list[records.Held]:
    """Plan every deed but the calendar's and sign-ins; the same for the same seed and moment. Returns all visits."""
    stage.cards = [Card(one) for one in invent(clients, seed, stage.today)]
    needing.plan(stage)
    erasing.plan(stage)
    sensitive.plan(stage)
    correcting.plan(stage)
    handing.plan(stage)
    exporting.plan(stage)
    supporting.plan(stage)
    days.make_cards(stage)
    visits = records.plan(stage)
    days.live(stage, visits)
    accounts.plan(stage)
    effort.plan(stage)
    menu.plan(stage)
    waiting.plan(stage)
    phones.plan(stage)
    watching.plan(stage)
    downtime.plan(stage)
    weakening.plan(stage)
    releasing.plan(stage)
    continuing.plan(stage)
    reaching.plan(stage)
    return visits


def _found(config: Config, stage: Stage) -> None:
    owner = people.OWNER
    made = founding.found(
        config, practice=people.PRACTICE, owner_email=owner.email, owner_name=owner.name, is_demo=True
    )
    founder = Actor.operator("demo")
    people.open_locations(founder)
    stage.people = people.hire(founder, made.roles)
    stage.actors = people.actors(stage.people)
    menu.furnish(founder, stage.people)


def _as_of_now(stage: Stage) -> None:
    """Add what has no history of its own: how people are reached, and the browsers they work in."""
    founder = Actor.operator("demo")
    with suppress(Unchanged):
        menu.keep_holidays(founder, stage.today.year)
    telling.tell(founder, stage.people)
    devices.bring(founder, stage.people)
    patients.open_accounts(stage)
    watching.ask_as_patient(stage)
    reaching.as_of_now(stage)
    sweeping.edit_and_sweep()
    weakening.compare()


def _in_bulk(stage: Stage, life: Life) -> None:
    """Write visits, and what their clients were told and are offered."""
    founder = Actor.operator("demo")
    posting.write(founder, stage, life)
    with keyring():
        messages.as_of_now(stage, life)
        reminding.write(founder, life)
        waiting.offer(founder, life)


def _drop_files() -> None:
    for name in Document.everything.values_list("object_name", flat=True):
        storages["sealed"].delete(name)
