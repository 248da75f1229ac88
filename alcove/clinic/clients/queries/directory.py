"""The directory of names in this process's memory, kept fresh by the change counter; never on disk.

A process loads it once in the background (one log entry), and before each search opens only the clients whose
``dir_seq`` is newer than the last it saw. A client whose key is gone leaves at the next look, and at the latest
within a minute.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from django.db import close_old_connections

from alcove.clinic.clients.models import Client, searchable, searched
from alcove.clinic.clients.queries.names import Entry, NameIndex, sort_key
from alcove.clinic.clients.queries.segment import Columns, day_number
from alcove.clinic.clients.queries.spelling import line
from alcove.security.access.actors import Actor
from alcove.security.access.opening import each_directory
from alcove.security.access.policy import Open
from alcove.security.vault import keyring
from alcove.security.vault.errors import VaultError
from alcove.security.vault.keyring import Part
from alcove.security.vault.models import ClientKey, House

log = logging.getLogger("alcove.directory")


class NotReady(Exception):
    """The directory is being loaded; contacts can be searched already (503)."""


def _actor() -> Actor:
    return Actor.job("directory", Open.DIRECTORY)


def _entry(client_id: UUID, held: dict[str, Any]) -> Entry:
    key = sort_key(str(held.get("family", "")), str(held.get("given", "")))
    born = held.get("born")
    return Entry(client_id, searchable(held), key, date.fromisoformat(born) if born else None)


def _day(born: str | None) -> int:
    return day_number(date.fromisoformat(born)) if born else 0


@dataclass
class Directory:
    """One process's index and where it stands."""

    index: NameIndex | None = None
    seq: int = -1
    fault: str = ""
    swept: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> None:
        """Open every client's directory part once and build the index."""
        seq = House.objects.values_list("directory_seq", flat=True).first() or 0
        self.index, self.seq = NameIndex.of(_everybody()), seq

    def fresh(self) -> NameIndex:
        """Return the index with every committed change in it; raise ``NotReady`` while it is being loaded."""
        if self.index is None:
            raise NotReady
        newest = House.objects.values_list("directory_seq", flat=True).first() or 0
        if newest > self.seq:
            with self.lock:
                self._catch_up(newest)
        return self.index

    def _catch_up(self, newest: int) -> None:
        if self.index is None or newest <= self.seq:
            return
        changed = list(Client.objects.filter(dir_seq__gt=self.seq, dir_seq__lte=newest))
        keys = {row.client_id: row for row in ClientKey.objects.filter(client_id__in=[c.id for c in changed])}
        self.index.change_all({client.id: _opened(client, keys.get(client.id)) for client in changed})
        self.seq = newest


def _opened(client: Client, key: ClientKey | None) -> Entry | None:
    """Return the entry of a client, or None if it is hidden or its key is gone."""
    if key is None or client.is_hidden:
        return None
    with keyring.keyring():
        keyring.put(key, (Part.DIRECTORY,))
        return _entry(client.id, client.directory)


def compared(ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return the directory parts of these clients to a search that compares them; hidden ones are left out.

    They are opened in a ring of their own and shown to nobody: what a page shows is opened, and logged, after it.
    """
    held: dict[UUID, dict[str, Any]] = {}
    keys = ClientKey.objects.in_bulk(list(ids))
    for client in Client.objects.filter(pk__in=ids, is_hidden=False) if keys else ():
        if client.id not in keys:
            continue
        with keyring.keyring():
            keyring.put(keys[client.id], (Part.DIRECTORY,))
            try:
                held[client.id] = client.directory
            except VaultError as error:
                log.error("a client's directory part does not open: %s", type(error).__name__)
    return held


def _everybody() -> Columns:
    """Open everybody's directory part, once. Every line here is run for each client: see bench/search.py."""
    column: Any = Client._meta.get_field("directory")
    columns, late = Columns(), []
    # Most names and days are many people's: each is worked out once, and forgotten when this returns.
    folded, day = cache(line), cache(_day)
    for client_id, held in each_directory(
        _actor(), "directory", Client.objects.filter(is_hidden=False), column
    ):
        if held is None:
            late.append(UUID(bytes=client_id))
            continue
        key = sort_key(str(held.get("family", "")), str(held.get("given", "")), folded)
        columns.put(client_id, searched(held), key, day(held.get("born")))
    for entry in filter(None, map(_entry_anew, late)):
        columns.put(entry.id.bytes, [entry.name], entry.sort_key, day_number(entry.born))
    return columns


def _entry_anew(client_id: UUID) -> Entry | None:
    """Return the entry of a client that did not open, read once more: house keys may have been changed meanwhile."""
    try:
        client = Client.objects.filter(pk=client_id).first()
        key = ClientKey.objects.filter(client_id=client_id).first()
        return _opened(client, key) if client else None
    except VaultError as error:
        # One damaged row must not hide everybody else; the leak proofs and the sweep name it.
        log.error("a client's directory part does not open: %s", type(error).__name__)
        return None


_directory = Directory()


def index() -> NameIndex:
    """Return this process's index, fresh; raise ``NotReady``."""
    return _directory.fresh()


def is_ready() -> bool:
    """Whether names can be searched; for a sentence on the page."""
    return _directory.index is not None


def load_now() -> NameIndex:
    """Load in this thread if nothing is loaded yet, for the console and tests; return the index."""
    with _directory.lock:
        if _directory.index is None:
            _directory.load()
    return index()


def forget() -> None:
    """Drop the index from memory (a practice was closed, a test ended)."""
    _directory.index, _directory.seq = None, -1


def load_in_background() -> threading.Thread:
    """Load in a thread of its own, trying again until it works."""

    def run() -> None:
        while _directory.index is None:
            try:
                load_now()
            except Exception as error:  # noqa: BLE001 - whatever it was, the server lives and tries again
                log.warning("the directory is not loaded yet: %s", type(error).__name__)
                time.sleep(2)
            finally:
                close_old_connections()
        watch()

    thread = threading.Thread(target=run, name="directory", daemon=True)
    thread.start()
    return thread


def watch() -> None:
    """Catch up every minute, so that an erased client leaves this memory even if nobody searches."""
    while _directory.index is not None:
        time.sleep(60)
        try:
            index()
        except Exception as error:  # noqa: BLE001 - the next minute tries again
            log.warning("the directory did not catch up: %s", type(error).__name__)
        finally:
            close_old_connections()


def known_ids() -> list[UUID]:
    """Return every id in the index; for tests and proofs."""
    return index().page(0, len(index()))
