"""What an export of many clients says, who may see which export, and the bytes of its file.

The directory half of cards and nothing else: no record, no alerts, no linked people. Identity numbers stay covered.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from alcove.clinic.clients.models import Client, Export
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import contacts, finding, identifiers
from alcove.clinic.clients.queries.cells import harmless
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.models import Approval
from alcove.security.audit import clock
from alcove.security.identity.models import Person
from alcove.security.identity.queries import explain
from alcove.security.identity.sessions import acting

LABEL: Final = "clients.export.file"
"""What the sealed file of an export is bound to, with the export's id."""
FETCHING: Final = timedelta(minutes=10)
"""How long a download may take before its file goes."""
_NAMES: Final = ("given", "family", "preferred", "reading", "born")
_ADDRESS: Final = ("line", "city", "state", "postal", "country")
_DETAILS: Final = (
    "title", "sex", "gender", "pronouns", "language", "occupation", "marital", "contact_by", "deceased_on", "note",
)  # fmt: skip
COLUMNS: Final = ("id", *_NAMES, "phones", "emails", "numbers", *_ADDRESS, *_DETAILS, "since", "exported")
"""Columns of the table; ``exported`` is the exporter's mark on every line."""


# Which exports --------------------------------------------------------------------------------------------------


def own(actor: Actor) -> QuerySet[Export]:
    """Return the exports this person asked for, newest first."""
    actor.must(Clients.EXPORT)
    return Export.objects.filter(by_id=actor.id or need.NOBODY).order_by("-asked_at")


def one(actor: Actor, export_id: UUID) -> Export:
    """Return an export of this person's own; raise ``NotFound`` alike for others' and for none."""
    found = own(actor).filter(pk=export_id).first()
    if found is None:
        raise NotFound("there is no such export")
    return found


def state(export: Export) -> str:
    """Return where an export stands: waiting, refused, approved, making, ready, fetched or ended."""
    if export.ended_at is not None or (export.ends_at is not None and export.ends_at <= clock.now()):
        return "ended"
    if export.made_at is not None:
        return "fetched" if export.fetched_at is not None else "ready"
    if export.begun_at is not None:
        return "making"
    asked = Approval.objects.filter(kind="export", subject_id=export.id).order_by("-asked_at").first()
    if asked is None or asked.decided_at is None:
        return "waiting"
    return "approved" if asked.is_granted else "refused"


def over(now: datetime) -> Q:
    """Return which exports are to be destroyed at this moment: fetched, too old, or begun by nobody in time."""
    return Q(ended_at__isnull=True) & (
        Q(fetched_at__lte=now - FETCHING)
        | Q(made_at__lte=now - policy.EXPORT_LINK_LIFE)
        | Q(made_at__isnull=True, asked_at__lte=now - policy.APPROVAL_LIFE - policy.EXPORT_LINK_LIFE)
    )


def any_to_end() -> bool:
    """Whether some export is over."""
    return Export.objects.filter(over(clock.now())).exists()


def everyone(actor: Actor) -> list[UUID]:
    """Return the ids of all clients in lists who exist for this actor."""
    rows = Client.objects.filter(is_hidden=False).order_by("id").values_list("id", flat=True)
    away = need.hidden_from(actor)
    return [client_id for client_id in rows if client_id not in away]


def named(actor: Actor, texts: Sequence[str]) -> tuple[list[UUID], list[int]]:
    """Return whom these phones, e-mail addresses and numbers belong to, and the lines (from 1) that name nobody."""
    away = need.hidden_from(actor)
    found: list[UUID] = []
    nobody = []
    for at, text in enumerate(texts, 1):
        ids = finding.by_contact(text, away) if text else []
        found += ids
        if text and not ids:
            nobody.append(at)
    return list(dict.fromkeys(found)), nobody


def exporter(export: Export) -> Actor | None:
    """Return the exporter with the rights held now, for the worker; None if they may not export any more."""
    person = Person.objects.filter(pk=export.by_id).first()
    if person is None or not explain.why(person, Clients.EXPORT).held:
        return None
    return acting(person, reason=export.purpose)


# What the file says ---------------------------------------------------------------------------------------------


def card(client: Client) -> dict[str, Any]:
    """Return what an export says of one opened client."""
    held, details = client.directory, client.details
    said: dict[str, Any] = {"id": str(client.id)}
    said |= {key: str(held.get(key) or "") for key in _NAMES}
    said["phones"] = [contacts.shown(phone) for phone in client.phones]
    said["emails"] = client.emails
    said["numbers"] = [
        f"{number.get('kind') or 'Number'}: {identifiers.shown(number)}" for number in client.numbers
    ]
    address = details.get("address") or {}
    said |= {key: str(address.get(key) or "") for key in _ADDRESS}
    said |= {key: str(details.get(key) or "") for key in _DETAILS}
    return said | {"since": client.created_at.date().isoformat()}


def mark(export: Export) -> str:
    """Return the exporter's mark: who, when, which export, why."""
    when = f"{export.begun_at or export.asked_at:%Y-%m-%d %H:%M} UTC"
    return f"{export.by_name}, {when}, export {export.id}: {export.purpose}"


def files(export: Export, cards: Sequence[dict[str, Any]]) -> dict[str, bytes]:
    """Return the files of the archive by name: the manifest, and the clients in the format asked for."""
    manifest = {
        "export": str(export.id),
        "exported_by": export.by_name,
        "begun_at": f"{export.begun_at:%Y-%m-%dT%H:%M:%SZ}",
        "purpose": export.purpose,
        "approved_by_a_second_person": export.needs_second,
        "clients": len(cards),
        "left_out": "Clinical records, alerts, linked people. Identity numbers show their last four signs.",
    }
    if export.format == "json":
        body = json.dumps({"exported": mark(export), "clients": cards}, ensure_ascii=False, indent=1)
        return {"manifest.json": _text(json.dumps(manifest, indent=1)), "clients.json": _text(body)}
    return {"manifest.json": _text(json.dumps(manifest, indent=1)), "clients.csv": _table(export, cards)}


def _table(export: Export, cards: Iterable[dict[str, Any]]) -> bytes:
    out, marked = io.StringIO(newline=""), mark(export)
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for said in cards:
        row = {**said, "exported": marked}
        texts = ["; ".join(row[key]) if isinstance(row[key], list) else row[key] for key in COLUMNS]
        writer.writerow([harmless(text) for text in texts])
    return _text("\ufeff" + out.getvalue())


def _text(text: str) -> bytes:
    # A lone surrogate, which no encoding has, becomes a question mark.
    return text.encode("utf-8", "replace")
