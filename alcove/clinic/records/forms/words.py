"""Text as it was typed: no trimming, no refusal of strange signs; only line ends become one kind.

Browsers send every line end of a text area as CR LF, whatever was typed; it is kept as LF.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator

from alcove.security.vault.ids import uuid7

LONGEST_TEXT = 100_000
LONGEST_LINE = 10_000


def new_row() -> forms.UUIDField:
    """Return the hidden field with the id of the row a form will make: sent twice, it makes one row."""
    return forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid7)


class Words(forms.CharField):
    """A text that is kept exactly as typed; ``rows`` makes it a text area of that height."""

    def __init__(self, *, rows: int = 0, **options: Any) -> None:
        if rows:
            options.setdefault("widget", forms.Textarea(attrs={"rows": rows}))
        options.setdefault(
            "error_messages",
            {
                "required": "Fill this in.",
                "max_length": "This is too long: at most %(limit_value)d signs are kept.",
            },
        )
        super().__init__(strip=False, max_length=LONGEST_TEXT if rows else LONGEST_LINE, **options)
        # The vault keeps a NUL like any other sign; no text here ever reaches a column that could not.
        self.validators = [
            one for one in self.validators if not isinstance(one, ProhibitNullCharactersValidator)
        ]
        # A limit in the page would cut a pasted text in silence; the sentence beside the field says it instead.
        self.widget.attrs.pop("maxlength", None)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.required and not str(value).strip():
            raise forms.ValidationError(self.error_messages["required"], code="required")
