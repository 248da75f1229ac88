"""Taking in news of releases: verified, never older than what was seen, told once."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from alcove.operations.backups import runs
from alcove.operations.releases import feed, queries, trusted
from alcove.operations.releases.feed import Feed, NotNews
from alcove.operations.releases.models import News
from alcove.operations.releases.policy import Did, Releases
from alcove.security.access.change import Change, action
from alcove.security.identity.actions.notices import tell_deciders

NOTICE = "releases"
"""What messages about news are called."""


@action(Releases.TAKE)
def take(change: Change, raw: bytes, signature: str, keys: Sequence[str] | None = None) -> Feed:
    """Take in news that a trusted key signed; raise ``NotNews``, with what was known before unchanged.

    ``keys``: who is trusted, by default whoever this installation trusts.
    """
    said = feed.verified(raw, signature, trusted.keys(settings.ALCOVE) if keys is None else keys, change.now)
    row = _held()
    if row.made_at is not None and said.made_at < row.made_at:
        raise NotNews(
            f"This news is older ({said.made_at:%d %B %Y}) than what is known here ({row.made_at:%d %B %Y}): somebody "
            "may be holding newer news back."
        )
    before = queries.kept(row)
    row.document, row.made_at, row.key = said.document, said.made_at, said.key
    row.taken_at, row.tried_at, row.fault = change.now, change.now, ""
    row.save()
    change.record(Did.TAKEN, fields=(f"made {said.made_at:%Y-%m-%d}", f"signed by {said.key}"))
    _tell(change, said, before)
    return said


@action(Releases.TAKE)
def note_fault(change: Change, sentence: str) -> None:
    """Put down that news was not taken in and why; what was known before stays."""
    row = _held()
    row.tried_at, row.fault = change.now, sentence[:300]
    row.save()
    change.record(Did.REFUSED)


def _held() -> News:
    News.objects.bulk_create([News(id=queries.THE_ONE)], ignore_conflicts=True)
    return News.objects.select_for_update().get(pk=queries.THE_ONE)


def _tell(change: Change, said: Feed, before: Feed | None) -> None:
    """Tell once of each newer release, and of each critical or high weakness of what is installed."""
    known = {one.version for one in before.releases} if before is not None else set()
    newer = [one for one in feed.newer(said, runs.version()) if one.version not in known]
    told = {one.id for one in before.weaknesses} if before is not None else set()
    weak = [
        one
        for one in queries.found(said)
        if one.known.id not in told and one.known.severity in feed.SEVERITIES[:2]
    ]
    lines = [
        f"- Alcove {one.version}{' (mends a weakness)' if one.is_security else ''}: {one.summary}"
        for one in newer
    ]
    lines += [
        f"- {one.installed.name} {one.installed.version}: {one.known.id}, {one.known.severity}"
        for one in weak
    ]
    if lines:
        where = f"{settings.ALCOVE.public_address}/setup/releases/"
        text = "\n".join(lines)
        subject = "A weakness in what Alcove is made of" if weak else "There is a newer release of Alcove"
        tell_deciders(change, Releases.TAKE, NOTICE, subject, f"{text}\n\nWhat to do: {where}")
