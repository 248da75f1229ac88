"""Django's settings, made from ``Config``. Nothing is decided here that ``config`` could say."""

import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool

from alcove.config import Config, ConfigError, load
from alcove.project.statics import add_headers

ALCOVE = load()
if ALCOVE.files_bucket and find_spec("boto3") is None:
    raise ConfigError("ALCOVE_FILES_URL: buckets need boto3. Install it: pip install 'alcove[s3]'.")
_here = Path(__file__).resolve().parent

# Whatever a library wants to write for a moment lands in the home as well.
tempfile.tempdir = str(ALCOVE.temporary) if ALCOVE.temporary.is_dir() else tempfile.tempdir


def _web_secret() -> str:
    path = ALCOVE.web_secret_file
    # Without a home there is nothing to serve yet; 'alcove init' writes the file and nothing falls back to this.
    return (
        path.read_text("ascii").strip()
        if path.exists()
        else "no practice here yet: nothing is signed with this"
    )


def database(config: Config) -> dict[str, Any]:
    """Return Django's settings of the database that is configured."""
    if not config.is_postgresql:
        return {
            "ENGINE": "alcove.security.access.backends.sqlite3",
            "NAME": str(config.sqlite_file),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-64000; PRAGMA secure_delete=ON;"
                ),
            },
        }
    # libpq's own reading of the address: it may name several hosts, each with its port.
    named = conninfo_to_dict(config.database_url)
    place = {name.upper(): str(named.pop(name, "")) for name in ("user", "password", "host", "port")}
    return {
        "ENGINE": "alcove.security.access.backends.postgresql",
        "NAME": str(named.pop("dbname", "")),
        **place,
        "OPTIONS": {
            "pool": {
                "min_size": 1,
                "max_size": 16,
                # Away for however long, the database is tried every second: left alone, a pool doubles its pauses.
                "reconnect_timeout": 2.0,
                "reconnect_failed": ConnectionPool.check,
            },
            "assume_role": "alcove_app",
            # After a failover an address may lead to a standby for a moment; such a session could never write.
            "target_session_attrs": "read-write",
            # A machine that vanished says nothing: its sessions end after seconds instead of a quarter of an hour.
            "connect_timeout": "3",
            "tcp_user_timeout": "10000",
            "keepalives_idle": "10",
            "keepalives_interval": "5",
            "keepalives_count": "2",
        }
        | named,
    }


SECRET_KEY = _web_secret()
DEBUG = False
ALLOWED_HOSTS = list(ALCOVE.hosts)
DATABASES = {"default": database(ALCOVE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
FORM_RENDERER = "alcove.ui.rendering.Renderer"
LANGUAGE_CODE = "en-us"
USE_I18N = True

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "django_htmx",
    "alcove.ui",
    "alcove.security.vault",
    "alcove.security.audit",
    "alcove.security.access",
    "alcove.security.jobs",
    "alcove.security.identity",
    "alcove.operations.backups",
    "alcove.operations.monitoring",
    "alcove.operations.releases",
    "alcove.operations.sweep",
    "alcove.clinic.practice",
    "alcove.clinic.clients",
    "alcove.clinic.messaging",
    "alcove.clinic.activities",
    "alcove.clinic.calendar",
    "alcove.clinic.records",
    "alcove.clinic.downtime",
    "alcove.clinic.dashboard",
    "alcove.compliance",
    "alcove.compliance.privacy",
    "alcove.compliance.baseline",
    "alcove.compliance.continuity",
    "alcove.compliance.uptime",
    "alcove.api",
    "alcove.portal",
]

MIDDLEWARE = [
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "alcove.project.away.DatabaseFirst",
    "alcove.project.zone.PracticeZone",
    "alcove.security.identity.middleware.Identity",
    "alcove.project.sent.Utf8Only",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]

ROOT_URLCONF = "alcove.project.urls"
WSGI_APPLICATION = "alcove.project.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.csrf",
                "django.template.context_processors.request",
                "alcove.project.shell.shell",
            ]
        },
    }
]

# Cookies carry no meaning of their own; sessions are rows of identity.
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "alcove.project.errors.csrf"
if ALCOVE.trusted_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# An upload stays in memory until it is sealed: Django's other handler writes plaintext to a temporary file.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 25 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

STATIC_URL = "/static/"
STATIC_ROOT = ALCOVE.home / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "sealed": {"BACKEND": "alcove.security.vault.stores.of", "OPTIONS": {"config": ALCOVE}},
    "staticfiles": {"BACKEND": "alcove.ui.storage.HashedStaticFiles"},
}
WHITENOISE_MAX_AGE = 3600
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_ADD_HEADERS_FUNCTION = add_headers

CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

# Areas above clients that add to the client card, in order (docs/decisions/0004-card.md).
ALCOVE_CARE_REASONS: list[str] = [
    "alcove.clinic.records.queries.care.visited",
    "alcove.clinic.calendar.queries.care.booked",
    "alcove.clinic.activities.queries.care.assigned",
]
"""Functions ``(actor, client_ids) -> query of ids``: clients for whom an area knows a reason of care (``need``)."""
ALCOVE_GLASS_PAGE = "clients:break_glass"
"""The page on which someone without a reason of care takes emergency access; its argument is ``client_id``."""
ALCOVE_TABLET_PAGE = "records:tablet"
"""Where a tablet in a client's hands begins; its argument is ``client_id``."""
ALCOVE_TABLET_REVIEW = "records:told"
"""Where staff land who took a tablet back; its argument is ``client_id``."""
ALCOVE_OWN_WORDS: list[str] = ["alcove.clinic.practice.queries.own_words"]
"""Functions ``() -> words``: the practice's own words, of which no password is made (identity)."""
ALCOVE_CARD = [
    "alcove.clinic.records.queries.card",
    "alcove.clinic.calendar.queries.card",
    "alcove.clinic.calendar.queries.waiting.card",
    "alcove.clinic.activities.queries.card",
    "alcove.clinic.messaging.queries.card",
    "alcove.portal.queries.card",
    "alcove.compliance.privacy.queries.pages.card",
]
ALCOVE_VISIT_LINKS = {"manage_link": "/book/visit/{token}/", "confirm_link": "/book/visit/{token}/confirm/"}
"""Pages of the area above that a client's links lead to, by the slot of messages (messaging)."""
ALCOVE_PORTAL = "portal"
"""The name space of the patients' own pages: its ``sign_in`` is their door, ``home`` where they begin (identity)."""
ALCOVE_BOOKING = "book"
"""The name space of the booking pages, which answer strangers and patients alike (identity)."""
ALCOVE_DEPOSIT = ""
"""Who asks for deposits of online bookings (``calendar.actions.deposits``); none while nobody takes payments."""

ALCOVE_NOT_BACKED_UP = ["clients.Export"]
"""Models whose sealed files pass: what an export holds would outlive the erasure of a client in it (backups)."""

# Keyed values that are cut anew when the index key or their length changes (alcove.security.access.keys).
ALCOVE_KEYED_VALUES = ["alcove.clinic.clients.actions.recut_contacts"]
ALCOVE_KEYED_VALUES_BEHIND = ["alcove.clinic.clients.queries.contacts.behind"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_values": {"()": "alcove.project.logs.NoValues"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_values"]}},
    "root": {"handlers": ["stderr"], "level": "DEBUG" if ALCOVE.debug_log else "WARNING"},
    "loggers": {
        "alcove": {"level": "DEBUG" if ALCOVE.debug_log else "INFO"},
        # SQL parameters would be client values: sealed ones, but also session digests. Never logged at any level.
        "django.db.backends": {"level": "CRITICAL", "propagate": False},
        "django.request": {"level": "CRITICAL", "propagate": False},
    },
}
