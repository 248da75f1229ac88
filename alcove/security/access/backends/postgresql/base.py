"""PostgreSQL, refusing stray writes; the database role says the same for the audit tables."""

from typing import Any, ClassVar

import psycopg
from django.db.backends.postgresql import base
from psycopg import sql
from psycopg_pool import ConnectionPool, PoolTimeout

from alcove.security.access.writes import refuse_strays

PATIENCE = 5.0
"""Seconds to wait for a connection."""
BRIEF = 0.5
"""Seconds to wait for one while the last who waited got none: where the database is away, nobody queues for it."""


class DatabaseWrapper(base.DatabaseWrapper):
    waited_in_vain: ClassVar[bool] = False
    """Whether the last of this process who waited for a connection got none."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.execute_wrappers.append(refuse_strays)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection that lives; raise ``psycopg.OperationalError`` if there is none in time."""
        if self.pool is None:
            return super().get_new_connection(conn_params)
        self.pool.timeout = BRIEF if DatabaseWrapper.waited_in_vain else PATIENCE
        try:
            connection = self._living(conn_params)
        except PoolTimeout:
            DatabaseWrapper.waited_in_vain = True
            raise
        DatabaseWrapper.waited_in_vain = False
        return connection

    def _living(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        try:
            ConnectionPool.check_connection(connection)
        except psycopg.Error:
            # A failover ends all sessions at once: when one is dead, all are made anew.
            self.pool.putconn(connection)
            self.pool.drain()
            return super().get_new_connection(conn_params)
        return connection

    def _configure_role(self, connection: Any) -> bool:
        # Django 5.2 asks the pool for a second connection to quote the role's name while the pool is still making
        # the first: with a pool every start would wait 30 seconds and fail.
        role = self.settings_dict["OPTIONS"].get("assume_role")
        if not role:
            return False
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        return True
