"""Deleting a client with all that hangs on them, and erasing them for good. The only place that does either."""

from alcove.compliance.privacy.actions.carrying import finish, take_a_step
from alcove.compliance.privacy.actions.deciding import approve, ask, propose, refuse, withdraw
from alcove.compliance.privacy.actions.deleting import InTheHouse, delete, undo

__all__ = [
    "InTheHouse",
    "approve",
    "ask",
    "delete",
    "finish",
    "propose",
    "refuse",
    "take_a_step",
    "undo",
    "withdraw",
]
