"""Patients' accounts: invited by staff, linked by proof, kept by the patient.

What must never happen: an account that opens by the link alone, or by one factor; two who share an address in each
other's account; a name or a number said before the proof. Where a patient is reached lies sealed under the client's own
key: whoever calls an action here has opened that client (the guard of the card, or ``notices.reach``).
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Gone, NotFound
from alcove.security.access.need import NOBODY
from alcove.security.identity import passwords, tokens
from alcove.security.identity.actions import contacts, notices, people
from alcove.security.identity.actions.door import at_the_door, confirm_factor, finish_sign_in, renew_codes
from alcove.security.identity.actions.telling import tell_of
from alcove.security.identity.models import (
    Factor,
    HandOver,
    Link,
    Passkey,
    PatientAccount,
    Person,
    RecoveryCode,
    SentCode,
    Session,
    SignIn,
)
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.policy import Did, Door, Own, Patients
from alcove.security.identity.queries import patients
from alcove.security.identity.queries.words import own_words

NAME = "A client"
"""What stands where staff have their name: a patient's lies on their card and nowhere else."""
RESET_FIRST = "This client has an account, or had one. Use “Reset and invite again”."
NOT_THIS_ONE = "This password cannot be used here. Choose another."

__all__ = [
    "NAME", "at_the_door", "change_patient_password", "close_patient", "confirm_patient_factor",
    "end_patient_session", "finish_patient", "invite_patient", "let_in_patient", "prove_patient",
    "renew_patient_codes", "send_proof_code", "set_patient_password", "shut_out_patient",
]  # fmt: skip


# By the practice -----------------------------------------------------------------------------------------------------


@action(Patients.INVITE)
def invite_patient(
    change: Change, client_id: UUID, *, email: str, phone: str, is_reset: bool = False
) -> PatientAccount:
    """Send a client the link to their own account, by the address and number of their card.

    ``is_reset``: an account that is confirmed or closed is begun anew: password, factors and sessions are over, and
    every address that was known before is told. Raises ``Conflict`` for such an account without it, and if too many
    accounts share the address.
    """
    account = patients.account_of(client_id)
    if not is_reset and patients.standing(client_id).state in {"confirmed", "closed"}:
        raise Conflict(RESET_FIRST)
    if len(patients.sharing(email, but=account.person if account else None)) >= policy.PATIENTS_ON_AN_ADDRESS:
        raise Conflict(
            f"{policy.PATIENTS_ON_AN_ADDRESS} clients use this address for the portal already. "
            "Note down another address on the card, and invite them by that one."
        )
    if account is None:
        account = _new_account(change, client_id, email, phone)
    else:
        _reset(change, account)
        login = tokens.login_digests(email)[-1]
        change.update(account, Did.PATIENT_INVITED, email=email, phone=phone, login=login)
    _send_link(change, account)
    return account


def _new_account(change: Change, client_id: UUID, email: str, phone: str) -> PatientAccount:
    person = Person.objects.create(
        kind=Person.Kind.PATIENT, name=NAME, created_at=change.now, typed_by_id=change.actor.id
    )
    return change.create(
        PatientAccount, Did.PATIENT_INVITED, person=person, client_id=client_id, email=email, phone=phone,
        login=tokens.login_digests(email)[-1], linked_by_id=change.actor.id,
    )  # fmt: skip


def _reset(change: Change, account: PatientAccount) -> None:
    person = account.person
    if person.email_confirmed_at is not None:
        text = (
            "Your account at the portal was reset, and a new invitation was sent. If you did not ask the practice for "
            "that, tell them now."
        )
        notices.tell_all_addresses(change, person, "portal_reset", "Your account was reset", text)
    _forget(change, person)
    Person.objects.filter(pk=person.pk).update(suspended_at=None, suspended_why="", email_confirmed_at=None)
    person.refresh_from_db()
    change.record(Did.PATIENT_RESET, client_id=account.client_id, on=person)


def _forget(change: Change, person: Person) -> None:
    """End everything by which a patient comes in."""
    Session.objects.filter(person=person, ended_at__isnull=True).update(ended_at=change.now)
    Link.objects.filter(person=person, used_at__isnull=True).update(used_at=change.now)
    for rows in (Factor, Passkey, RecoveryCode, SentCode, SignIn):
        rows._default_manager.filter(person=person).delete()
    Person.objects.filter(pk=person.pk).update(password="", phone_confirmed_at=None)
    person.refresh_from_db()


def _send_link(change: Change, account: PatientAccount) -> None:
    token, digest = tokens.new_token()
    ends = change.now + policy.CONFIRM_LINK_LIFE
    Link.objects.create(kind=patients.LINK, digest=digest, person=account.person, expires_at=ends)
    text = (
        "You are invited to the portal of your practice. Open this link; it asks for a birth date and for a code that "
        f"is sent to a phone:\n\n{settings.ALCOVE.public_address}/portal/invitation/{token}/\n\n"
        "The link works for 24 hours. If you did not expect this, do nothing."
    )
    notices.tell(
        change, account.person, "portal_link", "Your invitation", text, to=account.email, ends_at=ends
    )
    change.record(Did.LINK_MADE, client_id=account.client_id, on=account.person)


@action(Patients.INVITE)
def close_patient(change: Change, client_id: UUID) -> None:
    """End a client's access to the portal at once, and tell them; a new invitation opens it again."""
    account = patients.account_of(client_id)
    if account is None or account.person.suspended_at is not None:
        raise Conflict("Nothing was changed: this client has no access to the portal.")
    if account.person.email_confirmed_at is not None:
        text = "Your account at the portal was closed. If you have a question about that, ask the practice."
        notices.tell_all_addresses(change, account.person, "portal_closed", "Your account was closed", text)
    _forget(change, account.person)
    Person.objects.filter(pk=account.person_id).update(
        suspended_at=change.now, suspended_why=Person.Why.BY_HAND
    )
    change.record(Did.PATIENT_CLOSED, client_id=client_id, on=account.person)


def shut_out_patient(change: Change, client_id: UUID) -> None:
    """Let nobody into a deleted client's account, nor go on with a tablet; part of that deed. Nobody is told."""
    HandOver.objects.filter(client_id=client_id, ended_at__isnull=True).update(
        ended_at=change.now, ended_how="lost"
    )
    account = patients.account_of(client_id)
    if account is None or account.person.suspended_at is not None:
        return
    people.set_aside(change, account.person, Did.PATIENT_CLOSED, Person.Why.DELETED)
    Link.objects.filter(person=account.person, used_at__isnull=True).update(used_at=change.now)


def let_in_patient(change: Change, client_id: UUID) -> None:
    """Let a client into their account again after their deletion was undone; part of that deed."""
    account = patients.account_of(client_id)
    if account is not None and account.person.suspended_why == Person.Why.DELETED:
        change.update(account.person, Did.PERSON_RESTORED, suspended_at=None, suspended_why="")


# By proof ------------------------------------------------------------------------------------------------------------


def _held(change: Change, token: str) -> Person:
    """Return whose invitation this is; raise ``NotFound``, or ``Gone`` for a used or old one."""
    link = (
        Link.objects.select_related("person").filter(kind=patients.LINK, digest=tokens.digest(token)).first()
    )
    if link is None:
        raise NotFound("there is no such link")
    is_open = link.used_at is None and link.expires_at > change.now
    if not is_open or not link.person.is_active or link.person.has_left(change.now):
        raise Gone("This invitation was used already or is too old. Ask the practice for a new one.")
    return link.person


@action(Door.PASS)
def send_proof_code(change: Change, token: str) -> None:
    """Send the code that an invitation asks for to the number on the card; raise as ``_held``, or ``TooMany``."""
    person = _held(change, token)
    contacts.ask_patient_phone(change, person)
    change.record(Did.PATIENT_CODE_SENT, on=person)


@action(Door.PASS)
def prove_patient(change: Change, token: str, *, code: str, is_born_then: bool) -> str | None:
    """Take the proof that an invitation is theirs; return the token of the stage that follows, None for a wrong one.

    The code is counted whether or not the birth date is right, so that neither tells of the other. What was begun by
    the same invitation before counts for nothing.
    """
    person = _held(change, token)
    is_right = contacts.confirm_patient_phone(change, person, code=code)
    if not (is_right and is_born_then):
        change.record(Did.PATIENT_REFUSED, on=person)
        return None
    Factor.objects.filter(person=person).delete()
    Person.objects.filter(pk=person.pk).update(password="", email_confirmed_at=change.now)
    SignIn.objects.filter(person=person).delete()
    stage, digest = tokens.new_token()
    change.create(SignIn, Did.PATIENT_PROVED, digest=digest, person=person, method=patients.PROVED)
    return stage


def _put_password(change: Change, person: Person, password: str, words: list[str]) -> None:
    """Make this a patient's password; raise ``WeakPassword``. ``words``: what is known of them, no password's stuff."""
    least = policy.PATIENT_PASSWORD_MIN_LENGTH
    passwords.refuse_weak(password, *words, *own_words(), least=least)
    if password.strip().lower() in {word.lower() for word in words}:
        raise passwords.WeakPassword(NOT_THIS_ONE)
    address = notices.address_of(person, notices.EMAIL)
    if patients.is_taken(address, password, person):
        raise passwords.WeakPassword(NOT_THIS_ONE)
    people.put_password(change, person, password)
    change.record(Did.PATIENT_PASSWORD_SET, on=person)


@action(Door.PASS)
def set_patient_password(change: Change, stage: SignIn, password: str, words: list[str]) -> None:
    """Set the first password of whoever proved an invitation; raise ``WeakPassword``, ``Conflict`` for anyone else."""
    if stage.method != patients.PROVED or stage.person.password:
        raise Conflict("The password is chosen already. Sign in with it.")
    _put_password(change, stage.person, password, words)
    tell_of(change, stage.person, "password set")


def refuse_without_password(stage: SignIn) -> None:
    if not stage.person.password or stage.person.kind != Person.Kind.PATIENT:
        raise Conflict("Choose a password first.")


@action(Door.PASS)
def finish_patient(change: Change, stage: SignIn, code: str, *, spent: Spent | None = None) -> str | None:
    """Take a second factor of a patient and begin the session; return its token, or None for a wrong code."""
    refuse_without_password(stage)
    token = finish_sign_in(change, stage, code, spent=spent)
    if token is not None:
        use_up(change, stage.person)
    return token


@action(Door.PASS)
def confirm_patient_factor(
    change: Change, stage: SignIn, factor: Factor, code: str
) -> tuple[str, list[str]] | None:
    """Confirm an authenticator by its first code; return as ``confirm_factor``.

    Only for whoever proved an invitation a moment ago: a password alone never leads to a new factor.
    """
    refuse_without_password(stage)
    if stage.method != patients.PROVED:
        raise Conflict("Sign in with the second factor you have.")
    begun = confirm_factor(change, stage, factor, code)
    if begun is not None:
        use_up(change, stage.person)
    return begun


def use_up(change: Change, person: Person) -> None:
    Link.objects.filter(person=person, kind=patients.LINK, used_at__isnull=True).update(used_at=change.now)


# By the patient ------------------------------------------------------------------------------------------------------


@action(Own.EDIT)
def end_patient_session(change: Change, session: Session) -> None:
    """End one of one's own sessions."""
    people.end_session(change, session)


@action(Own.EDIT)
def renew_patient_codes(change: Change) -> list[str]:
    """Make ten new recovery codes for oneself and return them, shown once; raises as ``renew_codes``."""
    return renew_codes(change, Person.objects.get(pk=change.actor.id or NOBODY))


@action(Own.EDIT)
def change_patient_password(change: Change, *, old: str, new: str, words: list[str]) -> None:
    """Set a new password for oneself by the old one, and end every other session.

    Raises ``WrongPassword`` and ``WeakPassword``.
    """
    found = Person.objects.select_for_update().filter(kind=Person.Kind.PATIENT)
    person = found.get(pk=change.actor.id or NOBODY)
    passwords.check(old, person.password)
    _put_password(change, person, new, words)
    others = Session.objects.filter(person=person, ended_at__isnull=True)
    others.exclude(pk__in=[change.actor.session_id] if change.actor.session_id else []).update(
        ended_at=change.now
    )
    tell_of(change, person, "password changed")
