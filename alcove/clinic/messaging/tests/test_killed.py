"""Each message once, though workers are killed at any moment and several work at one: counted at the mail server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from alcove.clinic.messaging.tests.worker import PILE
from alcove.operations.mail.tests.test_smtp import Box, cert, serve  # noqa: F401 - fixtures
from bench import scratch

KILLS = int(os.environ.get("ALCOVE_TEST_KILLS", "10"))
"""How often the worker is killed; more by the environment."""
BOTH = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)


@pytest.fixture
def box(cert):  # noqa: F811 - the fixture
    made = Box()
    made.server = serve(made, cert=cert)
    made.url = f"smtp+tls://localhost:{made.server.port}/?from=clinic@juniper.example&ca={cert[0]}"
    yield made
    made.server.stop()


def run(box, url=""):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ALCOVE_", "DJANGO_"))}
    done = subprocess.run(
        [sys.executable, "-m", "alcove.clinic.messaging.tests.worker", str(KILLS), url],
        env=kept | {"ALCOVE_EMAIL_URL": box.url}, cwd=scratch.ROOT, capture_output=True, text=True,
        timeout=240 + 5 * KILLS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def on(database, box):
    if database == "sqlite":
        return run(box)
    if not scratch.has_postgresql():
        pytest.skip("PostgreSQL 15 is not here: install Debian's postgresql-15")
    with scratch.postgresql() as url:
        return run(box, scratch.new_database(url))


@BOTH
def test_each_message_arrives_once_though_many_send_and_are_killed_at_any_moment(database, box):
    said = on(database, box)
    found = Counter(letter["Message-ID"].strip("<>").partition("@")[0] for letter in box.letters)
    assert sum(said["crowd"]) == len(said["crowd_ids"]) == PILE, said["crowd"]
    assert said["killed"] >= KILLS // 3, said["killed"]
    # What was noted as sent arrived, once. What was cut off between its last word and the note is not sent again: it
    # arrived once, or, killed in the instant before that word went out, not at all, and the row says that nobody knows.
    assert {found[one] for one in said["sent_ids"]} == {1}
    assert max(found.values()) == 1
    assert len(said["sent_ids"]) + len(said["unsure_ids"]) == 2 * PILE, said["states"]
    assert sum(found[one] for one in said["unsure_ids"]) >= len(said["unsure_ids"]) - 1
    assert said["log"]
