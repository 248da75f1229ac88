"""Many clients' cards on their way out of the house: asked for with a purpose, approved, made, fetched once, destroyed.

The steps are ``ask_export`` (begins at once where one person alone may), ``begin_export`` after a second person's
approval, ``finish_export`` by the worker, then ``show_passphrase`` and ``fetch_export``, each once and for the
exporter only, and ``end_exports``. Passphrases and keys are written without ``change.update``, which would keep them
as an earlier version.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Sum

from alcove.clinic.clients.actions.glass import worded
from alcove.clinic.clients.models import Export
from alcove.clinic.clients.policy import Clients, Did
from alcove.clinic.clients.queries import exporting
from alcove.security.access import approvals, need
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.rules import RULES
from alcove.security.jobs import queue
from alcove.security.vault import files

EXPORT_JOB: Final = "clients.export.make"
EXPORT_KIND: Final = "export"
"""What approvals of exports are called."""
_DAY: Final = timedelta(days=1)


class NobodyChosen(Exception):
    """None of the clients named exists for whoever asks."""


@action(Clients.EXPORT)
def ask_export(change: Change, *, file_format: str, purpose: str, chosen: Sequence[UUID]) -> Export:
    """Ask for these clients' cards in one file; raise ``ReasonTooShort`` or ``NobodyChosen``.

    Above the practice's limit someone else approves first. What one person took alone within a day counts together,
    so that many small exports are no way round it.
    """
    purpose = worded(purpose)
    if file_format not in Export.FORMATS or change.actor.id is None:
        raise ValueError("an export has one of the formats and belongs to a person")
    away = need.hidden_from(change.actor)
    ids = [one for one in dict.fromkeys(chosen) if one not in away]
    if not ids:
        raise NobodyChosen
    lately = Export.objects.filter(by_id=change.actor.id, needs_second=False, asked_at__gt=change.now - _DAY)
    alone = lately.aggregate(total=Sum("count"))["total"] or 0
    export = change.create(
        Export, Did.EXPORT_ASKED, by_id=change.actor.id, by_name=change.actor.name[:120], format=file_format,
        purpose=purpose, chosen=[one.hex for one in ids], count=len(ids), asked_at=change.now,
        needs_second=alone + len(ids) > RULES["export.alone"].chosen,
    )  # fmt: skip
    if export.needs_second:
        details: dict[str, int | str] = {"clients": export.count, "format": file_format}
        approvals.ask(change, EXPORT_KIND, purpose=purpose, subject_id=export.id, details=details)
    else:
        begin_export(change, export)
    return export


def _own(change: Change, export: Export) -> Export:
    """Return the row as it is now, locked; raise ``NotFound`` unless it is the actor's own."""
    found = (
        Export.objects.select_for_update().filter(pk=export.pk, by_id=change.actor.id or need.NOBODY).first()
    )
    if found is None:
        raise NotFound("there is no such export")
    return found


@action(Clients.EXPORT)
def begin_export(change: Change, export: Export) -> None:
    """Have the worker make the file; raise ``ApprovalNeeded`` where nobody else has approved, ``Conflict`` twice."""
    export = _own(change, export)
    if export.begun_at is not None or export.ended_at is not None:
        raise Conflict("This export was begun already, or is over.")
    if export.needs_second:
        approvals.use(change, EXPORT_KIND, export.id)
    export.begun_at = change.now
    export.save(update_fields=["begun_at"])
    change.record(Did.EXPORT_BEGUN, on=export, fields=(f"{export.count} clients",))
    queue.later(change, EXPORT_JOB, export_id=export.id)


@action(Clients.EXPORT)
def note_export(change: Change, export: Export, done: int) -> None:
    """Note how far the worker is."""
    Export.objects.filter(pk=export.pk, ended_at__isnull=True).update(done=done)
    change.record(Did.EXPORT_CONTINUED, on=export, fields=(f"{done} clients",))


@action(Clients.EXPORT)
def finish_export(
    change: Change, export: Export, *, done: int, object_name: str, file_key: bytes, passphrase: str
) -> None:
    """Note where the made file lies and what opens it; raise ``Conflict`` if it was made or ended meanwhile."""
    export = _own(change, export)
    if export.made_at is not None or export.ended_at is not None:
        raise Conflict("This export was made already, or is over.")
    export.done, export.made_at, export.object_name = done, change.now, object_name
    export.file_key, export.passphrase = base64.b64encode(file_key).decode("ascii"), passphrase
    export.save(update_fields=["done", "made_at", "object_name", "file_key", "passphrase"])
    change.record(Did.EXPORT_MADE, on=export, fields=(f"{done} clients",))


def _ready(change: Change, export: Export) -> Export:
    export = _own(change, export)
    if export.ends_at is None or export.ended_at is not None or export.ends_at <= change.now:
        raise Conflict("This file is not there, or is gone. Ask for a new export.")
    return export


@action(Clients.EXPORT)
def show_passphrase(change: Change, export: Export) -> str:
    """Return the file's passphrase and forget it; raise ``Conflict`` if it was shown before."""
    export = _ready(change, export)
    shown = export.passphrase
    if shown is None:
        raise Conflict("The passphrase was shown already. Ask for a new export if it is lost.")
    export.passphrase = None
    export.save(update_fields=["passphrase"])
    change.record(Did.EXPORT_KEY_SHOWN, on=export)
    return str(shown)


@action(Clients.EXPORT)
def fetch_export(change: Change, export: Export) -> tuple[bytes, str]:
    """Use up the one download; return (file key, object name). Raises ``Conflict`` the second time."""
    export = _ready(change, export)
    if export.fetched_at is not None or export.file_key is None:
        raise Conflict("This file was downloaded already. Ask for a new export if you need it again.")
    export.fetched_at = change.now
    export.save(update_fields=["fetched_at"])
    change.record(Did.EXPORT_FETCHED, on=export, fields=(f"{export.done} clients",))
    return base64.b64decode(export.file_key), export.object_name


@action(Clients.EXPORT)
def end_exports(change: Change) -> int:
    """Destroy the files that were fetched or are too old, and whom they named; return how many ended.

    Raises ``NothingRecorded`` if there are none; see ``queries.exporting.any_to_end``.
    """
    rows = list(Export.objects.select_for_update().filter(exporting.over(change.now)))
    for export in rows:
        _end(change, export)
    return len(rows)


def end_exports_of(change: Change, client_id: UUID) -> None:
    """End every export that takes or took this client out of the house: a file that waits to be fetched goes."""
    for export in Export.objects.select_for_update().filter(ended_at__isnull=True):
        if client_id.hex in export.chosen:
            _end(change, export)


def _end(change: Change, export: Export) -> None:
    if export.object_name:
        files.remove(export.object_name)
    export.object_name, export.file_key, export.passphrase, export.chosen = "", None, None, []
    export.ended_at = change.now
    export.save(update_fields=["object_name", "file_key", "passphrase", "chosen", "ended_at"])
    change.record(Did.EXPORT_ENDED, on=export)
