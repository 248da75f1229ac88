"""The register of places outside: what the configuration names, what people entered, what was really called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from psycopg.conninfo import conninfo_to_dict

from alcove.compliance.baseline.models import Place
from alcove.compliance.baseline.policy import Baseline
from alcove.compliance.baseline.queries.kinds import Weak
from alcove.config import Bucket, Config, bucket
from alcove.security.access.actors import Actor
from alcove.security.identity.queries.explain import names

QUIET: Final = timedelta(days=30)
"""An unknown place that was not called for so long is no finding any more; it stays on the page."""


@dataclass(frozen=True, slots=True)
class Named:
    """A place the configuration names. ``below``: every host below this one belongs to it."""

    host: str
    purpose: str
    data: str
    setting: str
    below: bool = False

    def covers(self, host: str) -> bool:
        """Whether a host is this one."""
        return host == self.host or (self.below and host.endswith(f".{self.host}"))


_MAIL: Final = (
    "Messages to clients and staff: names, times and places of visits, links; never a word about care"
)
_SMS: Final = "Phone numbers with messages and sign-in codes; never a word about care"
_BACKUP: Final = "Backups: sealed pieces of random names, and key copies sealed to the recovery key"
_FILES: Final = "Files of records: sealed, of random names, their sizes and times plain; never a key to them"
_KEYS: Final = "The wrapped key of the practice, to be opened; no data of anybody"
_NEWS: Final = "Nothing but the question itself, once a day: no name, no version, no id"
_DIRECTORY: Final = "Sign-in of staff: who signs in, and when"


def configured(config: Config) -> list[Named]:
    """Return every place the configuration names, each with what goes there and the setting that says so."""
    return [one for one in _all(config) if one.host and one.host not in _own(config)]


def _all(config: Config) -> Iterator[Named]:
    for url, setting in ((config.email_url, "EMAIL_URL"), (config.second_email_url, "SECOND_EMAIL_URL")):
        if url.startswith("smtp"):
            yield Named(_host(url), "E-mail", _MAIL, f"ALCOVE_{setting}")
    for url, setting in ((config.sms_url, "SMS_URL"), (config.second_sms_url, "SECOND_SMS_URL")):
        host = "api.twilio.com" if url.startswith("twilio:") else _host(url) if "http" in url[:5] else ""
        yield Named(host, "SMS", _SMS, f"ALCOVE_{setting}")
    yield Named(
        _host(config.oidc_issuer), "Sign-in by the practice’s directory", _DIRECTORY, "ALCOVE_OIDC_ISSUER"
    )
    yield Named(_host(config.news_url), "News of releases and weaknesses", _NEWS, "ALCOVE_NEWS_URL")
    for place in config.backup_places:
        if place.startswith("s3:"):
            yield from _bucket(bucket(place), "Backups", _BACKUP, "ALCOVE_BACKUP_PLACES")
        elif place.startswith("sftp:"):
            yield Named(_host(place), "Backups", _BACKUP, "ALCOVE_BACKUP_PLACES")
    if config.files_bucket:
        yield from _bucket(config.files_bucket, "Files of records", _FILES, "ALCOVE_FILES_URL")
    if config.key_provider == "aws-kms":
        yield from _kms(config)
    if config.is_postgresql:
        yield from _machines(config.database_url)


def _machines(url: str) -> Iterator[Named]:
    """Return every machine a PostgreSQL address names: a cluster is named by all of its own."""
    data = "Everything kept: clients’ words sealed, staff names and times plain"
    for host in str(conninfo_to_dict(url).get("host", "")).lower().split(","):
        # What begins with a slash is a socket of this machine.
        if not host.startswith("/"):
            yield Named(host.rstrip("."), "Database", data, "ALCOVE_DATABASE_URL")


def _bucket(place: Bucket, purpose: str, data: str, setting: str) -> Iterator[Named]:
    if place.endpoint:
        yield Named(_host(place.endpoint), purpose, data, setting, below=True)
        return
    region = f".{place.region}" if place.region else ""
    for host in {f"s3{region}.amazonaws.com", "s3.amazonaws.com"}:
        yield Named(host, purpose, data, setting, below=True)


def _kms(config: Config) -> Iterator[Named]:
    host = _host(config.kms_endpoint) or f"kms.{config.kms_region}.amazonaws.com"
    yield Named(host, "The practice’s root key", _KEYS, "ALCOVE_KEY_PROVIDER")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".").lower()


def _own(config: Config) -> frozenset[str]:
    """Return what this machine itself is called: its own health check calls the web server."""
    bound = config.bind.rpartition(":")[0].strip("[]")
    return frozenset({"localhost", "127.0.0.1", "::1", bound, *(one.lower() for one in config.hosts)})


def unknown() -> list[Place]:
    """Return places that were called lately and that nobody named."""
    named, own = configured(settings.ALCOVE), _own(settings.ALCOVE)
    lately = Place.objects.filter(last_at__gt=timezone.now() - QUIET, registered_at__isnull=True)
    return [
        one
        for one in lately.order_by("host")
        if one.host not in own and not any(known.covers(one.host) for known in named)
    ]


def weak() -> list[Weak]:
    """Return unknown places as weaknesses."""
    return [
        Weak("places", one.host[:120], f"{one.host} was called, and the register does not know it.")
        for one in unknown()
    ]


# The page -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A place as the page shows it. ``by``: the setting or the person that names it; "" for nobody."""

    host: str
    purpose: str
    data: str
    by: str
    first_at: datetime | None
    last_at: datetime | None
    since: datetime | None = None
    is_entered: bool = False


@dataclass(frozen=True, slots=True)
class Register:
    """Places nobody named, and all others."""

    unknown: list[Line]
    known: list[Line]


def register(actor: Actor) -> Register:
    """Return the whole register."""
    actor.must(Baseline.VIEW)
    strange = {one.host for one in unknown()}
    rows = list(Place.objects.order_by("host"))
    named = configured(settings.ALCOVE)
    people = names(one.registered_by_id for one in rows if one.registered_by_id)
    lines = [_configured(one, rows) for one in named]
    for row in rows:
        if row.host not in strange and not any(one.covers(row.host) for one in named):
            by = people.get(row.registered_by_id, "") if row.registered_by_id else ""
            lines.append(_line(row, by))
    return Register([_line(row, "") for row in rows if row.host in strange], lines)


def _configured(one: Named, rows: list[Place]) -> Line:
    seen = [row for row in rows if one.covers(row.host)]
    firsts = [row.first_at for row in seen if row.first_at]
    lasts = [row.last_at for row in seen if row.last_at]
    return Line(
        one.host, one.purpose, one.data, one.setting, min(firsts, default=None), max(lasts, default=None)
    )


def _line(row: Place, by: str) -> Line:
    return Line(
        row.host, row.purpose, row.data, by, row.first_at, row.last_at, row.registered_at,
        is_entered=row.registered_at is not None,
    )  # fmt: skip
