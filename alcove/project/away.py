"""While the database is away, as in a failover: a short wait, then a calm page that asks nothing of it.

Each request takes its connection before anything else, so that it waits once, and for half a second when others have
waited in vain before it (``access/backends/postgresql``). Whoever was at work when the database went is told the same.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from alcove.security.identity.middleware import HEADERS

LIVE = "/health/live"
_READ_ONLY = "25006"
_WENT = ("08", "57P")
"""How the codes begin with which PostgreSQL ends a session, or refuses to begin one, while it stops or starts."""
_SECONDS = "10"


class DatabaseFirst:
    """Takes a connection before anything else; only whether the process lives is told without one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != LIVE:
            connection.ensure_connection()
        return self.get_response(request)


def is_away(error: BaseException | None) -> bool:
    """Whether a fault says that PostgreSQL was not reached, went while somebody worked, or does not take writes."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else None
    if not isinstance(cause, psycopg.Error):
        return False
    code = cause.sqlstate
    if code is None:
        return isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return code == _READ_ONLY or code.startswith(_WENT)


def page(request: HttpRequest) -> HttpResponse:
    """Return the page that says so: 503, drawn without the shell, which would ask the database."""
    layout = "ui/part.html" if request.headers.get("HX-Request") == "true" else ""
    words = render_to_string("ui/errors/away.html", {"layout": layout, "was_sent": request.method == "POST"})
    return HttpResponse(words, status=503, headers=HEADERS | {"Retry-After": _SECONDS})
