"""What is typed for emergency access, and for a care team."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone

from alcove.clinic.clients.forms.fields import Day, Line
from alcove.security import policy_defaults as policy
from alcove.security.identity.models import Person

LONGEST_REASON = 1_000


class GlassForm(forms.Form):
    """Why the record is needed now."""

    reason = forms.CharField(
        label="Why you need it now",
        max_length=LONGEST_REASON,
        min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whoever reviews this reads it, and so may the client.",
        error_messages={
            "required": "Say why you need it now.",
            "min_length": f"Say why in at least {policy.REASON_MIN_LENGTH} letters.",
        },
    )
    sensitive = forms.BooleanField(
        required=False,
        label="Entries marked sensitive as well",
        help_text="If there are any. Only if this emergency needs them: say why above.",
    )


class FindGlassForm(GlassForm):
    """Whom the emergency is about, by something only they have."""

    contact = Line(
        label="Phone number, e-mail address or client number",
        max_length=200,
        help_text="Exactly as the client has it; a part of it finds nobody.",
        error_messages={"required": "Type the client's phone number, e-mail address or client number."},
    )
    born = Day(
        label="Birth date", required=False, help_text="Only if several people share the number or address."
    )
    field_order = ("contact", "born", "reason", "sensitive")

    def clean_born(self) -> Any:
        born = self.cleaned_data["born"]
        if born and born > timezone.localdate():
            raise forms.ValidationError("This day is still to come.")
        return born


class LimitForm(forms.Form):
    """Who finds a client: their care team alone, or everyone whose role sees clients."""

    limited = forms.ChoiceField(
        choices=[("team", "Only the care team"), ("everyone", "Everyone whose role sees clients")]
    )


class MemberForm(forms.Form):
    """One of the staff."""

    person = forms.ModelChoiceField(
        Person.objects.none(),
        label="Add to the care team",
        empty_label="Choose a person",
        error_messages={
            "required": "Choose a person.",
            "invalid_choice": "Choose someone of the staff who sees clients and is not on the team yet.",
        },
    )

    def __init__(self, *args: Any, people: Sequence[Person], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["person"].queryset = Person.objects.filter(pk__in=[one.id for one in people])  # type: ignore[attr-defined]  # a choice of rows
