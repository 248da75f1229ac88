"""``alcove people`` and ``alcove support``: accounts, rights and a host's leave from the console, on the log."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from alcove.console import Command, Console, OnHost
from alcove.security import policy_defaults as policy
from alcove.security.access import lockbox, rights_file
from alcove.security.access.actors import Actor
from alcove.security.access.models import Role
from alcove.security.identity import actions
from alcove.security.identity.actions import rights_file as rights
from alcove.security.identity.actions import support
from alcove.security.identity.models import Person
from alcove.security.identity.queries import generic
from alcove.security.identity.queries import support as support_queries

LONGEST_WHY = 500
"""Letters of a reason given on the console."""


def list_people(given: argparse.Namespace, console: Console) -> int:  # noqa: ARG001 - every verb takes its arguments
    """List every account with its roles and state."""
    rows = [
        {
            "id": str(person.id),
            "name": person.name,
            "email": person.email,
            "roles": [item.role.key for item in person.memberships.select_related("role")],
            "state": "active" if person.is_active else "suspended",
        }
        for person in Person.objects.filter(kind=Person.Kind.STAFF)
    ]
    for row in rows:
        console.say(f"{row['email']:40} {row['name']:28} {', '.join(row['roles']):30} {row['state']}")
    console.result(rows)
    return 0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--title", default="")
    parser.add_argument("--role", action="append", required=True, help="key of a role; may be given again")
    parser.add_argument(
        "--vouch", action="store_true",
        help="you have checked who they are, their e-mail and phone; without it colleagues check first",
    )  # fmt: skip


def add(given: argparse.Namespace, console: Console) -> int:
    """Add an account and print its set-up link."""
    roles = list(Role.objects.filter(key__in=given.role))
    missing = set(given.role) - {role.key for role in roles}
    if missing:
        console.warn(f"There is no role {', '.join(sorted(missing))}. Known: {', '.join(_role_keys())}.")
        return 2
    if Person.objects.filter(email=given.email.lower()).exists():
        console.warn("Someone has an account with this address already.")
        return 1
    if generic.is_nobodys_name(given.name) or generic.is_shared_mailbox(given.email):
        console.warn(f"{generic.NOBODY} {generic.SHARED_MAILBOX}")
        return 2
    operator = Actor.operator(console.operator)
    person = actions.add_person(
        operator, email=given.email, name=given.name, title=given.title, roles=roles,
        is_vouched=given.vouch,
    )  # fmt: skip
    link = actions.make_link(operator, person)
    console.say(f"{person.name} is added. Set-up link, one use, 60 minutes: /set-up/{link.token}/")
    console.result({"id": str(person.id), "set_up_path": f"/set-up/{link.token}/"})
    return 0


def _role_keys() -> list[str]:
    return list(Role.objects.values_list("key", flat=True))


def _one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL")


def _found(given: argparse.Namespace, console: Console) -> Person | None:
    person = Person.objects.filter(email=given.email.lower()).first()
    if person is None:
        console.warn("There is no account with this address.")
    return person


def suspend(given: argparse.Namespace, console: Console) -> int:
    """Suspend an account and end its sessions."""
    person = _found(given, console)
    if person is None:
        return 1
    actions.suspend(Actor.operator(console.operator), person)
    console.say(f"{person.name} is suspended; every session is over.")
    console.result({"id": str(person.id), "state": "suspended"})
    return 0


def reset_factors(given: argparse.Namespace, console: Console) -> int:
    """Remove second factors and print a new set-up link."""
    person = _found(given, console)
    if person is None:
        return 1
    operator = Actor.operator(console.operator)
    actions.reset_factors(operator, person)
    link = actions.make_link(operator, person)
    console.say(
        f"Second factors of {person.name} are removed. Set-up link, one use, 60 minutes: /set-up/{link.token}/"
    )
    console.result({"id": str(person.id), "set_up_path": f"/set-up/{link.token}/"})
    return 0


def _export_roles_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", metavar="FILE", type=Path, required=True, help="where to write it; must not be there yet"
    )


def export_roles(given: argparse.Namespace, console: Console) -> int:
    """Write what every role may do into a file that ``import-roles`` and Setup, Roles read."""
    if given.to.exists():
        console.warn(f"{given.to} is there already. Name a new file.")
        return 1
    data = rights.export_roles(Actor.operator(console.operator))
    handle = os.open(given.to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    console.say(f"Wrote {given.to}.")
    console.result({"file": given.to})
    return 0


def _import_roles_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a file that export-roles wrote")
    parser.add_argument("--why", metavar="TEXT", required=True, help="what it is for; the owner reads it")


def import_roles(given: argparse.Namespace, console: Console) -> int:
    """Bring rights from a file and print the difference; nothing is in force until an owner approves it in Alcove."""
    with given.file.open("rb") as file:
        data = file.read(policy.RIGHTS_FILE_MAX_BYTES + 1)
    try:
        said = rights_file.read(data)
    except rights_file.BadFile as bad:
        console.warn(str(bad))
        return 1
    if not policy.REASON_MIN_LENGTH <= len(given.why.strip()) <= LONGEST_WHY:
        console.warn(f"--why: say in {policy.REASON_MIN_LENGTH} to {LONGEST_WHY} letters what it is for.")
        return 2
    found = rights_file.differences(Role.objects.all(), said)
    brought = rights.bring_file(Actor.operator(console.operator), said, purpose=given.why.strip())
    for one in found:
        stranger = "  (no such role here: passed over)" if one.role is None else ""
        console.say(f"{one.key}{stranger}")
        for sign, words, note in (
            ("-", one.gone, "goes"),
            ("+", one.asked, "will not be given"),
            ("?", one.unknown, "unknown, becomes none"),
        ):
            for word in words:
                console.say(f"  {sign} {word}  ({note})")
    console.say(
        "Nothing is in force yet. An owner approves it in Alcove under Setup, Roles, Rights from a file."
    )
    console.result({
        "id": str(brought.id),
        "roles": [
            {
                "key": one.key, "known": one.role is not None, "gone": one.gone, "asked": one.asked,
                "unknown": one.unknown,
            }
            for one in found
        ],
    })  # fmt: skip
    return 0


def _ask_arguments(parser: argparse.ArgumentParser) -> None:
    most = int(policy.OPERATOR_ACCESS.total_seconds()) // 3600
    parser.add_argument(
        "--name", metavar="NAME", required=True, help="your own name; the owner lets in you alone"
    )
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why; the owner and the log read it")
    parser.add_argument("--hours", metavar="N", type=int, default=1, help=f"for how long, 1 to {most} (1)")


def ask_support(given: argparse.Namespace, console: Console) -> int:
    """Ask an owner for leave to look at practice data; nothing is open until they approve it on their page."""
    actor = Actor.operator(console.operator)
    if not lockbox.is_hosted():
        console.warn(support_queries.state_of(console.operator).sentence)
        return 2
    try:
        asked = support.ask(actor, console.operator, name=given.name, reason=given.reason, hours=given.hours)
    except support.BadRequest as bad:
        console.warn(str(bad))
        return 2
    console.say(
        "An owner decides in Alcove under Setup, Support access. From then on the time runs; "
        "'alcove support status' says how much is left."
    )
    console.result({"id": str(asked.id), "state": "waiting"})
    return 0


def support_status(_given: argparse.Namespace, console: Console) -> int:
    """Say whether this system account may look at practice data now; exit 1 if not."""
    state = support_queries.state_of(console.operator)
    console.say(state.sentence)
    console.result({"state": state.word, "until": state.until})
    return 0 if state.word in {"running", "own"} else 1


COMMANDS = [
    Command(("people", "list"), "list staff accounts", list_people),
    # An account or a set-up link outlives any support access: on a host's machine owners make them, on the page.
    Command(("people", "add"), "add a staff account", add, _add_arguments, on_host=OnHost.NEVER),
    Command(("people", "suspend"), "suspend a staff account at once", suspend, _one),
    Command(
        ("people", "reset-factors"),
        "remove a person's second factors",
        reset_factors,
        _one,
        on_host=OnHost.NEVER,
    ),
    Command(
        ("people", "export-roles"),
        "write the rights of all roles as a file",
        export_roles,
        _export_roles_arguments,
    ),
    Command(
        ("people", "import-roles"),
        "bring rights from a file; an owner approves the difference",
        import_roles,
        _import_roles_arguments,
    ),
    Command(
        ("support", "ask"),
        "ask an owner for leave to look at practice data",
        ask_support,
        _ask_arguments,
        on_host=OnHost.OPEN,
    ),
    Command(("support", "status"), "whether an owner let you in", support_status, on_host=OnHost.OPEN),
]
