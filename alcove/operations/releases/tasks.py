"""What the worker does by itself: ask for news once a day, if the operator named where."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from alcove.operations.releases import actions, fetching, queries
from alcove.operations.releases.feed import NotNews
from alcove.operations.releases.policy import Releases
from alcove.security.access.actors import Actor
from alcove.security.vault.models import House

LOOK_SECONDS: Final = 600.0


def is_due() -> bool:
    """Whether news is to be asked for now."""
    return bool(settings.ALCOVE.news_url) and House.objects.exists() and queries.is_due()


def ask() -> int:
    """Ask for news and take it in; return 1 if it was, 0 if it was put down why not."""
    actor = Actor.job("releases", Releases.TAKE)
    try:
        actions.take(actor, *fetching.fetch(settings.ALCOVE.news_url))
    except NotNews as fault:
        actions.note_fault(actor, str(fault))
        return 0
    return 1
