"""A server is web processes and a worker; neither goes on alone."""

from __future__ import annotations

import sys
import threading

import pytest
from django.conf import settings

from alcove.console import Console
from alcove.project.commands import serve
from alcove.security.jobs import worker

WEB = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def quiet(monkeypatch, practice):
    """Serve without a gathered folder, and without hardening the process that runs the tests."""
    monkeypatch.setattr(serve, "_is_fit", lambda console: True)
    monkeypatch.setattr(serve, "statics", lambda config: None)
    monkeypatch.setattr(serve.start, "harden", lambda: None)
    monkeypatch.setattr(serve.turns, "note_version", lambda config, version: None)
    monkeypatch.setattr(serve.turns, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(serve.database, "leave", lambda: None)


@pytest.mark.usefixtures("quiet")
def test_a_server_whose_worker_is_gone_ends_and_says_so(monkeypatch):
    monkeypatch.setattr(worker, "run", lambda *given: None)
    assert serve._work(settings.ALCOVE, WEB, "127.0.0.1:1", threading.Event(), Console(as_json=False)) == 1


@pytest.mark.usefixtures("quiet")
def test_a_server_that_is_told_to_stop_ends_in_peace(monkeypatch):
    stop = threading.Event()

    def working(tasks, schedule, rest, around):
        stop.set()
        rest.wait()

    monkeypatch.setattr(worker, "run", working)
    assert serve._work(settings.ALCOVE, WEB, "127.0.0.1:1", stop, Console(as_json=False)) == 0
