"""Error pages of the whole house: what happened, what was kept, what to do, a code to read out. No detail."""

from __future__ import annotations

import logging
import sys

from django.http import HttpRequest, HttpResponse

from alcove.project import away
from alcove.security.access.guards import public
from alcove.security.identity.middleware import refusal

log = logging.getLogger("alcove.requests")


def _code(request: HttpRequest) -> str:
    actor = getattr(request, "actor", None)
    return actor.request if actor else ""


@public("error page")
def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    return refusal(request, 404, "")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    log.warning("bad request: %s", type(exception).__name__)
    return refusal(request, 400, "")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    return refusal(request, 403, "")


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    sentence = (
        "The form was too old or came from another page. Load the page again; what you typed is still there."
    )
    return refusal(request, 403, sentence)


def server_error(request: HttpRequest) -> HttpResponse:
    fault = sys.exc_info()[1]
    if away.is_away(fault):
        log.warning("the database is away: %s", type(fault).__name__)
        return away.page(request)
    log.error("a page failed, code %s", _code(request), exc_info=sys.exc_info())
    return refusal(request, 500, "")
