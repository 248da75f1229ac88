"""What a calendar on a phone shows."""

from __future__ import annotations

from django import forms

from alcove.clinic.calendar.models import Feed


class FeedForm(forms.Form):
    """How much the link tells: times only at first."""

    shows = forms.ChoiceField(
        label="Your phone shows", choices=Feed.Shows.choices, initial=Feed.Shows.BUSY, widget=forms.RadioSelect,
        help_text="Whoever has the link sees the same, and a locked phone may show it.",
    )  # fmt: skip
