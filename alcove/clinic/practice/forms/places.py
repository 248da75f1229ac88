"""The practice, its locations, closures, rooms and equipment."""

from __future__ import annotations

from typing import Any, ClassVar

import phonenumbers
from django import forms
from django.utils import timezone

from alcove.clinic.practice.forms.sheet import Line, Sheet, WeekForm, zones
from alcove.clinic.practice.models import EquipmentKind, Location
from alcove.clinic.practice.queries import countries, money
from alcove.clinic.practice.queries.weeks import SLOTS

YEARS_AHEAD = 5
"""A closure that begins later than this is a slip of the pen."""


class PracticeForm(Sheet):
    groups: ClassVar = [("", ["name", ("country", "currency"), "time_zone"])]
    name = Line(label="Name of the practice", max_length=120, help_text="As patients know it.")
    country = forms.ChoiceField(choices=countries.CHOICES)
    currency = forms.ChoiceField(choices=money.CURRENCIES)
    time_zone = forms.ChoiceField(label="Time zone", choices=zones)


class LocationForm(Sheet):
    groups: ClassVar = [
        ("", ["name", "street", ("postal_code", "city"), ("country", "region"), ("phone", "email")]),
        ("Time", ["time_zone", "slot_minutes", "keeps_holidays"]),
        ("", ["is_active"]),
    ]
    name = Line(max_length=120)
    street = Line(max_length=160, required=False)
    city = Line(max_length=120, required=False)
    postal_code = Line(label="Postal code", max_length=16, required=False)
    country = forms.ChoiceField(choices=countries.CHOICES)
    region = forms.CharField(
        label="State or region", max_length=6, required=False,
        help_text="Its short code: CA for California, ENG for England.",
    )  # fmt: skip
    phone = forms.CharField(label="Phone", max_length=40, required=False)
    email = forms.EmailField(label="E-mail", max_length=254, required=False)
    time_zone = forms.ChoiceField(
        label="Time zone", choices=zones, help_text="Nine o’clock stays nine o’clock here when clocks change."
    )
    slot_minutes = forms.TypedChoiceField(
        label="Appointments begin every",
        choices=[(one, f"{one} minutes") for one in SLOTS],
        coerce=int,
        initial=15,
    )
    keeps_holidays = forms.BooleanField(
        label="Closed on public holidays", required=False,
        help_text="They are put in for this year and the next. A single one can be taken out under Closures.",
    )  # fmt: skip
    is_active = forms.BooleanField(
        label="In use", required=False, initial=True,
        help_text="A location out of use takes no new appointments. Its bookings stand.",
    )  # fmt: skip

    def clean_region(self) -> str:
        """Return the code in capitals."""
        return str(self.cleaned_data["region"]).strip().upper()

    def clean_phone(self) -> str:
        """Return the number in E.164, or nothing."""
        typed = str(self.cleaned_data["phone"]).strip()
        if not typed:
            return ""
        try:
            number = phonenumbers.parse(typed, self.cleaned_data.get("country") or None)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise forms.ValidationError("This is no phone number. Begin with + and the country code.")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def clean(self) -> dict[str, Any]:
        """Fit the state to its country."""
        given = super().clean() or {}
        if "country" in given and "region" in given:
            fault = countries.region_fault(given["country"], given["region"])
            if fault:
                self.add_error("region", fault)
        return given


class HoursForm(WeekForm):
    """A location's week."""


class ClosureForm(Sheet):
    groups: ClassVar = [("", ["name", ("from_on", "until_on"), "location"])]
    name = Line(
        label="What for", max_length=120, help_text="Staff training, repairs. Staff see it in the calendar."
    )
    from_on = forms.DateField(label="First day", widget=forms.DateInput)
    until_on = forms.DateField(label="Last day", required=False, help_text="Empty: one day only.")
    location = forms.ModelChoiceField(
        Location.objects.all(), required=False, label="Where", empty_label="Every location"
    )

    def clean(self) -> dict[str, Any]:
        """Take one day where no last one is given; refuse slips of the pen."""
        given = super().clean() or {}
        first = given.get("from_on")
        if first is not None:
            given["until_on"] = given.get("until_on") or first
            if abs((first - timezone.localdate()).days) > YEARS_AHEAD * 366:
                self.add_error("from_on", f"This lies more than {YEARS_AHEAD} years away.")
            if given["until_on"] < first:
                self.add_error("until_on", "The last day is before the first one.")
            elif (given["until_on"] - first).days > 366:  # noqa: PLR2004 - a year and a day
                self.add_error("until_on", "This is longer than a year. Put the location out of use instead.")
        return given


class NameForm(Sheet):
    """A new room or kind of equipment."""

    name = Line(max_length=60)


class UnitForm(Sheet):
    """A new device of a kind."""

    groups: ClassVar = [("", ["name", ("kind", "location")])]
    name = Line(max_length=60, label="Name of the device", help_text="What staff call it: “Laser, left”.")
    kind = forms.ModelChoiceField(EquipmentKind.objects.all(), empty_label=None)
    location = forms.ModelChoiceField(Location.objects.filter(is_active=True), empty_label=None)


class InUseForm(NameForm):
    """A room or device that is there."""

    is_active = forms.BooleanField(
        label="In use",
        required=False,
        help_text="Out of use it is not booked any more. What is booked stands.",
    )
