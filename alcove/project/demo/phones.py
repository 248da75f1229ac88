"""Two of the demo's clinicians have their calendar on their phone: one busy times, one initials."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from alcove.clinic.calendar.actions import feeds
from alcove.clinic.calendar.models import Feed
from alcove.project.demo.stage import Stage, moment

_PHONES: Final = (("lily.tran", Feed.Shows.BUSY, 44), ("grace.okonkwo", Feed.Shows.INITIALS, 12))
"""Whose, what it shows, and how many days ago the link was made. Nobody has the links: tokens are kept nowhere."""


def plan(stage: Stage) -> None:
    """Plan how they made their links."""
    for key, shows, days in _PHONES:
        when = moment(stage.today - timedelta(days=days), 12 * 60 + 10)
        stage.at(when, key, partial(_make, stage, key, shows))


def _make(stage: Stage, key: str, shows: str) -> None:
    feeds.make_feed(stage.actor(key), shows)
