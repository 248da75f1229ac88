"""What the worker does by itself: one comparison a day, and a look each minute at which places were called."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from django.conf import settings

from alcove.compliance.baseline import actions
from alcove.compliance.baseline.policy import Baseline
from alcove.compliance.baseline.queries import looks, pages, places
from alcove.operations.egress import witness
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NothingRecorded
from alcove.security.vault.models import House

LOOK_SECONDS: Final = 600.0
CALLS_SECONDS: Final = 60.0


def _actor() -> Actor:
    return Actor.job("baseline", Baseline.RUN)


def compare_if_due() -> None:
    """Compare the system with the baseline if the last time is nearly a day ago."""
    if House.objects.exists() and pages.is_due():
        actions.put_down(_actor(), looks.look())


def note_calls() -> None:
    """Note which places outside were called; one the register does not know is filed and told at once."""
    if not House.objects.exists():
        return
    found = list(witness.called(settings.ALCOVE.egress))
    if not found:
        return
    with suppress(NothingRecorded):
        actions.note_calls(_actor(), [(one.host, one.at) for one in found])
    for one in found:
        one.file.unlink(missing_ok=True)
    known = set(pages.unclosed().filter(kind="places").values_list("subject", flat=True))
    if {one.subject for one in places.weak()} - known:
        actions.put_down(_actor(), looks.look(("places",)))
