"""Patients' accounts: whose they are, and which of them an e-mail address may sign in to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.identity import passwords, tokens
from alcove.security.identity.models import Link, PatientAccount, Person

LINK = "portal"
"""The kind of ``Link`` that an invitation to the portal is."""
PROVED = "link"
"""The method of a ``SignIn`` whose person proved an invitation, and has still to choose password and factor."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a client's portal account stands. ``state``: none, invited, late, confirmed or closed."""

    state: str
    account: PatientAccount | None = None
    since: datetime | None = None


def account_of(client_id: UUID) -> PatientAccount | None:
    """Return the portal account of a client; its address and number open only where the client is open."""
    return PatientAccount.objects.select_related("person").filter(client_id=client_id).first()


def standing(client_id: UUID) -> Standing:
    """Return how a client's portal account stands."""
    account = account_of(client_id)
    if account is None:
        return Standing("none")
    person = account.person
    if person.suspended_at is not None:
        return Standing("closed", account, person.suspended_at)
    if person.email_confirmed_at is not None and person.password:
        return Standing("confirmed", account, person.email_confirmed_at)
    link = Link.objects.filter(kind=LINK, person=person, used_at__isnull=True).order_by("-expires_at").first()
    if link is None or link.expires_at <= timezone.now():
        return Standing("late", account, link.expires_at if link else None)
    return Standing("invited", account, link.expires_at)


def sharing(address: str, *, but: Person | None = None) -> list[Person]:
    """Return the people of all portal accounts at an e-mail address, the oldest first."""
    rows = PatientAccount.objects.select_related("person").filter(login__in=tokens.login_digests(address))
    return [row.person for row in rows.order_by("id") if but is None or row.person_id != but.pk]


def by_password(address: str, password: str) -> Person | None:
    """Return the one patient whose address and password these are; None for none, and for more than one.

    As many hashes are compared whoever asks, so the time says neither whether nor how many accounts there are.
    """
    now = timezone.now()
    people = [person for person in sharing(address) if person.is_active and not person.has_left(now)]
    people = people[: policy.PATIENTS_ON_AN_ADDRESS]
    fitting = [person for person in people if _fits(password, person.password)]
    for _ in range(policy.PATIENTS_ON_AN_ADDRESS - len(people)):
        _fits(password, "")
    return fitting[0] if len(fitting) == 1 else None


def _fits(password: str, stored: str) -> bool:
    try:
        passwords.check(password, stored)
    except passwords.WrongPassword:
        return False
    return True


def is_taken(address: str, password: str, person: Person) -> bool:
    """Whether somebody else at the same address has this password: the two could not be told apart."""
    return any(_fits(password, other.password) for other in sharing(address, but=person) if other.password)
