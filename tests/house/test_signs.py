"""Signs that no text has: lone surrogates, NUL, odd encodings, in every field of every form and in every address.

Whoever sends them gets a sentence and keeps what was typed; nothing fails. Every form that the owner's pages show is sent
with them, and every route that takes a POST gets them in every field any form has.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote_from_bytes, urljoin, urlsplit

import pytest
from django.test import Client as Browser
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from django.urls import reverse

from alcove.security import policy_defaults as policy
from alcove.security.access.writes import writing
from alcove.security.jobs import queue
from tests.house.test_walk import Door, ask, doors

URLENCODED = "application/x-www-form-urlencoded"
SIGNS = {
    "NUL": ("utf-8", b"a\x00b"),
    "bytes that are no text": ("utf-8", b"a\xed\xa0\x80\xff b"),
    "surrogates by another encoding": ("utf-7", b"a+2AA-b"),
}
"""What is sent, and by which encoding it says it is."""
ASKED = (
    "page", "q", "done", "show", "kind", "person", "client", "area", "event", "result", "since", "until",
)  # fmt: skip
"""What pages read from their address."""
KEPT = ("hidden", "checkbox", "radio", "submit", "file")


Fields = dict[str, list[tuple[str, str, str]]]
"""Where forms go, and their fields as (name, value, kind)."""


@dataclass
class Sent:
    """A form as a page shows it: where it goes, and its fields as (name, value, kind)."""

    action: str
    fields: list[tuple[str, str, str]]


class Forms(HTMLParser):
    """The forms of a page that post."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[Sent] = []
        self._open: Sent | None = None
        self.feed(source)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._open = (
                Sent(held.get("action", ""), []) if held.get("method", "").lower() == "post" else None
            )
        elif self._open is None or "name" not in held or held["name"] == "csrfmiddlewaretoken":
            return
        elif tag in {"input", "textarea", "select", "button"}:
            kind = {"input": held.get("type", "text")}.get(tag, tag)
            self._open.fields.append((held["name"], held.get("value", ""), kind))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open:
            self.found.append(self._open)
            self._open = None


def bodies(fields: list[tuple[str, bytes]], charset: str) -> dict[str, bytes]:
    """Return the same fields in both encodings that forms have, by content type."""
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (BOUNDARY.encode(), name.encode(), value)
        for name, value in fields
    ]
    plain = "&".join(f"{name}={quote_from_bytes(value)}" for name, value in fields)
    return {
        f"{URLENCODED}; charset={charset}": plain.encode(),
        f"{MULTIPART_CONTENT}; charset={charset}": b"".join(parts) + b"--%s--\r\n" % BOUNDARY.encode(),
    }


def shown(browser: Browser, found: list[Door]) -> Fields:
    """Return the fields of every form on every page, by where it goes."""
    forms: Fields = {}
    for door in found:
        if "GET" in door.methods():
            answer = ask(browser, "GET", door.url())
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                for form in Forms(answer.content.decode()).found:
                    where = urlsplit(urljoin(door.url(), form.action)).path
                    forms.setdefault(where, []).extend(form.fields)
    return forms


def tries(found: list[Door], forms: Fields, strange: bytes) -> list[tuple[str, list[tuple[str, bytes]]]]:
    """Return what to send where: every form with its texts replaced, and every field of any form to every route."""
    sent = [
        (where, [(name, value.encode() if kind in KEPT else strange) for name, value, kind in fields])
        for where, fields in forms.items()
    ]
    names = sorted({name for fields in forms.values() for name, _, _ in fields})
    return sent + [
        (door.url(), [(name, strange) for name in names]) for door in found if "POST" in door.methods()
    ]


def strange_answers(practice: Any, charset: str, strange: bytes, only: str = "") -> list[str]:
    """Return requests with these bytes that are answered other than by a page with a sentence."""
    found, faults = doors(practice, only), []
    owner, stranger = practice.signed_in("owner").cookies, SimpleCookie()

    def browser(cookies: SimpleCookie) -> Browser:
        # A new one each time: the answer to a sign-out takes its cookies away.
        made = Browser(headers={"host": "localhost"}, raise_request_exception=False)
        made.cookies = deepcopy(cookies)
        return made

    def look(cookies: SimpleCookie, method: str, url: str, kind: str, data: bytes = b"") -> None:
        status = ask(browser(cookies), method, url, data=data, CONTENT_TYPE=kind).status_code
        if status >= 500 or (charset != "utf-8" and status != 400):
            faults.append(f"{method} {url.partition('?')[0]}: {status}")

    forms = shown(browser(stranger), found) | shown(browser(owner), found)
    for url, fields in tries(found, forms, strange):
        for kind, body in bodies(fields, charset).items():
            look(owner, "POST", url, kind, body)
            look(stranger, "POST", url, kind, body)
    query = "&".join(f"{name}={quote_from_bytes(strange)}" for name in ASKED)
    for door in found:
        if "GET" in door.methods():
            look(owner, "GET", f"{door.url()}?{query}", f"text/plain; charset={charset}")
    return faults


@pytest.mark.parametrize("signs", SIGNS)
def test_no_route_fails_on(monkeypatch, practice, signs):
    # Readiness asks for a worker that was heard of lately, and the walk is long.
    monkeypatch.setattr(policy, "WORKER_SILENT", timedelta(hours=1))
    with writing("readiness asks for a worker"):
        queue.beat("worker")
    faults = strange_answers(practice, *SIGNS[signs])
    assert not faults, "\n".join(faults)


def test_the_walk_sees_a_door_that_decodes_by_any_encoding(practice, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("Utf8Only")]
    faults = strange_answers(practice, *SIGNS["surrogates by another encoding"], only="/sign-in/")
    assert "POST /sign-in/: 500" in faults


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("clients:new", {"given": "A%00b", "family": "Kept as typed"}),
        ("clients:alert_new", {"kind": "safety", "severity": "warning", "text": "x%00y", "desk_text": "Kept as typed"}),
        ("clients:person_new", {"role": "gp", "name": "N%00o", "note": "Kept as typed"}),
        ("identity:new_person", {"name": "Kept as typed", "email": "a%00@example.org"}),
    ],
)  # fmt: skip
def test_nul_in_a_field_is_named_beside_it_and_nothing_typed_is_lost(practice, client_card, name, typed):
    url = reverse(name, kwargs={"client_id": client_card.id} if "_new" in name else {})
    body = "&".join(f"{field}={text}" for field, text in typed.items())
    answer = ask(practice.signed_in("owner"), "POST", url, data=body, content_type=URLENCODED)
    assert answer.status_code == 422
    assert "Null characters are not allowed." in answer.content.decode()
    assert "Kept as typed" in answer.content.decode()


def test_a_search_for_strange_signs_is_answered(practice, client_card):
    url, browser = reverse("clients:search"), practice.signed_in("front_desk")
    for strange in ("q=Cath%00", "q=%00", "q=Cath%ED%A0%80"):
        assert ask(browser, "POST", url, data=strange, content_type=URLENCODED).status_code == 200


def test_another_encoding_is_refused_in_words_and_utf8_by_any_name_is_not(practice):
    owner = practice.signed_in("owner")
    for name in ("utf-16", "latin-1", "unicode_escape", "rot13", "zip"):
        kind = f"{MULTIPART_CONTENT}; charset={name}"
        refused = ask(owner, "POST", "/clients/new/", data=b"--", content_type=kind)
        assert refused.status_code == 400
        assert "an encoding other than UTF-8" in refused.content.decode()
    for name in ("utf-8", "UTF8", "no-such-thing"):
        fine = ask(owner, "GET", "/clients/new/", CONTENT_TYPE=f"text/plain; charset={name}")
        assert fine.status_code == 200
