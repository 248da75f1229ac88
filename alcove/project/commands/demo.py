"""``alcove demo load``, ``alcove demo link`` and ``alcove run``: the practice of invented people."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack, suppress

from django.conf import settings
from django.db import connection

from alcove.clinic.clients.models import Client
from alcove.clinic.practice.models import Location, Practice
from alcove.console import Command, Console, OnHost
from alcove.operations.backups import runs
from alcove.operations.backups.faults import BackupFault
from alcove.project import database, founding, start, wiring
from alcove.project.commands import serve
from alcove.project.demo import loading, patients, watching
from alcove.project.demo.stage import Stage
from alcove.security.access.actors import Actor
from alcove.security.access.models import Role
from alcove.security.access.policy import ROLE_TITLES, RoleKey
from alcove.security.audit.models import Entry
from alcove.security.identity.actions import make_link
from alcove.security.identity.models import Membership, Person
from alcove.security.vault import house as vault
from alcove.security.vault.models import House

CLIENTS, SEED, MOST = 400, 7, 20_000


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--clients", type=int, default=CLIENTS, metavar="N", help=f"how many clients ({CLIENTS})"
    )
    parser.add_argument(
        "--seed", type=int, default=SEED, metavar="S", help=f"the same seed, the same people ({SEED})"
    )


def _role_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", required=True, choices=[str(key) for key in RoleKey], help="key of a role")


def _has_practice() -> bool:
    """Whether this home's database holds a practice, demo or real."""
    if not settings.ALCOVE.is_postgresql and not settings.ALCOVE.sqlite_file.exists():
        return False
    # A database that nobody migrated yet lacks the table (and PostgreSQL the application's role): it holds nobody.
    with database.as_owner():
        return House._meta.db_table in connection.introspection.table_names() and House.objects.exists()


def _fill(console: Console, clients: int, seed: int) -> Stage:
    config = settings.ALCOVE
    founding.make_home(config)
    tempfile.tempdir = str(config.temporary)
    database.migrate()
    with ExitStack() as stack:
        found = loading.load(
            config,
            clients=clients,
            seed=seed,
            bar=lambda total: stack.enter_context(console.progress("Living eleven months", total)),
        )
    wiring.link()
    watching.settle()
    # A real backup, so that the page of backups shows one and the worker can rehearse its restore.
    with suppress(BackupFault):
        runs.run(Actor.operator("demo"), lambda _: None)
        wiring.link()
    return found


def load(given: argparse.Namespace, console: Console) -> int:
    """Fill an empty practice with a demo; refuse where there is one already."""
    if not 1 <= given.clients <= MOST:
        console.warn(f"--clients: between 1 and {MOST:,}.")
        return 2
    if _has_practice():
        console.warn("There is a practice here already. Nothing was changed: a demo begins in an empty home.")
        return 1
    found = _fill(console, given.clients, given.seed)
    entries = Entry.objects.count()
    counts = f"{Client.objects.count()} clients, {len(found.people)} people"
    console.say(f"The demo practice is in {settings.ALCOVE.home}: {counts}.")
    console.say(
        f"Its log has {entries:,} entries. 'alcove audit verify' checks them, 'alcove run' starts it."
    )
    console.result({"clients": Client.objects.count(), "people": len(found.people), "entries": entries})
    return 0


def _person_of(role: str) -> Person | None:
    """Return whoever holds this role and as few others as possible."""
    holders = Person.objects.filter(memberships__role__key=role, suspended_at__isnull=True)
    return min(holders, key=lambda one: (one.memberships.count(), one.created_at, one.id), default=None)


def _origin() -> str:
    host, _, port = settings.ALCOVE.bind.rpartition(":")
    return (
        f"https://{'localhost' if host in {'127.0.0.1', '0.0.0.0', '::', '[::]', '[::1]'} else host}:{port}"  # noqa: S104 - looked for, not bound to
    )


def _link_for(person: Person, console: Console) -> str:
    made = make_link(Actor.operator(console.operator), person, kind="demo")
    return f"{_origin()}/demo/{made.token}/"


def link(given: argparse.Namespace, console: Console) -> int:
    """Print a one-time sign-in link; only a demo practice has such a door."""
    if not vault.house().is_demo:
        console.warn("This is a real practice: it has no sign-in links. Nothing was changed.")
        return 1
    person = _person_of(given.role)
    if person is None:
        held = sorted(Role.objects.filter(memberships__isnull=False).values_list("key", flat=True).distinct())
        console.warn(f"Nobody in the demo holds the role {given.role}. Held: {', '.join(held)}.")
        return 1
    address = _link_for(person, console)
    wiring.link()
    console.say(address)
    console.result({"role": given.role, "person": person.name, "link": address})
    return 0


def run(given: argparse.Namespace, console: Console) -> int:  # noqa: ARG001 - every verb takes its arguments
    """Make the demo if there is no practice yet, say how to come in, then serve until told to stop."""
    if _has_practice():
        start.keys()
        vault.unlock()
        if database.pending():
            database.migrate()
    else:
        console.say("Making the demo practice. This takes less than a minute, and only the first time.")
        _fill(console, CLIENTS, SEED)
    if vault.house().is_demo:
        _introduce(console)
    return serve.serve(argparse.Namespace(bind=None, http=False), console)


def _introduce(console: Console) -> None:
    """Say who works in the demo, and give one link for each role that somebody holds."""
    places = ", ".join(Location.objects.values_list("name", flat=True))
    console.say(f"\n{Practice.objects.get().name} (demo): {places}. All people here are invented.\n")
    staff = Person.objects.filter(kind=Person.Kind.STAFF).prefetch_related("memberships__role")
    for person in staff.order_by("created_at", "id"):
        roles = ", ".join(sorted(membership.role.name for membership in person.memberships.all()))
        console.say(f"  {person.name:22} {person.title:32} {roles}")
    console.say(
        "\nSign in with one of these links. Each works once, within an hour; 'alcove demo link' makes more.\n"
    )
    for role in RoleKey:
        holder = _person_of(role) if Membership.objects.filter(role__key=role).exists() else None
        if holder is not None:
            console.say(f"  {ROLE_TITLES[role][0]:20} {_link_for(holder, console)}")
    console.say(
        f"\nA client's own account: {_origin()}/portal/ with {patients.EMAIL} and the password "
        f"“{patients.PASSWORD}”; ask for a code by SMS and read it in the outbox as a colleague.\n"
    )
    wiring.link()


# A demo holds invented people alone, so a host's operator may look at it as at their own.
COMMANDS = [
    Command(
        ("demo", "load"), "fill an empty practice with invented people", load, _arguments,
        needs_practice=False, on_host=OnHost.OPEN,
    ),
    Command(
        ("demo", "link"), "a one-time sign-in link for a person of the demo", link, _role_argument,
        on_host=OnHost.OPEN,
    ),
    Command(
        ("run",), "what 'make run' calls: the demo, its sign-in links, and the server", run,
        needs_practice=False, on_host=OnHost.OPEN, takes_turn=False,
    ),
]  # fmt: skip
