"""What clients said on a tablet: what waits for staff, in words, and what their own pages begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import contacts
from alcove.clinic.clients.queries.about import ADDRESS, LABELS
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.card import CRITICAL, WARNING, BandLine, Button, CardPart, Tab
from alcove.clinic.records.models import Item, PatientDraft, PatientEntry
from alcove.clinic.records.models.told import CONTACT
from alcove.clinic.records.queries import entries
from alcove.clinic.records.queries.chart import Line, lines
from alcove.clinic.records.queries.words import legible
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.vault import rows
from alcove.security.vault.entries import sight

DRAFT_LIFE: Final = timedelta(hours=12)
"""A draft left longer is not offered again: what is on file may have been corrected since."""
WAITING: Final = PatientEntry.State.WAITING
_TITLES: Final = {
    ("allergy", "new"): "New allergy", ("medication", "new"): "New medication",
    ("condition", "new"): "New condition", ("allergy", "gone"): "Allergy is over",
    ("medication", "gone"): "Medication no longer taken", ("condition", "gone"): "Condition is over",
    ("allergy", "other"): "Allergy is different", ("medication", "other"): "Medication is different",
    ("condition", "other"): "Condition is different", ("pregnancy", "said"): "Pregnancy",
    ("words", "said"): "Anything else",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One correction as staff read it, in words; ``is_outdated``: the card was changed since it was sent."""

    row: PatientEntry
    title: str
    before: str
    said: str
    is_contact: bool
    is_outdated: bool

    @property
    def url(self) -> str:
        return page_url("records:told_decide", client_id=self.row.client_id, told_id=self.row.id)


def value_words(what: str, value: Any) -> str:
    """Return a value of the card as people read it, "" for nothing."""
    if what == "phones":
        return ", ".join(contacts.shown(str(one)) for one in value or [])
    if what == "emails":
        return ", ".join(map(str, value or []))
    if what == "address":
        return ", ".join(str(value[part]) for part in ADDRESS if (value or {}).get(part))
    return legible(value)


def card_value(client: Client, what: str) -> Any:
    """Return what the card says of a part of the contact details."""
    held = client.directory if what in {"phones", "emails", "preferred"} else client.details
    return held.get(what)


def waiting(actor: Actor, client: Client) -> list[ToldLine]:
    """Return what waits for a decision of whoever may see it: the chart's part only with the right to read it."""
    found = PatientEntry.objects.filter(client=client, state=WAITING).order_by("said_at", "id")
    if not actor.holds(Open.RECORD):
        found = found.filter(kind=CONTACT)
    return [_line(client, one) for one in found]


def _line(client: Client, one: PatientEntry) -> ToldLine:
    if one.kind == CONTACT:
        what, before, said = one.contact["what"], one.contact["before"], one.contact["said"]
        now = card_value(client, what) or None
        return ToldLine(
            one, LABELS[what], value_words(what, before), value_words(what, said), is_contact=True,
            is_outdated=now not in ((before or None), (said or None)),
        )  # fmt: skip
    title, words = own_words(one.kind, one.content)
    before = legible(one.content["before"])
    return ToldLine(one, title, before, words, is_contact=False, is_outdated=False)


def own_words(kind: str, content: Mapping[str, Any]) -> tuple[str, str]:
    """Return (what, words) of a correction as it is read back to the client, or to staff."""
    if kind == CONTACT:
        what = content["what"]
        return LABELS[what], value_words(what, content["said"]) or "Take it off"
    return _TITLES.get((kind, content["what"]), "From the client"), _history_words(content)


def _history_words(content: Mapping[str, Any]) -> str:
    first = content["name"] if content["what"] != "said" else ""
    return legible(", ".join(filter(None, (first, content["said"]))))


def told(actor: Actor, client: Client, told_id: UUID) -> PatientEntry:
    """Return one correction of this client that the actor may see; raise ``NotFound``."""
    found = PatientEntry.objects.filter(pk=told_id, client=client).first()
    if found is None or (found.kind != CONTACT and not actor.holds(Open.RECORD)):
        raise NotFound("there is no such correction")
    return found


def card_part(actor: Actor, client: Client) -> CardPart:
    """Return the band, the tab and the button while something waits that this actor may see; else nothing."""
    may_read = actor.holds(Open.RECORD)
    found = rows.read(
        f"SELECT kind, COUNT(*) FROM records_patiententry WHERE client_id = %s AND state = 'waiting'{sight()}"  # noqa: S608 - ids of ours
        " GROUP BY kind",
        client.id,
    )
    counts = {kind: count for kind, count in found if may_read or kind == CONTACT}
    total = sum(counts.values())
    if not total:
        return CardPart()
    url = page_url("records:told", client_id=client.id)
    words = f"{total} change{'s' if total != 1 else ''}"
    band = [BandLine(WARNING, "From the client", f"{words} on the tablet, waiting to be checked.")]
    if counts.get("allergy"):
        band.insert(0, BandLine(CRITICAL, "The client speaks of an allergy", _allergies(client)))
    return CardPart(
        tabs=[Tab("told", f"From the client ({total})", url, 15)],
        band=band,
        buttons=[Button(f"Check {words}", url, "clipboard-check", 5)],
    )


def _allergies(client: Client) -> str:
    found = PatientEntry.objects.filter(client=client, state=WAITING, kind="allergy").order_by("said_at")
    return "; ".join(f"{legible(one.content['name'])} (waiting for a clinician)" for one in found)


# The client's own pages ----------------------------------------------------------------------------------------------


def own_card(actor: Actor, client_id: UUID) -> Client:
    """Return the card of the one client this tablet is bound to, whose keys the guard opened."""
    actor.must(Open.OWN)
    found = Client.objects.filter(pk=client_id).first()
    if found is None or actor.client_id != client_id:
        raise NotFound("there is no such client")
    return found


def own_draft(actor: Actor, client: Client) -> Mapping[str, Mapping[str, str]]:
    """Return what this client typed and did not send yet, by step."""
    actor.must(Open.OWN)
    row = PatientDraft.objects.filter(client=client, saved_at__gt=clock.now() - DRAFT_LIFE).first()
    return row.content if row is not None else {}


def own_lines(actor: Actor, client: Client, kind: str) -> list[Line]:
    """Return what the chart says today in one of its lists, as it is shown to the client."""
    actor.must(Open.OWN)
    return [one for one in lines(entries.of_kinds(client.id, [Item.Kind(kind)])) if not one.is_past]
