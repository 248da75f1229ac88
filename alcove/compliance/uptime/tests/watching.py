"""Probes that look at a made-up world: tries in a rhythm, told as stretches the way the true probe tells them."""

from __future__ import annotations

from alcove.compliance.uptime.queries.judging import Seen, Vantage

SECOND = 1000
MINUTE = 60 * SECOND
EVERY = 30 * SECOND


def told(tries, every=EVERY):
    """Return stretches of ``(moment, what)`` in order, as a probe makes them."""
    found = []
    for at, what in tries:
        last = found[-1] if found else None
        if last and last.what == what and at - last.ended <= 2 * every:
            found[-1] = Seen(last.began, at, every, what)
        else:
            found.append(Seen(at, at, every, what))
    return found


def looking(world, *, until, since=0, phase=0, every=EVERY, off=()):
    """Return what somebody saw who asked ``world(moment)`` in this rhythm, and was switched off meanwhile."""
    moments = range(since + phase, until, every)
    asked = (at for at in moments if not any(began <= at < ended for began, ended in off))
    return told(((at, world(at)) for at in asked), every)


def during(*spans, what="refused"):
    """Return a world in which nobody gets through in these spans of time."""
    return lambda at: what if any(began <= at < ended for began, ended in spans) else "reached"


def vantage(place, world, **more):
    return Vantage(place, looking(world, **more))


def running(*spans):
    """Return when a server noted that it ran: each minute of these spans, each a process of its own."""
    return [
        Seen(began, began + (ended - began) // MINUTE * MINUTE, MINUTE, "reached") for began, ended in spans
    ]
