"""Which road a message takes in this installation, and which other one when that is blocked."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from alcove.config import Config
from alcove.operations.mail.message import Leaving, Message, NotSent, Transport, nothing
from alcove.operations.mail.sms import HttpGateway, Twilio
from alcove.operations.mail.smtp import Smtp

log = logging.getLogger("alcove.mail")
_SUBMISSION, _SUBMISSIONS = 587, 465


@dataclass(frozen=True, slots=True)
class OnlyLogged:
    """``log://``: says that a message of some kind was due; not to whom, and nothing of what it said."""

    repeats: bool = True

    def send(self, message: Message, leaving: Leaving = nothing) -> str:
        leaving()
        log.info("a message of the kind %s was due", message.kind)
        return ""

    def fate(self, reference: str) -> str:  # noqa: ARG002 - the protocol's
        return ""


REST_SECONDS = 60.0
"""A provider that failed is passed over for so long, so that nothing waits for its silence again and again."""
_failed_at: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Either:
    """Two providers: the second sends what the first cannot, for reasons that lie with the first and not the message.

    Never by the second what may have left by the first. ``name``: under which the first's rest is remembered.
    """

    first: Transport
    second: Transport
    name: str

    @property
    def repeats(self) -> bool:
        return self.first.repeats and self.second.repeats

    def send(self, message: Message, leaving: Leaving = nothing) -> str:
        """Send it by whichever can; raise ``NotSent``. A reference says by its first sign whose it is."""
        if time.monotonic() - _failed_at.get(self.name, -REST_SECONDS) >= REST_SECONDS:
            try:
                return _marked("1", self.first.send(message, leaving))
            except NotSent as fault:
                if fault.may_have_left or fault.is_bounce or fault.fault == "malformed":
                    raise
                _failed_at[self.name] = time.monotonic()
                log.warning("the first provider for %s failed: %s", self.name, fault.fault)
        return _marked("2", self.second.send(message, leaving))

    def fate(self, reference: str) -> str:
        return {"1": self.first, "2": self.second}[reference[0]].fate(reference[1:])


def _marked(mark: str, reference: str) -> str:
    return mark + reference if reference else ""


def road(channel: str, config: Config, *, is_demo: bool) -> Transport | None:
    """Return the transport of ``email`` or ``sms``; None if this installation sends none.

    A demo sends nothing to anyone: its people are invented, but their numbers may be somebody's.
    """
    if is_demo:
        return OnlyLogged()
    make = _email if channel == "email" else _sms
    first, second = make(config, 0), make(config, 1)
    if first is None or second is None:
        return first or second
    return Either(first, second, channel)


def _email(config: Config, place: int) -> Transport | None:
    url = urlsplit((config.email_url, config.second_email_url)[place])
    secret = (config.email_password_file, config.second_email_password_file)[place]
    if url.scheme in {"", "log"}:
        return OnlyLogged() if url.scheme else None
    is_implicit = url.scheme == "smtps"
    return Smtp(
        host=url.hostname or "",
        port=url.port or (_SUBMISSIONS if is_implicit else _SUBMISSION),
        sender=_query(url, "from"),
        user=unquote(url.username or ""),
        password=_secret(url, secret),
        is_implicit=is_implicit,
        ca_file=_query(url, "ca") or None,
    )


def _sms(config: Config, place: int) -> Transport | None:
    url = urlsplit((config.sms_url, config.second_sms_url)[place])
    if url.scheme in {"", "log"}:
        return OnlyLogged() if url.scheme else None
    file = (config.sms_secret_file, config.second_sms_secret_file)[place]
    user, secret = unquote(url.username or ""), _secret(url, file)
    if url.scheme == "twilio":
        return Twilio(account=user, token=secret, sender=_query(url, "from"))
    page = url._replace(netloc=url.netloc.rpartition("@")[2], query="").geturl()
    return HttpGateway(
        page, user=user, secret=secret, sender=_query(url, "from"), ca_file=_query(url, "ca") or None
    )


def _query(url: SplitResult, name: str) -> str:
    # A number in a URL is written with its plus, which a form would read as a space.
    return parse_qs(url.query.replace("+", "%2B")).get(name, [""])[0]


def _secret(url: SplitResult, file: Path | None) -> str:
    return file.read_text("utf-8").strip() if file else unquote(url.password or "")
