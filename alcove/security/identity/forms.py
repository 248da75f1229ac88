"""Untrusted input of sign-in, people and roles, turned into typed values."""

from __future__ import annotations

import ipaddress
import itertools
from datetime import datetime
from typing import Any

import phonenumbers
from django import forms
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access import rights_file
from alcove.security.access.audiences import TITLES, RegionRefused, region
from alcove.security.access.models import Role
from alcove.security.access.rights_file import BadFile, FileRole
from alcove.security.identity.models import Device, GivenBy, Person
from alcove.security.identity.queries import generic

WEEKDAYS = list(enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")))


def in_e164(typed: str) -> str:
    """Return a phone number in E.164; raise ``ValidationError``."""
    try:
        number = phonenumbers.parse(typed)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise forms.ValidationError("This is no phone number. Begin with + and the country code.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class SignInForm(forms.Form):
    email = forms.CharField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username webauthn"})
    )
    password = forms.CharField(
        max_length=1000, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=40,
        help_text="Six digits from your authenticator app or an SMS, or one of your recovery codes.",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True}
        ),
    )


class PhoneForm(forms.Form):
    phone = forms.CharField(
        label="Phone number",
        max_length=40,
        help_text="With + and the country code, such as +1 415 555 0123.",
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )

    def clean_phone(self) -> str:
        """Return the number in E.164."""
        return in_e164(str(self.cleaned_data["phone"]))


class SentCodeForm(forms.Form):
    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text=f"The {policy.SENT_CODE_DIGITS} digits of the SMS.",
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        ),
    )


class UnlockForm(forms.Form):
    password = forms.CharField(
        max_length=1000, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class UnlockPinForm(forms.Form):
    pin = forms.CharField(
        label="PIN",
        max_length=20,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric", "autofocus": True}),
    )


class NewPasswordForm(forms.Form):
    password = forms.CharField(
        label="New password",
        max_length=1000,
        strip=False,
        help_text=f"At least {policy.PASSWORD_MIN_LENGTH} characters of any kind. A few words in a row are easiest.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class NameForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="First and last name: one person, one account.")
    title = forms.CharField(label="Job title", max_length=80, required=False)

    def clean_name(self) -> str:
        """Refuse names of nobody in particular."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        if generic.is_nobodys_name(name):
            raise forms.ValidationError(generic.NOBODY)
        return name


class RegistrationForm(forms.Form):
    registration = forms.CharField(label="Registration number", max_length=60)
    body = forms.CharField(
        label="Registered with", max_length=80, help_text="The board or council: “California BRN”."
    )
    ends_on = forms.DateField(
        label="In force until", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The day it ends. From the day after, no client data opens.",
    )  # fmt: skip
    given_by = forms.ChoiceField(label="How we know", choices=GivenBy.choices, widget=forms.RadioSelect)


class PersonForm(NameForm):
    email = forms.EmailField(label="E-mail", max_length=254)
    phone = forms.CharField(
        label="Mobile phone", max_length=40, required=False,
        help_text="With + and the country code. They confirm it themselves by a code.",
    )  # fmt: skip
    roles = forms.ModelMultipleChoiceField(
        Role.objects.all(), widget=forms.CheckboxSelectMultiple, required=True
    )
    given_by = forms.ChoiceField(
        label="How we know these details", choices=GivenBy.choices, widget=forms.RadioSelect, initial=GivenBy.SELF,
        required=False,
    )  # fmt: skip
    registration = forms.CharField(label="Registration number", max_length=60, required=False)
    registration_body = forms.CharField(
        label="Registered with",
        max_length=80,
        required=False,
        help_text="The board or council: “California BRN”.",
    )
    registration_ends_on = forms.DateField(
        label="In force until", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    field_order = ("name", "email", "title", "phone", "roles")

    def clean_email(self) -> str:
        """Refuse addresses of nobody in particular, and addresses that are taken."""
        email = str(self.cleaned_data["email"]).lower()
        if generic.is_shared_mailbox(email):
            raise forms.ValidationError(generic.SHARED_MAILBOX)
        if Person.objects.filter(email=email).exists():
            raise forms.ValidationError("Someone has an account with this address already.")
        return email

    def clean_phone(self) -> str:
        """Return the number in E.164, or nothing."""
        return in_e164(str(self.cleaned_data["phone"])) if self.cleaned_data["phone"] else ""


class IdentityForm(forms.Form):
    seen = forms.ChoiceField(
        label="What did you see?",
        choices=[
            ("passport", "Passport"),
            ("licence", "Driving licence with photo"),
            ("card", "Identity card"),
        ],
        widget=forms.RadioSelect,
    )


class AgreementForm(forms.Form):
    name = forms.CharField(
        label="Your full name", max_length=120, help_text="Typing your name here signs the agreement.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    text = forms.CharField(max_length=12, widget=forms.HiddenInput)


class MomentForm(forms.Form):
    """A day and an hour ahead, in the practice's time; ``cleaned_data["moment"]`` is aware."""

    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    hour = forms.TimeField(label="Time", widget=forms.TimeInput(attrs={"type": "time"}), initial="18:00")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "day" in given and "hour" in given:
            moment = timezone.make_aware(datetime.combine(given["day"], given["hour"]))
            if moment <= timezone.now():
                self.add_error("day", "This lies in the past. Choose a moment ahead.")
            given["moment"] = moment
        return given


class TemporaryRoleForm(MomentForm):
    role = forms.ModelChoiceField(Role.objects.all(), empty_label="Choose a role")
    field_order = ("role", "day", "hour")


class DoorRuleForm(forms.Form):
    networks = forms.CharField(
        label="Only from these networks", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One address or network a line, such as 203.0.113.0/24. Empty: from anywhere.",
    )  # fmt: skip
    weekdays = forms.MultipleChoiceField(
        label="Only on these days", required=False, widget=forms.CheckboxSelectMultiple, choices=WEEKDAYS,
        help_text="None ticked: every day.",
    )  # fmt: skip
    from_hour = forms.IntegerField(label="From", min_value=0, max_value=23, initial=0)
    to_hour = forms.IntegerField(label="Until", min_value=1, max_value=24, initial=24)

    def clean_networks(self) -> list[str]:
        """Return networks as CIDR texts, each once."""
        found = []
        for line in str(self.cleaned_data["networks"]).replace(",", "\n").split():
            try:
                found.append(str(ipaddress.ip_network(line, strict=False)))
            except ValueError:
                raise forms.ValidationError(f"“{line[:45]}” is no network. Write 203.0.113.0/24.") from None
        return list(dict.fromkeys(found))

    def clean_weekdays(self) -> list[int]:
        return sorted(int(day) for day in self.cleaned_data["weekdays"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("from_hour", 0) >= given.get("to_hour", 24):
            self.add_error("to_hour", "Must be later than the first hour.")
        return given


class RecoveryForm(forms.Form):
    purpose = forms.CharField(
        label="Why, and how you know it is them", min_length=policy.REASON_MIN_LENGTH, max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}), help_text="“Lost the phone; came to my office with her passport.”",
    )  # fmt: skip


class RecoverForm(forms.Form):
    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )


class RolesForm(forms.Form):
    roles = forms.ModelMultipleChoiceField(
        Role.objects.all(), widget=forms.CheckboxSelectMultiple, required=False
    )


class RoleForm(forms.Form):
    name = forms.CharField(max_length=80)
    copy_of = forms.ModelChoiceField(
        Role.objects.all(), required=False, label="Begin as a copy of", empty_label="Empty: no rights"
    )

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if Role.objects.filter(name__iexact=name).exists():
            raise forms.ValidationError("There is a role of this name already.")
        return name


class RightsFileForm(forms.Form):
    """A file of rights; ``cleaned_data["file"]`` is what it says, role by role."""

    file = forms.FileField(
        label="File", max_length=300, allow_empty_file=True,
        help_text="JSON, as the button “Download the rights” or “alcove people export-roles” writes it.",
        widget=forms.FileInput(attrs={"accept": "application/json,.json"}),
        error_messages={"required": "Choose a file.", "max_length": "The file's name is too long. Shorten it."},
    )  # fmt: skip
    purpose = forms.CharField(
        label="What it is for", min_length=policy.REASON_MIN_LENGTH, max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}), help_text="The owner who decides reads it.",
    )  # fmt: skip

    def clean_file(self) -> tuple[FileRole, ...]:
        """Return what the file says; its size is looked at before it is read."""
        file = self.cleaned_data["file"]
        try:
            return rights_file.read(file.read(policy.RIGHTS_FILE_MAX_BYTES + 1))
        except BadFile as bad:
            raise forms.ValidationError(str(bad)) from None


class DeviceCodeForm(forms.Form):
    code = forms.RegexField(
        r"^[0-9 ]{4,12}$",
        label="Approval code",
        help_text="The digits an administrator reads out to you.",
        error_messages={"invalid": "The code is made of digits."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).replace(" ", "")


class DeviceForm(forms.Form):
    name = forms.CharField(max_length=60, help_text="What people call it: “Front desk 1”, “Room 3 tablet”.")
    kind = forms.ChoiceField(
        label="Where it stands",
        choices=[choice for choice in Device.Kind.choices if choice[0] != Device.Kind.DEMO],
        widget=forms.RadioSelect,
        help_text="Decides how soon an untouched screen signs out.",
    )


class PinForm(forms.Form):
    pin = forms.CharField(
        label="New PIN",
        min_length=policy.PIN_DIGITS,
        max_length=policy.PIN_DIGITS,
        help_text="Six digits, for this browser only. It unlocks the screen; it never signs you in.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def clean_pin(self) -> str:
        """Refuse what is no PIN, and the first ones anybody would try."""
        pin = str(self.cleaned_data["pin"])
        if not (pin.isascii() and pin.isdigit()):
            raise forms.ValidationError("A PIN is made of six digits.")
        steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
        if len(steps) == 1 or len(set(pin)) < 3:  # noqa: PLR2004 - 111222 is tried before the third guess
            raise forms.ValidationError("This one is guessed at once. Choose another.")
        return pin


class PasskeyNameForm(forms.Form):
    name = forms.CharField(max_length=60, error_messages={"required": "Give it a name you will know it by."})


class PasskeyForm(PasskeyNameForm):
    name = forms.CharField(
        max_length=60,
        initial="This device",
        help_text="What you will know it by: “Work phone”, “Blue key”.",
        error_messages={"required": "Give it a name you will know it by."},
    )
    answer = forms.CharField(
        max_length=64 * 1024,
        widget=forms.HiddenInput,
        error_messages={"required": "This browser made no passkey. Use one with JavaScript switched on."},
    )


class FreshForm(forms.Form):
    password = forms.CharField(
        max_length=1000, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    code = forms.CharField(
        max_length=40,
        help_text="Six digits from your authenticator app.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, has_password: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not has_password:
            del self.fields["password"]


class RegionsForm(forms.Form):
    """Countries and states that sensitive entries are never given out to, and of which categories."""

    regions = forms.CharField(
        label="Countries and states", required=False, max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, as US or US-TX (ISO 3166). Empty: nowhere is excluded.",
    )  # fmt: skip
    categories = forms.MultipleChoiceField(
        label="Entries about", required=False, widget=forms.CheckboxSelectMultiple,
        choices=[(str(key), title) for key, title in TITLES.items()],
    )  # fmt: skip

    def clean_regions(self) -> list[str]:
        codes = []
        for line in self.cleaned_data["regions"].replace(",", "\n").split("\n"):
            if line.strip():
                try:
                    codes.append(region(line))
                except RegionRefused as refused:
                    raise forms.ValidationError(str(refused)) from None
        return codes

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        if cleaned.get("regions") and not cleaned.get("categories"):
            self.add_error("categories", "Choose at least one, or name no country or state.")
        return cleaned
