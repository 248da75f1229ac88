"""The form of a visit noted down by hand."""

from __future__ import annotations

from django import forms

from alcove.clinic.records.forms.words import Words, new_row


class VisitForm(forms.Form):
    """A visit: when, what for, with whom."""

    row = new_row()
    starts_at = forms.DateTimeField(label="Date and time")
    type = Words(label="What for")
    reason = Words(required=False, label="Reason given")
    practitioner = Words(required=False, label="With")
    place = Words(required=False, label="Where")

    @property
    def content(self) -> dict[str, str]:
        """What is sealed of a visit, of a valid form."""
        return {name: self.cleaned_data[name] for name in ("type", "reason", "practitioner", "place")}
