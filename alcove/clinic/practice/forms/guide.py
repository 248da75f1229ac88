"""The screens of the set-up guide: few questions each, all of them answered in advance where that is safe."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from alcove.clinic.practice.forms.places import LocationForm, PracticeForm
from alcove.clinic.practice.forms.sheet import Line, Money, Sheet, zones
from alcove.clinic.practice.models import Practice
from alcove.clinic.practice.queries import countries, money
from alcove.clinic.practice.queries.starter import MENU
from alcove.clinic.practice.queries.weeks import DAYS
from alcove.security.access.policy import RoleKey
from alcove.security.access.rules import RULES
from alcove.security.identity.queries import generic

COLLEAGUES = 6
MOST_ROOMS = 30
JOBS = (
    ("", "What they do"),
    (RoleKey.PRACTITIONER, "Treats clients"),
    (RoleKey.PRESCRIBER, "Treats clients and prescribes"),
    (RoleKey.FRONT_DESK, "Front desk"),
    (RoleKey.MANAGER, "Runs the practice"),
    (RoleKey.BOOKKEEPER, "Keeps the books"),
)


class WhoForm(Sheet):
    groups: ClassVar = [("", ["name", "country"])]
    name = PracticeForm.base_fields["name"]
    country = forms.ChoiceField(
        choices=countries.CHOICES, help_text="It decides about currency, holidays and the law that is named."
    )


class MoneyForm(Sheet):
    currency = forms.ChoiceField(choices=money.CURRENCIES)
    time_zone = forms.ChoiceField(label="Time zone", choices=zones)


class WhereForm(LocationForm):
    groups: ClassVar = [
        ("", ["name", "street", ("postal_code", "city"), ("country", "region"), ("phone", "email")]),
        ("", ["keeps_holidays"]),
    ]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("time_zone", "slot_minutes", "is_active"):
            del self.fields[name]


class OpenForm(Sheet):
    """The same hours on every day that is ticked; single days are changed later."""

    groups: ClassVar = [("", ["days", ("opens", "closes"), ("pause_from", "pause_until")])]
    days = forms.TypedMultipleChoiceField(
        label="Days", coerce=int, choices=list(enumerate(DAYS)), widget=forms.CheckboxSelectMultiple,
        initial=[0, 1, 2, 3, 4],
    )  # fmt: skip
    opens = forms.TimeField(label="From", initial="09:00", widget=forms.TimeInput(format="%H:%M"))
    closes = forms.TimeField(label="Until", initial="18:00", widget=forms.TimeInput(format="%H:%M"))
    pause_from = forms.TimeField(label="Pause from", required=False)
    pause_until = forms.TimeField(label="Pause until", required=False)

    def clean(self) -> dict[str, Any]:
        """Turn days and times into a week."""
        given = super().clean() or {}
        if self.errors:
            return given
        minute = {name: _minute(given.get(name)) for name in ("opens", "closes", "pause_from", "pause_until")}
        begin, end = minute["opens"] or 0, minute["closes"] or 1440
        pause = (minute["pause_from"], minute["pause_until"])
        if end <= begin:
            self.add_error("closes", "This ends before it begins.")
        if pause == (None, None):
            stretches = [(begin, end)]
        elif pause[0] is None or pause[1] is None or not begin < pause[0] < pause[1] < end:
            self.add_error("pause_until", "A pause begins and ends within the day.")
            return given
        else:
            stretches = [(begin, pause[0]), (pause[1], end)]
        given["week"] = dict.fromkeys(given["days"], stretches)
        return given

    def values(self) -> dict[str, Any]:
        """Return the week."""
        return {"week": self.cleaned_data["week"]}


def _minute(shown: Any) -> int | None:
    return None if shown is None else shown.hour * 60 + shown.minute


class RoomsForm(Sheet):
    names = forms.CharField(
        label="Rooms", initial="Room 1", max_length=2000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text="One a line. A room holds one client at a time.",
    )  # fmt: skip

    def clean_names(self) -> list[str]:
        """Return the names."""
        names = [" ".join(line.split()) for line in str(self.cleaned_data["names"]).splitlines()]
        names = list(dict.fromkeys(name for name in names if name))
        if any(len(name) > 60 for name in names):  # noqa: PLR2004 - the column's width
            raise forms.ValidationError("A room's name has at most 60 letters.")
        if not 0 < len(names) <= MOST_ROOMS:
            raise forms.ValidationError(f"Name one room at least, {MOST_ROOMS} at most.")
        return names


class OfferForm(Sheet):
    """The starter menu: a tick and a price for each."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for one in MENU:
            self.fields[f"is_{one.key}"] = forms.BooleanField(
                label=one.name, required=False, initial=one.category == "Consultation"
            )
            self.fields[f"price_{one.key}"] = Money(label=f"{one.name}: price", required=False)

    def rows(self) -> list[dict[str, Any]]:
        """Return what the template draws."""
        return [
            {"one": one, "tick": self[f"is_{one.key}"], "price": self[f"price_{one.key}"]} for one in MENU
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse an empty menu."""
        given = super().clean() or {}
        if not any(given.get(f"is_{one.key}") for one in MENU):
            self.add_error(None, "Choose one service at least. The menu can be changed at any time.")
        return given

    def values(self) -> dict[str, Any]:
        """Return the chosen ones with their prices."""
        given = self.cleaned_data
        return {"prices": {one.key: given[f"price_{one.key}"] or 0 for one in MENU if given[f"is_{one.key}"]}}


class ColleaguesForm(Sheet):
    """Whoever works here: up to six now, others under People."""

    treats = forms.BooleanField(
        label="I treat clients myself", required=False, initial=True,
        help_text="You get a column in the calendar.",
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for number in range(COLLEAGUES):
            self.fields[f"name_{number}"] = Line(label="Name", max_length=120, required=False)
            self.fields[f"email_{number}"] = forms.EmailField(label="E-mail", max_length=254, required=False)
            self.fields[f"role_{number}"] = forms.ChoiceField(
                label="What they do", choices=JOBS, required=False
            )

    def rows(self) -> list[list[forms.BoundField]]:
        """Return the fields of each colleague."""
        return [
            [self[f"{part}_{number}"] for part in ("name", "email", "role")] for number in range(COLLEAGUES)
        ]

    def clean(self) -> dict[str, Any]:
        """Ask for all three of somebody who has one; an address is one person's."""
        given = super().clean() or {}
        seen: set[str] = set()
        for number in range(COLLEAGUES):
            parts = {part: given.get(f"{part}_{number}") or "" for part in ("name", "email", "role")}
            if not any(parts.values()):
                continue
            for part, value in parts.items():
                if not value and f"{part}_{number}" not in self.errors:
                    self.add_error(f"{part}_{number}", "Fill this in, or empty the line.")
            if parts["name"] and generic.is_nobodys_name(parts["name"]):
                self.add_error(f"name_{number}", generic.NOBODY)
            email = parts["email"].lower()
            if email in seen:
                self.add_error(f"email_{number}", "One address, one person.")
            seen.add(email)
        return given

    def values(self) -> dict[str, Any]:
        """Return who treats and who is new."""
        given = self.cleaned_data
        people = [
            {
                "name": given[f"name_{n}"],
                "email": given[f"email_{n}"].strip().lower(),
                "role": given[f"role_{n}"],
            }
            for n in range(COLLEAGUES)
            if given[f"name_{n}"]
        ]
        return {"treats": given["treats"], "people": people}


class DataForm(Sheet):
    data_from = forms.ChoiceField(
        label="Your clients' data is today", choices=Practice.DataFrom.choices, widget=forms.RadioSelect,
        initial=Practice.DataFrom.NOTHING,
    )  # fmt: skip


class LawsForm(Sheet):
    years = forms.TypedChoiceField(label="Keep records for", coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rule = RULES["records.years"]
        words = {rule.default: f"{rule.default} years after the last visit (recommended)"}
        choices = sorted({rule.least, 7, rule.default, 15, 20, rule.chosen})
        years: Any = self.fields["years"]
        years.choices = [
            (one, words.get(one, f"{one} years")) for one in choices if rule.least <= one <= rule.most
        ]
        self.initial.setdefault("years", rule.chosen)


class SeenForm(Sheet):
    """A screen that only shows."""
