"""When and with whom: the forms of booking, moving and blocking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from alcove.clinic.calendar.models import Appointment, Series
from alcove.clinic.calendar.queries.planning import Part
from alcove.clinic.calendar.queries.rhythm import MOST, Rhythm
from alcove.clinic.clients.forms.fields import FormOnce
from alcove.clinic.practice.models import Location, Room, Service, StaffProfile
from alcove.clinic.practice.queries import at

PARTS = 4
"""Services one form can book at once."""
NOTE = 500
ANY = "any"


class PlaceForm(FormOnce):
    """A day and a time by the location's clock; ``outside`` and ``overrule`` are asked for only where they matter."""

    day = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "This is not a date. Write it as year-month-day, such as 2027-03-04."},
    )  # fmt: skip
    time = forms.TimeField(
        label="Time", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "This is not a time. Write it as hours and minutes, such as 14:30."},
    )  # fmt: skip
    outside = forms.BooleanField(label="Book outside opening and working hours", required=False)
    overrule = forms.CharField(
        label="Why this person is booked twice at the same time", required=False, min_length=10, max_length=300,
        help_text="It stands on the log. Rooms and equipment cannot be booked twice.",
        error_messages={"min_length": "Say why in at least 10 letters."},
    )  # fmt: skip
    location: Location

    def clean_day(self) -> date:
        found: date = self.cleaned_data["day"]
        if not date(2000, 1, 1) <= found < date(2100, 1, 1):
            raise forms.ValidationError("Choose a day of this century.")
        return found

    def take_chosen(self) -> None:
        """Put a time that was offered and pressed into day and time."""
        pressed = str(self.data.get("take", ""))
        if self.is_bound and "T" in pressed:
            day, _, hour = pressed.partition("T")
            self.data = {**self.typed(), "day": day, "time": hour, "take": ""}

    def clean(self) -> dict[str, Any]:
        taken = self.cleaned_data
        day, hour = taken.get("day"), taken.get("time")
        if isinstance(day, date) and isinstance(hour, time):
            moment = at(day, hour.hour * 60 + hour.minute, self.location.zone)
            if moment.astimezone(self.location.zone).time() != hour.replace(second=0, microsecond=0):
                self.add_error(
                    "time", "Clocks skip this time on that day. Choose one an hour earlier or later."
                )
            taken["starts_at"] = moment
        return taken


def spoken(moment: datetime, location: Location) -> dict[str, str]:
    """Return a moment as first values of day and time."""
    here = moment.astimezone(location.zone)
    return {"day": here.date().isoformat(), "time": f"{here:%H:%M}"}


def read_moment(text: str) -> datetime | None:
    """Return the moment of so many minutes since 1970, None for anything odd."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - a date that a calendar has
        return None
    return datetime.fromtimestamp(int(text) * 60, UTC)


class BookForm(PlaceForm):
    """One or several services for one client, once or as a course."""

    note = forms.CharField(
        label="Note for the front desk", required=False, max_length=NOTE, strip=False,
        widget=forms.Textarea(attrs={"rows": 2}), help_text="Nothing clinical.",
    )  # fmt: skip
    count = forms.IntegerField(label="Visits", required=False, min_value=1, max_value=MOST, initial=1)
    every = forms.IntegerField(label="Every", required=False, min_value=1, max_value=60, initial=4)
    unit = forms.ChoiceField(
        label="Unit", required=False, choices=Series.Unit.choices, initial=str(Series.Unit.WEEKS)
    )

    def __init__(
        self, *args: Any, location: Location, services: Sequence[Service], people: Sequence[StaffProfile],
        rooms: Sequence[Room], anyone: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        given = args[0] if args else None
        self._ticked: list[str] = given.getlist("date") if isinstance(given, QueryDict) else []
        super().__init__(*args, **options)
        self.location = location
        self._services = {one.pk.hex: one for one in services}
        self._rooms = {one.pk.hex: one for one in rooms}
        menu: dict[str, list[tuple[str, str]]] = {}
        for one in services:
            menu.setdefault(one.category.name, []).append((one.pk.hex, f"{one.name} · {one.minutes} min"))
        staff = [
            *([(ANY, "Whoever is free")] if anyone else []),
            *((one.pk.hex, one.shown_name) for one in people),
        ]
        places = [(ANY, "Any that suits"), *((one.pk.hex, one.name) for one in rooms)]
        for number in range(PARTS):
            self._add_part(number, [("", "Choose…"), *menu.items()], staff, places)
        self.take_chosen()

    def _add_part(self, number: int, menu: Any, staff: Any, places: Any) -> None:
        fields: dict[str, forms.Field] = {
            f"service_{number}": forms.ChoiceField(label="Service", choices=menu, required=number == 0),
            f"person_{number}": forms.ChoiceField(label="With", choices=staff, required=False, initial=ANY),
            f"room_{number}": forms.ChoiceField(label="Room", choices=places, required=False, initial=ANY),
        }
        if number:
            fields[f"beside_{number}"] = forms.BooleanField(
                label="At the same time as the one before", required=False
            )
        self.fields |= fields

    @property
    def drawn(self) -> list[dict[str, Any]]:
        """The fields of each service, for the page."""
        names = ("service", "person", "room", "beside")
        return [
            {"number": number + 1}
            | {name: self[f"{name}_{number}"] for name in names if f"{name}_{number}" in self.fields}
            for number in range(PARTS)
        ]

    @property
    def has_more(self) -> bool:
        """Whether a second service or a course is filled in."""
        more = any(self[f"service_{number}"].value() for number in range(1, PARTS))
        return more or str(self["count"].value() or 1) != "1" or bool(self.errors)

    def parts(self) -> list[Part]:
        """Return the services asked for, in their order."""
        taken, found = self.cleaned_data, []
        for number in range(PARTS):
            key = taken.get(f"service_{number}")
            if key:
                who, where = taken.get(f"person_{number}") or ANY, taken.get(f"room_{number}") or ANY
                room = None if where == ANY else self._rooms[where]
                found.append(
                    Part(
                        self._services[key],
                        None if who == ANY else UUID(who),
                        room,
                        is_beside=bool(taken.get(f"beside_{number}")),
                    )
                )
        return found

    @property
    def rhythm(self) -> Rhythm | None:
        """The course asked for; None for a single visit."""
        taken = self.cleaned_data
        if (taken.get("count") or 1) == 1:
            return None
        return Rhythm(taken.get("every") or 1, taken.get("unit") or "weeks", taken["count"])

    def dates(self) -> frozenset[int] | None:
        """Return the numbers of the dates that were ticked in the preview; None before there was one."""
        if not self.data.get("agreed"):
            return None
        return frozenset(int(one) for one in self._ticked if one.isascii() and one.isdigit() and len(one) < 4)  # noqa: PLR2004 - at most MOST


class MoveForm(PlaceForm):
    """A new time for a booking, and who does each part of it now."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, location: Location, appointments: Sequence[Appointment], people: Sequence[StaffProfile],
        rooms: Sequence[Room], **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **options)
        self.location = location
        self._appointments = list(appointments)
        self._people = {one.pk.hex: one for one in [*people, *(one.profile for one in appointments)]}
        self._rooms = {one.pk.hex: one for one in rooms}
        for one in self._appointments:
            self.fields[f"person_{one.pk.hex}"] = forms.ChoiceField(
                label=f"{one.service.name} with", initial=one.profile_id.hex,
                choices=[(key, profile.shown_name) for key, profile in self._people.items()],
            )  # fmt: skip
        self.fields["room"] = forms.ChoiceField(
            label="Room",
            required=False,
            choices=[("", "As it is, if it is free"), *((one.pk.hex, one.name) for one in rooms)],
        )
        self.take_chosen()

    @property
    def people(self) -> list[Any]:
        """The fields of who does what, for the page."""
        return [self[f"person_{one.pk.hex}"] for one in self._appointments]

    def profiles(self) -> dict[UUID, StaffProfile]:
        """Return who does each appointment now."""
        return {one.pk: self._people[self.cleaned_data[f"person_{one.pk.hex}"]] for one in self._appointments}

    def room(self) -> Room | None:
        """Return the room chosen; None for any."""
        return self._rooms.get(self.cleaned_data.get("room") or "")


class BlockForm(PlaceForm):
    """Time of a person or a room that nobody can book."""

    of = forms.ChoiceField(label="Whose time")
    title = forms.CharField(
        label="What for", max_length=80, help_text="Colleagues read it. No client's name."
    )
    minutes = forms.IntegerField(label="Minutes", min_value=5, max_value=1440, initial=30)

    def __init__(
        self,
        *args: Any,
        location: Location,
        people: Sequence[StaffProfile],
        rooms: Sequence[Room],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.location = location
        everything: list[StaffProfile | Room] = [*people, *rooms]
        self._all = {one.pk.hex: one for one in everything}
        groups = [("People", people), ("Rooms", rooms)]
        self.fields["of"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (title, [(one.pk.hex, str(one)) for one in found]) for title, found in groups if found
        ]

    def whose(self) -> StaffProfile | Room:
        """Return whose time it is."""
        return self._all[self.cleaned_data["of"]]
