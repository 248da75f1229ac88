"""Signing in and out: from a stranger at the door to a session."""

from __future__ import annotations

from django.db.models import F

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Gone, NotFound, Refused
from alcove.security.identity import passwords, tokens
from alcove.security.identity.actions import effort, notices, sent_codes
from alcove.security.identity.actions.directory_ties import tie_directory
from alcove.security.identity.actions.door_rules import refuse_outside
from alcove.security.identity.actions.people import put_password
from alcove.security.identity.actions.telling import tell_of
from alcove.security.identity.models import (
    Device,
    DevicePin,
    Effort,
    Factor,
    Link,
    Person,
    RecoveryCode,
    Session,
    SignIn,
)
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.policy import Did, Door, People
from alcove.security.identity.queries.factors import ways
from alcove.security.vault.house import house

DEMO_PIN = "274913"
"""Unlocks a demo's screen; the lock page of a demo prints it. No other PIN in any practice is this one by itself."""


def at_the_door(actor: Actor, person: Person | None = None) -> Actor:
    """Return the stranger at the door, named if the password has said who it is."""
    is_patient = person is not None and person.kind == Person.Kind.PATIENT
    return Actor(
        "patient" if is_patient else "person" if person else "stranger",
        id=person.id if person else None,
        origin_id=actor.origin_id,
        request=actor.request,
        rights=frozenset({Door.PASS.key}),
    )


@action(Door.PASS)
def begin_sign_in(change: Change, person: Person, *, spent: Spent | None = None) -> str:
    """Remember that the password was right; return the stage cookie's token."""
    token, digest = tokens.new_token()
    SignIn.objects.filter(started_at__lt=change.now - policy.SIGN_IN_STAGE_LIFE).delete()
    begun = effort.first_step(change, spent)
    change.create(SignIn, Did.PASSWORD_ACCEPTED, digest=digest, person=person, **begun)
    return token


@action(Door.PASS)
def finish_sign_in(change: Change, stage: SignIn, code: str, *, spent: Spent | None = None) -> str | None:
    """Take a TOTP, SMS or recovery code and begin the session; return its token, or None for a wrong code.

    The holder is told of a wrong one; a patient's address must have been opened by ``notices.reach``.
    """
    person = stage.person
    effort.count_step(stage, spent)
    if sent_codes.take_sign_in_code(change, stage, code):
        return begin_session(change, person, "code by SMS", stage)
    if take_totp(person, code):
        return begin_session(change, person, "authenticator", stage)
    if RecoveryCode.objects.filter(
        person=person, digest=tokens.code_digest(code), used_at__isnull=True
    ).update(used_at=change.now):
        tell_of(change, person, "code used")
        return begin_session(change, person, "recovery code", stage)
    change.record(Did.SIGN_IN_FAILED, on=person, fields=("code",))
    notices.tell_of_failed_factor(change, person)
    return None


def take_totp(person: Person, code: str) -> bool:
    """Whether a code is right and new; it counts once. Only inside an action."""
    for factor in Factor.objects.filter(person=person, confirmed_at__isnull=False):
        if factor.failures >= policy.FACTOR_FAILURES_IN_A_ROW:
            continue
        step = tokens.totp_step(factor.secret, code)
        # One statement decides between two that bring the same code: only one moves last_step up.
        if step is not None and Factor.objects.filter(pk=factor.pk, last_step__lt=step).update(
            last_step=step, failures=0
        ):
            return True
        Factor.objects.filter(pk=factor.pk).update(failures=F("failures") + 1)
    return False


def begin_session(
    change: Change, person: Person, method: str, stage: SignIn | None = None, device: Device | None = None,
    spent: Spent | None = None,
) -> str:  # fmt: skip
    """Begin a session and return its token: the one place where a session is made. ``stage``: what it ends.

    ``spent``: what it cost, if there was no stage to keep that.

    Raises ``Refused`` for an account that may not sign in, ``Conflict`` if the stage was finished elsewhere.
    """
    if not person.is_active or person.has_left(change.now):
        raise Refused("sign-in", "This account is suspended.")
    refuse_outside(change, person)
    if stage is not None and not SignIn.objects.filter(pk=stage.pk).delete()[0]:
        raise Conflict("This sign-in was finished in another window. Begin again.")
    if stage is not None and stage.subject:
        tie_directory(change, person, stage.subject)
    token, digest = tokens.new_token()
    session = Session.objects.create(
        person=person, digest=digest, method=method, origin_id=change.actor.origin_id, device=device,
        device_proved_at=change.now if device else None,
    )  # fmt: skip
    Person.objects.filter(pk=person.pk).update(seen_at=change.now)
    effort.note(change, session, Effort.Kind.SIGN_IN, method, effort.of_stage(stage) if stage else spent)
    change.record(Did.SIGNED_IN, on=person, fields=(method,))
    return token


@action(Door.PASS)
def begin_factor(change: Change, person: Person) -> Factor:
    """Make a TOTP secret that counts for nothing until a code confirms it."""
    Factor.objects.filter(person=person, confirmed_at__isnull=True).delete()
    return change.create(Factor, Did.FACTOR_ADDED, person=person, secret=tokens.new_totp_secret())


@action(Door.PASS)
def confirm_factor(
    change: Change, stage: SignIn, factor: Factor, code: str, *, spent: Spent | None = None
) -> tuple[str, list[str]] | None:
    """Confirm a first factor by its first code; return the session's token and ten recovery codes, or None if wrong."""
    step = tokens.totp_step(factor.secret, code)
    effort.count_step(stage, spent)
    if step is None:
        change.record(Did.SIGN_IN_FAILED, on=factor.person, fields=("first code",))
        return None
    factor.last_step, factor.confirmed_at = step, change.now
    factor.save(update_fields=["last_step", "confirmed_at"])
    change.record(Did.FACTOR_ADDED, on=factor.person, fields=("authenticator",))
    tell_of(change, factor.person, "authenticator added")
    codes = new_recovery_codes(factor.person)
    return begin_session(change, factor.person, "authenticator", stage), codes


def new_recovery_codes(person: Person) -> list[str]:
    """Return ten new recovery codes, shown once; those of before are void. Only inside an action."""
    RecoveryCode.objects.filter(person=person).delete()
    codes = [tokens.new_recovery_code() for _ in range(policy.RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        [RecoveryCode(person=person, digest=tokens.code_digest(code)) for code in codes]
    )
    return codes


@action(People.OWN)
def renew_codes(change: Change, person: Person) -> list[str]:
    """Make ten new recovery codes for oneself, shown once; raise ``Conflict`` without another factor."""
    if person.id != change.actor.id:
        raise NotFound("there is no such account")
    held = ways(person)
    if not (held.passkey or held.code or held.sms):
        raise Conflict("Set up a second factor first: recovery codes stand in for one that is lost.")
    codes = new_recovery_codes(person)
    change.record(Did.CODES_RENEWED, on=person)
    tell_of(change, person, "codes renewed")
    return codes


@action(Door.PASS)
def record_leaked(change: Change, person: Person) -> None:
    """Record that a right password is on the list of leaked ones by now: an alert follows, and its holder is told."""
    change.record(Did.PASSWORD_LEAKED, on=person)


@action(Door.PASS)
def record_failure(change: Change, what: str) -> None:
    """Record a failed sign-in; the account tried is not named, because the name may be a typed password."""
    change.record(Did.SIGN_IN_FAILED, fields=(what,))


def _use_link(change: Change, kind: str, token: str) -> Person:
    link = Link.objects.select_related("person").filter(kind=kind, digest=tokens.digest(token)).first()
    if link is None:
        raise NotFound("there is no such link")
    fresh = Link.objects.filter(pk=link.pk, used_at__isnull=True, expires_at__gt=change.now)
    is_staying = link.person.is_active and not link.person.has_left(change.now)
    if not is_staying or not fresh.update(used_at=change.now):
        raise Gone("This link was used already or is too old. Ask for a new one.")
    return link.person


@action(Door.PASS)
def use_setup_link(change: Change, token: str, password: str) -> str:
    """Set the first password of someone who came by a set-up link; return the token of the stage that follows.

    Raises ``NotFound``, ``Gone`` for a used or old link, ``WeakPassword`` (the link stays good).
    """
    person = _use_link(change, "setup", token)
    put_password(change, person, password)
    change.record(Did.PASSWORD_SET, on=person, fields=("set-up link",))
    tell_of(change, person, "password set")
    return begin_sign_in(change, person)


@action(Door.PASS)
def use_demo_link(change: Change, token: str) -> str:
    """Sign in by a demo link; return the session's token. In a real practice there is no such door.

    The visitor's browser counts as one approved device of the class ``demo``, and ``DEMO_PIN`` unlocks it.
    """
    if not house().is_demo:
        raise NotFound("there is no such link")
    person = _use_link(change, "demo", token)
    digest = tokens.digest(f"demo {house().id.hex}")
    device, _ = Device.objects.get_or_create(
        key_digest=digest,
        defaults={"name": "Visitor of the demo", "kind": Device.Kind.DEMO, "state": Device.State.APPROVED},
    )
    DevicePin.objects.get_or_create(
        device=device, person=person, defaults={"digest": passwords.hashed(DEMO_PIN), "set_at": change.now}
    )
    return begin_session(change, person, "demo link", device=device)


@action(Door.PASS)
def upgrade_hash(change: Change, person: Person, password: str) -> None:
    """Hash a right password anew with today's pepper and cost."""
    person.password = passwords.hashed(password)
    person.save(update_fields=["password"])
    change.record(Did.PASSWORD_SET, on=person, fields=("hash upgraded",))


@action(Door.PASS)
def sign_out(change: Change, session: Session) -> None:
    """End this session, locked or not."""
    Session.objects.filter(pk=session.pk, ended_at__isnull=True).update(ended_at=change.now)
    change.record(Did.SIGNED_OUT, on=session)


@action(Door.PASS)
def unlock_session(
    change: Change, session: Session, *, method: str = "password", spent: Spent | None = None,
    kind: Effort.Kind = Effort.Kind.UNLOCK,
) -> None:  # fmt: skip
    """Unlock after the password or a passkey was given again. ``kind``: whether it was at the lock, or on a tablet."""
    Session.objects.filter(pk=session.pk).update(locked_at=None, seen_at=change.now)
    effort.note(change, session, kind, method, spent)
    change.record(Did.UNLOCKED, on=session)


@action(Door.PASS)
def record_unlock_failure(change: Change, session: Session) -> None:
    change.record(Did.UNLOCK_FAILED, on=session)
