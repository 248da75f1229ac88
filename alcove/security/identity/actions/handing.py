"""Handing a tablet to a client and taking it back (IDN-14)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.policy import Open
from alcove.security.identity import tokens
from alcove.security.identity.actions import effort
from alcove.security.identity.actions.door import unlock_session
from alcove.security.identity.actions.passkeys import answered_by
from alcove.security.identity.actions.pins import pin_of, unlock_by_pin
from alcove.security.identity.models import Effort, HandOver, Passkey, Session
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.passkeys import Place
from alcove.security.identity.policy import Did, Door, Tablet
from alcove.security.identity.tablets import TASKS

NO_WAY_BACK = (
    "You could not take this tablet back. Set a PIN for this device, or add a passkey, under Your account."
)


@action(Tablet.HAND)
def hand_over(
    change: Change, session: Session, client_id: UUID, tasks: Sequence[str], *, spent: Spent | None = None
) -> str:
    """Hand the browser of one's own session to a client; return the token that takes the session's place in it.

    The session is locked and its cookie is worth nothing from here on. Raises ``Conflict`` where neither PIN nor
    passkey could bring the person back, ``Refused`` for the history if the person may not read it themselves.
    """
    if session.person_id != change.actor.id or not tasks or not set(tasks) <= TASKS.keys():
        raise Refused(Tablet.HAND.key)
    if "history" in tasks:
        # Else a tablet handed over to oneself would show what the role does not.
        change.actor.must(Open.RECORD)
    if pin_of(session) is None and not Passkey.objects.filter(person=session.person_id).exists():
        raise Conflict(NO_WAY_BACK)
    token, digest = tokens.new_token()
    HandOver.objects.create(
        digest=digest, client_id=client_id, session=session, tasks=list(tasks), started_at=change.now,
        seen_at=change.now,
    )  # fmt: skip
    living = Session.objects.filter(pk=session.pk, digest=session.digest, ended_at__isnull=True)
    if not living.update(digest=tokens.new_token()[1], locked_at=change.now, seen_at=change.now):
        raise Conflict("This session was handed over or ended in another tab.")
    # Its page, and the one press that leads there.
    effort.note(change, session, Effort.Kind.HAND_OVER, spent=effort.stated(spent, steps=2))
    change.record(Did.TABLET_HANDED, client_id=client_id, fields=tuple(tasks))
    return token


@action(Door.PASS)
def take_back_by_pin(change: Change, held: HandOver, pin: str, *, spent: Spent | None = None) -> str | None:
    """Take the tablet back by the PIN of whoever handed it over; return the session's new token, None if wrong.

    The fifth wrong one in a row ends PIN and session, as at the lock.
    """
    is_right = unlock_by_pin(change, held.session, pin, spent=spent, kind=Effort.Kind.TAKE_BACK)
    return _take_back(change, held) if is_right else None


@action(Door.PASS)
def take_back_by_passkey(
    change: Change, held: HandOver, *, answer: str, place: Place, spent: Spent | None = None
) -> str | None:
    """Take the tablet back by a passkey of whoever handed it over; return the session's new token, None if wrong."""
    session = held.session
    if not answered_by(change, "hand_back", place, session.person_id, session.id, answer):
        change.record(Did.UNLOCK_FAILED, on=session)
        return None
    Session.objects.filter(pk=session.pk).update(proved_at=change.now)
    unlock_session(change, session, method="passkey", spent=spent, kind=Effort.Kind.TAKE_BACK)
    return _take_back(change, held)


def _take_back(change: Change, held: HandOver) -> str:
    token, digest = tokens.new_token()
    living = Session.objects.filter(pk=held.session_id, ended_at__isnull=True)
    # The hand-over's own token dies with this: a copy of it finds nothing.
    own = HandOver.objects.filter(pk=held.pk, digest=held.digest)
    if not own.update(digest=tokens.new_token()[1]) or not living.update(digest=digest):
        raise Conflict("This tablet was taken back in another tab.")
    HandOver.objects.filter(pk=held.pk, ended_at__isnull=True).update(ended_at=change.now, ended_how="staff")
    change.record(Did.TABLET_RETURNED, client_id=held.client_id, on=held)
    return token


def finish(change: Change, held: HandOver) -> None:
    """End a hand-over whose client is done: only staff go on. Only inside the action that keeps their words."""
    HandOver.objects.filter(pk=held.pk, ended_at__isnull=True).update(ended_at=change.now, ended_how="done")
    change.record(Did.TABLET_DONE, client_id=held.client_id, on=held)


@action(Door.PASS)
def give_up(change: Change, held: HandOver) -> None:
    """End the staff session behind a tablet: whoever handed it over signs in again."""
    Session.objects.filter(pk=held.session_id, ended_at__isnull=True).update(ended_at=change.now)
    HandOver.objects.filter(pk=held.pk, ended_at__isnull=True).update(ended_at=change.now, ended_how="lost")
    change.record(Did.SIGNED_OUT, on=held.session)
