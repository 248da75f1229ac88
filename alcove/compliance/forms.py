"""Filters of the log (ids and code words, never a client's words), and what officers and those concerned write."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from django import forms

from alcove.compliance.models import Alert
from alcove.security import policy_defaults as policy
from alcove.security.audit import events
from alcove.security.audit.events import Result
from alcove.security.identity.models import Person


class FilterForm(forms.Form):
    person = forms.ModelChoiceField(
        Person.objects.filter(kind=Person.Kind.STAFF), required=False, empty_label="Anyone"
    )
    client = forms.UUIDField(required=False, label="Client ID", widget=forms.TextInput(attrs={"size": 36}))
    area = forms.ChoiceField(required=False)
    event = forms.ChoiceField(required=False, label="What")
    result = forms.ChoiceField(
        required=False, choices=[("", "Any result"), *((item.value, item.value.title()) for item in Result)]
    )
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own signature
        self.fields["area"].choices = [("", "Any area"), *((area, area.title()) for area in events.areas())]  # type: ignore[attr-defined]  # a choice
        self.fields["event"].choices = [("", "Anything"), *events.known().items()]  # type: ignore[attr-defined]  # a choice


class OutcomeForm(forms.Form):
    """What a finding of the daily sweep was."""

    outcome = forms.CharField(
        label="What it was",
        max_length=2_000,
        min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": "Write what it was.",
            "min_length": f"Write at least {policy.REASON_MIN_LENGTH} letters.",
        },
    )


class ReviewForm(forms.Form):
    """Whether emergency access was justified, and what was found."""

    outcome = forms.ChoiceField(
        label="Was it justified?",
        choices=[("yes", "Yes, it was"), ("no", "No, it was not")],
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether it was justified."},
    )
    finding = forms.CharField(
        label="What you found",
        max_length=2_000,
        min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": "Write what you found.",
            "min_length": f"Write at least {policy.REASON_MIN_LENGTH} letters.",
        },
    )


def _reason(label: str, help_text: str = "", rows: int = 3) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=2_000,
        min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={
            "required": "Write a sentence.",
            "min_length": f"Write at least {policy.REASON_MIN_LENGTH} letters.",
        },
    )


class AskForm(forms.Form):
    """A question to the person concerned, who reads it as it is written."""

    question = _reason("Your question", "They read it as you write it, with the evidence on this page.")


class AnswerForm(forms.Form):
    """The answer of the person concerned."""

    answer = _reason("Your answer", "The compliance officer and the owner read it.", 5)


class CloseForm(forms.Form):
    """The result of an alert and why."""

    outcome = forms.ChoiceField(
        label="Result",
        choices=Alert.Outcome.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Say what came of it."},
    )
    finding = _reason("Why", "Kept with the alert.")


class ReasonForm(forms.Form):
    """A reason alone."""

    reason = _reason("Reason", rows=2)


class SignForm(forms.Form):
    """What the reviewer noticed and did about it."""

    note = _reason("What you noticed", "What stood out, what you did about it, or that nothing did.", 5)


class WatchForm(ReasonForm):
    """A client to watch closely, by the id that the log shows."""

    client = forms.UUIDField(
        label="Client ID",
        help_text="The long code in the address of the client's card, or in the audit log.",
        widget=forms.TextInput(attrs={"size": 36}),
        error_messages={"required": "Give the client's ID.", "invalid": "This is no client ID."},
    )
    field_order = ("client", "reason")


class ShieldForm(ReasonForm):
    """Somebody whose name patients are not shown."""

    person = forms.ModelChoiceField(
        Person.objects.filter(kind=Person.Kind.STAFF, suspended_at__isnull=True),
        label="Person",
        empty_label="Choose",
        error_messages={"required": "Choose somebody."},
    )
    field_order = ("person", "reason")


class BreachForm(forms.Form):
    """Whose deeds, from where and when; ids and days only."""

    since = forms.DateTimeField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    until = forms.DateTimeField(label="To", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    person = forms.ModelChoiceField(
        Person.objects.filter(kind=Person.Kind.STAFF), required=False, empty_label="Anyone"
    )
    device = forms.ChoiceField(required=False)
    address = forms.CharField(
        required=False,
        max_length=49,
        label="Network address",
        help_text="Such as 203.0.113.7 or 203.0.113.0/24.",
    )
    link = forms.UUIDField(
        required=False,
        label="ID of a link or of another row",
        help_text="As the audit log names it.",
        widget=forms.TextInput(attrs={"size": 36}),
        error_messages={"invalid": "This is no ID."},
    )

    def __init__(self, *args: object, devices: Sequence[tuple[str, str]] = (), **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own signature
        self.fields["device"].choices = [("", "Any device"), *devices]  # type: ignore[attr-defined]  # a choice

    def clean_address(self) -> str:
        text = str(self.cleaned_data["address"]).strip()
        if text:
            try:
                ipaddress.ip_network(text, strict=False)
            except ValueError:
                raise forms.ValidationError("This is no network address.") from None
        return text

    def clean(self) -> dict[str, Any]:
        held = self.cleaned_data
        if held.get("since") and held.get("until") and held["since"] >= held["until"]:
            self.add_error("until", "The end lies before the beginning.")
        return held
