"""What is known of newer releases and of weaknesses in what is installed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils import timezone

from alcove.operations.backups import runs
from alcove.operations.releases import bom, feed, trusted
from alcove.operations.releases.bom import Component
from alcove.operations.releases.feed import Feed, Found, Newer
from alcove.operations.releases.models import News
from alcove.operations.releases.policy import Releases
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor

THE_ONE = 1


@cache
def components() -> tuple[Component, ...]:
    """Return what is installed beside the running program; that changes with the program only."""
    return tuple(bom.installed())


def news() -> News:
    """Return the row of the newest news, an empty one before the first."""
    return News.objects.filter(pk=THE_ONE).first() or News(id=THE_ONE)


def kept(row: News) -> Feed | None:
    """Return the news that was taken in, None before the first."""
    return feed.parsed(row.document, row.key) if row.document is not None else None


def is_due() -> bool:
    """Whether news is to be asked for, and a day has passed since it was."""
    if not settings.ALCOVE.news_url:
        return False
    tried_at = news().tried_at
    return tried_at is None or timezone.now() - tried_at >= policy.NEWS_EVERY


def is_stale(row: News) -> bool:
    """Whether the newest news is so old that newer news must have been held back."""
    return row.made_at is not None and timezone.now() - row.made_at > policy.NEWS_STALE


def found(said: Feed) -> list[Found]:
    """Return the weaknesses of what runs here: Alcove itself, and every component."""
    here = [Component("alcove", runs.version()), *components()]
    return feed.open_weaknesses(said, here, timezone.localdate(), policy.WEAKNESS_OLD)


def overdue() -> list[Found]:
    """Return critical and high weaknesses that were published longer ago than one may wait."""
    said = kept(news())
    return [one for one in found(said) if one.is_overdue] if said is not None else []


@dataclass(frozen=True, slots=True)
class Line:
    """A component as the page shows it, with how many weaknesses it has."""

    component: Component
    weak: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What the page shows. ``is_asked``: whether news is asked for; ``trusts``: whether any key is trusted."""

    version: str
    row: News
    is_asked: bool
    trusts: bool
    is_stale: bool
    newer: Sequence[Newer]
    found: Sequence[Found]
    lines: Sequence[Line]

    @property
    def is_security(self) -> bool:
        """Whether any release that is not installed yet mends a weakness."""
        return any(one.is_security for one in self.newer)

    @property
    def overdue(self) -> int:
        return sum(one.is_overdue for one in self.found)


def overview(actor: Actor) -> Overview:
    """Return the version that runs, what is newer, and what is weak."""
    actor.must(Releases.VIEW)
    row, version = news(), runs.version()
    said = kept(row)
    weak = found(said) if said is not None else []
    names = [one.installed.name for one in weak]
    return Overview(
        version, row, bool(settings.ALCOVE.news_url), bool(trusted.keys(settings.ALCOVE)), is_stale(row),
        feed.newer(said, version) if said is not None else [], weak,
        [Line(one, names.count(one.name)) for one in components()],
    )  # fmt: skip


def bill(actor: Actor) -> dict[str, object]:
    """Return the bill of materials of this installation, in CycloneDX."""
    actor.must(Releases.VIEW)
    return bom.bill(runs.version(), timezone.now().isoformat(timespec="seconds"), components())
