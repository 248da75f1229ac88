"""How the probes are: alive, silent, never heard of; and what the baseline calls weak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.formats import date_format

from alcove.compliance.uptime.models import Probe
from alcove.compliance.uptime.policy import Uptime
from alcove.compliance.uptime.queries import months, seen
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.audit import clock
from alcove.security.identity import tokens


@dataclass(frozen=True, slots=True)
class Line:
    """A probe in the list. ``last_at``: its last try that was told; ``is_silent``: nothing came for too long."""

    row: Probe
    last_at: datetime | None
    is_silent: bool

    @property
    def where(self) -> str:
        return self.row.location.name if self.row.location else self.row.get_kind_display()


def lines(actor: Actor) -> list[Line]:
    """Return all probes but this server itself: those at work first, by name; raise ``Refused``."""
    actor.must(Uptime.VIEW)
    return sorted(
        _lines(),
        key=lambda one: (one.row.ended_at is not None, one.where.casefold(), one.row.name.casefold()),
    )


def _lines() -> list[Line]:
    last, now = seen.last_tries(), clock.now()
    rows = Probe.objects.exclude(kind=Probe.Kind.SERVER).select_related("location")
    return [
        Line(one, at := last.get(one.pk), one.ended_at is None and now - (at or one.made_at) > policy.PROBE_SILENT)
        for one in rows
    ]  # fmt: skip


def silent(actor: Actor) -> list[Line]:
    """Return probes at work of which nothing was heard for too long; raise ``Refused``."""
    return [one for one in lines(actor) if one.is_silent]


def one(actor: Actor, probe_id: UUID) -> Probe:
    """Return a probe that is at work; raise ``NotFound``, ``Refused``."""
    actor.must(Uptime.VIEW)
    live = Probe.objects.exclude(kind=Probe.Kind.SERVER).filter(pk=probe_id, ended_at__isnull=True)
    found = live.select_related("location").first()
    if found is None:
        raise NotFound("there is no such probe any more")
    return found


def of_token(token: str) -> Probe:
    """Return the probe whose token this is; raise ``NotFound`` for every other, ended ones too."""
    found = Probe.objects.filter(digest=tokens.digest(token), ended_at__isnull=True).first()
    if found is None:
        raise NotFound("there is nothing here")
    return found


# For the baseline -----------------------------------------------------------------------------------------------------


def lost() -> Iterator[tuple[str, str]]:
    """Yield (subject, sentence) of probes at work of which nothing was heard for a day."""
    now = clock.now()
    for one in _lines():
        if one.row.ended_at is None and now - (one.last_at or one.row.made_at) > policy.PROBE_LOST:
            what = (
                "silent for more than a day." if one.last_at else "added more than a day ago, never heard of."
            )
            yield one.row.pk.hex, f"{one.row.name}, {one.where}: {what}"


def missed() -> Iterator[tuple[str, str]]:
    """Yield (subject, sentence) of places that missed the goal in the month that ended last; the next ends that."""
    first = months.later(months.this_month(), -1)
    goal = f"{policy.UPTIME_GOAL / 1000:.2f} %"
    for row in months.missed(first):
        sentence = f"{row.title}: {row.percent} % in {date_format(first, 'F Y')}; the goal is {goal}."
        yield f"{first:%Y-%m} {row.key}", sentence
