"""What the officer types on the continuity page."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Final

from django import forms
from django.utils import timezone

from alcove.clinic.practice.forms.sheet import Line, Sheet
from alcove.clinic.practice.models import Location
from alcove.compliance.continuity.models import Contact, Entrant, Trial
from alcove.security import policy_defaults as policy
from alcove.security.identity.models import Person

_FIRST_YEAR: Final = 2000
_HOURS_MOST: Final = 24 * 60
_PHONE: Final = frozenset("0123456789 +-()./#*,x")


class StepForm(Sheet):
    """One system of the recovery order."""

    groups: ClassVar = [("", ["name", ("hours", "by"), "book"])]
    name = Line(label="System", max_length=120, error_messages={"required": "Write which system comes back."})
    hours = forms.IntegerField(
        label="May be away at most", min_value=1, max_value=_HOURS_MOST,
        error_messages={"required": "Give the hours after which it has to be back."},
    )  # fmt: skip
    hours.unit = "hours"  # type: ignore[attr-defined]  # what the template draws beside the field
    by = Line(label="Who does it", max_length=160, required=False, help_text="A person, a role or a firm.")
    book = Line(
        label="Where it is written how", max_length=160, required=False,
        help_text="A runbook, a folder, a page of the supplier.",
    )  # fmt: skip


class ContactForm(Sheet):
    """Whom to ring."""

    groups: ClassVar = [("", [("kind", "name"), "purpose", ("phone", "email"), "deputy"])]
    kind = forms.ChoiceField(label="Kind", choices=Contact.Kind.choices)
    name = Line(label="Name", max_length=120, error_messages={"required": "Write who it is."})
    purpose = Line(
        label="What for", max_length=160, error_messages={"required": "Write what they are rung for."}
    )
    phone = Line(label="Phone", max_length=40, required=False)
    email = forms.EmailField(label="E-mail", max_length=254, required=False)
    deputy = Line(label="Deputy", max_length=160, required=False, help_text="Who else, with their number.")

    def clean_phone(self) -> str:
        phone = str(self.cleaned_data["phone"])
        if phone and (set(phone) - _PHONE or not any(sign.isdigit() for sign in phone)):
            raise forms.ValidationError("This is no phone number. Notes go under “What for”.")
        return phone


class HowForm(Sheet):
    """How, and until when, somebody may enter."""

    groups: ClassVar = [("", [("how", "until_on")])]
    how = forms.ChoiceField(label="How", choices=Entrant.How.choices)
    until_on = forms.DateField(
        label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The last day. Empty: until further notice.",
    )  # fmt: skip


class EntrantForm(HowForm):
    """Somebody who may enter a location."""

    groups: ClassVar = [("", ["location", ("person", "firm"), ("how", "until_on")])]
    location = forms.ModelChoiceField(Location.objects.none(), label="Location", empty_label=None)
    person = forms.ModelChoiceField(
        Person.objects.none(), label="Of the staff", required=False, empty_label="Nobody of the staff"
    )
    firm = Line(label="Or an outside firm", max_length=120, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        now = timezone.now()
        staff = Person.objects.filter(kind=Person.Kind.STAFF, suspended_at__isnull=True)
        self.fields["location"].queryset = Location.objects.filter(is_active=True)  # type: ignore[attr-defined]  # a choice of rows
        self.fields["person"].queryset = staff.exclude(leaves_at__lte=now)  # type: ignore[attr-defined]  # a choice of rows


class TrialForm(Sheet):
    """A test that was made."""

    groups: ClassVar = [("", [("kind", "location"), "what", ("on", "by"), "is_passed", "learnt", "next_on"])]
    kind = forms.ChoiceField(label="What was tested", choices=Trial.Kind.choices)
    location = forms.ModelChoiceField(
        Location.objects.none(), label="Location", required=False, empty_label="Every location"
    )
    what = Line(
        label="Something else: what", max_length=120, required=False, help_text="Only for “Something else”."
    )
    on = forms.DateField(
        label="On", widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Choose the day of the test."},
    )  # fmt: skip
    by = Line(label="Who made it", max_length=160, error_messages={"required": "Write who made the test."})
    is_passed = forms.TypedChoiceField(
        label="Result",
        choices=[("True", "Passed"), ("False", "Failed")],
        coerce=lambda value: value == "True",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how it went."},
    )
    learnt = forms.CharField(
        label="What was learnt", max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="No client’s name. For a test that failed: what failed, and what is done about it.",
    )  # fmt: skip
    next_on = forms.DateField(
        label="Next one by", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Only if it is wanted sooner than in six months (line) or a year (exercise).",
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["location"].queryset = Location.objects.filter(is_active=True)  # type: ignore[attr-defined]  # a choice of rows

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on.year < _FIRST_YEAR:
            raise forms.ValidationError("Choose the day of the test.")
        return on


class EndForm(Sheet):
    """Taking a line off a list; it stands beside the form that changes the line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, auto_id="end_%s", **options)


class WithdrawForm(EndForm):
    """Why a test is withdrawn."""

    why = forms.CharField(
        label="Why it is withdrawn", max_length=400, min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": "Write why this test does not count.",
            "min_length": f"Write at least {policy.REASON_MIN_LENGTH} letters.",
        },
    )  # fmt: skip


class MoveForm(forms.Form):
    """Which way, and where the page showed it."""

    to = forms.ChoiceField(choices=[("up", "Up"), ("down", "Down")])
    at = forms.IntegerField(min_value=0, max_value=32_767)
