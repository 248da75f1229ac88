"""Codes sent by SMS: six digits for one purpose and one stage, a few minutes, five tries, one use (IDN-07).

What must never happen: a code that opens anything but the stage it was sent for; a code that counts twice; a code for
someone who may not use this weakest of factors. Nothing here asks for credit: whether the gateway has any shows when it
answers, and until the code is old it is tried again.
"""

from __future__ import annotations

import hmac
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet, Sum

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Refused
from alcove.security.access.rules import RULES
from alcove.security.identity import tokens
from alcove.security.identity.actions import effort, notices
from alcove.security.identity.models import Person, SentCode, Session, SignIn
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.policy import Did, Door
from alcove.security.identity.queries.by_sms import is_offered, may_use
from alcove.security.identity.throttle import TooMany


class Purpose(StrEnum):
    """What a code is for; a code for one of them is no code for another."""

    SIGN_IN = "sign_in"
    CONFIRM_PHONE = "confirm_phone"
    RECOVER = "recover"
    FRESH = "fresh"


_SENTENCES = {
    Purpose.SIGN_IN: "is your sign-in code. Nobody at the practice will ever ask you for it.",
    Purpose.CONFIRM_PHONE: "confirms this phone number.",
    Purpose.FRESH: "shows that it is you. Nobody at the practice will ever ask you for it.",
    Purpose.RECOVER: "recovers your account. Nobody at the practice will ever ask you for it.",
}


def send(
    change: Change, person: Person, purpose: Purpose, subject_id: UUID, *, to: str | None = None
) -> SentCode:
    """Make a code for one stage and put its SMS on the way; the one before it dies. Raises ``TooMany``.

    ``subject_id``: the half-finished sign-in, or whatever else alone may take the code. ``to``: another number than the
    person's own. A patient's number must have been opened by ``notices.reach``.
    """
    # Whoever asks at the same moment waits here, so the counts below are right on both databases.
    Person.objects.select_for_update().get(pk=person.pk)
    _refuse_too_many(change, person, purpose, subject_id)
    _living(change, person, purpose, subject_id).update(expires_at=change.now)
    row = SentCode(
        person=person,
        purpose=purpose,
        subject_id=subject_id,
        sent_at=change.now,
        expires_at=change.now + RULES["sms.minutes"].minutes,
    )
    code = tokens.new_sent_code()
    row.digest = tokens.sent_digest(code, purpose, row.id)
    row.save(force_insert=True)
    text = _text(code, purpose)
    kind = "sign_in_code" if purpose == Purpose.SIGN_IN else str(purpose)
    notices.tell(change, person, kind, "", text, channel=notices.SMS, to=to, ends_at=row.expires_at)
    change.record(Did.CODE_SENT, on=person, fields=(purpose,))
    return row


def take(change: Change, person: Person, purpose: Purpose, subject_id: UUID, code: str) -> bool:
    """Take the code of this person, purpose and stage; True at most once for each code.

    Every try is counted before the digits are looked at, so a hundred at one moment get no more than five between them.
    """
    typed = code.replace(" ", "").replace("-", "")
    row = _living(change, person, purpose, subject_id).order_by("-sent_at").first()
    if row is None or len(typed) != policy.SENT_CODE_DIGITS or not (typed.isascii() and typed.isdigit()):
        return False
    open_row = SentCode.objects.filter(pk=row.pk, used_at__isnull=True, expires_at__gt=change.now)
    if not open_row.filter(tries__lt=policy.SENT_CODE_TRIES).update(tries=F("tries") + 1):
        return False
    if not hmac.compare_digest(row.digest, tokens.sent_digest(typed, purpose, row.id)):
        return False
    if not open_row.update(used_at=change.now):
        return False
    # The failures of a row end with a success.
    SentCode.objects.filter(person=person, purpose=purpose).exclude(pk=row.pk).delete()
    return True


def _living(change: Change, person: Person, purpose: Purpose, subject_id: UUID) -> QuerySet[SentCode]:
    return SentCode.objects.filter(
        person=person, purpose=purpose, subject_id=subject_id, used_at__isnull=True, expires_at__gt=change.now
    )


def _refuse_too_many(change: Change, person: Person, purpose: Purpose, subject_id: UUID) -> None:
    sent = SentCode.objects.filter(person=person, sent_at__gt=change.now - policy.ATTEMPT_WINDOW * 12)
    here = sent.filter(purpose=purpose, subject_id=subject_id)
    failed = SentCode.objects.filter(person=person, purpose=purpose, used_at__isnull=True)
    if (
        sent.count() >= policy.SENT_CODES_PER_HOUR
        or here.filter(sent_at__gt=change.now - policy.SENT_CODE_WAIT).exists()
        or (purpose == Purpose.SIGN_IN and here.count() >= policy.SENT_CODES_PER_STAGE)
        or (failed.aggregate(all=Sum("tries"))["all"] or 0) >= policy.FACTOR_FAILURES_IN_A_ROW
    ):
        raise TooMany


def _text(code: str, purpose: Purpose) -> str:
    minutes = RULES["sms.minutes"].chosen
    host = settings.ALCOVE.public_address.partition("//")[2].partition(":")[0]
    end = "1 minute" if minutes == 1 else f"{minutes} minutes"
    # The last line is read by phones: they offer the code on this site and on no other.
    return f"{code} {_SENTENCES[purpose]} It ends in {end}.\n\n@{host} #{code}"


# At the door -------------------------------------------------------------------------------------------------------


@action(Door.PASS)
def send_sign_in_code(change: Change, stage: SignIn, *, spent: Spent | None = None) -> None:
    """Send a code for this half-finished sign-in; raise ``TooMany``, or ``Refused`` for whom SMS is no factor."""
    if not is_offered(stage.person):
        raise Refused("sign-in", "This account does not use codes by SMS.")
    send(change, stage.person, Purpose.SIGN_IN, stage.id)
    effort.count_step(stage, spent)


def send_fresh_code(change: Change, session: Session) -> None:
    """Send a code by which a session is made fresh, inside a deed that was allowed; raises as ``send_sign_in_code``."""
    if not is_offered(session.person):
        raise Refused("sign-in", "This account does not use codes by SMS.")
    send(change, session.person, Purpose.FRESH, session.id)


def take_fresh_code(change: Change, session: Session, code: str) -> bool:
    """Take the code that was sent for this session, if its person may use one at this moment."""
    return may_use(session.person) and take(change, session.person, Purpose.FRESH, session.id, code)


def take_sign_in_code(change: Change, stage: SignIn, code: str) -> bool:
    """Take the code that was sent for this half-finished sign-in, if its person may use one at this moment."""
    return may_use(stage.person) and take(change, stage.person, Purpose.SIGN_IN, stage.id, code)
