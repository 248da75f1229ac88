"""From a cookie to an Actor: one query, by the server's clock.

What must never happen: an actor with rights behind a gate that is shut (``gates``), or one who holds more than their
roles give at this moment. A person who is not cleared yet keeps what concerns their own account and nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.models import Role
from alcove.security.access.policy import Open, counting
from alcove.security.access.rules import RULES
from alcove.security.access.writes import write_turn
from alcove.security.identity import passkeys, tokens
from alcove.security.identity.gates import OWED, Gate, is_owing, standing
from alcove.security.identity.models import Device, Membership, PatientAccount, Person, Session
from alcove.security.identity.policy import Own
from alcove.security.vault import rows, signatures

COOKIE = "__Host-session"
STAGE_COOKIE = "__Host-signin"
DEVICE_COOKIE = "__Host-device"
FIRST_PAGE = "dashboard.view"
PATIENT_RIGHTS = frozenset({Own.VIEW.key, Own.EDIT.key, Open.OWN.key})
"""All that a patient's session holds."""

Held = tuple[UUID, str, list[str], bool]
"""A role as it counts here: its id, its name, its rights, and whether it needs a professional registration."""


@dataclass(slots=True)
class Found:
    """A living session, who acts through it, and the gate it stands before (None if it may work)."""

    session: Session
    actor: Actor
    gate: Gate | None
    owes_passkey_at: datetime | None = None


def request_code() -> str:
    """Return a short code for one request, to be read out to support: 40 random bits."""
    return secrets.token_hex(5)


_PARTS = tuple(
    rows.Columns(model, alias) for model, alias in ((Session, "s"), (Person, "p"), (Device, "d"), (Role, "v"))
)
_FIND = (
    f"SELECT {', '.join(part.sql for part in _PARTS)},"  # noqa: S608 - names of ours
    " a.client_id, EXISTS (SELECT 1 FROM identity_passkey k WHERE k.person_id = p.id),"
    " r.id, r.name, r.rights, r.is_clinical, m.ends_at"
    " FROM identity_session s JOIN identity_person p ON p.id = s.person_id"
    " LEFT JOIN identity_device d ON d.id = s.device_id LEFT JOIN access_role v ON v.id = s.preview_id"
    " LEFT JOIN identity_patientaccount a ON a.person_id = p.id"
    " LEFT JOIN identity_membership m ON m.person_id = p.id LEFT JOIN access_role r ON r.id = m.role_id"
    " WHERE s.digest = %s AND s.ended_at IS NULL ORDER BY r.name"
)


def _session(row: Sequence[Any]) -> Session:
    """Return the session of a row of ``_FIND``, with person, device and preview."""
    found, at = [], 0
    for part in _PARTS:
        found.append(part.instance_or_none(row[at : at + part.count]))
        at += part.count
    session: Session = found[0]
    session.person, session.device, session.preview = found[1:]
    session.patient_client_id = rows.uuid_or_none(row[-7])  # type: ignore[attr-defined]  # read by ``_actor``
    return session


def find(token: str, request_code: str, device_token: str = "", *, quiet: bool = False) -> Found | None:
    """Return the living session of a cookie, touched if it was not lately; None if it ended or ran out.

    ``device_token``: the device's own cookie, which must fit where the device has no key. ``quiet``: nobody asked, the
    page did by itself, so the session is not touched and runs out as if nothing had been asked.
    """
    now = timezone.now()
    found = rows.read(_FIND, tokens.digest(token))
    if not found:
        return None
    session = _session(found[0])
    if not session.person.is_active or session.person.has_left(now):
        return None
    if is_over(session, now, device_token):
        with write_turn():
            Session.objects.filter(pk=session.pk).update(ended_at=now)
        return None
    if not quiet and session.locked_at is None and now - session.seen_at > policy.SESSION_TOUCH:
        with write_turn():
            Session.objects.filter(pk=session.pk).update(seen_at=now)
    held = [
        (rows.uuid(role), name, rows.parsed(rights), bool(is_clinical))
        for role, name, rights, is_clinical, ends_at in (row[-5:] for row in found)
        if role is not None and (ends_at is None or rows.moment(ends_at) > now)
    ]
    owed_at = passkeys.due(session.person, _names_and_rights(held)[1], now, has_passkey=bool(found[0][-6]))
    gate = standing(session, now) or (OWED if is_owing(session, owed_at, now) else None)
    return Found(session, _actor(session, held, request_code, now), gate, owed_at)


def is_over(session: Session, now: datetime, device_token: str) -> bool:
    """Whether a session ran out, or its device may no longer carry one."""
    device = session.device
    if now - session.started_at > timedelta(hours=RULES["session.hours"].chosen):
        return True
    if now - session.seen_at > idle_limit(device):
        return True
    if device is None:
        return False
    if device.state in {Device.State.LOST, Device.State.RETIRED, Device.State.REFUSED}:
        return True
    # Without a key the device is its cookie: a session that comes without it is a copy.
    is_cookie = not device.has_key and device.kind != Device.Kind.DEMO
    return is_cookie and not secrets.compare_digest(tokens.digest(device_token), device.key_digest)


def idle_limit(device: Device | None) -> timedelta:
    """Return how long a session on this device may stay untouched, by the practice's own choice (IDN-12)."""
    if device is None or device.kind == Device.Kind.DEMO:
        return RULES["idle.office"].minutes
    return RULES[f"idle.{device.kind}"].minutes


def challenge(session: Session) -> str:
    """Return the words this session's device has to sign next; made when first asked for."""
    if not session.challenge:
        session.challenge = secrets.token_hex(32)
        with write_turn():
            Session.objects.filter(pk=session.pk, challenge="").update(challenge=session.challenge)
            session.refresh_from_db(fields=["challenge"])
    return session.challenge


def device_message(session: Session) -> bytes:
    """Return what a device signs: this session, this challenge, for this purpose only."""
    return f"alcove-device\n{session.id.hex}\n{session.challenge}".encode()


def prove_again(session: Session, point: str, signature: str) -> None:
    """Note that the session's own device still holds its key; raise ``WrongSignature``. Each challenge counts once."""
    device, signed = session.device, session.challenge
    if device is None or not signed or device.public_key != point:
        raise signatures.WrongSignature("this session belongs to another device")
    signatures.verify(point, device_message(session), signature)
    with write_turn():
        fresh = Session.objects.filter(pk=session.pk, challenge=signed, ended_at__isnull=True)
        if not fresh.update(challenge="", device_proved_at=timezone.now()):
            raise signatures.WrongSignature("this challenge was answered already")


def actor_of(session: Session, code: str) -> Actor:
    """Return the actor of a session with the rights held right now."""
    return _actor(session, _held(session.person_id), code, timezone.now())


def _actor(session: Session, held: Sequence[Held], code: str, now: datetime) -> Actor:
    person = session.person
    if person.kind != Person.Kind.STAFF:
        return _patient(session, code)
    names, rights = _names_and_rights(held)
    if person.missing(is_clinician=any(clinical for *_, clinical in held), at=now):
        rights = own_only(rights)
    if session.preview is not None:
        # Looking through a role's eyes shows less, never more.
        names, rights = (session.preview.name,), rights & frozenset(session.preview.rights)
    return Actor(
        "person",
        id=session.person_id,
        name=person.name,
        roles=names,
        rights=rights,
        session_id=session.id,
        origin_id=session.origin_id,
        request=code,
        proved_at=session.proved_at,
        is_preview=session.preview is not None,
        role_ids=frozenset() if session.preview is not None else frozenset(role for role, *_ in held),
    )


def _patient(session: Session, request_code: str) -> Actor:
    """Return the actor of a patient's session: bound to one client, whatever roles somebody may have given them."""
    client_id: UUID | None = getattr(session, "patient_client_id", None)
    if client_id is None:
        client_id = PatientAccount.objects.values_list("client_id", flat=True).get(person=session.person_id)
    return Actor(
        "patient",
        id=session.person_id,
        name=session.person.name,
        roles=("a client, by their own account",),
        rights=PATIENT_RIGHTS,
        session_id=session.id,
        origin_id=session.origin_id,
        request=request_code,
        client_id=client_id,
        proved_at=session.proved_at,
    )


def own_only(rights: frozenset[str]) -> frozenset[str]:
    """Return what someone keeps who may not work yet: their own account, and the page that says what is missing."""
    return frozenset(key for key in rights if key.startswith("account.") or key == FIRST_PAGE)


def acting(person: Person, **more: Any) -> Actor:
    """Return a person of the staff as who acts outside a session, with the rights held now (a job, a demo)."""
    held = _held(person.id)
    names, rights = _names_and_rights(held)
    role_ids = frozenset(role for role, *_ in held)
    return Actor(
        "person", id=person.id, name=person.name, roles=names, rights=rights, role_ids=role_ids, **more
    )


def roles_of(person_id: UUID) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return names of a person's roles and the union of their rights."""
    return _names_and_rights(_held(person_id))


def _held(person_id: UUID) -> list[Held]:
    running = Q(ends_at__isnull=True) | Q(ends_at__gt=timezone.now())
    return list(
        Membership.objects.filter(running, person_id=person_id)
        .order_by("role__name")
        .values_list("role_id", "role__name", "role__rights", "role__is_clinical")
    )


def _names_and_rights(held: Sequence[Held]) -> tuple[tuple[str, ...], frozenset[str]]:
    # A stored word that this version does not know as a right gives nothing, whatever it once gave.
    return tuple(name for _, name, *_ in held), counting(key for _, _, rights, _ in held for key in rights)
