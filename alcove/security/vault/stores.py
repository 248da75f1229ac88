"""Where sealed files lie: a folder of this machine, or a bucket of an S3-compatible store. Both are Django storages.

A store gets sealed bytes under random names and knows no key. It gives nobody a link: whoever wants a file comes
through a guarded page, which opens it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from django.core.files.storage import FileSystemStorage

from alcove.config import Config
from alcove.security.vault.errors import StoreAway


@dataclass(frozen=True, slots=True)
class Held:
    """A file of a store: its name, its size in bytes, when it was put there (nanoseconds since 1970)."""

    name: str
    size: int
    written: int


class Store(Protocol):
    """What a store does besides what Django asks of a storage."""

    is_elsewhere: bool
    """Whether bytes travel to be read. Then a file is known by name and size: its time is when it was put there."""

    def listed(self) -> Iterator[Held]:
        """Yield every file, in the order of names."""

    def tidy(self) -> None:
        """Take away what killed writers left half put."""

    def save(self, name: str, content: Any) -> str: ...

    def open(self, name: str, mode: str = "rb") -> Any:
        """Return the file as a reader; raise ``FileNotFoundError``, ``StoreAway``."""

    def delete(self, name: str) -> None:
        """Remove a file for good, in every version there is; one that is not there is as good."""


class Folder(FileSystemStorage):
    """A folder: files 0600, folders 0700."""

    is_elsewhere = False

    def __init__(self, location: Path) -> None:
        super().__init__(
            location=str(location), file_permissions_mode=0o600, directory_permissions_mode=0o700
        )

    def listed(self) -> Iterator[Held]:
        top = Path(self.location)
        for path in sorted(top.rglob("*")):
            with suppress(FileNotFoundError):  # removed while we looked
                if path.is_file():
                    stat = path.stat()
                    yield Held(path.relative_to(top).as_posix(), stat.st_size, stat.st_mtime_ns)

    def tidy(self) -> None:
        """Nothing: half a file has no row, and does not open."""


def of(config: Config) -> Store:
    """Return the store an installation names; raise ``StoreAway`` without the library of a bucket."""
    if config.files_bucket is None:
        return cast("Store", Folder(config.files))
    try:
        from alcove.security.vault.buckets import Bucket  # noqa: PLC0415 - optional extra
    except ImportError:
        raise StoreAway("Buckets need boto3. Install it: pip install 'alcove[s3]'.") from None
    return cast("Store", Bucket(config.files_bucket))
