"""A bucket of an S3-compatible store as a place; write-once where the bucket has Object Lock.

What counts under a name is what was put there first and is still there. So whoever has the running system's rights can
hide nothing: a later version and a delete marker are looked past, and a version that is locked is removed by nobody
before its day, the store's owner included (compliance mode). Each piece is locked after it was read back, so a piece
the store spoilt on the way is still removed and put anew.

Never: a piece over plain HTTP to another machine; a bucket that locks by itself, which would keep key copies alive past
the week that an erasure counts on. Tests: ``test_places``, against a real server of the protocol.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Final, Self, cast

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from alcove.config import Bucket as Address
from alcove.operations.backups.faults import PlaceFails
from alcove.operations.backups.places import one_run
from alcove.security.vault import s3

_TIMES: Final = s3.limits(connect=5, read=60, tries=4, lanes=16)
_FULL: Final = frozenset({"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "StorageFull"})
_SENTENCES: Final = s3.SENTENCES | {"SlowDown": "it asks for fewer requests; the next run goes on from here"}


@dataclass(frozen=True, slots=True)
class _Version:
    """One thing put under a name: its id in the store, its size in bytes, when it was put (seconds since 1970)."""

    id: str
    size: int
    written: float


class Bucket:
    """A bucket, or what lies under a prefix in it. ``locks``: a folder of this machine that keeps two runs apart."""

    is_offline = False
    lanes = 8

    def __init__(self, address: Address, locks: Path) -> None:
        self.name = address.name
        self.is_write_once = False
        self._address = address
        self._locks = locks
        self._lists: dict[str, dict[str, list[_Version]]] = {}
        self._listing = Lock()
        self._client: Any = None

    def is_here(self) -> bool:
        return True

    # Reading ---------------------------------------------------------------------------------------------------------

    def open(self, name: str, turn: int = 0) -> BinaryIO:
        found = self._versions(name)
        if turn >= len(found):
            raise FileNotFoundError(name)
        try:
            answer = self._ask("get_object", Key=self._key(name), VersionId=found[turn].id)
            # A piece is a few megabytes; larger ones are read as they come.
            if found[turn].size <= s3.PART:
                return BytesIO(self._read(answer["Body"]))
        except ClientError:
            raise FileNotFoundError(name) from None
        return cast("BinaryIO", _Stream(self, answer["Body"]))

    def _read(self, body: Any, size: int | None = None) -> bytes:
        try:
            return bytes(body.read(size))
        except (BotoCoreError, OSError) as error:
            raise self._failed(type(error).__name__) from None

    def turns(self, name: str) -> int:
        return len(self._versions(name))

    def size(self, name: str) -> int | None:
        found = self._versions(name)
        return found[0].size if found else None

    def names(self, under: str) -> Iterator[tuple[str, int, float]]:
        self._lists.pop(under, None)
        for name, found in list(self._list(under).items()):
            yield name, found[0].size, found[0].written

    def _versions(self, name: str) -> list[_Version]:
        return self._list(name.partition("/")[0]).get(name, [])

    def _list(self, under: str) -> dict[str, list[_Version]]:
        """Return what lies below a first part of names, asked once: one request for a thousand pieces, not one each."""
        # Of two lanes that asked at once, the later answer would not know what the other put meanwhile.
        with self._listing:
            if under not in self._lists:
                found: dict[str, list[_Version]] = defaultdict(list)
                for one in self._listed(f"{under}/"):
                    held = _Version(one["VersionId"], one["Size"], one["LastModified"].timestamp())
                    # The store tells the newest of a name first.
                    found[one["Key"][len(self._address.prefix) :]].insert(0, held)
                self._lists[under] = dict(found)
            return self._lists[under]

    def _listed(self, under: str) -> Iterator[dict[str, Any]]:
        mark: dict[str, str] = {}
        while True:
            page = self._ask("list_object_versions", Prefix=self._key(under), **mark)
            yield from page.get("Versions", [])
            if not page.get("IsTruncated"):
                return
            mark = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}

    # Writing ---------------------------------------------------------------------------------------------------------

    def put(self, name: str, parts: Iterable[bytes]) -> int:
        blocks = s3.blocks(parts)
        first, second = next(blocks, b""), next(blocks, b"")
        if second:
            made, size = self._put_large(name, chain((first, second), blocks))
        else:
            made, size = (
                self._ask("put_object", Key=self._key(name), Body=first, ContentMD5=s3.md5(first)),
                len(first),
            )
        version = _Version(made.get("VersionId") or "null", size, 0.0)
        under = self._list(name.partition("/")[0])
        kept = [one for one in under.get(name, []) if one.id != version.id]
        under[name] = [*kept, version]
        return size

    def _put_large(self, name: str, blocks: Iterable[bytes]) -> tuple[dict[str, Any], int]:
        """Put a piece in parts. A kill leaves parts that nobody sees; the next ``alone`` takes them away."""
        made, parts, size = self._ask("create_multipart_upload", Key=self._key(name)), [], 0
        for number, block in enumerate(blocks, 1):
            answer = self._ask(
                "upload_part", Key=self._key(name), UploadId=made["UploadId"], PartNumber=number, Body=block,
                ContentMD5=s3.md5(block),
            )  # fmt: skip
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
            size += len(block)
        ended = self._ask(
            "complete_multipart_upload", Key=self._key(name), UploadId=made["UploadId"],
            MultipartUpload={"Parts": parts},
        )  # fmt: skip
        return ended, size

    def lock(self, name: str, until: datetime) -> None:
        # All of a name: the one that is right may be the first, or one put after the store had spoilt the first.
        for one in self._versions(name):
            asked: dict[str, Any] = {"Key": self._key(name), "VersionId": one.id}
            wanted = {"Mode": "COMPLIANCE", "RetainUntilDate": until}
            try:
                self._ask("put_object_retention", **asked, Retention=wanted)
            except ClientError as error:
                # A store shortens no lock; one that lasts longer is as good.
                if s3.code(error) not in s3.REFUSED or not self._is_locked(until, **asked):
                    raise self._failed(s3.code(error)) from None

    def _is_locked(self, until: datetime, **asked: Any) -> bool:
        held = self._ask("head_object", **asked)
        return bool(held.get("ObjectLockMode") == "COMPLIANCE" and held["ObjectLockRetainUntilDate"] >= until)

    def remove(self, name: str) -> bool:
        left = []
        for one in self._versions(name):
            try:
                self._ask("delete_object", Key=self._key(name), VersionId=one.id)
            except ClientError as error:
                if not self.is_write_once or s3.code(error) not in s3.REFUSED:
                    raise self._failed(s3.code(error)) from None
                left.append(one)
        held = self._list(name.partition("/")[0])
        held.pop(name, None)
        if left:
            held[name] = left
        return not left

    def hide(self, name: str) -> None:
        """Remove a name without saying which version: a store of versions lays a mark over it."""
        self._ask("delete_object", Key=self._key(name))

    def settle(self) -> None:
        """Nothing: a store answers when it has what it was given."""

    # One run at a time -----------------------------------------------------------------------------------------------

    @contextmanager
    def alone(self) -> Iterator[None]:
        with one_run(self._locks, self.name):
            self._lists.clear()
            self.is_write_once = self._has_lock()
            self._sweep()
            yield

    def _has_lock(self) -> bool:
        try:
            found = self._ask("get_object_lock_configuration")["ObjectLockConfiguration"]
        except ClientError as error:
            if s3.code(error) in ("ObjectLockConfigurationNotFoundError", "NotImplemented", "404"):
                return False
            raise self._failed(s3.code(error)) from None
        if found.get("Rule"):
            raise PlaceFails(
                f"{self.name} locks by a rule of its own, so key copies would outlive an erasure. Take the bucket's "
                "default retention away: Alcove locks each piece itself."
            )
        return bool(found.get("ObjectLockEnabled") == "Enabled")

    def _sweep(self) -> None:
        """Take away parts that killed runs left."""
        for one in self._ask("list_multipart_uploads", Prefix=self._address.prefix).get("Uploads", []):
            self._ask("abort_multipart_upload", Key=one["Key"], UploadId=one["UploadId"])

    # Asking ----------------------------------------------------------------------------------------------------------

    def _key(self, name: str) -> str:
        return self._address.prefix + name

    def _ask(self, call: str, **given: Any) -> dict[str, Any]:
        """Ask the store; raise ``ClientError`` only for what a caller may make sense of, else ``PlaceFails``."""
        try:
            if self._client is None:
                self._client = s3.connected(self._address, _TIMES)
            return getattr(self._client, call)(Bucket=self._address.bucket, **given)  # type: ignore[no-any-return]  # boto3 is untyped
        except ClientError as error:
            if call in ("get_object_lock_configuration", "delete_object", "put_object_retention"):
                raise
            if call == "get_object" and s3.code(error) in s3.GONE:
                raise
            raise self._failed(s3.code(error)) from None
        except NoCredentialsError:
            raise PlaceFails(
                f"{self.name}: there are no credentials. Name their file: &credentials=FILE."
            ) from None
        except s3.BadCredentials as error:
            raise PlaceFails(str(error)) from None
        except (BotoCoreError, OSError, ValueError) as error:
            raise self._failed(type(error).__name__) from None

    def _failed(self, code: str) -> PlaceFails:
        if code in _FULL:
            return PlaceFails(
                f"{self.name} is full. Older backups there are unharmed; make room, the next run goes on from here."
            )
        # The store's own words may quote a request, so only its code is shown.
        return PlaceFails(f"{self.name} does not work: {_SENTENCES.get(code, f'it said {code}')}.")


class _Stream:
    """The body of an answer, read as it comes."""

    def __init__(self, bucket: Bucket, body: Any) -> None:
        self._bucket = bucket
        self._body = body

    def read(self, size: int = -1) -> bytes:
        return self._bucket._read(self._body, None if size < 0 else size)  # noqa: SLF001 - its own reader

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
