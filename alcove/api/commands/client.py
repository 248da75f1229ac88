"""``alcove export client``: everything held on one client, readable without Alcove."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone

from alcove.api.actions.disclosing import Disclosure, disclose
from alcove.api.commands.folder import Folder, FolderTaken
from alcove.api.queries.bundle import bundle
from alcove.api.queries.held import Held, access_log, as_json, file_name, held
from alcove.api.queries.page import page
from alcove.clinic.clients.actions import record_export
from alcove.clinic.clients.policy import Clients
from alcove.clinic.practice.models import Practice
from alcove.clinic.records.queries.documents import opened
from alcove.console import Command, Console
from alcove.security import policy_defaults as policy
from alcove.security.access import audiences, opening
from alcove.security.access.actors import Actor
from alcove.security.access.audiences import Category, RegionRefused
from alcove.security.access.policy import Open
from alcove.security.vault.keyring import entries_shut, keyring

KINDS = ("html", "json", "fhir", "csv", "files")
NOTICE = (
    "This folder holds everything about one client in clear text. Whoever opens it reads it. Encrypt it or hand it "
    "over at once, then delete it: shred or erase the disk if it was not an encrypted one."
)

CHART_COLUMNS = (
    "start", "end", "name", "value", "unit", "low", "high", "status", "code", "system", "note",
)  # fmt: skip
VISIT_COLUMNS = ("type", "reason", "practitioner", "place", "status", "ended_at", "code", "system")
NOTE_COLUMNS = ("written_at", "happened_at", "author", "state", "title", "section", "text")
PERSON_COLUMNS = ("role", "name", "phone", "email", "note")
DOCUMENT_COLUMNS = ("title", "dated", "media_type")
LOOK_COLUMNS = ("at", "who", "did", "result")


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the client's id, as in the card's address")
    parser.add_argument(
        "--to", required=True, type=Path, metavar="DIR", help="a folder that is not there yet or empty"
    )
    parser.add_argument(
        "--sensitive", metavar="KINDS",
        help="give out entries marked sensitive too: all, or some of " + ", ".join(Category),
    )  # fmt: skip
    parser.add_argument("--region", default="", help="where the sensitive entries go, as US-CA")
    parser.add_argument(
        "--reason", default="", help="who asked for the sensitive entries, and why; it is logged"
    )


def run(given: argparse.Namespace, console: Console) -> int:
    """Export; exit 2 for a folder that is taken or an id that is none."""
    try:
        client_id = UUID(given.id)
    except ValueError:
        console.warn("That is not a client's id. It stands in the address of the client's card.")
        return 2
    try:
        wanted = disclosure(given.sensitive, given.region, given.reason)
        manifest = export_client(Actor.operator(console.operator), client_id, given.to, wanted)
    except (FolderTaken, RegionRefused, NotADisclosure) as refused:
        console.warn(str(refused))
        return 2
    console.result({"folder": str(given.to), "notice": NOTICE, **manifest})
    console.say(
        f"Written to {given.to}: index.html to read, record.json, fhir-bundle.json, CSV, and the documents."
    )
    console.say(
        f"{sum(manifest['resources'].values())} FHIR resources, {manifest['rows']['documents']} documents."
    )
    console.say(NOTICE)
    return 0


class NotADisclosure(Exception):
    """What was asked about sensitive entries does not make sense; the text says why."""


def disclosure(kinds: str | None, region: str, reason: str) -> Disclosure | None:
    """Return what is wanted of sensitive entries, None if nothing; raise ``NotADisclosure`` or ``RegionRefused``."""
    if kinds is None:
        if region or reason:
            raise NotADisclosure(
                "--region and --reason belong to --sensitive. Without it no sensitive entry is exported."
            )
        return None
    named = list(Category) if kinds == "all" else [one.strip() for one in kinds.split(",")]
    if strange := [one for one in named if one not in list(Category)]:
        raise NotADisclosure(
            f"There is no kind called {strange[0][:30]}. There are: all, {', '.join(Category)}."
        )
    if len(reason.strip()) < policy.REASON_MIN_LENGTH:
        raise NotADisclosure(
            f"Say who asked for the sensitive entries and why, in at least {policy.REASON_MIN_LENGTH} letters."
        )
    return Disclosure(frozenset(map(str, named)), audiences.region(region), reason.strip())


def export_client(
    actor: Actor, client_id: UUID, place: Path, wanted: Disclosure | None = None
) -> dict[str, Any]:
    """Write everything held on a client into a new folder; return its manifest.

    Entries marked sensitive are not part of it, nor anything that tells of them, unless they are ``wanted``.
    All or nothing: the folder gets its name after every file is on disk and the log has its entry. Raises
    ``FolderTaken``, ``Refused``, ``NotFound``, ``RegionRefused`` or ``OSError``; then nothing is left behind.
    """
    actor.must(Clients.EXPORT)
    actor.must(Open.RECORD)
    folder = Folder(place)
    try:
        with keyring():
            opening.open_client(actor, client_id, record=False)
            if wanted is None:
                with entries_shut():
                    return _fill(actor, client_id, folder)
            given = audiences.open_to_disclose(actor, client_id, wanted.categories, wanted.region)
            return _fill(actor, client_id, folder, partial(disclose, wanted=wanted, given=given))
    except BaseException:
        folder.give_up()
        raise


def _fill(
    actor: Actor, client_id: UUID, folder: Folder, record: Callable[..., None] | None = None
) -> dict[str, Any]:
    """Fill the folder; ``record``: the action that writes on the log that it was done, ``record_export`` if None."""
    recorded = False
    try:
        found = held(actor, client_id)
        resources = bundle(found)
        manifest = {
            "format": "alcove-export-1",
            "client": str(client_id),
            "made_at": timezone.now().isoformat(timespec="seconds"),
            "notice": NOTICE,
            "rows": found.counts(),
            "resources": dict(
                sorted(Counter(one["resource"]["resourceType"] for one in resources["entry"]).items())
            ),
        }
        folder.write_json("record.json", as_json(found))
        folder.write_json("fhir-bundle.json", resources)
        for document in found.documents:
            folder.write(file_name(document), [opened(document)])
        _write_tables(found, folder)
        practice = Practice.objects.first()
        context = {"page": page(found), "practice": practice.name if practice else "", "notice": NOTICE}
        folder.write_text(
            "index.html", render_to_string("api/record.html", context | {"made_at": timezone.now()})
        )

        def note() -> None:
            nonlocal recorded
            (record or record_export)(actor, found.client, files=KINDS)
            recorded = True

        folder.finish(manifest, note)
    except BaseException:
        if not recorded:
            # The record was opened for it, whatever came of the folder.
            opening.record_opening(actor, client_id)
        raise
    return {**manifest, "files": folder.written}


def _write_tables(found: Held, folder: Folder) -> None:
    """Write the CSV files, one for each part of the record."""
    folder.write_csv("card.csv", ("field", "value"), _card_rows(found))
    folder.write_csv(
        "chart.csv",
        ("kind", *CHART_COLUMNS, "struck"),
        (row for item in found.items for row in _chart_rows(item)),
    )
    folder.write_csv(
        "visits.csv",
        ("starts_at", *VISIT_COLUMNS),
        (
            [one.starts_at.isoformat(), *(one.content.get(name, "") for name in VISIT_COLUMNS)]
            for one in found.visits
        ),
    )
    folder.write_csv("notes.csv", NOTE_COLUMNS, _note_rows(found))
    folder.write_csv(
        "people.csv",
        PERSON_COLUMNS,
        ([one.details.get(name, "") for name in PERSON_COLUMNS] for one in found.people),
    )
    folder.write_csv(
        "documents.csv",
        (*DOCUMENT_COLUMNS, "file"),
        (
            [*(one.content.get(name, "") for name in DOCUMENT_COLUMNS), file_name(one)]
            for one in found.documents
        ),
    )
    folder.write_csv(
        "access-log.csv",
        LOOK_COLUMNS,
        ([one[name] for name in LOOK_COLUMNS] for one in access_log(found)["entries"]),
    )


def _card_rows(found: Held) -> list[tuple[object, object]]:
    """Return (field, value) of the card; the columns an import kept aside come last."""
    client = found.client
    address = client.details.get("address") or {}
    return [
        *((name, value) for name, value in client.directory.items() if not isinstance(value, list)),
        *(("phone", one) for one in client.phones),
        *(("email", one) for one in client.emails),
        *((one.get("kind", "number"), one.get("value", "")) for one in client.numbers),
        *((name, value) for name, value in client.details.items() if name != "address"),
        *(address.items()),
        *(cell for one in found.imported_rows for cell in (one.aside or {}).items()),
    ]


def _note_rows(found: Held) -> Iterator[list[object]]:
    """Yield a row for each section of each note."""
    for one in found.notes:
        for section, text in one.texts:
            late = one.happened_at.isoformat() if one.happened_at else ""
            yield [one.written_at.isoformat(), late, one.author_name, one.state, one.heading, section, text]


def _chart_rows(item: Any) -> list[list[object]]:
    """Return a row for an entry and one for each part of a panel."""
    held = item.content
    struck = "struck" if item.struck_at else ""
    rows: list[list[object]] = [[item.kind, *(held.get(name, "") for name in CHART_COLUMNS), struck]]
    for part in held.get("parts", []):
        merged = {"start": held.get("start", ""), **part}
        rows.append([f"{item.kind} part", *(merged.get(name, "") for name in CHART_COLUMNS), struck])
    return rows


COMMANDS = [
    Command(
        ("export", "client"),
        "write everything held on one client into a folder, in clear text",
        run,
        _arguments,
    )
]
