"""Leavers, and accounts nobody uses.

At the leaving time everything of theirs is refused by the clock (``Person.has_left``), with no worker. What is cleared
away here cannot come back to life when somebody restores the account: a leaver who returns begins anew.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.policy import RoleKey
from alcove.security.identity.actions import notices
from alcove.security.identity.actions.people import set_aside
from alcove.security.identity.actions.roles import refuse_without_owner
from alcove.security.identity.models import (
    Challenge,
    Device,
    DeviceCode,
    DevicePin,
    DirectoryAccount,
    Factor,
    HandOver,
    Link,
    Membership,
    Notice,
    OldPassword,
    Passkey,
    Person,
    RecoveryCode,
    SentCode,
    Session,
    SignIn,
)
from alcove.security.identity.policy import Did, People
from alcove.security.identity.queries import staying


@action(People.SUSPEND)
def set_leaving(change: Change, person: Person, *, leaves_at: datetime | None) -> None:
    """Set the moment from which nothing of this person's opens anything; None takes it back while it lies ahead.

    Raises ``Conflict`` for the last owner or officer, and for someone who has left already.
    """
    if person.id == change.actor.id:
        raise Refused(People.SUSPEND.key, "Nobody sets their own leaving time. Ask another owner.")
    if person.suspended_why == Person.Why.LEFT or person.has_left(change.now):
        raise Conflict("This person has left already. Lift the suspension if they come back.")
    if leaves_at is not None:
        refuse_without_owner(person, [])
    if not change.update(person, Did.LEAVING_SET, leaves_at=leaves_at):
        raise Conflict("Nothing was changed.")


@action(People.SUSPEND)
def end_leaver(change: Change, person: Person) -> None:
    """Clear away every credential of someone whose leaving time has come, and tell the owners."""
    if not person.has_left(change.now):
        raise Conflict("This person has not left.")
    change.update(person, Did.PERSON_LEFT, suspended_at=change.now, suspended_why=Person.Why.LEFT)
    clear_credentials(change, person)
    OldPassword.objects.filter(person=person).delete()
    # Not by ``change.update``: that would keep the hash among the earlier versions.
    person.password = ""
    person.save(update_fields=["password"])
    ended = [item.role.name for item in person.memberships.select_related("role")]
    Membership.objects.filter(person=person).delete()
    if ended:
        change.record(Did.ROLES_GIVEN, on=person, fields=[f"-{name}" for name in ended])
    text = f"{person.name} has left. Every session, password, factor, PIN, link and own device of theirs has ended."
    notices.tell_deciders(change, People.SUSPEND, "leaver", "Someone has left", text, but=person)


def clear_credentials(change: Change, person: Person) -> None:
    """End everything that could let this person in again; only the password is for the caller."""
    sessions = Session.objects.filter(person=person)
    HandOver.objects.filter(session__in=sessions, ended_at__isnull=True).update(
        ended_at=change.now, ended_how="lost"
    )
    sessions.filter(ended_at__isnull=True).update(ended_at=change.now)
    for rows in (SignIn, Factor, Passkey, RecoveryCode, DevicePin, SentCode, Challenge, DirectoryAccount):
        rows.objects.filter(person=person).delete()
    Link.objects.filter(person=person, used_at__isnull=True).update(used_at=change.now)
    # A code or link on its way to them opens nothing any more; there is no need to send it.
    Notice.objects.filter(person=person, sent_at__isnull=True, content__isnull=False).update(
        ends_at=change.now, content=None, fault="the person left"
    )
    own = Device.objects.filter(
        Q(holder=person, state__in=(Device.State.APPROVED, Device.State.PENDING))
        | Q(asked_by=person, state=Device.State.PENDING)
    )
    DeviceCode.objects.filter(device__in=own).delete()
    for device in own:
        change.update(device, Did.DEVICE_RETIRED, state=Device.State.RETIRED, decided_at=change.now)


@action(People.SUSPEND)
def suspend_unused(change: Change) -> int:
    """Suspend every account that nobody used for 90 days, and tell its person; return how many.

    The last owner and the last officer are told instead: a practice must not lock itself out by being away.
    """
    suspended = 0
    for person in staying.unused(change.now):
        try:
            set_aside(change, person, Did.PERSON_SUSPENDED, Person.Why.UNUSED)
        except Conflict:
            _tell_unused(change, person)
            continue
        suspended += 1
        text = (
            f"Your account was suspended because nobody used it for {policy.UNUSED_LIMIT.days} days. "
            "If you still work here, ask an owner of the practice to lift the suspension."
        )
        notices.tell(change, person, "unused", "Your account is suspended", text)
    if not change.drafts:
        raise Conflict("There is no account that nobody uses.")
    return suspended


def _tell_unused(change: Change, person: Person) -> None:
    lately = Notice.objects.filter(
        person=person, kind="unused", created_at__gt=change.now - policy.UNUSED_LIMIT
    )
    if lately.exists():
        return
    kept = "owner" if person.memberships.filter(role__key=RoleKey.OWNER).exists() else "compliance officer"
    text = (
        f"Nobody used your account for {policy.UNUSED_LIMIT.days} days. It is kept because you are the practice's last "
        f"{kept}. Sign in, or appoint a second one."
    )
    notices.tell(change, person, "unused", "Your account is not used", text)
    change.record(Did.UNUSED_TOLD, on=person)
