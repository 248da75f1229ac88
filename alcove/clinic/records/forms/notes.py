"""Forms of notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from alcove.clinic.clients.models import Alert
from alcove.clinic.records.forms.words import Words
from alcove.clinic.records.models.sections import TEMPLATES, template
from alcove.security import policy_defaults as policy


class TemplateForm(forms.Form):
    """Which kind of note is begun."""

    template = forms.ChoiceField(choices=[(one.key, one.title) for one in TEMPLATES.values()])
    happened_at = forms.DateTimeField(
        required=False, label="When it happened",
        help_text="For what was written on paper, or forgotten. The note is marked as a late entry for good.",
    )  # fmt: skip

    def clean_happened_at(self) -> datetime | None:
        happened_at: datetime | None = self.cleaned_data["happened_at"]
        if happened_at is not None and happened_at > timezone.now():
            raise forms.ValidationError("This is still to come. A late entry tells of what is past.")
        return happened_at


class DraftForm(forms.Form):
    """The texts of a draft, one field a section; ``version`` and ``pen`` say which window read what.

    ``alerts``: critical alerts in force, each with a tick that signing needs.
    """

    title = Words(required=False, label="Title")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    pen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=32)

    def __init__(
        self, *args: Any, kind: str, body: dict[str, str], alerts: list[Alert], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.keys: list[str] = []
        self.kind_title = template(kind).title
        known = template(kind).sections
        for section in known:
            self._add(section.key, section.title, section.help, 12 if len(known) == 1 else 3)
        for key in body.keys() - {section.key for section in known}:
            self._add(key, key.replace("_", " ").capitalize(), "", 3)
        for alert in alerts:
            words = (
                f"{Alert.KINDS.get(alert.content.get('kind', ''), 'Alert')}: {alert.content.get('text', '')}"
            )
            self.fields[f"alert-{alert.id}"] = forms.BooleanField(label=words, required=False)

    def _add(self, key: str, title: str, help_text: str, rows: int) -> None:
        self.keys.append(key)
        self.fields[f"text-{key}"] = Words(rows=rows, required=False, label=title, help_text=help_text)

    @property
    def texts(self) -> list[forms.BoundField]:
        return [self[f"text-{key}"] for key in self.keys]

    @property
    def ticks(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("alert-")]

    @property
    def body(self) -> dict[str, str]:
        """The texts by section, of a valid form."""
        return {
            key: self.cleaned_data[f"text-{key}"] for key in self.keys if self.cleaned_data[f"text-{key}"]
        }

    @property
    def acknowledged(self) -> set[UUID]:
        """Ids of the alerts ticked, of a valid form."""
        return {
            UUID(name.removeprefix("alert-"))
            for name, ticked in self.cleaned_data.items()
            if name.startswith("alert-") and ticked
        }

    @staticmethod
    def initial_of(title: str, body: dict[str, str], version: int, pen: str) -> dict[str, Any]:
        """Return what a new page of the editor begins with."""
        return {"title": title, "version": version, "pen": pen} | {
            f"text-{key}": text for key, text in body.items()
        }


class AmendmentForm(forms.Form):
    """A dated addition to a signed note."""

    text = Words(
        rows=5,
        label="Amendment",
        help_text="Stands beneath the note with your name and the time. The note stays as it is.",
    )
    reason = Words(
        label="Reason", help_text=f"Why the note needs it, in at least {policy.REASON_MIN_LENGTH} letters."
    )

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if len(reason.strip()) < policy.REASON_MIN_LENGTH:
            raise forms.ValidationError(f"Give a reason of at least {policy.REASON_MIN_LENGTH} letters.")
        return reason
