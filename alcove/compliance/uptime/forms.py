"""What is typed about a probe, and what a probe sends: untrusted, so every figure has its bounds."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, ClassVar, Final

from django import forms

from alcove.clinic.practice.forms.sheet import Line, Sheet
from alcove.clinic.practice.models import Location
from alcove.compliance.uptime.models import Stretch
from alcove.security import policy_defaults as policy

_NAME: Final = "Write what tells it from the others."
_OUTSIDE: Final = "outside"
_ELSEWHERE: Final = "Outside: at the IT provider, on a rented machine"


class NameForm(Sheet):
    """The name of a probe."""

    groups: ClassVar = [("", ["name"])]
    name = Line(
        label="Name", max_length=80, error_messages={"required": _NAME},
        help_text="What it runs on, as people call it: “Box at reception”.",
    )  # fmt: skip


class ProbeForm(NameForm):
    """A new probe: its name, and where it looks from."""

    groups: ClassVar = [("", ["name", "location"])]
    location = forms.ChoiceField(
        label="Where it looks from", error_messages={"required": "Choose where it looks from."}
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.places = {str(one.pk): one for one in Location.objects.filter(is_active=True)}
        choices = [
            ("", "Choose"),
            *((key, one.name) for key, one in self.places.items()),
            (_OUTSIDE, _ELSEWHERE),
        ]
        self.fields["location"].choices = choices  # type: ignore[attr-defined]  # a field of choices

    def clean_location(self) -> Location | None:
        """Return the location; None for outside."""
        return self.places.get(self.cleaned_data["location"])


class EndForm(Sheet):
    """Ending a probe, or renewing its token; it stands beside the form that renames it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, auto_id=f"{options.pop('prefixed', 'end')}_%s", **options)


# Reports --------------------------------------------------------------------------------------------------------------

_LATEST: Final = 4_102_444_800_000
"""Milliseconds: the year 2100, by whatever clock a probe has."""
_TRIES_MOST: Final = 100_000_000
_EVERY_LEAST, _EVERY_MOST = (one // timedelta(milliseconds=1) for one in policy.PROBE_RHYTHM)
_LATE: Final = 2
"""Tries of one stretch are so many rhythms apart at most: a probe that was kept longer begins another."""


class NoReport(ValueError):
    """What was sent is no report; the sentence says why, and quotes nothing of it."""


def report(body: bytes) -> dict[str, Any]:
    """Return ``now``, ``every`` and ``stretches``: dicts of ``began``, ``ended``, ``tries``, ``what``.

    Raises ``NoReport``.
    """
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise NoReport("This is no JSON.") from None
    if not isinstance(given, dict) or given.keys() != {"now", "every", "stretches"}:
        raise NoReport("A report has now, every and stretches, and nothing else.")
    now = _number(given["now"], 1, _LATEST, "now")
    every = _number(given["every"], _EVERY_LEAST, _EVERY_MOST, "every")
    stretches = given["stretches"]
    if not isinstance(stretches, list) or not 1 <= len(stretches) <= policy.REPORT_STRETCHES:
        raise NoReport(f"A report has 1 to {policy.REPORT_STRETCHES} stretches.")
    found = [_stretch(one, every) for one in stretches]
    before = 0
    for one in found:
        if one["began"] <= before:
            raise NoReport("Stretches come in order and do not overlap.")
        before = one["ended"]
    if before > now:
        raise NoReport("A stretch ends after now.")
    return {"now": now, "every": every, "stretches": found}


def _stretch(one: Any, every: int) -> dict[str, Any]:
    if not isinstance(one, dict) or one.keys() != {"from", "until", "tries", "what"}:
        raise NoReport("A stretch has from, until, tries and what, and nothing else.")
    began, ended = (_number(one[name], 1, _LATEST, name) for name in ("from", "until"))
    tries = _number(one["tries"], 1, _TRIES_MOST, "tries")
    if not isinstance(one["what"], str) or one["what"] not in Stretch.What.values:
        raise NoReport("what is a word that is not known.")
    if not began <= ended:
        raise NoReport("A stretch ends before it begins.")
    if ended - began > (tries - 1) * _LATE * every:
        raise NoReport("A stretch is longer than its tries can have been apart.")
    return {"began": began, "ended": ended, "tries": tries, "what": one["what"]}


def _number(value: Any, least: int, most: int, name: str) -> int:
    if type(value) is not int or not least <= value <= most:
        raise NoReport(f"{name} is a whole number from {least} to {most}.")
    return value
