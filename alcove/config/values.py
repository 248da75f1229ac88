"""What a setting's text may be, and what it becomes. A parser raises ``ValueError`` with the rest of a sentence."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

_SSH = 22
_PUBLIC_KEY = 42
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ConfigError(Exception):
    """A setting is unknown, malformed, or contradicts another; the text names it and never shows a secret."""


def _text(value: str) -> str:
    return value.strip()


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        number = int(value)
        if not low <= number <= high:
            raise ValueError(f"must lie between {low} and {high}")
        return number

    return parse


def _yes_no(value: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[value.lower()]
    except KeyError:
        raise ValueError("must be yes or no") from None


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _paths(value: str) -> tuple[Path, ...]:
    return tuple(Path(part).expanduser().absolute() for part in _names(value))


def _path(value: str) -> Path:
    return Path(value).expanduser().absolute()


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where a bucket of an S3-compatible store is. ``prefix`` is empty or ends with a slash; ``name`` is shown."""

    bucket: str
    prefix: str
    endpoint: str
    region: str
    credentials: Path | None

    @property
    def name(self) -> str:
        shown = {"endpoint": self.endpoint} if self.endpoint else {}
        return f"s3://{self.bucket}/{self.prefix}" + ("?" + urlencode(shown, safe=":/") if shown else "")


def bucket(url: str) -> Bucket:
    """Return what ``s3://bucket/prefix?endpoint=…&region=…&credentials=FILE`` names; raise ``ValueError``."""
    asked = urlsplit(url)
    given = dict(parse_qsl(asked.query, strict_parsing=True)) if asked.query else {}
    if asked.scheme != "s3" or not asked.netloc or "@" in asked.netloc or asked.fragment:
        raise ValueError("must be s3://bucket/prefix without a user and #")
    if unknown := set(given) - {"endpoint", "region", "credentials"}:
        raise ValueError(f"knows endpoint=, region= and credentials=, not {min(unknown)}=")
    endpoint = urlsplit(given.get("endpoint", ""))
    if given.get("endpoint") and endpoint.scheme not in ("https", "http"):
        raise ValueError("endpoint= must begin with https:")
    if endpoint.scheme == "http" and endpoint.hostname not in _LOOPBACK:
        raise ValueError("endpoint=http: is for this machine only, what goes there travels over https:")
    prefix, file = asked.path.strip("/"), given.get("credentials", "")
    return Bucket(
        asked.netloc, f"{prefix}/" if prefix else "", given.get("endpoint", "").rstrip("/"), given.get("region", ""),
        _path(file) if file else None,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sftp:
    """A folder on a machine that is reached by SFTP; ``name`` is shown."""

    user: str
    host: str
    port: int
    path: str
    key: Path
    known_hosts: Path

    @property
    def name(self) -> str:
        port = "" if self.port == _SSH else f":{self.port}"
        return f"sftp://{self.user}@{self.host}{port}{self.path}"


def sftp(url: str) -> Sftp:
    """Return what ``sftp://user@host:port/folder?key=FILE&known_hosts=FILE`` names; raise ``ValueError``."""
    asked = urlsplit(url)
    given = dict(parse_qsl(asked.query, strict_parsing=True)) if asked.query else {}
    if asked.scheme != "sftp" or not asked.hostname or not asked.username or asked.fragment:
        raise ValueError("must be sftp://user@host/folder")
    if asked.password is not None:
        raise ValueError("holds a password: a key file is asked for, key=FILE")
    if unknown := set(given) - {"key", "known_hosts"}:
        raise ValueError(f"knows key= and known_hosts=, not {min(unknown)}=")
    if len(given) != 2 or not asked.path.strip("/"):  # noqa: PLR2004 - both files
        raise ValueError("needs a folder, key=FILE and known_hosts=FILE")
    return Sftp(
        asked.username, asked.hostname, asked.port or _SSH, asked.path.rstrip("/"), _path(given["key"]),
        _path(given["known_hosts"]),
    )  # fmt: skip


def place(url: str) -> Bucket | Sftp:
    """Return what the address of a backup place elsewhere names; raise ``ValueError``."""
    if not url.startswith(("sftp:", "s3:")):
        raise ValueError("must be a folder, sftp://user@host/folder, or s3://bucket/prefix")
    return sftp(url) if url.startswith("sftp:") else bucket(url)


def _places(value: str) -> tuple[str, ...]:
    """Return folders made absolute and addresses of places elsewhere as they were written."""
    return tuple(_place(part) for part in _names(value))


def _place(word: str) -> str:
    if "://" not in word:
        return str(_path(word))
    try:
        place(word)
    except ValueError as error:
        # The address may hold a secret, in the wrong place: it is not shown.
        raise ConfigError(f"ALCOVE_BACKUP_PLACES: an address {error}") from None
    return word


def _store(value: str) -> str:
    """Return where sealed files lie: a folder's address, or a bucket's as it was written."""
    _url("file", "s3")(value)
    if value.startswith("s3:"):
        try:
            bucket(value)
        except ValueError as error:
            # As above: it is not shown.
            raise ConfigError(f"ALCOVE_FILES_URL: the address {error}") from None
    return value


def _keys(value: str) -> tuple[str, ...]:
    """Return public keys as minisign's option -P takes them; what they are is looked at more closely by the vault."""
    for word in _names(value):
        try:
            raw = base64.b64decode(word, validate=True)
        except ValueError:
            raw = b""
        if len(raw) != _PUBLIC_KEY or raw[:2] != b"Ed":
            raise ValueError("must be public keys of minisign's: 56 letters that begin with RW")
    return _names(value)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError("must be one of " + ", ".join(choices))
        return value

    return parse


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if urlsplit(value).scheme not in schemes:
            raise ValueError("must begin with " + " or ".join(f"{scheme}:" for scheme in schemes))
        return value

    return parse


def _setting(default: Any, parse: Callable[[str], Any], meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, metadata={"parse": parse, "meaning": meaning, "secret": secret})
