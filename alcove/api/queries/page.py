"""Everything held on one client in the order a reader expects, as plain texts for the readable page of an export."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from alcove.api.queries.held import Held, access_log, file_name
from alcove.clinic.clients.queries import contacts
from alcove.clinic.clients.queries.about import LABELS
from alcove.clinic.records.models import Item


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, its columns, its rows of texts; ``links``: whether the last column is a file of the folder."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    links: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """The client's name, the facts of the card, notes as (heading line, sections), and tables."""

    name: str
    facts: list[tuple[str, str]]
    notes: list[tuple[str, list[tuple[str, str]]]]
    tables: list[Table]


def page(found: Held) -> Page:
    """Return the readable form of a record."""
    return Page(found.client.name, _facts(found), _notes(found), [one for one in _tables(found) if one.rows])


def _facts(found: Held) -> list[tuple[str, str]]:
    client = found.client
    address = client.details.get("address") or {}
    facts = [
        ("Given name", client.given),
        ("Family name", client.family),
        ("Preferred name", client.preferred),
    ]
    facts += [("Birth date", client.directory.get("born", ""))]
    facts += [("Phone", contacts.shown(one)) for one in client.phones]
    facts += [("E-mail", one) for one in client.emails]
    facts += [(one.get("kind") or "Number", one.get("value", "")) for one in client.numbers]
    facts += [("Address", "\n".join(str(one) for one in address.values()))]
    facts += [
        (LABELS.get(name, name), str(value)) for name, value in client.details.items() if name != "address"
    ]
    return [(label, value) for label, value in facts if value]


def _notes(found: Held) -> list[tuple[str, list[tuple[str, str]]]]:
    made = []
    for note in found.notes:
        state = f"signed {note.signed_at:%Y-%m-%d %H:%M}" if note.signed_at else "not signed"
        sections = [(heading, str(text)) for heading, text in note.texts if str(text).strip()]
        sections += [
            (f"Amended {one.at:%Y-%m-%d %H:%M} by {one.author_name}: {one.reason}", one.text)
            for one in found.amendments
            if one.note_id == note.id
        ]
        late = f"late entry of {note.happened_at:%Y-%m-%d %H:%M}, " if note.happened_at else ""
        made.append(
            (f"{note.heading}, {late}{note.written_at:%Y-%m-%d %H:%M}, {note.author_name}, {state}", sections)
        )
    return made


def _tables(found: Held) -> list[Table]:
    return [
        _alerts(found),
        _people(found),
        _visits(found),
        *_chart(found),
        _documents(found),
        _kept(found),
        _imported(found),
        _versions(found),
        _looks(found),
    ]


def _alerts(found: Held) -> Table:
    rows = [
        [
            (one.content or {}).get("kind", "front desk"),
            (one.content or {}).get("text", ""),
            one.desk_text or "",
            str(one.ends_on or ""),
        ]
        for one in found.alerts
    ]
    return Table("Alerts", ["Kind", "Text", "For the front desk", "Until"], rows)


def _people(found: Held) -> Table:
    names = ("role", "name", "phone", "email", "note")
    rows = [[one.details.get(name, "") for name in names] for one in found.people]
    return Table("People", ["Role", "Name", "Phone", "E-mail", "Note"], rows)


def _visits(found: Held) -> Table:
    names = ("type", "reason", "practitioner", "place", "status")
    rows = [
        [f"{one.starts_at:%Y-%m-%d %H:%M}", *(one.content.get(name, "") for name in names)]
        for one in sorted(found.visits, key=lambda row: row.starts_at)
    ]
    return Table("Visits", ["When", "What", "Why", "Who", "Where", "Status"], rows)


def _chart(found: Held) -> list[Table]:
    """Return a table for each kind of entry, in the chart's own order."""
    columns = ["From", "Until", "What", "Value", "Range", "Status", "Details", "Code"]
    return [
        Table(
            str(title),
            columns,
            sorted((_row(one) for one in found.items if one.kind == kind), key=lambda row: row[0]),
        )
        for kind, title in Item.Kind.choices
    ]


def _documents(found: Held) -> Table:
    rows = [
        [
            one.content.get("title") or "Document",
            one.content.get("dated", ""),
            one.content.get("media_type", ""),
            file_name(one),
        ]
        for one in found.documents
    ]
    return Table("Documents", ["Title", "Dated", "Kind", "File"], rows, links=True)


def _kept(found: Held) -> Table:
    counted = sorted(Counter(one.resource_type for one in found.kept).items())
    rows = [[kind, str(number)] for kind, number in counted]
    return Table("Kept as it came (in fhir-bundle.json)", ["Kind", "How many"], rows)


def _imported(found: Held) -> Table:
    """Return the columns of another program's table that have no place on the card."""
    rows = [
        [f"{one.created_at:%Y-%m-%d}", heading, text]
        for one in found.imported_rows
        for heading, text in (one.aside or {}).items()
    ]
    return Table("Kept from an imported table", ["Imported", "Column", "Text"], rows)


def _versions(found: Held) -> Table:
    rows = [
        [
            f"{one.at:%Y-%m-%d %H:%M}",
            one.model,
            ", ".join({**(one.directory_before or {}), **(one.before or {})}),
        ]
        for one in found.versions
    ]
    return Table("Earlier versions (in record.json)", ["Until", "Of", "What"], rows)


def _looks(found: Held) -> Table:
    entries = access_log(found)["entries"]
    rows = [[one["at"][:16].replace("T", " "), one["who"], one["did"]] for one in entries]
    return Table("Who looked at or changed this record", ["When", "Who", "What"], rows)


def _row(item: Any) -> list[str]:
    held = item.content
    value = f"{held.get('value', '')} {held.get('unit', '')}".strip()
    parts = [
        f"{one.get('name', '')}: {one.get('value', '')} {one.get('unit', '')}".strip()
        for one in held.get("parts", [])
    ]
    limits = " – ".join(held[end] for end in ("low", "high") if held.get(end))
    more = [
        *(
            held.get(name, "")
            for name in (
                "reaction",
                "criticality",
                "dose",
                "reason",
                "prescriber",
                "performer",
                "lot",
                "site",
                "flag",
                "text",
            )
        ),
        *held.get("activities", []),
        *held.get("addresses", []),
        held.get("note", ""),
    ]
    status = "struck" if item.struck_at else held.get("status", "")
    return [
        held.get("start", "")[:16].replace("T", " "), held.get("end", "")[:16].replace("T", " "), held.get("name", ""),
        "\n".join(filter(None, [value, *parts])), limits, status, "\n".join(str(one) for one in more if one),
        " ".join(filter(None, [held.get("code", ""), held.get("system", "")])),
    ]  # fmt: skip
