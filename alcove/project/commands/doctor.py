"""``alcove doctor``: checks the installation and its settings and says what to do about each finding."""

from __future__ import annotations

import argparse
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from alcove.clinic.messaging.models import Outgoing
from alcove.clinic.messaging.models.kinds import NO_REACH
from alcove.compliance.continuity.queries import standing
from alcove.config import load_with_origins
from alcove.console import Command, Console, OnHost
from alcove.operations.backups import queries
from alcove.project import bringing, database, start
from alcove.security.access.checks import all_findings
from alcove.security.audit.models import Block
from alcove.security.identity.models import Notice
from alcove.security.identity.oidc import wire
from alcove.security.jobs.models import Beat
from alcove.security.vault import certificate, house, stores
from alcove.security.vault.errors import StoreAway, VaultError

STAFFS_OWN = [*NO_REACH, "quiet hours", "text", "cap"]
"""Faults of messages that staff see and mend."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``state`` is ok, warn or bad; ``advice`` says what to do."""

    subject: str
    state: str
    sentence: str
    advice: str = ""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tls", action="store_true", help="look at the certificate and protocol only")


def _home() -> Iterator[Finding]:
    config = settings.ALCOVE
    files = () if config.files_bucket else (config.files,)
    for folder in (config.home, config.keys, *files, config.log):
        if not folder.is_dir():
            yield Finding("home", "bad", f"{folder} is not there", "Run alcove init.")
        elif stat.S_IMODE(folder.stat().st_mode) & 0o077:
            yield Finding("home", "bad", f"{folder} can be read by others", f"chmod 700 {folder}")
        else:
            yield Finding("home", "ok", f"{folder} belongs to its owner alone")
    if config.home.is_dir():
        free = shutil.disk_usage(config.home).free // 2**20
        state = "ok" if free > 2048 else "warn" if free > 512 else "bad"  # noqa: PLR2004 - MiB
        yield Finding(
            "disk", state, f"{free:,} MiB are free", "" if state == "ok" else "Make room before it is full."
        )


def _files() -> Iterator[Finding]:
    """Try the bucket the sealed files lie in, where there is one; compare with what the records name."""
    config = settings.ALCOVE
    if config.files_bucket is None:
        return
    store = stores.of(config)
    try:
        named = bringing.named()
    except DatabaseError:
        named = set()  # what is wrong with the database is a finding of its own
    try:
        is_open, locks = store.probe(), store.locks()  # type: ignore[attr-defined]  # a bucket's own
        held = {one.name for one in store.listed()}
    except StoreAway as away:
        yield Finding("files", "bad", str(away).rstrip("."), "See docs/operating.md, Files in a bucket.")
        return
    yield Finding("files", "ok", f"{config.files_bucket.name} takes, gives back and removes a file")
    if is_open:
        yield Finding(
            "files", "bad", "strangers can read the bucket", "Take public access away at the store."
        )
    if locks:
        yield Finding(
            "files", "bad", "the bucket locks what lies in it, so nothing can be erased",
            "Take its default retention away; use another bucket for write-once backups.",
        )  # fmt: skip
    if lost := len(named - held):
        yield Finding("files", "bad", f"{lost:,} of {len(named):,} files that records name are not there",
                      "alcove files move brings them from the folder; a backup holds them as well.")  # fmt: skip
    if left := sum(1 for _ in stores.Folder(config.files).listed()):
        yield Finding("files", "warn", f"{left:,} files still lie in {config.files}",
                      "Remove them once a backup was made from the bucket.")  # fmt: skip


def _keys() -> Iterator[Finding]:
    try:
        start.keys()
        opened = house.unlock()
    except (VaultError, DatabaseError) as error:
        yield Finding("keys", "bad", str(error) if isinstance(error, VaultError) else "the database does not answer",
                      "Bring the key provider back; until then the program stays shut.")  # fmt: skip
        return
    yield Finding("keys", "ok", f"provider {settings.ALCOVE.key_provider} opens the house keys")
    if opened.is_demo:
        yield Finding("keys", "warn", "this is a demo practice", "Put no real client in it.")


def _database() -> Iterator[Finding]:
    try:
        waiting = database.pending()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, ValueError) as error:
        yield Finding("database", "bad", f"the database does not answer ({type(error).__name__})",
                      "Check ALCOVE_DATABASE_URL and that the server runs.")  # fmt: skip
        return
    if waiting:
        yield Finding(
            "database", "bad", f"{len(waiting)} migrations wait", "Run alcove upgrade: it backs up first."
        )
    else:
        yield Finding("database", "ok", f"{connection.vendor} is up to date")
    last = Block.objects.order_by("-number").first() if not waiting else None
    if last:
        yield Finding("audit", "ok", f"{last.entries:,} entries are linked")
    beat = Beat.objects.filter(name="worker").first() if not waiting else None
    age = (datetime.now(UTC) - beat.at).total_seconds() if beat else None
    if age is None or age > 60:  # noqa: PLR2004 - seconds
        yield Finding("worker", "warn", "the worker does not run", "Start alcove serve.")
    else:
        yield Finding("worker", "ok", "the worker lives")


def _mail() -> Iterator[Finding]:
    config = settings.ALCOVE
    for name, url, harm in (
        ("e-mail", config.email_url, "nobody can confirm an address, and nobody is warned"),
        ("SMS", config.sms_url, "no codes are sent"),
    ):
        if url:
            yield Finding("mail", "ok", f"{name} goes by {url.partition(':')[0]}")
        else:
            yield Finding("mail", "warn", f"no {name} leaves: {harm}", "See docs/operating.md, Mail and SMS.")
    try:
        waiting = Notice.objects.filter(sent_at__isnull=True, content__isnull=False, tries__gt=0).count()
        waiting += Outgoing.objects.filter(state=Outgoing.State.WAITING, tries__gt=0).count()
        dropped = Notice.objects.filter(sent_at__isnull=True, content__isnull=True).count()
        # What the client's own choices or addresses stopped is the staff's to mend, not the machine's.
        dropped += Outgoing.objects.filter(state=Outgoing.State.DROPPED).exclude(fault__in=STAFFS_OWN).count()
    except DatabaseError:
        return
    if waiting or dropped:
        sentence = f"{waiting:,} messages wait for another try, {dropped:,} were given up"
        yield Finding("mail", "warn", sentence, "Look for alcove.mail in the server's own log.")


_DIRECTORY_ADVICE = {
    "another issuer": "Set ALCOVE_OIDC_ISSUER to what the directory calls itself, to the letter.",
    "no client secret": "Let the directory take a client secret (client_secret_basic or client_secret_post).",
}


def _directory() -> Iterator[Finding]:
    """Ask the practice's directory what it says of itself, where one is configured."""
    config = settings.ALCOVE
    if not config.oidc_issuer:
        return
    wire.forget()
    try:
        found = wire.provider(config.oidc_issuer)
    except wire.DirectoryDown as down:
        advice = _DIRECTORY_ADVICE.get(
            down.fault, "See docs/runbooks/directory-sign-in.md. Passkeys and passwords go on working."
        )
        yield Finding("directory", "bad", f"{config.oidc_issuer} does not fit: {down.fault}", advice)
        return
    keys = f"{len(found.keys)} key{'' if len(found.keys) == 1 else 's'}"
    yield Finding("directory", "ok", f"{found.issuer} answers under its own name, with {keys}")
    if not found.algorithms or not found.keys:
        yield Finding("directory", "bad", "the directory signs in no way that is taken here",
                      f"Have it sign ID tokens by {', '.join(wire.ALGORITHMS)}.")  # fmt: skip
    if not Path(config.oidc_secret_file or "").is_file():
        yield Finding("directory", "bad", "the client secret cannot be read", "Set ALCOVE_OIDC_SECRET_FILE.")


def _backups() -> Iterator[Finding]:
    """Say how old the newest copy of each place is, and what waits for a person."""
    try:
        found, key, drill = queries.places(), queries.recovery(), queries.drill_state()
        late = {one.place for one in queries.late()}
    except DatabaseError:
        return
    for one in found:
        if one.age is None or one.place in late:
            state = "bad" if one.place in late else "warn"
            age = (
                "no copy yet"
                if one.age is None
                else f"the newest copy is {int(one.age.total_seconds()) // 3600} hours old"
            )
            yield Finding(
                "backups", state, f"{one.place}: {age}", "Run alcove backup run and read what it says."
            )
        elif one.state == "ok":
            yield Finding("backups", "ok", f"{one.place}: a copy of {one.good.began_at:%Y-%m-%d %H:%M} UTC, read back"
                          if one.good else one.place)  # fmt: skip
        else:
            fault = (
                one.check.first_fault
                if one.check and one.check.faults
                else one.tried.fault
                if one.tried
                else ""
            )
            yield Finding("backups", "bad", f"{one.place}: {fault}", "See docs/runbooks/restore.md.")
    for lack in queries.wanting(found):
        yield Finding(
            "backups", "warn", lack.rstrip("."), "See docs/operating.md, Backups: ALCOVE_BACKUP_PLACES."
        )
    if key is None or key.tried_at is None:
        yield Finding(
            "backups", "warn", "the recovery key was not made and tried yet", "An owner: Setup, Backups."
        )
    if drill in ("overdue", "failed"):
        yield Finding("backups", "bad", f"the rehearsed restore is {drill}", "Run alcove backup drill.")


def _tests() -> Iterator[Finding]:
    """Say which emergency tests that people make are overdue or failed."""
    try:
        found = list(standing.weak())
    except DatabaseError:
        return
    for _, sentence in found:
        yield Finding("tests", "warn", sentence.rstrip("."), "An owner or officer: Compliance, Continuity.")


def _settings() -> Iterator[Finding]:
    for item in load_with_origins()[1]:
        yield Finding("setting", "ok", f"{item.name} = {item.value} ({item.origin}): {item.meaning}")
    for fault in all_findings():
        yield Finding("code", "bad", str(fault), "This build does not start.")


def _tls() -> Iterator[Finding]:
    found = certificate.expires_at(settings.ALCOVE)
    if found is None:
        yield Finding("tls", "warn", "there is no certificate yet", "alcove serve makes one.")
        return
    days = (found - datetime.now(UTC)).days
    state = "ok" if days > 30 else "warn" if days > 3 else "bad"  # noqa: PLR2004 - VLT-12's days
    yield Finding(
        "tls", state, f"the certificate ends in {days} days", "" if state == "ok" else "Replace it."
    )
    yield Finding("tls", "ok", "TLS 1.2 is the least that is spoken; keys are P-256")


def lacks() -> list[str]:
    """Return what keeps a practice from working: home, keys and database, for whoever has just changed them."""
    found = [finding for part in (_home, _keys, _database) for finding in part()]
    return [f"{finding.subject}: {finding.sentence}" for finding in found if finding.state == "bad"]


def doctor(given: argparse.Namespace, console: Console) -> int:
    """Look at everything; exit 1 if anything is bad."""
    parts: list[Callable[[], Iterator[Finding]]] = (
        [_tls]
        if given.tls
        else [_home, _keys, _database, _files, _mail, _backups, _tests, _directory, _tls, _settings]
    )
    findings = [finding for part in parts for finding in part()]
    marks = {"ok": "ok  ", "warn": "look", "bad": "BAD "}
    for finding in findings:
        console.say(f"{marks[finding.state]}  {finding.subject}: {finding.sentence}")
        if finding.advice and finding.state != "ok":
            console.say(f"      {finding.advice}")
    console.result([asdict(finding) for finding in findings])
    return 1 if any(finding.state == "bad" for finding in findings) else 0


COMMANDS = [
    Command(
        ("doctor",),
        "check the installation and say what to do",
        doctor,
        _arguments,
        needs_practice=False,
        on_host=OnHost.OPEN,
    )
]
