"""What people are told outside the page: put down in the transaction of the deed, delivered by ``operations.mail``.

A notice is a deed's own shadow: if the deed is rolled back, nobody is told. What it says is sealed until it has
left and gone afterwards; in a demo practice nothing leaves, and its outbox page shows what was said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.policy import Open, Permission
from alcove.security.access.writes import write_turn, writing
from alcove.security.identity.models import Membership, Notice, PatientAccount, Person
from alcove.security.identity.policy import Did, Door
from alcove.security.vault.house import house

EMAIL, SMS = Notice.Channel.EMAIL, Notice.Channel.SMS
ON_ITS_WAY = "on its way"
"""The ``fault`` of a notice between its claim and its end."""
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)


# Where people are reached ------------------------------------------------------------------------------------------


def reach(person: Person) -> None:
    """Open where a patient can be reached, with its entry; staff need no opening. Only inside a ring of keys."""
    if person.kind != Person.Kind.PATIENT:
        return
    account = PatientAccount.objects.only("client_id").filter(person=person).first()
    if account is None:
        raise NotFound("there is no such account")
    job = Actor.job("reaching a patient", Open.DIRECTORY)
    opening.open_client(job, account.client_id, event=Did.ADDRESS_READ)


def address_of(person: Person, channel: str) -> str:
    """Return where this person is reached, or nothing; a patient's is open only after ``reach``."""
    holder: Person | PatientAccount | None = person
    if person.kind == Person.Kind.PATIENT:
        holder = PatientAccount.objects.filter(person=person).first()
    if holder is None:
        return ""
    return holder.email if channel == EMAIL else holder.phone


# Telling -----------------------------------------------------------------------------------------------------------


def tell(
    change: Change,
    person: Person,
    kind: str,
    subject: str,
    text: str,
    *,
    channel: str = EMAIL,
    to: str | None = None,
    ends_at: datetime | None = None,
) -> Notice | None:
    """Put down that a person is to be told something; return None if they cannot be reached by this channel.

    ``kind``: a code word. ``to``: where, if not at the person's own address (a new one, the old one). ``ends_at``: from
    when it is worth nothing; a day, if not given. A patient's address must have been opened by ``reach``.
    """
    to = address_of(person, channel) if to is None else to
    if not to:
        return None
    return Notice.objects.create(
        person=person,
        channel=channel,
        kind=kind,
        content={"to": to, "subject": subject, "text": text},
        created_at=change.now,
        due_at=change.now,
        ends_at=ends_at or change.now + policy.NOTICE_LIFE,
    )


def tell_all_addresses(change: Change, person: Person, kind: str, subject: str, text: str) -> list[Notice]:
    """Tell a person at every address that is known to be theirs: what a thief of one of them must not hide."""
    channels = [EMAIL, SMS] if person.phone_confirmed_at else [EMAIL]
    told = [tell(change, person, kind, subject, text, channel=channel) for channel in channels]
    return [notice for notice in told if notice is not None]


def tell_deciders(
    change: Change,
    permission: Permission,
    kind: str,
    subject: str,
    text: str,
    *,
    but: Person | None = None,
    by: Callable[[Change, Person, str, str, str], object] = tell,
) -> None:
    """Tell everyone who holds a right, each once, except ``but``; ``by`` one way, or ``tell_all_addresses``."""
    told = set() if but is None else {but.pk}
    holders = Membership.objects.select_related("person", "role").filter(person__suspended_at__isnull=True)
    for membership in holders:
        if permission.key in membership.role.rights and membership.person_id not in told:
            told.add(membership.person_id)
            by(change, membership.person, kind, subject, text)


def tell_of_failed_factor(change: Change, person: Person) -> Notice | None:
    """Tell the holder that somebody who knows the password gave a wrong code; at most once an hour."""
    lately = Notice.objects.filter(
        person=person, kind="factor_failed", created_at__gt=change.now - policy.FAILURE_TOLD_EVERY
    )
    if lately.exists():
        return None
    page = "portal" if person.kind == Person.Kind.PATIENT else "account"
    return tell(
        change,
        person,
        "factor_failed",
        "A wrong code was given for your account",
        "Somebody signed in with your password and then gave a wrong code. If that was you, there is nothing to do.\n\n"
        "If it was not, somebody knows your password: change it now, and tell an owner of the practice.\n\n"
        f"{settings.ALCOVE.public_address}/{page}/",
    )


# Delivery ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this process is to send. ``was_on_its_way``: another one claimed it before and died."""

    notice: Notice
    was_on_its_way: bool


def _waiting() -> QuerySet[Notice]:
    return Notice.objects.filter(sent_at__isnull=True, content__isnull=False)


def is_any_due() -> bool:
    """Whether there is anything to deliver or to give up: one query, for whoever asks each second."""
    return _waiting().filter(due_at__lte=timezone.now()).exists()


def overdue() -> list[Notice]:
    """Return what is worth nothing any more; at most a hundred at once."""
    return list(_waiting().filter(ends_at__lte=timezone.now()).order_by("ends_at")[:100])


def claim(channels: Sequence[str]) -> Claimed | None:
    """Take the notice that has waited longest; None if none is due. Two processes never hold the same one."""
    now = timezone.now()
    due = _waiting().filter(channel__in=channels, due_at__lte=now, ends_at__gt=now)
    for row in due.order_by("due_at")[:5]:
        with write_turn(), writing("claim of a notice"):
            # One statement decides between two: ``tries`` is what the other would have moved.
            won = (
                _waiting()
                .filter(pk=row.pk, tries=row.tries)
                .update(tries=F("tries") + 1, due_at=now + policy.NOTICE_LEASE, fault=ON_ITS_WAY)
            )
        if won:
            row.tries += 1
            return Claimed(row, row.fault == ON_ITS_WAY)
    return None


def postpone(notice: Notice, fault: str) -> None:
    """Note why it could not be sent and try again later: 10 s, 20 s, 40 s, and never more than 15 minutes apart."""
    wait = min(_FIRST_WAIT * 2 ** min(notice.tries, 10), _LONGEST_WAIT)
    with write_turn(), writing("end of a try"):
        _waiting().filter(pk=notice.pk, tries=notice.tries).update(
            due_at=timezone.now() + wait, fault=fault[:80]
        )


@action(Door.DELIVER)
def note_sent(change: Change, notice: Notice) -> None:
    """Note that it has left, and forget what it said; a demo's outbox goes on showing it."""
    _end(notice, fault="", sent_at=change.now, keep=house().is_demo)
    change.record(Did.NOTICE_SENT, on=notice.person, fields=(notice.kind, notice.channel))


@action(Door.DELIVER)
def give_up(change: Change, notice: Notice, fault: str) -> None:
    """Note that it will not leave any more, and forget what it said."""
    _end(notice, fault=fault, sent_at=None, keep=False)
    change.record(Did.NOTICE_DROPPED, on=notice.person, fields=(notice.kind, notice.channel, fault))


def _end(notice: Notice, *, fault: str, sent_at: datetime | None, keep: bool) -> None:
    held = Notice.objects.select_for_update().filter(pk=notice.pk).first()
    if held is None or held.tries != notice.tries or held.sent_at is not None:
        raise Conflict(f"notice {notice.pk.hex} is another process's by now")
    held.sent_at, held.fault = sent_at, fault[:80]
    if not keep:
        held.content = None
    held.save(update_fields=["sent_at", "fault", "content"])
