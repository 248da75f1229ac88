"""Counts of failed attempts, in the database, so they hold across processes and survive a failed transaction."""

from __future__ import annotations

import ipaddress
import time

from django.db import connection

from alcove.security import policy_defaults as policy
from alcove.security.access.writes import write_turn
from alcove.security.vault import crypto
from alcove.security.vault.house import house

LOGGED_EVERY = 100
"""Of attempts beyond the limit the first is put on the log, then each so many: a flood must not drown the log."""


class TooMany(Exception):
    """Too many failed attempts for this account or network; wait (429). ``beyond``: how many beyond the limit."""

    def __init__(self, beyond: int = 1) -> None:
        super().__init__("too many attempts")
        self.beyond = beyond

    @property
    def is_logged(self) -> bool:
        """Whether this one is put on the log."""
        return self.beyond % LOGGED_EVERY == 1


def key(kind: str, value: str) -> str:
    """Return the stored name of an account or network: a keyed hash."""
    return crypto.mac(
        house().key("index"), f"throttle\0{kind}\0{value.lower()}".encode("utf-8", "replace")
    ).hex()


def network(address: str) -> str:
    """Return the stored name of the network an address belongs to: itself, or its /64 (one household) for IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return key("network", address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        parsed = ipaddress.ip_network((parsed, 64), strict=False).network_address
    return key("network", str(parsed))


def count(name: str) -> None:
    """Count an attempt before it is tried; raise ``TooMany`` beyond the limit. One statement, right in any crowd."""
    now = time.time_ns() // 1000
    opens = now - int(policy.ATTEMPT_WINDOW.total_seconds() * 1_000_000)
    with write_turn(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO identity_throttle (key, window_us, count) VALUES (%s, %s, 1) "
            "ON CONFLICT (key) DO UPDATE SET "
            "count = CASE WHEN identity_throttle.window_us < %s THEN 1 ELSE identity_throttle.count + 1 END, "
            "window_us = CASE WHEN identity_throttle.window_us < %s THEN %s ELSE identity_throttle.window_us END "
            "RETURNING count",
            [name, now, opens, opens, now],
        )
        counted = cursor.fetchone()[0]
    if counted > policy.ATTEMPTS_IN_WINDOW:
        raise TooMany(counted - policy.ATTEMPTS_IN_WINDOW)


def uncount(name: str) -> None:
    """Take one attempt back: it was right."""
    with write_turn(), connection.cursor() as cursor:
        cursor.execute("UPDATE identity_throttle SET count = count - 1 WHERE key = %s AND count > 0", [name])
