"""Proving the log: its entries, the blocks that link them, and the notes outside the database."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from alcove.security.audit.chain.entries import (
    Codes,
    Fault,
    Keys,
    Verdict,
    any_text,
    code_of,
    number_of,
    walk,
)
from alcove.security.audit.chain.heads import read_checkpoint
from alcove.security.audit.chain.links import Positions, block_message
from alcove.security.audit.models import Block
from alcove.security.audit.pen import FIRST
from alcove.security.policy_defaults import AUDIT_UNLINKED_LIMIT
from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.house import house


def verify(head_file: Path | None = None, against: Path | None = None) -> Verdict:
    """Check every entry, every link and the notes outside the database; change nothing.

    ``against``: a checkpoint file. Memory: 32 bytes an entry.
    """
    verdict = Verdict()
    writers = walk(verdict)
    with any_text():
        blocks, linked = _walk_blocks(verdict, writers)
    _check_unlinked(verdict, writers, linked)
    if head_file is not None and head_file.exists():
        _check_note(verdict, blocks, _head(head_file, verdict), "the head noted beside the database")
    if against is not None:
        _check_note(verdict, blocks, read_checkpoint(against), "the checkpoint")
    verdict.faults.sort()
    return verdict


def _walk_blocks(verdict: Verdict, writers: dict[str, Codes]) -> tuple[dict[int, str], Positions]:
    before, expected, total = FIRST, 1, 0
    noted: dict[int, str] = {}
    linked: Positions = {}
    codes_of = Keys()
    stored = Block.objects.order_by("number").values_list(
        "number", "at_us", "ranges", "entries", "digest", "key_version", "mac"
    )
    for number, at_us, ranges, entries, digest, version, mac in stored.iterator(2000):
        verdict.blocks += 1
        name, at = f"block {number}", number_of(at_us)
        if number != expected:
            verdict.faults.append(Fault(at, name, f"block {expected} before this one is missing"))
        message = block_message((number, at_us, ranges, entries, code_of(digest).hex(), version), before)
        code = codes_of[version]
        if code is None or code(message) != mac:
            verdict.faults.append(Fault(at, name, "this block was changed, inserted or moved"))
        total += _check_ranges(verdict, (name, at), (ranges, code_of(digest)), writers, linked)
        if entries != total:
            verdict.faults.append(Fault(at, name, "this block's count of entries is wrong"))
            total = number_of(entries)
        before = code_of(mac)
        noted[number] = before.hex()
        expected = number + 1
    return noted, linked


def _check_ranges(
    verdict: Verdict,
    block: tuple[str, int],
    held: tuple[str, bytes],
    writers: dict[str, Codes],
    linked: Positions,
) -> int:
    (name, at_us), digest, count = block, hashlib.sha256(), 0
    try:
        ranges = [(str(writer), int(first), int(last)) for writer, first, last in json.loads(held[0])]
    except (ValueError, TypeError, RecursionError):
        verdict.faults.append(Fault(at_us, name, "this block cannot be read"))
        return 0
    for writer, first, last in ranges:
        codes = writers.get(writer) or Codes()
        found, missing = codes.between(first, last)
        if missing is not None:
            at = codes.times[-1] if codes.times else at_us
            what = f"entry {missing} of writer {writer}"
            verdict.faults.append(Fault(at, what, "this entry was removed after it was linked"))
        digest.update(found)
        count += last - first + 1
        linked[writer] = max(linked.get(writer, 0), last)
    if digest.digest() != held[1]:
        verdict.faults.append(Fault(at_us, name, "the entries of this block are not those it linked"))
    return count


def _check_unlinked(verdict: Verdict, writers: dict[str, Codes], linked: Positions) -> None:
    limit = time.time_ns() // 1000 - int(AUDIT_UNLINKED_LIMIT.total_seconds() * 1_000_000)
    for writer, held in writers.items():
        waiting, first, at_us = held.after(linked.get(writer, 0))
        verdict.unlinked += waiting
        if waiting and at_us < limit:
            verdict.faults.append(
                Fault(at_us, f"entry {first} of writer {writer}", "this entry was never linked")
            )


def _head(path: Path, verdict: Verdict) -> dict[str, Any] | None:
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, SealBroken):
        held = json.loads(path.read_text("utf-8"))
        code = bytes.fromhex(held.pop("code"))
        message = b"head\0" + json.dumps(held, sort_keys=True).encode()
        for key in house().versions("audit").keys.values():
            if crypto.mac(key, message) == code:
                return dict(held)
    verdict.faults.append(
        Fault(time.time_ns() // 1000, str(path), "the head noted beside the database was changed")
    )
    return None


def _check_note(verdict: Verdict, blocks: dict[int, str], note: dict[str, Any] | None, name: str) -> None:
    if note is None or not note["block"]:
        return
    number = int(note["block"])
    if blocks.get(number) != note["mac"]:
        what = (
            "was cut off: it is newer than the log's end" if number not in blocks else "differs from the log"
        )
        verdict.faults.append(Fault(time.time_ns() // 1000, f"block {number}", f"{name} {what}"))
