"""E-mail by SMTP, always under TLS with a certificate that is checked."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, localtime
from typing import Any

from alcove.operations.mail.message import Leaving, Message, NotSent, nothing

TIMEOUT_SECONDS = 10.0
_ONE_ADDRESS = re.compile(r"[^\s,;<>\x00-\x1f\x7f]+@[^\s,;<>@\x00-\x1f\x7f]+")
_REFUSED_FOR_GOOD = range(500, 600)
_GO_AHEAD = 354
_NOT_OURS = frozenset({530, 534, 535, 538})
"""Answers about our own sign-in: the operator mends that, so the message waits."""
_ABOUT_US = re.compile(rb"\s*5\.7\.")
"""Enhanced codes of policy (RFC 3463): the server minds who we are, not whom we write to."""


class _Careful:
    """Sends a letter whole but for its last line, says so, and then the line that makes the server take it.

    So whoever keeps a note of that moment knows of every letter whether it can have left. Mixed into smtplib's clients.
    """

    leaving: Leaving = staticmethod(nothing)
    has_left = is_in_text = False

    def data(self: Any, msg: Any) -> tuple[int, bytes]:
        self.putcmd("data")
        code, answer = self.getreply()
        if code != _GO_AHEAD:
            raise smtplib.SMTPDataError(code, answer)
        # A line that begins with a dot gets a second one (RFC 5321 4.5.2).
        text = re.sub(rb"(?m)^\.", b"..", re.sub(rb"\r\n|\n|\r(?!\n)", b"\r\n", _bytes(msg)))
        self.is_in_text = True
        self.send(text if text.endswith(b"\r\n") else text + b"\r\n")
        self.leaving()
        self.has_left, self.is_in_text = True, False
        self.send(b".\r\n")
        code, answer = self.getreply()
        self.has_left = False
        return code, answer


class _Plain(_Careful, smtplib.SMTP):
    """From plain to TLS by STARTTLS."""


class _Secure(_Careful, smtplib.SMTP_SSL):
    """TLS from the first byte."""


def _bytes(text: str | bytes) -> bytes:
    return text.encode("ascii") if isinstance(text, str) else text


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server. ``is_implicit``: TLS from the first byte (smtps); else STARTTLS, without which nothing is sent.

    ``ca_file``: certificates to trust beside the system's own, for a mail server of one's own.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    is_implicit: bool = False
    ca_file: str | None = None
    repeats: bool = True

    def send(self, message: Message, leaving: Leaving = nothing) -> str:
        """Send one e-mail; its Message-ID is its own, so a copy sent after a lost answer shows as the same one."""
        try:
            letter = self._letter(message)
        except (ValueError, UnicodeError):
            raise NotSent("malformed", is_final=True) from None
        server: Any = None
        try:
            server = self._connected()
            server.leaving = leaving
            try:
                server.send_message(letter, self.sender, [message.to])
            finally:
                # It was taken or it was not: a farewell that fails changes nothing. In the middle of a text the
                # farewell would be a line of it: there the line is cut, and the server takes nothing.
                with suppress(smtplib.SMTPException, OSError):
                    server.close() if server.is_in_text else server.quit()
        except (smtplib.SMTPException, OSError) as error:
            raise _fault(error, has_left=server is not None and server.has_left) from None
        return ""

    def fate(self, reference: str) -> str:  # noqa: ARG002 - the protocol's
        """Nobody says what became of a letter that was taken."""
        return ""

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        name = self.sender.rpartition("@")[2]
        if self.is_implicit:
            server: smtplib.SMTP = _Secure(
                self.host, self.port, local_hostname=name, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = _Plain(self.host, self.port, local_hostname=name, timeout=TIMEOUT_SECONDS)
        try:
            if not self.is_implicit:
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _letter(self, message: Message) -> EmailMessage:
        if not _ONE_ADDRESS.fullmatch(message.to):
            raise ValueError("this is not one address")
        letter = EmailMessage(policy=WIRE)
        letter["From"] = self.sender
        letter["To"] = message.to
        letter["Subject"] = message.subject
        letter["Date"] = format_datetime(localtime())
        letter["Message-ID"] = f"<{message.id.hex}@{self.sender.rpartition('@')[2]}>"
        # Nobody's out-of-office note answers this, and no list software takes it for one of its own.
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.text)
        return letter


def _fault(error: Exception, *, has_left: bool) -> NotSent:
    """Return what went wrong as a code word, and what follows from it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        final = {code for code, _ in error.recipients.values()} <= set(_REFUSED_FOR_GOOD)
        bounced = final and not any(_ABOUT_US.match(_bytes(text)) for _, text in error.recipients.values())
        return NotSent("recipient refused", is_final=final, is_bounce=bounced)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return NotSent("no TLS")
    if isinstance(error, smtplib.SMTPResponseException):
        final = error.smtp_code in _REFUSED_FOR_GOOD and error.smtp_code not in _NOT_OURS
        about_us = isinstance(error, smtplib.SMTPSenderRefused) or _ABOUT_US.match(_bytes(error.smtp_error))
        bounced = final and isinstance(error, smtplib.SMTPDataError) and not about_us
        return NotSent(f"SMTP {error.smtp_code}", is_final=final, is_bounce=bounced)
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotSent("certificate")
    return NotSent("no answer" if has_left else type(error).__name__, may_have_left=has_left)
