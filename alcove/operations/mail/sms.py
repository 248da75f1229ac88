"""SMS by HTTP: Twilio's Messages resource, or a plain POST to a gateway of the practice's own."""

from __future__ import annotations

import http.client
import json
import ssl
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from alcove.operations.mail.message import Leaving, Message, NotSent, nothing

TIMEOUT_SECONDS = 10.0
TWILIO = "https://api.twilio.com"
_LONGEST_QUEUE = 14_400
"""Seconds: the most Twilio's ValidityPeriod takes."""
_REFUSED_FOR_GOOD = frozenset({400, 404, 410, 422})
"""About this message. Other answers are about us (401), our credit (402), our haste (429) or them (5xx): it waits."""
_ADDRESS_REFUSED = frozenset({400, 422})
_FATES: Final = {"delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed"}
"""Twilio's words for where a message ended; others are on the way."""
_MOST_BYTES = 100_000
_LONGEST_SID = 40


@dataclass(frozen=True, slots=True)
class Twilio:
    """Twilio's API of 2010-04-01. ``sender``: a number in E.164, or MG… for a messaging service."""

    account: str
    token: str = field(repr=False)
    sender: str
    base: str = TWILIO
    ca_file: str | None = None
    repeats: bool = False

    def send(self, message: Message, leaving: Leaving = nothing) -> str:
        """Send one SMS; return Twilio's id of it; raise ``NotSent``.

        Twilio drops it itself once it is worth nothing any more.
        """
        by = "MessagingServiceSid" if self.sender.startswith("MG") else "From"
        fields = {
            "To": message.to,
            by: self.sender,
            "Body": message.text,
            "ValidityPeriod": str(max(6, min(message.life, _LONGEST_QUEUE))),
        }
        answer = _ask("POST", f"{self._place}/Messages.json", fields, self._who, self.ca_file, leaving)
        sid = str(_said(answer).get("sid", ""))
        return sid if sid.isalnum() and len(sid) <= _LONGEST_SID else ""

    def fate(self, reference: str) -> str:
        """Return what became of a message; raise ``NotSent`` where Twilio does not say."""
        answer = _ask("GET", f"{self._place}/Messages/{reference}.json", {}, self._who, self.ca_file)
        return _FATES.get(str(_said(answer).get("status", "")), "")

    @property
    def _place(self) -> str:
        return f"{self.base}/2010-04-01/Accounts/{self.account}"

    @property
    def _who(self) -> tuple[str, str]:
        return self.account, self.token


@dataclass(frozen=True, slots=True)
class HttpGateway:
    """Any gateway that takes a form with ``to``, ``from``, ``text`` and ``id``, the message's own."""

    url: str
    user: str = ""
    secret: str = field(default="", repr=False)
    sender: str = ""
    ca_file: str | None = None
    repeats: bool = False

    def send(self, message: Message, leaving: Leaving = nothing) -> str:
        """Send one SMS; raise ``NotSent``."""
        fields = {"to": message.to, "from": self.sender, "text": message.text, "id": message.id.hex}
        _ask("POST", self.url, fields, (self.user, self.secret), self.ca_file, leaving)
        return ""

    def fate(self, reference: str) -> str:  # noqa: ARG002 - the protocol's
        """A gateway of one's own says nothing afterwards."""
        return ""


def _said(answer: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(answer)
        return found if isinstance(found, dict) else {}
    return {}


def _ask(
    method: str,
    url: str,
    fields: dict[str, str],
    who: tuple[str, str],
    ca_file: str | None,
    leaving: Leaving = nothing,
) -> bytes:
    """Send a form and return the answer; raise ``NotSent``.

    Redirects are not followed: they would carry the text somewhere else.
    """
    parts = urlsplit(url)
    user, secret = who
    connection = _connection(parts.scheme, parts.hostname or "", parts.port, ca_file)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if user:
        headers["Authorization"] = "Basic " + b64encode(f"{user}:{secret}".encode()).decode()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        try:
            connection.connect()
        except ssl.SSLCertVerificationError:
            raise NotSent("certificate") from None
        except OSError as error:
            raise NotSent(type(error).__name__) from None
        leaving()
        try:
            connection.request(method, path, urlencode(fields) or None, headers)
            response = connection.getresponse()
            status = response.status
        except (OSError, http.client.HTTPException):
            # It may have been taken before the answer was lost: whoever waits for a code can ask for another.
            raise NotSent("no answer", is_final=True, may_have_left=True) from None
        answer = b""
        with suppress(OSError, http.client.HTTPException):
            answer = response.read(_MOST_BYTES)
    finally:
        connection.close()
    if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
        final, bounced = status in _REFUSED_FOR_GOOD, status in _ADDRESS_REFUSED
        raise NotSent(f"HTTP {status}", is_final=final, is_bounce=bounced)
    return answer


def _connection(scheme: str, host: str, port: int | None, ca_file: str | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
