"""Why a client is deleted, held or erased."""

from __future__ import annotations

from django import forms

from alcove.clinic.clients.models import Deletion
from alcove.security import policy_defaults as policy

LONGEST = 1_000


def _why(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONGEST,
        min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=help_text,
        error_messages={
            "required": "Say why.",
            "min_length": f"Say why in at least {policy.REASON_MIN_LENGTH} letters.",
            "max_length": f"Say it in at most {LONGEST} letters.",
        },
    )


class DeleteForm(forms.Form):
    """Why a client is deleted."""

    ground = forms.ChoiceField(
        label="Why", choices=list(Deletion.GROUNDS.items()), widget=forms.RadioSelect,
        error_messages={"required": "Choose why."},
    )  # fmt: skip
    reason = _why(
        "In your own words", "Whoever approves the erasure reads it. It goes when the client is erased."
    )


class AskForm(forms.Form):
    """Why a deleted client is to be erased for good."""

    reason = _why("Why now", "Whoever decides reads it. It goes when the client is erased.")


class HoldForm(forms.Form):
    """Why nothing of a client's may be deleted."""

    reason = _why("Why", "A court’s order, a claim, an investigation. Those who may delete or hold read it.")
