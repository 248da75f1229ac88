"""What is found out about people before they work: who they are, what they signed, learned and are registered for.

Nobody vouches for themself, and whoever typed a thing in never confirms it (IDN-02): two people stand behind every
account that opens client data.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.identity.models import Person
from alcove.security.identity.policy import Did, People

AGREEMENT: Final = "2026-1"
"""The confidentiality text in force; every text that was ever signed stays in ``templates/identity/agreements``."""


class NotYourName(Exception):
    """The agreement was signed with another name than the account's; the text goes beside the field."""


def _second(change: Change, person: Person, typed_by: UUID | None, sentence: str) -> UUID:
    """Return who confirms; raise ``Refused`` for oneself, for who typed it in, and for who is no person at all."""
    actor = change.actor
    if actor.kind != "person" or actor.id is None:
        raise Refused(People.ADD.key, "This takes a person of the practice.")
    if actor.id == person.id:
        raise Refused(People.ADD.key, "Nobody confirms this for themself. Ask a colleague.")
    if actor.id == typed_by:
        raise Refused(People.ADD.key, sentence)
    return actor.id


@action(People.ADD)
def check_identity(change: Change, person: Person, *, seen: str) -> None:
    """Note that a second person has seen who this is. ``seen``: a code word of what was shown."""
    typed = "You typed this account in, so someone else checks who it is."
    by = _second(change, person, person.typed_by_id, typed)
    if person.identity_checked_at is not None:
        raise Conflict("Someone has checked this already.")
    change.update(
        person, Did.IDENTITY_CHECKED, identity_checked_at=change.now, identity_checked_by_id=by, reason=seen
    )


@action(People.ADD)
def record_training(change: Change, person: Person) -> None:
    """Note that this person has done their first training."""
    by = _second(change, person, None, "")
    if person.trained_at is not None:
        raise Conflict("The first training is on record already.")
    change.update(person, Did.TRAINED, trained_at=change.now, trained_by_id=by)


@action(People.ADD)
def note_registration(
    change: Change, person: Person, *, registration: str, body: str, ends_on: date | None, given_by: str
) -> None:
    """Type in a professional registration; what was verified before counts no more. ``given_by``: on whose word."""
    changed = change.update(
        person, Did.REGISTRATION_TYPED, registration=registration.strip(), registration_body=body.strip(),
        registration_ends_on=ends_on, registration_given_by=given_by, registration_typed_by_id=change.actor.id,
        registration_checked_at=None, registration_checked_by_id=None,
    )  # fmt: skip
    if not changed:
        raise Conflict("Nothing was changed.")


@action(People.ADD)
def check_registration(change: Change, person: Person) -> None:
    """Note that a second person has found this registration in the body's own register."""
    if not person.registration:
        raise Conflict("There is no registration yet. Type it in first.")
    typed = "You typed this registration in, so someone else verifies it."
    by = _second(change, person, person.registration_typed_by_id, typed)
    if person.registration_checked_at is not None:
        raise Conflict("Someone has verified this already.")
    change.update(
        person, Did.REGISTRATION_CHECKED, registration_checked_at=change.now, registration_checked_by_id=by
    )


@action(People.OWN)
def agree(change: Change, person: Person, *, name: str, text: str) -> None:
    """Sign the confidentiality text by one's own name; raise ``NotYourName``. ``text``: the version that was read."""
    if person.id != change.actor.id:
        raise Refused(People.OWN.key, "Everyone signs for themself.")
    if text != AGREEMENT:
        raise Conflict("The text was changed meanwhile. Read it again, then sign.")
    if " ".join(name.split()).casefold() != " ".join(person.name.split()).casefold():
        raise NotYourName(f"Sign with your name as it stands in your account: {person.name}.")
    if person.agreed_at is not None and person.agreed_text == AGREEMENT:
        raise Conflict("You have signed this text already.")
    change.update(person, Did.AGREED, agreed_at=change.now, agreed_text=AGREEMENT, reason=f"text {AGREEMENT}")


@action(People.ADD)
def rename(change: Change, person: Person, *, name: str, title: str) -> None:
    """Correct a name or title. A new name is to be compared with a document again, by someone else."""
    values: dict[str, Any] = {"name": name.strip(), "title": title.strip()}
    if values["name"] != person.name:
        values |= {
            "typed_by_id": change.actor.id,
            "identity_checked_at": None,
            "identity_checked_by_id": None,
        }
    if not change.update(person, Did.PERSON_CHANGED, **values):
        raise Conflict("Nothing was changed.")
