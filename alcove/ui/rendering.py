"""Forms are drawn as Django draws them, lists of choices without a template for each choice.

A list of time zones has four hundred of them, and Django reads two templates for every one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

_LIST: Final = "django/forms/widgets/select.html"
_CHOICE: Final = "django/forms/widgets/select_option.html"


class Renderer(DjangoTemplates):
    """What ``FORM_RENDERER`` names. Draws byte for byte what Django's templates draw."""

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        if template_name == _LIST and _is_plain(context["widget"]):
            return _list(context["widget"])
        return super().render(template_name, context, request)


def _is_plain(widget: Mapping[str, Any]) -> bool:
    """Whether no choice brings a template of its own."""
    return all(one["template_name"] == _CHOICE for _, group, _ in widget["optgroups"] for one in group)


def _list(widget: Mapping[str, Any]) -> SafeString:
    name = conditional_escape(widget["name"])
    parts = [f'<select name="{name}"{_attributes(widget["attrs"])}>']
    for title, group, _ in widget["optgroups"]:
        if title:
            parts.append(f'\n  <optgroup label="{conditional_escape(title)}">')
        parts += _choices(group)
        if title:
            parts.append("\n  </optgroup>")
    return SafeString("".join([*parts, "\n</select>"]))  # every part is written here, or escaped


def _choices(group: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for one in group:
        value, label = conditional_escape(str(one["value"])), conditional_escape(one["label"])
        yield f'\n  <option value="{value}"{_attributes(one["attrs"])}>{label}</option>\n'


def _attributes(given: Mapping[str, Any]) -> str:
    return "".join(
        f" {conditional_escape(name)}" + ("" if value is True else f'="{conditional_escape(str(value))}"')
        for name, value in given.items()
        if value is not False
    )
