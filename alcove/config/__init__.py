"""The whole list of what can differ between two installations of Alcove.

Read once, from the environment or from ``$ALCOVE_HOME/alcove.toml``; typed, frozen, without Django. An unknown
key, a malformed value or a contradiction stops the start by name. Nothing secret has a default; secrets are read
from files. What a practice's owner may change lives in the database instead.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alcove.config.values import (
    _LOOPBACK,
    Bucket,
    ConfigError,
    Sftp,
    _keys,
    _names,
    _number,
    _one_of,
    _path,
    _paths,
    _places,
    _setting,
    _store,
    _text,
    _url,
    _yes_no,
    bucket,
    place,
    sftp,
)

__all__ = [
    "Bucket",
    "Config",
    "ConfigError",
    "Origin",
    "Sftp",
    "bucket",
    "load",
    "load_with_origins",
    "place",
    "sftp",
]


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting, one sentence each; ``ALCOVE_`` + the name in capitals is its environment variable."""

    home: Path = _setting(Path("var").absolute(), _path, "Folder that holds everything Alcove writes.")
    database_url: str = _setting(
        "", _url("sqlite", "postgresql"), "sqlite:///… (default: in the home) or postgresql://….", secret=True
    )
    files_url: str = _setting(
        "", _store, "Where sealed files lie: file:///FOLDER (default: files/ in the home) or "
        "s3://bucket/prefix?endpoint=…&region=…&credentials=FILE.",
    )  # fmt: skip
    key_provider: str = _setting(
        "file", _one_of("file", "pkcs11", "aws-kms"), "Who holds the root key: file, pkcs11 or aws-kms."
    )
    root_key_file: Path | None = _setting(
        None, _path, "Root key of the file provider; default: keys/ in the home."
    )
    pkcs11_module: Path | None = _setting(None, _path, "The HSM's PKCS#11 library.")
    pkcs11_token: str = _setting("alcove", _text, "Label of the HSM token.")
    pkcs11_pin_file: Path | None = _setting(None, _path, "File with the token's user PIN.")
    kms_key_id: str = _setting("", _text, "AWS KMS key ID, ARN or alias.")
    kms_region: str = _setting("", _text, "AWS region of the KMS key.")
    kms_endpoint: str = _setting("", _url("https", "http"), "KMS endpoint if it is not the region's own.")
    hosted: bool = _setting(
        False, _yes_no, "Whether whoever has this machine is a host and not the practice: the console then opens no "
        "practice data without an owner's leave.",
    )  # fmt: skip
    hosts: tuple[str, ...] = _setting(("localhost", "127.0.0.1"), _names, "Host names the server answers to.")
    trusted_proxy: str = _setting(
        "", _text, "Address of the proxy whose forwarded headers count; empty: none."
    )
    bind: str = _setting("127.0.0.1:8443", _text, "Address and port the web server listens on.")
    web_processes: int = _setting(2, _number(1, 32), "Web server processes.")
    web_threads: int = _setting(4, _number(1, 64), "Threads in each web process.")
    public_url: str = _setting(
        "",
        _url("https"),
        "Address people reach Alcove at, for links in mail; default: the first of the hosts.",
    )
    email_url: str = _setting(
        "",
        _url("smtp+tls", "smtps", "log"),
        "Mail server: smtp+tls://user@host:587/?from=ADDRESS (STARTTLS) or smtps://…; empty: no e-mail leaves.",
        secret=True,
    )
    email_password_file: Path | None = _setting(None, _path, "File with the mail server's password.")
    sms_url: str = _setting(
        "",
        _url("twilio", "https", "http", "log"),
        "SMS gateway: twilio://SID@/?from=NUMBER, or https://user@host/path for a plain POST; empty: no SMS.",
        secret=True,
    )
    sms_secret_file: Path | None = _setting(None, _path, "File with the SMS gateway's token or password.")
    second_email_url: str = _setting(
        "",
        _url("smtp+tls", "smtps", "log"),
        "Mail server that sends what the first one cannot; written like ALCOVE_EMAIL_URL.",
        secret=True,
    )
    second_email_password_file: Path | None = _setting(
        None, _path, "File with the second mail server's password."
    )
    second_sms_url: str = _setting(
        "",
        _url("twilio", "https", "http", "log"),
        "SMS gateway that sends what the first one cannot; written like ALCOVE_SMS_URL.",
        secret=True,
    )
    second_sms_secret_file: Path | None = _setting(
        None, _path, "File with the second SMS gateway's token or password."
    )
    oidc_issuer: str = _setting(
        "",
        _url("https", "http"),
        "Issuer of the practice's directory (OpenID Connect); empty: nobody signs in by it.",
    )
    oidc_client_id: str = _setting("", _text, "What the directory calls this installation.")
    oidc_secret_file: Path | None = _setting(None, _path, "File with the secret the directory gave it.")
    oidc_second_factor: tuple[str, ...] = _setting(
        ("mfa",),
        _names,
        "Words of the directory's amr claim that count as a second factor given there; none: Alcove always asks.",
    )
    checkpoint_places: tuple[Path, ...] = _setting(
        (), _paths, "Folders outside this machine (mounted) that get the log's signed head as well."
    )
    checkpoint_minutes: int = _setting(
        60, _number(1, 1440), "Minutes between two checkpoints of the audit log."
    )
    metrics_token_file: Path | None = _setting(
        None,
        _path,
        "File with the token that /metrics asks for from other machines; none: this machine only.",
    )
    backup_places: tuple[str, ...] = _setting(
        (), _places, "Places that get every backup besides backups/ in the home: folders (mounted disks, shares), "
        "sftp://user@host/folder?key=FILE&known_hosts=FILE, or "
        "s3://bucket/prefix?endpoint=…&region=…&credentials=FILE; a bucket with Object Lock is a write-once place.",
    )  # fmt: skip
    offline_places: tuple[Path, ...] = _setting(
        (), _paths, "Folders on disks that lie elsewhere and get a backup whenever they are plugged in."
    )
    offline_days: int = _setting(
        8, _number(1, 35), "Days an offline disk may stay away before it is overdue."
    )
    backup_days: int = _setting(
        184, _number(184, 3660), "Days that daily backups are kept; never less than six months."
    )
    key_copy_places: tuple[Path, ...] = _setting(
        (), _paths, "Folders for the key copies, away from the backups; none: keys/ beside each backup."
    )
    release_keys: tuple[str, ...] = _setting(
        (),
        _keys,
        "Public keys (minisign) whose releases and news this installation trusts besides those it came with.",
    )
    news_url: str = _setting(
        "",
        _url("https"),
        "Address of the signed news of releases and weaknesses, asked once a day; empty: never.",
    )
    debug_log: bool = _setting(
        False, _yes_no, "Write debug lines to log/alcove.log; they carry no client data."
    )

    @property
    def keys(self) -> Path:
        """Folder of the key files, mode 0700."""
        return self.home / "keys"

    @property
    def root_keys(self) -> Path:
        return self.root_key_file or self.keys / "root.key"

    @property
    def web_secret_file(self) -> Path:
        return self.keys / "web.secret"

    @property
    def tls(self) -> Path:
        return self.home / "tls"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def temporary(self) -> Path:
        return self.home / "tmp"

    @property
    def egress(self) -> Path:
        """Folder of notes about which places outside were called; emptied by the worker."""
        return self.home / "egress"

    @property
    def files(self) -> Path:
        """Folder of the sealed files; where they lie in a bucket, the folder they would lie in without it."""
        is_named = self.files_url.startswith("file:")
        return Path(urlsplit(self.files_url).path) if is_named else self.home / "files"

    @property
    def files_bucket(self) -> Bucket | None:
        """The bucket of the sealed files, None where they lie in a folder."""
        return bucket(self.files_url) if self.files_url.startswith("s3:") else None

    @property
    def packs(self) -> Path:
        """Folder of the newest downtime packs, sealed; no backup takes it along."""
        return self.home / "downtime"

    @property
    def own_backups(self) -> Path:
        return self.home / "backups"

    @property
    def backups(self) -> tuple[str, ...]:
        """Every place that gets backups, the home's own first, offline disks last."""
        return (str(self.own_backups), *self.backup_places, *map(str, self.offline_places))

    @property
    def public_address(self) -> str:
        """Scheme, host and port people reach Alcove at, without a slash at the end; never taken from a request."""
        if self.public_url:
            return self.public_url.rstrip("/")
        port = self.bind.rpartition(":")[2]
        return f"https://{self.hosts[0]}" + ("" if port == "443" else f":{port}")

    @property
    def is_postgresql(self) -> bool:
        return self.database_url.startswith("postgresql:")

    @property
    def sqlite_file(self) -> Path:
        path = urlsplit(self.database_url).path if self.database_url else ""
        return Path(path) if path else self.home / "alcove.sqlite3"

    def check(self) -> None:
        """Raise ``ConfigError`` for settings that contradict each other."""
        if self.key_provider == "pkcs11" and not (self.pkcs11_module and self.pkcs11_pin_file):
            raise ConfigError(
                "ALCOVE_KEY_PROVIDER is pkcs11: set ALCOVE_PKCS11_MODULE and ALCOVE_PKCS11_PIN_FILE"
            )
        if self.key_provider == "aws-kms" and not self.kms_key_id:
            raise ConfigError("ALCOVE_KEY_PROVIDER is aws-kms: set ALCOVE_KMS_KEY_ID")
        if ":" not in self.bind:
            raise ConfigError("ALCOVE_BIND must be HOST:PORT")
        self._check_mail()
        self._check_directory()
        news = urlsplit(self.news_url)
        is_file = news.hostname and news.path.strip("/") and not news.path.endswith("/")
        if self.news_url and (not is_file or news.query or news.fragment or "@" in news.netloc):
            # Whatever stood there would be sent: the question carries nothing about who asks.
            raise ConfigError("ALCOVE_NEWS_URL must be the address of a file, without user, ? and #")

    def _check_directory(self) -> None:
        if not self.oidc_issuer:
            return
        issuer = urlsplit(self.oidc_issuer)
        if not issuer.hostname or issuer.query or issuer.fragment or issuer.username is not None:
            raise ConfigError("ALCOVE_OIDC_ISSUER must be an address without user, ? and #")
        if issuer.scheme == "http" and issuer.hostname not in _LOOPBACK:
            raise ConfigError("ALCOVE_OIDC_ISSUER: http: is for this machine only")
        if not (self.oidc_client_id and self.oidc_secret_file):
            raise ConfigError(
                "ALCOVE_OIDC_ISSUER is set: set ALCOVE_OIDC_CLIENT_ID and ALCOVE_OIDC_SECRET_FILE"
            )

    def _check_mail(self) -> None:
        for name, text in (("EMAIL_URL", self.email_url), ("SECOND_EMAIL_URL", self.second_email_url)):
            mail = urlsplit(text)
            if mail.scheme.startswith("smtp") and not (mail.hostname and "from=" in mail.query):
                raise ConfigError(f"ALCOVE_{name} must name a host and end with ?from=ADDRESS")
        for name, text in (("SMS_URL", self.sms_url), ("SECOND_SMS_URL", self.second_sms_url)):
            sms = urlsplit(text)
            if sms.scheme == "twilio" and not (sms.username and "from=" in sms.query):
                raise ConfigError(f"ALCOVE_{name} must be twilio://ACCOUNT_SID@/?from=NUMBER")
            if sms.scheme == "http" and sms.hostname not in _LOOPBACK:
                raise ConfigError(f"ALCOVE_{name}: http: is for this machine only, codes travel over https:")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting came from, for ``alcove doctor``; the value of a secret is never shown."""

    name: str
    value: str
    origin: str
    meaning: str


def _names_known() -> dict[str, Any]:
    return {f"ALCOVE_{item.name.upper()}": item for item in fields(Config)}


def _from_file(home: Path) -> dict[str, str]:
    path = home / "alcove.toml"
    if not path.exists():
        return {}
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    known = {item.name for item in fields(Config)} - {"home"}
    for name in raw:
        if name not in known:
            raise ConfigError(f"{path}: unknown setting {name!r}")
    return {
        f"ALCOVE_{name.upper()}": ",".join(value) if isinstance(value, list) else str(value)
        for name, value in raw.items()
    }


def _parse(name: str, text: str, item: Any) -> Any:
    try:
        return item.metadata["parse"](text)
    except ValueError as error:
        shown = "" if item.metadata["secret"] else f" {text!r}"
        raise ConfigError(f"{name}{shown}: {error}") from None


def load(environment: Mapping[str, str] | None = None) -> Config:
    """Return the settings in force; raise ``ConfigError`` naming the first that cannot stand."""
    return load_with_origins(environment)[0]


def load_with_origins(environment: Mapping[str, str] | None = None) -> tuple[Config, list[Origin]]:
    """Like ``load``, with the origin of every setting beside it."""
    environment = os.environ if environment is None else environment
    known = _names_known()
    # ALCOVE_TEST_… belongs to the test suite (which PostgreSQL, which browser), never to an installation.
    given = {
        name: value
        for name, value in environment.items()
        if name.startswith("ALCOVE_") and not name.startswith("ALCOVE_TEST_")
    }
    for name in given:
        if name not in known:
            raise ConfigError(f"unknown setting {name} in the environment")
    home = _path(given.get("ALCOVE_HOME", "var"))
    from_file = _from_file(home)
    values: dict[str, Any] = {"home": home}
    origins = []
    for name, item in known.items():
        origin = "environment" if name in given else "alcove.toml" if name in from_file else "default"
        text = given.get(name, from_file.get(name))
        if text not in (None, "") and item.name != "home":
            values[item.name] = _parse(name, str(text), item)
        shown = "(hidden)" if item.metadata["secret"] else str(values.get(item.name, item.default))
        origins.append(Origin(name, shown, origin, item.metadata["meaning"]))
    config = Config(**values)
    config.check()
    return config, origins
