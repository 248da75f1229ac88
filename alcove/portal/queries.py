"""What the portal knows of whoever it is about, and what it adds to a client's card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import CardPart, Tab
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.need import NOBODY
from alcove.security.access.policy import Open
from alcove.security.audit.models import Origin
from alcove.security.identity.models import Factor, Passkey, PatientAccount, Person, RecoveryCode, Session
from alcove.security.identity.policy import Own, Patients
from alcove.security.identity.queries import patients
from alcove.security.identity.queries.by_sms import is_offered, is_sent


def card(_actor: Actor, client: Client) -> CardPart:
    """Return the tab on which staff invite a client."""
    url = page_url("portal_card:invite", client_id=client.id)
    return CardPart(tabs=[Tab("portal", "Portal", url, 80, needs=Patients.INVITE)])


def _client_of(person: Person) -> Client:
    """Return the client of an account, whom ``notices.reach`` has opened."""
    client_id = PatientAccount.objects.values_list("client_id", flat=True).get(person=person)
    return finding.client(Actor.job("proof of an invitation", Open.DIRECTORY), client_id)


def is_born(person: Person, day: date) -> bool:
    """Whether this is the birth date on the card; never for a card without one. Open it by ``notices.reach``."""
    return _client_of(person).born_on == day


def own_words(person: Person) -> list[str]:
    """Return what is known of a client, so that no password is made of it. Open it by ``notices.reach``."""
    held = _client_of(person)
    return [*_words(held), *held.emails]


def called(person: Person) -> tuple[str, str]:
    """Return address and name under which a patient's own authenticator lists a passkey. Open the client first."""
    account = PatientAccount.objects.get(person=person)
    return account.email, Client.objects.get(pk=account.client_id).name


def _words(client: Client) -> list[str]:
    return [word for word in (client.given, client.family, client.preferred) if word]


def missing(client: Client) -> list[str]:
    """Return what a card or this installation lacks for an invitation."""
    found = []
    if not client.emails:
        found.append("The card has no e-mail address: the link goes there.")
    if not client.phones:
        found.append("The card has no phone number: the code goes there.")
    if client.born_on is None:
        found.append("The card has no birth date: the client is asked for it.")
    if not is_sent("email"):
        found.append("This installation sends no e-mail.")
    if not is_sent("sms"):
        found.append("This installation sends no SMS.")
    return found


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """A patient's own account as their page shows it."""

    name: str
    email: str
    phone: str
    has_sms: bool
    authenticators: list[Factor]
    passkeys: int
    codes_left: int
    sessions: list[tuple[Session, str, bool]]


def own_account(actor: Actor) -> OwnAccount:
    """Return the actor's own account; the guard has opened the client."""
    actor.must(Own.VIEW)
    account = patients.account_of(actor.client_id) if actor.client_id else None
    if account is None or account.person_id != actor.id:
        raise NotFound("there is no such account")
    client = Client.objects.get(pk=account.client_id)
    person = account.person
    living = list(Session.objects.filter(person=person, ended_at__isnull=True).order_by("-seen_at")[:20])
    origins = Origin.objects.in_bulk([one.origin_id for one in living if one.origin_id])
    return OwnAccount(
        name=client.name,
        email=account.email,
        phone=account.phone,
        has_sms=is_offered(person),
        authenticators=list(Factor.objects.filter(person=person, confirmed_at__isnull=False)),
        passkeys=Passkey.objects.filter(person=person).count(),
        codes_left=RecoveryCode.objects.filter(person=person, used_at__isnull=True).count(),
        sessions=[(one, _address(origins, one), one.id == actor.session_id) for one in living],
    )


def _address(origins: dict[UUID, Origin], session: Session) -> str:
    found = origins.get(session.origin_id) if session.origin_id else None
    return found.address if found else ""


def words_of_own(actor: Actor) -> list[str]:
    """Return what is known of the actor themselves, so that no password is made of it."""
    actor.must(Own.VIEW)
    client = Client.objects.get(pk=actor.client_id or NOBODY)
    return [*_words(client), *client.emails]


def own_session(actor: Actor, session_id: UUID) -> Session:
    """Return one of the actor's own sessions; raise ``NotFound``."""
    found = Session.objects.filter(pk=session_id, person_id=actor.id or NOBODY, ended_at__isnull=True).first()
    if found is None:
        raise NotFound("there is no such session")
    return found
