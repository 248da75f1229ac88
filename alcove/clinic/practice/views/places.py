"""Setup: the practice, locations with their hours, closures, rooms and equipment."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.practice import actions
from alcove.clinic.practice.forms.places import (
    ClosureForm,
    HoursForm,
    InUseForm,
    LocationForm,
    NameForm,
    PracticeForm,
    UnitForm,
)
from alcove.clinic.practice.models import (
    Closure,
    Equipment,
    EquipmentKind,
    Location,
    Practice,
    Room,
)
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.clinic.practice.queries import weeks
from alcove.clinic.practice.views.saving import CLASH, actor_of, done, may_edit, row_of, saved, sent, sheet
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard


@guard(GET=PracticeRight.VIEW, POST=PracticeRight.EDIT)
def practice(request: HttpRequest) -> HttpResponse:
    """The practice's facts, and how far its set-up is."""
    row = Practice.objects.get()
    form, status = PracticeForm(sent(request), row=row), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_practice, actor_of(request), row), row=row)
        if not status:
            return done("practice:practice")
    page = {"form": form, "practice": row, "may_edit": may_edit(request)}
    return render(request, "practice/practice.html", page, status=status)


# Locations ---------------------------------------------------------------------------------------------------------


@guard(GET=PracticeRight.VIEW)
def locations(request: HttpRequest) -> HttpResponse:
    """List the places, each with its week."""
    rows = Location.objects.prefetch_related("hours", "rooms").order_by("-is_active", "name")
    found = [
        {"row": row, "week": week_said(weeks.opening_week(row)), "rooms": row.rooms.all()} for row in rows
    ]
    page = {"locations": found, "may_edit": may_edit(request)}
    return render(request, "practice/locations.html", page)


def week_said(week: dict[int, list[weeks.Stretch]]) -> list[tuple[str, str]]:
    """Return a week as ``[("Monday", "09:00–18:00"), …]``; a day off is ""."""
    return [(name, weeks.said(week.get(day, []))) for day, name in enumerate(weeks.DAYS)]


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def new_location(request: HttpRequest) -> HttpResponse:
    """Add a place."""
    first = Practice.objects.get()
    initial = {"country": first.country, "time_zone": first.time_zone}
    form, status = LocationForm(sent(request), initial=initial), 200
    if request.method == "POST":
        status = saved(form, partial(actions.add_location, actor_of(request)))
        if not status:
            return done("practice:locations", word="created")
    back = reverse("practice:locations")
    return sheet(
        request, form, title="Add a location", back=back,
        crumbs=[("Locations", back)], status=status, verb="Add",
    )  # fmt: skip


@guard(GET=PracticeRight.VIEW, POST=PracticeRight.EDIT)
def location(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """One place: address, time, week, rooms, what is shut."""
    row = row_of(Location, location_id)
    initial = {"country": row.country or Practice.objects.get().country}
    form, status = LocationForm(sent(request), row=row, initial=initial), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_location, actor_of(request), row), row=row)
        if not status:
            return done("practice:location", row.pk, word="fits")
    return render(request, "practice/location.html", _location(request, row, form), status=status)


def _location(request: HttpRequest, row: Location, form: LocationForm) -> dict[str, Any]:
    today = timezone.now().astimezone(row.zone).date()
    closures = Closure.objects.filter(until_on__gte=today).select_related("location")
    return {
        "location": row, "form": form, "room_form": NameForm(), "may_edit": may_edit(request),
        "week": week_said(weeks.opening_week(row)), "rooms": row.rooms.order_by("-is_active", "name"),
        "equipment": row.equipment.select_related("kind").order_by("-is_active", "name"),
        "closures": [one for one in closures if one.location_id in {None, row.pk}][:12],
    }  # fmt: skip


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def hours(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """The week of a place."""
    row = row_of(Location, location_id)
    form = HoursForm(sent(request), week=weeks.opening_week(row), seen=weeks.mark_of_opening(row))
    status, back = 200, reverse("practice:location", args=[row.pk])
    if request.method == "POST":
        status = saved(form, partial(actions.set_hours, actor_of(request), row))
        if not status:
            return done("practice:location", row.pk, word="fits")
        if status == CLASH:
            form.show_anew(weeks.mark_of_opening(row))
    page = {
        "form": form, "title": f"Opening hours, {row.name}", "back": back,
        "crumbs": [("Locations", reverse("practice:locations")), (row.name, back)], "status": status,
        "fact": "A pause is the time between two parts of a day. Bookings that are there stand.",
    }  # fmt: skip
    return render(request, "practice/week.html", page, status=status)


# Rooms and equipment -----------------------------------------------------------------------------------------------


@guard(POST=PracticeRight.EDIT)
def new_room(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """Add a room."""
    row = row_of(Location, location_id)
    form = NameForm(request.POST)
    status = saved(form, partial(actions.add_room, actor_of(request), row))
    if not status:
        return done("practice:location", row.pk, word="created")
    initial = {"country": row.country or Practice.objects.get().country}
    page = _location(request, row, LocationForm(row=row, initial=initial)) | {"room_form": form}
    return render(request, "practice/location.html", page, status=status)


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def room(request: HttpRequest, room_id: UUID) -> HttpResponse:
    """One room."""
    row = row_of(Room, room_id, "location")
    form, status = InUseForm(sent(request), row=row), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_room, actor_of(request), row), row=row)
        if not status:
            return done("practice:location", row.location_id, word="fits")
    back = reverse("practice:location", args=[row.location_id])
    crumbs = [("Locations", reverse("practice:locations")), (row.location.name, back)]
    return sheet(request, form, title="Room", back=back, crumbs=crumbs, status=status)


@guard(GET=PracticeRight.VIEW)
def equipment(request: HttpRequest) -> HttpResponse:
    """List kinds of equipment and the devices of each."""
    return _equipment(request)


def _equipment(request: HttpRequest, status: int = 200, **forms: Any) -> HttpResponse:
    kinds = EquipmentKind.objects.prefetch_related("units__location")
    page = {
        "kinds": kinds, "kind_form": NameForm(), "unit_form": UnitForm(prefix="unit"),
        "may_edit": may_edit(request),
    }  # fmt: skip
    return render(request, "practice/equipment.html", page | forms, status=status)


@guard(POST=PracticeRight.EDIT)
def new_kind(request: HttpRequest) -> HttpResponse:
    """Add a kind of equipment."""
    form = NameForm(request.POST)
    status = saved(form, partial(actions.add_kind, actor_of(request)))
    return (
        _equipment(request, status, kind_form=form) if status else done("practice:equipment", word="created")
    )


@guard(POST=PracticeRight.EDIT)
def new_unit(request: HttpRequest) -> HttpResponse:
    """Add a device."""
    form = UnitForm(request.POST, prefix="unit")
    status = saved(form, partial(actions.add_equipment, actor_of(request)))
    return (
        _equipment(request, status, unit_form=form) if status else done("practice:equipment", word="created")
    )


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def kind(request: HttpRequest, kind_id: UUID) -> HttpResponse:
    """Rename a kind of equipment."""
    row = row_of(EquipmentKind, kind_id)
    form, status = NameForm(sent(request), row=row), 200
    if request.method == "POST":
        status = saved(form, partial(actions.rename_kind, actor_of(request), row), row=row)
        if not status:
            return done("practice:equipment")
    back = reverse("practice:equipment")
    return sheet(
        request, form, title="Kind of equipment", back=back, crumbs=[("Equipment", back)], status=status,
    )  # fmt: skip


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def unit(request: HttpRequest, unit_id: UUID) -> HttpResponse:
    """One device."""
    row = row_of(Equipment, unit_id)
    form, status = InUseForm(sent(request), row=row), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_equipment, actor_of(request), row), row=row)
        if not status:
            return done("practice:equipment", word="fits")
    back = reverse("practice:equipment")
    return sheet(
        request,
        form,
        title="Device",
        back=back,
        crumbs=[("Equipment", back)],
        status=status,
    )


# Closures ----------------------------------------------------------------------------------------------------------


@guard(GET=PracticeRight.VIEW, POST=PracticeRight.EDIT)
def closures(request: HttpRequest) -> HttpResponse:
    """List the days on which something is shut; POST adds some."""
    form, status = ClosureForm(sent(request)), 200
    if request.method == "POST":
        status = saved(form, partial(_add_closure, request))
        if not status:
            return done("practice:closures", word="fits")
    page = {"closures": _closures(), "form": form, "may_edit": may_edit(request)}
    return render(request, "practice/closures.html", page, status=status)


def _closures() -> list[list[Closure]]:
    """Return coming closures in order, those of several locations that say the same together."""
    rows = Closure.objects.filter(until_on__gte=timezone.localdate()).select_related("location")
    together: dict[tuple[Any, ...], list[Closure]] = {}
    for row in rows.order_by("from_on", "name", "location__name"):
        together.setdefault((row.from_on, row.until_on, row.name, row.is_holiday), []).append(row)
    return list(together.values())


def _add_closure(request: HttpRequest, *, location: Location | None, **values: Any) -> None:
    actions.add_closure(actor_of(request), location, **values)


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def closure(request: HttpRequest, closure_id: UUID) -> HttpResponse:
    """One closure."""
    row = row_of(Closure, closure_id)
    form, status = ClosureForm(sent(request), row=row), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_closure, actor_of(request), row), row=row)
        if not status:
            return done("practice:closures", word="fits")
    back = reverse("practice:closures")
    return sheet(
        request, form, title="Closure", back=back, crumbs=[("Closures", back)], status=status,
        remove=reverse("practice:closure_remove", args=[row.pk]), remove_verb="Open on these days",
    )  # fmt: skip


@guard(POST=PracticeRight.EDIT)
def remove_closure(request: HttpRequest, closure_id: UUID) -> HttpResponse:
    """Open again on these days."""
    row = row_of(Closure, closure_id)
    try:
        actions.remove_closure(actor_of(request), row)
    except Conflict:
        # Somebody else removed it a moment ago: what was wanted is so.
        return done("practice:closures")
    return done("practice:closures", word="removed")
