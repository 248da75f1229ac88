"""The probe itself, as the program it is: against servers that answer, refuse, are slow, or are Alcove; and killed."""

from __future__ import annotations

import ast
import http.server
import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test.testcases import LiveServerThread
from pytest_django.live_server_helper import LiveServer

from alcove import probe as program
from alcove.compliance.uptime.tests.make import added, aged, kept
from alcove.project import health

FILE = Path(program.__file__)
PATIENCE = 120
"""Seconds a busy machine may take for what comes at once on an idle one."""
TOKEN = "t0ken-" + "x" * 37


def until(found, what="it"):
    """Wait until this says yes; return what it said."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if said := found():
            return said
        time.sleep(0.05)
    pytest.fail(f"{what} did not come")


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what it was told."""

    def do_GET(self):
        self.server.looks.append(self.path)
        self.send_response(self.server.ready)
        self.send_header("Location", "/elsewhere/")
        self.end_headers()

    def do_POST(self):
        said = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.reports.append((self.path, self.headers["Authorization"], json.loads(said)))
        if self.server.is_deaf:
            self.close_connection = True
            return
        self.send_response(self.server.taken)
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port=0):
        self.ready, self.taken, self.is_deaf, self.looks, self.reports = 200, 204, False, [], []
        super().__init__(("127.0.0.1", port), Answers)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def stretches(self):
        """Return every stretch it was told, by when it began, as it was told last."""
        return {one["from"]: one for _, _, report in list(self.reports) for one in report["stretches"]}


@pytest.fixture
def server():
    made = Server()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def start(tmp_path):
    """Start the probe with these words; whatever still runs at the end is killed."""
    running = []

    def begin(address, *words, token=TOKEN, state=tmp_path / "state.json"):
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALCOVE_", "PYTHON"))
        }
        made = subprocess.Popen(
            [sys.executable, "-I", FILE, "--server", address, "--every", "0.2", "--quick", "--state", state, *words],
            env=clean | {"ALCOVE_PROBE_TOKEN": token}, cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(made)
        return made

    yield begin
    for one in running:
        one.kill()
        one.communicate()


def at(server):
    return f"http://127.0.0.1:{server.port}"


def state_in(folder):
    try:
        return json.loads((folder / "state.json").read_text("utf-8"))["stretches"]
    except (FileNotFoundError, ValueError):
        return []


def whats(stretches):
    return [one["what"] for one in stretches]


# What it is -----------------------------------------------------------------------------------------------------------


def test_it_is_one_file_of_the_standard_library_that_an_old_python_reads():
    tree = ast.parse(FILE.read_text("utf-8"), feature_version=(3, 9))
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {one.partition(".")[0] for one in named} <= set(sys.stdlib_module_names) | {"__future__"}


@pytest.mark.parametrize(
    "words",
    [
        ["--server", "http://alcove.example"], ["--server", "ftp://alcove.example"], ["--server", "alcove.example"],
        ["--server", "https://alcove.example/deeper/"], ["--server", "https://a:b@alcove.example"],
        ["--server", "https://alcove.example:x"], ["--server", "https://alcove.example", "--every", "1"],
        ["--server", "https://alcove.example", "--every", "1000"], ["--server", "https://a", "--token", TOKEN], [],
    ],
)  # fmt: skip
def test_it_does_not_start_where_the_token_would_travel_in_the_clear_or_the_rhythm_is_none(words):
    done = subprocess.run(
        [sys.executable, "-I", FILE, *words], env={"ALCOVE_PROBE_TOKEN": TOKEN}, capture_output=True, text=True,
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "error:" in done.stderr


@pytest.mark.parametrize(
    "token", ["", "short", "two words of a token that is none", "line\nbreak-" + "x" * 30]
)
def test_a_token_that_is_none_is_not_quoted(token, tmp_path):
    file = tmp_path / "token"
    file.write_text(token, "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", FILE, "--server", "https://localhost", "--token-file", file],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no token" in done.stderr
    assert not token or token not in done.stderr


# What it sees ---------------------------------------------------------------------------------------------------------


def test_it_tells_what_it_saw_and_a_fault_when_it_is_over(server, start, tmp_path):
    probe = start(at(server))
    until(lambda: server.reports)
    server.ready = 503
    until(lambda: state_in(tmp_path)[-1:] and state_in(tmp_path)[-1]["what"] == "status")
    assert "status" not in whats(server.stretches().values()), "a server that does not work is told nothing"
    server.ready = 200
    found = until(lambda: whats(told := list(server.stretches().values())).count("status") and told)
    assert whats(sorted(found, key=lambda one: one["from"]))[:2] == ["reached", "status"]
    path, authorization, report = server.reports[0]
    assert (path, authorization, report["every"]) == ("/uptime/report/", f"Bearer {TOKEN}", 200)
    assert abs(report["now"] - time.time() * 1000) < PATIENCE * 1000
    assert set(server.looks) == {"/health/ready"}
    probe.send_signal(signal.SIGTERM)
    out, err = probe.communicate(timeout=PATIENCE)
    assert (probe.returncode, out) == (0, "")
    assert "not reached: status" in err
    assert TOKEN not in err


def test_a_redirect_is_an_answer_and_is_not_followed(server, start, tmp_path):
    server.ready = 302
    start(at(server))
    until(lambda: state_in(tmp_path) and state_in(tmp_path)[0]["tries"] > 1)
    assert whats(state_in(tmp_path)) == ["status"]
    assert set(server.looks) == {"/health/ready"}


def test_a_server_that_is_gone_is_told_of_when_it_is_back(start, tmp_path):
    first = Server()
    port = first.port
    start(f"http://127.0.0.1:{port}")
    until(lambda: first.reports)
    first.shutdown()
    first.server_close()
    until(lambda: state_in(tmp_path)[-1]["what"] == "refused")
    again = Server(port)
    found = until(lambda: "refused" in whats(again.stretches().values()) and again.stretches())
    refused = [one for one in found.values() if one["what"] == "refused"]
    assert refused[0]["until"] <= max(found)
    again.shutdown()
    again.server_close()


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("https://nowhere.invalid", "name"),
        ("https://127.0.0.1:{port}", "tls"),
        ("http://127.0.0.1:{other}", "status"),
    ],
)
def test_each_way_to_fail_has_its_word(server, start, tmp_path, address, word):
    class Babble(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(1000)
            self.request.sendall(b"no answer that anybody knows\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Babble) as other:
        threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()
        start(address.format(port=server.port, other=other.server_address[1]))
        until(lambda: state_in(tmp_path))
        other.shutdown()
    assert set(whats(state_in(tmp_path))) == {word}


def test_a_try_ends_when_its_time_is_over_whatever_hangs(monkeypatch):
    monkeypatch.setattr(program, "LIMIT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert program.Server(f"http://127.0.0.1:{port}", TOKEN).look() == "timeout"
    monkeypatch.setattr(program.socket, "getaddrinfo", lambda *_, **__: threading.Event().wait(PATIENCE))
    began = time.monotonic()
    assert program.Server("http://localhost", TOKEN).look() == "timeout", "a resolver knows no time limit"
    assert time.monotonic() - began < PATIENCE / 4


# What it keeps --------------------------------------------------------------------------------------------------------


def test_killed_it_loses_one_try_at_most_and_goes_on_where_it_was(server, start, tmp_path):
    server.ready = 503
    probe = start(at(server))
    for round_ in range(1, 4):
        seen = len(server.looks)
        until(lambda seen=seen: len(server.looks) >= seen + 4)
        probe.send_signal(signal.SIGKILL)
        probe.communicate()
        tries = sum(one["tries"] for one in state_in(tmp_path))
        assert len(server.looks) - round_ <= tries <= len(server.looks)
        probe = start(at(server))
    server.ready = 200
    until(lambda: "status" in whats(server.stretches().values()))
    told = sum(one["tries"] for one in server.stretches().values() if one["what"] == "status")
    assert told >= len(server.looks) - 4 - sum(
        one["tries"] for one in server.stretches().values() if one["what"] == "reached"
    ) - 2  # fmt: skip


def test_an_answer_that_was_lost_is_asked_for_again_and_what_was_taken_is_forgotten(server, start, tmp_path):
    server.ready, server.is_deaf = 503, True
    start(at(server))
    until(lambda: state_in(tmp_path))
    server.ready = 200
    until(lambda: len(server.reports) >= 3)
    told = [whats(report["stretches"]) for _, _, report in list(server.reports)]
    assert all("status" in one for one in told[:3])
    server.is_deaf = False
    until(lambda: whats(state_in(tmp_path)) == ["reached"])


@pytest.mark.parametrize("status", [422, 413])
def test_what_the_server_calls_no_report_is_not_sent_for_ever(server, start, tmp_path, status):
    server.ready = 503
    start(at(server))
    until(lambda: state_in(tmp_path))
    server.ready, server.taken = 200, status
    until(lambda: whats(state_in(tmp_path)) == ["reached"])


def test_a_token_that_was_ended_is_said_and_nothing_is_forgotten(server, start, tmp_path):
    server.ready = 503
    probe = start(at(server))
    until(lambda: state_in(tmp_path))
    server.taken, server.ready = 404, 200
    until(lambda: len(server.reports) >= 2)
    assert whats(state_in(tmp_path))[:1] == ["status"]
    probe.send_signal(signal.SIGINT)
    _, err = probe.communicate(timeout=PATIENCE)
    assert "does not know this token" in err
    assert TOKEN not in err
    assert probe.returncode == 0


def test_a_state_that_cannot_be_written_is_said_once_and_it_goes_on_in_memory(server, start, tmp_path):
    probe = start(at(server), state=tmp_path / "no-such-folder" / "state.json")
    server.ready = 503
    until(lambda: len(server.looks) >= 4)
    server.ready = 200
    until(lambda: "status" in whats(server.stretches().values()))
    probe.send_signal(signal.SIGTERM)
    _, err = probe.communicate(timeout=PATIENCE)
    assert err.count("cannot be written") == 1


@pytest.mark.parametrize(
    "held", ["", "{", "[]", '{"stretches": [{"from": 2, "until": 1, "tries": 1, "what": "x"}]}']
)
def test_a_state_that_is_none_is_begun_anew(tmp_path, held, capsys):
    file = tmp_path / "state.json"
    file.write_text(held, "utf-8")
    assert program.State(file, 30.0).stretches == []
    assert "begun anew" in capsys.readouterr().err


def test_a_gap_or_another_rhythm_begins_another_stretch(tmp_path):
    now = program.clock() - 1_000
    state = program.State(tmp_path / "state.json", 30.0)
    for ago in (400, 370, 310, 249, 0):
        state.add(now - ago * 1000, "reached")
    found = [(one["until"] - one["from"], one["tries"]) for one in state.stretches]
    assert found == [(90_000, 3), (0, 1), (0, 1)]
    again = program.State(tmp_path / "state.json", 30.0)
    again.add(now + 1, "reached")
    assert again.stretches[-1]["tries"] == 2
    other = program.State(tmp_path / "state.json", 60.0)
    other.add(now + 2, "reached")
    assert [one["tries"] for one in other.stretches] == [3, 1, 2, 1]
    (tmp_path / "state.json").write_text(
        json.dumps(
            {
                "every": 60.0,
                "stretches": [{"from": now + 10**9, "until": now + 10**9, "tries": 1, "what": "tls"}],
            }
        )
    )
    assert program.State(tmp_path / "state.json", 60.0).stretches == [], "a clock that went back"


def test_only_so_much_is_kept_and_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "KEPT", 5)
    monkeypatch.setattr(program, "SENT_AT_ONCE", 2)
    state, sent = program.State(tmp_path / "state.json", 30.0), []
    for number in range(7):
        state.add(1_000 + number, ("refused", "timeout")[number % 2])
    assert [one["from"] for one in state.stretches] == [1_002, 1_003, 1_004, 1_005, 1_006]

    class Heard:
        def look(self):
            return "reached"

        def tell(self, report):
            sent.append([one["from"] for one in report()["stretches"]])
            return 204

    running = program.Probe(Heard(), state)
    for _ in range(5):
        running.once()
    assert sent == [[1_003, 1_004], [1_005, 1_006]], "then there is peace for five minutes"
    assert [(one["what"], one["tries"]) for one in state.stretches] == [("reached", 5)]


# Against Alcove -------------------------------------------------------------------------------------------------------


class _Again(ThreadedWSGIServer):
    """Listens on a port that was in use just before."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options | {"allow_reuse_address": True})


def served(port=0):
    """Serve Alcove itself, as this test's database has it, until ``stop``."""
    return LiveServer(f"localhost:{port}")


@pytest.mark.django_db(transaction=True)
def test_alcove_keeps_what_a_probe_saw_while_it_was_stopped(practice, start, tmp_path, monkeypatch):
    monkeypatch.setattr(health, "is_worker_alive", lambda: True)
    monkeypatch.setattr(LiveServerThread, "server_class", _Again)
    token, probe = added(practice)
    aged(probe)
    server = served()
    port = server.thread.port
    running = start(f"http://localhost:{port}", token=token)
    # What was told is dropped from the file, all but the stretch that goes on; the table is read when all is over.
    until(lambda: whats(state_in(tmp_path)) == ["reached"], "the first report")
    server.stop()
    until(lambda: whats(state_in(tmp_path))[-1:] == ["refused"] and state_in(tmp_path)[-1]["tries"] > 2)
    server = served(port)
    until(lambda: whats(state_in(tmp_path)) == ["reached"], "the report of the fault")
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=PATIENCE)
    server.stop()
    assert token not in err
    found = kept(probe)
    assert next(one[3] for one in found if one[3] != "status") == "reached"
    refused = [one for one in found if one[3] == "refused"]
    assert sum(one[2] for one in refused) > 2
    assert found[-1][3] == "reached"
    assert all(one[1] < after[0] for one, after in zip(found, found[1:], strict=False))
