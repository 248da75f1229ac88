"""Whose appointment it is, as far as this actor may know: a name, initials, or nothing but that it is busy.

Decided here, on the server, block by block; what may not be seen is never sent. All clients of a page are opened at
once, with one log entry that names them. Restricted clients are told by ``need.hidden_from`` and look exactly like
what somebody without the right to see clients gets to see.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open


@dataclass(frozen=True, slots=True)
class Face:
    """How a client is called on this page. ``client`` is None where nothing of them may be told."""

    text: str
    client: Client | None = None

    @property
    def is_busy(self) -> bool:
        return self.client is None


BUSY = Face("Busy")


class Faces:
    """The clients of one page, opened once."""

    def __init__(self, actor: Actor, client_ids: Iterable[UUID | None]) -> None:
        ids = list(dict.fromkeys(one for one in client_ids if one is not None))
        self._actor = actor
        self._may_name = actor.holds(Calendar.NAMES)
        opened = finding.opened(actor, ids) if ids and actor.holds(Open.DIRECTORY) else []
        self._by_id = {one.id: one for one in opened}

    def of(self, client_id: UUID | None, person_ids: Iterable[UUID | None]) -> Face:
        """Return the face of a client whose appointment is with these people: in one's own column it is the name."""
        client = self._by_id.get(client_id) if client_id else None
        if client is None:
            return BUSY
        is_own = self._actor.id is not None and self._actor.id in set(person_ids)
        name = client.name if is_own or self._may_name else client.initials
        return Face(name or "Name not known", client)
