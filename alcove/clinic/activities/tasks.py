"""What the worker does for tasks: repeats, raises, settles and passes on; and hears of messages that did not arrive."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Final
from uuid import UUID

from alcove.clinic.activities import actions
from alcove.clinic.activities.policy import Round
from alcove.clinic.activities.queries import coming, days
from alcove.clinic.messaging.models import Outgoing
from alcove.clinic.messaging.models.kinds import FAULTS, KINDS
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound, NothingRecorded
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.vault.errors import VaultError
from alcove.security.vault.keyring import keyring

LOOK_SECONDS: Final = 300.0
"""How often the worker looks for tasks that are due by the clock."""
AT_ONCE: Final = 200
"""Tasks one look makes at most of repeating ones: after a long stand-still the next look goes on."""


def _actor() -> Actor:
    return Actor.job("tasks", Round.RUN, Open.DIRECTORY)


def look_after_tasks() -> None:
    """Make what repeats, raise and settle what has a cause, then pass on what is overdue."""
    repeat_tasks()
    raise_tasks()
    escalate_tasks()


def repeat_tasks() -> int:
    """Make the tasks of all periods that have begun, one transaction each; return how many."""
    today, made, stuck = days.today(), 0, set[UUID]()
    while made < AT_ONCE:
        # Asked anew instead of trying until it fails: a deed that fails costs the log a new writer.
        due = [one for one in coming.repeats_due(today) if one not in stuck]
        if not due:
            break
        for repeat_id in due:
            if _went_on(repeat_id, today):
                made += 1
            else:
                stuck.add(repeat_id)
    return made


def _went_on(repeat_id: UUID, today: date) -> bool:
    try:
        actions.go_on(_actor(), repeat_id, today)
    except (Conflict, NotFound, VaultError):
        return False
    return True


def raise_tasks() -> None:
    """Raise tasks for what runs out or waits, and end those whose cause is gone."""
    today = days.today()
    for wanted in coming.wanted(today):
        # Another worker raised it between the look and the deed.
        with suppress(NothingRecorded):
            actions.raise_wanted(_actor(), wanted)
    for cause, key in coming.settled(today):
        with suppress(NothingRecorded):
            actions.settle(_actor(), cause, key)


def escalate_tasks() -> None:
    """Tell others of what is overdue."""
    today = days.today()
    if coming.late(today).exists():
        with suppress(NothingRecorded):
            actions.escalate(_actor(), today)


def move_from_leavers() -> None:
    """Give away the tasks of people who left."""
    if any(rows.exists() for rows in coming.orphaned(clock.now())):
        with suppress(NothingRecorded):
            actions.move_from_leavers(_actor())


def follow_failed_message(outgoing: str, client: str, about: str, kind: str, why: str) -> None:  # noqa: ARG001 - what a follower is given
    """Raise a task for a message that came back or could not leave; one open task for each client is enough."""
    client_id, row = UUID(client), Outgoing.objects.filter(pk=UUID(outgoing)).first()
    if row is None or coming.is_raised("message", client_id):
        return
    what = KINDS[kind].title if kind in KINDS else "About a visit"
    reason = FAULTS.get(row.fault, "the network refused it")
    with keyring(), suppress(NothingRecorded, NotFound, VaultError):
        opening.open_client(_actor(), client_id, record=False)
        actions.raise_task(
            _actor(), cause="message", key=outgoing, client_id=client_id,
            title=f"A message did not arrive: {what}",
            text=f"{reason[:1].upper()}{reason[1:]}. Reach the client another way, and put right how they are reached.",
        )  # fmt: skip
