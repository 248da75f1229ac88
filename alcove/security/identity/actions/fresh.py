"""Giving a factor again before a sensitive act (fresh sign-in)."""

from __future__ import annotations

from alcove.security.access.change import Change, action
from alcove.security.access.errors import NotFound, Refused
from alcove.security.identity.actions.door import take_totp
from alcove.security.identity.models import Session
from alcove.security.identity.policy import Did, People
from alcove.security.identity.queries.factors import ways
from alcove.security.vault.house import house


@action(People.OWN)
def prove_by_code(change: Change, session: Session, *, code: str) -> bool:
    """Make a session fresh by an authenticator's code; return whether it was right and new.

    The password, of whoever has one, was checked before: its hash is too slow to stand inside a transaction.
    """
    person = own(change, session).person
    if not take_totp(person, code):
        change.record(Did.SIGN_IN_FAILED, on=person, fields=("code again",))
        return False
    return freshen(change, session, "authenticator")


@action(People.OWN)
def prove_in_demo(change: Change, session: Session) -> bool:
    """Make a session of a demo person fresh, who has nothing to give. In a real practice there is no such way."""
    person = own(change, session).person
    if not house().is_demo or ways(person).second:
        raise Refused("sign-in", "Give a factor of yours.")
    return freshen(change, session, "demo")


@action(People.OWN)
def record_stale_password(change: Change, session: Session) -> None:
    """Record that the password given again was wrong."""
    change.record(Did.SIGN_IN_FAILED, on=own(change, session).person, fields=("password again",))


def own(change: Change, session: Session) -> Session:
    """Return this session if it is the actor's own; raise ``NotFound``."""
    if session.person_id != change.actor.id:
        raise NotFound("there is no such session")
    return session


def freshen(change: Change, session: Session, how: str) -> bool:
    """Note that a factor was given just now. Only inside an action, after the factor was checked."""
    Session.objects.filter(pk=session.pk, ended_at__isnull=True).update(proved_at=change.now)
    change.record(Did.PROVED, on=session, fields=(how,))
    return True
