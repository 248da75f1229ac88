"""Text comes as UTF-8, whatever the sender would like: pages are, so no honest form is anything else.

Django decodes a form by the encoding that its Content-Type names, and some of Python's give what is no text: ``utf-7``
and ``unicode_escape`` make lone surrogates, which no database takes, and ``rot13`` is no encoding at all.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from alcove.security.identity.middleware import refusal

SENTENCE = "This was sent in an encoding other than UTF-8. Load the page again and send it from there."


class Utf8Only:
    """Refuses a request that names another encoding, before anything reads it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.encoding and codecs.lookup(request.encoding).name != "utf-8":
            request.encoding = "utf-8"  # for the refusal's own page
            return refusal(request, 400, SENTENCE)
        return self.get_response(request)
