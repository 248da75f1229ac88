"""docs/runbooks/point-in-time.md, step by step, with the real pgBackRest: back to a moment, and nothing of later."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from alcove.operations.backups.tests.ground import Ground
from tests import postgresql

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(
        shutil.which("pgbackrest") is None, reason="no pgBackRest; on Debian: apt-get install pgbackrest"
    ),
    pytest.mark.skipif(
        postgresql.programs() is None, reason="no PostgreSQL; on Debian: apt-get install postgresql"
    ),
]
PATIENCE = 180
"""Seconds a step may take on a busy machine."""


class Archived:
    """A cluster of its own whose WAL goes to a repository beside it, as the runbook sets it up."""

    def __init__(self, folder, boss, who):
        self.folder, self.boss, self.who, self.port = folder, boss, who, 0
        self.conf = folder / "pgbackrest.conf"

    def set_up(self, port):
        self.port = port
        for name in ("repo", "lock", "spool", "logs"):
            (self.folder / name).mkdir()
            self._give(self.folder / name)
        self.conf.write_text(
            f"""[global]
repo1-path={self.folder}/repo
repo1-retention-full-type=time
repo1-retention-full=6
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass={secrets.token_hex(24)}
start-fast=y
log-path={self.folder}/logs
lock-path={self.folder}/lock
spool-path={self.folder}/spool
[alcove]
pg1-path={self.folder}/data
pg1-port={port}
pg1-socket-path={self.folder}
pg1-user=boss
""",
            "utf-8",
        )
        self._give(self.conf)
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write(
                "archive_mode = on\n"
                f"archive_command = 'pgbackrest --config={self.conf} --stanza=alcove archive-push %p'\n"
                "archive_timeout = 60\n"
            )

    def _give(self, path):
        if self.who:
            os.chown(path, self.who["user"], self.who["group"])

    def rest(self, *words):
        """Run pgBackRest as the user PostgreSQL runs as."""
        done = subprocess.run(
            ["pgbackrest", f"--config={self.conf}", "--stanza=alcove", *words],
            cwd=self.folder, env={"PATH": os.environ["PATH"], "PGPASSWORD": self.boss, "LC_ALL": "C"}, timeout=PATIENCE,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **self.who,
        )  # fmt: skip
        assert done.returncode == 0, f"pgbackrest {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def running(self):
        """Return the server, for ``with``: stopped at its end as the runbook says, so that all WAL is archived."""
        programs = postgresql.programs()
        return postgresql.running(programs, self.folder, self.boss, self.who, durable=True, port=self.port)

    def asked(self, question):
        with postgresql.connect(self.port, self.boss) as connection:
            return connection.execute(question).fetchone()[0]

    def wait_past_the_backup(self):
        """Wait into a later second than the one the backup ended in: pgBackRest goes by whole seconds."""
        [stanza] = json.loads(self.rest("--output=json", "info"))
        while (
            self.asked("SELECT extract(epoch FROM clock_timestamp())")
            < stanza["backup"][-1]["timestamp"]["stop"] + 1
        ):
            time.sleep(0.05)

    def wait_until_there(self):
        """Wait until the server has replayed up to the moment and takes writes."""
        until = time.monotonic() + PATIENCE
        while self.asked("SELECT pg_is_in_recovery()"):
            assert time.monotonic() < until, "it is still in recovery"
            time.sleep(0.05)


def rows(url):
    """Return every row of every table, as PostgreSQL writes it."""
    with psycopg.connect(url) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
        ]
        return {
            name: sorted(
                row[0]
                for row in connection.execute(
                    sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name))
                )
            )
            for name in names
        }


@pytest.fixture
def archived():
    with postgresql.initialised(postgresql.programs()) as (folder, boss, who):
        made = Archived(folder, boss, who)
        made.set_up(postgresql.free_port())
        yield made


def test_a_practice_comes_back_as_it_was_at_a_moment_and_nothing_of_later(archived, tmp_path):
    with archived.running() as port:
        url = postgresql.make_login(port, archived.boss)
        archived.rest("stanza-create")
        archived.rest("check")
        with closing(Ground(tmp_path / "home", url).forks) as practice:
            practice.run("found", 2, 1)
            archived.rest("--type=full", "backup")
            archived.wait_past_the_backup()
            # What the backup does not hold: only the WAL brings it back.
            kept = practice.run("fill", 2)
            practice.run("link_log", 0.2)
            before = rows(url)
            moment = archived.asked("SELECT clock_timestamp()::text")
            later = practice.run("fill", 1)
            practice.run("link_log", 0.2)
        with psycopg.connect(url) as connection:
            connection.execute("DROP TABLE records_amendment CASCADE")
            connection.execute("UPDATE practice_practice SET name = 'Broken'")
        assert rows(url) != before
    archived.rest("--delta", "--type=time", f"--target={moment}", "--target-action=promote", "restore")
    with archived.running():
        archived.wait_until_there()
        after = rows(url)
        assert sorted(after) == sorted(before)
        assert [name for name in before if before[name] != after[name]] == []
        clients = "".join(after["clients_client"]).replace("-", "")
        assert [one in clients for one in [*kept, *later]] == [True, True, False]
        said = verified(tmp_path / "home", url)
        assert said[0]["code"] != 0
        assert "cut off" in said[0]["out"] + said[0]["err"]
        assert said[1]["code"] == 0, said[1]
        archived.rest("check")


def verified(home, url):
    """Return what ``alcove audit verify`` says twice: of the log that was given up, and of the one that goes on."""
    ground = Ground(home, url)
    with closing(ground.forks):
        return [ground.alcove("audit", "verify") for _ in range(2)]
