"""A folder on another machine that is reached by SFTP, as a place.

A piece is written under another name and renamed when the other side says that all of it is there; copies are read
back whole afterwards, so a server that only says so is found. Removing is as easy as writing: such a place is never
write-once, whoever has this machine can empty it.

Never: a connection to a machine whose host key is not in the file of known ones; a password; an agent's keys. Tests:
``test_engine`` and ``test_sftp``, against a real server of the protocol.
"""

from __future__ import annotations

import posixpath
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Self, cast

import paramiko

from alcove.config import Sftp as Address
from alcove.operations.backups.faults import PlaceFails
from alcove.operations.backups.places import UNFINISHED, one_run

_SECONDS: Final = 15.0
"""How long the other machine may take to answer a connection."""
_QUIET_SECONDS: Final = 60.0
"""How long it may stay silent in the middle of one."""
_AT_ONCE: Final = 64
"""Questions for parts of a piece that are under way together."""


class Sftp:
    """A folder on another machine. ``locks``: a folder of this machine that keeps two runs apart."""

    is_write_once = False
    is_offline = False
    lanes = 1

    def __init__(self, address: Address, locks: Path) -> None:
        self.name = address.name
        self._address, self._locks = address, locks
        self._client: paramiko.SSHClient | None = None
        self._files: paramiko.SFTPClient | None = None
        self._made: set[str] = set()

    def is_here(self) -> bool:
        return True

    def put(self, name: str, parts: Iterable[bytes]) -> int:
        target = self._path(name)
        aside = posixpath.join(posixpath.dirname(target), UNFINISHED + secrets.token_hex(8))
        with self._asked() as files:
            self._make(files, posixpath.dirname(target))
            try:
                size = 0
                with files.open(aside, "wx") as file:
                    file.set_pipelined(True)
                    for part in parts:
                        file.write(part)
                        size += len(part)
                self._must_be_whole(files, aside, size)
                _rename(files, aside, target)
            except BaseException:
                with suppress(OSError, EOFError, paramiko.SSHException):
                    files.remove(aside)
                raise
        return size

    def _must_be_whole(self, files: paramiko.SFTPClient, path: str, size: int) -> None:
        # Answers to what was sent ahead are not all looked at: what lies there says whether it was taken.
        if files.stat(path).st_size != size:
            raise PlaceFails(f"{self.name} did not take all of a piece. Is it full?")

    def open(self, name: str, turn: int = 0) -> BinaryIO:
        if turn:
            raise FileNotFoundError(name)
        with self._asked() as files:
            file = files.open(self._path(name), "rb")
            file.prefetch(max_concurrent_requests=_AT_ONCE)
        return cast(BinaryIO, _Reading(self, file))

    def turns(self, name: str) -> int:
        return int(self.size(name) is not None)

    def size(self, name: str) -> int | None:
        try:
            with self._asked() as files:
                size: int | None = files.stat(self._path(name)).st_size
                return size
        except FileNotFoundError:
            return None

    def names(self, under: str) -> Iterator[tuple[str, int, float]]:
        for path, held in self._below(self._path(under)):
            if not posixpath.basename(path).startswith(UNFINISHED):
                yield (
                    posixpath.relpath(path, self._address.path),
                    held.st_size or 0,
                    float(held.st_mtime or 0),
                )

    def _below(self, folder: str) -> Iterator[tuple[str, paramiko.SFTPAttributes]]:
        try:
            with self._asked() as files:
                found = files.listdir_attr(folder)
        except FileNotFoundError:
            return
        for one in found:
            path = posixpath.join(folder, one.filename)
            if stat.S_ISDIR(one.st_mode or 0):
                yield from self._below(path)
            else:
                yield path, one

    def remove(self, name: str) -> bool:
        with self._asked() as files, suppress(FileNotFoundError):
            files.remove(self._path(name))
        return True

    def lock(self, name: str, until: datetime) -> None:
        """Nothing: whoever may write there may remove."""

    def settle(self) -> None:
        """Nothing: the protocol has no word for it; what a power cut there took is missed when it is read back."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        with one_run(self._locks, self.name):
            try:
                with self._asked() as files:
                    self._made.clear()
                    self._make(files, self._address.path)
                for path, _ in list(self._below(self._address.path)):
                    if posixpath.basename(path).startswith(UNFINISHED):
                        with self._asked() as files, suppress(FileNotFoundError):
                            files.remove(path)
                yield
            finally:
                self._leave()

    def _path(self, name: str) -> str:
        return posixpath.join(self._address.path, name).rstrip("/")

    def _make(self, files: paramiko.SFTPClient, folder: str) -> None:
        """Make a folder and those above it, readable by its owner alone."""
        if folder in self._made or folder in ("", "/"):
            return
        try:
            files.stat(folder)
        except FileNotFoundError:
            self._make(files, posixpath.dirname(folder))
            files.mkdir(folder, 0o700)
        self._made.add(folder)

    # Asking ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def _asked(self) -> Iterator[paramiko.SFTPClient]:
        """Give the connection; what goes wrong on it is ``PlaceFails``, but ``FileNotFoundError`` stays what it is."""
        try:
            yield self._files or self._connected()
        except (FileNotFoundError, PlaceFails):
            raise
        except (OSError, EOFError, ValueError, paramiko.SSHException) as error:
            self._leave()
            raise PlaceFails(self._sentence(error)) from None

    def _connected(self) -> paramiko.SFTPClient:
        address = self._address
        for file, what in ((address.key, "the private key"), (address.known_hosts, "the known host keys")):
            if not file.is_file():
                raise PlaceFails(f"{self.name} does not work: the file of {what} is not there ({file}).")
        client = paramiko.SSHClient()
        client.load_host_keys(str(address.known_hosts))
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            client.connect(
                address.host, address.port, address.user, key_filename=str(address.key), allow_agent=False,
                look_for_keys=False, timeout=_SECONDS, banner_timeout=_SECONDS, auth_timeout=_SECONDS,
            )  # fmt: skip
            files = client.open_sftp()
        except BaseException:
            client.close()
            raise
        channel = files.get_channel()
        if channel is not None:
            channel.settimeout(_QUIET_SECONDS)
        self._client, self._files = client, files
        return files

    def _leave(self) -> None:
        """End the connection; the next question makes a new one."""
        client, self._client, self._files = self._client, None, None
        if client is not None:
            client.close()

    def _sentence(self, error: BaseException) -> str:
        # The other machine's own words may say anything, so only what kind of fault it is is shown.
        if isinstance(error, paramiko.BadHostKeyException) or "not found in known_hosts" in str(error):
            return (
                f"{self.name} is not the machine it was, or its host key is not in {self._address.known_hosts}. "
                "Nothing was sent. Compare the key with whoever runs that machine before you put it there."
            )
        if isinstance(error, paramiko.AuthenticationException):
            return f"{self.name} does not let this key in ({self._address.key})."
        if isinstance(error, PermissionError):
            return f"{self.name} does not work: Permission denied."
        return f"{self.name} does not work: {type(error).__name__}."


def _rename(files: paramiko.SFTPClient, old: str, new: str) -> None:
    """Put a piece in place of an older one in one step, or in two where the server knows no other way."""
    try:
        files.posix_rename(old, new)
    except FileNotFoundError:
        raise
    except OSError:
        with suppress(FileNotFoundError):
            files.remove(new)
        files.rename(old, new)


class _Reading:
    """A piece under way from the other machine."""

    def __init__(self, place: Sftp, file: paramiko.SFTPFile) -> None:
        self._place = place
        self._file = file

    def read(self, size: int = -1) -> bytes:
        with self._place._asked():  # noqa: SLF001 - its own reader
            held: bytes = self._file.read(size if size >= 0 else None)
            return held

    def close(self) -> None:
        with suppress(OSError, EOFError, paramiko.SSHException):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
