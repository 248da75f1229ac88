"""Notes that tell of one visit, side by side, and what is decided about them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from alcove.clinic.records import actions, queries
from alcove.clinic.records.actions.pairs import DECIDED, UNSIGNED
from alcove.clinic.records.forms import PairsForm
from alcove.clinic.records.models import Note, NotePair
from alcove.clinic.records.policy import Records
from alcove.clinic.records.queries.pairs import Compared, Pair, compared, seen
from alcove.clinic.records.views.page import Whose, page, posted, to, whose
from alcove.security.access.errors import Conflict
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open

ONE_PRESS = timedelta(minutes=1)
"""The same decision by the same person within this time is one press of the button."""


@guard(GET=Open.RECORD, POST=Records.SIGN, opens="client_id")
def beside(request: HttpRequest, client_id: UUID, note_id: UUID) -> HttpResponse:
    """A note beside the others of its visit; POST keeps what was decided."""
    who = whose(request, client_id)
    found = queries.notes.note(who.actor, who.client, note_id)
    shown, form = compared(who.actor, who.client, found), PairsForm(posted(request))
    if not shown.takes_reason:
        del form.fields["reason"]
    if request.method != "POST":
        return _page(request, who, found, shown, form)
    if not form.is_valid():
        return _page(request, who, found, shown, form, status=422)
    return _settle(request, who, found, shown, form)


def _settle(request: HttpRequest, who: Whose, found: Note, shown: Compared, form: PairsForm) -> HttpResponse:
    outcome = NotePair.Outcome(form.cleaned_data["outcome"])
    if form.cleaned_data["seen"] != seen(shown.open) or not shown.open:
        if _was_just_decided(who, found, outcome):
            return to("beside", who, "settled", note_id=found.id)
        return _page(request, who, found, shown, form, problem=DECIDED, status=409)
    if shown.unread:
        return _page(request, who, found, shown, form, problem=UNSIGNED, status=409)
    try:
        actions.settle_pairs(
            who.actor, _rows(shown, shown.open), outcome=outcome, reason=form.cleaned_data.get("reason", "")
        )
    except Conflict as conflict:
        now = compared(who.actor, who.client, found)
        return _page(request, who, found, now, form, problem=str(conflict), status=409)
    return to("beside", who, "settled", note_id=found.id)


def _rows(shown: Compared, pairs: list[Pair]) -> list[tuple[Note, Note]]:
    notes = {side.note.id: side.note for side in shown.sides}
    return [(notes[one], notes[other]) for one, other in pairs]


def _was_just_decided(who: Whose, found: Note, outcome: NotePair.Outcome) -> bool:
    since = timezone.now() - ONE_PRESS
    rows = NotePair.objects.filter(
        client=who.client, decided_by_id=who.actor.id, outcome=outcome, decided_at__gt=since
    )
    return any(found.id in pair for pair in rows.values_list("first_id", "second_id"))


def _page(
    request: HttpRequest,
    who: Whose,
    found: Note,
    shown: Compared,
    form: PairsForm,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    return page(
        request, who, "records/beside.html", "notes", status=status, held=shown, note=found, form=form,
        problem=problem,
    )  # fmt: skip
