"""The demo's browsers: shared ones in both places, two personal ones, one that waits, one that was lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from alcove.security.access.change import Change, action
from alcove.security.identity import tokens
from alcove.security.identity.models import Device, Person
from alcove.security.identity.policy import Devices, Did

_KIND, _STATE = Device.Kind, Device.State


class Kept(NamedTuple):
    """One browser of the demo: its name, class, system, who brought it, and how it stands."""

    name: str
    kind: Device.Kind
    system: str
    brought_by: str
    state: Device.State = _STATE.APPROVED


BROWSERS: Final = (
    Kept("Front desk, San Francisco", _KIND.DESK, "Chrome 142 on Windows", "maya.johnson"),
    Kept("Front desk, Oakland", _KIND.DESK, "Chrome 142 on Windows", "kofi.mensah"),
    Kept("Room 1 tablet", _KIND.ROOM, "Safari on iPad", "lily.tran"),
    Kept("Room 2 tablet", _KIND.ROOM, "Safari on iPad", "priya.nair"),
    Kept("Laser room", _KIND.ROOM, "Chrome 142 on Windows", "daniel.brandt"),
    Kept("Back office", _KIND.OFFICE, "Edge 142 on Windows", "rosa.delgado"),
    Kept("Dr Rahimi's laptop", _KIND.PERSONAL, "Safari on Mac", "nadia.rahimi"),
    Kept("Ingrid's laptop", _KIND.PERSONAL, "Safari on Mac", "ingrid.solheim"),
    Kept("Room 3 tablet", _KIND.ROOM, "Safari on iPad", "grace.okonkwo", _STATE.LOST),
    Kept("Chrome 142 on Android", _KIND.OFFICE, "Chrome 142 on Android", "kofi.mensah", _STATE.PENDING),
)


@action(Devices.APPROVE)
def bring(change: Change, people: dict[str, Person]) -> None:
    """Put the browsers down as of now; the keys of these do not exist, so none of them opens anything."""
    decider = people["nadia.rahimi"]
    for number, kept in enumerate(BROWSERS):
        person, is_waiting = people[kept.brought_by], kept.state == _STATE.PENDING
        device = change.create(
            Device, Did.DEVICE_SEEN, key_digest=tokens.new_token()[1], public_key="no browser holds this key",
            name=kept.name, kind=kept.kind, system=kept.system, state=_STATE.PENDING, asked_by=person,
            asked_at=change.now - timedelta(minutes=18 if is_waiting else 600 + number),
            holder=person if kept.kind == _KIND.PERSONAL else None,
        )  # fmt: skip
        if is_waiting:
            continue
        change.update(
            device,
            Did.DEVICE_APPROVED,
            state=_STATE.APPROVED,
            decided_at=change.now,
            decided_by_id=decider.id,
        )
        if kept.state == _STATE.LOST:
            change.update(device, Did.DEVICE_LOST, state=_STATE.LOST)
