"""The door of the console on a hosted installation: every verb that shows practice data passes here (ACC-14).

The kernel asks again at every client's key (``access.lockbox``); here is what a verb is refused by, and how the
practice hears of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from alcove.console import Command, Console, OnHost
from alcove.project import wiring
from alcove.security.access import lockbox
from alcove.security.access.actors import Actor, Leave, by_leave
from alcove.security.access.errors import Conflict
from alcove.security.identity.actions import support
from alcove.security.identity.queries.support import was_hosted

_NEVER = (
    "On a host's machine nobody makes accounts or set-up links from the console: they would outlive any access. An "
    "owner does it in Alcove under Setup, People. The practice is told of this attempt."
)


@contextmanager
def let_in(command: Command, console: Console) -> Iterator[None]:
    """Run a verb, by an owner's leave where this is a host's machine and the verb needs it; raise ``NotLetIn``."""
    if command.on_host == OnHost.OPEN:
        yield
        return
    remember(console)
    if not lockbox.is_hosted():
        yield
        return
    verb, actor = " ".join(command.words), Actor.operator(console.operator)
    try:
        with by_leave(_leave(command, actor, console.operator, verb)):
            yield
    except lockbox.NotLetIn:
        support.note_attempt(actor, console.operator, verb)
        wiring.link()
        raise


def _leave(command: Command, actor: Actor, operator: str, verb: str) -> Leave:
    if command.on_host == OnHost.NEVER:
        raise lockbox.NotLetIn(_NEVER)
    return support.use(actor, operator, verb)


def remember(console: Console) -> None:
    """Note, and tell the owners, if this machine came to be a host's or ceased to be one since the last look."""
    if was_hosted() != lockbox.is_hosted():
        with suppress(Conflict):
            support.note_hosting(Actor.operator(console.operator), is_hosted=lockbox.is_hosted())
