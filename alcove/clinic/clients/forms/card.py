"""The form of a client's card."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from django import forms
from django.utils import timezone

from alcove.clinic.clients.forms.fields import LONGEST_NOTE, Day, FormOnce, Line, read_contacts
from alcove.clinic.clients.models import ADULT_AGE
from alcove.clinic.clients.queries import contacts, identifiers
from alcove.clinic.clients.queries.about import LABELS

OLDEST: Final = 130
"""Years. Nobody on record lived longer (122)."""
MOST_ROWS: Final = 20
"""Phones, e-mail addresses and numbers that can be typed into one form, each."""
CONTACT_BY: Final = ("Text message", "Phone call", "E-mail", "Letter", "Please do not contact")
SEXES: Final = ("Female", "Male", "Other", "Unknown")
_ADDRESS = ("line", "city", "state", "postal", "country")
_TEXTS = ("title", "pronouns", "sex", "gender", "language", "occupation", "marital", "contact_by", "note")


class ClientForm(FormOnce):
    """The card. Phones, e-mail addresses and numbers are as many rows as there are, and one empty one more."""

    given = Line(label=LABELS["given"], required=False)
    family = Line(label=LABELS["family"], required=False)
    preferred = Line(
        label=LABELS["preferred"], required=False, help_text="What they like to be called, if it differs."
    )
    reading = Line(
        label=LABELS["reading"],
        required=False,
        help_text="In other letters or as it sounds; search finds it.",
    )
    born = Day(label=LABELS["born"])
    title = Line(label=LABELS["title"], required=False)
    pronouns = Line(label=LABELS["pronouns"], required=False)
    sex = forms.ChoiceField(label=LABELS["sex"], required=False)
    gender = Line(label=LABELS["gender"], required=False)
    line = Line(label=LABELS["line"], required=False)
    city = Line(label=LABELS["city"], required=False)
    state = Line(label=LABELS["state"], required=False)
    postal = Line(label=LABELS["postal"], required=False)
    country = Line(label=LABELS["country"], required=False)
    language = Line(label=LABELS["language"], required=False)
    occupation = Line(label=LABELS["occupation"], required=False)
    marital = Line(label=LABELS["marital"], required=False)
    contact_by = forms.ChoiceField(label=LABELS["contact_by"], required=False)
    deceased_on = Day(label=LABELS["deceased_on"], required=False)
    note = forms.CharField(
        label=LABELS["note"],
        required=False,
        strip=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The front desk reads this. Nothing clinical belongs here.",
    )
    guardian_name = Line(label="Guardian's name", required=False)
    guardian_phone = Line(label="Guardian's phone", required=False, max_length=60)
    guardian_email = Line(label="Guardian's e-mail", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    asks_guardian = False
    """Whether the part about a guardian stands open: one is needed, or something was typed there."""

    def __init__(
        self,
        data: Any = None,
        *,
        country: str,
        directory: Mapping[str, Any] | None = None,
        details: Mapping[str, Any] | None = None,
        version: int = 0,
        has_guardian: bool = False,
    ) -> None:
        self.practice_country, self.has_guardian = country, has_guardian
        self.directory, self.details = dict(directory or {}), dict(details or {})
        super().__init__(data, initial=self._held(version))
        # An import may lack what a new card needs; that must not stop someone from mending a phone number.
        self.is_new = not version
        self.fields["born"].required = self.is_new or bool(self.directory.get("born"))
        self._offer("sex", SEXES)
        self._offer("contact_by", CONTACT_BY)
        self._add_rows("phones", "phone", forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}))
        self._add_rows(
            "emails", "email", forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off"})
        )
        self._add_rows("numbers", "number", forms.TextInput(attrs={"autocomplete": "off"}))
        self.fields["phone_0"].help_text = "Begin with + and the country code for a number from abroad."

    def _held(self, version: int) -> dict[str, Any]:
        texts = {name: self.details.get(name, "") for name in _TEXTS}
        texts["deceased_on"] = str(self.details.get("deceased_on") or "")[:10]
        names = {
            name: self.directory.get(name, "") for name in ("given", "family", "preferred", "reading", "born")
        }
        return names | texts | dict(self.details.get("address") or {}) | {"version": version or None}

    def _offer(self, name: str, choices: Iterable[str]) -> None:
        held = str(self.initial.get(name) or "")
        # What an import brought stays choosable, however it is written there.
        listed = [word for word in choices if word.casefold() != held.casefold()] + ([held] if held else [])
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker what the class says
        field.choices = [("", "Not said"), *((word, word) for word in listed)]

    def _add_rows(self, key: str, name: str, widget: forms.Widget) -> None:
        held = list(self.directory.get(key) or [])
        sent = sum(1 for at in range(MOST_ROWS) if f"{name}_{at}" in self.data)
        # An import may have brought more rows than one may add here; none of them gets lost.
        for at in range(max(min(sent, MOST_ROWS), len(held) + 1)):
            first = at == 0
            label = {"phone": "Phone", "email": "E-mail", "number": "Number"}[name] + (
                "" if first else f" {at + 1}"
            )
            self.fields[f"{name}_{at}"] = Line(label=label, required=False, widget=widget)
            self.initial[f"{name}_{at}"] = self._shown(name, held[at]) if at < len(held) else ""
            if name == "number":
                kind = held[at].get("kind", "") if at < len(held) else ""
                self.fields[f"number_kind_{at}"] = Line(label="Kind of number", required=False)
                self.initial[f"number_kind_{at}"] = kind

    @staticmethod
    def _shown(name: str, held: Any) -> str:
        if name == "number":
            # What needs a reason to be shown is not shown by a form either; the cover sent back keeps the number.
            return identifiers.shown(held)
        return contacts.shown(str(held)) if name == "phone" else str(held)

    # What the page draws ----------------------------------------------------------------------------------------

    def _bound(self, name: str) -> list[forms.BoundField]:
        return [self[field] for field in self.fields if re.fullmatch(rf"{name}_\d+", field)]

    @property
    def phone_rows(self) -> list[forms.BoundField]:
        return self._bound("phone")

    @property
    def email_rows(self) -> list[forms.BoundField]:
        return self._bound("email")

    @property
    def number_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return list(zip(self._bound("number_kind"), self._bound("number"), strict=True))

    @property
    def asks_more(self) -> bool:
        """Whether the folded part of a new card stands open: something was typed or is wrong there."""
        folded = {*_TEXTS, *_ADDRESS, "reading", "number_0", "number_kind_0"} - {"contact_by"}
        return any(self.data.get(name) or name in self.errors for name in folded) if self.is_bound else False

    # Cleaning ---------------------------------------------------------------------------------------------------

    def clean_born(self) -> date | None:
        born: date | None = self.cleaned_data["born"]
        if born is None:
            return None
        if born > timezone.localdate():
            raise forms.ValidationError("This birth date lies in the future.")
        if born.year < timezone.localdate().year - OLDEST:
            raise forms.ValidationError(f"This birth date is more than {OLDEST} years ago.")
        return born

    def clean(self) -> dict[str, Any]:
        if not self.cleaned_data.get("given") and not self.cleaned_data.get("family"):
            self.add_error("given", "Give a name. If there is only one, write it here.")
        self.phones = self._clean_rows("phone", lambda text: contacts.phone(text, self.practice_country))
        self.emails = self._clean_rows("email", contacts.email)
        wrong = any(name.startswith(("phone_", "email_")) for name in self.errors)
        had_some = self.directory.get("phones") or self.directory.get("emails")
        if not (self.phones or self.emails or wrong) and (self.is_new or had_some):
            self.add_error("phone_0", "Give at least one phone number or e-mail address.")
        self._clean_guardian()
        for at, (kind, value) in enumerate(self.number_rows):
            typed = self.cleaned_data.get(kind.name, "")
            if typed and not self.cleaned_data.get(value.name) and typed != self.initial.get(kind.name):
                self.add_error(value.name, "Give the number as well.")
            self._clean_number(at, typed, value.name)
        died, born = self.cleaned_data.get("deceased_on"), self.cleaned_data.get("born")
        if died and (died > timezone.localdate() or (born and died < born)):
            self.add_error("deceased_on", "This date lies in the future or before the birth date.")
        return self.cleaned_data

    def _clean_rows(self, name: str, read: Any) -> list[str]:
        """Return the rows in their stored form. What is on the card already is not refused now."""
        held = {self._shown(name, one): str(one) for one in self.directory.get(f"{name}s") or []}
        found: list[str] = []
        for bound in self._bound(name):
            text = self.cleaned_data.get(bound.name, "")
            if not text:
                continue
            try:
                found.append(held[text] if text in held else read(text))
            except contacts.NotAContact as wrong:
                self.add_error(bound.name, str(wrong))
        return list(dict.fromkeys(found))

    def _clean_number(self, at: int, kind: str, name: str) -> None:
        """Refuse what would store a cover, or lift it by calling an identity number something else."""
        typed = self.cleaned_data.get(name, "")
        if identifiers.COVER not in typed:
            return
        if not self._is_cover(at, typed):
            self.add_error(name, "Type the whole number, or leave it as it was.")
        elif not identifiers.is_identity(kind):
            self.add_error(name, "To call this number something else, type the whole of it again.")

    def _is_cover(self, at: int, typed: str) -> bool:
        held = list(self.directory.get("numbers") or [])
        return at < len(held) and typed == self._shown("number", held[at])

    def _clean_guardian(self) -> None:
        self.guardians: list[dict[str, str]] = []
        texts = {key: self.cleaned_data.get(f"guardian_{key}", "") for key in ("name", "phone", "email")}
        born = self.cleaned_data.get("born")
        is_news = self.is_new or (born is not None and born.isoformat() != self.directory.get("born"))
        is_needed = born is not None and _is_minor(born) and is_news and not self.has_guardian
        if not is_needed and not any(texts.values()):
            return
        self.asks_guardian = True
        if not texts["name"]:
            under = f"This client is under {ADULT_AGE}. " if is_needed else ""
            self.add_error("guardian_name", f"{under}Give the name of a parent or guardian.")
        read = read_contacts(self, texts, self.practice_country, "guardian_")
        self.guardians = [{"role": "guardian"} | read]
        if is_needed and not texts["phone"] and not texts["email"]:
            self.add_error("guardian_phone", "Give the guardian's phone number or e-mail address.")

    # The shapes of the model ------------------------------------------------------------------------------------

    def as_directory(self) -> dict[str, Any]:
        """Return ``Client.directory``; what this form does not ask for stays as it was."""
        taken = self.cleaned_data
        rows = [(taken.get(kind.name, ""), taken.get(value.name, "")) for kind, value in self.number_rows]
        return self.directory | {
            **{name: taken[name] for name in ("given", "family", "preferred", "reading")},
            "born": taken["born"].isoformat() if taken["born"] else "",
            "phones": self.phones,
            "emails": self.emails,
            "numbers": [self._number(at, kind, value) for at, (kind, value) in enumerate(rows) if value],
        }

    def _number(self, at: int, kind: str, value: str) -> dict[str, str]:
        held = list(self.directory.get("numbers") or [])
        if self._is_cover(at, value):
            value = str(held[at].get("value", ""))
        return {**(held[at] if at < len(held) else {}), "kind": kind, "value": value}

    def as_details(self) -> dict[str, Any]:
        """Return ``Client.details``; what this form does not ask for stays as it was."""
        taken = self.cleaned_data
        address = dict(self.details.get("address") or {}) | {name: taken[name] for name in _ADDRESS}
        died = taken["deceased_on"]
        held = str(self.details.get("deceased_on") or "")
        # An import may know the minute; the form knows the day.
        died_text = (held if died and held.startswith(died.isoformat()) else died.isoformat()) if died else ""
        return self.details | {
            **{name: taken[name] for name in _TEXTS},
            "deceased_on": died_text,
            "address": {name: text for name, text in address.items() if text},
        }


def _is_minor(born: date) -> bool:
    today = timezone.localdate()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) < ADULT_AGE
