"""Weaknesses in who may what: roles, owners, links and files left open, settings of the practice."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.utils import timezone

from alcove.clinic.calendar.models import Feed
from alcove.clinic.clients.models import Export
from alcove.compliance.baseline.queries import given
from alcove.compliance.baseline.queries.kinds import Weak
from alcove.security import policy_defaults as policy
from alcove.security.access.models import Setting, SupportAccess
from alcove.security.access.policy import RoleKey, known
from alcove.security.access.rules import RULES, Rule
from alcove.security.identity.models import Link, Person

_DECIDING = (RoleKey.OWNER, RoleKey.OFFICER)
_LONGEST_WHAT = 300


def rights() -> Iterator[Weak]:
    """Yield roles that hold more than the log says they were given."""
    for role, more in given.beyond():
        meanings = [known()[key].value.meaning if key in known() else key for key in more]
        what = f"{role.name}: {'; '.join(meanings)}."
        yield Weak("rights", role.pk.hex, what if len(what) <= _LONGEST_WHAT else what[:297] + "…")


def held() -> Iterator[Weak]:
    """Yield roles that people hold and that nobody gave them."""
    for one in given.held_unasked():
        yield Weak(
            "held", f"{one.person_id.hex} {one.role_id.hex}", f"{one.person.name} holds {one.role.name}."
        )


def owners() -> Iterator[Weak]:
    """Yield one weakness where more people than needed are owners."""
    count = _staff().filter(memberships__role__key=RoleKey.OWNER).distinct().count()
    if count > policy.OWNERS_MOST:
        yield Weak("owners", "", f"{count} people are owners; the baseline is {policy.OWNERS_MOST}.")


def vouched() -> Iterator[Weak]:
    """Yield owners and officers of whom nobody confirmed who they are."""
    unsure = _staff().filter(vouched_at__isnull=True, identity_checked_at__isnull=True)
    for one in unsure.filter(memberships__role__key__in=_DECIDING).distinct():
        yield Weak("vouched", one.pk.hex, f"{one.name} is owner or compliance officer.")


def _staff() -> QuerySet[Person]:
    return Person.objects.filter(kind=Person.Kind.STAFF, suspended_at__isnull=True)


def links() -> Iterator[Weak]:
    """Yield links of one use that live longer than any the product makes."""
    late = timezone.now() + max(policy.CONFIRM_LINK_LIFE, policy.SETUP_LINK_LIFE) + policy.CLOCK_DRIFT
    for one in Link.objects.filter(used_at__isnull=True, expires_at__gt=late):
        yield Weak("links", one.pk.hex, f"A link ({one.kind}) works until {one.expires_at:%Y-%m-%d}.")


def feeds() -> Iterator[Weak]:
    """Yield calendar links that no phone has read for long."""
    before = timezone.now() - policy.UNUSED_LIMIT
    quiet = Q(read_at__lt=before) | Q(read_at__isnull=True, made_at__lt=before)
    for one in Feed.objects.filter(quiet, ended_at__isnull=True).select_related("profile"):
        days = policy.UNUSED_LIMIT.days
        yield Weak("feeds", one.pk.hex, f"A practitioner’s calendar link was not read for {days} days.")


def exports() -> Iterator[Weak]:
    """Yield files of many clients that should have gone by themselves."""
    before = timezone.now() - policy.EXPORT_LINK_LIFE - policy.EXPORT_LATE
    for one in Export.objects.filter(made_at__lt=before, ended_at__isnull=True):
        yield Weak(
            "exports", one.pk.hex, f"The export {one.by_name} made on {one.made_at:%Y-%m-%d} is still there."
        )


def support() -> Iterator[Weak]:
    """Yield support access that is in force for longer than an owner can allow."""
    late = timezone.now() + policy.OPERATOR_ACCESS + policy.CLOCK_DRIFT
    for one in SupportAccess.objects.filter(is_granted=True, ended_at__isnull=True, until__gt=late):
        yield Weak("support", one.pk.hex, f"{one.name} has access until {one.until:%Y-%m-%d %H:%M} UTC.")


def rules() -> Iterator[Weak]:
    """Yield settings beyond their bounds or looser than the baseline."""
    for row in Setting.objects.filter(key__in=list(RULES)):
        rule = RULES[row.key]
        least, most = _bounds(rule)
        if not least <= row.value <= most:
            limit = f"at most {most}" if row.value > most else f"at least {least}"
            yield Weak("rules", rule.key, f"{rule.title}: {row.value} {rule.unit}; the baseline is {limit}.")


def _bounds(rule: Rule) -> tuple[int, int]:
    """Return the baseline of a setting: its bounds, and for idle limits what PCI DSS and HIPAA ask."""
    if rule.key.startswith("idle."):
        return rule.least, int(policy.SESSION_IDLE.total_seconds() // 60)
    if rule.key == "session.hours":
        return rule.least, int(policy.SESSION_ABSOLUTE.total_seconds() // 3600)
    return rule.least, rule.most
