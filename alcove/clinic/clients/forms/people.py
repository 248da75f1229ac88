"""The form of a linked person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms

from alcove.clinic.clients.forms.fields import LONGEST_NOTE, FormOnce, Line, read_contacts
from alcove.clinic.clients.queries import contacts

ROLES: Final = {
    "guardian": "Guardian",
    "emergency": "Emergency contact",
    "partner": "Partner",
    "gp": "GP",
    "pharmacy": "Pharmacy",
    "insurer": "Insurer",
    "referrer": "Referrer",
    "other": "Someone else",
}


class PersonForm(FormOnce):
    """A person linked to the client."""

    role = forms.ChoiceField(label="Who they are", choices=list(ROLES.items()))
    name = Line(label="Name")
    phone = Line(
        label="Phone", required=False, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    )
    email = Line(
        label="E-mail",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off"}),
    )
    note = forms.CharField(
        label="Note", required=False, strip=False, max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Such as how they are related, or when to call. Nothing clinical.",
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(
        self, data: Any = None, *, country: str, details: Mapping[str, str] | None = None, version: int = 0
    ) -> None:
        self.country, self.held = country, dict(details or {})
        shown = dict(self.held)
        if shown.get("phone"):
            shown["phone"] = contacts.shown(shown["phone"])
        super().__init__(data, initial=shown | {"version": version or None})
        role = self.held.get("role", "")
        if role and role not in ROLES:
            # An import brings words of its own.
            self.fields["role"].choices = [*ROLES.items(), (role, role)]  # type: ignore[attr-defined]  # a choice field

    def clean(self) -> dict[str, Any]:
        texts = {key: self.cleaned_data.get(key, "") for key in ("name", "phone", "email")}
        # What is there already is not refused now.
        kept = {
            key: self.held[key]
            for key in ("phone", "email")
            if texts[key] and texts[key] == self.initial.get(key)
        }
        read = read_contacts(self, texts | dict.fromkeys(kept, ""), self.country)
        self.details = read | kept
        return self.cleaned_data

    def as_details(self) -> dict[str, str]:
        """Return ``LinkedPerson.details``; what this form does not ask for stays as it was."""
        typed = {"role": self.cleaned_data["role"], "note": self.cleaned_data["note"]}
        return self.held | self.details | typed
