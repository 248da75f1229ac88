"""To which moment to go back, and why something is put back."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from alcove.clinic.clients.forms.reasons import LONGEST_REASON
from alcove.clinic.records.forms.words import Words
from alcove.security import policy_defaults as policy


class MomentForm(forms.Form):
    """A day and, if it matters, the time of that day; without a time the end of it."""

    day = forms.DateField(
        label="Day",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Choose a day.", "invalid": "Choose a day, such as 2026-03-31."},
    )
    time = forms.TimeField(
        label="Time",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        error_messages={"invalid": "Write the time as 14:30."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        if cleaned.get("day") and not self.errors and self._moment(cleaned) > timezone.now():
            if cleaned.get("time") is None and cleaned["day"] == timezone.localdate():
                # The end of today has not come yet: what stands now is meant.
                return cleaned
            self.add_error("day", "This moment has not come yet. Choose an earlier one.")
        return cleaned

    @property
    def moment(self) -> datetime:
        """The moment chosen in a valid form, aware, never ahead of now."""
        return min(self._moment(self.cleaned_data), timezone.now())

    @staticmethod
    def _moment(cleaned: dict[str, Any]) -> datetime:
        at = cleaned.get("time") or time.max
        return timezone.make_aware(datetime.combine(cleaned["day"], at))


class PutBackForm(forms.Form):
    """Why something is put back; ``version``: the row's as the page showed it, 0 for a row that is not there."""

    reason = Words(
        rows=2,
        label="Why it is put back",
        help_text="It stands sealed on the client’s access log.",
        error_messages={"required": "Say why it is put back."},
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def clean_reason(self) -> str:
        reason = str(self.cleaned_data["reason"])
        if len(reason.strip()) < policy.REASON_MIN_LENGTH:
            raise forms.ValidationError(f"Say why in at least {policy.REASON_MIN_LENGTH} letters.")
        if len(reason) > LONGEST_REASON:
            raise forms.ValidationError(f"Say it in at most {LONGEST_REASON} letters.")
        return reason
