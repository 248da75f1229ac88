"""Probes and reports for tests."""

from __future__ import annotations

import json

from alcove.clinic.practice.models import Location
from alcove.compliance.uptime import actions
from alcove.compliance.uptime.models import Stretch
from alcove.compliance.uptime.queries.seen import millis
from alcove.security.access.writes import writing
from alcove.security.audit import clock

REPORT = "/uptime/report/"
EVERY = 30_000


def now():
    """Return this moment in milliseconds."""
    return millis(clock.now())


def added(practice, name="Box", location=None):
    """Return a new probe's token and row."""
    return actions.add_probe(practice.actor("owner"), name=name, location=location)


def place(name="Oakland"):
    with writing("a place"):
        return Location.objects.get_or_create(name=name)[0]


def aged(probe, milliseconds=400 * 24 * 3_600_000):
    """Let a probe be made long ago, so that it may tell of the past."""
    from datetime import timedelta

    with writing("time passes"):
        type(probe).objects.filter(pk=probe.pk).update(
            made_at=clock.now() - timedelta(milliseconds=milliseconds)
        )
    probe.refresh_from_db()
    return probe


def stretch(began, ended=None, what="reached", tries=None):
    """Return a stretch as a probe tells it, with as many tries as there must have been."""
    ended = began if ended is None else ended
    return {
        "from": began, "until": ended, "tries": tries or 1 + -((began - ended) // EVERY), "what": what
    }  # fmt: skip


def body(*stretches, at=None, every=EVERY):
    return {"now": now() if at is None else at, "every": every, "stretches": list(stretches)}


def send(browser, token, report):
    """Return the answer to a report; ``report`` may be bytes."""
    sent = report if isinstance(report, bytes) else json.dumps(report).encode()
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return browser.generic(
        "POST", REPORT, sent, content_type="application/json", headers=headers, secure=True
    )


def kept(probe):
    """Return what is kept of a probe, oldest first: (from, until, tries, what) in milliseconds."""
    rows = Stretch.objects.filter(probe=probe).order_by("from_at")
    return [(millis(one.from_at), millis(one.until_at), one.tries, one.what) for one in rows]
