"""Whether a web process grows while cards are opened: its resident memory after 100 and after 1,000 of them.

    python bench/memory.py                     both databases, about two minutes

The real server (``alcove serve`` over plain HTTP on 127.0.0.1) with one web process of four threads; four people open
the cards of a thousand different clients, each with ten visits and fifty entries, so every card is new to the process.
Memory is what the kernel counts as resident for the web process (VmRSS), read after every hundred cards.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import card, scratch
from bench._both import Figures, run
from bench.load import User, free_port, real_server, server

CARDS, STEP = 1_000, 100
THREADS = 4
AIM = 1.10


def resident_mb(process_id: int) -> float:
    """Return VmRSS of a process in megabytes."""
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1_000 for line in lines if line.startswith("VmRSS:"))


def family(process_id: int) -> list[int]:
    """Return the processes that descend from this one."""
    children = []
    for task in Path(f"/proc/{process_id}/task").iterdir():
        children += [int(word) for word in (task / "children").read_text(encoding="ascii").split()]
    return [*children, *(one for child in children for one in family(child))]


def web_process(serving: subprocess.Popen[bytes]) -> int:
    """Return the id of the one process that answers requests: the largest of those under ``alcove serve``."""
    return max(family(serving.pid), key=resident_mb)


def opened(users: Sequence[User], clients: Sequence[UUID]) -> None:
    """Have the users open these cards, each their share, at the same time."""
    faults: list[Exception] = []

    def work(user: User, some: Sequence[UUID]) -> None:
        try:
            for client_id in some:
                user.open_one(client_id)
        except Exception as fault:  # noqa: BLE001 - told to whoever started the threads
            faults.append(fault)

    shares = [(user, clients[at :: len(users)]) for at, user in enumerate(users)]
    threads = [threading.Thread(target=work, args=share) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def measure(options: argparse.Namespace) -> Figures:
    founded = scratch.practice(options.url, ALCOVE_WEB_PROCESSES="1", ALCOVE_WEB_THREADS=str(THREADS))
    card.gather_statics()
    began = time.perf_counter()
    clients = [card.client_with_history(number, 10, 50) for number in range(CARDS)]
    made = time.perf_counter() - began
    cookies = [card.signed_in(founded) for _ in range(THREADS)]
    port = free_port()
    readings = []
    with server(real_server(port), port) as serving:
        # The directory of names loads in the background; what it takes is there before the first card counts.
        time.sleep(3)
        process_id = web_process(serving)
        users = [User(port, cookie, clients, at) for at, cookie in enumerate(cookies)]
        fresh = resident_mb(process_id)
        for first in range(0, CARDS, STEP):
            opened(users, clients[first : first + STEP])
            readings.append(resident_mb(process_id))
    return {
        "made_s": made,
        "before_mb": fresh,
        "mb": readings,
        "growth": readings[-1] / readings[0],
        "largest_growth": max(readings) / readings[0],
    }


def show(figures: Figures) -> None:
    steps = "  ".join(f"{mb:.0f}" for mb in figures["mb"])
    print(f"resident MB before {figures['before_mb']:.0f}, then after every {STEP} cards:  {steps}")
    growth = (figures["growth"] - 1) * 100
    missed = "" if figures["growth"] <= AIM else ", MISSED"
    print(f"from {STEP} to {CARDS:,} cards: {growth:+.1f} % (aim at most +10 %{missed})")


if __name__ == "__main__":
    os.chdir(scratch.ROOT)
    run(__doc__, measure, show)
