"""For what and when somebody waits."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from django import forms
from django.utils import timezone

from alcove.clinic.calendar.models.waitlist import EVERY_DAY
from alcove.clinic.clients.forms.fields import Day
from alcove.clinic.practice.models import Location, Service, ServiceStaff, StaffProfile
from alcove.clinic.practice.models.places import DAY_MINUTES, Weekday


def _time(label: str) -> forms.TimeField:
    return forms.TimeField(
        label=label, required=False, widget=forms.TimeInput(attrs={"type": "time"}),
        error_messages={"invalid": "This is not a time of day, such as 14:30."},
    )  # fmt: skip


class JoinForm(forms.Form):
    """A place on the waitlist."""

    location = forms.ModelChoiceField(label="Location", queryset=Location.objects.none(), empty_label=None)
    service = forms.ModelChoiceField(label="Service", queryset=Service.objects.none(), empty_label="Choose…")
    profile = forms.ModelChoiceField(
        label="With", queryset=StaffProfile.objects.none(), required=False, empty_label="Anyone"
    )
    days = forms.TypedMultipleChoiceField(
        label="Days", coerce=int, choices=Weekday.choices, widget=forms.CheckboxSelectMultiple,
        initial=[int(day) for day in Weekday], error_messages={"required": "Choose at least one day of the week."},
    )  # fmt: skip
    from_time = _time("From")
    until_time = _time("Until")
    from_on = Day(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    until_on = Day(label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    walk_in = forms.BooleanField(label="Is here now (walk-in)", required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"from_on": timezone.localdate()})
        places = Location.objects.filter(is_active=True)
        for name, rows in (
            ("location", places),
            ("service", Service.objects.filter(is_active=True).select_related("category")),
            ("profile", StaffProfile.objects.filter(is_bookable=True)),
        ):
            self.fields[name].queryset = rows  # type: ignore[attr-defined]  # a choice of rows
        self.initial["location"] = places.first()

    def clean(self) -> dict[str, Any]:
        taken = self.cleaned_data
        service, profile = taken.get("service"), taken.get("profile")
        if service and profile and not ServiceStaff.objects.filter(service=service, profile=profile).exists():
            self.add_error("profile", f"{profile.shown_name} does not do {service.name}.")
        if self.hours[0] >= self.hours[1] and not self.errors:
            self.add_error("until_time", "The end comes after the beginning.")
        first, last = taken.get("from_on"), taken.get("until_on")
        if first and last and last < first:
            self.add_error("until_on", "The last day comes after the first.")
        if last and last < timezone.localdate():
            self.add_error("until_on", "This day has passed.")
        return taken

    @property
    def hours(self) -> tuple[int, int]:
        """Between which local minutes the visit lies."""
        first, last = self.cleaned_data.get("from_time"), self.cleaned_data.get("until_time")
        return _minutes(first) if first else 0, _minutes(last) if last else DAY_MINUTES

    def as_entry(self) -> dict[str, Any]:
        """Return what ``actions.waitlist.join`` takes."""
        taken = self.cleaned_data
        until_on: date | None = taken["until_on"]
        return {
            "location": taken["location"], "service": taken["service"], "profile": taken["profile"],
            "days": sum(1 << day for day in taken["days"]) & EVERY_DAY, "hours": self.hours,
            "from_on": taken["from_on"], "until_on": until_on,
            "came_from": "walk_in" if taken["walk_in"] else "staff",
        }  # fmt: skip


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
