"""Addresses of pages about one client, made from the routes but looked up once: a chart has hundreds of links."""

from __future__ import annotations

import functools
from uuid import UUID

from django.urls import reverse


def page_url(route: str, **given: UUID | str) -> str:
    """Return what ``reverse`` returns for these arguments: ids, or words of our own that need no escaping."""
    kinds = tuple((name, isinstance(value, UUID)) for name, value in given.items())
    return _pattern(route, kinds).format_map(given)


@functools.cache
def _pattern(route: str, kinds: tuple[tuple[str, bool], ...]) -> str:
    """Return the route's path with its arguments' names in braces: the same for as long as the process lives."""
    marks = {name: UUID(int=at) if is_id else f"mark-{at}" for at, (name, is_id) in enumerate(kinds, 1)}
    path = reverse(route, kwargs=marks)
    for name, mark in marks.items():
        path = path.replace(str(mark), f"{{{name}}}")
    return path
