"""``alcove search TEXT``: finds clients as the search box does, on the log as the operator."""

from __future__ import annotations

import argparse

from alcove.clinic.clients.queries import directory, finding
from alcove.console import Command, Console
from alcove.project import wiring
from alcove.security.access.actors import Actor
from alcove.security.vault.keyring import keyring


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", metavar="TEXT", help="a name, birth date, phone, e-mail address or number")


def search(given: argparse.Namespace, console: Console) -> int:
    """Print the clients found; exit 1 if there are none."""
    actor = Actor.operator(console.operator)
    directory.load_now()
    with keyring():
        found = finding.search(actor, given.text)
        rows = [
            {"id": str(one.id), "name": one.name, "born": one.directory.get("born", ""), "phones": one.phones}
            for one in found.clients
        ]
    wiring.link()
    for row in rows:
        console.say(f"{row['id']}  {row['name']}  {row['born']}  {' '.join(row['phones'])}")
    total = "more than 500" if found.more else str(found.total)
    console.say(f"{total} found." if rows else "Nobody found.")
    console.result({"total": found.total, "more": found.more, "clients": rows})
    return 0 if rows else 1


COMMANDS = [Command(("search",), "find clients as the search box does", search, _arguments)]
