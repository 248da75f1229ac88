"""Deeds that take two people: one asks and says why, another decides. Nobody decides what they asked for.

A granted approval is used up by the deed it was for (``use``), within its time. Kinds are code words of the areas.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Approval
from alcove.security.access.policy import Access, Did, Keys, Permission
from alcove.security.audit import clock

DECIDED_BY: Final[dict[str, Permission]] = {"root_key": Keys.ROTATE}
"""What else whoever decides a kind must hold: over the practice's root key decides an owner."""


class ApprovalNeeded(Refused):
    """Nobody else has approved this yet (403)."""

    def __init__(self) -> None:
        super().__init__(
            "approval", "This takes a second person: ask for approval and come back when it is given."
        )


def waiting() -> QuerySet[Approval]:
    """Return what is neither decided nor out of time, oldest first."""
    return Approval.objects.filter(decided_at__isnull=True, ends_at__gt=clock.now()).order_by("asked_at")


def ask(
    change: Change, kind: str, *, purpose: str, subject_id: UUID | None = None,
    details: Mapping[str, int | str] | None = None, life: timedelta = policy.APPROVAL_LIFE,
) -> Approval:  # fmt: skip
    """Ask for a second person, as part of a deed that was allowed. ``details`` are counts and code words."""
    return change.create(
        Approval, Did.APPROVAL_ASKED, kind=kind, subject_id=subject_id, purpose=purpose,
        details=dict(details or {}), asked_by_id=change.actor.id, asked_by_name=change.actor.name,
        asked_at=change.now, ends_at=change.now + life,
    )  # fmt: skip


@action(Access.APPROVE)
def decide(change: Change, approval: Approval, *, is_granted: bool) -> None:
    """Grant or refuse; raise ``Refused`` for one's own request, ``Conflict`` if it is decided or out of time.

    A person decides, never the console or a job: those may be who asked. Some kinds need a right of their own
    besides (``DECIDED_BY``).
    """
    if change.actor.kind != "person" or change.actor.id is None:
        raise Refused(Access.APPROVE.key, "A person decides this, signed in.")
    if approval.kind in DECIDED_BY:
        change.actor.must(DECIDED_BY[approval.kind])
    if approval.asked_by_id is not None and approval.asked_by_id == change.actor.id:
        raise Refused(Access.APPROVE.key, "Nobody approves their own request. Ask someone else.")
    if approval.decided_at is not None or approval.ends_at <= change.now:
        raise Conflict("This request was decided already, or is too old.")
    change.update(
        approval, Did.APPROVAL_GRANTED if is_granted else Did.APPROVAL_REFUSED,
        decided_at=change.now, decided_by_id=change.actor.id, is_granted=is_granted,
    )  # fmt: skip


def use(change: Change, kind: str, subject_id: UUID | None = None) -> Approval:
    """Use up a granted approval of this kind that the actor asked for; raise ``ApprovalNeeded`` if there is none.

    What the deed records from here on names who approved it. One statement decides between two that bring the same
    approval.
    """
    granted = Approval.objects.filter(
        kind=kind, subject_id=subject_id, asked_by_id=change.actor.id, is_granted=True, used_at__isnull=True,
        ends_at__gt=change.now,
    )  # fmt: skip
    for approval in granted.exclude(decided_by_id=change.actor.id):
        if granted.filter(pk=approval.pk).update(used_at=change.now):
            change.approver_id = approval.decided_by_id
            return approval
    raise ApprovalNeeded
