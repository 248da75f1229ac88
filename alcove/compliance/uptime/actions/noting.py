"""Writing down what was measured: no deed of anybody, so beside the log, which it would drown (``access/writes.py``).

A probe's reports are taken one after the other, whoever sends them. The newest stretch may grow; what was told before
it stays as it is, and what is told again is known by when the probe says it began. So an answer that was lost, a report
sent twice, and two at once change nothing that was not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from alcove.compliance.uptime.models import Probe, Stretch
from alcove.compliance.uptime.policy import Did, Uptime
from alcove.compliance.uptime.queries.seen import millis, moment
from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import NotFound
from alcove.security.access.writes import write_turn
from alcove.security.audit import clock

SERVER_NAME: Final = "This server"
_A_LITTLE: Final = 1
"""Milliseconds between the last try of one stretch and the first of the next, at least."""


@dataclass(frozen=True, slots=True)
class Told:
    """A stretch as a probe tells it: its first and last try by the probe's own clock, in milliseconds."""

    began: int
    ended: int
    tries: int
    what: str


def note(probe: Probe, told: Sequence[Told], *, now: int, every: int, received: datetime) -> None:
    """Write down a report; ``now``: what time the probe says it is. Raises ``NotFound`` if the probe ended meanwhile.

    ``told`` is in order and apart, and nothing in it is later than ``now``.
    """
    with write_turn(), transaction.atomic():
        held = Probe.objects.select_for_update().filter(pk=probe.pk, ended_at__isnull=True).first()
        if held is None or held.digest != probe.digest:
            raise NotFound("there is nothing here")
        shift = millis(received) - now
        newest = Stretch.objects.filter(probe=held).order_by("-until_at").first()
        known = dict.fromkeys(
            Stretch.objects.filter(probe=held, begun_ms__in=[one.began for one in told]).values_list(
                "begun_ms", flat=True
            )
        )
        if newest is not None:
            _grow(newest, [one for one in told if one.began == newest.begun_ms], shift)
        after = millis(newest.until_at) + _A_LITTLE if newest else millis(held.made_at)
        fresh = [one for one in told if one.began not in known]
        Stretch.objects.bulk_create(_fitted(held, fresh, shift, after, every))


def _grow(newest: Stretch, again: Sequence[Told], shift: int) -> None:
    for one in again:
        until = moment(one.ended + shift)
        # Told by another clock than before, it may not end as it did: it never shrinks.
        if one.what == newest.what and one.tries > newest.tries and until > newest.until_at:
            newest.until_at, newest.tries = until, one.tries
            newest.save(update_fields=["until_at", "tries"])


def _fitted(probe: Probe, told: Sequence[Told], shift: int, after: int, every: int) -> Iterator[Stretch]:
    """Yield stretches by the server's clock, less what lies before ``after``: nothing is counted twice."""
    for one in told:
        began, ended = max(one.began + shift, after), one.ended + shift
        if ended < began:
            continue
        after = ended + _A_LITTLE
        yield Stretch(
            probe=probe, begun_ms=one.began, from_at=moment(began), until_at=moment(ended), tries=one.tries,
            every_ms=every, what=one.what,
        )  # fmt: skip


# This server ----------------------------------------------------------------------------------------------------------


@action(Uptime.WATCH)
def begin_server(change: Change) -> Probe:
    """Add this server as a vantage, once."""
    return change.create(
        Probe, Did.BEGAN, name=SERVER_NAME, kind=Probe.Kind.SERVER.value, location=None, digest="",
        made_at=change.now,
    )  # fmt: skip


def note_server(server: Probe, *, goes_on: bool) -> None:
    """Note that the server runs: the stretch of before goes on, if the same process noted it, else another begins."""
    at = clock.now()
    with write_turn(), transaction.atomic():
        held = Probe.objects.select_for_update().get(pk=server.pk)
        newest = Stretch.objects.filter(probe=held).order_by("-until_at").first()
        if newest is not None and at <= newest.until_at:
            return
        if newest is not None and goes_on:
            newest.until_at, newest.tries = at, newest.tries + 1
            newest.save(update_fields=["until_at", "tries"])
            return
        Stretch.objects.create(
            probe=held, begun_ms=millis(at), from_at=at, until_at=at, tries=1, what=Stretch.What.REACHED,
            every_ms=policy.UPTIME_RUNNING // timedelta(milliseconds=1),
        )  # fmt: skip


def forget_old() -> int:
    """Remove stretches that ended longer ago than they are kept; return how many."""
    with write_turn(), transaction.atomic():
        gone, _ = Stretch.objects.filter(until_at__lt=clock.now() - policy.UPTIME_KEPT).delete()
    return gone
