"""Files to bundles: ``.json``, ``.ndjson``, either in ``.gz``, any of them in a ``.zip``; one document in memory.

Nothing is ever unpacked to disk and no name inside an archive is used as a path, so path tricks have nothing to act
on; they are refused all the same, because an archive that plays them deserves no trust.
"""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from alcove.api.fhir import numbers
from alcove.api.fhir.defects import REFUSED, Broken, Defect, Place

DOCUMENT_MAX = 128 * 2**20
"""Bytes of one JSON document or line once unpacked. The largest Synthea patient has a tenth of it."""
RATIO_MAX = 200
"""Times a document may grow when it is unpacked, beyond ``RATIO_FREE`` bytes; JSON of bundles grows 20 times."""
RATIO_FREE = 8 * 2**20
MEMBERS_MAX = 100_000
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Found:
    """One document of the input: what it says, or why it cannot be read."""

    place: Place
    document: Any = None
    defect: Defect | None = None


def read(paths: Sequence[Path]) -> Iterator[Found]:
    """Yield every document of these files in order; a file that cannot be read is one defect and stops nothing."""
    for number, path in enumerate(paths, 1):
        place = Place(file=number)
        try:
            _refuse_strange(path)
            with path.open("rb") as file:
                yield from (
                    _archive(file, place) if path.suffix.lower() == ".zip" else _one(file, path.name, place)
                )
        except Broken as fault:
            yield _refused(fault, place)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError) as fault:
            yield _refused(Broken("unreadable_file", "", type(fault).__name__), place)


def _refuse_strange(path: Path) -> None:
    # A pipe or a device would be read for ever.
    if not stat.S_ISREG(path.stat().st_mode):
        raise Broken("unreadable_file", "", "it is no ordinary file")


def _refused(fault: Broken, place: Place) -> Found:
    return Found(place, defect=Defect(fault.rule, fault.path, place, REFUSED, fault.more))


def _archive(file: IO[bytes], place: Place) -> Iterator[Found]:
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if len(members) > MEMBERS_MAX:
            raise Broken("unsafe_archive", "", f"it has more than {MEMBERS_MAX} members")
        for number, member in enumerate(members, 1):
            if member.is_dir():
                continue
            at = Place(file=place.file, member=number)
            try:
                _refuse_tricks(member)
                with archive.open(member) as opened:
                    yield from _one(opened, member.filename, at, packed=max(member.compress_size, 1))
            except Broken as fault:
                yield _refused(fault, at)
            except (
                OSError,
                EOFError,
                RuntimeError,
                zlib.error,
                zipfile.BadZipFile,
                NotImplementedError,
            ) as fault:
                yield _refused(Broken("unreadable_file", "", type(fault).__name__), at)


def _refuse_tricks(member: zipfile.ZipInfo) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if member.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise Broken("unsafe_archive", "", "a member's name leaves the archive")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Broken("unsafe_archive", "", "a member is a link")
    if member.flag_bits & 1:
        raise Broken("unreadable_file", "", "a member is encrypted")
    if member.filename.lower().endswith(".zip"):
        raise Broken("unsafe_archive", "", "an archive inside an archive is not opened")


class _Limited(io.RawIOBase):
    """Counts what is unpacked against what was packed, and stops a bomb before it fills the memory."""

    def __init__(self, source: IO[bytes] | gzip.GzipFile, packed: int | IO[bytes]) -> None:
        self._source, self._packed, self._count = source, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._source.read(min(len(buffer), _CHUNK))
        buffer[: len(chunk)] = chunk
        self._count += len(chunk)
        packed = self._packed if isinstance(self._packed, int) else max(self._packed.tell(), 1)
        if self._count > RATIO_FREE and self._count > packed * RATIO_MAX:
            raise Broken("unsafe_archive", "", f"it grows more than {RATIO_MAX} times when unpacked")
        return len(chunk)


def _one(file: IO[bytes], name: str, place: Place, packed: int = 0) -> Iterator[Found]:
    name = name.lower()
    source: IO[bytes] = file
    if packed:
        source = io.BufferedReader(_Limited(file, packed), _CHUNK)
    if name.endswith(".gz"):
        name = name[:-3]
        source = io.BufferedReader(_Limited(gzip.GzipFile(fileobj=source), packed or file), _CHUNK)
    if name.endswith((".ndjson", ".jsonl")):
        yield from _lines(source, place)
    elif name.endswith(".json") or "." not in name:
        yield _document(_whole(source), place)
    else:
        raise Broken("unreadable_file", "", "its name does not end in .json, .ndjson, .gz or .zip")


def _whole(source: IO[bytes]) -> bytes:
    content = bytearray()
    while chunk := source.read(_CHUNK):
        content += chunk
        if len(content) > DOCUMENT_MAX:
            raise Broken("too_large", "", f"a document has more than {DOCUMENT_MAX // 2**20} MiB")
    return bytes(content)


def _lines(source: IO[bytes], place: Place) -> Iterator[Found]:
    number = 0
    while line := source.readline(DOCUMENT_MAX + 1):
        number += 1
        at = Place(file=place.file, member=place.member, line=number)
        if len(line) > DOCUMENT_MAX:
            yield _refused(Broken("too_large", "", f"a line has more than {DOCUMENT_MAX // 2**20} MiB"), at)
            while line and not line.endswith(b"\n"):
                line = source.readline(_CHUNK)
        elif line.strip():
            yield _document(line, at)


def _document(content: bytes, place: Place) -> Found:
    try:
        return Found(place, numbers.loads(content.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return _refused(Broken("not_json", "", "it is not UTF-8"), place)
    except RecursionError:
        return _refused(Broken("not_json", "", "it is nested too deeply"), place)
    except ValueError:
        # The decoder's own words quote the text, so they are not passed on.
        return _refused(Broken("not_json"), place)
