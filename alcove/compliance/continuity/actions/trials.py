"""Tests that people make: entered, corrected, withdrawn. The baseline hears of each at once."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from alcove.clinic.practice.actions import Unfit
from alcove.clinic.practice.actions.writing import named
from alcove.compliance.baseline.actions import put_down
from alcove.compliance.baseline.queries.looks import look
from alcove.compliance.continuity.actions.writing import differs, end, rewritten
from alcove.compliance.continuity.models import Trial
from alcove.compliance.continuity.policy import Continuity, Did
from alcove.security.access.change import Change, action

_TAKEN = "A test of this day with this result is on the list already. Change that one."


def _must_fit(change: Change, values: dict[str, Any]) -> None:
    """Raise ``Unfit`` for a test that cannot have been, or that does not say what was tested."""
    kind, on, again = values["kind"], values["on"], values["next_on"]
    if on > timezone.localdate(change.now):
        raise Unfit("on", "A test cannot have been made on a day that is still to come.")
    if kind == Trial.Kind.FAILOVER and values["location"] is None:
        raise Unfit("location", "Choose the location whose line was tested.")
    if kind == Trial.Kind.OTHER and not values["what"]:
        raise Unfit("what", "Write what was tested.")
    if again is not None and again <= on:
        raise Unfit("next_on", "The next test lies after this one.")
    if not values["is_passed"] and not values["learnt"]:
        raise Unfit("learnt", "Write what failed, and what is done about it.")


def _fitted(change: Change, values: dict[str, Any]) -> dict[str, Any]:
    _must_fit(change, values)
    # Only where the kind does not say what was tested is it asked for.
    what = values["what"] if values["kind"] == Trial.Kind.OTHER else ""
    return values | {"what": what, "learnt": values["learnt"] or None}


@action(Continuity.EDIT)
def add_trial(change: Change, /, **values: Any) -> Trial:
    """Enter a test: ``kind``, ``location``, ``what``, ``on``, ``by``, ``is_passed``, ``learnt``, ``next_on``.

    Raises ``Unfit`` for a day that is to come, and for the same test twice.
    """
    given = _fitted(change, values)
    row = named(
        lambda: change.create(Trial, Did.TRIAL_ADDED, changed_at=change.now, **given), field="on", sentence=_TAKEN
    )  # fmt: skip
    _compare(change)
    return row


@action(Continuity.EDIT)
def change_trial(change: Change, /, row: Trial, **values: Any) -> Trial:
    """Correct a test; what stood there is kept as an earlier version."""
    given = _fitted(change, values)
    differs(row, given)
    named(lambda: rewritten(change, row, Did.TRIAL_CHANGED, given), field="on", sentence=_TAKEN)
    _compare(change)
    return row


@action(Continuity.EDIT)
def withdraw_trial(change: Change, row: Trial, *, why: str) -> None:
    """Withdraw a test that was entered wrongly, with the reason; it stays on the page as withdrawn."""
    end(change, row, Did.TRIAL_ENDED, ended_why=why.strip())
    _compare(change)


def _compare(change: Change) -> None:
    put_down(change, look(("trials",)))
