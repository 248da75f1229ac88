"""What is sent when news are asked for, read byte by byte on a real server; and what a bad server gets."""

from __future__ import annotations

import http.server
import ssl
import threading
from dataclasses import replace

import pytest

from alcove.compliance.baseline.queries.places import configured
from alcove.config import ConfigError, load
from alcove.operations.releases import feed, fetching
from alcove.operations.releases.feed import NotNews
from alcove.operations.releases.tests import make
from alcove.security.vault import certificate

pytestmark = pytest.mark.source


class Server(http.server.ThreadingHTTPServer):
    """Keeps every byte of every request, and answers by path."""

    def __init__(self, context):
        super().__init__(("127.0.0.1", 0), Answer)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.heard, self.answers = [], {}

    def handle_error(self, request, client_address):
        """Whoever hangs up is what is tried."""


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.heard.append(self.raw_requestline + self.headers.as_bytes())
        status, body, *more = self.server.answers.get(self.path, (404, b""))
        self.send_response(status)
        for name, value in more:
            self.send_header(name, value)
        self.send_header("Set-Cookie", "who=you")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    cert, key = certificate.ensure(replace(load({}), home=tmp_path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    made = Server(context)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


PATH = "/alcove/news.json"


def address(server, path=PATH, host="127.0.0.1"):
    return f"https://{host}:{server.server_port}{path}"


def test_what_is_sent_is_the_question_and_nothing_about_who_asks(server):
    raw, signature = make.news()
    server.answers = {PATH: (200, raw), f"{PATH}.minisig": (200, signature.encode())}
    for _ in range(2):
        assert fetching.fetch(address(server)) == (raw, signature)
    rest = f"Host: 127.0.0.1:{server.server_port}\nAccept-Encoding: identity\nUser-Agent: Alcove\n\n"
    # The second time is as the first: the cookie that was offered is not brought back.
    assert [one.decode().replace("\r\n", "\n") for one in server.heard] == [
        f"GET {PATH} HTTP/1.1\n{rest}", f"GET {PATH}.minisig HTTP/1.1\n{rest}",
    ] * 2  # fmt: skip


def test_a_bad_server_gets_nothing_in(server, monkeypatch):
    raw, _ = make.news()
    elsewhere = ("Location", address(server))
    server.answers = {
        PATH: (200, raw), "/moved": (302, b"", elsewhere), "/huge": (200, b" " * (feed.MOST_BYTES + 1)),
    }  # fmt: skip
    for path, words in ((PATH, "answered 404"), ("/moved", "answered 302"), ("/huge", "larger than any")):
        with pytest.raises(NotNews, match=words):
            fetching.fetch(address(server, path))
    assert len(server.heard) == 4
    monkeypatch.setattr(fetching, "_ALTOGETHER", -1.0)
    with pytest.raises(NotNews, match="too slow"):
        fetching.fetch(address(server))


def test_a_certificate_that_does_not_hold_ends_it_before_anything_is_asked(server, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(NotNews, match="certificate does not hold"):
        fetching.fetch(address(server))
    assert server.heard == []


def test_nobody_there_is_a_sentence(server):
    server.server_close()
    with pytest.raises(NotNews, match=r"could not be asked for \(\w+\)"):
        fetching.fetch(f"https://127.0.0.1:1{PATH}")


def test_the_place_is_on_the_register_and_its_address_carries_nothing():
    config = load({"ALCOVE_NEWS_URL": "https://news.example.org/alcove/news.json"})
    [place] = configured(config)
    assert (place.host, place.setting) == ("news.example.org", "ALCOVE_NEWS_URL")
    for bad in (
        "http://x.org/n",
        "https://x.org/n?practice=1",
        "https://me@x.org/n",
        "https://x.org/n#1",
        "https://x.org",
        "https:///n",
    ):
        with pytest.raises(ConfigError, match="ALCOVE_NEWS_URL"):
            load({"ALCOVE_NEWS_URL": bad})
