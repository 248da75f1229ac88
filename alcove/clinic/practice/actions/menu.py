"""The menu: categories, services, who does them, and what they need and require.

A service that changes changes what is booked from now on; bookings that stand keep their length, price and people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from alcove.clinic.practice.actions.writing import (
    Unfit,
    in_order,
    locked,
    moved,
    must_be_seen,
    must_record,
    named,
    replace,
    updated,
)
from alcove.clinic.practice.models import (
    Category,
    EquipmentKind,
    Prerequisite,
    Room,
    Service,
    ServiceEquipment,
    ServiceRoom,
    ServiceStaff,
)
from alcove.clinic.practice.models.menu import TINTS
from alcove.clinic.practice.policy import Did, Practice
from alcove.clinic.practice.queries.menu import mark_of_does, mark_of_needs
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict

Does = Mapping[UUID, tuple[int | None, int | None]]
"""By profile: minutes and price in minor units, None where they are the service's own."""
LONGEST = 720
"""Minutes that an appointment takes at most, buffers included: the calendar books nothing longer."""


@action(Practice.EDIT)
def add_category(change: Change, *, name: str, is_online: bool = True) -> Category:
    """Add a heading at the end of the menu."""
    last = Category.objects.count()
    return named(
        lambda: change.create(Category, Did.CATEGORY_ADDED, name=name, is_online=is_online, position=last)
    )


@action(Practice.EDIT)
def change_category(change: Change, /, category: Category, **values: Any) -> Category:
    """Rename a category or take it off the online menu."""
    found = named(lambda: updated(change, category, Did.CATEGORY_CHANGED, values))
    must_record(change)
    return found


@action(Practice.EDIT)
def remove_category(change: Change, category: Category) -> None:
    """Remove a category that holds no service."""
    row = locked(category)
    if row.services.exists():
        raise Conflict("This category still holds services. Move them to another one first.")
    change.delete(row, Did.CATEGORY_REMOVED, fields=["is_online", "name", "position"])


@action(Practice.EDIT)
def move_category(change: Change, category: Category, *, steps: int) -> None:
    """Move a category on the menu."""
    in_order(change, moved(Category.objects.all(), category, steps), Did.CATEGORY_CHANGED)
    must_record(change)


# Services ----------------------------------------------------------------------------------------------------------


@action(Practice.EDIT)
def add_service(change: Change, /, category: Category, *, name: str, minutes: int, **values: Any) -> Service:
    """Add a service at the end of its category."""
    _must_fit(Service(name=name, minutes=minutes, **values))
    last = category.services.count()
    return named(
        lambda: change.create(
            Service, Did.SERVICE_ADDED, category=category, name=name, minutes=minutes,
            **({"position": last} | values),
        )
    )  # fmt: skip


@action(Practice.EDIT)
def change_service(change: Change, /, service: Service, **values: Any) -> Service:
    """Change a service. What is booked stays as it was booked."""
    wanted = Service(**{name: getattr(service, name) for name in _SHAPE} | {
        name: value for name, value in values.items() if name in _SHAPE
    })  # fmt: skip
    _must_fit(wanted)
    if values.get("alternative") == service:
        raise Unfit("alternative", "A service cannot stand in for itself.")
    found = named(lambda: updated(change, service, Did.SERVICE_CHANGED, values))
    must_record(change)
    return found


_SHAPE = (
    "minutes", "hands_free_from", "hands_free_minutes", "buffer_before", "buffer_after", "tint", "price_minor",
    "deposit_minor",
)  # fmt: skip


def _must_fit(service: Service) -> None:
    if service.minutes < 1:
        raise Unfit("minutes", "A service takes at least a minute.")
    if service.buffer_before + service.minutes + service.buffer_after > LONGEST:
        raise Unfit("minutes", f"With its buffers this takes longer than {LONGEST // 60} hours.")
    if service.hands_free_from + service.hands_free_minutes > service.minutes:
        raise Unfit("hands_free_minutes", "The hands-free time ends after the appointment.")
    if not 0 <= service.tint < TINTS:
        raise Unfit("tint", "There is no such colour.")
    if service.deposit_minor > service.price_minor:
        raise Unfit("deposit_minor", "The deposit is more than the price.")


@action(Practice.EDIT)
def move_service(change: Change, service: Service, *, steps: int) -> None:
    """Move a service within its category."""
    rows = Service.objects.filter(category_id=service.category_id)
    in_order(change, moved(rows.order_by("position", "name"), service, steps), Did.SERVICE_CHANGED)
    must_record(change)


@action(Practice.EDIT)
def set_does(change: Change, service: Service, does: Does, *, seen: str | None = None) -> None:
    """Make exactly these people do a service. Bookings with the others stand. ``seen``: the mark the page showed."""
    row = locked(service)
    must_be_seen(seen, mark_of_does(row))
    for minutes, _ in does.values():
        if minutes is not None and not 0 < minutes + row.buffer_before + row.buffer_after <= LONGEST:
            raise Unfit("minutes", f"With its buffers this takes longer than {LONGEST // 60} hours.")
    held = {one.profile_id: one for one in row.staff.all()}
    for profile_id, one in held.items():
        if profile_id not in does:
            change.delete(
                one, Did.DOES_CHANGED, fields=["minutes", "price_minor", "profile_id", "service_id"]
            )
    for profile_id, (minutes, price_minor) in does.items():
        own: dict[str, Any] = {"minutes": minutes, "price_minor": price_minor}
        if profile_id in held:
            change.update(held[profile_id], Did.DOES_CHANGED, **own)
        else:
            change.create(ServiceStaff, Did.DOES_CHANGED, service=row, profile_id=profile_id, **own)
    must_record(change)


@action(Practice.EDIT)
def set_needs(
    change: Change, service: Service, *, rooms: Iterable[Room], kinds: Iterable[EquipmentKind], needs_room: bool,
    seen: str | None = None,
) -> None:  # fmt: skip
    """Say where a service may be done (no room named: in any) and of which kinds of equipment it takes one each."""
    row = locked(service)
    must_be_seen(seen, mark_of_needs(row))
    change.update(row, Did.NEEDS_CHANGED, needs_room=needs_room)
    wanted = [{"service_id": row.pk, "room_id": room.pk} for room in rooms]
    replace(change, row.rooms.all(), wanted, Did.NEEDS_CHANGED, ServiceRoom)
    wanted = [{"service_id": row.pk, "kind_id": kind.pk} for kind in kinds]
    replace(change, row.equipment.all(), wanted, Did.NEEDS_CHANGED, ServiceEquipment)
    must_record(change)


# What has to be so before --------------------------------------------------------------------------------------------


@action(Practice.EDIT)
def require_age(
    change: Change, service: Service, *, years: int, area: str = "", why: str = Prerequisite.Why.LAW
) -> Prerequisite:
    """Require an age; ``area``: only where that code of ISO 3166 holds."""
    if not 0 < years < 120:  # noqa: PLR2004 - nobody is older
        raise Unfit("years", "Give an age in years.")
    return _require(change, service, kind=Prerequisite.Kind.AGE, why=why, years=years, area=area)


@action(Practice.EDIT)
def require_earlier(
    change: Change, service: Service, earlier: Service, *, why: str, valid_days: int = 0, wait_hours: int = 0
) -> Prerequisite:
    """Require that another service was done within so many days (0: ever), and at least so many hours before."""
    if valid_days and wait_hours >= valid_days * 24:
        raise Unfit("wait_hours", "It would have run out before the wait is over.")
    # All of them: two people could otherwise close a ring at the same moment, each with half of it.
    list(Service.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
    _refuse_ring(service, earlier)
    return _require(
        change, service, kind=Prerequisite.Kind.EARLIER, why=why, earlier=earlier, valid_days=valid_days,
        wait_hours=wait_hours,
    )  # fmt: skip


@action(Practice.EDIT)
def require_form(
    change: Change, service: Service, *, form: str, why: str = Prerequisite.Why.SAFETY
) -> Prerequisite:
    """Require a completed form of this name."""
    return _require(change, service, kind=Prerequisite.Kind.FORM, why=why, form=form)


def _require(change: Change, /, service: Service, **values: Any) -> Prerequisite:
    if locked(service).prerequisites.filter(**values).exists():
        raise Unfit("kind", "The service requires this already.")
    return change.create(Prerequisite, Did.RULE_ADDED, service=service, **values)


def _refuse_ring(service: Service, earlier: Service) -> None:
    """Refuse a service that would have to come before itself, over however many steps: nobody could ever book it."""
    before: dict[UUID, list[UUID]] = {}
    pairs = Prerequisite.objects.filter(kind=Prerequisite.Kind.EARLIER).values_list(
        "service_id", "earlier_id"
    )
    for service_id, earlier_id in pairs:
        before.setdefault(service_id, []).append(earlier_id)
    reached, ahead = set(), [earlier.pk]
    while ahead:
        one = ahead.pop()
        if one == service.pk:
            raise Unfit(
                "earlier", "Then each would have to come before the other, and nobody could book either."
            )
        if one not in reached:
            reached.add(one)
            ahead += before.get(one, [])


@action(Practice.EDIT)
def remove_prerequisite(change: Change, prerequisite: Prerequisite) -> None:
    """Require this no more."""
    change.delete(
        locked(prerequisite), Did.RULE_REMOVED,
        fields=["area", "earlier_id", "form", "kind", "service_id", "valid_days", "wait_hours", "why", "years"],
    )  # fmt: skip
