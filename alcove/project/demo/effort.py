"""What security costs the people of the demo: seconds and presses as they were measured in the last weeks."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from random import Random
from typing import Final

from alcove.project.demo.stage import BY_KEY, Stage
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.policy import RoleKey
from alcove.security.audit import clock
from alcove.security.identity.actions import at_the_door, effort
from alcove.security.identity.models import Effort, Session
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.policy import Did, Door

SHOWN: Final = timedelta(days=40)
"""Sign-ins before that are counted by nobody any more, so none of their figures are made."""
_WAYS: Final = {
    "passkey": (3.4, 1, 1),
    "authenticator": (19.0, 2, 11),
    "code by SMS": (31.0, 3, 13),
}
"""By way: median seconds, forms, presses."""
_LOCKS_AT_DESK: Final = 7
_LOCKS: Final = 4
_BY_PASSKEY: Final = frozenset(
    {"nadia.rahimi", "ingrid.solheim", "grace.okonkwo", "lily.tran", "maya.johnson"}
)
_BY_SMS: Final = frozenset({"kofi.mensah"})


def way_of(key: str) -> str:
    """Return how this person of the demo signs in."""
    if key in _BY_PASSKEY:
        return "passkey"
    return "code by SMS" if key in _BY_SMS else "authenticator"


def spent(seconds: float, taps: int, *, steps: int = 1) -> Spent:
    """Return what an act cost that usually takes so long; never twice the same."""
    now = clock.now()
    # Luck of its own: what is planned elsewhere stays as it is.
    luck = Random(int(now.timestamp()) + taps)  # noqa: S311 - invented figures, no secrets
    took = max(0.8, luck.lognormvariate(0, 0.35) * seconds)
    return Spent(began=now - timedelta(seconds=took), steps=steps, taps=taps + luck.randint(0, 2) // 2)


def of_sign_in(stage: Stage, key: str) -> tuple[str, Spent] | None:
    """Return way and cost of a sign-in at this moment; None for one too long ago to be counted."""
    if clock.now() < stage.until - SHOWN:
        return None
    way = way_of(key)
    seconds, steps, taps = _WAYS[way]
    return way, spent(seconds, taps, steps=steps)


def plan(stage: Stage) -> None:
    """Plan locks and unlockings between each person's first and last deed of the last weeks' days."""
    luck = Random(stage.today.toordinal())  # noqa: S311 - as above
    for (key, _), (first, last) in list(stage.spans.items()):
        if first < stage.until - SHOWN or last - first < timedelta(minutes=10):
            continue
        usual = _LOCKS_AT_DESK if RoleKey.FRONT_DESK in BY_KEY[key].roles else _LOCKS
        for _ in range(luck.randint(usual - 2, usual + 2)):
            when = first + (last - first) * luck.uniform(0.05, 0.9)
            stage.at(when, "", partial(_lock, stage, key))
            stage.at(
                min(last, when + timedelta(minutes=luck.uniform(1, 9))), "", partial(_unlock, stage, key)
            )


def _lock(stage: Stage, key: str) -> None:
    session = stage.sessions.get(key)
    if session is not None:
        _locked(_door(stage, key), session)


def _unlock(stage: Stage, key: str) -> None:
    session = stage.sessions.get(key)
    if session is None:
        return
    by_passkey = way_of(key) == "passkey"
    cost = spent(2.1, 1) if by_passkey else spent(3.8, 7)
    _unlocked(_door(stage, key), session, "passkey" if by_passkey else "PIN", cost)


def _door(stage: Stage, key: str) -> Actor:
    return at_the_door(stage.actor(key), stage.people[key])


@action(Door.PASS)
def _locked(change: Change, session: Session) -> None:
    """Lock as ``lock_session`` does, but for a session of the past that no screen shows."""
    effort.note(change, session, Effort.Kind.LOCK)
    change.record(Did.LOCKED, on=session)


@action(Door.PASS)
def _unlocked(change: Change, session: Session, method: str, cost: Spent) -> None:
    effort.note(change, session, Effort.Kind.UNLOCK, method, cost)
    change.record(Did.UNLOCKED, on=session)
