"""Visits, noted down by staff. Appointments will make them later; imports bring their own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.records.models import Visit
from alcove.clinic.records.policy import Did, Records
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.vault.ids import uuid7


@action(Records.CREATE)
def add_visit(
    change: Change,
    client: Client,
    *,
    starts_at: datetime,
    content: dict[str, str],
    row_id: UUID | None = None,
    clinician_id: UUID | None = None,
) -> Visit:
    """Add a visit. Shape of ``content``: see ``models.Visit``. ``row_id``: the form's, so that it adds one visit.

    ``clinician_id``: with whom; whoever notes it down, if not given.
    """
    if row_id and Visit.objects.filter(pk=row_id).exists():
        raise Conflict("This visit was added already.")
    held = {key: value for key, value in content.items() if value}
    with_whom = clinician_id or (change.actor.id if change.actor.kind == "person" else None)
    return change.create(
        Visit, Did.VISIT_ADDED, id=row_id or uuid7(), client=client, starts_at=starts_at, content=held,
        clinician_id=with_whom,
    )  # fmt: skip
