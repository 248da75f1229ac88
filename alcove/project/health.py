"""Is the process alive, can it work. No detail to strangers."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from alcove.operations.monitoring.queries import is_worker_alive
from alcove.security.access.guards import public
from alcove.security.vault.errors import VaultShut
from alcove.security.vault.house import house


@public("liveness for load balancers, no detail")
def live(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes a request
    return HttpResponse("alive\n", content_type="text/plain")


@public("readiness for load balancers, no detail")
def ready(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes a request
    try:
        house()
        is_worked = is_worker_alive()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (VaultShut, DatabaseError):
        is_worked = False
    if not is_worked:
        return HttpResponse("not ready\n", content_type="text/plain", status=503)
    return HttpResponse("ready\n", content_type="text/plain")
