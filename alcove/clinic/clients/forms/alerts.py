"""The forms of an alert: one for the front desk, one for clinicians."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from alcove.clinic.clients.forms.fields import LONGEST_NOTE, Day, FormOnce, Line
from alcove.clinic.clients.models import Alert
from alcove.clinic.clients.queries.about import LABELS


class DeskAlertForm(FormOnce):
    """An alert of the front desk: access needs and the like, for everyone who sees the card."""

    desk_text = Line(label="What everyone should know", help_text="Such as “Uses a wheelchair, ground floor room”. Nothing clinical.")  # fmt: skip  # noqa: E501
    ends_on = Day(
        label=LABELS["ends_on"], required=False, help_text="Left empty, it stays until someone ends it."
    )

    def clean_ends_on(self) -> date | None:
        ends: date | None = self.cleaned_data["ends_on"]
        if ends and ends <= timezone.localdate():
            raise forms.ValidationError("This day has begun already: choose a later one, or leave it empty.")
        return ends


class AlertForm(DeskAlertForm):
    """An alert of a clinician: the clinical text for those who may open the record, and what the desk may read."""

    kind = forms.ChoiceField(label="Kind", choices=list(Alert.KINDS.items()))
    severity = forms.ChoiceField(
        label="How serious", choices=list(Alert.SEVERITIES.items()), initial="warning"
    )
    text = forms.CharField(
        label="What to know",
        strip=False,
        max_length=LONGEST_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Read by clinicians only.",
    )
    desk_text = Line(
        label="What the front desk may read",
        required=False,
        help_text="Left empty, a critical alert tells the desk “See clinician” and nothing else.",
    )
    field_order = ("kind", "severity", "text", "desk_text", "ends_on", "row")

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("text", "").strip() and not self.errors.get("text"):
            self.add_error("text", "Write what there is to know.")
        return self.cleaned_data
