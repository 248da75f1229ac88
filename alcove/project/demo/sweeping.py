"""A row edited outside the product in the demo, so that the officer's page has something to look into."""

from __future__ import annotations

from django.db import connection

from alcove.clinic.records.models import Visit
from alcove.operations.sweep import tasks
from alcove.security.access.writes import writing


def edit_and_sweep() -> None:
    """Sweep, edit one visit as somebody with the database's password would, and sweep again."""
    tasks.sweep()
    newest = Visit.objects.order_by("-starts_at", "id").first()
    if newest is None:
        return
    with writing("the demo's edit by hand"), connection.cursor() as cursor:
        cursor.execute("UPDATE records_visit SET source = 'import' WHERE id = %s", [newest.pk.hex])
    tasks.sweep()
