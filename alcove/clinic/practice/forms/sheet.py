"""What the forms of Setup share: their fields in groups, the version they were read at, hours, minutes and money."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import time
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.db import models

from alcove.clinic.practice.models.places import DAY_MINUTES
from alcove.clinic.practice.queries import money
from alcove.clinic.practice.queries.weeks import DAYS, Stretch, clock, fault_of

MOST = 4
"""Stretches of one day."""
Group = tuple[str, Sequence[str | tuple[str, str]]]


class Sheet(forms.Form):
    """A form whose ``groups`` say how it is drawn: ``("Legend", ("name", ("two", "beside")))``."""

    groups: ClassVar[Sequence[Group]] = ()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, data: Any = None, files: Any = None, *, row: models.Model | None = None, **options: Any
    ) -> None:
        initial = {} if row is None else self.of_row(row)
        super().__init__(data, files, initial=initial | (options.pop("initial", None) or {}), **options)

    def of_row(self, row: models.Model) -> dict[str, Any]:
        """Return what a row holds, for the fields that are called like its columns."""
        return {name: getattr(row, name) for name in self.base_fields if hasattr(row, name)}

    def drawn(self) -> list[dict[str, Any]]:
        """Return the groups with their fields, for the template."""
        groups = self.groups or [("", [name for name in self.fields if name != "version"])]
        return [{"legend": legend, "lines": [self._line(one) for one in lines]} for legend, lines in groups]

    def _line(self, names: str | tuple[str, str]) -> list[forms.BoundField]:
        wanted = (names,) if isinstance(names, str) else names
        return [self[name] for name in wanted if name in self.fields]

    def values(self) -> dict[str, Any]:
        """Return what was given, for an action."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    def renew(self, row: models.Model) -> None:
        """Let the form be sent again over the row's newest version, with all that was typed."""
        self._sent_with("version", str(getattr(row, "version", "")))

    def show_anew(self, seen: str) -> None:
        """Let the form be sent again over what someone else changed meanwhile."""
        self._sent_with("seen", seen)

    def _sent_with(self, name: str, value: str) -> None:
        # What was sent is read-only and may hold several values of a name: a copy of its own kind keeps them.
        data: Any = copy(self.data)
        data[name] = value
        self.data = data


class Minutes(forms.IntegerField):
    """A length of time."""

    unit = "minutes"

    def __init__(self, *, most: int = DAY_MINUTES, least: int = 0, **options: Any) -> None:
        super().__init__(min_value=least, max_value=most, **options)

    def clean(self, value: Any) -> int:
        """Return minutes; nothing is none."""
        return super().clean(value) or 0


class Money(forms.DecimalField):
    """An amount of the practice's currency, in minor units within Alcove."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=1_000_000, max_digits=12, decimal_places=3, **options)

    @property
    def unit(self) -> str:
        return money.currency()

    def prepare_value(self, value: Any) -> Any:
        """Show minor units as people write them; what was typed stays as typed."""
        return money.major(value, self.unit) if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        """Return minor units."""
        amount = super().clean(value)
        if amount is None:
            return None
        digits = money.digits(self.unit)
        if amount != amount.quantize(Decimal(1).scaleb(-digits)):
            raise forms.ValidationError(f"{self.unit} has {digits or 'no'} digits after the point.")
        return money.minor(amount, self.unit)


class Line(forms.CharField):
    """One line of text, spaces tidied."""

    def clean(self, value: Any) -> str:
        """Return the text with single spaces."""
        return " ".join(str(super().clean(value)).split())


@cache
def zones() -> tuple[tuple[str, str], ...]:
    """Return time zones to choose from: places only, in order. They are files on the disk, so they are read once."""
    places = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return tuple(
        (name, name.replace("_", " ")) for name in sorted(available_timezones()) if name.startswith(places)
    )


# A week ------------------------------------------------------------------------------------------------------------


class WeekForm(Sheet):
    """Hours for each weekday: ``slots`` stretches of from and until. An empty day is a day off."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        week: Mapping[int, Iterable[Stretch]] | None = None,
        seen: str = "",
        **options: Any,
    ) -> None:
        held = {day: list(stretches) for day, stretches in (week or {}).items()}
        sent = [
            int(name.rpartition("_")[2]) + 1 for name in data or () if re.fullmatch(r"from_\d_[0-3]", name)
        ]
        self.slots = min(MOST, max([2, *sent, *(len(stretches) + 1 for stretches in held.values())]))
        options["initial"] = {"seen": seen} | _initial(held) | options.get("initial", {})
        super().__init__(data, **options)
        for day, name in enumerate(DAYS):
            for slot in range(self.slots):
                for end, word in (("from", "from"), ("until", "until")):
                    part = "" if slot == 0 else f", part {slot + 1}"
                    self.fields[f"{end}_{day}_{slot}"] = forms.TimeField(
                        label=f"{name}{part}, {word}", required=False,
                        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
                        error_messages={"invalid": "Give a time, such as 09:30."},
                    )  # fmt: skip

    def days(self) -> list[dict[str, Any]]:
        """Return what the template draws: each day with its pairs of fields and its error."""
        return [
            {
                "name": name,
                "id": name.lower(),
                "pairs": [
                    (self[f"from_{day}_{slot}"], self[f"until_{day}_{slot}"]) for slot in range(self.slots)
                ],
                "errors": self.day_errors.get(day, []),
            }
            for day, name in enumerate(DAYS)
        ]

    @property
    def day_errors(self) -> dict[int, list[str]]:
        """Return the sentences beside each day."""
        found: dict[int, list[str]] = {}
        for name, sentences in self.errors.items():
            if of_day := re.fullmatch(r"(?:from|until)_(\d)_\d", name):
                found.setdefault(int(of_day[1]), []).extend(str(one) for one in sentences)
        return found

    def fault(self, field: str, sentence: str) -> None:
        """Put the sentence of an action beside its day."""
        names = [day.lower() for day in DAYS]
        place = f"from_{names.index(field)}_0" if field in names else field if field in self.fields else None
        self.add_error(place, sentence)

    def clean(self) -> dict[str, Any]:
        """Read the days; a time without its other half, or in the wrong order, is said beside its day."""
        given = super().clean() or {}
        week: dict[int, list[Stretch]] = {}
        for day in range(len(DAYS)):
            if any(
                f"{end}_{day}_{slot}" in self.errors
                for end in ("from", "until")
                for slot in range(self.slots)
            ):
                continue
            stretches = []
            for slot in range(self.slots):
                begin, end = given.get(f"from_{day}_{slot}"), given.get(f"until_{day}_{slot}")
                if (begin is None) != (end is None):
                    missing = f"until_{day}_{slot}" if end is None else f"from_{day}_{slot}"
                    self.add_error(missing, "Give both times, or leave both empty.")
                elif begin is not None and end is not None:
                    # Midnight at the end of a day is its last minute, not its first.
                    stretches.append((_minute(begin), _minute(end) or DAY_MINUTES))
            if fault := fault_of(stretches):
                self.add_error(f"from_{day}_0", fault)
            week[day] = stretches
        given["week"] = week
        return given

    def values(self) -> dict[str, Any]:
        """Return the week, what was seen, and what else the form asks."""
        names = [name for name in self.base_fields if name not in {"version", "seen"}]
        return {name: self.cleaned_data[name] for name in names} | {
            "week": self.cleaned_data["week"], "seen": self.cleaned_data["seen"],
        }  # fmt: skip


def _minute(shown: time) -> int:
    return shown.hour * 60 + shown.minute


def _initial(week: Mapping[int, Sequence[Stretch]]) -> dict[str, str]:
    found = {}
    for day, stretches in week.items():
        for slot, (begin, end) in enumerate(sorted(stretches)[:MOST]):
            found[f"from_{day}_{slot}"] = clock(begin)
            found[f"until_{day}_{slot}"] = clock(end % DAY_MINUTES)
    return found
