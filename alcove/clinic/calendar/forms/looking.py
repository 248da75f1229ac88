"""What a URL of the calendar asks to see. Anything odd in it is as if it were not there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django import forms

from alcove.clinic.calendar.queries.boards import WORDS
from alcove.clinic.calendar.queries.looks import PEOPLE, ROOMS, SHOWN
from alcove.clinic.practice.models import Location, StaffProfile

FARTHEST = (date(2000, 1, 1), date(2100, 1, 1))


class LookForm(forms.Form):
    """The filters above the grid; sent by GET, so that a look is an address."""

    day = forms.DateField(label="Day", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    location = forms.ChoiceField(label="Location", required=False)
    by = forms.ChoiceField(
        label="Columns", required=False, choices=[(PEOPLE, "By person"), (ROOMS, "By room")]
    )
    person = forms.ChoiceField(label="Person", required=False)
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "All states"), *((str(one), WORDS[one][0]) for one in SHOWN)],
    )

    def __init__(self, data: object, places: Sequence[Location], people: Sequence[StaffProfile] = ()) -> None:
        super().__init__(data)  # type: ignore[arg-type]  # a QueryDict
        for name in self.fields:
            self.fields[name].widget.attrs |= {"data-autosubmit": ""}
        self.fields["location"].choices = [(one.pk.hex, one.name) for one in places]  # type: ignore[attr-defined]  # a ChoiceField
        chosen = [(one.pk.hex, one.shown_name) for one in people]
        self.fields["person"].choices = [("", "Everyone"), *chosen]  # type: ignore[attr-defined]  # as above
        self.is_valid()

    def told(self, name: str) -> str:
        """Return what was chosen, "" for nothing or nonsense."""
        return str(self.cleaned_data.get(name) or "")

    @property
    def on(self) -> date | None:
        """The day asked for, if it is one that a calendar has."""
        found: date | None = self.cleaned_data.get("day")
        return found if found and FARTHEST[0] <= found < FARTHEST[1] else None

    @property
    def person_id(self) -> UUID | None:
        """Whom alone to show."""
        return UUID(self.told("person")) if self.told("person") else None
