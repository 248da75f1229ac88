"""Why something is to be uncovered or taken out."""

from __future__ import annotations

from django import forms

from alcove.security import policy_defaults as policy

LONGEST_REASON = 1_000


class ReasonForm(forms.Form):
    """A reason in words."""

    reason = forms.CharField(
        label="Why you need it",
        max_length=LONGEST_REASON,
        min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It stands on the client’s access log.",
        error_messages={
            "required": "Say why you need it.",
            "min_length": f"Say why in at least {policy.REASON_MIN_LENGTH} letters.",
        },
    )
