"""``alcove release verify FOLDER``: is a release as its maintainers signed it. ``alcove release news FILE``."""

from __future__ import annotations

import argparse
from pathlib import Path

from django.conf import settings

from alcove.config import Config
from alcove.console import Command, Console, OnHost
from alcove.operations.backups import runs
from alcove.operations.releases import actions, feed, fetching, folder, queries, trusted
from alcove.project import wiring
from alcove.security.access.actors import Actor


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the files of the release lie")


def verify(given: argparse.Namespace, console: Console) -> int:
    """Check signature and every file; exit 0 only if all hold and the release may follow the version here."""
    config: Config = settings.ALCOVE
    try:
        found = folder.verified(given.folder, trusted.keys(config))
        folder.refuse_older(found, runs.version())
    except folder.Refused as refused:
        console.warn(str(refused))
        console.result({"error": str(refused)})
        return 1
    console.result({
        "version": found.version, "commit": found.commit, "made_at": found.made_at, "key": found.key,
        "upgrades_from": found.upgrades_from, "files": sorted(found.files),
    })  # fmt: skip
    console.say(
        f"Alcove {found} (commit {found.commit[:12]}): the signature holds, and its {len(found.files)} files are as "
        "they were signed. How to install it: docs/runbooks/upgrade.md."
    )
    return 0


def _file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="news.json, with news.json.minisig beside it")


def _read(file: Path) -> tuple[bytes, str]:
    """Return news and its signature; raise ``NotNews`` if there is none, or too much."""
    if file.stat().st_size > feed.MOST_BYTES:
        raise feed.NotNews("The news is larger than any can be.")
    signature = Path(f"{file}{fetching.ENDING}")
    if not signature.is_file():
        raise feed.NotNews(f"This news is not signed: {signature.name} is missing.")
    return file.read_bytes(), signature.read_text("utf-8", "replace")


def news(given: argparse.Namespace, console: Console) -> int:
    """Take in news from a file; exit 0 only if it was."""
    try:
        said = actions.take(Actor.operator(console.operator), *_read(given.file))
    except feed.NotNews as fault:
        console.warn(str(fault))
        console.result({"error": str(fault)})
        return 1
    wiring.link()
    newer, weak = feed.newer(said, runs.version()), queries.found(said)
    console.result({
        "made_at": said.made_at, "key": said.key, "newer": [one.version for one in newer],
        "weaknesses": [one.known.id for one in weak], "overdue": [one.known.id for one in weak if one.is_overdue],
    })  # fmt: skip
    console.say(
        f"Taken in: news of {said.made_at:%d %B %Y}, signed by {said.key}. "
        + (f"Alcove {newer[0].version} is out. " if newer else "There is no newer release. ")
        + f"{len(weak)} weaknesses are known of what is installed here."
    )
    return 0


COMMANDS = [
    Command(
        ("release", "verify"), "check a release's signature and every file of it", verify, _folder,
        needs_practice=False, on_host=OnHost.OPEN,
    ),
    Command(
        ("release", "news"), "take in signed news of releases and weaknesses from a file", news, _file,
        on_host=OnHost.OPEN,
    ),
]  # fmt: skip
