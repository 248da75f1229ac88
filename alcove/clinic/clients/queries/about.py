"""What the card says of a client: details in words, masked contacts, linked people, alerts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from alcove.clinic.clients.models import Alert, Client, ImportedRow, LinkedPerson
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import contacts, identifiers
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.history import label_of, readable
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.opening import record_refusal
from alcove.security.access.policy import Open
from alcove.security.vault import rows
from alcove.ui.moments import plain_day

LABELS: Final = {
    "given": "Given name",
    "family": "Family name",
    "preferred": "Preferred name",
    "reading": "How the name is read",
    "born": "Birth date",
    "phones": "Phone",
    "emails": "E-mail",
    "numbers": "Number",
    "sex": "Sex",
    "gender": "Gender",
    "pronouns": "Pronouns",
    "title": "Title",
    "address": "Address",
    "line": "Street and number",
    "city": "Town or city",
    "state": "State or county",
    "postal": "Postal code",
    "country": "Country",
    "language": "Language",
    "occupation": "Occupation",
    "marital": "Marital status",
    "contact_by": "Contact by",
    "deceased_on": "Died on",
    "note": "Note for everyone who sees the card",
    "desk_text": "For the front desk",
    "ends_on": "Stop showing it on",
    "is_hidden": "Hidden from lists",
    "person_phone": "A linked person's phone",
    "person_email": "A linked person's e-mail",
}
"""Words for the fields of a card; history and the page of a conflict use them too."""

GUARDIAN = "guardian"
ADDRESS = ("line", "city", "state", "postal", "country")
TEXTS = (
    "title",
    "pronouns",
    "sex",
    "gender",
    "language",
    "occupation",
    "marital",
    "contact_by",
    "deceased_on",
)


@dataclass(frozen=True, slots=True)
class Masked:
    """A value that is shown covered; ``url`` uncovers it by a recorded POST.

    ``asks``: ``url`` is a page that wants a reason first.
    """

    label: str
    value: str
    url: str
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A fact in words."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Details:
    """Everything the card says, in the order it is shown."""

    names: list[Said]
    contacts: list[Masked]
    numbers: list[Masked]
    facts: list[Said]
    note: str


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """A linked person as the page shows them."""

    id: UUID
    role: str
    name: str
    note: str
    contacts: list[Masked]


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert, as far as this actor may read it."""

    alert: Alert
    kind: str
    severity: str
    text: str
    desk_text: str
    may_end: bool

    @property
    def tone(self) -> str:
        return {"critical": "bad", "warning": "warn"}.get(self.severity, "quiet")


def _reveal(client: Client, what: str) -> str:
    return page_url("clients:reveal", client_id=client.id, what=what)


def phones(client: Client) -> list[Masked]:
    """Return the client's phone numbers, masked."""
    return [
        Masked("Phone", contacts.masked(one), _reveal(client, f"phone-{at}"))
        for at, one in enumerate(client.phones)
    ]


def emails(client: Client) -> list[Masked]:
    """Return the client's e-mail addresses, masked."""
    return [
        Masked("E-mail", contacts.masked_email(one), _reveal(client, f"email-{at}"))
        for at, one in enumerate(client.emails)
    ]


def address(client: Client) -> list[Masked]:
    """Return the client's home address with only the town shown; an empty list if there is none."""
    held = client.detail("address") or {}
    if not any(held.values()):
        return []
    town = str(held.get("city") or held.get("state") or "")
    return [Masked("Address", f"••• {town}".strip(), _reveal(client, "address-0"))]


def details(client: Client) -> Details:
    """Return everything the card says."""
    held = client.directory
    names = [Said(LABELS[key], str(held[key])) for key in ("preferred", "reading") if held.get(key)]
    numbers = [_number(client, at, one) for at, one in enumerate(client.numbers)]
    facts = [Said(LABELS[key], readable(client.detail(key))) for key in TEXTS if client.detail(key)]
    facts.append(Said("Client since", plain_day(timezone.localdate(client.created_at))))
    return Details(
        names, [*phones(client), *emails(client), *address(client)], numbers, facts, client.detail("note")
    )


def _number(client: Client, at: int, one: dict[str, str]) -> Masked:
    kind, what = one.get("kind", ""), f"number-{at}"
    if not identifiers.is_identity(kind):
        return Masked(kind, contacts.masked_number(one.get("value", "")), _reveal(client, what))
    url = page_url("clients:identity", client_id=client.id, number=what)
    return Masked(kind or "Number", identifiers.shown(one), url, asks=True)


def identity(client: Client, number: str) -> tuple[str, str, str]:
    """Return (kind, covered value, value) of an identity number such as ``number-0``; raise ``NotFound``."""
    name, _, at = number.partition("-")
    numbers = client.numbers
    if name != "number" or not at.isascii() or not at.isdigit() or int(at) >= len(numbers):
        raise NotFound("there is no such value")
    one = numbers[int(at)]
    if not identifiers.is_identity(one.get("kind", "")):
        raise NotFound("there is no such value")
    return one.get("kind") or "Number", identifiers.shown(one), str(one.get("value", ""))


def kept_columns(actor: Actor, client: Client) -> list[Said]:
    """Return what an imported table said in columns that have no place on the card; nothing without the record."""
    if not actor.holds(Open.RECORD):
        return []
    rows = ImportedRow.objects.filter(client=client, aside__isnull=False).order_by("created_at")
    return [Said(heading, str(text)) for one in rows for heading, text in one.aside.items()]


def uncovered(client: Client, what: str) -> tuple[str, str]:
    """Return (field name for the log, value) of a masked value such as ``phone-0``; raise ``NotFound``.

    Identity numbers are not among them: ``identity`` gives those, for a page that asked for a reason.
    """
    kind, _, at = what.partition("-")
    values: dict[str, tuple[str, list[str]]] = {
        "phone": ("phones", [contacts.shown(one) for one in client.phones]),
        "email": ("emails", client.emails),
        "number": ("numbers", [str(one.get("value", "")) for one in client.numbers]),
        "address": ("address", [_address_line(client)]),
    }
    field, found = values.get(kind, ("", []))
    if not at.isascii() or not at.isdigit() or int(at) >= len(found):
        raise NotFound("there is no such value")
    if kind == "number" and identifiers.is_identity(client.numbers[int(at)].get("kind", "")):
        raise NotFound("there is no such value")
    return field, found[int(at)]


def _address_line(client: Client) -> str:
    held = client.detail("address") or {}
    return ", ".join(str(held[key]) for key in ADDRESS if held.get(key))


def uncovered_of(person: LinkedPerson, contact: str) -> tuple[str, str]:
    """Return (field name for the log, value) of a linked person's phone or e-mail; raise ``NotFound``."""
    value = str(person.details.get(contact, "")) if contact in {"phone", "email"} else ""
    if not value:
        raise NotFound("there is no such value")
    return f"person_{contact}", contacts.shown(value) if contact == "phone" else value


# People ---------------------------------------------------------------------------------------------------------


def person(client: Client, person_id: UUID) -> LinkedPerson:
    """Return a person linked to this client; raise ``NotFound``."""
    found = LinkedPerson.objects.filter(pk=person_id, client=client).first()
    if found is None:
        raise NotFound("there is no such person")
    return found


def people(client: Client) -> list[ShownPerson]:
    """Return the people linked to this client, in the order they were noted."""
    return [
        _shown_person(client, one)
        for one in rows.instances(LinkedPerson, "WHERE client_id = %s ORDER BY created_at", client.id)
    ]


def _shown_person(client: Client, one: LinkedPerson) -> ShownPerson:
    held = one.details

    def masked(contact: str, label: str, value: str) -> list[Masked]:
        if not held.get(contact):
            return []
        url = page_url("clients:reveal_person", client_id=client.id, person_id=one.id, contact=contact)
        return [Masked(label, value, url)]

    return ShownPerson(
        id=one.id,
        role=role_words(held.get("role", "")),
        name=held.get("name", "") or "(no name)",
        note=held.get("note", ""),
        contacts=[
            *masked("phone", "Phone", contacts.masked(held.get("phone", ""))),
            *masked("email", "E-mail", contacts.masked_email(held.get("email", ""))),
        ],
    )


def role_words(role: str) -> str:
    """Return a linked person's role in words."""
    return {"gp": "GP", "emergency": "Emergency contact"}.get(
        role, label_of(role) if role else "Linked person"
    )


def has_guardian(client: Client) -> bool:
    """Whether a guardian is linked; every linked person is opened for it, so it is asked for minors only."""
    linked: Any = LinkedPerson.objects.filter(client=client)
    return any(one.details.get("role") == GUARDIAN for one in linked)


# Alerts ---------------------------------------------------------------------------------------------------------


def alert(actor: Actor, client: Client, alert_id: UUID) -> Alert:
    """Return an alert of this client that this actor may change; raise ``NotFound`` or ``Refused``, on the log."""
    found = Alert.objects.filter(pk=alert_id, client=client).first()
    if found is None:
        raise NotFound("there is no such alert")
    if found.is_clinical and not actor.holds(Open.RECORD):
        record_refusal(actor, Open.RECORD.key, client_id=client.id, where="clients:alert")
        raise Refused(Open.RECORD.key)
    return found


def alerts(actor: Actor, client: Client) -> list[ShownAlert]:
    """Return the alerts this actor may know of: current ones first, the gravest on top, then the ended."""
    return shown(actor, Alert.objects.filter(client=client).order_by("-created_at"))


def shown(actor: Actor, rows: Iterable[Alert]) -> list[ShownAlert]:
    """Return alerts as far as this actor may read them."""
    found = [_shown_alert(actor, one) for one in rows]
    order = {"critical": 0, "warning": 1}
    known = [one for one in found if one is not None]
    return sorted(known, key=lambda one: (not one.alert.is_current, order.get(one.severity, 2)))


def _shown_alert(actor: Actor, one: Alert) -> ShownAlert | None:
    if actor.holds(Open.RECORD) and one.is_clinical:
        held = one.content
        kind = Alert.KINDS.get(held.get("kind", ""), "Alert")
        may_end = actor.holds(Clients.EDIT)
        return ShownAlert(
            one, kind, held.get("severity", "note"), held.get("text", ""), one.desk_text or "", may_end
        )
    if not one.desk_text:
        return None
    may_end = actor.holds(Clients.EDIT) and not one.is_clinical
    severity = "critical" if one.desk_text == Alert.DESK_FLAG else "warning"
    return ShownAlert(
        one, "Alert" if one.is_clinical else "For everyone", severity, one.desk_text, "", may_end
    )
