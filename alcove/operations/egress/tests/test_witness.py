"""The witness hears names and addresses of calls, notes each once, tells nothing else, and never stands in the way."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest
from django.conf import settings

from alcove.operations.egress import witness
from alcove.project import start


@pytest.fixture
def folder(tmp_path):
    witness.watch(tmp_path / "egress")
    yield tmp_path / "egress"
    witness.watch(None)


def hosts(folder):
    return sorted(one.host for one in witness.called(folder))


def test_names_and_bare_addresses_are_noted_and_this_machine_is_not(folder):
    with suppress(OSError):
        socket.create_connection(("place.invalid", 443), timeout=0.01)
    bare = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bare.connect(("192.0.2.7", 53))
    bare.close()
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", 9), timeout=0.01)
    with suppress(OSError):
        socket.create_connection(("localhost", 9), timeout=0.01)
    assert hosts(folder) == ["192.0.2.7", "place.invalid"]


def test_an_address_is_told_by_the_name_it_was_looked_up_under(folder, monkeypatch):
    real = [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.8", 53))]
    asked = witness._remembering(lambda host, *given, **more: real)
    asked("named.invalid", 53)
    bare = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bare.connect(("192.0.2.8", 53))
    bare.close()
    assert hosts(folder) == ["named.invalid"]


def test_a_place_is_noted_once_an_hour(folder):
    for _ in range(3):
        with suppress(OSError):
            socket.getaddrinfo("again.invalid", 443)
        for one in witness.called(folder):
            one.file.unlink()
    assert hosts(folder) == []


def test_a_folder_that_cannot_be_written_hinders_no_call(tmp_path):
    (tmp_path / "file").write_text("in the way")
    witness.watch(tmp_path / "file" / "egress")
    try:
        with pytest.raises(socket.gaierror):
            socket.getaddrinfo("blocked.invalid", 443)
    finally:
        witness.watch(None)


def test_every_process_that_opens_keys_has_its_witness():
    try:
        start.keys()
        assert witness._seen.folder == settings.ALCOVE.egress
    finally:
        witness.watch(None)


def test_all_that_is_no_call_ends_at_its_first_word(monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(witness, "_seen", None)
        witness._told("open", ("x", "r", 0))
        with pytest.raises(AttributeError):
            witness._told("socket.connect", (None, ("192.0.2.1", 443)))
