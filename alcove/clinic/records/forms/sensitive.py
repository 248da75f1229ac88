"""How an entry is marked sensitive: of which category, and for whom."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from alcove.clinic.records.queries.sensitive import Choices
from alcove.security.access.audiences import TITLES, Mark, Readers

CATEGORIES = [(str(key), title) for key, title in TITLES.items()]
WHY = "It gets a key of its own. Only you read it until you name others; for everyone else it is not there."


def sensitive_field() -> forms.ChoiceField:
    """Return the choice that makes a new entry sensitive from its first word."""
    return forms.ChoiceField(
        required=False, label="Sensitive", choices=[("", "No"), *CATEGORIES], help_text=WHY
    )


def mark_of(form: forms.Form) -> Mark | None:
    """Return how a valid form wants its new entry marked, None if not."""
    category = form.cleaned_data.get("sensitive", "")
    return Mark(category) if category else None


class AudienceForm(forms.Form):
    """The category of an entry, and who reads it beside its author. ``version``: the audience's, as it was shown."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    category = forms.ChoiceField(
        label="What it is about", choices=[("", "Choose one"), *CATEGORIES],
        help_text="Only those who read it see this.",
    )  # fmt: skip
    people = forms.MultipleChoiceField(
        label="People", required=False, widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose people who may read records."},
    )  # fmt: skip
    roles = forms.MultipleChoiceField(
        label="Roles", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="Whoever holds the role reads it, for as long as they hold it.",
        error_messages={"invalid_choice": "Choose roles that may read records."},
    )  # fmt: skip

    def __init__(self, *args: Any, choices: Choices, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["people"].choices = [(str(one), words) for one, words in choices.people]  # type: ignore[attr-defined]  # a choice field
        self.fields["roles"].choices = [(str(one), words) for one, words in choices.roles]  # type: ignore[attr-defined]  # as above

    @property
    def mark(self) -> Mark:
        """What was chosen, of a valid form."""
        people, roles = (frozenset(map(UUID, self.cleaned_data[name])) for name in ("people", "roles"))
        return Mark(self.cleaned_data["category"], Readers(people, roles))
