"""Who can be booked: profile, photo, working hours, leave."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms

from alcove.clinic.practice.forms.sheet import Line, Sheet, WeekForm
from alcove.clinic.practice.models import Leave
from alcove.clinic.practice.queries.hours import at
from alcove.clinic.practice.queries.photos import NoPicture, small_jpeg
from alcove.security import policy_defaults as policy
from alcove.security.identity.models import Person


class ProfileForm(Sheet):
    groups: ClassVar = [("", [("shown_name", "title"), "about", "is_bookable", "is_online"])]
    shown_name = Line(label="Shown name", max_length=120, help_text="What patients read.")
    title = Line(max_length=80, required=False, help_text="Nurse injector, dermatologist.")
    about = forms.CharField(
        label="A few words about them",
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    is_bookable = forms.BooleanField(
        label="Has a column in the calendar", required=False, initial=True,
        help_text="Without it nobody books with them. Bookings that are there stand.",
    )  # fmt: skip
    is_online = forms.BooleanField(label="Patients may choose them online", required=False, initial=True)


class NewProfileForm(ProfileForm):
    groups: ClassVar = [("", ["person", ("shown_name", "title"), "about", "is_bookable", "is_online"])]
    person = forms.ModelChoiceField(
        Person.objects.filter(kind=Person.Kind.STAFF, suspended_at=None, profile=None).order_by("name"),
        label="Who", empty_label="Choose somebody of the staff",
    )  # fmt: skip
    shown_name = Line(
        label="Shown name", max_length=120, required=False, help_text="Empty: as in their account."
    )

    def values(self) -> dict[str, Any]:
        """Leave out what is as in the account."""
        given = super().values()
        return {name: value for name, value in given.items() if value != "" or name == "about"}


class PhotoForm(Sheet):
    """A photo, read at once: what is kept is a picture of our making."""

    photo = forms.FileField(
        help_text="JPEG, PNG or WebP. It is cut to a small square; place and time inside the file are removed.",
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def clean_photo(self) -> bytes:
        """Return a small JPEG."""
        file = self.cleaned_data["photo"]
        if file.size > policy.PHOTO_MAX_BYTES:
            raise forms.ValidationError(f"At most {policy.PHOTO_MAX_BYTES // 1024**2} MB.")
        try:
            return small_jpeg(file)
        except NoPicture as fault:
            raise forms.ValidationError(str(fault)) from None


class WorkForm(WeekForm):
    """Somebody's week at a location, from a day on or for a while."""

    from_on = forms.DateField(
        label="From", required=False, help_text="Empty: these have been the hours all along."
    )
    until_on = forms.DateField(label="Last day", required=False, help_text="Empty: until further notice.")

    def clean(self) -> dict[str, Any]:
        """Refuse a while that ends before it begins."""
        given = super().clean()
        first, last = given.get("from_on"), given.get("until_on")
        if first and last and last < first:
            self.add_error("until_on", "The last day is before the first one.")
        return given


class LeaveForm(Sheet):
    """Days away, or hours of them. Times are the clock's at the place where the person works."""

    groups: ClassVar = [("", ["kind", ("from_on", "from_time"), ("until_on", "until_time")])]
    kind = forms.ChoiceField(choices=Leave.Kind.choices, help_text="Colleagues read “Away”.")
    from_on = forms.DateField(label="First day")
    from_time = forms.TimeField(label="From", required=False, help_text="Empty: all day.")
    until_on = forms.DateField(label="Last day", required=False, help_text="Empty: one day only.")
    until_time = forms.TimeField(label="Until", required=False, help_text="Empty: all day.")

    def __init__(self, *args: Any, zone: ZoneInfo, **options: Any) -> None:
        self.zone = zone
        super().__init__(*args, **options)

    def of_row(self, row: Any) -> dict[str, Any]:
        """Return leave as the clock at the place shows it."""
        begin, end = row.starts_at.astimezone(self.zone), row.ends_at.astimezone(self.zone)
        is_whole = end.time() == time()
        last = end.date() - timedelta(days=1) if is_whole else end.date()
        return {
            "kind": row.kind, "version": row.version, "from_on": begin.date(), "until_on": last,
            "from_time": begin.time() if begin.time() != time() else None,
            "until_time": None if is_whole else end.time(),
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Turn days and times into two moments."""
        given = super().clean() or {}
        first = given.get("from_on")
        if first is None or self.errors:
            return given
        last = given.get("until_on") or first
        given["starts_at"] = self._moment(first, given.get("from_time") or time())
        until = given.get("until_time")
        given["ends_at"] = (
            self._moment(last, until) if until else self._moment(last + timedelta(days=1), time())
        )
        if given["ends_at"] <= given["starts_at"]:
            self.add_error("until_on", "This ends before it begins.")
        elif given["ends_at"] - given["starts_at"] > timedelta(days=731):
            self.add_error("until_on", "This is longer than two years.")
        return given

    def _moment(self, day: date, shown: time) -> datetime:
        return at(day, shown.hour * 60 + shown.minute, self.zone)

    def values(self) -> dict[str, Any]:
        """Return kind and moments."""
        return {name: self.cleaned_data[name] for name in ("kind", "starts_at", "ends_at")}
