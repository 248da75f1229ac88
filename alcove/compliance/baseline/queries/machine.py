"""Weaknesses of the machine and the installation: headers as they are sent, certificate, ports, settings, files."""

from __future__ import annotations

import http.client
import ipaddress
import os
import ssl
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.urls import reverse

from alcove.compliance.baseline.queries.kinds import Silent, Weak
from alcove.config import Config
from alcove.operations.releases import queries as releases
from alcove.security import policy_defaults as policy
from alcove.security.vault import certificate

HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (
        "default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'",
        "require-trusted-types-for 'script'",
    ),
    "Strict-Transport-Security": ("max-age=63072000",),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("DENY",),
    "Referrer-Policy": ("same-origin",),
    "Cross-Origin-Opener-Policy": ("same-origin",),
    "Cross-Origin-Resource-Policy": ("same-origin",),
    "Permissions-Policy": ("microphone=()", "geolocation=()"),
    "Cache-Control": ("no-store",),
}  # fmt: skip
"""What every page has to be sent with, written down a second time: a change of what is sent shows here."""
_FORBIDDEN: Final = ("unsafe-inline", "unsafe-eval")
_LISTENS: Final = "0A"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def headers() -> Iterator[Weak]:
    """Yield what the sign-in page is sent without. Raises ``Silent`` if no server answers: health tells that."""
    sent = served(settings.ALCOVE)
    if sent is None:
        raise Silent
    return missing(sent)


def missing(sent: Mapping[str, str]) -> Iterator[Weak]:
    """Yield headers that are absent or weaker than the baseline."""
    held = {name.lower(): value for name, value in sent.items()}
    for name, words in HEADERS.items():
        value = held.get(name.lower(), "")
        lacks = [word for word in words if word not in f"{value};"]
        if not value:
            yield Weak("headers", name, f"{name} is not sent.")
        elif lacks or any(word in value for word in _FORBIDDEN):
            yield Weak("headers", name, f"{name} is weaker than it should be.")


def served(config: Config) -> dict[str, str] | None:
    """Return the headers the sign-in page is really sent with, None if no server answers."""
    host, _, port = config.bind.rpartition(":")
    # Our own server on this machine, under whatever name its certificate has; nothing secret is sent or read.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    name = "127.0.0.1" if host in {"", "0.0.0.0"} else host.strip("[]")  # noqa: S104 - where it is bound, not to bind
    ways: list[http.client.HTTPConnection] = [
        http.client.HTTPSConnection(name, int(port), timeout=5, context=trusting),
        http.client.HTTPConnection(name, int(port), timeout=5),
    ]
    for way in ways:
        with suppress(OSError, http.client.HTTPException):
            return _asked(way, config.hosts[0])
    return None


def _asked(way: http.client.HTTPConnection, host: str) -> dict[str, str]:
    try:
        way.request("GET", reverse("identity:sign_in"), headers={"Host": host, "X-Forwarded-Proto": "https"})
        return dict(way.getresponse().getheaders())
    finally:
        way.close()


def certificates() -> Iterator[Weak]:
    """Yield a certificate that ends soon; behind a proxy it is the proxy's."""
    ends_at = None if settings.ALCOVE.trusted_proxy else certificate.expires_at(settings.ALCOVE)
    days = (ends_at - datetime.now(UTC)).days if ends_at else policy.CERTIFICATE_DAYS
    if days <= policy.CERTIFICATE_LOW_DAYS:
        yield Weak("certificate", "", f"It is good for {days} days.")


def components() -> Iterator[Weak]:
    """Yield critical and high weaknesses of what is installed that were published longer ago than one may wait."""
    for one in releases.overdue():
        what = f"{one.installed.name} {one.installed.version}: {one.known.severity}, published {one.known.on:%d %B %Y}."
        yield Weak("components", f"{one.known.id} {one.installed.name}"[:120], what)


def news() -> Iterator[Weak]:
    """Yield news that was refused or is too old."""
    row = releases.news()
    if row.fault:
        yield Weak("news", "refused", row.fault)
    if releases.is_stale(row):
        yield Weak("news", "stale", f"The newest news is of {row.made_at:%d %B %Y}.")


def ports() -> Iterator[Weak]:
    """Yield ports this account listens on towards the network beyond the web server's own."""
    own = int(settings.ALCOVE.bind.rpartition(":")[2])
    for port in sorted(listening(os.getuid()) - {own}):
        yield Weak("ports", str(port), f"Port {port} is open to the network.")


def listening(account: int, proc: Path = Path("/proc/net")) -> set[int]:
    """Return the TCP ports an account listens on beyond this machine; none for root, to whom all others belong too."""
    found: set[int] = set()
    for name in ("tcp", "tcp6") if account else ():
        with suppress(OSError):
            for line in (proc / name).read_text("ascii").splitlines()[1:]:
                words = line.split()
                address, _, port = words[1].partition(":")
                if words[3] == _LISTENS and words[7] == str(account) and not _is_loopback(address):
                    found.add(int(port, 16))
    return found


def _is_loopback(text: str) -> bool:
    """Whether an address as /proc writes it (each four bytes turned round) is this machine's own."""
    raw = bytes.fromhex(text)
    turned = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    address = ipaddress.ip_address(turned)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


_SAFE: Final = {
    "DEBUG": (False, "Faults show their insides to whoever meets them"),
    "CSRF_COOKIE_SECURE": (True, "A cookie may travel without TLS"),
    "CSRF_COOKIE_HTTPONLY": (True, "Scripts may read a cookie"),
    "WHITENOISE_ALLOW_ALL_ORIGINS": (False, "Other sites may read our files"),
}
_MIDDLEWARE: Final = (
    "alcove.security.identity.middleware.Identity",
    "django.middleware.csrf.CsrfViewMiddleware",
)


def switches() -> Iterator[Weak]:
    """Yield settings that weaken what protects people."""
    for name, (safe, what) in _SAFE.items():
        if getattr(settings, name, None) is not safe:
            yield Weak("settings", name, f"{name}: {what}.")
    for name in _MIDDLEWARE:
        if name not in settings.MIDDLEWARE:
            yield Weak("settings", name, f"{name} is missing: requests pass a check less.")
    if "*" in settings.ALLOWED_HOSTS:
        yield Weak("settings", "ALCOVE_HOSTS", "ALCOVE_HOSTS: the server answers to every name.")
    if settings.ALCOVE.debug_log:
        yield Weak("settings", "ALCOVE_DEBUG_LOG", "ALCOVE_DEBUG_LOG: the log tells more than it needs to.")


def files() -> Iterator[Weak]:
    """Yield folders and key files that other accounts of this machine may enter or read."""
    config: Config = settings.ALCOVE
    secret = [config.root_keys, config.web_secret_file, config.pkcs11_pin_file, config.email_password_file]
    secret += [config.sms_secret_file, config.oidc_secret_file, config.metrics_token_file]
    secret += [config.files_bucket.credentials] if config.files_bucket else []
    inside = [one for folder in (config.keys, config.tls) if folder.is_dir() for one in folder.iterdir()]
    secret += [
        one
        for one in inside
        if one.is_file() and one.suffix not in {".crt", ".cer"} and "cert" not in one.name
    ]
    for path in sorted({config.home, config.keys, *(one for one in secret if one is not None)}):
        with suppress(OSError):
            if path.stat().st_mode & _OTHERS:
                yield Weak("files", str(path)[-120:], f"{path} is open to other accounts of this machine.")
