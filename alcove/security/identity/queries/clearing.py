"""What is still missing before someone may open client data, for their own page and for whoever sets them up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format

from alcove.security.identity.models import NEEDED, Membership, Person
from alcove.security.identity.queries.explain import names

TITLES = {
    "identity": "Identity checked by a second person",
    "email": "E-mail address confirmed",
    "phone": "Phone number confirmed",
    "agreement": "Confidentiality agreement signed",
    "training": "First training done",
    "registration": "Professional registration verified",
}
_OWN_WAY = {
    "identity": "Show a colleague your passport or driving licence; they note it under Setup, People.",
    "email": "Open the link in the mail we sent you, or have it sent again from your account.",
    "phone": "Type your number in your account, then the code that arrives.",
    "agreement": "Read and sign it: it takes two minutes.",
    "training": "Your manager notes it when you have done it.",
    "registration": "Give your registration number to your manager; a second person verifies it.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be so. ``detail``: who did it and when; ``own_way``: what the person does for it."""

    key: str
    title: str
    is_done: bool
    detail: str
    own_way: str


def is_clinician(person: Person) -> bool:
    """Whether a role that this person holds now needs a professional registration."""
    now = timezone.now()
    return any(
        item.role.is_clinical
        for item in Membership.objects.filter(person=person).select_related("role")
        if item.ends_at is None or item.ends_at > now
    )


def missing(person: Person) -> list[str]:
    """Return what still keeps this person from client data, as the session asks it; [] if nothing."""
    return person.missing(is_clinician=is_clinician(person), at=timezone.now())


def steps(person: Person) -> list[Step]:
    """Return every step with its state, in the order people do them; registration for clinicians only."""
    clinical = is_clinician(person)
    open_ones = set(person.missing(is_clinician=clinical, at=timezone.now()))
    known = _names(person)
    return [
        Step(key, TITLES[key], key not in open_ones, _detail(person, key, known), _OWN_WAY[key])
        for key in NEEDED
        if key != "registration" or clinical or person.registration
    ]


def _names(person: Person) -> dict[UUID, str]:
    ids = (
        person.typed_by_id, person.identity_checked_by_id, person.trained_by_id, person.registration_typed_by_id,
        person.registration_checked_by_id,
    )  # fmt: skip
    return names(ids)


def _on(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y")


def _detail(person: Person, key: str, known: dict[UUID, str]) -> str:
    if key == "registration":
        return _registration(person, known)
    done, by = {
        "identity": (person.identity_checked_at, person.identity_checked_by_id),
        "email": (person.email_confirmed_at, None),
        "phone": (person.phone_confirmed_at, None),
        "agreement": (person.agreed_at, None),
        "training": (person.trained_at, person.trained_by_id),
    }[key]
    if done is not None:
        by_whom = f" by {known[by]}" if by in known else ""
        text = f", text {person.agreed_text}" if key == "agreement" and person.agreed_text else ""
        return f"{_on(done)}{by_whom}{text}"
    if person.vouched_at is not None:
        return f"Answered for from the console, {_on(person.vouched_at)}"
    return {"email": person.email, "phone": person.phone or "No number yet"}.get(key, "Not yet")


def _registration(person: Person, known: dict[UUID, str]) -> str:
    if not person.registration:
        return "Answered for from the console" if person.vouched_at else "No number yet"
    ends = person.registration_ends_on
    parts = [f"{person.registration_body} {person.registration}".strip()]
    if ends is not None:
        word = "ended" if ends < timezone.localdate() else "until"
        parts.append(f"{word} {date_format(ends, 'j M Y')}")
    if typed := known.get(person.registration_typed_by_id or person.id):
        parts.append(f"typed by {typed}")
    if person.registration_checked_at is not None:
        by = known.get(person.registration_checked_by_id or person.id, "a colleague")
        parts.append(f"verified {_on(person.registration_checked_at)} by {by}")
    return ", ".join(parts)


def origin(person: Person) -> str:
    """Return who typed this account in and on whose word, as one sentence (IDN-02)."""
    by = next(iter(names([person.typed_by_id]).values()), "the console")
    given = f" {person.get_given_by_display()}." if person.given_by else ""
    return f"Typed in by {by}, {_on(person.created_at)}.{given}"
