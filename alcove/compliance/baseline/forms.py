"""What the officer types: until when and why a weakness is accepted, and what a place outside is for."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from django import forms
from django.utils import timezone

from alcove.security import policy_defaults as policy

_FIRST_YEAR: Final = 2000
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.:-]*[a-z0-9])?\Z")


class AcceptForm(forms.Form):
    """Why a weakness is accepted, and until when."""

    why = forms.CharField(
        label="Why it is accepted",
        max_length=1_000,
        min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Write why this may stay as it is.",
            "min_length": f"Write at least {policy.REASON_MIN_LENGTH} letters.",
        },
    )
    until = forms.DateField(
        label="Until",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Choose the last day on which this is accepted."},
    )


class PlaceForm(forms.Form):
    """A place outside: its host name, what it is for, and what goes there."""

    host = forms.CharField(
        label="Host",
        max_length=253,
        error_messages={"required": "Enter the host’s name, as mail.example.com."},
    )
    purpose = forms.CharField(
        label="What it is for",
        max_length=200,
        error_messages={"required": "Write what the system calls it for."},
    )
    goes = forms.CharField(
        label="What data goes there",
        max_length=200,
        error_messages={"required": "Write what data goes there; “none” is an answer."},
    )

    def clean_host(self) -> str:
        host = str(self.cleaned_data["host"]).strip().rstrip(".").lower()
        if not _HOST.match(host):
            raise forms.ValidationError("Enter a host’s name alone, without https:// and path.")
        return host


class DayForm(forms.Form):
    """A day that is not ahead."""

    on = forms.DateField(
        label="On",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Choose a day."},
    )

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on > timezone.localdate() or on.year < _FIRST_YEAR:
            raise forms.ValidationError("Choose today or an earlier day.")
        return on


class HostForm(forms.Form):
    """Which place is meant."""

    host = forms.CharField(max_length=253)
