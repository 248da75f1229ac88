"""What clients say about themselves on a tablet: kept while they type, sent, accepted or declined by staff (IDN-14)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.utils import timezone

from alcove.clinic.clients.actions import Unchanged, change_client
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.clinic.records.actions.items import accept_item, add_item, change_item
from alcove.clinic.records.models import Item, PatientDraft, PatientEntry
from alcove.clinic.records.models.content import KINDS, Entry, Observation
from alcove.clinic.records.models.told import CONTACT, Said
from alcove.clinic.records.policy import Did, Records
from alcove.clinic.records.queries.told import DRAFT_LIFE
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.policy import Open
from alcove.security.identity.actions import handing
from alcove.security.identity.models import HandOver
from alcove.security.identity.policy import Tablet
from alcove.security.vault.entries import held_at_once
from alcove.security.vault.errors import RowsBusy
from alcove.ui.moments import plain_day

SOURCE: Final = "patient"
GONE: Final = {"allergy": "inactive", "medication": "stopped", "condition": "resolved"}
"""What an entry's status becomes when the client says it is over."""
DIRECTORY: Final = frozenset({"phones", "emails", "preferred"})
"""Parts of the card that lie in its directory; the others are details."""
CHANGED_SINCE: Final = (
    "The card was changed after the client said this. Compare both, change the card by hand if need be, then "
    "decline this."
)
DECIDED: Final = "Somebody has decided on this already."


@action(Open.OWN)
def keep_patient_draft(change: Change, client: Client, step: str, typed: Mapping[str, str]) -> None:
    """Keep what was typed on one step; what is kept already is kept once and only noted."""
    row = PatientDraft.objects.filter(client=client).first() or PatientDraft(client=client, content={})
    is_living = row.saved_at > change.now - DRAFT_LIFE
    row.content = {**(row.content if is_living else {}), step: dict(typed)}
    row.saved_at = change.now
    row.save()
    change.record(Did.TABLET_KEPT, client_id=client.id, fields=(step,))


@action(Open.OWN)
def tell(change: Change, client: Client, held: HandOver, said: Sequence[Said]) -> int:
    """Send a client's corrections to staff and end the hand-over; return how many are new.

    What waits already with the same words is not sent twice. Raises ``Refused`` for what this tablet was not handed
    over for.
    """
    waiting = [
        (one.kind, one.contact or one.content)
        for one in PatientEntry.objects.filter(client=client, state=PatientEntry.State.WAITING)
    ]
    new = [one for one in said if (one.kind, dict(one.content)) not in waiting]
    for one in new:
        _must_be_in_sight(one)
        is_contact = one.kind == CONTACT
        change.actor.must(Tablet.CONTACT if is_contact else Tablet.HISTORY)
        values = {"contact" if is_contact else "content": dict(one.content)}
        change.create(PatientEntry, Did.TOLD, client=client, hand_over_id=held.id, kind=one.kind, **values)
    if not new:
        change.record(Did.CONFIRMED, client_id=client.id)
    PatientDraft.objects.filter(client=client).delete()
    handing.finish(change, held)
    return len(new)


def _must_be_in_sight(said: Said) -> None:
    """Raise ``Conflict`` for something said of an entry that is there no more, or not for this tablet, since now."""
    named = said.content.get("item", "")
    if not named:
        return
    try:
        # Held until this ends, so that an entry marked sensitive at this moment takes what is said of it with it.
        held = held_at_once(Item.objects.filter(pk=UUID(named)))
    except RowsBusy:
        held = []
    if not held:
        raise Conflict("Something changed meanwhile. Please go back one page and look again.")


@action(Clients.EDIT)
def accept_contact(change: Change, told: PatientEntry, client: Client) -> None:
    """Put a correction of the contact details on the card. Raises ``Conflict`` if the card was changed since."""
    _must_wait(told)
    what, said = told.contact["what"], told.contact["said"]
    column = "directory" if what in DIRECTORY else "details"
    held = getattr(client, column)
    if (held.get(what) or None) not in ((told.contact["before"] or None), (said or None)):
        raise Conflict(CHANGED_SINCE)
    with suppress(Unchanged):
        after = {**held, what: said}
        if column == "directory":
            change_client(change, client, directory=after)
        else:
            change_client(change, client, details=after)
    _decide(change, told, PatientEntry.State.ACCEPTED)


@action(Records.VERIFY)
def accept_history(change: Change, told: PatientEntry, client: Client, item: Item | None = None) -> None:
    """Put on the chart what a client said of their health, as checked by this clinician.

    ``item``: the entry it is about, None for something new. Raises ``Conflict`` if that was struck meanwhile.
    """
    _must_wait(told)
    if item is None:
        change.actor.must(Records.CREATE)
        kind, entry = _new_entry(told)
        accept_item(change, add_item(change, client, kind=kind, entry=entry, source=SOURCE))
    else:
        change.actor.must(Records.EDIT)
        change_item(change, item, entry=_changed(item.entry, told))
    _decide(change, told, PatientEntry.State.ACCEPTED)


@action(Clients.EDIT)
def decline_contact(change: Change, told: PatientEntry, *, reason: str) -> None:
    """Leave the card as it is; the reason goes sealed into the log."""
    _must_wait(told)
    _decide(change, told, PatientEntry.State.DECLINED, reason)


@action(Records.VERIFY)
def decline_history(change: Change, told: PatientEntry, *, reason: str) -> None:
    """Leave the chart as it is; the reason goes sealed into the log."""
    _must_wait(told)
    _decide(change, told, PatientEntry.State.DECLINED, reason)


def _must_wait(told: PatientEntry) -> None:
    if not told.is_waiting:
        raise Conflict(DECIDED)


def _decide(change: Change, told: PatientEntry, state: str, reason: str = "") -> None:
    event = Did.TOLD_ACCEPTED if state == PatientEntry.State.ACCEPTED else Did.TOLD_DECLINED
    change.update(told, event, reason=reason, state=state, decided_at=change.now, decided_by=change.actor.id)


def _new_entry(told: PatientEntry) -> tuple[str, Entry]:
    """Return kind and entry of something the chart does not have yet."""
    content = told.content
    if told.kind in GONE:
        note = f"In the client's words: {content['said']}" if content["said"] else ""
        return told.kind, KINDS[told.kind](name=content["name"], status="active", note=note)
    on = timezone.localdate(told.said_at).isoformat()
    is_coded = told.kind == "pregnancy"
    entry = Observation(
        name=content["name"], value=content["said"], category="survey", status="final", start=on,
        code="82810-3" if is_coded else "", system="http://loinc.org" if is_coded else "",
    )  # fmt: skip
    return Item.Kind.OBSERVATION, entry


def _changed(entry: Entry, told: PatientEntry) -> Entry:
    """Return an entry of the chart as it reads once what the client said is accepted."""
    day = timezone.localdate(told.said_at)
    words = f"The client on {plain_day(day)}: {told.content['said']}" if told.content["said"] else ""
    note = "\n".join(filter(None, (entry.note, words)))
    if told.content["what"] == "gone":
        return replace(entry, status=GONE[told.kind], end=entry.end or day.isoformat(), note=note)
    return replace(entry, note=note)


def item_id_of(told: PatientEntry) -> UUID | None:
    """Return the id of the chart's entry that a client spoke of, None for something new."""
    named = told.content.get("item", "") if told.content else ""
    return UUID(named) if named else None
