"""No resource is taken twice at a time: PostgreSQL itself refuses the second row.

SQLite has no such constraint; there the one writer at a time looks before it writes (``actions.taking``).
"""

from typing import Any

from django.db import migrations

NAME = "calendar_never_twice"


def forward(apps: Any, editor: Any) -> None:
    if editor.connection.vendor != "postgresql":
        return
    # Compares ids in the same index as times. Part of PostgreSQL itself, and trusted: the owner may add it.
    editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    editor.execute(
        f"ALTER TABLE calendar_occupancy ADD CONSTRAINT {NAME} EXCLUDE USING gist "
        "(resource_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (NOT is_overruled)"
    )


def backward(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"ALTER TABLE calendar_occupancy DROP CONSTRAINT {NAME}")


class Migration(migrations.Migration):
    dependencies = [("calendar", "0001_initial")]
    operations = [migrations.RunPython(forward, backward)]
