"""Killing a practice at random moments of what it does, and looking at what is left each time."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field

KINDS = ("writes", "backup", "restore", "rotation", "erasure")


@dataclass
class Tally:
    """How often a process was killed at work, of how many tries; every fault that was found afterwards."""

    tries: int = 0
    killed: int = 0
    by_kind: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    faults: list[str] = field(default_factory=list)


def often(ground, folder, moments, rng, tell=lambda tally: None) -> Tally:
    """Kill ``moments`` times, one kind of deed after the other, while clients are made; return what was found.

    After each kill every client whose making was acknowledged since the last one opens with their words, no erasure is
    half done and the log's chain holds; in the end all of them do, and every deed that was interrupted has finished.
    ``tell``: is given the tally after each kill.
    """
    tally, told = Tally(), folder / "told"
    told.touch()
    ground.backup()
    orders = {
        "writes": ("write_and_tell", str(told)),
        "backup": ("alcove", "backup", "run"),
        "rotation": ("rotate_house",),
        "erasure": ("erase_wholly",),
    }
    takes = {kind: _timed(ground, *order) for kind, order in orders.items() if kind != "writes"}
    takes["writes"] = 0.6
    restore = _Restore(ground, folder)
    takes["restore"] = restore.timed()
    known = 0
    for number in range(moments):
        kind = KINDS[number % len(KINDS)]
        writer = None if kind == "writes" else ground.forks.begin(*orders["writes"])
        # A little past the usual end as well: the last steps are the ones that matter.
        after = rng.uniform(0, takes[kind] * 1.1)
        order = restore.order() if kind == "restore" else orders[kind]
        was_killed = ground.forks.run_and_kill(after, *order)
        if writer is not None:
            ground.forks.kill(writer)
        tally.tries += 1
        tally.killed += was_killed
        tally.by_kind[kind] += was_killed
        known, before = told.stat().st_size, known
        tally.faults += [
            f"{kind}, killed after {after:.3f} s: {fault}" for fault in _looked(ground, told, before)
        ]
        tell(tally)
        if kind == "restore" and not was_killed:
            restore.anew()
    tally.faults += [*_looked(ground, told, 0), *_finished(ground, restore)]
    return tally


def _timed(ground, *order) -> float:
    began = time.monotonic()
    ground.run(*order)
    return time.monotonic() - began


def _looked(ground, told, since) -> list[str]:
    found = ground.run("lacking", str(told), since)
    log = ground.run("verify_log")
    return [f"acknowledged and lost: {one}" for one in found] + log["faults"] + ground.run("half_erased")


def _finished(ground, restore) -> list[str]:
    """Start everything once more, without a kill; return what did not finish."""
    faults = []
    for words in (("backup", "run"), ("backup", "verify"), ("audit", "verify")):
        said = ground.alcove(*words)
        if said["code"]:
            faults.append(f"{' '.join(words)}: {said['err']}")
    ground.run("rotate_house")
    state = ground.run("pending")
    if any(state.values()):
        faults.append(f"a rotation did not finish: {state}")
    faults += ground.run("half_erased", True)
    if list((ground.home / "tmp").iterdir()):
        faults.append("a killed run left something in the home's temporary folder")
    return faults + restore.finished()


class _Restore:
    """A restore of the point there was at the beginning, begun anew in another folder whenever it got through."""

    def __init__(self, ground, folder) -> None:
        self.ground, self.folder, self.number = ground, folder, 0
        self.point = json.loads(ground.alcove("backup", "list", "--json")["out"])[0]["point"]
        self.to, self.url = None, ""
        self.anew()

    def anew(self) -> None:
        self.number += 1
        self.to, self.url = self.folder / f"new-{self.number}", self.ground.new_url()

    def order(self):
        words = ["alcove", "backup", "restore", "--json", "--to", str(self.to), "--point", self.point]
        words += ["--root-key", str(self.ground.home / "keys/root.key")]
        return [*words, *(["--database-url", self.url] if self.url else [])]

    def timed(self) -> float:
        took = _timed(self.ground, *self.order())
        self.anew()
        return took

    def finished(self) -> list[str]:
        if self.to.exists() and not (self.to / ".restoring").exists() and list(self.to.iterdir()):
            return []
        said = self.ground.run(*self.order())
        return [] if said["code"] == 0 else [f"a restore did not finish: {said['err']}"]
