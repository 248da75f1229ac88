"""Exports in the demo: everyone's cards, asked for by the owner yesterday, wait for somebody else's approval."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.queries import exporting
from alcove.project.demo.people import OWNER
from alcove.project.demo.stage import Stage
from alcove.security.access.rules import RULES

_PURPOSE: Final = "Letter to everyone about the new opening hours, for the mailing house"


def plan(stage: Stage) -> None:
    """Plan the request."""
    stage.at(stage.until - timedelta(hours=20), OWNER.key, partial(_ask, stage))


def _ask(stage: Stage) -> None:
    actor = stage.actor(OWNER.key)
    chosen = exporting.everyone(actor)
    # A small demo has too few clients to need anybody's approval.
    if len(chosen) > RULES["export.alone"].chosen:
        clients.ask_export(actor, file_format="csv", purpose=_PURPOSE, chosen=chosen)
