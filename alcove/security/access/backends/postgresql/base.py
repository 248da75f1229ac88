"""PostgreSQL, refusing stray writes; the database role says the same for the audit tables."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg import sql

from alcove.security.access.writes import refuse_strays


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.execute_wrappers.append(refuse_strays)

    def _configure_role(self, connection: Any) -> bool:
        # Django 5.2 asks the pool for a second connection to quote the role's name while the pool is still making
        # the first: with a pool every start would wait 30 seconds and fail.
        role = self.settings_dict["OPTIONS"].get("assume_role")
        if not role:
            return False
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        return True
