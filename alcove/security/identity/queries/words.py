"""Words that are everyone's first guess at a password here: those of the practice itself."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string


def own_words() -> list[str]:
    """Return the practice's own words, asked of the areas that ``settings.ALCOVE_OWN_WORDS`` names."""
    return [word for source in settings.ALCOVE_OWN_WORDS for word in import_string(source)()]
