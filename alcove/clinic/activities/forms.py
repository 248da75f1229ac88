"""Untrusted input of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from django import forms

from alcove.clinic.activities.models import LONGEST_TITLE, MOST_LINES, Rhythm, Task, Unit, What
from alcove.clinic.activities.queries import days, staff
from alcove.clinic.activities.queries.staff import Whose
from alcove.clinic.clients.forms.fields import LONGEST_NOTE, Day, FormOnce, Line
from alcove.security.access.models import Role
from alcove.security.identity.models import Person

FARTHEST: Final = timedelta(days=3 * 366)
MOST_OFTEN: Final = 366


class WhoseForm(FormOnce):
    """What every form of a task asks: what, who and until when."""

    title = Line(label="What is to be done", max_length=LONGEST_TITLE)
    whose = forms.ChoiceField(label="Who does it")
    due_on = Day(label="By", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any = None, *, me: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial={"whose": f"p{me.hex}" if me else ""} | (initial or {}))
        self.people: Sequence[Person] = staff.people()
        self.roles: Sequence[Role] = staff.roles()
        named = [(f"p{one.pk.hex}", "Me" if one.pk == me else one.name) for one in self.people]
        named.sort(key=lambda one: one[1] != "Me")
        self.fields["whose"].choices = [  # type: ignore[attr-defined]  # a choice field
            ("People", named),
            ("Whoever is", [(f"r{one.pk.hex}", one.name) for one in self.roles]),
        ]

    def clean_due_on(self) -> date | None:
        day: date | None = self.cleaned_data["due_on"]
        if day is not None and abs(day - days.today()) > FARTHEST:
            raise forms.ValidationError("This day is more than three years away.")
        return day

    def what(self) -> What:
        """Return what the task says."""
        taken = self.cleaned_data
        return What(
            taken["title"], taken.get("text", ""), taken["due_on"], is_urgent=taken.get("is_urgent", False)
        )

    def chosen(self) -> Whose:
        """Return to whom it is given; the field let only those pass who can be."""
        key = self.cleaned_data["whose"]
        person = next((one for one in self.people if f"p{one.pk.hex}" == key), None)
        return Whose(person, next((one for one in self.roles if f"r{one.pk.hex}" == key), None))


class TaskForm(WhoseForm):
    """A new task, with its steps and how it comes again."""

    text = forms.CharField(
        label="More about it", required=False, strip=False, max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    lines = forms.CharField(
        label="Checklist", required=False, max_length=LONGEST_NOTE, help_text="One step on each line.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    is_urgent = forms.BooleanField(label="Urgent: stands before the others", required=False)
    every = forms.IntegerField(
        label="Repeat every", required=False, min_value=1, max_value=MOST_OFTEN,
        help_text="Empty for a task that comes once. The day above is the first one.",
    )  # fmt: skip
    unit = forms.ChoiceField(
        label="Days, weeks or months", choices=Unit.choices, initial=Unit.WEEK, required=False
    )

    def clean_lines(self) -> list[str]:
        found = [line.strip() for line in self.cleaned_data["lines"].splitlines() if line.strip()]
        if len(found) > MOST_LINES:
            raise forms.ValidationError(f"At most {MOST_LINES} steps; these are {len(found)}.")
        if any(len(line) > LONGEST_TITLE for line in found):
            raise forms.ValidationError(f"A step has at most {LONGEST_TITLE} letters.")
        return found

    def clean(self) -> dict[str, Any]:
        taken = self.cleaned_data
        if taken.get("every") and not taken.get("due_on") and "due_on" not in self.errors:
            self.add_error("due_on", "Say on which day it is due first.")
        if taken.get("every") and taken.get("due_on") and taken["due_on"] < days.today():
            self.add_error("due_on", "A task that repeats begins today or later.")
        return taken

    def rhythm(self) -> Rhythm | None:
        """Return how it comes again, None if it comes once."""
        taken = self.cleaned_data
        if not taken.get("every"):
            return None
        return Rhythm(taken["due_on"], taken["every"], Unit(taken["unit"] or Unit.WEEK))


class EditForm(WhoseForm):
    """What a task says, whose it is and by when."""

    text = forms.CharField(
        label="More about it", required=False, strip=False, max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip
    is_urgent = forms.BooleanField(label="Urgent: stands before the others", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data: Any = None, *, task: Task) -> None:
        whose = (
            f"p{task.assignee_id.hex}" if task.assignee_id else f"r{task.role_id.hex}" if task.role_id else ""
        )
        first = {
            "title": task.title, "text": task.text, "due_on": task.due_on, "is_urgent": task.is_urgent,
            "version": task.version, "whose": whose,
        }  # fmt: skip
        super().__init__(data, initial=first)
        self.fields["whose"].choices = self._with_nobody(whose)  # type: ignore[attr-defined]  # a choice field

    def _with_nobody(self, whose: str) -> list[Any]:
        choices = list(self.fields["whose"].choices)  # type: ignore[attr-defined]  # a choice field
        known = {key for _, group in choices for key, _ in group}
        # Whoever has left can keep a task no longer: the form asks for somebody else.
        return choices if whose in known else [("", "Choose somebody"), *choices]


class WordsForm(forms.Form):
    """A comment."""

    text = forms.CharField(
        label="Add a comment", strip=False, max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n")
        if not text.strip():
            raise forms.ValidationError("Write something first.")
        return text


class StepForm(forms.Form):
    """One more step of the checklist."""

    step = Line(label="Add a step", max_length=LONGEST_TITLE)
