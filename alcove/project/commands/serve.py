"""``alcove serve``: web server (TLS by default), worker and scheduler; Ctrl-C stops all of it."""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command

from alcove.clinic.practice.queries import zones
from alcove.config import Config
from alcove.console import Command, Console, OnHost
from alcove.operations.backups import runs
from alcove.project import database, lockbox, maintenance, start, turns, upgrading, wiring
from alcove.security.access.checks import refuse_to_start_unless_sound
from alcove.security.jobs import worker
from alcove.security.vault import certificate

UNUSED = ["htmx-4*", "htmax-*", "htmx-2.js", "django-htmx.js", "ext"]
"""What htmx's wheel brings beside the one file our pages load."""
_MADE = b"without comments"
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bind", metavar="HOST:PORT", help="default: ALCOVE_BIND, 127.0.0.1:8443")
    parser.add_argument(
        "--http", action="store_true", help="no TLS; only on loopback or behind a declared proxy"
    )


def statics(config: Config) -> None:
    """Gather static files with hashed names into the home when any of them changed."""
    root = Path(settings.STATIC_ROOT)
    # What the files are made into changes with the program, not only with them.
    seen = hashlib.sha256(_MADE)
    for finder in finders.get_finders():
        for name, storage in finder.list(UNUSED):
            found = Path(storage.path(name)).stat()
            seen.update(f"{name} {found.st_size} {found.st_mtime_ns}".encode())
    mark = root / ".gathered"
    if mark.exists() and mark.read_text("ascii") == seen.hexdigest():
        return
    config.temporary.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=UNUSED)
    mark.write_text(seen.hexdigest(), "ascii")


def _web(config: Config, bind: str, *, http: bool) -> list[str]:
    host, _, port = bind.rpartition(":")
    words = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "alcove.project.wsgi:application",
        "--host", host.strip("[]"), "--port", port, "--workers", str(config.web_processes),
        "--blocking-threads", str(config.web_threads), "--backlog", "1024", "--no-ws", "--log-level", "warning",
        "--workers-kill-timeout", "10", "--respawn-failed-workers",
    ]  # fmt: skip
    if not http:
        cert, key = certificate.ensure(config)
        words += ["--ssl-certificate", str(cert), "--ssl-keyfile", str(key), "--ssl-protocol-min", "tls1.2"]
    return words


def serve(given: argparse.Namespace, console: Console) -> int:
    """Serve until told to stop."""
    config: Config = settings.ALCOVE
    bind = given.bind or config.bind
    if given.http and bind.rpartition(":")[0] not in LOOPBACK and not config.trusted_proxy:
        console.warn("--http is only for loopback, or behind a proxy named in ALCOVE_TRUSTED_PROXY.")
        return 2
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    code = 0
    if not turns.is_maintained(config):
        with turns.beside_others(config):
            code = _work(config, _web(config, bind, http=given.http), bind, stop, console)
    if turns.is_maintained(config) and not stop.is_set():
        database.leave()
        maintenance.show(config, bind, stop, is_http=given.http)
        if not stop.is_set():
            # The program may be another by now, so it begins anew from its first line.
            os.execv(sys.executable, [sys.executable, "-m", "alcove.project.cli", *sys.argv[1:]])  # noqa: S606 - our own words
    return code


def _is_fit(console: Console) -> bool:
    """Whether the data fit this version; say what to do if not."""
    if newer := database.unknown():
        console.warn(
            f"A newer version of Alcove worked with these data ({len(newer)} changes of the database are unknown "
            f"here). Start that version; {runs.version()} does not start."
        )
    elif upgrading.is_unfinished(settings.ALCOVE):
        console.warn("An upgrade was stopped half-way. Run 'alcove upgrade': it brings the data back first.")
    elif waiting := database.pending():
        console.warn(f"{len(waiting)} changes of the database wait. Run 'alcove upgrade': it backs up first.")
    else:
        return True
    return False


def _work(config: Config, web_words: list[str], bind: str, stop: threading.Event, console: Console) -> int:
    """Serve until told to stop, or until an upgrade wants the practice in maintenance."""
    if not _is_fit(console):
        return 1
    lockbox.remember(console)
    refuse_to_start_unless_sound()
    statics(config)
    turns.note_version(config, runs.version())
    environment = os.environ | {"TMPDIR": str(config.temporary)}
    web = subprocess.Popen(web_words, env=environment, start_new_session=True)  # noqa: S603 - our own words
    scheme = "http" if "--ssl-certificate" not in web_words else "https"
    console.say(f"Alcove serves on {scheme}://{bind.replace('127.0.0.1', 'localhost')}")
    console.say("Ctrl-C stops it.")
    start.harden()
    rest = threading.Event()
    words = (wiring.JOBS, wiring.schedule(), rest, zones.lived_by)
    work = threading.Thread(target=worker.run, args=words, name="worker")
    work.start()
    try:
        while not stop.is_set() and _all_work(web, work) and not turns.is_maintained(config):
            time.sleep(turns.LOOK_SECONDS)
        is_well = work.is_alive()
    finally:
        rest.set()
        _end(web)
        work.join()
        # What still holds a session would look like somebody at work.
        database.leave()
    return 0 if is_well and web.returncode in (0, -signal.SIGTERM, -signal.SIGINT) else 1


def _all_work(web: subprocess.Popen[bytes], work: threading.Thread) -> bool:
    """Whether both halves live: without its worker a server tells nobody of anything, so whoever started it is told."""
    return web.poll() is None and work.is_alive()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=5)


COMMANDS = [
    Command(
        ("serve",), "web server, worker and scheduler", serve, _arguments, on_host=OnHost.OPEN, takes_turn=False
    )
]  # fmt: skip
