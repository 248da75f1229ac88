"""The forms of a tablet in a client's hands: one a step, in big type, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms

from alcove.clinic.clients.forms.card import CONTACT_BY
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import contacts
from alcove.clinic.clients.queries.about import ADDRESS, LABELS
from alcove.clinic.records.forms.words import Words
from alcove.clinic.records.models.told import CONTACT, Said
from alcove.clinic.records.queries.chart import Line
from alcove.clinic.records.queries.told import card_value

MOST_NEW: Final = 4
"""New entries of one list that fit on one page of the tablet."""
MOST_CONTACTS: Final = 6
RIGHT, GONE, OTHER = "right", "gone", "other"
ASK_OTHER: Final = "Say what is different, or choose another answer."


@dataclass(frozen=True, slots=True)
class Asked:
    """How one list of the chart is spoken of to the client."""

    title: str
    nothing: str
    gone: str
    one: str
    more: str


ASKED: Final = {
    "allergy": Asked(
        "Allergies", "We have no allergies on file for you.", "I do not have this any more",
        "Allergy", "What happens when you have it?",
    ),
    "medication": Asked(
        "Medication", "We have no medication on file for you.", "I do not take this any more",
        "Medicine", "How much, and how often?",
    ),
    "condition": Asked(
        "Conditions", "We have no health conditions on file for you.", "I do not have this any more",
        "Condition", "Since when, and what is done about it?",
    ),
}  # fmt: skip


class StepForm(forms.Form):
    """Base of all steps: ``typed`` is what a draft keeps, ``said`` what differs from what is on file."""

    def typed(self) -> dict[str, str]:
        """Return every field as it was typed, right or wrong."""
        return {name: str(self.data.get(name, ""))[:10_000] for name in self.fields}

    def said(self) -> list[Said]:
        """Return the corrections in a valid form."""
        raise NotImplementedError


class OwnContactForm(StepForm):
    """The client's own contact details. What they do not touch stays as it is on the card."""

    def __init__(self, data: Any, client: Client, country: str) -> None:
        self.client, self.country = client, country
        address = client.details.get("address") or {}
        super().__init__(
            data,
            initial={
                "preferred": client.preferred,
                "contact_by": client.detail("contact_by"),
                **{name: address.get(name, "") for name in ADDRESS},
            },
        )
        self.fields["preferred"] = Words(label="What do you like to be called?", required=False)
        self._rows("phone", [contacts.shown(one) for one in client.phones], "tel")
        self._rows("email", client.emails, "email")
        for name in ADDRESS:
            self.fields[name] = Words(label=LABELS[name], required=False)
        held = str(self.initial["contact_by"] or "")
        choices = [("", "No wish"), *((one, one) for one in CONTACT_BY)]
        if held and held not in CONTACT_BY:
            choices.append((held, held))
        self.fields["contact_by"] = forms.ChoiceField(
            label="How may we reach you?", required=False, choices=choices
        )

    def _rows(self, name: str, held: Sequence[str], kind: str) -> None:
        label = {"phone": "Phone", "email": "E-mail"}[name]
        for at in range(max(min(len(held) + 1, MOST_CONTACTS), len(held))):
            widget = forms.TextInput(attrs={"inputmode": kind, "autocomplete": "off"})
            one = label if at < max(len(held), 1) else f"Another {label[:1].lower()}{label[1:]}"
            self.fields[f"{name}_{at}"] = Words(label=one, required=False, widget=widget)
            self.initial[f"{name}_{at}"] = held[at] if at < len(held) else ""

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        self.read = {
            "phones": self._read(
                cleaned, "phone", self.client.phones, lambda text: contacts.phone(text, self.country)
            ),
            "emails": self._read(cleaned, "email", self.client.emails, contacts.email),
        }
        if not self.errors and not any(self.read.values()):
            self.add_error("phone_0", "Leave us one phone number or e-mail address, please.")
        return cleaned

    def _read(self, cleaned: dict[str, Any], name: str, held: Iterable[str], read: Any) -> list[str]:
        same = {contacts.shown(one) if name == "phone" else one: one for one in held}
        found: list[str] = []
        for field in [one for one in self.fields if one.startswith(f"{name}_")]:
            text = str(cleaned.get(field, "")).strip()
            if not text:
                continue
            try:
                found.append(same[text] if text in same else read(text))
            except contacts.NotAContact as wrong:
                self.add_error(field, str(wrong))
        return list(dict.fromkeys(found))

    def said(self) -> list[Said]:
        """Return one correction for each part of the card that differs."""
        taken = self.cleaned_data
        held = dict(self.client.details.get("address") or {})
        address = {**held, **{name: taken[name].strip() for name in ADDRESS}}
        now: dict[str, Any] = {
            **self.read,
            "address": {name: text for name, text in address.items() if text},
            "preferred": taken["preferred"].strip(),
            "contact_by": taken["contact_by"],
        }
        return [
            Said(CONTACT, {"what": what, "before": card_value(self.client, what), "said": said})
            for what, said in now.items()
            if (card_value(self.client, what) or None) != (said or None)
        ]


class OwnListForm(StepForm):
    """One list of the chart: each entry that stands is right, over or different; new ones can be added."""

    def __init__(self, data: Any, kind: str, held: Sequence[Line]) -> None:
        self.kind, self.held, self.asked = kind, held, ASKED[kind]
        super().__init__(data)
        choices = ((RIGHT, "That is right"), (GONE, self.asked.gone), (OTHER, "Something is different"))
        for line in held:
            self.fields[f"is_{line.id.hex}"] = forms.ChoiceField(
                label=line.name, choices=choices, widget=forms.RadioSelect, initial=RIGHT,
                help_text=line.summary,
            )  # fmt: skip
            self.fields[f"words_{line.id.hex}"] = Words(label="What is different?", required=False)
        for at in range(MOST_NEW):
            one = self.asked.one if not held and not at else f"Another {self.asked.one.lower()}"
            self.fields[f"new_{at}"] = Words(label=one, required=False)
            self.fields[f"more_{at}"] = Words(label=self.asked.more, required=False)

    @property
    def standing(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of each entry on file: the answer, and what is different."""
        return [(self[f"is_{one.id.hex}"], self[f"words_{one.id.hex}"]) for one in self.held]

    @property
    def new(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"new_{at}"], self[f"more_{at}"]) for at in range(MOST_NEW)]

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        for line in self.held:
            words = f"words_{line.id.hex}"
            if cleaned.get(f"is_{line.id.hex}") == OTHER and not str(cleaned.get(words, "")).strip():
                self.add_error(words, ASK_OTHER)
        for at in range(MOST_NEW):
            if str(cleaned.get(f"more_{at}", "")).strip() and not str(cleaned.get(f"new_{at}", "")).strip():
                self.add_error(f"new_{at}", "Say what it is called.")
        return cleaned

    def said(self) -> list[Said]:
        """Return what differs, the entries on file first."""
        taken, found = self.cleaned_data, []
        for line in self.held:
            answer = taken[f"is_{line.id.hex}"]
            # Words beside "That is right" are words all the same.
            words = taken[f"words_{line.id.hex}"].strip()
            if answer == RIGHT and not words:
                continue
            before = " · ".join(filter(None, (line.name, line.summary)))
            content = {"item": line.id.hex, "name": line.name, "before": before, "said": words}
            found.append(Said(self.kind, {"what": GONE if answer == GONE else OTHER} | content))
        for at in range(MOST_NEW):
            name = taken[f"new_{at}"].strip()
            if name:
                content = {"item": "", "name": name, "before": "", "said": taken[f"more_{at}"].strip()}
                found.append(Said(self.kind, {"what": "new"} | content))
        return found


class OwnWordsForm(StepForm):
    """What no list asks for: pregnancy where that can be, and anything else."""

    def __init__(self, data: Any, client: Client) -> None:
        super().__init__(data)
        if str(client.detail("sex")).casefold() != "male":
            self.fields["pregnant"] = forms.ChoiceField(
                label="Are you pregnant, or breastfeeding?",
                required=False,
                help_text="Some treatments are not right then.",
                choices=(
                    ("", "I would rather talk about it"), ("No", "No"), ("Pregnant", "I am pregnant"),
                    ("Possibly pregnant", "I may be pregnant"), ("Breastfeeding", "I am breastfeeding"),
                ),
                widget=forms.RadioSelect,
            )  # fmt: skip
        self.fields["words"] = Words(
            rows=5,
            label="Anything else we should know?",
            required=False,
            help_text="An operation, an implant, something that worries you.",
        )

    def said(self) -> list[Said]:
        """Return the answers that say something."""
        taken = self.cleaned_data
        found = []
        if answer := taken.get("pregnant"):
            said = "Not pregnant, not breastfeeding" if answer == "No" else answer
            found.append(Said("pregnancy", _spoken("Pregnancy status", said)))
        if taken["words"].strip():
            found.append(Said("words", _spoken("Told by the client", taken["words"].strip())))
        return found


def _spoken(name: str, said: str) -> Mapping[str, str]:
    return {"what": "said", "item": "", "name": name, "before": "", "said": said}


class DecideForm(forms.Form):
    """Accept or decline a correction; whoever declines says why."""

    verdict = forms.ChoiceField(choices=(("accept", "Accept"), ("decline", "Decline")))
    reason = Words(required=False, label="Why not")

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        if cleaned.get("verdict") == "decline" and not str(cleaned.get("reason", "")).strip():
            self.add_error("reason", "Say in a few words why it is declined.")
        return cleaned


class HandOverForm(forms.Form):
    """For what the tablet is handed over."""

    tasks = forms.MultipleChoiceField(
        label="What they do on it",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )

    def __init__(self, data: Any, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__(data, initial={"tasks": [key for key, _ in choices]})
        self.fields["tasks"].choices = choices  # type: ignore[attr-defined]  # a field with choices
