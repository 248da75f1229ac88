"""What happens to tasks. The only place that writes them."""

from alcove.clinic.activities.actions.causes import raise_task, raise_wanted, settle, settle_all
from alcove.clinic.activities.actions.escalating import escalate, move_from_leavers
from alcove.clinic.activities.actions.repeating import end_repeat, go_on
from alcove.clinic.activities.actions.steps import add_line, comment, tick, untick
from alcove.clinic.activities.actions.tasks import (
    Again,
    CannotOpen,
    Unchanged,
    add_task,
    change_task,
    drop,
    finish,
    reopen,
)

__all__ = [
    "Again",
    "CannotOpen",
    "Unchanged",
    "add_line",
    "add_task",
    "change_task",
    "comment",
    "drop",
    "end_repeat",
    "escalate",
    "finish",
    "go_on",
    "move_from_leavers",
    "raise_task",
    "raise_wanted",
    "reopen",
    "settle",
    "settle_all",
    "tick",
    "untick",
]
