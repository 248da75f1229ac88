"""The round that delivers messages about visits. Its thread is its own: notices of accounts never wait for it."""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.messaging.actions import sending
from alcove.clinic.messaging.actions.sending import Said, Stopped
from alcove.clinic.messaging.models import Outgoing
from alcove.clinic.messaging.models.kinds import PORTAL, SMS
from alcove.clinic.messaging.policy import Did, Round
from alcove.clinic.messaging.queries import choosing, composing, wording
from alcove.clinic.messaging.queries.composing import Composed
from alcove.operations.mail import delivery
from alcove.operations.mail.message import Message, NotSent, Transport
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.policy import Open
from alcove.security.vault.errors import VaultError
from alcove.security.vault.keyring import keyring

log = logging.getLogger("alcove.messages")
LOOK_SECONDS: Final = 1.0
AT_ONCE: Final = 50
"""Messages of one round; the next one follows within a second."""
is_any_due = sending.is_any_due


def deliver() -> int:
    """Send what is due; return how many left. Any number of processes may do so at once."""
    actor = Actor.job("messages", Round.DELIVER, Open.DIRECTORY)
    ways = delivery.roads()
    sent = 0
    for _ in range(AT_ONCE):
        row = sending.claim()
        if row is None:
            break
        with keyring():
            try:
                sent += _try(actor, row, ways)
            except (Conflict, Stopped):
                log.info("a message was ended by another process or taken back")
    _ask_fates(actor, ways)
    return sent


def _try(actor: Actor, row: Outgoing, ways: dict[str, Transport]) -> bool:
    """Bring one claimed message as far as it goes now; return whether it left."""
    now = timezone.now()
    try:
        opening.open_client(actor, row.client_id, event=Did.ADDRESS_READ)
        client = Client.objects.get(pk=row.client_id)
        chosen = choosing.choice(row.client_id)
        facts = (row.content or {}).get("facts", {})
    except (NotFound, VaultError):
        sending.drop(actor, row, "gone")
        return False
    if row.leaving_at is not None:
        sending.note_unsure(actor, row)
        return False
    if row.ends_at <= now:
        sending.drop(actor, row, row.fault if row.fault not in {"", sending.ON_ITS_WAY} else "too late")
        return False
    way = composing.route_of(client, chosen)
    if not way.is_open:
        sending.drop(actor, row, way.refusal, channel=way.channel)
        return False
    leaves = composing.may_leave_at(row.kind, facts, chosen, wanted=now, ends_at=row.ends_at, now=now)
    if way.channel != PORTAL and leaves is None:
        sending.drop(actor, row, "quiet hours", channel=way.channel)
        return False
    if way.channel != PORTAL and leaves is not None and leaves > now:
        sending.postpone(row, "", leaves)
        return False
    try:
        letter = composing.composed(client, row, chosen, way)
    except wording.Unfit:
        sending.drop(actor, row, "text", channel=way.channel)
        return False
    return _send(actor, row, letter, ways)


def _send(actor: Actor, row: Outgoing, letter: Composed, ways: dict[str, Transport]) -> bool:
    channel, said = letter.route.channel, Said(letter.route.to, letter.kept)
    if channel == PORTAL:
        sending.note_kept(actor, row, said)
        return False
    transport = ways.get(channel)
    if transport is None:
        sending.postpone(row, "not set up")
        return False
    if channel == SMS and not sending.reserve(row, wording.parts(letter.words.body).parts):
        sending.postpone(row, "cap", sending.cap_waits_until(timezone.now()))
        return False
    life = int((row.ends_at - timezone.now()).total_seconds())
    message = Message(
        row.id, row.kind, letter.route.to, letter.words.subject, letter.words.body, max(life, 0)
    )
    try:
        reference = transport.send(message, partial(sending.mark, row, channel))
    except NotSent as fault:
        log.warning("a message of the kind %s was not sent: %s", row.kind, fault.fault)
        _end_fault(actor, row, said, fault)
        return False
    _note_sent(actor, row, Said(said.to, said.words, reference))
    return True


def _end_fault(actor: Actor, row: Outgoing, said: Said, fault: NotSent) -> None:
    if fault.may_have_left:
        sending.note_unsure(actor, row, said, fault=fault.fault)
    elif fault.is_bounce:
        sending.bounce(actor, row, said, fault.fault)
    elif fault.is_final:
        sending.drop(actor, row, fault.fault)
    else:
        sending.postpone(row, fault.fault)


def _note_sent(actor: Actor, row: Outgoing, said: Said) -> None:
    try:
        sending.note_sent(actor, row, said)
    except Conflict:
        # The client's key was replaced between opening and noting: it has left, so it is noted under the new one.
        with keyring():
            opening.open_client(actor, row.client_id, event=Did.ADDRESS_READ)
            sending.note_sent(actor, row, said)


def _ask_fates(actor: Actor, ways: dict[str, Transport]) -> None:
    transport = ways.get(SMS)
    for row in sending.fates_due():
        try:
            fate = transport.fate(row.reference) if transport is not None else ""
        except NotSent as fault:
            log.info("an SMS provider did not say what became of a message: %s", fault.fault)
            fate = ""
        if not fate:
            sending.look_again_at_fate(row)
            continue
        with keyring():
            try:
                opening.open_client(actor, row.client_id, event=Did.ADDRESS_READ)
                sending.note_fate(actor, row, fate)
            except (Conflict, NotFound, VaultError):
                log.info("what became of a message was noted by another process")
