"""Sealed files in a bucket of a real server of the protocol, for tests of any area."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import override_settings

from alcove import config
from alcove.operations.backups.tests.s3 import Store
from alcove.security.vault.buckets import Bucket

__all__ = ["Shelf", "in_bucket", "place"]


def place(url: str) -> Bucket:
    return Bucket(config.bucket(url))


@dataclass
class Shelf:
    """A bucket, and what lies in it behind everybody's back."""

    store: Store
    url: str

    def held(self) -> dict[str, list[bytes]]:
        """Return every version of everything in the bucket, by name."""
        return {name: [one.value for one in kept] for name, kept in self.store.kept(self.url).items()}

    def scan(self) -> bytes:
        """Return all that whoever has the bucket holds: names and every byte."""
        return b"\n".join(name.encode() + b"\n" + b"\n".join(kept) for name, kept in self.held().items())

    def spoil(self, name: str, held: bytes) -> None:
        self.store.kept(self.url)[name][-1].value = held

    def lose(self, name: str) -> None:
        self.store.lose(self.url, name)


@contextmanager
def in_bucket(store: Any, url: str = "", *, is_locking: bool = False, **given: Any) -> Iterator[Shelf]:
    """Let the practice keep its sealed files in a new bucket, or wherever ``url`` says."""
    url = url or store.new(is_locking=is_locking)
    there = replace(settings.ALCOVE, files_url=url, **given)
    sealed = {"BACKEND": "alcove.security.vault.stores.of", "OPTIONS": {"config": there}}
    with override_settings(ALCOVE=there, STORAGES={**settings.STORAGES, "sealed": sealed}):
        yield Shelf(store, url)


def nowhere(store: Store) -> str:
    """Return the address of a store that does not answer."""
    return (
        f"s3://b-nowhere/x?endpoint=http://127.0.0.1:9&region=us-east-1&credentials={Path(store.credentials)}"
    )
