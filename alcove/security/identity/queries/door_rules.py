"""Where and when a role may sign in (IDN-18): limits are added for each role one holds, and none waives a factor.

Countries are no limit here: there is no list of addresses by country that is free, offline and right.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from alcove.security.access.errors import Refused
from alcove.security.access.models import Role
from alcove.security.identity.models import Person, SignInRule

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class TurnedAway(Refused):
    """Not from there, or not at that hour (403); the middleware puts it on the log under ``person_id``."""

    def __init__(self, why: str, person_id: UUID) -> None:
        super().__init__("sign-in", why)
        self.person_id = person_id


def of(role: Role) -> dict[str, Any]:
    """Return a role's rule as initial values of its form."""
    rule = SignInRule.objects.filter(role=role).first()
    if rule is None:
        return {}
    return {
        "networks": "\n".join(rule.networks),
        "weekdays": rule.weekdays,
        "from_hour": rule.from_hour,
        "to_hour": rule.to_hour,
    }


def words(role: Role) -> str:
    """Return a role's rule in a sentence."""
    rule = SignInRule.objects.filter(role=role).first()
    if rule is None:
        return "From anywhere, at any time."
    where = f"from {', '.join(rule.networks)}" if rule.networks else "from anywhere"
    days = ", ".join(_DAYS[day] for day in rule.weekdays) if rule.weekdays else "every day"
    return f"Only {where}, {days}, {rule.from_hour}:00 to {rule.to_hour}:00."


def why_not(person: Person, address: str, at: datetime) -> str:
    """Return why this person may not sign in from this address at this moment; "" if they may.

    Every role held now counts. The hours are those of the practice, whose zone is the current one in a request.
    """
    running = Q(role__memberships__ends_at__isnull=True) | Q(role__memberships__ends_at__gt=at)
    rules = SignInRule.objects.filter(running, role__memberships__person=person).select_related("role")
    local = timezone.localtime(at)
    for rule in rules.distinct():
        if rule.weekdays and local.weekday() not in rule.weekdays:
            return f"The role {rule.role.name} does not sign in on this day of the week."
        if not rule.from_hour <= local.hour < rule.to_hour:
            return f"The role {rule.role.name} signs in between {rule.from_hour}:00 and {rule.to_hour}:00."
        if rule.networks and not _is_inside(address, rule.networks):
            return f"The role {rule.role.name} does not sign in from this network."
    return ""


def _is_inside(address: str, networks: list[str]) -> bool:
    """Whether an address lies in one of these networks; what is no address lies in none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(one) for one in networks)
