"""Confirming that an e-mail address and a phone number are really this person's (IDN-02, IDN-03)."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Gone, NotFound
from alcove.security.identity import tokens
from alcove.security.identity.actions import notices, sent_codes
from alcove.security.identity.actions.sent_codes import Purpose
from alcove.security.identity.actions.telling import tell_of
from alcove.security.identity.models import Link, Person, SentCode
from alcove.security.identity.policy import Did, Door, People

USED_UP = "This link was used already, is too old, or is for an earlier address. Ask for a new one."


# E-mail ------------------------------------------------------------------------------------------------------------


def _confirm_link(change: Change, person: Person) -> str:
    """Return the URL that confirms a person's present address; a later address needs a link of its own."""
    token, _ = tokens.new_token()
    token += tokens.address_mark(notices.address_of(person, notices.EMAIL))
    Link.objects.filter(kind="confirm", person=person, used_at__isnull=True).update(expires_at=change.now)
    ends = change.now + policy.CONFIRM_LINK_LIFE
    Link.objects.create(kind="confirm", digest=tokens.digest(token), person=person, expires_at=ends)
    change.record(Did.CONFIRM_SENT, on=person)
    return f"{settings.ALCOVE.public_address}/confirm/{token}/"


def send_confirmation(change: Change, person: Person) -> None:
    """Send the link that confirms this person's address. A patient's must have been opened by ``notices.reach``."""
    url = _confirm_link(change, person)
    notices.tell(
        change,
        person,
        "confirm_email",
        "Confirm your e-mail address",
        "Somebody gave this address for an account. If that was you, open this link and press the button:\n\n"
        f"{url}\n\nIt works once and for 24 hours. If it was not you, do nothing: the address then counts for nothing.",
        ends_at=change.now + policy.CONFIRM_LINK_LIFE,
    )


@action(People.ADD)
def welcome(change: Change, person: Person, setup_token: str) -> None:
    """Send a new person both links: the one that sets up the account, and the one that confirms the address."""
    address = settings.ALCOVE.public_address
    notices.tell(
        change,
        person,
        "set_up",
        "Your account is ready to be set up",
        "An account was made for you. Choose your password and second factor here:\n\n"
        f"{address}/set-up/{setup_token}/\n\n"
        f"The link works once and for {int(policy.SETUP_LINK_LIFE.total_seconds() // 60)} minutes. "
        "A second message asks you to confirm this address.",
        ends_at=change.now + policy.SETUP_LINK_LIFE,
    )
    send_confirmation(change, person)


@action(People.OWN)
def ask_own_email(change: Change, person: Person) -> None:
    """Send oneself the link that confirms one's address."""
    _refuse_confirmed(person)
    send_confirmation(change, person)


@action(People.ADD)
def ask_email(change: Change, person: Person) -> None:
    """Send somebody the link that confirms their address."""
    _refuse_confirmed(person)
    send_confirmation(change, person)


def _refuse_confirmed(person: Person) -> None:
    if person.email_confirmed_at is not None:
        raise Conflict("This address is confirmed already.")


@action(Door.PASS)
def confirm_email(change: Change, token: str) -> None:
    """Confirm the address a link was sent to; raise ``NotFound``, or ``Gone`` for a used, old or outdated link."""
    link = Link.objects.select_related("person").filter(kind="confirm", digest=tokens.digest(token)).first()
    if link is None:
        raise NotFound("there is no such link")
    person = link.person
    mark = tokens.address_mark(notices.address_of(person, notices.EMAIL))
    fresh = Link.objects.filter(pk=link.pk, used_at__isnull=True, expires_at__gt=change.now)
    if person.has_left(change.now) or not token.endswith(mark) or not fresh.update(used_at=change.now):
        raise Gone(USED_UP)
    change.update(person, Did.EMAIL_CONFIRMED, email_confirmed_at=change.now)


# Phone -------------------------------------------------------------------------------------------------------------


def _subject(phone: str) -> UUID:
    """Return what a confirming code belongs to: this number and no other."""
    return UUID(tokens.address_mark(phone) * 2)


@action(People.OWN)
def change_phone(change: Change, person: Person, *, phone: str) -> None:
    """Put down one's own number (E.164) and send it a code; raise ``TooMany``. It counts once it is confirmed.

    Whoever held the old number, and the mailbox, are told: a thief of an open session must not do this unseen.
    """
    if person.phone == phone and person.phone_confirmed_at is not None:
        raise Conflict("This number is confirmed already.")
    if person.phone != phone:
        text = (
            "The phone number of your account was changed. If that was not you, tell an owner of the practice now: "
            "they can end every session and reset your second factors."
        )
        notices.tell_all_addresses(change, person, "phone_changed", "Your phone number was changed", text)
        change.update(person, Did.PHONE_CHANGED, phone=phone, phone_confirmed_at=None)
    sent_codes.send(change, person, Purpose.CONFIRM_PHONE, _subject(phone), to=phone)


@action(People.OWN)
def confirm_phone(change: Change, person: Person, *, code: str) -> bool:
    """Take the code that was sent to one's own number; False if it is wrong, old, or used up."""
    if not sent_codes.take(change, person, Purpose.CONFIRM_PHONE, _subject(person.phone), code):
        change.record(Did.PHONE_CODE_WRONG, on=person)
        return False
    # Failures of the number before it are not this one's.
    SentCode.objects.filter(person=person, purpose=Purpose.SIGN_IN).delete()
    change.update(person, Did.PHONE_CONFIRMED, phone_confirmed_at=change.now)
    tell_of(change, person, "phone confirmed")
    return True


@action(Door.PASS)
def confirm_patient_phone(change: Change, person: Person, *, code: str) -> bool:
    """Take the code that was sent to a patient's number, which ``notices.reach`` has opened."""
    subject = _subject(notices.address_of(person, notices.SMS))
    if not sent_codes.take(change, person, Purpose.CONFIRM_PHONE, subject, code):
        change.record(Did.PHONE_CODE_WRONG, on=person)
        return False
    change.update(person, Did.PHONE_CONFIRMED, phone_confirmed_at=change.now)
    return True


@action(Door.PASS)
def ask_patient_phone(change: Change, person: Person) -> None:
    """Send a code to a patient's number, which ``notices.reach`` has opened; raise ``TooMany``."""
    phone = notices.address_of(person, notices.SMS)
    sent_codes.send(change, person, Purpose.CONFIRM_PHONE, _subject(phone), to=phone)
