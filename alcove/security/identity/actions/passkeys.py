"""Passkeys: adding and removing one's own, and coming in, unlocking and proving oneself by one.

Every answered challenge is written down in the transaction that takes the answer, right or wrong, so it never counts
twice (``Challenge.digest`` is unique). An answer that does not count leaves an entry and nothing else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.identity import passkeys, tokens
from alcove.security.identity.actions.devices import bring_with_passkey
from alcove.security.identity.actions.door import begin_session, new_recovery_codes, unlock_session
from alcove.security.identity.actions.fresh import freshen
from alcove.security.identity.actions.notices import reach, tell
from alcove.security.identity.actions.telling import tell_of
from alcove.security.identity.models import Challenge, Passkey, Person, Session, SignIn
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.passkeys import Ask, PasskeyCopied, PasskeyRefused, Place
from alcove.security.identity.policy import Did, Door, People
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.sessions import roles_of

LAST_ONE = "This is your last second factor. Add another passkey or an authenticator first."
LAST_REQUIRED = "Owners and officers sign in with a passkey. Add another one before you remove this."
TOO_MANY = f"You have {passkeys.MOST_PASSKEYS} passkeys, which is the most. Remove one you no longer use."


@dataclass(frozen=True, slots=True)
class Brought:
    """What a browser says of itself at the door: its key (``point``), that key's signature, its name and system."""

    point: str
    signature: str
    system: str


# One's own passkeys -----------------------------------------------------------------------------------------------


@action(People.OWN)
def add_passkey(change: Change, person: Person, *, answer: str, place: Place, name: str) -> Passkey:
    """Add a passkey to one's own account.

    Raises ``PasskeyRefused`` for an answer that does not count, ``Conflict`` for an eleventh or one that is known.
    """
    _refuse_others(change, person)
    return _add(change, person, Ask("register", place, person.id, change.actor.session_id), answer, name)


@action(Door.PASS)
def add_owed_passkey(change: Change, session: Session, *, answer: str, place: Place, name: str) -> Passkey:
    """Add the passkey that a session's person owes, while that is all the session may do; raises as ``add_passkey``."""
    return _add(change, session.person, Ask("register", place, session.person_id, session.id), answer, name)


@action(Door.PASS)
def begin_with_passkey(
    change: Change, stage: SignIn, *, answer: str, place: Place, name: str
) -> tuple[str, list[str]]:
    """Make a passkey the first second factor of someone who has none; return the session's token and recovery codes.

    Raises as ``add_passkey``, and ``Conflict`` for someone who has a factor: theirs has to be given instead.
    """
    if ways(stage.person).second:
        raise Conflict("This account has a second factor already. Sign in with it.")
    return begin_with_first(change, stage, answer=answer, place=place, name=name)


def begin_with_first(
    change: Change, stage: SignIn, *, answer: str, place: Place, name: str
) -> tuple[str, list[str]]:
    """Make the passkey of a half-finished sign-in and finish it. Only inside an action that has judged the stage."""
    _add(change, stage.person, Ask("first", place, stage.person_id, stage.id), answer, name)
    codes = new_recovery_codes(stage.person)
    return begin_session(change, stage.person, "passkey", stage), codes


def _add(change: Change, person: Person, ask: Ask, text: str, name: str) -> Passkey:
    given = passkeys.read(text)
    _take(change, ask, given.challenge)
    made = passkeys.made(given, given.challenge, ask.place)
    # The person's row stands for their list, so that two at once do not make eleven.
    Person.objects.select_for_update().get(pk=person.pk)
    if Passkey.objects.filter(person=person).count() >= passkeys.MOST_PASSKEYS:
        raise Conflict(TOO_MANY)
    if Passkey.objects.filter(key_digest=given.key_digest).exists():
        raise Conflict("This passkey is known here already.")
    added = change.create(
        Passkey, Did.PASSKEY_ADDED, person=person, name=name.strip() or "Passkey", key_digest=given.key_digest,
        key_id=made.key_id, public_key=made.public_key, sign_count=made.sign_count,
        transports=given.transports, is_backed_up=made.is_backed_up,
    )  # fmt: skip
    tell_of(change, person, "passkey added")
    return added


@action(People.OWN)
def rename_passkey(change: Change, passkey: Passkey, *, name: str) -> None:
    """Give one's own passkey another name."""
    _refuse_others(change, passkey.person)
    if not change.update(passkey, Did.PASSKEY_RENAMED, name=name.strip()):
        raise Conflict("Nothing was changed: it is called so already.")


@action(People.OWN)
def remove_passkey(change: Change, passkey: Passkey) -> None:
    """Remove one's own passkey.

    Raises ``Conflict`` for the last factor of anyone, and for the last passkey of whoever must have one: without it the
    password alone would open the way to a new factor.
    """
    person = passkey.person
    _refuse_others(change, person)
    # As in ``_add``: two at once would each see the other's passkey still there.
    Person.objects.select_for_update().get(pk=person.pk)
    others = Passkey.objects.filter(person=person).exclude(pk=passkey.pk).exists()
    if not others and passkeys.required(roles_of(person.id)[1]):
        raise Conflict(LAST_REQUIRED)
    left = ways(person)
    # Codes by SMS are enough for a patient, as at the portal's set-up; staff keep something better.
    by_sms = left.sms and person.kind == Person.Kind.PATIENT
    if not (others or left.code or by_sms):
        raise Conflict(LAST_ONE)
    change.delete(passkey, Did.PASSKEY_REMOVED, fields=["name", "key_digest"])
    tell_of(change, person, "passkey removed")


def _refuse_others(change: Change, person: Person) -> None:
    if person.id != change.actor.id:
        raise NotFound("there is no such passkey")


# Coming in, unlocking, proving ------------------------------------------------------------------------------------


@action(Door.PASS)
def sign_in_by_passkey(
    change: Change, *, answer: str, place: Place, brought: Brought | None = None, spent: Spent | None = None
) -> str | None:
    """Begin a session by a passkey, which is two factors in one; return its token, or None for a wrong answer."""
    passkey = answered(change, Ask("sign_in", place), answer)
    if passkey is None:
        return None
    if passkey.person.kind != Person.Kind.STAFF:
        # The staff's door is not a patient's, whatever they hold.
        change.record(Did.PASSKEY_REFUSED, on=passkey, fields=("staff's door",))
        return None
    token = begin_session(change, passkey.person, "passkey", spent=spent)
    if brought is not None and brought.point:
        session = Session.objects.select_related("person").get(digest=tokens.digest(token))
        challenge = passkeys.text_of(passkeys.read(answer).challenge)
        bring_with_passkey(
            change, session, challenge=challenge, point=brought.point, signature=brought.signature,
            system=brought.system,
        )  # fmt: skip
    return token


@action(Door.PASS)
def unlock_by_passkey(
    change: Change, session: Session, *, answer: str, place: Place, spent: Spent | None = None
) -> bool:
    """Unlock a session by a passkey of its own person; return whether the answer counts."""
    if not answered(change, Ask("unlock", place, session.person_id, session.id), answer):
        change.record(Did.UNLOCK_FAILED, on=session)
        return False
    Session.objects.filter(pk=session.pk).update(proved_at=change.now)
    unlock_session(change, session, method="passkey", spent=spent)
    return True


@action(People.OWN)
def prove_by_passkey(change: Change, session: Session, *, answer: str, place: Place) -> bool:
    """Make a session fresh by a passkey of its own person; return whether the answer counts."""
    if session.person_id != change.actor.id:
        raise NotFound("there is no such session")
    passkey = answered(change, Ask("fresh", place, session.person_id, session.id), answer)
    return freshen(change, session, "passkey") if passkey else False


def answered_by(
    change: Change, purpose: str, place: Place, person_id: UUID, session_id: UUID, answer: str
) -> bool:
    """Whether a passkey of this person answered; for deeds of other modules. Only inside an action."""
    return answered(change, Ask(purpose, place, person_id, session_id), answer) is not None


def answered(change: Change, ask: Ask, text: str) -> Passkey | None:
    """Return the passkey whose answer counts; None after recording why not. Only inside an action."""
    passkey: Passkey | None = None
    try:
        given = passkeys.read(text)
        _take(change, ask, given.challenge)
        passkey = Passkey.objects.select_related("person").filter(key_digest=given.key_digest).first()
        if passkey is None:
            raise PasskeyRefused("no such passkey")  # noqa: TRY301 - every refusal leaves its entry in one place
        if ask.person_id not in {None, passkey.person_id}:
            raise PasskeyRefused("another person's passkey")  # noqa: TRY301 - as above
        if given.handle not in {None, passkey.person_id.bytes}:
            raise PasskeyRefused("the passkey names another person")  # noqa: TRY301 - as above
        seen = passkeys.proved(
            given, given.challenge, ask.place, bytes(passkey.public_key), passkey.sign_count
        )
    except PasskeyCopied:
        change.record(Did.PASSKEY_COPIED, on=passkey)
        _warn_of_copy(change, passkey)
        return None
    except PasskeyRefused:
        change.record(Did.PASSKEY_REFUSED, on=passkey, fields=(ask.purpose,))
        return None
    # One statement decides between two answers with one counter.
    same = Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count)
    if not same.update(sign_count=seen.sign_count, is_backed_up=seen.is_backed_up, used_at=change.now):
        change.record(Did.PASSKEY_REFUSED, on=passkey, fields=(ask.purpose,))
        return None
    return passkey


def _warn_of_copy(change: Change, passkey: Passkey | None) -> None:
    if passkey is None:
        return
    text = (
        f"Your passkey “{passkey.name}” was refused because it seems to exist twice. Sign in another way, remove it "
        "under Your account, and add a new one. If you did not try to sign in just now, tell an owner at once."
    )
    reach(passkey.person)
    tell(change, passkey.person, "factor_failed", "A passkey was refused", text)


def _take(change: Change, ask: Ask, challenge: bytes) -> None:
    """Use a challenge up; raise ``PasskeyRefused`` if it was not made for this, is too old, or was answered before."""
    ends = passkeys.end_of(ask, challenge, change.now)
    Challenge.objects.filter(expires_at__lt=change.now).delete()
    try:
        with transaction.atomic():
            Challenge.objects.create(
                digest=hashlib.sha256(challenge).hexdigest(), purpose=ask.purpose, person_id=ask.person_id,
                session_id=ask.session_id, expires_at=ends, used_at=change.now,
            )  # fmt: skip
    except IntegrityError:
        raise PasskeyRefused("the challenge was answered before") from None
