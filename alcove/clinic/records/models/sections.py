"""The templates of notes: which sections each has, in the order they are read. Keys are stored, titles are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Section:
    """One text of a note."""

    key: str
    title: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of note."""

    key: str
    title: str
    help: str
    sections: tuple[Section, ...]


TEMPLATES: Final = {
    template.key: template
    for template in (
        Template(
            "consultation", "Consultation", "Wishes, history, examination and what was agreed.",
            (
                Section("wishes", "Concerns and wishes", "In the client's own words."),
                Section("history", "History", "Health, medication, earlier treatments and reactions."),
                Section("examination", "Examination"),
                Section("advice", "Advice given", "Options, risks and costs that were discussed."),
                Section("plan", "Plan"),
            ),
        ),
        Template(
            "treatment", "Treatment", "What was done, with which product and lot.",
            (
                Section("before", "Before treatment", "Changes since the last visit, consent, photos taken."),
                Section("done", "What was done", "Areas, technique, settings, doses."),
                Section("products", "Products and lots", "Product, lot number, expiry date, amount."),
                Section("response", "Response", "Tolerance, reactions, complications."),
                Section("aftercare", "Aftercare and follow-up"),
            ),
        ),
        Template(
            "soap", "SOAP", "Subjective, objective, assessment, plan.",
            (
                Section("subjective", "Subjective", "What the client tells."),
                Section("objective", "Objective", "What was seen and measured."),
                Section("assessment", "Assessment"),
                Section("plan", "Plan"),
            ),
        ),
        Template("free", "Free text", "One text without sections.", (Section("text", "Note"),)),
    )
}  # fmt: skip


def template(key: str) -> Template:
    """Return a template; free text for one that no code knows any more."""
    return TEMPLATES.get(key, TEMPLATES["free"])


def texts(key: str, body: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (title, text) of every section that says something; sections no template knows come last."""
    known = {section.key: section.title for section in template(key).sections}
    found = [(title, body[name]) for name, title in known.items() if body.get(name)]
    return found + [
        (name.replace("_", " ").capitalize(), text)
        for name, text in body.items()
        if text and name not in known
    ]
