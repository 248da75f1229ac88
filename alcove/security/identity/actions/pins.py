"""A 6-digit PIN that unlocks one person's screen on one device; it never begins a session (IDN-13)."""

from __future__ import annotations

from django.db.models import F

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.identity import passwords
from alcove.security.identity.actions import effort
from alcove.security.identity.actions.telling import tell_of
from alcove.security.identity.models import DevicePin, Effort, Session
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.policy import Did, Door, People


@action(People.OWN)
def set_pin(change: Change, session: Session, *, pin: str) -> None:
    """Set one's own PIN on the device of this session; raise ``Conflict`` where there is no approved device."""
    if session.device is None:
        raise Conflict("This browser is no approved device.")
    DevicePin.objects.filter(device=session.device, person=session.person).delete()
    change.create(
        DevicePin, Did.PIN_SET, device=session.device, person=session.person, digest=passwords.hashed(pin)
    )
    tell_of(change, session.person, "PIN set")


def pin_of(session: Session) -> DevicePin | None:
    """Return the PIN this session's person has on its device."""
    return DevicePin.objects.filter(device=session.device_id, person=session.person_id).first()


@action(Door.PASS)
def unlock_by_pin(
    change: Change, session: Session, pin: str, *, spent: Spent | None = None,
    kind: Effort.Kind = Effort.Kind.UNLOCK,
) -> bool:  # fmt: skip
    """Unlock by PIN; return whether it was right. The fifth wrong one in a row ends PIN and session.

    The try is counted before it is compared, in one statement, so two browsers at once get no more tries than one.
    """
    held = DevicePin.objects.filter(device=session.device_id, person=session.person_id)
    counted = held.filter(failures__lt=policy.PIN_TRIES).update(failures=F("failures") + 1)
    row = held.first()
    if not counted or row is None:
        _end(change, session)
        return False
    try:
        passwords.check(pin, row.digest)
    except passwords.WrongPassword:
        change.record(Did.UNLOCK_FAILED, on=session)
        if row.failures >= policy.PIN_TRIES:
            _end(change, session)
        return False
    held.update(failures=0)
    Session.objects.filter(pk=session.pk).update(locked_at=None, seen_at=change.now)
    effort.note(change, session, kind, "PIN", spent)
    change.record(Did.UNLOCKED, on=session, fields=("PIN",))
    return True


def _end(change: Change, session: Session) -> None:
    DevicePin.objects.filter(device=session.device_id, person=session.person_id).delete()
    Session.objects.filter(pk=session.pk, ended_at__isnull=True).update(ended_at=change.now)
    change.record(Did.PIN_ENDED, on=session)
