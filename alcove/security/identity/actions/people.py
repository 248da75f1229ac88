"""Staff accounts, and what everyone may do with their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import Role
from alcove.security.identity import passwords, tokens
from alcove.security.identity.actions import effort, notices
from alcove.security.identity.actions.roles import give_roles, refuse_without_owner
from alcove.security.identity.actions.telling import tell_of
from alcove.security.identity.models import (
    DevicePin,
    DirectoryAccount,
    Effort,
    Factor,
    Link,
    OldPassword,
    Passkey,
    Person,
    RecoveryCode,
    Session,
    SignIn,
)
from alcove.security.identity.policy import Did, Door, People
from alcove.security.identity.queries.words import own_words
from alcove.security.vault.house import house


@action(People.OWN)
def end_session(change: Change, session: Session) -> None:
    """End one of one's own sessions."""
    if session.person_id != change.actor.id:
        raise NotFound("there is no such session")
    Session.objects.filter(pk=session.pk).update(ended_at=change.now)
    change.record(Did.SIGNED_OUT, on=session)


@action(Door.PASS)
def lock_session(change: Change, session: Session) -> None:
    """Lock the screen of this session."""
    Session.objects.filter(pk=session.pk).update(locked_at=change.now)
    effort.note(change, session, Effort.Kind.LOCK)
    change.record(Did.LOCKED, on=session)


def put_password(change: Change, person: Person, password: str) -> None:
    """Make this a person's password, inside a deed that was allowed; raise ``WeakPassword``.

    Refused: too short for who it is, leaked, made of own words, or one of the last five (IDN-04).
    """
    is_patient = person.kind == Person.Kind.PATIENT
    least = policy.PATIENT_PASSWORD_MIN_LENGTH if is_patient else policy.PASSWORD_MIN_LENGTH
    passwords.refuse_weak(password, person.name, person.email, *own_words(), least=least)
    before = OldPassword.objects.filter(person=person).order_by("-replaced_at", "-id")
    passwords.refuse_held(password, [person.password, *before.values_list("password", flat=True)])
    _replace(change, person, password)


def _replace(change: Change, person: Person, password: str) -> None:
    if person.password:
        OldPassword.objects.create(person=person, password=person.password, replaced_at=change.now)
        # Those that are refused with the one in force make five.
        before = OldPassword.objects.filter(person=person).order_by("-replaced_at", "-id")
        kept = list(before.values_list("pk", flat=True)[: policy.OLD_PASSWORDS - 1])
        before.exclude(pk__in=kept).delete()
    person.password = passwords.hashed(password)
    person.save(update_fields=["password"])


@action(People.OWN)
def change_password(change: Change, person: Person, *, password: str) -> None:
    """Set a new password for oneself and end every other session; raise ``WeakPassword``."""
    put_password(change, person, password)
    others = Session.objects.filter(person=person, ended_at__isnull=True)
    others.exclude(pk__in=[change.actor.session_id] if change.actor.session_id else []).update(
        ended_at=change.now
    )
    change.record(Did.PASSWORD_SET, on=person)
    tell_of(change, person, "password changed")


@action(People.SUSPEND)
def set_password(change: Change, person: Person, *, password: str) -> None:
    """Set someone's password from the console at founding; raise ``WeakPassword``."""
    passwords.refuse_weak(password, person.email, *own_words())
    what = "password changed" if person.password else "password set"
    _replace(change, person, password)
    change.record(Did.PASSWORD_SET, on=person)
    tell_of(change, person, what)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link's token, shown once, and when it ends."""

    token: str
    expires_at: datetime


@action(People.ADD)
def add_person(
    change: Change, *, email: str, name: str, title: str = "", phone: str = "", given_by: str = "",
    roles: Iterable[Role] = (), is_vouched: bool = False,
) -> Person:  # fmt: skip
    """Add a staff account without a password; roles beyond one's own rights are refused.

    It opens no client data before it is cleared (``Person.missing``). ``is_vouched``: the console answers for identity,
    e-mail and phone; people in pages cannot. ``given_by``: on whose word (``GivenBy``). ``phone`` in E.164.
    """
    if is_vouched and change.actor.kind != "operator":
        raise Refused("console", "Only the console can answer for someone.")
    person = change.create(
        Person, Did.PERSON_ADDED, email=email.strip().lower(), name=name.strip(), title=title, phone=phone,
        given_by=given_by, typed_by_id=change.actor.id, vouched_at=change.now if is_vouched else None,
    )  # fmt: skip
    give_roles(change, person, list(roles))
    return person


@action(People.ADD)
def make_link(change: Change, person: Person, kind: str = "setup") -> NewLink:
    """Make a single-use link. ``demo`` links exist in demo practices only."""
    if kind == "demo" and not house().is_demo:
        raise Refused("demo", "Sign-in links exist in demo practices only.")
    token, digest = tokens.new_token()
    life = policy.DEMO_LINK_LIFE if kind == "demo" else policy.SETUP_LINK_LIFE
    link = change.create(
        Link, Did.LINK_MADE, kind=kind, digest=digest, person=person, expires_at=change.now + life
    )
    return NewLink(token, link.expires_at)


@action(People.SUSPEND)
def suspend(change: Change, person: Person) -> None:
    """Suspend an account and end its sessions at once; the last owner stays."""
    if person.id == change.actor.id:
        raise Conflict("Nobody suspends their own account.")
    set_aside(change, person, Did.PERSON_SUSPENDED, Person.Why.BY_HAND)


def set_aside(change: Change, person: Person, event: Did, why: str) -> None:
    """Suspend an account for a reason and end its sessions, inside a deed that was allowed; the last owner stays."""
    refuse_without_owner(person, [])
    change.update(person, event, suspended_at=change.now, suspended_why=why)
    Session.objects.filter(person=person, ended_at__isnull=True).update(ended_at=change.now)


@action(People.SUSPEND)
def restore(change: Change, person: Person) -> None:
    """Lift a suspension, or bring back who had left. It counts as use, so that it is not suspended again tonight."""
    if person.is_active:
        raise Conflict("This account is not suspended.")
    if person.id == change.actor.id:
        raise Conflict("Nobody restores their own account.")
    change.update(
        person, Did.PERSON_RESTORED, suspended_at=None, suspended_why="", leaves_at=None, seen_at=change.now
    )


@action(People.SUSPEND)
def reset_factors(change: Change, person: Person) -> None:
    """Remove a person's factors, recovery codes and sessions from the console, which is on the log as the operator.

    In pages it takes two people (``recovery.recover_by_two``): one alone could make anybody's account their own.
    """
    if change.actor.kind != "operator":
        raise Refused("console", "This takes two administrators: ask for recovery of the account.")
    forget_factors(change, person)
    tell_of_recovery(change, person)
    clear_number(change, person)


def forget_factors(change: Change, person: Person) -> None:
    """Remove factors, passkeys, recovery codes and PINs and end every session, inside a deed that was allowed."""
    for rows in (Factor, RecoveryCode, Passkey, DevicePin, SignIn, DirectoryAccount):
        rows.objects.filter(person=person).delete()
    Session.objects.filter(person=person, ended_at__isnull=True).update(ended_at=change.now)
    change.record(Did.FACTORS_RESET, on=person)


def clear_number(change: Change, person: Person) -> None:
    """Forget someone's number: a code sent to a phone that was lost would be a factor somebody else holds."""
    change.update(person, Did.PHONE_CHANGED, phone="", phone_confirmed_at=None)


def tell_of_recovery(change: Change, person: Person) -> None:
    """Tell every known address that an account was recovered without its factors: who did not ask for it must know."""
    text = (
        "Your account was recovered without its second factors: they are removed, every session has ended, and a "
        "link to set it up anew was made. If you did not ask for that, tell an owner of the practice now."
    )
    notices.tell_all_addresses(change, person, "recovered", "Your account was recovered", text)
