"""The keyed code of a signed note: whoever writes into the database by hand cannot make one.

HMAC-SHA-256 under a subkey of the house's ``audit`` key (HKDF, its own purpose, so that no code of the log is ever a
signature of a note), with the key's version before it: ``1:9f86…``. It covers the client, the note's id, its author,
template, title and text, the moment, the alerts acknowledged, and of a late entry when it happened; an amendment's
covers the note's own code as well, so it cannot be hung on another note. The audit key is used because both say the
same: this was so at that time.
What must never happen: a signed text that differs from what was signed and is shown as sound.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from alcove.clinic.records.models import Amendment, Note
from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.house import house

_PURPOSE = b"alcove/records/signature/1"


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else ""


def _message(kind: str, *parts: Any) -> bytes:
    # JSON with sorted keys is one text for one meaning; ASCII, so that lone surrogates have bytes as well.
    return json.dumps([kind, *parts], sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode(
        "ascii"
    )


def _of_note(note: Note) -> bytes:
    # Of late entries only: codes made before there were any must go on holding.
    late = [_moment(note.happened_at)] if note.happened_at else []
    return _message(
        "note", note.client_id.hex, note.pk.hex, note.author_id.hex if note.author_id else "", note.author_name,
        note.template, note.title, note.body, _moment(note.signed_at), note.acknowledged or [], *late,
    )  # fmt: skip


def _of_amendment(amendment: Amendment, note: Note) -> bytes:
    return _message(
        "amendment", amendment.client_id.hex, note.pk.hex, note.signature, amendment.pk.hex,
        amendment.author_id.hex if amendment.author_id else "", amendment.author_name, amendment.reason,
        amendment.text, _moment(amendment.at),
    )  # fmt: skip


def _code(message: bytes) -> str:
    versions = house().versions("audit")
    key = crypto.derive(versions[versions.current], _PURPOSE)
    return f"{versions.current}:{crypto.mac(key, message).hex()}"


def _holds(message: bytes, code: str) -> bool:
    version, _, tag = code.partition(":")
    try:
        key = crypto.derive(house().versions("audit")[int(version)], _PURPOSE)
        crypto.check_mac(key, message, bytes.fromhex(tag))
    except (ValueError, SealBroken):
        return False
    return True


def note_code(note: Note) -> str:
    """Return the code of a note as it stands in memory."""
    return _code(_of_note(note))


def amendment_code(amendment: Amendment, note: Note) -> str:
    """Return the code of an amendment of ``note``."""
    return _code(_of_amendment(amendment, note))


def note_is_sound(note: Note) -> bool:
    """Whether a signed note still says what was signed. For showing; imported notes carry no code of ours."""
    return _holds(_of_note(note), note.signature)


def amendment_is_sound(amendment: Amendment, note: Note) -> bool:
    """Whether an amendment still says what was signed, and belongs to this note."""
    return _holds(_of_amendment(amendment, note), amendment.signature)
