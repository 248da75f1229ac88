"""Booking without an account: hold a time, confirm a contact by a code, say who one is (CAL-07, CAL-10).

What must never happen: a code that is tried more than ``policy.BOOKING_CODE_TRIES`` times or counts twice; an answer
that tells whether the practice knows somebody; one who holds a whole day. Tries are counted before the digits are
looked at. Proved by ``portal/tests/test_booking_attacks.py``.
"""

from __future__ import annotations

import hmac
from contextlib import suppress
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F

from alcove.clinic.calendar.actions import booking as bookings
from alcove.clinic.calendar.actions import taking
from alcove.clinic.calendar.models import Appointment, Booking, OnlineBooking, OnlineForm
from alcove.clinic.calendar.policy import Calendar, Did, Online
from alcove.clinic.calendar.queries import Wish, eligible, online
from alcove.clinic.calendar.queries.eligible import NotEligible
from alcove.clinic.clients import actions as clients
from alcove.clinic.messaging import actions as messages
from alcove.clinic.messaging.queries import choosing
from alcove.clinic.practice.models import Location
from alcove.security import policy_defaults as policy
from alcove.security.access import opening
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.identity import tokens
from alcove.security.identity.models import Notice
from alcove.security.identity.throttle import TooMany

PURPOSE = "online_booking"
RAN_OUT = "The time was held for you, but not this long. Please choose again."
TO_CHECK = "Booked online with a new card. Check name and contacts, and whether there is another card."


@action(Online.BEGIN)
def begin(
    change: Change,
    location: Location,
    wishes: list[Wish],
    *,
    network_key: str,
    before: OnlineForm | None = None,
) -> str:
    """Hold a time for whoever fills in the form; return the token that this browser goes on with.

    ``before``: the form this browser had under way; its time is let go, and a contact confirmed lately goes on
    counting. Raises ``TooMany`` for a network that holds enough, ``SlotTaken`` and the like.
    """
    # Whoever begins at the same moment waits here, so that what is counted is so.
    OnlineBooking.objects.get_or_create(pk=OnlineBooking.THE_ONE)
    OnlineBooking.objects.select_for_update().get(pk=OnlineBooking.THE_ONE)
    kept = _kept(change, before)
    if before is not None:
        _end_before(change, before)
    _refuse_too_many(network_key=network_key)
    if kept:
        _refuse_too_many(contact_key=str(kept["contact_key"]))
    booking = bookings.hold(change, location, wishes)
    token, digest = tokens.new_token()
    made = OnlineForm(digest=digest, booking=booking, network_key=network_key, begun_at=change.now, **kept)
    made.save(force_insert=True)
    change.record(Did.FORM_BEGUN, on=made)
    return token


def _kept(change: Change, before: OnlineForm | None) -> dict[str, Any]:
    if (
        before is None
        or before.confirmed_at is None
        or change.now - before.confirmed_at > timedelta(minutes=30)
    ):
        return {}
    return {"asked": before.asked, "contact_key": before.contact_key, "confirmed_at": before.confirmed_at}


def _refuse_too_many(*, network_key: str = "", contact_key: str = "") -> None:
    most = policy.HOLDS_PER_NETWORK if network_key else policy.HOLDS_PER_CONTACT
    if online.living_holds(network_key=network_key, contact_key=contact_key) >= most:
        raise TooMany


def _end_before(change: Change, before: OnlineForm) -> None:
    held = bookings.locked_hold(before.booking_id)
    if held.state == Booking.State.HELD:
        taking.let_go_of(change, held)
    if before.ended_at is None:
        _write(before, ended_at=change.now, asked=None)
        change.record(Did.FORM_ENDED, on=before)


def _write(form: OnlineForm, **values: Any) -> None:
    """Change a form without keeping what it held: whose contact it was is nobody's history until they are a client."""
    for name, value in values.items():
        setattr(form, name, value)
    form.save(update_fields=list(values))


@action(Online.BEGIN)
def stop(change: Change, form: OnlineForm) -> None:
    """Give the held time back before it runs out; raise ``Conflict`` if the form has ended."""
    held = _locked(change, form)
    _end_before(change, held)


@action(Online.BEGIN)
def send_code(change: Change, form: OnlineForm, *, channel: str, contact: str, contact_key: str) -> None:
    """Send a code to an e-mail address or phone number, whoever's it is; the code before it dies.

    Raises ``TooMany`` after ``BOOKING_CODES_PER_FORM`` for this form or ``BOOKING_CODES_PER_HOUR`` to this contact,
    ``Conflict`` if the held time ran out.
    """
    held = _locked(change, form)
    since = change.now - timedelta(hours=1)
    to_contact = OnlineForm.objects.filter(contact_key=contact_key, code_sent_at__gt=since)
    sent = sum(to_contact.exclude(pk=held.pk).values_list("codes_sent", flat=True)) + held.codes_sent
    if held.codes_sent >= policy.BOOKING_CODES_PER_FORM or sent >= policy.BOOKING_CODES_PER_HOUR:
        raise TooMany
    code = tokens.new_sent_code()
    _write(
        held, asked={"channel": channel, "contact": contact}, contact_key=contact_key,
        code_digest=tokens.sent_digest(code, PURPOSE, held.pk), code_sent_at=change.now,
        codes_sent=held.codes_sent + 1, tries=0, confirmed_at=None,
    )  # fmt: skip
    change.record(Did.CODE_SENT, on=held, fields=(channel,))
    Notice.objects.create(
        person=None, channel=channel, kind="booking_code", content=_letter(code, contact), created_at=change.now,
        due_at=change.now, ends_at=change.now + policy.BOOKING_CODE_LIFE,
    )  # fmt: skip


def _letter(code: str, contact: str) -> dict[str, str]:
    host = settings.ALCOVE.public_address.partition("//")[2].partition(":")[0]
    minutes = int(policy.BOOKING_CODE_LIFE.total_seconds() // 60)
    text = f"{code} is your code to book a visit. It ends in {minutes} minutes. If you did not ask for it, ignore it."
    # The last line is read by phones: they offer the code on this site and on no other.
    return {"to": contact, "subject": "Your code", "text": f"{text}\n\n@{host} #{code}"}


@action(Online.BEGIN)
def confirm_contact(change: Change, form: OnlineForm, code: str) -> bool:
    """Take the code that was sent for this form; True at most once, and never after five wrong ones."""
    held = _locked(change, form)
    typed = code.replace(" ", "").replace("-", "")
    ends_at = held.code_ends_at
    is_open = bool(held.code_digest) and ends_at is not None and ends_at > change.now
    rows = OnlineForm.objects.filter(pk=held.pk, tries__lt=policy.BOOKING_CODE_TRIES)
    if not is_open or not rows.update(tries=F("tries") + 1):
        change.record(Did.CODE_REFUSED, on=held)
        return False
    right = tokens.sent_digest(typed, PURPOSE, held.pk)
    if not hmac.compare_digest(held.code_digest, right):
        change.record(Did.CODE_REFUSED, on=held)
        return False
    _must_hold_few(held)
    _write(held, confirmed_at=change.now, code_digest="")
    change.record(Did.CONTACT_CONFIRMED, on=held)
    return True


def _must_hold_few(held: OnlineForm) -> None:
    others = online.living_holds(contact_key=held.contact_key, but=[held.pk])
    if others >= policy.HOLDS_PER_CONTACT:
        raise TooMany


@action(Online.BEGIN)
def finish(
    change: Change, form: OnlineForm, *, client_id: UUID | None, directory: dict[str, Any], born: date,
    people: list[dict[str, str]],
) -> Booking:  # fmt: skip
    """Make the held time this person's; raise ``NotEligible``, or ``Conflict`` if it ran out.

    ``client_id``: whom ``queries.online.known`` found; None makes a new card, marked for the front desk.
    ``directory``: the card's, which has the confirmed contact in it.
    """
    held = _locked(change, form)
    asked = held.asked
    if held.confirmed_at is None or not asked:
        raise Conflict("Please confirm your e-mail address or phone number first.")
    booking = bookings.locked_hold(held.booking_id)
    for row in Appointment.objects.filter(booking=booking).select_related("service"):
        reasons = eligible.why_not(
            row.service, booking.location, row.starts_at, born=born, client_id=client_id
        )
        if reasons:
            raise NotEligible(reasons)
    if client_id is None:
        made = clients.create_client(change, directory=directory, people=people)
        clients.add_desk_alert(change, made, desk_text=TO_CHECK)
        client_id = made.pk
    else:
        opening.open_client(change.actor, client_id, record=False)
    _note_contact(change, client_id, asked["channel"], asked["contact"])
    booked = bookings.claim_hold(change, booking.pk, client_id)
    _write(held, ended_at=change.now, asked=None)
    change.record(Did.FORM_ENDED, client_id=client_id, on=held)
    return booked


def _note_contact(change: Change, client_id: UUID, channel: str, contact: str) -> None:
    """Note that the contact is theirs, and that they are written to by it unless they ever chose.

    Nothing is noted where they are reached in confidence, by an address that stands nowhere else.
    """
    with suppress(messages.Unchanged, NotFound):
        messages.confirm_address(change, client_id, contact, how="code")
    row = choosing.row_of(client_id)
    if row is not None and not choosing.choice_of(row).channel:
        messages.choose(change, client_id, {"channel": channel}, version=row.version)


def _locked(change: Change, form: OnlineForm) -> OnlineForm:
    held = OnlineForm.objects.select_for_update(of=("self",)).select_related("booking").get(pk=form.pk)
    if (
        held.ended_at is not None
        or held.booking.state != Booking.State.HELD
        or held.booking.is_let_go(change.now)
    ):
        raise Conflict(RAN_OUT)
    return held


# How the pages look -------------------------------------------------------------------------------------------------


@action(Calendar.SET_UP_ONLINE)
def set_up(change: Change, /, *, version: int, **values: Any) -> OnlineBooking:
    """Change what patients see; names are those of ``OnlineBooking``. ``Conflict`` if somebody was quicker."""
    held, _ = OnlineBooking.objects.get_or_create(pk=OnlineBooking.THE_ONE)
    if held.version != version:
        raise Conflict(
            "Someone else changed this while you were writing. Nothing of yours was saved yet: "
            "compare with what is there now, then save again."
        )
    if not change.update(held, Did.ONLINE_SET, **values):
        change.record(Did.ONLINE_SET, on=held)
    return held
