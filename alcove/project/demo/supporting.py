"""Rights and the host in the demo: a file of rights waits for the owner; the host was let in once, and tried before."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, Final

from alcove.project.demo.people import OWNER
from alcove.project.demo.stage import BY_KEY, Stage, moment
from alcove.security.access import rights_file
from alcove.security.access.actors import Actor, by_leave
from alcove.security.access.models import Role, SupportAccess
from alcove.security.access.opening import open_client
from alcove.security.identity.actions import rights_file as rights
from alcove.security.identity.actions import support
from alcove.security.vault.keyring import keyring

_ACCOUNT: Final = "northlight"
"""The host's system account, by which it came then."""
_NAME: Final = "Jonas Keller"
_REASON: Final = (
    "The export of one client stops half-way. I need to see on which document, with Rosa on the phone."
)
_PURPOSE: Final = "Sheet of rights agreed with the compliance officer in June, from the other practice's file"
_TAKEN: Final = {"front_desk": {"calendar.delete", "leads.edit"}, "marketing": {"marketing.delete"}}
_ASKED: Final = {"front_desk": {"records.view"}, "bookkeeper": {"clients.export", "all"}}


def plan(stage: Stage) -> None:
    """Plan the host's try, request, looks and end, and the file that waits."""
    owner = BY_KEY[OWNER.key]
    day = stage.workday(owner, stage.today - timedelta(days=12))
    nine = moment(day, 9 * 60)
    stage.at(nine + timedelta(minutes=4), "", _try_without)
    stage.at(nine + timedelta(minutes=9), "", partial(_ask, stage))
    stage.at(nine + timedelta(minutes=21), OWNER.key, partial(_decide, stage))
    stage.at(nine + timedelta(minutes=26), "", partial(_look, stage))
    stage.at(nine + timedelta(minutes=58), OWNER.key, partial(_end, stage))
    stage.at(stage.until - timedelta(hours=18), "", _bring)


def _operator() -> Actor:
    return Actor.operator(_ACCOUNT)


def _try_without() -> None:
    support.note_attempt(_operator(), _ACCOUNT, "export client")


def _ask(stage: Stage) -> None:
    if stage.cards:
        support.ask(_operator(), _ACCOUNT, name=_NAME, reason=_REASON, hours=2)


def _decide(stage: Stage) -> None:
    for access in SupportAccess.objects.filter(decided_at__isnull=True):
        support.decide(stage.actor(OWNER.key), access, is_granted=True)


def _look(stage: Stage) -> None:
    made = [card.client for card in stage.cards if card.row is not None]
    if not made or not SupportAccess.objects.filter(is_granted=True).exists():
        return
    with by_leave(support.use(_operator(), _ACCOUNT, "export client")):
        for client in made[:2]:
            with keyring():
                open_client(_operator(), client.id)


def _end(stage: Stage) -> None:
    for access in SupportAccess.objects.filter(is_granted=True, ended_at__isnull=True):
        support.end(stage.actor(OWNER.key), access)


def _bring() -> None:
    rights.bring_file(Actor.operator("alcove"), rights_file.of_stored(_sheet()), purpose=_PURPOSE)


def _sheet() -> list[dict[str, Any]]:
    rows = [
        {
            "key": role.key,
            "name": role.name,
            "rights": sorted((set(role.rights) - _TAKEN.get(role.key, set())) | _ASKED.get(role.key, set())),
        }
        for role in Role.objects.all()
        if role.key != "it_provider"
    ]
    return [*rows, {"key": "concierge", "name": "Concierge", "rights": ["clients.view"]}]
