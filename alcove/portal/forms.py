"""Untrusted input of the portal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import phonenumbers
from django import forms
from django.utils import timezone

from alcove.clinic.calendar.queries.eligible import age_on
from alcove.clinic.clients.forms.card import OLDEST
from alcove.clinic.clients.forms.fields import Day, Line, read_contacts
from alcove.clinic.clients.models import ADULT_AGE
from alcove.clinic.clients.queries import contacts
from alcove.security import policy_defaults as policy

_LENGTH = (
    f"At least {policy.PATIENT_PASSWORD_MIN_LENGTH} characters of any kind. A few words in a row are easiest."
)


def _password(label: str, complete: str, text: str = "") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": complete})
    return forms.CharField(label=label, max_length=1000, strip=False, help_text=text, widget=widget)


class DoorForm(forms.Form):
    """E-mail and password at the portal's door."""

    email = forms.CharField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username webauthn"})
    )
    password = _password("Password", "current-password")


class ProofForm(forms.Form):
    """What shows that an invitation is theirs: nothing here says whose it is."""

    born = Day(
        label="Your birth date", widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"})
    )
    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text=f"The {policy.SENT_CODE_DIGITS} digits of the SMS.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class FirstPasswordForm(forms.Form):
    """The first password of a portal account."""

    password = _password("New password", "new-password", _LENGTH)


class ChangeForm(forms.Form):
    """Another password, by the one in force."""

    old = _password("Your password now", "current-password")
    new = _password("New password", "new-password", _LENGTH)


class InviteForm(forms.Form):
    """By which address and number of the card a client is invited; they are shown covered and sent as their place."""

    email = forms.TypedChoiceField(label="E-mail", coerce=int)
    phone = forms.TypedChoiceField(
        label="Phone", coerce=int, help_text="The code goes there by SMS. A landline takes none."
    )

    def __init__(self, data: Any, *, emails: Sequence[str], phones: Sequence[str]) -> None:
        super().__init__(data)
        self.fields["email"].choices = list(enumerate(map(contacts.masked_email, emails)))  # type: ignore[attr-defined]  # a choice
        self.fields["phone"].choices = list(enumerate(map(contacts.masked, phones)))  # type: ignore[attr-defined]  # a choice


# Booking without an account -----------------------------------------------------------------------------------------


class ContactForm(forms.Form):
    """How a visitor is reached: one field for an e-mail address or a phone number."""

    contact = forms.CharField(
        label="E-mail address or mobile number",
        max_length=254,
        help_text="We send you a code to confirm it.",
        widget=forms.TextInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    channel = ""
    """"email" or "sms", once it is valid."""

    def __init__(self, data: Any, *, country: str, by_sms: bool) -> None:
        super().__init__(data)
        self.country, self.by_sms = country, by_sms
        if not by_sms:
            self.fields["contact"].label = "E-mail address"

    def clean_contact(self) -> str:
        """Return the address or number in its stored form, and note the channel."""
        typed = str(self.cleaned_data["contact"])
        try:
            if "@" in typed or not self.by_sms:
                self.channel = "email"
                return contacts.email(typed)
            self.channel = "sms"
            number = contacts.phone(typed, self.country)
        except contacts.NotAContact as wrong:
            raise forms.ValidationError(str(wrong)) from None
        # Each SMS costs the practice; numbers abroad are how strangers would make money of it.
        if ";" in number or region_of(number) != self.country:
            raise forms.ValidationError(
                "Codes go to mobile numbers of this country only. Use your e-mail address."
            )
        return number


def region_of(number: str) -> str:
    """Return the country a number in E.164 belongs to, or ""."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""


class BookingCodeForm(forms.Form):
    """The code that was sent."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text=f"The {policy.SENT_CODE_DIGITS} digits we sent you.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class WhoForm(forms.Form):
    """Who books: name, birth date, and the other way to reach them. Whoever is under age names a parent or guardian."""

    given = Line(
        label="First name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    family = Line(
        label="Last name", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    born = Day(label="Birth date", widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}))
    other = forms.CharField(label="Mobile number", max_length=254, required=False)
    guardian_name = Line(label="Name of a parent or guardian", max_length=100, required=False)
    guardian_phone = Line(label="Their phone number", max_length=60, required=False)

    asks_guardian = False
    """Whether a parent or guardian is asked for: the birth date says so, or something was typed there."""

    def __init__(self, data: Any, *, country: str, channel: str) -> None:
        super().__init__(data)
        self.country, self.channel = country, channel
        self.guardians: list[dict[str, str]] = []
        kind = "tel" if channel == "email" else "email"
        self.fields["other"].widget.attrs["autocomplete"] = kind
        if channel != "email":
            self.fields["other"].label = "E-mail address"

    def clean_born(self) -> date:
        """Return a birth date that somebody living can have."""
        born: date = self.cleaned_data["born"]
        if born > timezone.localdate():
            raise forms.ValidationError("This birth date lies in the future.")
        if born.year < timezone.localdate().year - OLDEST:
            raise forms.ValidationError(f"This birth date is more than {OLDEST} years ago.")
        return born

    def clean_other(self) -> str:
        """Return the other contact in its stored form, "" for none."""
        typed = str(self.cleaned_data["other"]).strip()
        if not typed:
            return ""
        try:
            return contacts.phone(typed, self.country) if self.channel == "email" else contacts.email(typed)
        except contacts.NotAContact as wrong:
            raise forms.ValidationError(str(wrong)) from None

    def clean(self) -> dict[str, Any]:
        """Ask for a guardian where one is needed."""
        born = self.cleaned_data.get("born")
        name, phone = (self.cleaned_data.get(f"guardian_{key}", "") for key in ("name", "phone"))
        is_minor = born is not None and age_on(born, timezone.localdate()) < ADULT_AGE
        self.asks_guardian = is_minor or bool(name or phone)
        if is_minor and not name:
            self.add_error("guardian_name", f"Under {ADULT_AGE}, give the name of a parent or guardian.")
        if is_minor and not phone:
            self.add_error("guardian_phone", "Give their phone number.")
        if name or phone:
            texts = {"name": name, "phone": phone, "email": ""}
            self.guardians = [{"role": "guardian"} | read_contacts(self, texts, self.country, "guardian_")]
        return self.cleaned_data

    def as_directory(self, confirmed: str) -> dict[str, Any]:
        """Return ``Client.directory`` of a new card with the contact that was confirmed."""
        taken, other = self.cleaned_data, [self.cleaned_data["other"]] if self.cleaned_data["other"] else []
        emails, phones = ([confirmed], other) if self.channel == "email" else (other, [confirmed])
        return {
            "given": taken["given"], "family": taken["family"], "born": taken["born"].isoformat(),
            "emails": emails, "phones": phones,
        }  # fmt: skip


class QuestionForm(forms.Form):
    """A patient's question about who opened their record."""

    question = forms.CharField(
        label="Your question",
        help_text="It goes to the practice's compliance officer, who gets back to you. You see its number here.",
        max_length=2_000,
        min_length=policy.REASON_MIN_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": "Write what you want to know.",
            "min_length": f"Write at least {policy.REASON_MIN_LENGTH} letters.",
        },
    )
