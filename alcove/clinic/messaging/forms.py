"""Untrusted input of messages: texts, a client's choices, and what a month may cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms

from alcove.clinic.clients.queries import contacts
from alcove.clinic.messaging.models.kinds import CHANNELS, LANGUAGES
from alcove.clinic.messaging.queries import wording, words
from alcove.clinic.messaging.queries.choosing import Choice, zones
from alcove.clinic.messaging.queries.texts import Key
from alcove.security import policy_defaults as policy

_CLOCK: Final = {"invalid": "Write a time of day as hours and minutes, such as 21:00."}


class TextForm(forms.Form):
    """The practice's own words. What may not leave stands beside the field; what may tell of care asks once more."""

    subject = forms.CharField(
        label="Subject", max_length=200, help_text="Shown on locked screens, before anything is opened."
    )
    body = forms.CharField(label="Text", strip=False, widget=forms.Textarea(attrs={"rows": 12}))
    anyway = forms.BooleanField(
        label="I have read this, and it tells nothing about anybody's care", required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    asks = False
    """Whether the text may tell of somebody's care, so that saving it asks for one more tick."""

    def __init__(self, data: Any = None, *, which: Key, initial: dict[str, Any] | None = None) -> None:
        self.which = which
        super().__init__(data, initial=initial)
        if which.is_sms:
            del self.fields["subject"]
            self.fields["body"].widget.attrs["rows"] = 5

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_body(self) -> str:
        text = self.cleaned_data["body"].replace("\r\n", "\n").replace("\r", "\n")
        self.cleaned_data["body"] = text
        if not text.strip():
            raise forms.ValidationError(
                "A message without words is not sent. Write some, or go back to the shipped text."
            )
        return self._checked("body")

    def _checked(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        try:
            wording.check(self.which.channel, text)
        except wording.Unfit as unfit:
            raise forms.ValidationError(str(unfit)) from None
        return text

    def clean(self) -> dict[str, Any]:
        taken = self.cleaned_data
        found = words.telling(f"{taken.get('subject', '')}\n{taken.get('body', '')}")
        if found and not self.errors:
            self.asks = True
            if not taken.get("anyway"):
                named = ", ".join(f"“{word}”" for word in found[:6])
                self.add_error(
                    "body", f"Strangers may read this, and {named} may tell them about somebody's care. "
                    "Leave it out, or tick the box below.",
                )  # fmt: skip
        return taken


class ChoicesForm(forms.Form):
    """How one client wants to be reached."""

    channel = forms.ChoiceField(
        label="Messages about visits go by", choices=[("", "Not said"), *CHANNELS.items()], required=False,
        widget=forms.RadioSelect,
    )  # fmt: skip
    language = forms.ChoiceField(
        label="Language", choices=[("", "Not said"), *LANGUAGES.items()], required=False
    )
    quiet_from = forms.TimeField(
        label="Quiet from", required=False, widget=forms.TimeInput(format="%H:%M"), error_messages=_CLOCK
    )
    quiet_to = forms.TimeField(
        label="Quiet until", required=False, widget=forms.TimeInput(format="%H:%M"), error_messages=_CLOCK
    )
    no_quiet = forms.BooleanField(label="Messages may come at any hour", required=False)
    time_zone = forms.ChoiceField(label="Time zone", required=False)
    confidential_email = forms.CharField(
        label="Confidential e-mail", required=False, max_length=254,
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off"}),
        help_text="Used instead of everything on the card.",
    )  # fmt: skip
    confidential_phone = forms.CharField(
        label="Confidential phone", required=False, max_length=60,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )  # fmt: skip
    is_warned = forms.BooleanField(
        label="Told that e-mail and SMS can be read on the way, and wants them nevertheless",
        required=False,
        help_text="Needed before anything about care may go by e-mail or SMS. Messages about visits say nothing of it.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data: Any = None, *, chosen: Choice, version: int, country: str) -> None:
        self.country, self.held = country, chosen
        super().__init__(data, initial=self._initial(chosen, version))
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101 - tells the type checker what the class says
        zone.choices = [("", "As the location's"), *((name, name.replace("_", " ")) for name in zones())]

    @staticmethod
    def _initial(chosen: Choice, version: int) -> dict[str, Any]:
        quiet = chosen.has_quiet_hours
        return {
            "channel": chosen.channel,
            "language": chosen.language,
            "quiet_from": chosen.quiet_from if quiet else "",
            "quiet_to": chosen.quiet_to if quiet else "",
            "no_quiet": not quiet,
            "time_zone": chosen.time_zone,
            "confidential_email": chosen.confidential_email,
            "confidential_phone": contacts.shown(chosen.confidential_phone)
            if chosen.confidential_phone
            else "",
            "is_warned": bool(chosen.warned_at),
            "version": version,
        }

    def clean_confidential_email(self) -> str:
        return self._contact("confidential_email", contacts.email)

    def clean_confidential_phone(self) -> str:
        return self._contact("confidential_phone", lambda text: contacts.phone(text, self.country))

    def _contact(self, name: str, read: Any) -> str:
        text = self.cleaned_data[name]
        try:
            return str(read(text)) if text else ""
        except contacts.NotAContact as wrong:
            raise forms.ValidationError(str(wrong)) from None

    def clean(self) -> dict[str, Any]:
        taken = self.cleaned_data
        begins, ends = taken.get("quiet_from"), taken.get("quiet_to")
        if not taken.get("no_quiet") and "quiet_from" not in self.errors and "quiet_to" not in self.errors:
            if (begins is None) != (ends is None):
                self.add_error("quiet_to" if ends is None else "quiet_from", "Give both ends, or neither.")
            elif begins is not None and begins == ends:
                self.add_error(
                    "quiet_to", "This is the same as the beginning. Tick the box below for no quiet hours."
                )
        return taken

    def chosen(self) -> dict[str, str]:
        """Return what was chosen, as ``actions.choose`` takes it."""
        taken = self.cleaned_data
        begins, ends = taken["quiet_from"], taken["quiet_to"]
        if taken["no_quiet"]:
            quiet = (policy.QUIET_FROM, policy.QUIET_FROM)
        elif begins is None:
            quiet = (policy.QUIET_FROM, policy.QUIET_TO)
        else:
            quiet = (f"{begins:%H:%M}", f"{ends:%H:%M}")
        names = ("channel", "language", "time_zone", "confidential_email", "confidential_phone")
        return {name: taken[name] for name in names} | {"quiet_from": quiet[0], "quiet_to": quiet[1]}


class SpendingForm(forms.Form):
    """What an SMS costs and what a month may cost, in the currency the provider bills in."""

    price = forms.DecimalField(
        label="Price of one SMS part", min_value=Decimal(0), max_value=Decimal(10), decimal_places=3,
        help_text="As your provider bills it, such as 0.008.",
    )  # fmt: skip
    cap = forms.DecimalField(
        label="Cap for a month", min_value=Decimal(0), max_value=Decimal(1_000_000), decimal_places=2,
        help_text="0 means no cap. Sign-in codes leave whatever the cap says.",
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    @property
    def milli(self) -> int:
        return int(self.cleaned_data["price"] * 1000)

    @property
    def minor(self) -> int:
        return int(self.cleaned_data["cap"] * 100)


class AddressForm(forms.Form):
    """Which of a client's addresses is meant, by its place and how it was shown: the address itself is in no form."""

    place = forms.RegexField(r"^(email|sms)-\d{1,3}\Z")
    seen = forms.CharField(max_length=300)
