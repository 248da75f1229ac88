"""Setup: who can be booked, when they work, when they are away."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.practice import actions
from alcove.clinic.practice.forms.team import (
    LeaveForm,
    NewProfileForm,
    PhotoForm,
    ProfileForm,
    WorkForm,
)
from alcove.clinic.practice.models import Leave, Location, Practice, StaffProfile, WorkingHours
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.clinic.practice.queries import weeks
from alcove.clinic.practice.views.places import week_said
from alcove.clinic.practice.views.saving import CLASH, actor_of, done, may_edit, row_of, saved, sent, sheet
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard
from alcove.security.identity.models import Person


@guard(GET=PracticeRight.VIEW)
def team(request: HttpRequest) -> HttpResponse:
    """List who has a column, in the calendar's order."""
    now = timezone.now()
    rows = StaffProfile.objects.select_related("person").prefetch_related("hours__location", "leaves")
    people = [
        {
            "row": row, "places": sorted({one.location.name for one in row.hours.all()}),
            "leave": next((one for one in row.leaves.all() if one.ends_at > now), None),
            "is_gone": not row.person.is_active or row.person.has_left(now),
        }
        for row in rows
    ]  # fmt: skip
    without = Person.objects.filter(kind=Person.Kind.STAFF, suspended_at=None, profile=None).count()
    page = {"people": people, "without": without, "may_edit": may_edit(request)}
    return render(request, "practice/team.html", page)


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def new_profile(request: HttpRequest) -> HttpResponse:
    """Give somebody of the staff a column."""
    form, status = NewProfileForm(sent(request)), 200
    if request.method == "POST":
        status = saved(form, partial(_add_profile, request))
        if not status:
            found = StaffProfile.objects.get(person=form.cleaned_data["person"])
            return done("practice:profile", found.pk, word="created")
    back = reverse("practice:team")
    return sheet(
        request, form, title="Add somebody to the calendar", back=back, crumbs=[("Team", back)],
        status=status, verb="Add",
    )  # fmt: skip


def _add_profile(request: HttpRequest, *, person: Person, **values: Any) -> None:
    actions.add_profile(actor_of(request), person, **values)


@guard(GET=PracticeRight.VIEW, POST=PracticeRight.EDIT)
def profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """One of the team: what is shown, hours at each place, leave."""
    row = row_of(StaffProfile, profile_id, "person")
    form, status = ProfileForm(sent(request), row=row), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_profile, actor_of(request), row), row=row)
        if not status:
            return done("practice:profile", row.pk, word="fits")
    return _profile(request, row, form, PhotoForm(), status)


def _place(row: StaffProfile, place: Location, today: date) -> dict[str, Any]:
    """Return what is said of somebody's hours at one place."""
    week = week_said(weeks.working_week(row, place, today))
    is_worked = any(hours for _, hours in week)
    return {"row": place, "week": week, "is_worked": is_worked, "later": later(row, place, today)}


def _profile(
    request: HttpRequest, row: StaffProfile, form: ProfileForm, photo_form: PhotoForm, status: int
) -> HttpResponse:
    today = timezone.localdate()
    places = [_place(row, place, today) for place in Location.objects.filter(is_active=True)]
    page = {
        "profile": row, "form": form, "photo_form": photo_form, "places": places,
        "leaves": row.leaves.filter(ends_at__gt=timezone.now()), "may_edit": may_edit(request),
        "services": row.services.select_related("service").order_by("service__name"),
    }  # fmt: skip
    return render(request, "practice/profile.html", page, status=status)


def later(row: StaffProfile, place: Location, today: date) -> list[date]:
    """Return the days from today on from which other hours hold."""
    starts = WorkingHours.objects.filter(profile=row, location=place, from_on__gt=today)
    return sorted({day for day in starts.values_list("from_on", flat=True) if day is not None})


@guard(GET=PracticeRight.VIEW, POST=PracticeRight.EDIT)
def photo(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """The photo itself; POST sets or removes it."""
    row = row_of(StaffProfile, profile_id, "person")
    if request.method != "POST":
        if row.photo is None:
            raise NotFound("there is no photo")
        return HttpResponse(bytes(row.photo), content_type="image/jpeg")
    if "remove" in request.POST:
        if row.photo is not None:
            actions.set_photo(actor_of(request), row, None)
        return done("practice:profile", row.pk, word="removed")
    form = PhotoForm(request.POST, request.FILES)
    status = saved(form, partial(actions.set_photo, actor_of(request), row))
    return (
        _profile(request, row, ProfileForm(row=row), form, status)
        if status
        else done("practice:profile", row.pk)
    )


@guard(POST=PracticeRight.EDIT)
def move_profile(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Move somebody one column."""
    row = row_of(StaffProfile, profile_id)
    steps = -1 if request.POST.get("to") == "up" else 1
    try:
        actions.move_profile(actor_of(request), row, steps=steps)
    except actions.Unchanged:
        # The first cannot go further up, the last not further down.
        return done("practice:team")
    return done("practice:team")


# Hours -------------------------------------------------------------------------------------------------------------


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def work(request: HttpRequest, profile_id: UUID, location_id: UUID) -> HttpResponse:
    """Somebody's week at a place. ``?on=`` shows the week of another day."""
    row, place = row_of(StaffProfile, profile_id), row_of(Location, location_id)
    today = timezone.localdate()
    day = _day(request.GET.get("on", "")) or today
    held = weeks.working_week(row, place, day)
    form = WorkForm(
        sent(request), week=held, seen=weeks.mark_of_working(row, place),
        initial={"from_on": day if day > today else None},
    )  # fmt: skip
    status, back = 200, reverse("practice:profile", args=[row.pk])
    if request.method == "POST":
        status = saved(form, partial(actions.set_working_hours, actor_of(request), row, place))
        if not status:
            return done("practice:profile", row.pk, word="fits")
        if status == CLASH:
            form.show_anew(weeks.mark_of_working(row, place))
    page = {
        "form": form, "title": f"{row.shown_name} at {place.name}", "back": back,
        "crumbs": [("Team", reverse("practice:team")), (row.shown_name, back)], "limits": True,
        "fact": "A break is the time between two parts of a day. Bookings that are there stand.",
        "later": later(row, place, today),
    }  # fmt: skip
    return render(request, "practice/week.html", page, status=status)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# Leave -------------------------------------------------------------------------------------------------------------


def zone_of(row: StaffProfile) -> ZoneInfo:
    """Return the time zone of the place where somebody works, or the practice's."""
    place = row.hours.select_related("location").first()
    return place.location.zone if place else ZoneInfo(Practice.objects.get().time_zone)


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def new_leave(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Enter when somebody is away."""
    row = row_of(StaffProfile, profile_id)
    form, status = LeaveForm(sent(request), zone=zone_of(row)), 200
    if request.method == "POST":
        status = saved(form, partial(actions.add_leave, actor_of(request), row))
        if not status:
            return done("practice:profile", row.pk, word="fits")
    return _leave(request, form, row, "Enter leave", status)


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def leave(request: HttpRequest, leave_id: UUID) -> HttpResponse:
    """Change leave."""
    row = row_of(Leave, leave_id, "profile")
    form, status = LeaveForm(sent(request), row=row, zone=zone_of(row.profile)), 200
    if request.method == "POST":
        status = saved(form, partial(actions.change_leave, actor_of(request), row), row=row)
        if not status:
            return done("practice:profile", row.profile_id, word="fits")
    remove = reverse("practice:leave_remove", args=[row.pk])
    return _leave(request, form, row.profile, "Leave", status, remove=remove, remove_verb="Take it back")


def _leave(
    request: HttpRequest, form: LeaveForm, row: StaffProfile, title: str, status: int, **more: Any
) -> HttpResponse:
    back = reverse("practice:profile", args=[row.pk])
    crumbs = [("Team", reverse("practice:team")), (row.shown_name, back)]
    return sheet(
        request, form, title=title, back=back, crumbs=crumbs, status=status,
        fact="Bookings that are there stand. You are told which.", **more,
    )  # fmt: skip


@guard(POST=PracticeRight.EDIT)
def remove_leave(request: HttpRequest, leave_id: UUID) -> HttpResponse:
    """Take leave back."""
    row = row_of(Leave, leave_id)
    try:
        actions.remove_leave(actor_of(request), row)
    except Conflict:
        # Somebody else took it back a moment ago: what was wanted is so.
        return done("practice:profile", row.profile_id)
    return done("practice:profile", row.profile_id, word="removed")
