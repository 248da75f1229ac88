"""Linking: the sequencer puts new entries into blocks, each of which covers the one before."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection, transaction

from alcove.security.audit.chain.heads import write_head
from alcove.security.audit.models import Block, Entry
from alcove.security.audit.pen import FIRST, WRITER_LIFE
from alcove.security.vault import crypto
from alcove.security.vault.house import house

Positions = dict[str, int]
_MARGIN_US = 60_000_000
_SWEEP_SECONDS = 300.0


def block_message(values: tuple[object, ...], before: bytes) -> bytes:
    """Return what a block's code covers; no column holds the separator, and their number is fixed."""
    return "\x1f".join(map(str, values)).encode("utf-8", "surrogatepass") + before


def block_values(block: Block) -> tuple[object, ...]:
    return (
        block.number,
        block.at_us,
        block.ranges,
        block.entries,
        bytes(block.digest).hex(),
        block.key_version,
    )


@dataclass
class Sequencer:
    """Links what is new. One runs in the worker; a second one loses the race for the block's number and tries again.

    It remembers up to which count each writer is linked. New writers are found by time: among the entries of the last
    minute; at the start, among all that a writer could have written who lived at the last block. A clock may be set
    back, so every five minutes the entries are counted as well, and if some are in no block all are looked through.
    """

    head_file: Path | None = None
    positions: Positions = field(default_factory=dict)
    seen_us: int = 0
    _learned: bool = False
    _number: int = 0
    _swept: float = -_SWEEP_SECONDS

    def link(self) -> int:
        """Put every committed entry that is in no block yet into one new block; return how many."""
        for _ in range(5):
            block, positions, newest = self._next()
            if block is None and self._is_behind():
                self._learn(Block.objects.order_by("-number").first(), since=0)
                block, positions, newest = self._next()
            if block is None:
                return 0
            try:
                # The number was taken after the last block was read and before the entries were: whoever linked in
                # between took the same one.
                with transaction.atomic():
                    block.save(force_insert=True)
            except IntegrityError:
                self._learned = False
                continue
            self.positions, self.seen_us, self._number = positions, newest, block.number
            if self.head_file:
                write_head(self.head_file, block)
            return sum(last - first + 1 for _, first, last in json.loads(block.ranges))
        return 0

    def _is_behind(self) -> bool:
        if time.monotonic() - self._swept < _SWEEP_SECONDS:
            return False
        self._swept = time.monotonic()
        last = Block.objects.order_by("-number").first()
        return Entry.objects.count() > (last.entries if last else 0)

    def _learn(self, last: Block | None, since: int | None = None) -> None:
        if since is None:
            since = last.at_us - 2 * WRITER_LIFE * 1_000_000 if last else 0
        self.positions = {}
        ranges = Block.objects.filter(at_us__gt=since).order_by("number").values_list("ranges", flat=True)
        for text in ranges.iterator():
            for writer, _, counter in json.loads(text):
                self.positions[writer] = max(counter, self.positions.get(writer, 0))
        self.seen_us = since
        self._learned, self._number = True, last.number if last else 0

    def _next(self) -> tuple[Block | None, Positions, int]:
        last = Block.objects.order_by("-number").first()
        if not self._learned or (last.number if last else 0) != self._number:
            self._learn(last)
        ranges, digest, positions, newest = _unlinked(self.positions, self.seen_us - _MARGIN_US)
        newest = max(newest, self.seen_us)
        if not ranges:
            return None, positions, newest
        keys = house().versions("audit")
        block = Block(
            number=(last.number if last else 0) + 1,
            at_us=time.time_ns() // 1000,
            ranges=json.dumps(ranges, separators=(",", ":")),
            entries=(last.entries if last else 0) + sum(b - a + 1 for _, a, b in ranges),
            digest=digest,
            key_version=keys.current,
        )
        before = bytes(last.mac) if last else FIRST
        block.mac = crypto.mac(keys[keys.current], block_message(block_values(block), before))
        return block, positions, newest


def _unlinked(positions: Positions, since_us: int) -> tuple[list[list[Any]], bytes, Positions, int]:
    """Return ranges of entries beyond ``positions``, a digest of their codes, new positions and the newest time."""
    ranges: list[list[Any]] = []
    positions, digest, newest = dict(positions), hashlib.sha256(), 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT writer, max(counter) FROM audit_entry WHERE at_us > %s GROUP BY writer", [since_us]
        )
        for writer, head in sorted(cursor.fetchall(), key=str):
            name = _hex(writer)
            if head <= positions.get(name, 0):
                continue
            # By count, not by time: an entry whose clock was late is not left out.
            cursor.execute(
                "SELECT counter, mac, at_us FROM audit_entry WHERE writer = %s AND counter > %s ORDER BY counter",
                [writer, positions.get(name, 0)],
            )
            for counter, mac, at_us in cursor.fetchall():
                if ranges and ranges[-1][0] == name and ranges[-1][2] == counter - 1:
                    ranges[-1][2] = counter
                else:
                    ranges.append([name, counter, counter])
                positions[name] = counter
                digest.update(bytes(mac))
                newest = max(newest, at_us)
    return ranges, digest.digest(), positions, newest


def _hex(value: object) -> str:
    return value if isinstance(value, str) else value.hex  # type: ignore[attr-defined]  # uuid.UUID
