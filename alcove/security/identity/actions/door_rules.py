"""Setting where and when a role may sign in, and asking it at the door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.models import Role
from alcove.security.access.policy import Access
from alcove.security.audit.models import Origin
from alcove.security.identity.models import Person, SignInRule
from alcove.security.identity.policy import Did
from alcove.security.identity.queries import door_rules


class LocksOneselfOut(Exception):
    """The rule would turn whoever sets it away at this moment; the text goes on top of the form."""


@action(Access.EDIT_ROLES)
def set_door_rule(
    change: Change,
    role: Role,
    *,
    networks: Sequence[str],
    weekdays: Sequence[int],
    from_hour: int,
    to_hour: int,
) -> None:
    """Set a role's rule; raise ``LocksOneselfOut`` if the actor holds the role and could not sign in by it now."""
    values: dict[str, Any] = {
        "networks": list(networks),
        "weekdays": list(weekdays),
        "from_hour": from_hour,
        "to_hour": to_hour,
    }
    rule = SignInRule.objects.filter(role=role).first()
    if rule is None:
        rule = change.create(SignInRule, Did.DOOR_RULE_SET, role=role, **values)
    elif not change.update(rule, Did.DOOR_RULE_SET, **values):
        raise Conflict("Nothing was changed: the rule is set so already.")
    own = (
        Person.objects.filter(pk=change.actor.id, memberships__role=role).first() if change.actor.id else None
    )
    if own is not None and door_rules.why_not(own, _address(change), change.now):
        raise LocksOneselfOut(
            "You hold this role, and by this rule you could not sign in from here now. Choose another."
        )


def refuse_outside(change: Change, person: Person) -> None:
    """Raise ``TurnedAway`` where or when this person's roles do not sign in. Only in ``begin_session``."""
    why = door_rules.why_not(person, _address(change), change.now)
    if why:
        raise door_rules.TurnedAway(why, person.id)


def _address(change: Change) -> str:
    origin = change.actor.origin_id
    found = Origin.objects.filter(pk=origin).values_list("address", flat=True).first() if origin else None
    return found or ""
