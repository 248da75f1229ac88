"""The round that delivers: claims one notice after the other, sends it, notes how it ended.

A slow mail server must hold up nothing else, least of all the log's sequencer, so the worker lets the round run in a
thread of its own (``Post``) and looks each second only whether there is anything to do.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from alcove.operations.mail.message import Message, NotSent, Transport
from alcove.operations.mail.roads import road
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.identity.actions import notices
from alcove.security.identity.actions.notices import Claimed
from alcove.security.identity.models import Notice
from alcove.security.identity.policy import Door
from alcove.security.vault.house import house

log = logging.getLogger("alcove.mail")
AT_ONCE = 50
"""Messages of one round; the next one follows within a second."""


def deliver() -> int:
    """Send what is due and give up what is too old; return how many left. Any number of processes may do so at once."""
    actor = Actor.job("mail", Door.DELIVER)
    for notice in notices.overdue():
        _give_up(actor, notice, notice.fault or "too late")
    ways = roads()
    sent = 0
    for _ in range(AT_ONCE):
        claimed = notices.claim(list(ways))
        if claimed is None:
            break
        sent += _deliver(actor, claimed, ways[claimed.notice.channel])
    return sent


def roads() -> dict[str, Transport]:
    """Return the road of each channel that this installation has one for."""
    is_demo = house().is_demo
    found = {channel: road(channel, settings.ALCOVE, is_demo=is_demo) for channel in Notice.Channel.values}
    return {channel: transport for channel, transport in found.items() if transport is not None}


def _deliver(actor: Actor, claimed: Claimed, transport: Transport) -> bool:
    notice = claimed.notice
    if claimed.was_on_its_way and not transport.repeats:
        _give_up(actor, notice, "interrupted")
        return False
    try:
        transport.send(_message(notice))
    except NotSent as fault:
        log.warning("a message of the kind %s was not sent: %s", notice.kind, fault.fault)
        if fault.is_final:
            _give_up(actor, notice, fault.fault)
        else:
            notices.postpone(notice, fault.fault)
        return False
    notices.note_sent(actor, notice)
    return True


def _give_up(actor: Actor, notice: Notice, fault: str) -> None:
    try:
        notices.give_up(actor, notice, fault)
    except Conflict:
        log.info("a message was ended by another process")


def _message(notice: Notice) -> Message:
    content = notice.content
    ends = notice.ends_at or timezone.now()
    life = int((ends - timezone.now()).total_seconds())
    return Message(notice.id, notice.kind, content["to"], content["subject"], content["text"], max(life, 0))


class Post:
    """Lets a round run beside the worker, never two of one kind in one process; each kind has a thread of its own.

    So a pile of reminders never stands before a sign-in code.
    """

    def __init__(
        self,
        run: Callable[[], int] = deliver,
        is_any_due: Callable[[], bool] | None = None,
        *,
        name: str = "mail",
    ) -> None:
        self._run, self._is_any_due, self._name = run, is_any_due or notices.is_any_due, name
        self._thread: threading.Thread | None = None

    def look(self) -> bool:
        """Begin a round if there is anything to do and none is running; return whether one began."""
        if (self._thread is not None and self._thread.is_alive()) or not self._is_any_due():
            return False
        self._thread = threading.Thread(target=self._round, name=self._name)
        self._thread.start()
        return True

    def _round(self) -> None:
        try:
            self._run()
        except Exception as error:  # noqa: BLE001 - the next round tries again; a text could quote what was sent
            log.warning("%s failed: %s", self._name, type(error).__name__)
        finally:
            close_old_connections()
            connection.close()
