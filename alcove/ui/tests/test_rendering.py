"""Lists of choices are drawn as Django's own templates draw them, to the byte."""

from __future__ import annotations

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from alcove.ui.rendering import Renderer

CHOICES = [
    ("", "Any"), ("<a>", "R & D <b>"), (1, 1200), (None, "None"), (True, gettext_lazy("Yes")),
    ("Europe", [("de", SafeString("D&uuml;sseldorf")), ("fr", "“France”")]), ("'\"", "quotes '\""),
]  # fmt: skip


@pytest.mark.parametrize("widget", [forms.Select, forms.SelectMultiple])
@pytest.mark.parametrize("chosen", [None, "", "de", "<a>", 1, ["fr", "<a>"]])
@pytest.mark.parametrize(
    "attributes", [{}, {"id": "x", "data-x": 'a"b<c>&', "required": True, "hidden": False, "size": 4}]
)
def test_a_list_is_what_django_draws(widget, chosen, attributes):
    drawn = widget(attrs=attributes, choices=CHOICES)
    ours = drawn.render("a<b", chosen, renderer=Renderer())
    assert ours == drawn.render("a<b", chosen, renderer=DjangoTemplates())
    assert isinstance(ours, SafeString)


class Own(forms.Select):
    option_template_name = "django/forms/widgets/radio_option.html"


def test_choices_with_a_template_of_their_own_keep_it():
    own = Own(choices=CHOICES)
    assert own.render("x", "de", renderer=Renderer()) == own.render("x", "de", renderer=DjangoTemplates())


def test_forms_are_drawn_by_it():
    assert isinstance(get_default_renderer(), Renderer)
