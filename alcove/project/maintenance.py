"""The page of maintenance: what ``alcove serve`` shows, on its own address, while an upgrade has the practice.

It needs neither keys nor database: a fixed text, 503 with ``Retry-After``, and a 200 for whoever asks only whether the
process lives. Nothing that was sent is kept, and the page says so.
"""

from __future__ import annotations

import socket
import ssl
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from alcove.config import Config
from alcove.project import turns
from alcove.security.vault import certificate

RETRY_SECONDS = 30
PATIENCE = 10
"""Seconds a browser may take for its words."""
_PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Back in a moment</title>
<h1>Back in a moment</h1>
<p>Alcove is being upgraded. Nothing is lost; what you sent just now was not saved, and your browser still has it: go
back, wait some minutes, and send it again.</p>
</html>
"""


class _Page(BaseHTTPRequestHandler):
    """Answers every request alike, but for the one question whether the process lives."""

    protocol_version = "HTTP/1.0"
    timeout = PATIENCE

    def _answer(self) -> None:
        is_alive = self.path == "/health/live"
        body = b"alive\n" if is_alive else _PAGE
        self.send_response(HTTPStatus.OK if is_alive else HTTPStatus.SERVICE_UNAVAILABLE)
        self.send_header("Content-Type", "text/plain" if is_alive else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        self.send_header("X-Content-Type-Options", "nosniff")
        if not is_alive:
            self.send_header("Retry-After", str(RETRY_SECONDS))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    # The base class looks for its verbs by these names.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - as above

    def version_string(self) -> str:
        return "alcove"

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base's name
        """Write nothing: an address may name a client."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[Any, Any]:
        held, address = super().get_request()
        if self.tls is not None:
            # Whoever connects and says nothing is waited for in a thread of their own.
            held.settimeout(PATIENCE)
            held = self.tls.wrap_socket(held, server_side=True, do_handshake_on_connect=False)
        return held, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write nothing: a browser that went away is no fault of ours."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def show(config: Config, bind: str, stop: threading.Event, *, is_http: bool) -> None:
    """Show the page until the upgrade has ended or ``stop`` is set."""
    host, _, port = bind.rpartition(":")
    kind = _Server6 if ":" in host else _Server
    with kind((host.strip("[]"), int(port)), _Page) as server:
        if not is_http:
            server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.tls.minimum_version = ssl.TLSVersion.TLSv1_2
            server.tls.load_cert_chain(*certificate.ensure(config))
        answering = threading.Thread(
            target=server.serve_forever, args=(turns.LOOK_SECONDS,), name="maintenance"
        )
        answering.start()
        try:
            while turns.is_maintained(config) and not stop.is_set():
                stop.wait(turns.LOOK_SECONDS)
        finally:
            server.shutdown()
            answering.join()
