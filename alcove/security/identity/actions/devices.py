"""Browsers that may be used for work: who brings one, who lets it in, and what happens when one is lost.

A device proves itself by signing the session's challenge with a key its browser cannot export. An administrator's own
new browser is let in by two factors given just now, and every other administrator is told; anybody else waits.

What must never happen: a session that began in one browser goes on in another. It is bound once, so whoever copies its
cookie, an administrator's too, brings no browser of their own (``test_devices``).
"""

from __future__ import annotations

import secrets

from django.db.models import F

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.rules import RULES
from alcove.security.identity import tokens
from alcove.security.identity.actions.notices import tell_deciders
from alcove.security.identity.models import Device, DeviceCode, DevicePin, HandOver, Person, Session
from alcove.security.identity.policy import Devices, Did, Door, People
from alcove.security.identity.sessions import device_message, roles_of
from alcove.security.vault import signatures


@action(Door.PASS)
def bring_device(change: Change, session: Session, *, point: str, signature: str, system: str) -> Device:
    """Bind this session to the browser that signed its challenge; an unknown browser begins to wait for approval.

    ``point``: the public key, base64url. Raises ``WrongSignature``, or ``Conflict`` for a session of another browser.
    For a browser that was lost, refused or retired the session is over, and the device says why.
    """
    signatures.verify(point, device_message(session), signature)
    return _bring(change, session, digest=tokens.digest(point), point=point, system=system)


def bring_with_passkey(
    change: Change, session: Session, *, challenge: str, point: str, signature: str, system: str
) -> None:
    """Bind a session just begun by a passkey to the browser whose key signed that passkey's challenge as well.

    So a known browser is at work after one answer. Nothing happens for a signature that does not fit: the gate asks.
    Only inside an action, which has used the challenge up.
    """
    try:
        signatures.verify(point, f"alcove-device\nsign-in\n{challenge}".encode(), signature)
    except signatures.WrongSignature:
        return
    _bring(change, session, digest=tokens.digest(point), point=point, system=system)


@action(Door.PASS)
def bring_plain_device(change: Change, session: Session, *, token: str, system: str) -> Device:
    """Bind this session to a browser without scripts, known by its cookie alone; whoever approves is told so."""
    return _bring(change, session, digest=tokens.digest(token), point="", system=system)


def _bring(change: Change, session: Session, *, digest: str, point: str, system: str) -> Device:
    # Whoever brings another browser for the same session at the same moment waits here and then finds it bound.
    held = Session.objects.select_for_update().get(pk=session.pk)
    device = Device.objects.select_for_update().filter(key_digest=digest).first()
    if held.device_id is not None and (device is None or device.pk != held.device_id):
        raise Conflict("This session began in another browser. Sign out and sign in here.")
    if device is None:
        device = change.create(
            Device, Did.DEVICE_SEEN, key_digest=digest, public_key=point, name=system[:60], system=system[:80],
            asked_by=session.person, asked_at=change.now,
        )  # fmt: skip
        is_fresh = change.now - held.proved_at <= policy.FRESH_LIFE
        _let_in_or_ask(change, session.person, device, is_fresh=is_fresh)
    elif device.state in {Device.State.LOST, Device.State.REFUSED, Device.State.RETIRED}:
        Session.objects.filter(pk=session.pk).update(ended_at=change.now)
        change.record(Did.DEVICE_TURNED_AWAY, on=device)
        return device
    else:
        change.record(Did.DEVICE_USED, on=device)
    Session.objects.filter(pk=session.pk).update(device=device, device_proved_at=change.now, challenge="")
    return device


def _let_in_or_ask(change: Change, person: Person, device: Device, *, is_fresh: bool) -> None:
    """Let an administrator's own browser in by factors given just now; everybody else waits. The others are told."""
    _, rights = roles_of(person.id)
    if is_fresh and Devices.APPROVE.key in rights:
        change.update(
            device, Did.DEVICE_APPROVED, state=Device.State.APPROVED, kind=Device.Kind.PERSONAL, holder=person,
            decided_at=change.now, decided_by_id=person.id,
        )  # fmt: skip
        text = f"{person.name}, an administrator, has begun to use a new browser: {device.system}."
    else:
        text = f"{person.name} asks to use a new browser: {device.system}. Approve or refuse it under Setup, Devices."
    tell_deciders(change, Devices.APPROVE, "new_device", "A new browser", text, but=person)


@action(Devices.APPROVE)
def approve_device(change: Change, device: Device, *, name: str, kind: str) -> None:
    """Let a waiting browser in under a name and a class; nobody approves what they asked for themselves."""
    if device.asked_by_id == change.actor.id:
        raise Refused(Devices.APPROVE.key, "Nobody approves their own device. Ask another administrator.")
    if device.state != Device.State.PENDING:
        raise Conflict("This device was decided on already.")
    change.update(
        device, Did.DEVICE_APPROVED, state=Device.State.APPROVED, name=name.strip() or device.name, kind=kind,
        holder=device.asked_by if kind == Device.Kind.PERSONAL else None,
        decided_at=change.now, decided_by_id=change.actor.id,
    )  # fmt: skip


@action(Devices.APPROVE)
def refuse_device(change: Change, device: Device) -> None:
    """Turn a waiting browser away and end its sessions."""
    if device.state != Device.State.PENDING:
        raise Conflict("This device was decided on already.")
    change.update(
        device, Did.DEVICE_REFUSED, state=Device.State.REFUSED, decided_at=change.now,
        decided_by_id=change.actor.id,
    )  # fmt: skip
    _end_everything(change, device)


@action(Devices.APPROVE)
def rename_device(change: Change, device: Device, *, name: str, kind: str) -> None:
    """Give a device another name or class; raise ``Conflict`` if it is so already."""
    holder = device.holder or device.asked_by if kind == Device.Kind.PERSONAL else None
    if not change.update(device, Did.DEVICE_CHANGED, name=name.strip(), kind=kind, holder=holder):
        raise Conflict("Nothing was changed.")


@action(Devices.APPROVE)
def make_device_code(change: Change, device: Device) -> str:
    """Return a code that approves this one waiting browser once, within minutes; earlier ones are void."""
    if device.asked_by_id == change.actor.id:
        raise Refused(Devices.APPROVE.key, "Nobody approves their own device. Ask another administrator.")
    if device.state != Device.State.PENDING:
        raise Conflict("This device was decided on already.")
    digits = RULES["device.digits"].chosen
    code = "".join(secrets.choice("0123456789") for _ in range(digits))
    DeviceCode.objects.filter(device=device, used_at__isnull=True).update(used_at=change.now)
    change.create(
        DeviceCode, Did.DEVICE_CODE_MADE, device=device, digest=tokens.code_digest(device.id.hex + code),
        made_by_id=change.actor.id, expires_at=change.now + policy.DEVICE_CODE_LIFE,
    )  # fmt: skip
    return code


@action(Door.PASS)
def use_device_code(change: Change, session: Session, code: str) -> bool:
    """Let the session's own waiting browser in by a code; return whether it was right. The third try is the last."""
    device = session.device
    if device is None or device.state != Device.State.PENDING:
        raise Conflict("This device does not wait for approval.")
    living = DeviceCode.objects.filter(
        device=device, used_at__isnull=True, expires_at__gt=change.now, tries__lt=policy.DEVICE_CODE_TRIES
    )
    digest = tokens.code_digest(device.id.hex + code)
    # The try is counted before it is compared, in one statement: a crowd gets no more tries than one.
    for row in living:
        if not living.filter(pk=row.pk).update(tries=F("tries") + 1):
            continue
        unused = DeviceCode.objects.filter(pk=row.pk, used_at__isnull=True)
        if secrets.compare_digest(row.digest, digest) and unused.update(used_at=change.now):
            change.update(
                device, Did.DEVICE_APPROVED, state=Device.State.APPROVED, decided_at=change.now,
                decided_by_id=row.made_by_id,
            )  # fmt: skip
            return True
    change.record(Did.DEVICE_CODE_FAILED, on=device)
    return False


@action(People.OWN)
def lose_device(change: Change, device: Device) -> None:
    """Declare a device lost: every session, PIN and hand-over on it is over now. Its holder or an administrator may."""
    if device.holder_id != change.actor.id and not change.actor.holds(Devices.APPROVE):
        raise Refused(Devices.APPROVE.key, "Only its holder or an administrator declares a device lost.")
    if device.state == Device.State.LOST:
        raise Conflict("This device is known to be lost.")
    change.update(
        device, Did.DEVICE_LOST, state=Device.State.LOST, decided_at=change.now, decided_by_id=change.actor.id
    )
    _end_everything(change, device)


@action(Devices.APPROVE)
def retire_device(change: Change, device: Device) -> None:
    """Take a device out of use: what a lost one loses, without the alarm."""
    if device.state != Device.State.APPROVED:
        raise Conflict("Only an approved device can be retired.")
    change.update(
        device, Did.DEVICE_RETIRED, state=Device.State.RETIRED, decided_at=change.now,
        decided_by_id=change.actor.id,
    )  # fmt: skip
    _end_everything(change, device)


def _end_everything(change: Change, device: Device) -> None:
    living = Session.objects.filter(device=device, ended_at__isnull=True)
    HandOver.objects.filter(session__device=device, ended_at__isnull=True).update(
        ended_at=change.now, ended_how="lost"
    )
    living.update(ended_at=change.now)
    DevicePin.objects.filter(device=device).delete()
    DeviceCode.objects.filter(device=device, used_at__isnull=True).update(used_at=change.now)
