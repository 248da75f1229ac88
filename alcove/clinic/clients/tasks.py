"""What the worker does for clients: fits contacts' keyed values, reports late reviews, makes and ends exports."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from alcove.clinic.clients import actions
from alcove.clinic.clients.models import Client, Export
from alcove.clinic.clients.policy import Clients, Did
from alcove.clinic.clients.queries import contacts, exporting, finding, glass
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Refused
from alcove.security.access.policy import Keys
from alcove.security.jobs.models import Job
from alcove.security.vault import crypto, cuts, files, zips
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import House

LOOK_SECONDS: Final = 86_400.0
"""How often the worker looks whether contacts are to be cut anew, besides once at its start."""
REVIEW_SECONDS: Final = 300.0
"""How often the worker looks for emergency access that nobody reviewed in time."""
STEP: Final = 100
EXPORTS_SECONDS: Final = 300.0
"""How often the worker looks for files of exports that are over."""
EXPORT_BATCH: Final = 200
"""Clients that are open at the same time while an export is written."""
TURN_SECONDS: Final = 0.5
"""How long one job goes on: the worker has the log to link each second."""


def _actor() -> Actor:
    return Actor.job("contacts", Keys.ROTATE)


def fit_contacts() -> None:
    """Choose the bits anew where the number of clients has moved, and queue the cutting of what is behind."""
    if not House.objects.exists():
        return
    clients = Client.objects.count()
    if bits := contacts.bits_to_set(clients):
        with suppress(actions.Unchanged):
            actions.change_contact_bits(_actor(), bits, clients)
    is_queued = Job.objects.filter(name=actions.RECUT_JOB, state__in=(Job.State.WAITING, Job.State.RUNNING))
    if len(cuts.held()) > 1 and not is_queued.exists():
        actions.begin_recut(_actor())


def escalate_glass() -> None:
    """Tell owners and officers of emergency access that nobody reviewed in time (ACC-08)."""
    if glass.any_to_escalate():
        actions.escalate_glass(Actor.job("reviews", Clients.REVIEW_GLASS))


def make_export(export_id: str) -> None:
    """Write the file of an export, as the exporter with the rights they hold now (ACC-10).

    Raises ``Refused`` if they hold them no more. A file made twice, because a worker died, is thrown away.
    """
    export = Export.objects.filter(pk=UUID(export_id), made_at__isnull=True, ended_at__isnull=True).first()
    if export is None or export.begun_at is None:
        return
    actor = exporting.exporter(export)
    if actor is None:
        raise Refused(Clients.EXPORT.key)
    ids = [UUID(one) for one in export.chosen]
    cards: list[dict[str, Any]] = []
    for at in range(0, len(ids), EXPORT_BATCH):
        with keyring():
            # The entry that names these clients is durable before the first of them is opened.
            opened = finding.opened(actor, ids[at : at + EXPORT_BATCH], Did.EXPORT_TAKEN)
            cards += [exporting.card(one) for one in opened]
        if at + EXPORT_BATCH < len(ids):
            actions.note_export(actor, export, len(cards))
    passphrase, key = zips.new_passphrase(), crypto.new_key()
    archive = zips.sealed_zip(passphrase, exporting.files(export, cards), timezone.localtime())
    name = files.store(key, [archive], export.id, exporting.LABEL)
    try:
        actions.finish_export(
            actor, export, done=len(cards), object_name=name, file_key=key, passphrase=passphrase
        )
    except BaseException:
        files.discard(name)
        raise


def end_exports() -> None:
    """Destroy the files of exports that were fetched or are older than a day."""
    if exporting.any_to_end():
        actions.end_exports(Actor.job("exports", Clients.EXPORT))


def recut_contacts() -> None:
    """Cut contacts anew for a moment; the last step of a turn queues the next one.

    Raises ``SealBroken`` when only clients are left that do not open.
    """
    until = time.monotonic() + TURN_SECONDS
    is_last = False
    while not is_last:
        is_last = time.monotonic() >= until
        if not actions.recut_some(_actor(), STEP, goes_on_later=is_last):
            return
