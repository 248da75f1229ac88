"""``alcove keys`` and ``alcove audit``: changing keys, and proving the log. Key material is never printed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from alcove.console import Command, Console, OnHost
from alcove.security import policy_defaults as policy
from alcove.security.access import keys
from alcove.security.access.actors import Actor
from alcove.security.access.approvals import ApprovalNeeded
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Did
from alcove.security.audit import chain, export
from alcove.security.audit import events as audit_events
from alcove.security.audit.models import Entry
from alcove.security.vault import rotation
from alcove.security.vault.errors import RootStays
from alcove.security.vault.models import House


def _head_file() -> Path:
    return Path(settings.ALCOVE.log) / "audit.head"


def _link() -> None:
    """Link what this command wrote, so that the log stands whole whether or not a worker runs."""
    chain.Sequencer(head_file=_head_file()).link()


@contextmanager
def _told(console: Console, total: int | None) -> Iterator[keys.Tell]:
    counts: dict[str, int] = {}
    with console.progress("keys and values", total) as advance:

        def tell(what: str, done: int) -> None:
            counts[what] = counts.get(what, 0) + done
            advance(done)

        yield tell
    for what, done in counts.items():
        console.say(f"{done:,} {what}")


# Keys -----------------------------------------------------------------------------------------------------------


def _due(event: Did) -> datetime:
    """Return when the next rotation is due: a year after the newest such entry, or after the founding."""
    newest = Entry.objects.filter(event=event.key, result="done").order_by("-at_us").first()
    last: datetime = newest.at if newest else House.objects.values_list("created_at", flat=True).get()
    return last + policy.KEY_LIFE


def status(_given: argparse.Namespace, console: Console) -> int:
    """Say who holds the root, which versions there are and what a rotation still has to do."""
    found = rotation.state()
    due = {"root": _due(Did.ROOT_CHANGED), "house": _due(Did.HOUSE_KEYS_ADDED)}
    console.say(f"Root key {found.root_id}, held by provider {found.provider}.")
    for key in found.keys:
        state = f"replaced {key.retired_at:%Y-%m-%d}" if key.retired_at else "in force"
        clients = f", {key.clients:,} client keys" if key.purpose == "wrap" else ""
        console.say(
            f"  {key.purpose:<7} version {key.version}, made {key.created_at:%Y-%m-%d}, {state}{clients}"
        )
    for name, when in due.items():
        late = "is due" if when <= timezone.now() else "is due on"
        console.say(f"Rotation of the {name} key{'s' if name == 'house' else ''} {late} {when:%Y-%m-%d}.")
    if found.root_pending:
        console.say("A change of the root key is not finished: run 'alcove keys rotate --root'.")
    if found.replaced_roots:
        console.say(
            f"{len(found.replaced_roots)} replaced root keys are kept for older backups. "
            "'alcove keys destroy' ends them, with a second person's approval."
        )
    if found.house_pending:
        console.say(
            f"A rotation of the house keys is not finished: {found.clients_behind:,} client keys and "
            f"{found.values_behind:,} values to go. Run 'alcove keys rotate --house'."
        )
    contacts = keys.values_behind()
    if contacts:
        console.say(
            f"{contacts:,} contact values are still to be cut anew; the worker goes on with them by itself."
        )
    console.result({**asdict(found), "due": due, "contact_values_behind": contacts})
    return 0


def _rotate_arguments(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--root", action="store_true", help="a new root key; every house key is wrapped under it"
    )
    which.add_argument(
        "--house", action="store_true", help="new house keys; client keys and secrets move to them"
    )
    which.add_argument("--client", metavar="ID", type=UUID, help="a new key for one client")


def rotate(given: argparse.Namespace, console: Console) -> int:
    """Change keys; without a choice the root and the house keys. Goes on with what was left unfinished."""
    actor = Actor.operator(console.operator)
    both = not (given.root or given.house or given.client)
    done: dict[str, object] = {}
    broken: list[str] = []
    if given.client:
        done["values"] = keys.replace_client_key(actor, given.client)
        console.say(f"The client has a new key; {done['values']:,} values were sealed under it.")
    if given.root or both:
        with _told(console, None) as tell:
            done["root_id"] = keys.rotate_root(actor, tell)
        console.say(
            f"The root key is {done['root_id']} now. The one it replaced opens older backups only; "
            "'alcove keys destroy' ends it, with a second person's approval."
        )
    if given.house or both:
        with _told(console, None) as tell:
            broken = keys.rotate_house(actor, tell)
        done["broken"] = broken
        console.say(
            "The house keys are new; everything is under them." if not broken else "The house keys are new."
        )
    for item in broken:
        console.warn(f"This does not open and stays as it is: {item}")
    _link()
    console.result(done)
    return 1 if broken else 0


def _rewrap_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--provider", required=True, choices=("file", "pkcs11", "aws-kms"), help="who shall hold the root"
    )


def rewrap(given: argparse.Namespace, console: Console) -> int:
    """Move the house keys to another key provider, whose settings must be there already."""
    root_id, moved = keys.move_to_provider(Actor.operator(console.operator), given.provider)
    _link()
    console.say(f"{moved} house keys are under root key {root_id} of provider {given.provider} now.")
    if given.provider != settings.ALCOVE.key_provider:
        console.say(f"Set ALCOVE_KEY_PROVIDER={given.provider} before anything is started again.")
        console.say(
            "The root key at the old provider opens nothing here any more; destroy it when no backup needs it."
        )
    console.result({"provider": given.provider, "root_id": root_id, "moved": moved})
    return 0


def _why_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--why", metavar="TEXT", required=True, help="what it is for; the approver reads it")


def _ask(actor: Actor, deed: str, given: argparse.Namespace, console: Console) -> int:
    """Ask for a second person once, and say what to do; nothing was done yet, so the exit code is 1."""
    if not keys.is_asked(deed):
        keys.ask_for_root(actor, deed, given.why)
        _link()
    console.say(
        "This takes a second person. An owner approves it in Alcove under Setup, Approvals; then run this again."
    )
    console.result({"done": False, "waits": True})
    return 1


def destroy(given: argparse.Namespace, console: Console) -> int:
    """Destroy the root keys that were replaced, once an owner has approved it; ask for that before."""
    actor = Actor.operator(console.operator)
    try:
        destroyed = keys.destroy_roots(actor)
    except keys.NoRootReplaced:
        console.say("There is no replaced root key.")
        console.result({"done": True, "destroyed": []})
        return 0
    except ApprovalNeeded:
        return _ask(actor, keys.DESTROY, given, console)
    _link()
    console.say(
        f"{len(destroyed)} replaced root keys are destroyed. Backups made under them open nowhere any more."
    )
    console.result({"done": True, "destroyed": destroyed})
    return 0


def _export_root_arguments(parser: argparse.ArgumentParser) -> None:
    _why_arguments(parser)
    parser.add_argument(
        "--to", metavar="FILE", type=Path, required=True, help="where to write it; must not be there yet"
    )


def export_root(given: argparse.Namespace, console: Console) -> int:
    """Write the root key as an encrypted file, once an owner has approved it; ask for that before."""
    actor = Actor.operator(console.operator)
    if given.to.exists():
        console.warn(f"{given.to} is there already. Name a new file.")
        return 1
    try:
        passphrase, archive = keys.export_root(actor)
    except ApprovalNeeded:
        return _ask(actor, keys.EXPORT, given, console)
    except RootStays as sentence:
        console.warn(str(sentence))
        return 1
    _link()
    handle = os.open(given.to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(archive)
        file.flush()
        os.fsync(file.fileno())
    console.say(f"Wrote {given.to}. This passphrase opens it and is shown only now: {passphrase}")
    console.say("Keep the two in different places, and both away from backups of the database.")
    console.result({"done": True, "file": given.to, "passphrase": passphrase})
    return 0


# The log --------------------------------------------------------------------------------------------------------


def _record(console: Console, event: audit_events.Event, *fields: str) -> None:
    record_now(entry(Actor.operator(console.operator), event, fields=fields))


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--against", metavar="FILE", type=Path, help="a checkpoint kept outside this machine")


def verify(given: argparse.Namespace, console: Console) -> int:
    """Check every entry and every link; exit 1 naming the first entry that does not hold."""
    _link()
    verdict = chain.verify(head_file=_head_file(), against=given.against)
    first = verdict.first
    _record(console, audit_events.Did.LOG_VERIFIED, "holds" if first is None else "does not hold")
    _link()
    if first is None:
        console.say(f"The log holds: {verdict.entries:,} entries in {verdict.blocks:,} links.")
    else:
        at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=max(0, min(first.at_us, 2**55)))
        console.say(
            f"The log does not hold. First: {first.entry} of {at:%Y-%m-%d %H:%M:%S} UTC: {first.what}."
        )
        console.say(f"{len(verdict.faults):,} faults in all, {verdict.entries:,} entries.")
    console.result({**asdict(verdict), "holds": verdict.holds, "first": asdict(first) if first else None})
    return 0 if verdict.holds else 1


def checkpoint(_given: argparse.Namespace, console: Console) -> int:
    """Write the log's signed head beside the database and into every configured place."""
    _link()
    files = chain.checkpoint([settings.ALCOVE.log / "checkpoints", *settings.ALCOVE.checkpoint_places])
    _record(console, audit_events.Did.CHECKPOINT_MADE, f"{len(files)} places")
    _link()
    for file in files:
        console.say(f"Wrote {file}.")
    if len(files) == 1:
        console.say(
            "It lies beside the log it proves: set ALCOVE_CHECKPOINT_PLACES to a folder on another machine."
        )
    console.result({"files": files})
    return 0


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--to", metavar="FILE", type=Path, required=True, help="where to write it; must not be there yet"
    )


def export_log(given: argparse.Namespace, console: Console) -> int:
    """Write the whole log as signed JSON lines, names not resolved."""
    _record(console, audit_events.Did.LOG_EXPORTED)
    _link()
    handle = os.open(given.to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    written = -1
    with os.fdopen(handle, "w", encoding="utf-8") as file, console.progress("entries", None) as advance:
        for line in export.lines():
            file.write(line)
            written += 1
            advance(1)
        file.flush()
        os.fsync(file.fileno())
    console.say(f"Wrote {written:,} entries to {given.to}; the last line signs them.")
    console.result({"file": given.to, "entries": written})
    return 0


OPEN = OnHost.OPEN
COMMANDS = [
    Command(("keys", "status"), "who holds the root key, which versions there are", status, on_host=OPEN),
    Command(
        ("keys", "rotate"),
        "change the root, house or a client's key",
        rotate,
        _rotate_arguments,
        on_host=OPEN,
    ),
    Command(
        ("keys", "rewrap"), "move the house keys to another provider", rewrap, _rewrap_arguments, on_host=OPEN
    ),
    Command(
        ("keys", "destroy"),
        "destroy replaced root keys; takes two people",
        destroy,
        _why_arguments,
        on_host=OPEN,
    ),
    Command(
        ("keys", "export"),
        "write the root key as an encrypted file; takes two people",
        export_root,
        _export_root_arguments,
        on_host=OPEN,
    ),
    Command(("audit", "verify"), "prove that the log is whole", verify, _verify_arguments, on_host=OPEN),
    Command(
        ("audit", "checkpoint"), "write the log's signed head outside the database", checkpoint, on_host=OPEN
    ),
    Command(("audit", "export"), "write the log as a signed file", export_log, _export_arguments),
]
