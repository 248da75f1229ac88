"""Orders to the forking process of one scratch home (``forks.py``)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path


class Forks:
    """The forking process of one scratch home, and orders to it."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ALCOVE_")}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forks.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**kept, "ALCOVE_HOME": str(home), **environment},
        )

    def _ask(self, *order) -> dict:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def begin(self, *order) -> int:
        return self._ask(*order)["pid"]

    def end(self, pid: int) -> dict:
        return self._ask("wait", pid)

    def run(self, *order):
        ended = self.end(self.begin(*order))
        assert ended["code"] == 0, ended["told"]
        return ended["told"]

    def run_and_kill(self, after: float, *order) -> bool:
        """Kill the child ``after`` seconds; return whether it was still at work."""
        pid = self.begin(*order)
        time.sleep(after)
        return self.kill(pid)

    def kill(self, pid: int) -> bool:
        """Kill a child; return whether it was still at work."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        ended = self.end(pid)
        assert ended["signal"] == signal.SIGKILL or ended["code"] == 0, ended["told"]
        return ended["signal"] == signal.SIGKILL

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()
