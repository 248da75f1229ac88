"""Emergency access: taken with a reason, told to owners and officers, given back, reviewed by someone else (ACC-08)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.clients.actions.cards import Unchanged
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.security import policy_defaults as policy
from alcove.security.access import need
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import GlassBreak
from alcove.security.access.policy import Did
from alcove.security.access.rules import RULES
from alcove.security.identity.actions.notices import tell
from alcove.security.identity.queries import explain

NOTICE = "glass"
"""What notices of emergency access are called."""


class ReasonTooShort(Exception):
    """A reason or finding that tells a reviewer nothing; the text goes beside the field."""

    def __init__(self) -> None:
        super().__init__(f"Say why in at least {policy.REASON_MIN_LENGTH} letters.")


def worded(text: str) -> str:
    """Return a reason without blanks around it; raise ``ReasonTooShort``."""
    text = text.strip()
    if len(text) < policy.REASON_MIN_LENGTH:
        raise ReasonTooShort
    return text


@action(Clients.GLASS)
def break_glass(change: Change, client_id: UUID, *, reason: str, with_sensitive: bool = False) -> GlassBreak:
    """Reach this client's record for a while, whatever need-to-know says; what the role does not hold stays shut.

    ``with_sensitive``: entries marked sensitive as well, whoever their readers are; asked for in so many words.
    Raises ``ReasonTooShort``, ``NotFound``, ``Unchanged`` while it is open for this person already.
    """
    reason = worded(reason)
    is_there = Client.objects.select_for_update().filter(pk=client_id).first() is not None
    if change.actor.id is None or not is_there or need.is_deleted(client_id):
        raise NotFound("there is no such client")
    running = GlassBreak.objects.filter(
        client_id=client_id, person_id=change.actor.id, ends_at__gt=change.now
    )
    if running.filter(opens_sensitive=True).exists() or (running.exists() and not with_sensitive):
        raise Unchanged("You have emergency access to this client already.")
    glass = change.create(
        GlassBreak, Did.GLASS_BROKEN, client_id=client_id, person_id=change.actor.id, reason=reason,
        began_at=change.now, ends_at=change.now + RULES["glass.minutes"].minutes,
        due_at=change.now + policy.GLASS_REVIEW, opens_sensitive=with_sensitive,
    )  # fmt: skip
    # The entry says why; the names of columns would say nothing.
    change.drafts.pop()
    # Whether there is such an entry at all, the log does not tell.
    asked = ("with sensitive entries",) if with_sensitive else ()
    change.record(Did.GLASS_BROKEN, client_id=client_id, on=glass, fields=asked, reason=reason)
    _tell_reviewers(
        change,
        "Somebody took emergency access to a record",
        f"{change.actor.name} broke the glass and opened a client's record{_too(glass)}. Why, and what was opened, "
        f"stands on the page below. It wants somebody else's review until {_day(glass.due_at)}.",
    )
    return glass


@action(Clients.GLASS)
def return_glass(change: Change, client_id: UUID) -> None:
    """End one's own emergency access to this client now; raise ``Unchanged`` if there is none."""
    held = GlassBreak.objects.select_for_update().filter(client_id=client_id, ends_at__gt=change.now)
    running = list(held.filter(person_id=change.actor.id)) if change.actor.id else []
    if not running:
        raise Unchanged("Your emergency access is over already.")
    for glass in running:
        glass.ends_at = change.now
        glass.save(update_fields=["ends_at"])
        change.record(Did.GLASS_RETURNED, client_id=client_id, on=glass)


@action(Clients.REVIEW_GLASS)
def review_glass(change: Change, glass_id: UUID, *, is_justified: bool, finding: str) -> None:
    """Note whether emergency access was justified, and what was found.

    Raises ``ReasonTooShort``, ``NotFound``, ``Refused`` for one's own, ``Conflict`` if it was reviewed already.
    """
    finding = worded(finding)
    glass = GlassBreak.objects.select_for_update().filter(pk=glass_id).first()
    if glass is None:
        raise NotFound("there is no such emergency access")
    if glass.person_id == change.actor.id:
        raise Refused(
            Clients.REVIEW_GLASS.key,
            "Nobody reviews their own emergency access. Ask another owner or officer.",
        )
    if glass.reviewed_at is not None:
        raise Conflict("Somebody reviewed this meanwhile. Their finding stands.")
    glass.reviewed_at, glass.reviewed_by_id = change.now, change.actor.id
    glass.is_justified, glass.finding = is_justified, finding
    glass.save(update_fields=["reviewed_at", "reviewed_by_id", "is_justified", "finding"])
    outcome = "justified" if is_justified else "not justified"
    change.record(Did.GLASS_REVIEWED, client_id=glass.client_id, on=glass, fields=(outcome,), reason=finding)


@action(Clients.REVIEW_GLASS)
def escalate_glass(change: Change) -> int:
    """Report what nobody has reviewed in time to owners and officers, once each; return how many: at least one."""
    late = GlassBreak.objects.select_for_update().filter(
        reviewed_at__isnull=True, due_at__lte=change.now, escalated_at__isnull=True
    )
    rows = list(late)
    for glass in rows:
        glass.escalated_at = change.now
        glass.save(update_fields=["escalated_at"])
        change.record(Did.GLASS_OVERDUE, client_id=glass.client_id, on=glass)
    if rows:
        _tell_reviewers(
            change,
            "Emergency access was not reviewed in time",
            f"{len(rows)} use{'s' if len(rows) > 1 else ''} of emergency access should have been reviewed within "
            f"{policy.GLASS_REVIEW // timedelta(hours=1)} hours and nobody did. Please do it now, on the page below.",
        )
    return len(rows)


def _too(glass: GlassBreak) -> str:
    return ", with whatever in it is marked sensitive" if glass.opens_sensitive else ""


def _tell_reviewers(change: Change, subject: str, text: str) -> None:
    """Tell everyone who may review, but not who acted: no client is named."""
    address = f"{settings.ALCOVE.public_address}/compliance/glass/"
    for person, _ in explain.who_can_see(Clients.REVIEW_GLASS):
        if person.id != change.actor.id:
            tell(change, person, NOTICE, subject, f"{text}\n\n{address}")


def _day(moment: object) -> str:
    return date_format(timezone.localtime(moment), "l j F, H:i")  # type: ignore[arg-type]  # a moment
