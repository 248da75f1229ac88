"""Where promises are tried: SQLite in an empty home or, if the practice is on PostgreSQL, a new database beside it.

The new database lies on the practice's own server and is dropped at the end. One that a kill left behind is called
``alcove_prove_…`` and holds nothing of a client.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from psycopg import errors, sql

from alcove.config import Config

ANSWERS_WITHIN = 10
"""Seconds the server has to answer."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A database to try promises on: its URL ("" for SQLite), what it is, and a sentence that says so."""

    url: str
    kind: str
    where: str


@contextmanager
def scratch_database(config: Config) -> Iterator[Scratch]:
    """Give an empty database like the practice's, and take it away; SQLite where the server does not let us."""
    if not config.is_postgresql:
        yield Scratch("", "sqlite", "Proved on SQLite, as the practice.")
        return
    try:
        server = psycopg.connect(config.database_url, autocommit=True, connect_timeout=ANSWERS_WITHIN)
    except psycopg.OperationalError:
        yield Scratch("", "sqlite", "Proved on SQLite: your PostgreSQL server did not answer.")
        return
    with server:
        name = f"alcove_prove_{secrets.token_hex(8)}"
        try:
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except errors.InsufficientPrivilege:
            where = "Proved on SQLite: your server's role may not create a scratch database."
            yield Scratch("", "sqlite", where)
            return
        try:
            url = urlsplit(config.database_url)._replace(path=f"/{name}").geturl()
            yield Scratch(
                url, "postgresql", "Proved on PostgreSQL, in a scratch database beside the practice's."
            )
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
