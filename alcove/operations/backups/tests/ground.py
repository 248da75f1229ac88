"""A practice in a home of its own, worked by the console in processes that can be killed."""

from __future__ import annotations

from contextlib import closing, contextmanager
from uuid import uuid4

import psycopg

from alcove.security.vault.tests.forking import Forks


class Ground:
    """A practice in a home of its own; ``new_url`` gives an empty database for a restore."""

    def __init__(self, home, url="", places="", **environment):
        self.home, self.url = home, url
        given = {"ALCOVE_DATABASE_URL": url, "ALCOVE_BACKUP_PLACES": places, **environment}
        self.forks = Forks(home, **{name: value for name, value in given.items() if value})

    def run(self, *order):
        return self.forks.run(*order)

    def alcove(self, *words):
        return self.run("alcove", *[str(word) for word in words])

    def backup(self):
        said = self.alcove("backup", "run")
        assert said["code"] == 0, said
        return self.home / "backups"

    def new_url(self):
        if not self.url:
            return ""
        name = f"alcove_{uuid4().hex}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{self.url.rpartition('/')[0]}/{name}"

    def restore(self, to, *words, url="", by_root=True):
        if by_root:
            words = (*words, "--root-key", self.home / "keys/root.key")
        if url:
            words = (*words, "--database-url", url)
        return self.alcove("backup", "restore", "--json", "--to", to, *words)

    @contextmanager
    def restored(self, home, url):
        with closing(Ground(home, url).forks) as forks:
            yield forks
