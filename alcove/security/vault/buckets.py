"""A bucket of an S3-compatible store as the place of sealed files.

What leaves the server is sealed before it gets here, under a name that says nothing; what comes back is opened by
whoever asked (``files.fetch``), so a store that changes, cuts or swaps a file is found out. No link to an object is
ever made, signed or not.

What must never happen: plaintext in the bucket; an erased file that lives on as an earlier version; a dead store that
holds a web process for longer than its limits. Tests: ``tests/test_sealed_buckets.py``, against a real server of the
protocol.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain
from threading import Lock
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from alcove.config import Bucket as Address
from alcove.security.vault import s3
from alcove.security.vault.errors import StoreAway
from alcove.security.vault.stores import Held

_LIMITS: Final = s3.limits(connect=3, read=8, tries=2, lanes=16)
REST: Final = 10.0
"""Seconds after a failed connection in which nobody in this process tries again: pages say so at once."""
GRACE: Final = 20.0
"""Seconds that reading any file may take."""
SLOWEST: Final = 64 * 1024
"""Bytes a second; a store that gives less over the whole of a file counts as dead."""
LEFT: Final = timedelta(days=1)
"""After so long a put in parts is no longer at work: whoever began it was killed."""


class Bucket(Storage):
    """A bucket, or what lies under a prefix in it, as Django's storage."""

    is_elsewhere = True

    def __init__(self, address: Address) -> None:
        self.name = address.name
        self._address = address
        self._client: tuple[int, Any] | None = None
        self._making = Lock()
        self._away_until = 0.0
        self._why = ""

    # What Django asks ------------------------------------------------------------------------------------------------

    def get_available_name(self, name: str, max_length: int | None = None) -> str:  # noqa: ARG002 - Django's signature
        # Names are sixteen random bytes: nobody has this one, and asking would be one more request.
        return name

    def _open(self, name: str, mode: str = "rb") -> _Body:  # noqa: ARG002 - Django's signature
        try:
            answer = self.ask("get_object", Key=self.key(name))
        except ClientError:
            raise FileNotFoundError(name) from None
        return _Body(self, name, answer["Body"], int(answer["ContentLength"]))

    def _save(self, name: str, content: Any) -> str:
        blocks = s3.blocks(content.chunks())
        first, second = next(blocks, b""), next(blocks, b"")
        if second:
            self._save_large(name, chain((first, second), blocks))
        else:
            self.ask("put_object", Key=self.key(name), Body=first, ContentMD5=s3.md5(first))
        return name

    def _save_large(self, name: str, blocks: Iterator[bytes]) -> None:
        """Put a file in parts: nobody sees it before the last one. What a kill leaves is taken away by ``tidy``."""
        upload = {
            "Key": self.key(name),
            "UploadId": self.ask("create_multipart_upload", Key=self.key(name))["UploadId"],
        }
        try:
            parts = []
            for number, block in enumerate(blocks, 1):
                put = self.ask(
                    "upload_part", **upload, PartNumber=number, Body=block, ContentMD5=s3.md5(block)
                )
                parts.append({"PartNumber": number, "ETag": put["ETag"]})
            self.ask("complete_multipart_upload", **upload, MultipartUpload={"Parts": parts})
        except BaseException:
            self._abort(upload)
            raise

    def _abort(self, upload: dict[str, str]) -> None:
        try:
            self.ask("abort_multipart_upload", **upload)
        except (StoreAway, ClientError):
            return  # the daily tidying finds it

    def exists(self, name: str) -> bool:
        return self._head(name) is not None

    def size(self, name: str) -> int:
        held = self._head(name)
        if held is None:
            raise FileNotFoundError(name)
        return int(held["ContentLength"])

    def _head(self, name: str) -> dict[str, Any] | None:
        try:
            return self.ask("head_object", Key=self.key(name))
        except ClientError:
            return None

    def delete(self, name: str) -> None:
        """Remove a file in every version the bucket keeps, with the marks over it; raise ``StoreAway`` if one stays."""
        for version in self._versions(name):
            self.ask("delete_object", Key=self.key(name), **version)
        if self._versions(name, is_known=True):
            raise StoreAway(f"{self.name} keeps a removed file. Does the bucket lock what lies in it?")

    def _versions(self, name: str, *, is_known: bool = False) -> list[dict[str, str]]:
        """Return what is to be said to remove each version; of a store without versions, the one there is.

        ``is_known``: only what is known to be there.
        """
        key = self.key(name)
        try:
            page = self.ask("list_object_versions", Prefix=key)
        except ClientError:
            return [{}] if not is_known or self.exists(name) else []
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        return [{"VersionId": one["VersionId"]} for one in found if one["Key"] == key]

    # What a store does besides ---------------------------------------------------------------------------------------

    def listed(self) -> Iterator[Held]:
        mark: dict[str, str] = {}
        while True:
            page = self.ask("list_objects_v2", Prefix=self._address.prefix, **mark)
            for one in page.get("Contents", []):
                written = int(one["LastModified"].timestamp()) * 10**9
                yield Held(one["Key"][len(self._address.prefix) :], int(one["Size"]), written)
            if not page.get("IsTruncated"):
                return
            mark = {"ContinuationToken": page["NextContinuationToken"]}

    def tidy(self) -> None:
        """Take away parts of files whose writers were killed more than a day ago."""
        for one in self.ask("list_multipart_uploads", Prefix=self._address.prefix).get("Uploads", []):
            if one["Initiated"] < datetime.now(UTC) - LEFT:
                self.ask("abort_multipart_upload", Key=one["Key"], UploadId=one["UploadId"])

    def probe(self) -> bool:
        """Put a file, read it back, remove it; return whether a stranger could read it. Raises ``StoreAway``."""
        name, held = f"probe/{secrets.token_hex(16)}", secrets.token_bytes(64)
        self.save(name, ContentFile(held))
        try:
            with self.open(name) as file:
                if file.read() != held:
                    raise StoreAway(f"{self.name} does not give back what it was given.")
            return self._is_open(name)
        except FileNotFoundError:
            raise StoreAway(f"{self.name} does not keep what it was given.") from None
        finally:
            self.delete(name)

    def _is_open(self, name: str) -> bool:
        asking = s3.stranger(self._address, _LIMITS)
        for call, given in (
            ("get_object", {"Key": self.key(name)}),
            ("list_objects_v2", {"Prefix": self._address.prefix}),
        ):
            with suppress(BotoCoreError, ClientError, OSError, ValueError):
                getattr(asking, call)(Bucket=self._address.bucket, **given)
                return True
        return False

    def locks(self) -> bool:
        """Whether the bucket locks all that comes into it, so that nothing could be erased."""
        try:
            found = self.ask("get_object_lock_configuration")
        except ClientError:
            return False
        return "Rule" in found.get("ObjectLockConfiguration", {})

    # Asking ----------------------------------------------------------------------------------------------------------

    def key(self, name: str) -> str:
        """Return what the store calls a file."""
        return self._address.prefix + name

    def ask(self, call: str, **given: Any) -> dict[str, Any]:
        """Ask the store; raise ``ClientError`` for what is not there or not known to it, else ``StoreAway``."""
        if time.monotonic() < self._away_until:
            raise StoreAway(self._why)
        try:
            return getattr(self._connected(), call)(Bucket=self._address.bucket, **given)  # type: ignore[no-any-return]  # boto3 is untyped
        except ClientError as error:
            if _is_answer(call, s3.code(error)):
                raise
            raise self.away(s3.code(error)) from None
        except s3.BadCredentials as error:
            raise StoreAway(f"{self.name}: {error}") from None
        except (BotoCoreError, OSError, ValueError) as error:
            raise self.rests(type(error).__name__) from None

    def _connected(self) -> Any:
        """Return this process's client: connections are not shared with the process that it was forked from."""
        with self._making:
            if self._client is None or self._client[0] != os.getpid():
                self._client = os.getpid(), s3.connected(self._address, _LIMITS)
            return self._client[1]

    def rests(self, code: str) -> StoreAway:
        """Return the refusal for a store that does not answer, and give it to everybody for a moment."""
        away = self.away(code)
        self._why, self._away_until = str(away), time.monotonic() + REST
        return away

    def away(self, code: str) -> StoreAway:
        """Return the refusal for a store that says this."""
        why = s3.SENTENCES.get(code, f"it said {code}")
        return StoreAway(f"The store of sealed files, {self.name}, does not work: {why}.")


def _is_answer(call: str, code: str) -> bool:
    """Whether a refusal tells the caller something: there is no such file, or the store knows no such request."""
    if call == "get_object_lock_configuration":
        return True  # a bucket without locks, a store that knows none, or no right to ask
    if call in ("get_object", "head_object"):
        return code in s3.GONE
    return code in s3.UNKNOWN and call == "list_object_versions"


class _Body(File):  # type: ignore[type-arg]  # Django's File is generic only in its stubs
    """A file of a bucket, read as it comes, within limits of time."""

    def __init__(self, bucket: Bucket, name: str, body: Any, size: int) -> None:
        super().__init__(body, name=name)
        self._body = body
        self._bucket = bucket
        self._until = time.monotonic() + GRACE + size / SLOWEST

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, fewer only at the end; raise ``StoreAway`` if the store stops or dawdles."""
        held = bytearray()
        while size < 0 or len(held) < size:
            if time.monotonic() > self._until:
                raise self._bucket.rests("that it is too slow")
            try:
                part = self._body.read(2**16 if size < 0 else min(2**16, size - len(held)))
            except (BotoCoreError, OSError) as error:
                raise self._bucket.rests(type(error).__name__) from None
            if not part:
                break
            held += part
        return bytes(held)
