"""How each test stands today: made in time, overdue, failed, or never made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.practice.models import Location
from alcove.compliance.continuity.models import Entrant, Trial
from alcove.operations.backups import queries as backups
from alcove.operations.backups.models import Drill
from alcove.security import policy_defaults as policy
from alcove.security.audit import clock
from alcove.security.vault.models import House

DONE, OVERDUE, FAILED, NEVER = "done", "overdue", "failed", "never"
RED: Final = frozenset({OVERDUE, FAILED, NEVER})
_EVERY: Final = {Trial.Kind.FAILOVER: policy.FAILOVER_EVERY, Trial.Kind.DOWNTIME: policy.EXERCISE_EVERY}


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing that is tested. ``subject``: a code word or id; ``due_on``: the last day before it is overdue."""

    subject: str
    title: str
    state: str
    last_on: date | None
    due_on: date | None
    url: str = ""

    @property
    def is_red(self) -> bool:
        return self.state in RED

    @property
    def sentence(self) -> str:
        """Say what is wrong, for the list of weaknesses."""
        last = f"{self.last_on:%d %B %Y}" if self.last_on else ""
        if self.state == NEVER:
            return f"{self.title}: never tested."
        if self.state == FAILED:
            return f"{self.title}: the test of {last} failed, and none has passed since."
        return f"{self.title}: last tested on {last}."


def standings(today: date | None = None) -> list[Standing]:
    """Return how everything that is tested stands: restores, each location's failover line, exercises, the rest."""
    day = today or _today()
    return [restore(), *trials(day)]


def trials(today: date) -> list[Standing]:
    """Return how the tests that people enter stand."""
    held: dict[str, list[Trial]] = {}
    live = Trial.objects.filter(ended_at__isnull=True).select_related("location")
    # Of two on one day the one entered later counts.
    for one in live.order_by("-on", "-id"):
        held.setdefault(_subject(one), []).append(one)
    found = [
        _standing(f"failover {place.pk.hex}", f"Failover line, {place.name}", held, today)
        for place in Location.objects.filter(is_active=True)
    ]
    found.append(_standing("downtime", "Downtime exercise", held, today))
    others = sorted({subject for subject, rows in held.items() if rows[0].kind == Trial.Kind.OTHER})
    return found + [_standing(subject, _title(held[subject][0]), held, today) for subject in others]


def _subject(one: Trial) -> str:
    if one.kind == Trial.Kind.FAILOVER and one.location_id:
        return f"failover {one.location_id.hex}"
    if one.kind == Trial.Kind.DOWNTIME:
        return "downtime"
    return f"other {one.what.casefold()} {one.location_id or ''}".strip()


def _title(one: Trial) -> str:
    return f"{one.what}, {one.location.name}" if one.location else one.what


def _standing(subject: str, title: str, held: dict[str, list[Trial]], today: date) -> Standing:
    newest = held[subject][0] if subject in held else None
    if newest is None:
        return Standing(subject, title, NEVER, None, None)
    due = due_on(newest)
    state = FAILED if not newest.is_passed else OVERDUE if due is not None and today > due else DONE
    # What somebody typed is no code word: the row it was typed in stands for it.
    code = f"other {newest.pk.hex}" if newest.kind == Trial.Kind.OTHER else subject
    return Standing(code, title, state, newest.on, due)


def due_on(one: Trial) -> date | None:
    """Return the last day on which this test still counts: its kind's, or sooner if whoever made it said so."""
    every = _EVERY.get(Trial.Kind(one.kind))
    ends = [day for day in (one.on + every if every else None, one.next_on) if day]
    return min(ends, default=None)


def restore() -> Standing:
    """Return how rehearsed restores stand, as the backups file them by themselves."""
    newest, due, state = (
        Drill.objects.order_by("-ended_at").first(),
        backups.drill_due_at(),
        backups.drill_state(),
    )
    state = NEVER if state == "none" else state
    return Standing(
        "restore", "Restore of a backup", state, _day(newest.ended_at) if newest else None, _day(due) if due else None,
        reverse("backups:backups"),
    )  # fmt: skip


def _today() -> date:
    return _day(clock.now())


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def red() -> list[Standing]:
    """Return what is overdue, failed or was never tested; a restore that no backup could be rehearsed for is not."""
    return [
        one for one in standings() if one.is_red and not (one.subject == "restore" and one.state == NEVER)
    ]


def weak() -> Iterator[tuple[str, str]]:
    """Yield (subject, sentence) of tests for the baseline; a new practice has a month for its first ones.

    Rehearsed restores are told by the backups themselves.
    """
    founded = House.objects.values_list("created_at", flat=True).first()
    is_new = founded is None or clock.now() - founded < policy.FIRST_TESTS_WITHIN
    for one in trials(_today()):
        if one.is_red and not (is_new and one.state == NEVER):
            yield one.subject, one.sentence


# Who may enter --------------------------------------------------------------------------------------------------------


def entrants() -> QuerySet[Entrant]:
    """Return who is listed as able to enter, by location and name."""
    live = Entrant.objects.filter(ended_at__isnull=True, location__is_active=True)
    return live.select_related("location", "person").order_by("location__name", "person__name", "firm", "id")


def amiss(one: Entrant) -> str:
    """Return why somebody who is listed should not be any more, in a few words; "" if nothing is wrong."""
    if one.person is not None and one.person.has_left(clock.now()):
        return "Left, still listed"
    if one.person is not None and not one.person.is_active:
        return "Suspended, still listed"
    if one.until_on is not None and one.until_on < _today():
        return "Time is over, still listed"
    return ""


def still_listed() -> list[Entrant]:
    """Return people who have left and are still listed, and whoever's time is over."""
    return [one for one in entrants() if amiss(one)]
