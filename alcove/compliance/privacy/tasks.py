"""What the worker does by itself: carrying out what was approved, and proposing what was kept long enough."""

from __future__ import annotations

import logging
from typing import Final

from alcove.clinic.clients import actions as clients
from alcove.compliance.privacy import actions
from alcove.compliance.privacy.actions import carrying
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.queries import retention
from alcove.security.access.errors import Conflict

log = logging.getLogger("alcove.erasure")
ERASE_SECONDS: Final = 5.0
PROPOSE_SECONDS: Final = 6 * 3600.0


def carry_out() -> int:
    """Bring every approved erasure to its end, those too that a killed process left half-way; return how many."""
    done = 0
    for erasure_id in list(Erasure.objects.filter(state__in=Erasure.RUNNING).values_list("id", flat=True)):
        try:
            done += actions.finish(erasure_id) == Erasure.State.DONE
        except clients.OnHold:
            # Somebody placed a hold between the approval and now: it waits until that is lifted.
            continue
        except Conflict:
            log.info("an erasure is carried out by another process")
    return done


def propose() -> int:
    """Propose the removal of every client who was kept long enough; return how many are new."""
    made = 0
    for client_id in retention.over():
        try:
            actions.propose(carrying.worker(), client_id)
        except Conflict:
            continue
        made += 1
    return made
