"""Putting down what a comparison found, accepting a weakness, and the register of places outside."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from alcove.compliance.baseline.models import Comparison, Place, Weakness
from alcove.compliance.baseline.policy import Baseline, Did
from alcove.compliance.baseline.queries.kinds import KINDS, Weak
from alcove.compliance.baseline.queries.looks import Looked, look
from alcove.compliance.baseline.queries.pages import unclosed
from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.identity.actions.notices import tell_deciders

NOTICE = "baseline"
"""What messages about weaknesses are called."""
_THE_ONE = 1
_USED_AGAIN = timedelta(days=1)
"""A place's last call is written this often: each writing is an entry on the log."""


class OutOfTime(ValueError):
    """A day until which a weakness cannot be accepted; the text goes beside the field."""


@action(Baseline.RUN)
def put_down(change: Change, looked: Looked) -> int:
    """File what a comparison found and was not open, close what it no longer sees; return how many are new.

    Two comparisons at once put down their results one after the other.
    """
    held = _hold(change, looked)
    before = {(one.kind, one.subject): one for one in unclosed().select_for_update()}
    now = {(one.kind, one.subject): one for one in looked.found}
    new = [_file(change, one) for key, one in now.items() if key not in before]
    for key, row in before.items():
        if key in now:
            new += _go_on(change, row, now[key])
        elif row.kind in looked.asked:
            row.closed_at = change.now
            row.save(update_fields=["closed_at"])
            change.record(Did.CLOSED, on=row, fields=(row.kind,))
    held.save()
    change.record(Did.COMPARED, fields=(f"{len(looked.asked)} kinds", f"{len(now)} weak"))
    if new:
        _tell(change, new)
    return len(new)


def _hold(change: Change, looked: Looked) -> Comparison:
    Comparison.objects.bulk_create([Comparison(id=_THE_ONE)], ignore_conflicts=True)
    held = Comparison.objects.select_for_update().get(pk=_THE_ONE)
    if len(looked.asked) > 1:
        held.at, held.compared = change.now, len(looked.asked)
    return held


def _file(change: Change, one: Weak) -> Weakness:
    row = Weakness.objects.create(
        kind=one.kind, subject=one.subject, what=one.what[:300], found_at=change.now
    )
    change.record(Did.FOUND, on=row, fields=(one.kind,))
    return row


def _go_on(change: Change, row: Weakness, one: Weak) -> list[Weakness]:
    """Bring an open weakness up to date; return it if its acceptance ended, so that it is told anew."""
    lapsed = row.accepted_until is not None and not row.is_accepted(timezone.localdate(change.now))
    if lapsed:
        row.accepted_until = row.accepted_at = row.accepted_by_id = row.accepted_why = None
        change.record(Did.LAPSED, on=row, fields=(row.kind,))
    if lapsed or row.what != one.what[:300]:
        row.what = one.what[:300]
        row.save()
    return [row] if lapsed else []


def _tell(change: Change, rows: list[Weakness]) -> None:
    """Tell the officer once of each; what it is about stands on the page, not in the mail."""
    titles = "\n".join(f"- {title}" for title in dict.fromkeys(KINDS[one.kind].title for one in rows))
    text = (
        "The daily comparison of the system with the safe baseline found something new:\n\n"
        f"{titles}\n\nWhat it is, why it matters and how to mend it: "
        f"{settings.ALCOVE.public_address}/compliance/baseline/"
    )
    tell_deciders(change, Baseline.ACCEPT, NOTICE, "The system is weaker than the baseline", text)


@action(Baseline.ACCEPT)
def accept(change: Change, weakness: Weakness, *, why: str, until: date) -> None:
    """Accept a weakness with a reason until a day; then it counts again.

    Raises ``OutOfTime``, or ``Conflict`` if it is gone or accepted already.
    """
    today = timezone.localdate(change.now)
    if not today <= until <= today + policy.ACCEPTED_MOST:
        last = today + policy.ACCEPTED_MOST
        raise OutOfTime(f"Choose a day from today to {last:%d %B %Y}.")
    row = Weakness.objects.select_for_update().get(pk=weakness.pk)
    if row.closed_at is not None:
        raise Conflict("The newest comparison no longer sees this weakness.")
    if row.is_accepted(today):
        raise Conflict("Somebody has accepted this already.")
    row.accepted_until, row.accepted_at = until, change.now
    row.accepted_by_id, row.accepted_why = change.actor.id, why.strip()
    row.save()
    change.record(Did.ACCEPTED, on=row, fields=(row.kind, f"until {until.isoformat()}"))


# Places outside -------------------------------------------------------------------------------------------------------


@action(Baseline.RUN)
def note_calls(change: Change, calls: Iterable[tuple[str, datetime]]) -> None:
    """Note which places were called and when. Raises ``NothingRecorded`` where that is known already."""
    for host, at in calls:
        Place.objects.bulk_create([Place(host=host)], ignore_conflicts=True)
        row = Place.objects.select_for_update().get(pk=host)
        if row.last_at is not None and at - row.last_at < _USED_AGAIN:
            continue
        row.first_at, row.last_at = row.first_at or at, at
        row.save(update_fields=["first_at", "last_at"])
        change.record(Did.PLACE_CALLED, fields=(host,))


@action(Baseline.REGISTER)
def register(change: Change, *, host: str, purpose: str, goes: str) -> None:
    """Say what a place outside is for and what data ``goes`` there; raise ``Conflict`` if it is registered already."""
    Place.objects.bulk_create([Place(host=host)], ignore_conflicts=True)
    row = Place.objects.select_for_update().get(pk=host)
    if row.registered_at is not None:
        raise Conflict("This place is on the register already.")
    row.purpose, row.data = purpose.strip(), goes.strip()
    row.registered_at, row.registered_by_id = change.now, change.actor.id
    row.save()
    change.record(Did.PLACE_REGISTERED, fields=(host,))
    put_down(change, look(("places",)))


@action(Baseline.REGISTER)
def take_off(change: Change, host: str) -> None:
    """Take a place off the register that somebody entered; raise ``Conflict`` if it is not there."""
    row = Place.objects.select_for_update().filter(pk=host, registered_at__isnull=False).first()
    if row is None:
        raise Conflict("This place is not on the register any more.")
    row.purpose, row.data, row.registered_at, row.registered_by_id = "", "", None, None
    row.save()
    change.record(Did.PLACE_REMOVED, fields=(host,))
    put_down(change, look(("places",)))
