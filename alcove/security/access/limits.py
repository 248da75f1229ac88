"""How many clients one person takes out on one day (WAT-07): the next one is held until an owner or officer releases.

Counted before the key is unwrapped, in one transaction whose row decides between two requests at the same moment. What
must never happen: one client more than the limit on paper without a release. Files of many clients have a rule of
their own (ACC-10, ``export.alone``).
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from alcove.security.access.actors import Actor
from alcove.security.access.errors import Held
from alcove.security.access.models import Taken, TakenDay
from alcove.security.access.need import NOBODY
from alcove.security.access.rules import RULES
from alcove.security.access.writes import write_turn, writing
from alcove.security.audit import clock
from alcove.security.audit.events import Event

TAKING: Final = frozenset({"printed", "exported"})
RULE: Final = "taken.day"


def counts(actor: Actor, event: Event) -> bool:
    """Whether this deed takes a client out and is a person's; the console has approvals of its own."""
    return actor.kind == "person" and actor.id is not None and event.key.rpartition(".")[2] in TAKING


def take(actor: Actor, client_id: UUID) -> None:
    """Count this client for today; raise ``Held`` if they are one too many. The same client again is no other one."""
    limit = RULES[RULE].chosen
    with write_turn(), writing("clients taken out"), transaction.atomic():
        day = _today(actor.id or NOBODY)
        # The row is held from here on, so two requests count one after the other.
        day = TakenDay.objects.select_for_update().get(pk=day.pk)
        if day.clients.filter(client_id=client_id).exists():
            return
        if day.count >= limit * (1 + day.released):
            raise Held(
                f"You have printed or downloaded {day.count} clients today, which is as many as one person may. An "
                "owner or the compliance officer can release you; they were told."
            )
        Taken.objects.create(day=day, client_id=client_id)
        TakenDay.objects.filter(pk=day.pk).update(count=F("count") + 1)


def _today(person_id: UUID) -> TakenDay:
    on_day = timezone.localtime(clock.now()).date()
    TakenDay.objects.bulk_create([TakenDay(person_id=person_id, on_day=on_day)], ignore_conflicts=True)
    return TakenDay.objects.get(person_id=person_id, on_day=on_day)
