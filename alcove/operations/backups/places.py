"""Where backups lie: what a place has to do, and folders. Names are our own, never a client's.

A bucket is in ``buckets``, another machine in ``sftp``. Reading needs no more than ``names``, ``size``, ``turns`` and
``open``.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from alcove.operations.backups.faults import Busy, PlaceFails

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
UNFINISHED: Final = ".new-"
"""Begins the name of what is half written."""


class Place(Protocol):
    """Somewhere pieces are kept by name. Every call raises ``PlaceFails`` with a sentence when the place does not work.

    ``is_write_once``: what was locked there can be neither changed nor removed with the rights of the running system;
    known from ``alone`` on. ``is_offline``: it is plugged in now and then, and may be away meanwhile. ``lanes``: how
    many questions it answers at once.
    """

    name: str
    is_write_once: bool
    is_offline: bool
    lanes: int

    def is_here(self) -> bool:
        """Whether it is there to be asked at all: a disk plugged in, a share mounted. A bucket always is."""
        ...

    def put(self, name: str, parts: Iterable[bytes]) -> int:
        """Keep a piece under a name, whole or not at all; return its size in bytes."""
        ...

    def open(self, name: str, turn: int = 0) -> BinaryIO:
        """Return a piece to read; raise ``FileNotFoundError`` if it is not there.

        ``turn``: which of those that were put under this name and are still there, the first put first.
        """
        ...

    def turns(self, name: str) -> int:
        """Return how many were put under a name and are still there: 0 or 1 where putting replaces."""
        ...

    def size(self, name: str) -> int | None:
        """Return the size of a piece, None if it is not there; of several under one name the first put counts."""
        ...

    def names(self, under: str) -> Iterator[tuple[str, int, float]]:
        """Yield (name, size, time of writing) of everything below a prefix."""
        ...

    def remove(self, name: str) -> bool:
        """Remove a piece; return whether it is gone. It stays while a lock holds it."""
        ...

    def lock(self, name: str, until: datetime) -> None:
        """Keep anybody from removing or changing what lies under a name before a moment, which is never made sooner."""
        ...

    def settle(self) -> None:
        """Return when everything put so far would survive a power cut."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Return a context in which nobody else writes here; raise ``Busy``."""
        ...


@contextmanager
def one_run(locks: Path, name: str) -> Iterator[None]:
    """Keep a second run of this machine away from a place elsewhere; raise ``Busy``."""
    mark = hashlib.sha256(name.encode()).hexdigest()[:16]
    try:
        locks.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(locks / f"lock-{mark}", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise PlaceFails(f"{locks} cannot be written: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(f"{name} is in use by another backup run. Nothing was changed.") from None
        yield
    finally:
        os.close(handle)


class Folder:
    """A folder: in the home, on a disk that is plugged in, or on a share that is mounted."""

    is_write_once = False
    # While one piece is sealed, which takes a processor, the next one is hashed or written.
    lanes = 2

    def __init__(self, path: Path, *, is_own: bool = False, is_offline: bool = False) -> None:
        self.path = path
        self.name = str(path)
        self.is_offline = is_offline
        self._is_own = is_own
        self._made: set[Path] = set()

    def put(self, name: str, parts: Iterable[bytes]) -> int:
        target = self.path / name
        aside = target.with_name(UNFINISHED + secrets.token_hex(8))
        try:
            if target.parent not in self._made:
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._made.add(target.parent)
            try:
                with aside.open("xb") as file:
                    file.writelines(parts)
                    size = file.tell()
                aside.replace(target)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._failed(error) from None
        return size

    def is_here(self) -> bool:
        return self._is_own or self.path.is_dir()

    def open(self, name: str, turn: int = 0) -> BinaryIO:
        if turn:
            raise FileNotFoundError(name)
        try:
            file = (self.path / name).open("rb")
            # What was just written is asked from the disk, as far as the kernel lets us, not from memory.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._failed(error) from None
        return file

    def turns(self, name: str) -> int:
        return int((self.path / name).exists())

    def size(self, name: str) -> int | None:
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from None

    def names(self, under: str) -> Iterator[tuple[str, int, float]]:
        try:
            for folder, _, files in os.walk(self.path / under):
                for file in files:
                    if file.startswith(UNFINISHED):
                        continue
                    found = Path(folder, file)
                    stat = found.stat()
                    yield found.relative_to(self.path).as_posix(), stat.st_size, stat.st_mtime
        except OSError as error:
            raise self._failed(error) from None

    def remove(self, name: str) -> bool:
        try:
            (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from None
        return True

    def lock(self, name: str, until: datetime) -> None:
        """Nothing: a folder's owner can always remove what lies in it."""

    def sweep(self) -> None:
        """Remove what killed runs left half written; only inside ``alone``."""
        for folder, _, files in os.walk(self.path):
            for file in files:
                if file.startswith(UNFINISHED):
                    Path(folder, file).unlink(missing_ok=True)

    def settle(self) -> None:
        # One wait for everything instead of one for each of thousands of pieces.
        os.sync()

    @contextmanager
    def alone(self) -> Iterator[None]:
        try:
            # A disk that is not plugged in must not become a folder on the disk it is to stand beside.
            if not self.is_here():
                raise PlaceFails(f"{self.name} is not there. Is the disk plugged in, the share mounted?")
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._failed(error) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise Busy(f"{self.name} is in use by another backup run. Nothing was changed.") from None
        try:
            self.sweep()
            yield
        finally:
            os.close(handle)

    def _failed(self, error: OSError) -> PlaceFails:
        if error.errno in _FULL:
            return PlaceFails(
                f"{self.name} is full. Older backups there are unharmed; make room, the next run goes on from here."
            )
        return PlaceFails(f"{self.name} does not work: {error.strerror or type(error).__name__}.")
