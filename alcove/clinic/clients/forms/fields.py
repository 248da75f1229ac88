"""What this area's forms are made of: lines kept as typed, days, contacts, and forms that make a thing once."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.signing import BadSignature, Signer

from alcove.clinic.clients.queries import contacts
from alcove.security.vault.ids import uuid7

LONGEST: Final = 1_000
"""Signs of a one-line field: no name or address is longer, and a directory part stays small."""
LONGEST_NOTE: Final = 20_000
_SEALED_FORMS = "alcove.clients.form"


class Line(forms.CharField):
    """One line kept exactly as typed. Only blanks count as nothing."""

    def __init__(self, *, max_length: int = LONGEST, **options: Any) -> None:
        super().__init__(strip=False, max_length=max_length, **options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text if text.strip() else ""


class Day(forms.DateField):
    """A calendar day, by the browser's own picker; the picker sends year first."""

    widget = forms.DateInput

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages={"invalid": "This is not a date. Write it as year-month-day, such as 1988-03-04."}, **options)  # fmt: skip  # noqa: E501


class FormOnce(forms.Form):
    """A form that makes something: it carries the id of what it makes, so sending it twice makes it once."""

    row = forms.CharField(widget=forms.HiddenInput(attrs={"autocomplete": "off"}), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["row"] = self._new_row()
        if self.is_bound and self._sent_row() is None:
            self.renew()

    @staticmethod
    def _new_row() -> str:
        return Signer(salt=_SEALED_FORMS).sign(uuid7().hex)

    def _sent_row(self) -> UUID | None:
        try:
            return UUID(Signer(salt=_SEALED_FORMS).unsign(self.data.get("row", "")))
        except (BadSignature, ValueError):
            return None

    def row_id(self) -> UUID:
        """Return the id this form carries; only ones that we made count, others were replaced."""
        return self._sent_row() or uuid7()

    def renew(self) -> None:
        """Give the form, drawn again, the id of another thing."""
        self.data = {**self.typed(), "row": self._new_row()}

    def typed(self) -> dict[str, str]:
        """Return what was typed, field by field."""
        return {name: str(self.data[name]) for name in self.data}


def read_contacts(form: forms.Form, texts: dict[str, str], country: str, prefix: str = "") -> dict[str, str]:
    """Return name, phone and e-mail with the contacts in their stored form; put what is wrong beside its field."""
    found = {"name": texts["name"]}
    for key, read in (("phone", lambda text: contacts.phone(text, country)), ("email", contacts.email)):
        try:
            found[key] = read(texts[key]) if texts[key] else ""
        except contacts.NotAContact as wrong:
            form.add_error(prefix + key, str(wrong))
    return found
