"""The word, colour and icon of states that things of several areas have: one state looks alike everywhere."""

from typing import Final

STATES: Final = {
    "active": ("Active", "ok", "circle-check"),
    "approved": ("Approved", "ok", "circle-check"),
    "done": ("Done", "ok", "circle-check"),
    "draft": ("Draft", "warn", "pencil"),
    "ended": ("Ended", "quiet", "circle-off"),
    "expired": ("Expired", "quiet", "timer-off"),
    "failed": ("Failed", "bad", "circle-x"),
    "locked": ("Locked", "warn", "lock"),
    "lost": ("Lost", "bad", "triangle-alert"),
    "overdue": ("Overdue", "bad", "clock-alert"),
    "pending": ("Waiting", "warn", "hourglass"),
    "refused": ("Refused", "bad", "circle-x"),
    "revoked": ("Revoked", "bad", "circle-off"),
    "suspended": ("Suspended", "warn", "circle-pause"),
    "unknown": ("Not known", "quiet", "circle-question-mark"),
}


def of(state: str) -> tuple[str, str, str]:
    """Return (word, tone, icon) of a state; KeyError names the states there are."""
    if state not in STATES:
        raise KeyError(f"There is no state {state!r}. There are: {', '.join(STATES)}.")
    return STATES[state]
