"""The log as a signed file: one JSON object a line for each entry, and a last line that signs all of them.

Names are not resolved and reasons stay out (a reason may name a client): ``has_reason`` says that there is one. Whoever
holds the practice's public key can check the last line: ``signature`` is Ed25519 over ``alcove/log-export/1``, a zero
byte and that line's own JSON without ``signature``, keys sorted; ``sha256`` is over all lines before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from alcove.security.audit import chain
from alcove.security.audit.models import Block
from alcove.security.audit.pen import COLUMNS
from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.house import house

_PREFIX = b"alcove/log-export/1\0"
_SHOWN = (
    "event",
    "result",
    "actor_id",
    "actor_kind",
    "role",
    "client_id",
    "object",
    "fields",
    "origin_id",
    "request",
)


def lines() -> Iterator[str]:
    """Yield the file's lines, each with its line break: entries by writer and count, then the signature."""
    digest, entries = hashlib.sha256(), 0
    for row in chain.rows():
        line = json.dumps(_told(dict(zip(COLUMNS, row, strict=True))), ensure_ascii=False) + "\n"
        digest.update(line.encode())
        entries += 1
        yield line
    yield json.dumps(_seal(entries, digest.hexdigest())) + "\n"


def _told(row: dict[str, Any]) -> dict[str, Any]:
    clients = row["clients"] or ""
    return {
        "id": row["id"],
        "at": datetime.fromtimestamp(row["at_us"] / 1_000_000, UTC).isoformat(timespec="microseconds"),
        **{name: row[name] for name in _SHOWN},
        "clients": [clients[at : at + 32] for at in range(0, len(clients), 32)],
        "has_reason": bool(row["reason"]),
        "writer": row["writer"],
        "counter": row["counter"],
        "mac": bytes(row["mac"]).hex(),
    }


def _seal(entries: int, digest: str) -> dict[str, Any]:
    last = Block.objects.order_by("-number").first()
    held: dict[str, Any] = {
        "practice": house().id.hex,
        "entries": entries,
        "sha256": digest,
        "block": last.number if last else 0,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "public_key": crypto.public_key(house().key("sign")).hex(),
    }
    return {**held, "signature": crypto.sign(house().key("sign"), _signed(held)).hex()}


def _signed(held: dict[str, Any]) -> bytes:
    return _PREFIX + json.dumps(held, sort_keys=True).encode()


def check(text: str) -> dict[str, Any]:
    """Return the last line of an exported file whose lines and signature hold; raise ``SealBroken`` otherwise.

    Only the signature is checked, not whose key it is: compare ``public_key`` with one you were given.
    """
    body, _, last = text.rstrip("\n").rpartition("\n")
    try:
        held = json.loads(last)
        signature = bytes.fromhex(held.pop("signature"))
        public = bytes.fromhex(held["public_key"])
        digest = held["sha256"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SealBroken("this is not an exported log") from None
    crypto.check_signature(public, _signed(held), signature)
    if hashlib.sha256(f"{body}\n".encode() if body else b"").hexdigest() != digest:
        raise SealBroken("the exported log was changed")
    return dict(held)
