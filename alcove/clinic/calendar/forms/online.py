"""What patients see when they book online, as the owner types it."""

from __future__ import annotations

import re
from typing import Any, Final

from django import forms

from alcove.clinic.calendar.models import OnlineBooking
from alcove.clinic.calendar.models.online import COLOURS, GROUPS, SWITCHES
from alcove.clinic.calendar.queries.contrast import is_colour, ratio
from alcove.security import policy_defaults as policy

MOST_SITES: Final = 10
_ORIGIN: Final = re.compile(
    r"https://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}(?::[0-9]{1,5})?", re.ASCII
)
_PAIRS: Final = (("ink", "ground"), ("button_ink", "button"))


class OnlineForm(forms.Form):
    """All settings of the booking pages. Fields ``show_KEY`` and ``colour_KEY`` are those of the model's tables."""

    is_open = forms.BooleanField(label="Patients can book online", required=False)
    welcome = forms.CharField(
        label="Words of welcome", max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    title = forms.CharField(label="Title", max_length=80)
    words = forms.CharField(
        label="Text", max_length=600, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Everybody who books reads this. Name no treatment.",
    )  # fmt: skip
    layout = forms.ChoiceField(label="Layout", choices=OnlineBooking.Layout.choices)
    sites = forms.CharField(
        label="Sites that may show the first pages", required=False, max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One address a line, such as https://www.example.com. No other site can.",
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, data: Any = None, *, held: OnlineBooking) -> None:
        super().__init__(data, initial=_initial(held))
        for key, switch in SWITCHES.items():
            self.fields[f"show_{key}"] = forms.BooleanField(label=switch.title, required=False)
        for key, (label, _) in COLOURS.items():
            self.fields[f"colour_{key}"] = forms.CharField(
                label=label, max_length=7, widget=forms.TextInput(attrs={"type": "color"})
            )

    @property
    def groups(self) -> list[tuple[str, list[Any]]]:
        """The three groups of what is shown or hidden."""
        return [
            (title, [self[f"show_{key}"] for key, one in SWITCHES.items() if one.group == group])
            for group, title in GROUPS.items()
        ]

    @property
    def colours(self) -> list[Any]:
        return [self[f"colour_{key}"] for key in COLOURS]

    def clean_sites(self) -> list[str]:
        """Return origins and nothing else: they go into a header."""
        found = list(
            dict.fromkeys(
                line.strip().rstrip("/").lower() for line in self.cleaned_data["sites"].splitlines()
            )
        )
        sites = [line for line in found if line]
        for site in sites:
            if not _ORIGIN.fullmatch(site):
                raise forms.ValidationError("Write each site as https:// and its name, without a path.")
        if len(sites) > MOST_SITES:
            raise forms.ValidationError(f"At most {MOST_SITES} sites.")
        return sites

    def clean(self) -> dict[str, Any]:
        """Refuse colours in which a text is hard to read."""
        taken = self.cleaned_data
        for key in COLOURS:
            if key and not is_colour(taken.get(f"colour_{key}", "")):
                self.add_error(f"colour_{key}", "Write a colour as # and six signs, such as #1f5e57.")
        if self.errors:
            return taken
        for text, behind in _PAIRS:
            found = ratio(taken[f"colour_{text}"], taken[f"colour_{behind}"])
            if found < policy.CONTRAST_LEAST:
                label = COLOURS[behind][0].lower()
                self.add_error(
                    f"colour_{text}",
                    f"Too hard to read on its {label}: {int(found * 10) / 10} to 1, "
                    f"and {policy.CONTRAST_LEAST} to 1 is the least.",
                )
        return taken

    def values(self) -> dict[str, Any]:
        """Return the columns of ``OnlineBooking``."""
        taken = self.cleaned_data
        return {name: taken[name] for name in ("is_open", "welcome", "title", "words", "layout", "sites")} | {
            "shown": {key: taken[f"show_{key}"] for key in SWITCHES},
            "colours": {key: taken[f"colour_{key}"].lower() for key in COLOURS},
        }


def _initial(held: OnlineBooking) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: getattr(held, name) for name in ("is_open", "welcome", "title", "words", "layout", "version")
    }
    found["sites"] = "\n".join(held.sites)
    found |= {f"show_{key}": held.shows(key) for key in SWITCHES}
    return found | {f"colour_{key}": held.colour(key) for key in COLOURS}
