"""From due to gone: what the round writes. Each message leaves once, though its sender is killed at any moment.

A row is claimed by one statement (``tries`` decides between two) and leased. ``mark`` notes, in a transaction of its
own and just before the last word, that it is leaving. Without that note nobody has taken it: a claim that ran out is
claimed anew. With it the message may have left: it is ended as such and never sent again. What must never happen: two
copies; a message after it was taken back; a cost above the month's cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from alcove.clinic.messaging.actions.choosing import note_bounce
from alcove.clinic.messaging.actions.planning import FAILED_JOB
from alcove.clinic.messaging.models import Outgoing, Spending
from alcove.clinic.messaging.models.kinds import SMS
from alcove.clinic.messaging.policy import Did, Round
from alcove.clinic.messaging.queries import spending
from alcove.clinic.messaging.queries.wording import Words
from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.writes import write_turn, writing
from alcove.security.jobs import queue

ON_ITS_WAY = "on its way"
State = Outgoing.State


class Stopped(Exception):
    """It was taken back, or another process has it: nothing was sent."""


def _waiting() -> QuerySet[Outgoing]:
    return Outgoing.objects.filter(state=State.WAITING)


def is_any_due() -> bool:
    """Whether the round has anything to do: one query, for whoever asks each second."""
    now = timezone.now()
    return Outgoing.objects.filter(
        Q(state=State.WAITING) | Q(state=State.SENT, reference__gt=""), due_at__lte=now
    ).exists()


def claim() -> Outgoing | None:
    """Take the message that has waited longest; None if none is due. Two processes never hold the same one."""
    now = timezone.now()
    for row in _waiting().filter(due_at__lte=now).order_by("due_at")[:5]:
        with write_turn(), writing("claim of a message"):
            won = (
                _waiting()
                .filter(pk=row.pk, tries=row.tries, due_at=row.due_at)
                .update(tries=F("tries") + 1, due_at=now + policy.NOTICE_LEASE, fault=ON_ITS_WAY)
            )
        if won:
            row.tries += 1
            return row
    return None


def reserve(row: Outgoing, segments: int) -> bool:
    """Set the cost of an SMS aside; False if the month's cap leaves no room for it."""
    with write_turn(), transaction.atomic(), writing("cost of a message"):
        # All who send wait here for each other: the sum is right when it is compared.
        Spending.objects.select_for_update().get_or_create(pk=Spending.THE_ONE)
        found = Spending.objects.select_for_update().get(pk=Spending.THE_ONE)
        now = timezone.now()
        held = _waiting().filter(pk=row.pk, tries=row.tries)
        # What a sender that died set aside for it is free again.
        held.update(milli=0, charged_at=None)
        cost = segments * found.sms_milli
        if found.cap_minor and spending.spent(now).milli + cost > found.cap_minor * 10:
            return False
        held.update(segments=segments, milli=cost, charged_at=now)
    return True


def mark(row: Outgoing, channel: str) -> None:
    """Note that it is leaving, durably, just before its last word; raise ``Stopped`` if it may not.

    Whoever noted it may note it again: a second provider takes what the first refused at its last word.
    """
    now = timezone.now()
    with write_turn(), writing("leaving of a message"):
        held = _waiting().filter(pk=row.pk, tries=row.tries, leaving_at=row.leaving_at)
        if not held.update(leaving_at=now, channel=channel):
            raise Stopped
    row.leaving_at = now


def postpone(row: Outgoing, fault: str, until: datetime | None = None) -> None:
    """Note why it did not leave and look again later: after 10 s, 20 s, 40 s, never more than 15 minutes apart."""
    wait = min(policy.MESSAGE_FIRST_WAIT * 2 ** min(row.tries - 1, 10), policy.MESSAGE_LONGEST_WAIT)
    with write_turn(), writing("end of a try"):
        _waiting().filter(pk=row.pk, tries=row.tries).update(
            due_at=until or timezone.now() + wait, fault=fault[:40], leaving_at=None, milli=0, charged_at=None
        )


def cap_waits_until(now: datetime) -> datetime:
    """Return when a message that waits for money is looked at again: soon, and at the turn of the month."""
    return min(now + policy.CAP_LOOK, spending.next_month(now))


# Ends -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What left: to where, in which words (secrets cut out), and what the provider calls it."""

    to: str
    words: Words
    reference: str = ""

    def content(self) -> dict[str, Any]:
        return {"to": self.to, "subject": self.words.subject, "text": self.words.body}


@action(Round.DELIVER)
def note_sent(change: Change, row: Outgoing, said: Said) -> None:
    """Note that it has left. An SMS whose provider says what becomes of it is asked about later."""
    held = _mine(row)
    held.reference = said.reference[:42]
    held.due_at = change.now + policy.FATE_FIRST_LOOK
    _end(change, held, State.SENT, Did.SENT, content=said.content())


@action(Round.DELIVER)
def note_kept(change: Change, row: Outgoing, said: Said) -> None:
    """Note that it stands in the portal, which is all this client wants."""
    _end(change, _mine(row), State.KEPT, Did.KEPT, content=said.content())


@action(Round.DELIVER)
def note_unsure(
    change: Change, row: Outgoing, said: Said | None = None, *, fault: str = "interrupted"
) -> None:
    """Note that it may have left: its sender died, or the answer was lost, after the last word."""
    held = _mine(row)
    _end(
        change, held, State.UNSURE, Did.UNSURE, fault=fault, content=said.content() if said else held.content
    )


@action(Round.DELIVER)
def drop(change: Change, row: Outgoing, fault: str, *, channel: str = "") -> None:
    """Note that it will not leave. Unless the client wants it so, a job says so to whoever follows."""
    held = _mine(row)
    held.channel = channel or held.channel
    held.milli, held.charged_at = 0, None
    _end(change, held, State.DROPPED, Did.DROPPED, fault=fault, content=None)
    if fault not in {"none", "deceased", "gone"}:
        _leave_job(change, held, "not_sent")


@action(Round.DELIVER)
def bounce(change: Change, row: Outgoing, said: Said, fault: str) -> None:
    """Note that the other side refused the address: nothing goes there until somebody confirms it anew."""
    held = _mine(row)
    held.milli, held.charged_at = 0, None
    _end(change, held, State.BOUNCED, Did.BOUNCED, fault=fault, content=said.content())
    note_bounce(change, held.client_id, said.to)
    _leave_job(change, held, "bounced")


@action(Round.DELIVER)
def note_fate(change: Change, row: Outgoing, fate: str) -> None:
    """Note what the provider says became of an SMS that left: "delivered" or "failed"."""
    held = Outgoing.objects.select_for_update().filter(pk=row.pk, state=State.SENT).first()
    if held is None:
        raise Conflict("another process noted it")
    if fate == "delivered":
        held.state = State.DELIVERED
        held.save(update_fields=["state"])
        change.record(Did.DELIVERED, client_id=held.client_id, on=held, fields=(held.kind, held.channel))
        return
    held.state, held.fault = State.BOUNCED, "undelivered"
    held.save(update_fields=["state", "fault"])
    change.record(Did.BOUNCED, client_id=held.client_id, on=held, fields=(held.kind, held.channel))
    note_bounce(change, held.client_id, (held.content or {})["to"])
    _leave_job(change, held, "bounced")


def look_again_at_fate(row: Outgoing) -> None:
    """Ask the provider again later, but not for ever."""
    sent = row.ended_at or timezone.now()
    late = timezone.now() - sent > policy.FATE_LAST_LOOK
    with write_turn(), writing("a look at what became of a message"):
        Outgoing.objects.filter(pk=row.pk, state=State.SENT).update(
            **{"reference": ""} if late else {"due_at": timezone.now() + policy.FATE_LOOK}
        )


def fates_due() -> list[Outgoing]:
    """Return SMS whose provider is to be asked what became of them."""
    rows = Outgoing.objects.filter(
        state=State.SENT, channel=SMS, reference__gt="", due_at__lte=timezone.now()
    )
    return list(rows.order_by("due_at")[:20])


def _mine(row: Outgoing) -> Outgoing:
    """Return the row, locked, while the claim on it still counts; raise ``Conflict``."""
    held = Outgoing.objects.select_for_update().filter(pk=row.pk).first()
    if held is None or held.tries != row.tries or not held.is_waiting:
        raise Conflict(f"message {row.pk.hex} is another process's by now")
    return held


def _end(
    change: Change,
    held: Outgoing,
    state: str,
    event: Did,
    *,
    content: dict[str, Any] | None,
    fault: str = "",
) -> None:
    held.state, held.fault, held.ended_at, held.content = state, fault[:40], change.now, content
    held.save()
    words = (held.kind, held.channel, held.fault)
    change.record(event, client_id=held.client_id, on=held, fields=tuple(word for word in words if word))


def _leave_job(change: Change, row: Outgoing, why: str) -> None:
    queue.later(
        change, FAILED_JOB, outgoing=row.id, client=row.client_id, about=row.about, kind=row.kind, why=why
    )
