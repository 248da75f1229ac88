"""The operator's lockbox: on a hosted installation the console opens nothing without an owner's leave (ACC-14).

What must never happen: an operator opens a client, or a list of them, before an owner has approved a named person, a
reason and a time of at most ``OPERATOR_ACCESS``, or after that time. Asked anew at every opening, so an owner who ends
an access ends it for a verb that is under way. Test: ``identity/tests/test_support.py``.

Where the installation is not hosted, whoever has the console is the practice, and nothing here stands in the way.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet

from alcove.security.access.actors import Actor
from alcove.security.access.errors import Refused
from alcove.security.access.models import SupportAccess
from alcove.security.audit import clock

NEEDED = "support.access"
"""What the log says an operator lacked."""


class NotLetIn(Refused):
    """The host's operator has no leave for this now; the attempt is told to the practice."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(
            NEEDED,
            sentence
            or "This shows the practice's data, and this machine is a host's: it takes an owner's leave. Ask for it "
            "with 'alcove support ask --name YOUR NAME --reason WHY --hours N'. The practice is told of this attempt.",
        )


def is_hosted() -> bool:
    """Whether whoever has this machine is a host and not the practice."""
    return bool(settings.ALCOVE.hosted)


def running(at: datetime) -> QuerySet[SupportAccess]:
    """Return the accesses in force at a moment: approved, not over, not ended."""
    return SupportAccess.objects.filter(is_granted=True, ended_at__isnull=True, until__gt=at)


def must_be_let_in(actor: Actor) -> None:
    """Raise ``NotLetIn`` for an operator of a hosted installation who acts by no leave that is in force now."""
    if actor.kind != "operator" or not is_hosted():
        return
    if actor.support_id is None or not running(clock.now()).filter(pk=actor.support_id).exists():
        raise NotLetIn
