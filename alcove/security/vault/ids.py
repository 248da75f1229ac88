"""Row ids, made by us before the insert so that a sealed value can be bound to its row."""

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random. Sorts by time, cannot be counted."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value &= ~(0xF000 << 64 | 0xC000 << 48)
    return UUID(int=value | 0x7000 << 64 | 0x8000 << 48)
