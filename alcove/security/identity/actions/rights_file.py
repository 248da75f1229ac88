"""Rights of roles from a file: brought by one, approved by an owner, and never more than before (ACC-12).

What must never happen: a role, and so a person, may do something after an approval that they could not do before it.
The approval therefore computes from what is in force at its own moment, in its own transaction, and only takes away.
The owner's role stays as it is whatever a file says: no owner could give its rights back to themself.
Test: ``identity/tests/test_rights_file.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings

from alcove.security import policy_defaults as policy
from alcove.security.access import rights_file
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import RightsFile, Role
from alcove.security.access.policy import Access, Did, counting
from alcove.security.access.rights_file import Difference, FileRole
from alcove.security.identity.actions import notices
from alcove.security.identity.actions.roles import must_be_owner, record_ticks
from alcove.security.identity.models import Person
from alcove.security.identity.queries.rights_file import other_owner

_OWNER = "An owner decides about rights from a file, signed in."
LONGEST_WORD = 40
"""So much of a word that is no right goes into the log."""


@action(Access.EDIT_ROLES)
def export_roles(change: Change) -> bytes:
    """Return the file that says what every role may do; it is on the log."""
    roles = list(Role.objects.all())
    change.record(Did.ROLES_EXPORTED, fields=(f"{len(roles)} roles",))
    return rights_file.written(roles)


@action(Access.EDIT_ROLES)
def bring_file(change: Change, said: Sequence[FileRole], *, purpose: str) -> RightsFile:
    """Keep what a file says until an owner decides; nothing of it is in force. Whoever may tick rights is told."""
    brought = change.create(
        RightsFile, Did.RIGHTS_BROUGHT, roles=[one.stored() for one in said], purpose=purpose,
        asked_by_id=change.actor.id, asked_by_name=change.actor.name, asked_at=change.now,
        ends_at=change.now + policy.APPROVAL_LIFE,
    )  # fmt: skip
    notices.tell_deciders(
        change, Access.EDIT_ROLES, "rights_file", "Rights from a file wait for an owner",
        f"{change.actor.name or 'Somebody'} brought a file with the rights of {len(said)} roles. Nothing of it is in "
        "force. An owner looks at the difference and decides.\n\n"
        f"{settings.ALCOVE.public_address}/setup/roles/file/",
        but=Person.objects.filter(pk__in=[change.actor.id] if change.actor.id else []).first(),
    )  # fmt: skip
    return brought


@action(Access.EDIT_ROLES)
def approve_file(change: Change, brought: RightsFile, *, seen: str) -> int:
    """Take away what the file does not grant; return how many ticks. ``seen``: the mark of the difference on the page.

    Raises ``Refused`` for anybody but an owner, and for whoever brought the file while there is another owner;
    ``Conflict`` if it is decided, too old, or the rights were changed since.
    """
    owner_id = must_be_owner(change, _OWNER)
    _must_wait(change, brought)
    if brought.asked_by_id == owner_id and other_owner(owner_id, change.now):
        raise Refused(
            Access.EDIT_ROLES.key, "Nobody approves their own file while there is another owner. Ask them."
        )
    roles = list(Role.objects.select_for_update().order_by("id"))
    found = rights_file.differences(roles, rights_file.of_stored(brought.roles))
    if rights_file.mark(found) != seen:
        raise Conflict("The rights were changed since you looked. Look at the difference again, then decide.")
    taken = {one.key: list(one.gone) for one in found if one.gone and one.role is not None}
    for one in found:
        _take(change, one)
    _decide(change, brought, Did.RIGHTS_APPROVED, owner_id, is_approved=True, taken=taken)
    return sum(len(keys) for keys in taken.values())


def _take(change: Change, one: Difference) -> None:
    if one.role is None or not one.gone:
        return
    left = sorted(counting(one.role.rights) - set(one.gone))
    change.update(one.role, Did.ROLE_CHANGED, rights=left)
    change.drafts.pop()
    record_ticks(change, one.role, [f"-{key}" for key in one.gone])


@action(Access.EDIT_ROLES)
def refuse_file(change: Change, brought: RightsFile) -> None:
    """Put a file aside: by an owner, or by whoever brought it. Raises ``Refused``, ``Conflict``."""
    by = change.actor.id if change.actor.kind == "person" else None
    if by is None or by != brought.asked_by_id:
        by = must_be_owner(change, _OWNER)
    _must_wait(change, brought)
    _decide(change, brought, Did.RIGHTS_REFUSED, by, is_approved=False)


def _must_wait(change: Change, brought: RightsFile) -> None:
    if brought.decided_at is not None or brought.ends_at <= change.now:
        raise Conflict("This file was decided already, or is too old. Bring it again.")


def _decide(change: Change, brought: RightsFile, event: Did, by: UUID, **outcome: Any) -> None:
    change.update(brought, event, decided_at=change.now, decided_by_id=by, **outcome)
    if change.drafts[-1].event is not event:
        raise Conflict("This file was decided already.")


@action(Access.EDIT_ROLES)
def drop_unknown(change: Change) -> int:
    """Take words out of the roles that no right of this version goes by; return how many. They gave nothing before.

    Raises ``Refused`` for anybody but an owner, ``Conflict`` if there are none.
    """
    must_be_owner(change, "An owner confirms what roles no longer hold, signed in.")
    dropped = 0
    for role, words in rights_file.unknown_in_force(Role.objects.select_for_update().order_by("id")):
        change.update(role, Did.ROLE_CHANGED, rights=sorted(counting(role.rights)))
        change.drafts.pop()
        record_ticks(change, role, [f"-{str(word)[:LONGEST_WORD]}" for word in words])
        dropped += len(words)
    if not dropped:
        raise Conflict("Every right that is ticked is known. There is nothing to confirm.")
    return dropped
