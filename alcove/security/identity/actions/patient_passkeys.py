"""Patients' passkeys: coming in by one, keeping one's own, and giving a factor again before that.

The same rules as for staff hold, because the same functions judge (``actions.passkeys``); only the doors are two. A
question asked at the portal is worth nothing at the staff's door, nor the other way round.
"""

from __future__ import annotations

from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.identity.actions import fresh, passkeys, patients, sent_codes
from alcove.security.identity.actions.door import begin_session
from alcove.security.identity.models import Passkey, Person, Session, SignIn
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.passkeys import Ask, Place
from alcove.security.identity.policy import Did, Door, Own
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.queries.patients import PROVED

DOOR = "portal"
"""The purpose of a question at the portal's sign-in page."""


# At the door ---------------------------------------------------------------------------------------------------------


@action(Door.PASS)
def sign_in_patient_by_passkey(
    change: Change, *, answer: str, place: Place, spent: Spent | None = None
) -> str | None:
    """Begin a patient's session by a passkey, without password or SMS; return its token, or None for a wrong answer."""
    passkey = passkeys.answered(change, Ask(DOOR, place), answer)
    if passkey is None:
        return None
    if passkey.person.kind != Person.Kind.PATIENT:
        # The portal's door is not the staff's, whatever they hold.
        change.record(Did.PASSKEY_REFUSED, on=passkey, fields=("portal's door",))
        return None
    return begin_session(change, passkey.person, "passkey", spent=spent)


@action(Door.PASS)
def begin_patient_with_passkey(
    change: Change, stage: SignIn, *, answer: str, place: Place, name: str
) -> tuple[str, list[str]]:
    """Make a passkey the first factor of whoever proved an invitation a moment ago; return as ``begin_with_passkey``.

    Raises ``PasskeyRefused``, and ``Conflict`` for whoever has not proved one or has a factor of their own already.
    """
    patients.refuse_without_password(stage)
    held = ways(stage.person)
    if stage.method != PROVED or held.passkey or held.code:
        raise Conflict("Sign in with the second factor you have.")
    begun = passkeys.begin_with_first(change, stage, answer=answer, place=place, name=name)
    patients.use_up(change, stage.person)
    return begun


# One's own -----------------------------------------------------------------------------------------------------------


@action(Own.EDIT)
def add_patient_passkey(change: Change, person: Person, *, answer: str, place: Place, name: str) -> Passkey:
    """Add a passkey to one's own account; raises as ``add_passkey``."""
    return passkeys.add_passkey(change, person, answer=answer, place=place, name=name)


@action(Own.EDIT)
def rename_patient_passkey(change: Change, passkey: Passkey, *, name: str) -> None:
    """Give one's own passkey another name."""
    passkeys.rename_passkey(change, passkey, name=name)


@action(Own.EDIT)
def remove_patient_passkey(change: Change, passkey: Passkey) -> None:
    """Remove one's own passkey; raise ``Conflict`` if nothing else would be left."""
    passkeys.remove_passkey(change, passkey)


# Giving a factor again -----------------------------------------------------------------------------------------------


@action(Own.EDIT)
def prove_patient_by_passkey(change: Change, session: Session, *, answer: str, place: Place) -> bool:
    """Make one's own session fresh by a passkey; return whether the answer counts."""
    return passkeys.prove_by_passkey(change, session, answer=answer, place=place)


@action(Own.EDIT)
def prove_patient_by_code(change: Change, session: Session, *, code: str) -> bool:
    """Make one's own session fresh by a code of the authenticator or by SMS; the password was checked before."""
    if sent_codes.take_fresh_code(change, fresh.own(change, session), code):
        return fresh.freshen(change, session, "code by SMS")
    return fresh.prove_by_code(change, session, code=code)


@action(Own.EDIT)
def send_patient_fresh_code(change: Change, session: Session) -> None:
    """Send oneself a code that makes this session fresh; raises as ``send_sign_in_code``."""
    sent_codes.send_fresh_code(change, fresh.own(change, session))


@action(Own.EDIT)
def record_patient_stale_password(change: Change, session: Session) -> None:
    """Record that the password given again was wrong."""
    fresh.record_stale_password(change, session)
