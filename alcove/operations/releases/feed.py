"""The news as its makers sign it: releases, and weaknesses of components. Read strictly, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from alcove.operations.releases import trusted
from alcove.operations.releases.bom import Component
from alcove.security.vault import minisign

KIND: Final = "alcove news"
MOST_BYTES: Final = 1 << 20
_MOST: Final = 2000
"""Releases, and weaknesses; more is no news of Alcove."""
_LONGEST: Final = 300
_AHEAD: Final = timedelta(days=1)
SEVERITIES: Final = ("critical", "high", "medium", "low")
"""The worst first."""


class NotNews(Exception):
    """The news is not taken in; the text is the sentence that says why."""


@dataclass(frozen=True, slots=True)
class Newer:
    """A release: its version, the day it came out, one line about it, and whether it mends a weakness."""

    version: str
    on: date
    summary: str
    is_security: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A published weakness. ``affects``: versions as PEP 440 writes them; ``fixed_in``: "" while there is no remedy."""

    id: str
    component: NormalizedName
    affects: str
    severity: str
    on: date
    summary: str
    fixed_in: str

    def hits(self, one: Component) -> bool:
        """Whether a component in the version that is installed has it."""
        if canonicalize_name(one.name) != self.component:
            return False
        try:
            return SpecifierSet(self.affects).contains(Version(one.version), prereleases=True)
        except InvalidVersion:
            # A version nobody can compare is not known to be sound.
            return True


@dataclass(frozen=True, slots=True)
class Feed:
    """News as they were signed. ``document``: the same as it is kept; ``key``: which key signed, "" if it was kept."""

    made_at: datetime
    releases: Sequence[Newer]
    weaknesses: Sequence[Known]
    document: dict[str, Any]
    key: str = ""


def verified(raw: bytes, signature: str, keys: Sequence[str], now: datetime) -> Feed:
    """Return news that a trusted key signed; raise ``NotNews`` for anything else."""
    if len(raw) > MOST_BYTES:
        raise NotNews("The news is larger than any can be.")
    if not keys:
        raise NotNews(trusted.NONE)
    try:
        signed = minisign.verify(raw, signature, keys)
    except minisign.UnknownKey as unknown:
        raise NotNews(f"Nobody this installation trusts signed this news: {unknown}.") from None
    except minisign.WrongSignature as wrong:
        raise NotNews(f"The signature of this news is wrong: {wrong}.") from None
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotNews("The news is no JSON.") from None
    found = parsed(document, signed.key)
    if found.made_at > now + _AHEAD:
        raise NotNews("The news was made in the future: look at the clock of this machine.")
    return found


def parsed(document: Any, key: str = "") -> Feed:
    """Return what a document of news says; raise ``NotNews`` if any part of it makes no sense."""
    try:
        if document["kind"] != KIND:
            raise NotNews("This is something else than news of Alcove's releases.")
        made_at = datetime.fromisoformat(document["made_at"])
        releases = [_newer(one) for one in _few(document["releases"])]
        weaknesses = [_known(one) for one in _few(document["weaknesses"])]
        made_at.utctimetuple()
        is_whole = made_at.tzinfo is not None
    except (ValueError, KeyError, TypeError, AttributeError, InvalidVersion, InvalidSpecifier):
        is_whole = False
    if not is_whole:
        raise NotNews("The news is not written as news of Alcove's releases is.")
    return Feed(made_at, releases, weaknesses, document, key)


def _few(given: Any) -> Iterable[Any]:
    if not isinstance(given, list) or len(given) > _MOST:
        raise ValueError("not a list, or a very long one")
    return given


def _line(given: Any) -> str:
    if not isinstance(given, str) or len(given) > _LONGEST or not given.isprintable():
        raise ValueError("not one line")
    return given


def _newer(one: dict[str, Any]) -> Newer:
    if not isinstance(one["is_security"], bool):
        raise TypeError("is_security is a yes or no")
    version = str(Version(_line(one["version"])))
    return Newer(version, date.fromisoformat(one["on"]), _line(one["summary"]), one["is_security"])


def _known(one: dict[str, Any]) -> Known:
    affects = str(SpecifierSet(_line(one["affects"])))
    if one["severity"] not in SEVERITIES or not affects:
        raise ValueError("a word for how bad it is, and which versions")
    fixed_in = str(Version(_line(one["fixed_in"]))) if one["fixed_in"] else ""
    return Known(
        _line(one["id"]), canonicalize_name(_line(one["component"])), affects, one["severity"],
        date.fromisoformat(one["on"]), _line(one["summary"]), fixed_in,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A weakness of an installed component. ``days``: since it was published; ``is_overdue``: too bad for too long."""

    known: Known
    installed: Component
    days: int
    is_overdue: bool


def newer(feed: Feed, running: str) -> list[Newer]:
    """Return the releases after the one that runs, the newest first; drafts before a release are none."""
    found = [
        one
        for one in feed.releases
        if Version(one.version) > Version(running) and not Version(one.version).is_prerelease
    ]
    return sorted(found, key=lambda one: Version(one.version), reverse=True)


def open_weaknesses(
    feed: Feed, components: Sequence[Component], today: date, limit: timedelta
) -> list[Found]:
    """Return the weaknesses of what is installed, the worst and oldest first."""
    found = list(_open(feed, components, today, limit))
    return sorted(found, key=lambda one: (SEVERITIES.index(one.known.severity), one.known.on, one.known.id))


def _open(feed: Feed, components: Sequence[Component], today: date, limit: timedelta) -> Iterator[Found]:
    here = {canonicalize_name(one.name): one for one in components}
    for known in feed.weaknesses:
        one = here.get(known.component)
        if one is not None and known.hits(one):
            age = today - known.on
            yield Found(known, one, age.days, known.severity in {"critical", "high"} and age > limit)
