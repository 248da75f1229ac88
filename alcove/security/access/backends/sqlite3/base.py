"""SQLite with WAL and full sync, refusing stray writes."""

from typing import Any

from django.db.backends.sqlite3 import base

from alcove.security.access.writes import refuse_strays


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.execute_wrappers.append(refuse_strays)
