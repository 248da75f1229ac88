"""The practice's own words, of which no password is made."""

from __future__ import annotations

from alcove.clinic.practice.models import Location, Practice


def own_words() -> list[str]:
    """Return names of the practice and its places: no password is made of them."""
    places = Location.objects.values_list("name", "city")
    return [*Practice.objects.values_list("name", flat=True), *(word for place in places for word in place)]
