"""How a form's field is drawn: which kind of control it is, and what a screen reader hears with it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django import forms
from django.forms import BoundField
from django.forms.forms import BaseForm

Attributes = dict[str, str | bool]


@dataclass(frozen=True)
class FormError:
    """One line of the list on top of a form; `id` is what the link leads to."""

    id: str
    label: str
    message: str


def drawn(bound: BoundField, *, unit: str, width: str, optional: bool) -> dict[str, object]:
    """Everything the template `field.html` needs."""
    _make_native(bound)
    kind = _kind(bound)
    context: dict[str, object] = {
        "id": bound.id_for_label or bound.auto_id,
        "label": bound.label,
        "help": bound.help_text,
        "errors": _words(bound),
        "kind": kind,
        "unit": unit,
        "width": width or _width(bound),
        "optional": optional and not bound.field.required and kind != "boolean",
        "describedby": _described_by(bound),
    }
    if kind == "group":
        context |= {"id": bound.auto_id, "choices": _choices(bound)}
    else:
        context["control"] = bound.as_widget(attrs=_attributes(bound, kind))
    return context


def errors(all_forms: Iterable[BaseForm]) -> list[FormError]:
    """Every error of these forms, in the order of their fields, those of the whole form first."""
    found: list[FormError] = []
    for form in all_forms:
        found += [FormError("", "", str(message)) for message in form.non_field_errors()]
        for bound in form:
            place = "" if bound.is_hidden else _place(bound)
            found += [FormError(place, str(bound.label), message) for message in _words(bound)]
    return found


def _words(bound: BoundField) -> list[str]:
    """The errors of a field; for Django's "This field is required." a word on how to mend it."""
    stock = str(forms.Field.default_error_messages["required"])
    return [_missing(bound) if str(message) == stock else str(message) for message in bound.errors]


def _missing(bound: BoundField) -> str:
    kind, widget = _kind(bound), bound.field.widget
    if kind == "boolean":
        return "Tick this to go on."
    if getattr(widget, "allow_multiple_selected", False):
        return "Choose at least one."
    if kind == "group" or isinstance(widget, forms.Select):
        return "Choose one."
    if isinstance(widget, forms.DateTimeInput):
        return "Give day and time."
    return "Give the date." if isinstance(widget, forms.DateInput) else "Fill this in."


def _place(bound: BoundField) -> str:
    return bound.auto_id if _kind(bound) == "group" else (bound.id_for_label or bound.auto_id)


def _kind(bound: BoundField) -> str:
    widget = bound.field.widget
    if bound.is_hidden:
        return "hidden"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "group"
    if isinstance(widget, forms.CheckboxInput):
        return "boolean"
    if isinstance(widget, forms.PasswordInput):
        return "password"
    return "plain"


def _make_native(bound: BoundField) -> None:
    """Use the browser's own pickers. Django copies widgets for each form, so this touches no other form."""
    widget = bound.field.widget
    if isinstance(widget, forms.DateTimeInput) and widget.input_type == "text":
        widget.input_type, widget.format = "datetime-local", "%Y-%m-%dT%H:%M"
    elif isinstance(widget, forms.TimeInput) and widget.input_type == "text":
        widget.input_type, widget.format = "time", "%H:%M"
    elif isinstance(widget, forms.DateInput) and widget.input_type == "text":
        widget.input_type, widget.format = "date", "%Y-%m-%d"


def _described_by(bound: BoundField) -> str:
    place = _place(bound)
    parts = [f"{place}-error"] if bound.errors else []
    if bound.help_text:
        parts.append(f"{place}-help")
    return " ".join(parts)


def _attributes(bound: BoundField, kind: str) -> Attributes:
    attributes: Attributes = {}
    described = _described_by(bound)
    if described:
        attributes["aria-describedby"] = described
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if kind == "password" and "autocomplete" not in bound.field.widget.attrs:
        attributes["autocomplete"] = "current-password"
    if bound.field.widget.attrs.get("autocomplete") == "one-time-code":
        attributes |= {"class": "one-time", "autocapitalize": "off", "spellcheck": "false"}
        if "inputmode" not in bound.field.widget.attrs:
            attributes["inputmode"] = "numeric"
        # A limit would cut "123 456" short as it is pasted; the form's own check stays.
        attributes["maxlength"] = False
    if isinstance(bound.field, forms.DecimalField):
        attributes["inputmode"] = "decimal"
    return attributes


def _choices(bound: BoundField) -> list[dict[str, object]]:
    return [{"id": row.id_for_label, "label": row.choice_label, "tag": row.tag()} for row in bound.subwidgets]


def _width(bound: BoundField) -> str:
    """The width of a field hints at what goes into it."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", "")
    if widget.attrs.get("autocomplete") == "one-time-code":
        return "m"
    if kind in {"date", "time", "number"}:
        return "s"
    if kind in {"datetime-local", "tel"}:
        return "m"
    longest = getattr(bound.field, "max_length", None)
    if kind == "text" and longest and longest <= 12:  # noqa: PLR2004 - a measure of the drawing, named by the line
        return "s"
    return "m" if kind == "text" and longest and longest <= 40 else ""  # noqa: PLR2004 - a measure of the drawing, named by the line
