"""The worker: runs what is scheduled and what is queued, until told to stop.

What there is to run is one static table in ``project/wiring.py``; nothing registers itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import close_old_connections, connection

from alcove.security.jobs import queue

log = logging.getLogger("alcove.jobs")
Task = Callable[..., Any]
Around = Callable[[], AbstractContextManager[None]]
BEAT_SECONDS = 10.0
"""Seconds between two signs of life."""


@dataclass(frozen=True, slots=True)
class Every:
    """Something that runs by itself every so many seconds."""

    name: str
    seconds: float
    run: Task


def run(
    tasks: Mapping[str, Task],
    schedule: list[Every],
    stop: threading.Event,
    around: Around = nullcontext,
) -> None:
    """Work until ``stop`` is set. A task that raises is noted by the class of its fault and tried again.

    ``around`` is entered anew for each task: it may change while the worker lives.
    """
    due = {item.name: 0.0 for item in schedule}
    moved = [time.monotonic()]
    beating = threading.Thread(target=_beat, args=(stop, moved), name="beat")
    beating.start()
    while not stop.is_set():
        now = moved[0] = time.monotonic()
        for item in schedule:
            if now >= due[item.name]:
                due[item.name] = now + item.seconds
                _try(item.name, item.run, around)
        job = _try("claim", queue.claim)
        if job is None:
            stop.wait(0.5)
            continue
        task = tasks.get(job.name)
        fault = "unknown job" if task is None else _run_one(task, job.arguments, around)
        # What cannot be noted as ended, because the database is away, is another's when its claim runs out.
        _try("end", partial(queue.end, job, fault))
    beating.join(timeout=BEAT_SECONDS)
    close_old_connections()


def _beat(stop: threading.Event, moved: list[float]) -> None:
    """Give a sign of life while the worker gets on; a job may take long, one that never ends is no life."""
    while not stop.is_set():
        if time.monotonic() - moved[0] < queue.CLAIM_LIFE.total_seconds():
            _try("beat", lambda: queue.beat("worker"))
        stop.wait(BEAT_SECONDS)
    connection.close()


def _run_one(task: Task, arguments: dict[str, Any], around: Around) -> str:
    try:
        with around():
            task(**arguments)
    except Exception as error:  # noqa: BLE001 - whatever it was, the job waits and is tried again
        log.warning("a job failed: %s", type(error).__name__)
        # That it failed is noted over a connection that lives.
        close_old_connections()
        return type(error).__name__
    return ""


def _try(name: str, task: Task, around: Around = nullcontext) -> Any:
    try:
        with around():
            return task()
    except Exception as error:  # noqa: BLE001 - the worker outlives every task
        log.warning("%s failed: %s", name, type(error).__name__)
        close_old_connections()
        return None
