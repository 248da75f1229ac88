"""Passkeys and security keys (WebAuthn level 2): what a browser is asked, and whether its answer counts.

Only py_webauthn verifies signatures. Around it stand the rules of this house: the relying party is the host name of the
page itself, the origin must fit to the letter, the authenticator has checked its holder (PIN, finger, face), a page
inside another site's frame does not count, and a counter that goes backward tells of a copy.

A challenge is 16 random bytes, the moment it ends, and a MAC by a key of the house over purpose, person, session and
relying party. So nothing is stored for a page that is only looked at, and an answer given for one purpose, person or
session is worth nothing for another. ``actions.passkeys`` writes down each one that was answered: a second answer is
refused. Proof: tests/test_passkeys.py.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import webauthn
from django.conf import settings
from django.db.models import Min
from django.http.request import split_domain_port, validate_host
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from alcove.security import policy_defaults as policy
from alcove.security.identity.models import Membership, Passkey, Person, Session
from alcove.security.vault import crypto
from alcove.security.vault.house import house

MOST_PASSKEYS: Final = 10
LONGEST_ANSWER: Final = 64 * 1024
"""Bytes; the largest answers seen, with an attestation nobody asked for, have 9 kB."""
STRONG_RIGHTS: Final = frozenset(
    {"setup.roles.edit", "setup.rules.edit", "setup.people.suspend", "compliance.edit", "money.settings.edit"}
)
"""Whoever holds one of these signs in with a passkey: owners, officers, and who may change payment settings (IDN-08;
PCI DSS 8.3 for the last)."""
_NONCE, _MOMENT, _MAC = 16, 8, 32


class PasskeyRefused(Exception):
    """The answer does not count. The text is for the test suite and the log's reader, never for a page."""


class PasskeyCopied(PasskeyRefused):
    """The signature is right but the counter went backward: two devices hold one key (WebAuthn 6.1.1)."""


class NoPasskeysHere(Exception):
    """The address of the page cannot have passkeys; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page was asked for. ``origin`` as a browser names it; ``rp_id``: its host name, without the port."""

    origin: str
    rp_id: str

    @classmethod
    def of(cls, scheme: str, host: str) -> Place:
        """Return the place of ``https`` and ``clinic.example:8443``; raise ``NoPasskeysHere``."""
        name, port = split_domain_port(host)
        if not name or not validate_host(name, settings.ALLOWED_HOSTS):
            raise NoPasskeysHere("This is not an address of this practice.")
        if _is_number(name):
            raise NoPasskeysHere(
                "Passkeys need the practice's name in the address instead of a number. Open it by its name."
            )
        usual = {"https": "443", "http": "80"}.get(scheme)
        return cls(f"{scheme}://{name}" + (f":{port}" if port and port != usual else ""), name)


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


# Challenges -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """What a passkey is asked for, where and of whom.

    ``purpose``: register, sign_in, portal (the patients' door), first, unlock, fresh or hand_back. ``person_id`` is
    None when the passkey itself will say who it is. ``session_id``: the session, or the half-finished sign-in, that the
    answer is for.
    """

    purpose: str
    place: Place
    person_id: UUID | None = None
    session_id: UUID | None = None


def new_challenge(ask: Ask, now: datetime) -> bytes:
    """Return the challenge of one question; it counts until ``policy.CHALLENGE_LIFE`` after ``now``."""
    ends = int((now + policy.CHALLENGE_LIFE).timestamp() * 1_000_000)
    head = secrets.token_bytes(_NONCE) + ends.to_bytes(_MOMENT, "big")
    return head + _bound(ask, head)


def _bound(ask: Ask, head: bytes) -> bytes:
    words = (
        ask.purpose,
        ask.place.rp_id,
        ask.person_id and ask.person_id.hex,
        ask.session_id and ask.session_id.hex,
    )
    text = "\0".join(word or "" for word in words)
    return crypto.mac(house().key("pepper"), b"passkey\0" + text.encode() + b"\0" + head)


def end_of(ask: Ask, challenge: bytes, now: datetime) -> datetime:
    """Return until when this challenge counts; raise ``PasskeyRefused`` unless it was made for this question."""
    head = challenge[: _NONCE + _MOMENT]
    if len(challenge) != _NONCE + _MOMENT + _MAC or not secrets.compare_digest(
        challenge[_NONCE + _MOMENT :], _bound(ask, head)
    ):
        raise PasskeyRefused("the challenge was not made for this")
    ends = datetime.fromtimestamp(int.from_bytes(head[_NONCE:], "big") / 1_000_000, UTC)
    if ends <= now:
        raise PasskeyRefused("the challenge is too old")
    return ends


# Questions --------------------------------------------------------------------------------------------------------


def creation_options(ask: Ask, person: Person, now: datetime, called: tuple[str, str] | None = None) -> str:
    """Return the JSON a browser needs to make a passkey for ``person``: kept in the authenticator, holder checked.

    ``called``: address and name under which the authenticator lists it, where the person's row does not hold them.
    """
    address, name = called or (person.email, person.name)
    made = webauthn.generate_registration_options(
        rp_id=ask.place.rp_id,
        rp_name="Alcove",
        user_name=address or name,
        user_id=person.id.bytes,
        user_display_name=name,
        challenge=new_challenge(ask, now),
        timeout=_milliseconds(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(Passkey.objects.filter(person=person)),
    )
    return webauthn.options_to_json(made)


def request_options(ask: Ask, now: datetime) -> str:
    """Return the JSON a browser needs to ask for a passkey: any of this place, or those of ``ask.person_id``."""
    held = Passkey.objects.filter(person_id=ask.person_id) if ask.person_id else ()
    made = webauthn.generate_authentication_options(
        rp_id=ask.place.rp_id,
        challenge=new_challenge(ask, now),
        timeout=_milliseconds(),
        allow_credentials=_described(held) or None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(made)


def _milliseconds() -> int:
    return int(policy.CHALLENGE_LIFE.total_seconds() * 1000)


def _described(held: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    known = {item.value: item for item in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=bytes(item.key_id), transports=[known[word] for word in item.transports if word in known]
        )
        for item in held
    ]


def text_of(challenge: bytes) -> str:
    """Return a challenge as it stands in its question: base64url."""
    return bytes_to_base64url(challenge)


# Answers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser sent back, taken apart but not yet believed. ``handle``: the person's id, if it told."""

    raw: dict[str, Any]
    key_id: bytes
    challenge: bytes
    handle: bytes | None

    @property
    def key_digest(self) -> str:
        return hashlib.sha256(self.key_id).hexdigest()

    @property
    def transports(self) -> list[str]:
        told = self.raw.get("response", {}).get("transports", [])
        known = {item.value for item in AuthenticatorTransport}
        return (
            sorted(known & {word for word in told if isinstance(word, str)}) if isinstance(told, list) else []
        )


def read(text: str) -> Answer:
    """Take an answer's JSON apart; raise ``PasskeyRefused`` for anything that is none."""
    if len(text) > LONGEST_ANSWER:
        raise PasskeyRefused("the answer is too long")
    try:
        raw = json.loads(text)
        client_data = parse_client_data_json(base64url_to_bytes(raw["response"]["clientDataJSON"]))
        handle = None
        if "signature" in raw["response"]:
            handle = parse_authentication_credential_json(raw).response.user_handle
        key_id = base64url_to_bytes(raw["rawId"])
    except Exception as fault:  # noqa: BLE001 - whatever the library stumbles over in a stranger's bytes is a refusal
        raise PasskeyRefused(f"the answer cannot be read: {type(fault).__name__}") from None
    if client_data.cross_origin:
        raise PasskeyRefused("the page stood in another site's frame")
    return Answer(raw, key_id, client_data.challenge, handle)


@dataclass(frozen=True, slots=True)
class Made:
    """A new passkey as its authenticator describes it; ``public_key`` in COSE."""

    key_id: bytes
    public_key: bytes
    sign_count: int
    is_backed_up: bool


def made(answer: Answer, challenge: bytes, place: Place) -> Made:
    """Return the passkey that was made; raise ``PasskeyRefused``. Who built the authenticator is not asked."""
    try:
        found = webauthn.verify_registration_response(
            credential=answer.raw,
            expected_challenge=challenge,
            expected_rp_id=place.rp_id,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except Exception as fault:  # noqa: BLE001 - as in ``read``
        raise PasskeyRefused(f"{type(fault).__name__}: {fault}") from None
    return Made(
        found.credential_id, found.credential_public_key, found.sign_count, found.credential_backed_up
    )


@dataclass(frozen=True, slots=True)
class Proved:
    """A passkey's right answer: its new counter, and whether the key is kept in more than one place."""

    sign_count: int
    is_backed_up: bool


def proved(answer: Answer, challenge: bytes, place: Place, public_key: bytes, sign_count: int) -> Proved:
    """Return what a right answer tells; raise ``PasskeyCopied`` for a counter gone back, else ``PasskeyRefused``."""
    try:
        return _verified(answer, challenge, place, public_key, sign_count)
    except PasskeyRefused:
        if not sign_count:
            raise
    # Right in all but the counter: that is a copy, and worth telling the holder. Anything else is just wrong.
    _verified(answer, challenge, place, public_key, 0)
    raise PasskeyCopied("the counter went backward")


def _verified(answer: Answer, challenge: bytes, place: Place, public_key: bytes, sign_count: int) -> Proved:
    try:
        found = webauthn.verify_authentication_response(
            credential=answer.raw,
            expected_challenge=challenge,
            expected_rp_id=place.rp_id,
            expected_origin=place.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception as fault:  # noqa: BLE001 - as in ``read``
        raise PasskeyRefused(f"{type(fault).__name__}: {fault}") from None
    return Proved(found.new_sign_count, found.credential_backed_up)


# Who must have one ------------------------------------------------------------------------------------------------


def required(rights: frozenset[str]) -> bool:
    """Whether whoever holds these rights has to sign in with a passkey."""
    return bool(rights & STRONG_RIGHTS)


def due(
    person: Person, rights: frozenset[str], now: datetime, *, has_passkey: bool | None = None
) -> datetime | None:
    """Return when the grace of someone who must have a passkey and has none ends; None if nothing is due.

    It begins with the first sign-in, or with the role that asks for it if that came later. Two queries for those who
    must and have none; none for everyone else, if ``has_passkey`` is known.
    """
    if not required(rights):
        return None
    if has_passkey or (has_passkey is None and Passkey.objects.filter(person=person).exists()):
        return None
    began = Session.objects.filter(person=person).aggregate(at=Min("started_at"))["at"] or now
    given = [
        at
        for at, held in Membership.objects.filter(person=person).values_list("given_at", "role__rights")
        if required(frozenset(held))
    ]
    return max([began, *([min(given)] if given else [])]) + policy.PASSKEY_GRACE
