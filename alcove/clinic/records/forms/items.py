"""Forms of the chart's lists, one for each kind of entry."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from django import forms

from alcove.clinic.records.forms.words import Words, new_row
from alcove.clinic.records.models import Item
from alcove.clinic.records.models.content import KINDS, Entry
from alcove.clinic.records.queries.words import day_of

_STATUS = {
    Item.Kind.ALLERGY: ("active", "inactive", "resolved"),
    Item.Kind.MEDICATION: ("active", "on hold", "stopped", "completed"),
    Item.Kind.CONDITION: ("active", "remission", "resolved"),
    Item.Kind.PROCEDURE: ("completed", "in progress", "not done"),
    Item.Kind.IMMUNISATION: ("completed", "not done"),
    Item.Kind.OBSERVATION: ("final", "preliminary", "amended"),
    Item.Kind.REPORT: ("final", "preliminary", "amended"),
    Item.Kind.PLAN: ("active", "on hold", "completed"),
}
_SYSTEMS = (
    ("http://snomed.info/sct", "SNOMED CT"),
    ("http://www.nlm.nih.gov/research/umls/rxnorm", "RxNorm"),
    ("http://loinc.org", "LOINC"),
    ("http://hl7.org/fhir/sid/icd-10-cm", "ICD-10-CM"),
    ("http://hl7.org/fhir/sid/cvx", "CVX"),
)
_NAMES = {
    Item.Kind.ALLERGY: "Allergic to",
    Item.Kind.MEDICATION: "Medication",
    Item.Kind.CONDITION: "Condition",
    Item.Kind.PROCEDURE: "Procedure",
    Item.Kind.IMMUNISATION: "Vaccine",
    Item.Kind.OBSERVATION: "What was measured",
    Item.Kind.REPORT: "Result",
    Item.Kind.PLAN: "Plan",
}
_LABELS = {
    "criticality": "Risk", "category": "Kind", "dose": "Dose and use", "prescriber": "Prescribed by",
    "performer": "Done by", "lot": "Lot number", "site": "Place on the body", "low": "Usual from",
    "high": "Usual to", "text": "Conclusion",
}  # fmt: skip
_RISKS = (("", "Not known"), ("low", "Low"), ("high", "High: may be life-threatening"))
_CATEGORIES = {
    Item.Kind.ALLERGY: (
        ("", "Not known"), ("medication", "Medication"), ("food", "Food"), ("environment", "Environment"),
        ("biologic", "Biologic"),
    ),
    Item.Kind.OBSERVATION: (
        ("", "Other"), ("vital-signs", "Vital sign"), ("laboratory", "Laboratory"), ("survey", "Questionnaire"),
        ("exam", "Examination"),
    ),
    Item.Kind.REPORT: (("", "Other"), ("laboratory", "Laboratory"), ("imaging", "Imaging")),
}  # fmt: skip
_DATES = {
    Item.Kind.ALLERGY: ("Known since", "Ended"),
    Item.Kind.MEDICATION: ("Started", "Stopped"),
    Item.Kind.CONDITION: ("Since", "Until"),
    Item.Kind.PLAN: ("From", "Until"),
}
_LISTS = {"activities": "Activities, one a line", "addresses": "For which conditions, one a line"}
_LONG = {"text": 4}
_COMMON = frozenset(one.name for one in fields(Entry))
_TOGETHER = (
    ("start", "end"),
    ("value", "unit"),
    ("low", "high"),
    ("code", "system"),
    ("criticality", "category"),
    ("lot", "site"),
)


_NOT_OF_THE_ENTRY = frozenset({"row", "version", "sensitive"})


class ItemForm(forms.Form):
    """Base: what every entry has. Subclasses are made by ``item_form``."""

    kind: str
    row = new_row()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and end[: len(start)] < start[: len(end)]:
            self.add_error("end", "This lies before the first date. Correct one of them.")
        return cleaned

    @property
    def groups(self) -> list[list[forms.BoundField]]:
        """Fields by line of the page: those that belong together stand side by side."""
        left, found = [bound.name for bound in self.visible_fields()], []
        while left:
            together = next((pair for pair in _TOGETHER if left[0] in pair), (left[0],))
            found.append([self[name] for name in together if name in left])
            left = [name for name in left if name not in together]
        return found

    def entry_over(self, held: Entry) -> Entry:
        """Return the typed entry, of a valid form; what the form does not show stays as in ``held``."""
        values = {name: value for name, value in self.cleaned_data.items() if name not in _NOT_OF_THE_ENTRY}
        for name in _LISTS.keys() & values.keys():
            values[name] = [line for line in str(values[name]).split("\n") if line.strip()]
        return replace(held, **values)


class Day(forms.DateField):
    """A day, as ISO text; an imported moment, year or month is kept as it came unless it is changed."""

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        return found.isoformat() if found else ""


def _field(kind: Item.Kind, name: str) -> forms.Field | None:
    label = _NAMES[kind] if name == "name" else _LABELS.get(name, name.capitalize())
    choices = _RISKS if name == "criticality" else _CATEGORIES.get(kind) if name == "category" else None
    if name in {"parts", "results", "flag"}:
        return None
    if name in {"start", "end"}:
        words = _DATES.get(kind, ("Date", ""))[name == "end"]
        return Day(required=False, label=words) if words else None
    if name == "status":
        return forms.ChoiceField(
            required=False, choices=[("", "Not said"), *((one, one.capitalize()) for one in _STATUS[kind])]
        )
    if name == "system":
        return forms.ChoiceField(required=False, label="Code system", choices=[("", "None"), *_SYSTEMS])
    if choices:
        return forms.ChoiceField(required=False, label=label, choices=choices)
    if name in _LISTS:
        return Words(rows=3, required=False, label=_LISTS[name])
    rows = 2 if name == "note" else _LONG.get(name, 0)
    return Words(rows=rows, required=name in {"name", "value"}, label=label)


def item_form(kind: str, *args: Any, entry: Entry | None = None, **options: Any) -> ItemForm:
    """Return the form of one kind. With ``entry``, choices it holds that are not ours are offered as they are."""
    which = Item.Kind(kind)
    own = [one.name for one in fields(KINDS[kind]) if one.name not in _COMMON]
    order = ["name", *own, "start", "end", "status", "code", "system", "note"]
    made = {name: field for name in order if (field := _field(which, name)) is not None}
    form_class: type[ItemForm] = type("KindForm", (ItemForm,), {**made, "kind": kind})
    form = form_class(*args, **options)
    if entry is not None:
        if getattr(entry, "parts", None):
            form.fields["value"].required = False
        _admit(form, entry)
    return form


def _admit(form: ItemForm, entry: Entry) -> None:
    """Let what an import brought stay: a choice or a date that our own lists do not know is offered as it is."""
    for name, field in form.fields.items():
        held = str(getattr(entry, name, "") or "")
        if isinstance(field, forms.ChoiceField) and held:
            ours: list[tuple[str, str]] = list(field.choices)  # type: ignore[arg-type]  # pairs, made above
            field.choices = ours if held in dict(ours) else [*ours, (held, held)]
        if isinstance(field, Day) and held and (day_of(held) is None or len(held) != len("2024-05-01")):
            form.fields[name] = Words(required=False, label=field.label)


def initial_of(entry: Entry, version: int) -> dict[str, Any]:
    """Return what the form of an entry begins with."""
    found: dict[str, Any] = {field.name: getattr(entry, field.name) for field in fields(entry)}
    for name in _LISTS.keys() & found.keys():
        found[name] = "\n".join(found[name])
    return found | {"version": version}


class StrikeForm(forms.Form):
    """Why an entry leaves the chart; goes sealed into the log."""

    reason = Words(required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
