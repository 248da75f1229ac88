"""How each part is, asked now: a word, and a sentence with the figure. Raises nothing; what cannot be asked is bad."""

from __future__ import annotations

import http.client
import shutil
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from alcove.operations.backups import queries as backups
from alcove.operations.monitoring.models import Part
from alcove.operations.monitoring.policy import Health
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice
from alcove.security.identity.queries.explain import names
from alcove.security.jobs.models import Beat, Job
from alcove.security.vault import certificate
from alcove.security.vault.errors import StoreAway
from alcove.security.vault.house import house

S = Part.State
Told = tuple[str, str, float | None]
"""How a part is, in a word and in a sentence, and its figure."""
_MIB: Final = 2**20
TITLES: Final = {
    "pages": "Pages", "database": "Database", "worker": "Worker", "jobs": "Jobs", "disk": "Storage", "mail": "E-mail",
    "sms": "SMS", "keys": "Keys", "clock": "Clock", "certificate": "Certificate", "backups": "Backups",
    "audit": "Log’s seal",
}  # fmt: skip
"""Every part that is watched, in the order it is shown."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a part is at this moment. ``figure``: what a monitor draws, in the unit its name says; None for none."""

    key: str
    state: str
    sentence: str
    figure: float | None = None


def looks() -> list[Look]:
    """Look at every part."""
    return [_one(key, look) for key, look in _LOOKS.items()]


def _one(key: str, look: Callable[[], Told]) -> Look:
    try:
        return Look(key, *look())
    except Exception as fault:  # noqa: BLE001 - whatever it is, this part cannot be asked
        return Look(key, S.BAD, f"It cannot be asked ({type(fault).__name__}).")


def _worst(bad: bool, warn: bool) -> str:  # noqa: FBT001 - two thresholds, read at the call
    return S.BAD if bad else S.WARN if warn else S.OK


def _pages() -> Told:
    """Ask the web server of this machine, as a browser would."""
    host, _, port = settings.ALCOVE.bind.rpartition(":")
    # Our own server on this machine, under whatever name its certificate has; nothing secret is sent or read.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    ways: list[http.client.HTTPConnection] = [
        http.client.HTTPSConnection(host.strip("[]"), int(port), timeout=5, context=trusting),
        http.client.HTTPConnection(host.strip("[]"), int(port), timeout=5),
    ]
    for asked in ways:
        try:
            asked.request("GET", "/health/live", headers={"Host": settings.ALCOVE.hosts[0]})
            status = asked.getresponse().status
        except (OSError, http.client.HTTPException):
            continue
        finally:
            asked.close()
        return (
            _worst(status >= http.HTTPStatus.INTERNAL_SERVER_ERROR, warn=False),
            f"The web server answers {status}.",
            None,
        )
    return S.BAD, "The web server does not answer.", None


def _database() -> Told:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return S.OK, f"{'PostgreSQL' if connection.vendor == 'postgresql' else 'SQLite'} answers.", None


def worker_age() -> timedelta | None:
    """Return how long ago the worker last gave a sign of life; None if it never did."""
    beat = Beat.objects.filter(name="worker").first()
    return timezone.now() - beat.at if beat else None


def is_worker_alive() -> bool:
    """Whether the worker gave a sign of life lately."""
    age = worker_age()
    return age is not None and age < policy.WORKER_SILENT


def _counted(number: float, unit: str) -> str:
    return f"{number:.0f} {unit}{'' if round(number) == 1 else 's'}"


def _worker() -> Told:
    age = worker_age()
    if age is None:
        return S.BAD, "It never ran.", None
    seconds = age.total_seconds()
    return (
        _worst(not is_worker_alive(), warn=False),
        f"Its last sign of life is {_counted(seconds, 'second')} old.",
        seconds,
    )


def _jobs() -> Told:
    now = timezone.now()
    late = Job.objects.filter(state=Job.State.WAITING, due_at__lt=now - policy.JOB_LATE).count()
    failed = Job.objects.filter(state=Job.State.FAILED, ended_at__gt=now - timedelta(days=1)).count()
    words = f"{late} wait longer than they should, {failed} failed for good since yesterday."
    return _worst(late > 0, failed > 0), words, float(late)


def _disk() -> Told:
    free = shutil.disk_usage(settings.ALCOVE.home).free / _MIB
    if settings.ALCOVE.files_bucket and not _is_bucket_there():
        return (
            S.BAD,
            "The bucket with the files of records cannot be used: alcove doctor says why.",
            free * _MIB,
        )
    return (
        _worst(free < policy.DISK_BAD_MIB, free < policy.DISK_LOW_MIB),
        f"{free / 1024:,.1f} GiB are free.",
        free * _MIB,
    )


def _is_bucket_there() -> bool:
    try:
        storages["sealed"].exists("nobody")
    except StoreAway:
        return False
    return True


def _messages(channel: str, url: str) -> Told:
    if not url:
        return S.WARN, "Nothing is set up, so nothing leaves.", None
    stuck = Notice.objects.filter(
        channel=channel, sent_at__isnull=True, content__isnull=False, tries__gt=0,
        created_at__lt=timezone.now() - policy.MAIL_STUCK,
    ).count()  # fmt: skip
    return _worst(stuck > 0, warn=False), f"{stuck} wait though they were tried.", float(stuck)


def _keys() -> Told:
    house()
    return S.OK, "The house keys are open.", None


def _clock() -> Told:
    """Compare with the database's clock, and with the newest entry of the log: time does not go backwards."""
    ahead = 0.0
    newest = Entry.objects.order_by("-at_us").values_list("at_us", flat=True).first()
    if newest:
        ahead = newest / 1_000_000 - datetime.now(UTC).timestamp()
    drift = abs(_database_drift())
    worst = max(ahead, drift)
    if ahead > policy.CLOCK_DRIFT.total_seconds():
        return S.BAD, f"It was set back: the log is {ahead:.0f} seconds ahead of it.", worst
    return (
        _worst(drift > policy.CLOCK_DRIFT.total_seconds(), warn=False),
        f"It is {drift:.1f} seconds off the database’s.",
        worst,
    )


def _database_drift() -> float:
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        told: datetime = cursor.fetchone()[0]
    return told.timestamp() - datetime.now(UTC).timestamp()


def _certificate() -> Told:
    if settings.ALCOVE.trusted_proxy:
        return S.OK, "The proxy in front has its own.", None
    ends_at = certificate.expires_at(settings.ALCOVE)
    if ends_at is None:
        return S.WARN, "There is none yet.", None
    days = (ends_at - datetime.now(UTC)).days
    return (
        _worst(days <= policy.CERTIFICATE_BAD_DAYS, days <= policy.CERTIFICATE_LOW_DAYS),
        f"It is good for {days} days.",
        float(days),
    )


def _backups() -> Told:
    places, late = backups.places(), backups.late()
    ages = [one.age.total_seconds() for one in places if one.age is not None]
    oldest = max(ages, default=None)
    words = f"{len(places) - len(late)} of {len(places)} places have a copy of the last day."
    is_wrong = bool(late) or any(one.state in {"failed", "damaged"} for one in places)
    return _worst(is_wrong, not ages), words, oldest


def _audit() -> Told:
    """Say how old the newest signed head beside the database is (AUD-04: a missed one is told within two hours)."""
    folder = settings.ALCOVE.log / "checkpoints"
    found = [one.stat().st_mtime for one in folder.glob("*")] if folder.is_dir() else []
    if not found:
        return S.WARN, "None was made yet.", None
    age = datetime.now(UTC).timestamp() - max(found)
    limit = policy.SEAL_LATE.total_seconds() + settings.ALCOVE.checkpoint_minutes * 60
    return _worst(age > limit, warn=False), f"The newest is {_counted(age / 60, 'minute')} old.", age


_LOOKS: Final[dict[str, Callable[[], Told]]] = {
    "pages": _pages, "database": _database, "worker": _worker, "jobs": _jobs, "disk": _disk,
    "mail": lambda: _messages("email", settings.ALCOVE.email_url),
    "sms": lambda: _messages("sms", settings.ALCOVE.sms_url),
    "keys": _keys, "clock": _clock, "certificate": _certificate, "backups": _backups, "audit": _audit,
}  # fmt: skip


# The page and the figures -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A part as the page shows it. ``part``: what was noted of it, None before the first round."""

    title: str
    look: Look
    part: Part | None
    taken_by: str

    @property
    def word(self) -> str:
        return str(S(self.look.state).label)

    @property
    def is_failing(self) -> bool:
        """Whether it was noted as failing and still is: after that look it may have come back."""
        return self.part is not None and self.part.state == S.BAD and self.look.state == S.BAD


def health(actor: Actor) -> list[Line]:
    """Return every part as it is now, with what was noted of it."""
    actor.must(Health.VIEW)
    noted = {one.key: one for one in Part.objects.all()}
    people = names(one.taken_by_id for one in noted.values() if one.taken_by_id)
    return [
        Line(TITLES[look.key], look, noted.get(look.key), _who(noted.get(look.key), people))
        for look in looks()
    ]


def _who(part: Part | None, people: dict[Any, str]) -> str:
    return people.get(part.taken_by_id, "") if part is not None and part.taken_by_id else ""


_FIGURES: Final = {
    "worker": ("alcove_worker_silent_seconds", "Seconds since the worker's last sign of life."),
    "jobs": ("alcove_jobs_late", "Jobs that wait longer than they should."),
    "disk": ("alcove_disk_free_bytes", "Free bytes where the home lies."),
    "mail": ("alcove_mail_stuck", "Notices by e-mail that wait though they were tried."),
    "sms": ("alcove_sms_stuck", "Notices by SMS that wait though they were tried."),
    "clock": ("alcove_clock_drift_seconds", "Seconds the clock is off."),
    "certificate": ("alcove_certificate_days", "Days the certificate is good for."),
    "backups": ("alcove_backup_age_seconds", "Age of the newest copy in the worst place."),
    "audit": ("alcove_seal_age_seconds", "Age of the log's newest signed head."),
}
_WORSE: Final = {S.OK: 0, S.WARN: 1, S.BAD: 2}


def metrics() -> Iterator[str]:
    """Yield figures in Prometheus' text format, version 0.0.4; nothing about a person."""
    found = looks()
    yield "# HELP alcove_part_state How a part is: 0 works, 1 look at it, 2 does not work."
    yield "# TYPE alcove_part_state gauge"
    for look in found:
        yield f'alcove_part_state{{part="{look.key}"}} {_WORSE[S(look.state)]}'
    for look in found:
        if look.key in _FIGURES and look.figure is not None:
            name, words = _FIGURES[look.key]
            yield f"# HELP {name} {words}"
            yield f"# TYPE {name} gauge"
            yield f"{name} {look.figure:g}"
