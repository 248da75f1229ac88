"""What is typed for an export of many clients."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms

from alcove.clinic.clients.forms.reasons import ReasonForm
from alcove.clinic.clients.models import Export
from alcove.clinic.clients.queries import exporting
from alcove.security.access.actors import Actor

MOST_LINES: Final = 1_000
EVERYONE, CHOSEN = "everyone", "chosen"


class ExportForm(ReasonForm):
    """Which clients, in which format, and why. Valid, it holds their ids in ``chosen``."""

    which = forms.ChoiceField(
        label="Which clients",
        choices=[(EVERYONE, "Everyone in the list"), (CHOSEN, "Only these")],
        initial=EVERYONE,
        widget=forms.RadioSelect,
    )
    lines = forms.CharField(
        label="Only these clients",
        required=False,
        max_length=200 * MOST_LINES,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text="One client a line, by client number, phone number or e-mail address, exactly as on the card.",
    )
    format = forms.ChoiceField(
        label="Format", choices=list(Export.FORMATS.items()), initial="csv", widget=forms.RadioSelect
    )
    field_order = ("which", "lines", "format", "reason")

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)
        self.actor = actor
        self.chosen: list[UUID] = []
        self.fields["reason"].label = "What the file is for"
        self.fields["reason"].help_text = "It stands in the file, on the log, and before whoever approves."
        self.fields["reason"].error_messages["required"] = "Say what the file is for."

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("which") == EVERYONE:
            self.chosen = exporting.everyone(self.actor)
            if not self.chosen:
                self.add_error("which", "There is no client to export yet.")
        elif "lines" in self.cleaned_data:
            self._read_lines()
        return self.cleaned_data

    def _read_lines(self) -> None:
        texts = [text.strip() for text in self.cleaned_data["lines"].splitlines()]
        if not any(texts):
            self.add_error("lines", "Name at least one client.")
        elif len(texts) > MOST_LINES:
            self.add_error("lines", f"Name at most {MOST_LINES:,} clients at once.")
        else:
            self.chosen, nobody = exporting.named(self.actor, texts)
            if nobody:
                words = ", ".join(str(at) for at in nobody[:20])
                self.add_error("lines", f"Nobody has exactly what stands in line {words}.")
