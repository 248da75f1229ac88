"""A real S3 server on 127.0.0.1, moto's: it keeps versions and enforces Object Lock."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeKey, s3_backends
from moto.server import ThreadedMotoServer

from alcove.config import bucket as address
from alcove.operations.backups.buckets import Bucket


@dataclass
class Store:
    """A running server. What it holds can be looked at and spoilt behind everybody's back."""

    endpoint: str
    credentials: Path

    @property
    def client(self):
        return boto3.client("s3", region_name="us-east-1", endpoint_url=self.endpoint, aws_access_key_id="running",
                            aws_secret_access_key="system")  # fmt: skip

    def new(self, *, is_locking: bool = True) -> str:
        """Make a bucket; return its address as a setting has it."""
        name = f"b-{uuid4().hex[:20]}"
        self.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=is_locking)
        return (
            f"s3://{name}/alcove/one?endpoint={self.endpoint}&region=us-east-1&credentials={self.credentials}"
        )

    def _keys(self, url: str):
        held = s3_backends[DEFAULT_ACCOUNT_ID]
        found = next(one for one in held.values() if address(url).bucket in one.buckets)
        return found.buckets[address(url).bucket].keys

    def lose(self, url: str, name: str) -> None:
        """Let a piece vanish, lock or not."""
        # Not by the store's own way, which would close what it is about to answer with.
        dict.pop(self._keys(url), address(url).prefix + name)

    def kept(self, url: str) -> dict[str, list[FakeKey]]:
        """Return the store's own versions by name, oldest first; what is changed in them is damage."""
        asked, held = address(url), self._keys(url)
        found = {}
        for key in list(held):
            versions = [one for one in held.getlist(key) if isinstance(one, FakeKey)]
            if key.startswith(asked.prefix) and versions:
                found[key[len(asked.prefix) :]] = versions
        return found


def bucket(url: str, folder: Path) -> Bucket:
    return Bucket(address(url), folder / "locks")


@contextmanager
def server(folder: Path) -> Iterator[Store]:
    """Run a store; ``folder`` gets the file with credentials."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    process = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    process.start()
    host, port = process.get_host_and_port()
    credentials = folder / "s3.credentials"
    credentials.write_text("running\nsystem\n", "ascii")
    try:
        yield Store(f"http://{host}:{port}", credentials)
    finally:
        with suppress(Exception):
            process.stop()
