"""What tests of need-to-know share: limiting a client, choosing rules, moving time, comparing pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.models import Client
from alcove.security.access import rules
from alcove.security.access.models import Setting
from alcove.security.access.opening import open_client
from alcove.security.access.rules import RULES
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.identity.actions.rules import choose
from alcove.security.vault.keyring import keyring

PHONE, EMAIL = "+14155550123", "cat@example.org"
_CODES = re.compile(rb'[0-9a-f]{10}|name="csrf[^>]*>|name="row"[^>]*>|value="[\w:=-]{40,}"|\d\d:\d\d')


def at(name: str, **kwargs: Any) -> str:
    return reverse(f"clients:{name}", kwargs=kwargs)


def limit(practice: Any, client: Client, role: str = "prescriber") -> None:
    """Limit a client to a team of one, the person of this role."""
    actor = practice.actor(role)
    with keyring():
        open_client(actor, client.id)
        actions.limit_client(actor, client)


def ask_for_a_reason(practice: Any, value: int = 1) -> None:
    """Have the owner choose that records open only with a reason of care."""
    choose(practice.actor("owner"), RULES["care.reason"], value)


@contextmanager
def later(monkeypatch: Any, **span: float) -> Iterator[None]:
    """Let so much time pass for whatever asks what time it is."""
    now = clock.now
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: now() + timedelta(**span))
        yield


def bare(answer: Any) -> bytes:
    """Return a page without its codes, tokens and clocks."""
    content = b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)
    return _CODES.sub(b"", content)


def forget_rules() -> None:
    """Put every rule back to its default, in the table and in memory."""
    with writing("tests of rules"):
        Setting.objects.all().delete()
    rules.forget()
