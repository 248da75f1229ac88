"""The practice's own security settings."""

from __future__ import annotations

from collections.abc import Collection

from alcove.security.access import rules
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.models import ExcludedRegion, Setting
from alcove.security.access.policy import Access, Did
from alcove.security.access.rules import OutOfBounds, Rule


@action(Access.EDIT_RULES)
def choose(change: Change, rule: Rule, value: int) -> None:
    """Set one rule; raise ``OutOfBounds``, or ``Conflict`` if it is so already."""
    if not rule.least <= value <= rule.most:
        raise OutOfBounds(f"Choose from {rule.least} to {rule.most}.")
    held = Setting.objects.select_for_update().filter(pk=rule.key).first()
    before = held.value if held else rule.default
    if before == value:
        raise Conflict("Nothing was changed: it is set so already.")
    Setting.objects.update_or_create(key=rule.key, defaults={"value": value})
    change.record(Did.RULE_CHANGED, fields=(f"{rule.key} {before} to {value}",))
    rules.forget()


@action(Access.EDIT_RULES)
def exclude_regions(change: Change, codes: Collection[str], categories: Collection[str]) -> None:
    """Choose to which countries and states sensitive entries of these categories are never given out; none: to all.

    ``codes`` as ``audiences.region`` returns them. Raises ``Conflict`` if it is so already.
    """
    held = ExcludedRegion.objects.select_for_update().order_by("code")
    before = {row.code: row.categories for row in held}
    after = dict.fromkeys(sorted(set(codes)), sorted(set(categories)))
    if before == after:
        raise Conflict("Nothing was changed: it is set so already.")
    ExcludedRegion.objects.all().delete()
    ExcludedRegion.objects.bulk_create(
        [ExcludedRegion(code=one, categories=kinds) for one, kinds in after.items()]
    )
    change.record(
        Did.REGIONS_CHANGED, fields=(*after, "for", *sorted(set(categories))) if after else ("none",)
    )
