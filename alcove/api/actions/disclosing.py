"""Giving out sensitive entries with a client's export: asked for in so many words, with a reason, each on the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.apps import apps

from alcove.clinic.clients.actions import record_export
from alcove.clinic.clients.models import Client
from alcove.security.access.change import Change, action
from alcove.security.access.models import Audience
from alcove.security.access.policy import Did, Sensitive


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What somebody asked for: entries of these categories, for this country or state, and who asked why."""

    categories: frozenset[str]
    region: str
    reason: str


@action(Sensitive.DISCLOSE)
def disclose(
    change: Change, client: Client, *, files: Sequence[str], wanted: Disclosure, given: Sequence[Audience]
) -> None:
    """Record an export and, each by itself, the sensitive entries in it. The log names no category.

    The entry of the export itself says no more than any other's: those outside an audience read it.
    """
    record_export(change, client, files=files)
    for audience in given:
        # By its id alone: a draft that was discarded since has no row any more.
        head = apps.get_model(audience.head_model)(pk=audience.head_id)
        change.record(
            Did.ENTRY_DISCLOSED,
            client_id=client.id,
            on=head,
            fields=(f"to {wanted.region}",),
            reason=wanted.reason,
        )
