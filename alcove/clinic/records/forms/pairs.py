"""What is decided about notes of one visit."""

from __future__ import annotations

from django import forms

from alcove.clinic.records.forms.words import Words
from alcove.clinic.records.models import NotePair


class PairsForm(forms.Form):
    """Both stand, or they tell of two visits. ``seen``: what stood open on the page that was decided on."""

    outcome = forms.ChoiceField(
        choices=[(one.value, one.label) for one in (NotePair.Outcome.TOGETHER, NotePair.Outcome.APART)],
        error_messages={"required": "Choose one of the two.", "invalid_choice": "Choose one of the two."},
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = Words(
        required=False, label="Reason", help_text="Stands with the decision beside each of the notes."
    )
