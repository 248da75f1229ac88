"""The menu as it is shown, and what a service requires, in words."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch

from alcove.clinic.practice.models import Category, Prerequisite, Service
from alcove.clinic.practice.queries import money
from alcove.clinic.practice.queries.weeks import mark_of


def offered() -> list[dict[str, Any]]:
    """Return categories in order, each ``{"row", "services": [{"row", "price", "people", "rules"}]}``."""
    services = Service.objects.prefetch_related("staff", "prerequisites__earlier").order_by(
        "position", "name"
    )
    currency = money.currency()
    return [
        {"row": category, "services": [_line(service, currency) for service in category.services.all()]}
        for category in Category.objects.prefetch_related(Prefetch("services", services))
    ]


def _line(service: Service, currency: str) -> dict[str, Any]:
    return {
        "row": service, "price": money.said(service.price_minor, currency), "people": len(service.staff.all()),
        "rules": [rule_said(rule) for rule in service.prerequisites.all()],
    }  # fmt: skip


def rules_of(service: Service) -> list[dict[str, Any]]:
    """Return what a service requires: ``[{"row", "said"}]``."""
    rows = service.prerequisites.select_related("earlier").order_by("kind", "id")
    return [{"row": row, "said": rule_said(row)} for row in rows]


def rule_said(rule: Prerequisite) -> str:
    """Return a rule as a sentence without its stop."""
    if rule.kind == Prerequisite.Kind.AGE:
        return f"{rule.years} or older" + (f" in {rule.area}" if rule.area else "")
    if rule.kind == Prerequisite.Kind.FORM:
        return f"“{rule.form}” is complete"
    words = f"{rule.earlier} first" if rule.earlier else "An earlier service first"
    if rule.valid_days:
        words += f", within {rule.valid_days} days"
    if rule.wait_hours:
        words += f", at least {rule.wait_hours} hours before"
    return words


def mark_of_does(service: Service) -> str:
    """Return the mark of who does a service, by which a form knows whether it is still as it showed it."""
    return mark_of(service.staff.values_list("profile_id", "minutes", "price_minor"))


def mark_of_needs(service: Service) -> str:
    """Return the mark of what a service needs."""
    rooms, kinds = service.rooms.values_list("room_id"), service.equipment.values_list("kind_id")
    return mark_of([*rooms, *kinds, (service.needs_room,)])
