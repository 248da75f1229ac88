"""The whole record as one document, for the print page and the PDF: plain texts in an order a reader expects."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.clients.models import Alert, Client
from alcove.clinic.clients.queries import identifiers
from alcove.clinic.records.models import Note, Visit
from alcove.clinic.records.queries import chart as chart_queries
from alcove.clinic.records.queries import notes as note_queries
from alcove.clinic.records.queries import visits as visit_queries
from alcove.clinic.records.queries.documents import documents
from alcove.clinic.records.queries.observations import observations
from alcove.clinic.records.queries.words import legible
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open
from alcove.security.vault.keyring import entries_shut


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what, the words beside it, when, and its state."""

    what: str
    words: str = ""
    when: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class List:
    """One list of the record."""

    title: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class PrintedNote:
    """One signed note, whole."""

    title: str
    by: str
    texts: list[tuple[str, str]]
    amendments: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Printout:
    """Everything that is printed. ``facts`` are (label, value) of the person; ``left_out`` says what is not here."""

    name: str
    facts: list[tuple[str, str]]
    alerts: list[str]
    lists: list[List]
    notes: list[PrintedNote]
    left_out: str

    def as_data(self) -> dict[str, Any]:
        """Return it as what JSON can say."""
        return asdict(self)


def printout(actor: Actor, client: Client) -> Printout:
    """Return the record as one document. Drafts are not part of it: nobody has put a name to them.

    Nor is any sensitive entry, whoever prints: paper goes where its readers do not.
    """
    actor.must(Open.RECORD)
    with entries_shut():
        return _printout(actor, client)


def _printout(actor: Actor, client: Client) -> Printout:
    found = chart_queries.chart(actor, client)
    lists = [List(part.title, [_row(one) for one in (*part.current, *part.past)]) for part in found.parts]
    lists += [List(f"Values: {group.title.lower()}", rows) for group, rows in _values(actor, client)]
    lists += [List("Visits", _visits(actor, client)), List("Documents", _documents(actor, client))]
    if found.kept:
        lists.append(List("Kept from imports", [Row(kind, f"{count}") for kind, count in found.kept]))
    signed = Note.objects.filter(client=client, state=Note.State.SIGNED).order_by("-written_at", "-id")
    drafts = Note.objects.filter(client=client, state=Note.State.DRAFT).count()
    return Printout(
        name=legible(client.name),
        facts=_facts(client),
        alerts=[
            text
            for alert in Alert.objects.filter(client=client).order_by("created_at")
            if (text := _alert(alert))
        ],
        lists=[one for one in lists if one.rows],
        notes=[_note(note_queries.text(note)) for note in signed],
        left_out=f"{drafts} unsigned note{'' if drafts == 1 else 's'} left out." if drafts else "",
    )


def _facts(client: Client) -> list[tuple[str, str]]:
    born, address = client.born_on, client.details.get("address") or {}
    facts = [
        ("Born", date_format(born, "j M Y") if born else ""),
        ("Sex", str(client.detail("sex"))),
        ("Phone", ", ".join(client.phones)),
        ("E-mail", ", ".join(client.emails)),
        ("Address", ", ".join(str(value) for value in address.values() if value)),
        *((str(number.get("kind", "Number")), identifiers.shown(number)) for number in client.numbers),
    ]
    return [(legible(label), legible(value)) for label, value in facts if value]


def _alert(alert: Alert) -> str:
    if not alert.is_current or not alert.content:
        return ""
    return (
        f"{Alert.KINDS.get(alert.content.get('kind', ''), 'Alert')}: {legible(alert.content.get('text', ''))}"
    )


def _row(one: chart_queries.Line) -> Row:
    states = [
        "high risk" if one.is_severe else "",
        one.status,
        "" if one.is_verified else "unverified",
        one.source,
    ]
    words = [one.detail, one.code, one.note]
    return Row(one.name, " · ".join(filter(None, words)), one.when, ", ".join(filter(None, states)))


def _values(actor: Actor, client: Client) -> list[tuple[Any, list[Row]]]:
    return [
        (group, [
            Row(f"{panel.name}{f': {series.name}' if series.name else ''}", f"{value.shown}{f' ({value.range})' if value.range else ''}", value.when, value.flag)  # noqa: E501
            for panel in (*group.drawn, *group.single) for series in panel.series for value in reversed(series.values)
        ])
        for group in observations(actor, client)
    ]  # fmt: skip


def _visits(actor: Actor, client: Client) -> list[Row]:
    every = list(Visit.objects.filter(client=client).order_by("-starts_at", "-id"))
    found = visit_queries.lines(actor, client.id, every)
    return [
        Row(
            visit.title,
            " · ".join(filter(None, [visit.words, ", ".join(name for _, name, _ in visit.done)])),
            date_format(timezone.localtime(visit.starts_at), "j M Y, H:i"),
            visit.status,
        )
        for visit in found
    ]


def _documents(actor: Actor, client: Client) -> list[Row]:
    return [
        Row(
            one.title,
            one.kind,
            date_format(one.dated or timezone.localtime(one.created_at), "j M Y"),
            one.source,
        )
        for one in documents(actor, client)
        if not one.is_struck
    ]


def _late(note: Note) -> str:
    if note.happened_at is None:
        return ""
    return f"Late entry: happened {date_format(timezone.localtime(note.happened_at), 'j M Y, H:i')}. "


def _note(held: note_queries.NoteText) -> PrintedNote:
    signed = held.note.signed_at or held.note.written_at
    sound = "" if held.is_sound or held.is_imported else " (the signature does not hold)"
    return PrintedNote(
        title=held.heading,
        by=f"{_late(held.note)}Signed by {held.author}, {date_format(timezone.localtime(signed), 'j M Y, H:i')}{sound}",
        texts=held.texts,
        amendments=[
            (
                f"Amended by {one.author}, {date_format(timezone.localtime(one.at), 'j M Y, H:i')}",
                one.reason,
                one.text,
            )
            for one in held.amendments
        ],
    )
