"""The blank forms of a pack: what is asked on paper is what is typed in afterwards.

There is one for each kind of note, with its own sections, so that a sheet can be typed into a late entry line by line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from alcove.clinic.records.models.sections import TEMPLATES, Section, Template

Field = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Blank:
    """A form to print. ``fields``: what is asked, and how many lines are left to write on."""

    title: str
    hint: str
    fields: tuple[Field, ...]

    @property
    def rows(self) -> list[tuple[str, range]]:
        """The fields with their lines, for a template to count through."""
        return [(asked, range(lines)) for asked, lines in self.fields]


_WHO: Final[tuple[Field, ...]] = (
    ("Client: name and date of birth", 1),
    ("Date and time it happened, room", 1),
    ("Practitioner", 1),
    ("Allergies and medication asked today", 2),
)
_CONSENT: Final[tuple[Field, ...]] = (("Consent: what was explained, signature of the client", 2),)
_SIGNED: Final[tuple[Field, ...]] = (("Signature of the practitioner, date and time", 1),)
_TREATMENT: Final = "treatment"
_ROOM: Final = 3
"""Lines for a section of a note; a note of one section only gets the rest of the page."""
_WHOLE_PAGE: Final = 14


def _of_note(template: Template) -> Blank:
    """Return the blank sheet of one kind of note."""
    room = _ROOM if len(template.sections) > 1 else _WHOLE_PAGE
    consent = _CONSENT if template.key == _TREATMENT else ()
    title = template.title if template.title.endswith("text") else f"{template.title} note"
    return Blank(
        title, f"{template.help} Enter it afterwards as a late entry, with the time it happened.",
        (*_WHO, *consent, *((_asked(section), room) for section in template.sections), *_SIGNED),
    )  # fmt: skip


def _asked(section: Section) -> str:
    return (
        f"{section.title}: {section.help[0].lower()}{section.help[1:].rstrip('.')}"
        if section.help
        else section.title
    )


_OTHERS: Final = (
    Blank(
        "Allergic reaction", "Call for help first. Times matter: write them down as it goes.",
        (
            ("Client: name and date of birth", 1), ("When it began; what was given before, with lot number", 2),
            ("Signs: skin, breathing, pulse, blood pressure, each with its time", 4),
            ("What was given: drug, dose, way, each with its time", 4), ("Emergency call: when, by whom, arrived", 2),
            ("How the client left, with whom, what was agreed", 2), ("Name and signature, date and time", 1),
        ),
    ),
    Blank(
        "Incident", "Anything that harmed or nearly harmed somebody, or a loss of data. Tell the manager the same day.",
        (
            ("Who it happened to", 1), ("Date, time and place", 1), ("What happened", 6), ("What was done at once", 4),
            ("Who was told, and when", 2), ("Name and signature", 1),
        ),
    ),
    Blank(
        "New client", "For whoever comes for the first time.",
        (
            ("Given and family name", 1), ("Date of birth", 1), ("Phone and e-mail", 2), ("Address", 2),
            ("Allergies", 2), ("Medication", 2), ("Conditions, pregnancy", 2), ("Emergency contact and phone", 1),
            ("Date and signature", 1),
        ),
    ),
)  # fmt: skip
_ORDER: Final = sorted(TEMPLATES.values(), key=lambda one: one.key != _TREATMENT)
FORMS: Final = (*(_of_note(one) for one in _ORDER), *_OTHERS)
"""The treatment note first: it is the one most needed."""
