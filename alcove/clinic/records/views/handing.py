"""Handing a tablet to a client, and the client's own pages on it (IDN-14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import finding
from alcove.clinic.clients.queries.card import frame
from alcove.clinic.records.actions import told as actions
from alcove.clinic.records.forms.told import HandOverForm, OwnContactForm, OwnListForm, OwnWordsForm, StepForm
from alcove.clinic.records.models.told import Said
from alcove.clinic.records.policy import Did
from alcove.clinic.records.queries import told as queries
from alcove.clinic.records.queries.words import legible
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard, handed
from alcove.security.access.policy import Open
from alcove.security.identity.actions import hand_over as hand_over_session
from alcove.security.identity.policy import Tablet
from alcove.security.identity.tablets import TASKS
from alcove.security.identity.views.asking import began, spent
from alcove.security.identity.views.handing import handed_over


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the tablet: the right it needs, its template, and which list of the chart it asks about."""

    title: str
    needs: Tablet
    template: str
    kind: str = ""


STEPS: Final = {
    "contact": Step("Contact", Tablet.CONTACT, "records/tablet/contact.html"),
    "allergies": Step("Allergies", Tablet.HISTORY, "records/tablet/list.html", "allergy"),
    "medication": Step("Medication", Tablet.HISTORY, "records/tablet/list.html", "medication"),
    "conditions": Step("Conditions", Tablet.HISTORY, "records/tablet/list.html", "condition"),
    "more": Step("Anything else", Tablet.HISTORY, "records/tablet/words.html"),
}
CHECK: Final = "Check"


# Staff --------------------------------------------------------------------------------------------------------------


@guard(GET=Clients.EDIT, POST=Tablet.HAND, opens="client_id")
def hand_over(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Choose what the client does on the tablet, then hand it over: this browser's session steps aside."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by identity's middleware
    client = finding.client(actor, client_id)
    form = HandOverForm(request.POST if request.method == "POST" else None, _choices(actor))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            session = request.session_row  # type: ignore[attr-defined]  # as above
            try:
                token = hand_over_session(
                    actor, session, client_id, form.cleaned_data["tasks"], spent=spent(request)
                )
            except Conflict as why:
                form.add_error(None, str(why))
                status = 409
            else:
                return handed_over(token)
    page = {"frame": frame(actor, client), "form": form, "client_id": client_id} | began()
    return render(request, "records/hand_over.html", page, status=status)


def _choices(actor: Actor) -> list[tuple[str, str]]:
    """Return the tasks this person may hand over: never more than they may look at themselves."""
    return [(key, task.title) for key, task in TASKS.items() if key != "history" or actor.holds(Open.RECORD)]


# The client ---------------------------------------------------------------------------------------------------------


def _steps(actor: Actor) -> list[str]:
    return [name for name, step in STEPS.items() if actor.holds(step.needs)]


def _to(client_id: UUID, step: str) -> HttpResponse:
    if step == CHECK:
        return HttpResponseRedirect(reverse("records:tablet_check", kwargs={"client_id": client_id}))
    return HttpResponseRedirect(reverse("records:tablet_step", kwargs={"client_id": client_id, "step": step}))


@handed(event=Did.TABLET_OPENED, GET=Open.OWN)
def tablet(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Say hello and what this is about."""
    actor, client = _own(request, client_id)
    steps = _steps(actor)
    page = {"client": client, "first": steps[0], "names": [STEPS[name].title for name in steps]}
    return _page(request, "records/tablet/hello.html", page)


@handed(event=Did.TABLET_OPENED, GET=Open.OWN, POST=Open.OWN)
def tablet_step(request: HttpRequest, client_id: UUID, step: str) -> HttpResponse:
    """One step. POST keeps what was typed and goes on; with ``X-Alcove-Draft`` it keeps it and says so."""
    actor, client = _own(request, client_id)
    if step not in STEPS:
        raise NotFound("there is no such step")
    actor.must(STEPS[step].needs)
    steps = [*_steps(actor), CHECK]
    at = steps.index(step)
    if request.method != "POST":
        form = _form(actor, client, step, _drafted(actor, client, step))
        return _step_page(request, client, step, steps, form, is_new=True)
    form = _form(actor, client, step, request.POST)
    is_right = form.is_valid()
    actions.keep_patient_draft(actor, client, step, form.typed())
    if "X-Alcove-Draft" in request.headers:
        return HttpResponse(
            f"Kept {date_format(timezone.localtime(), 'H:i')}", content_type="text/plain; charset=utf-8"
        )
    if "back" in request.POST:
        return _to(client_id, steps[max(at - 1, 0)])
    if not is_right:
        return _step_page(request, client, step, steps, form)
    return _to(client_id, steps[at + 1])


@handed(event=Did.TABLET_OPENED, GET=Open.OWN, POST=Open.OWN)
def tablet_check(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Show what differs from what is on file; POST sends it to staff and ends the hand-over."""
    actor, client = _own(request, client_id)
    steps = _steps(actor)
    said: list[Said] = []
    for step in steps:
        form = _form(actor, client, step, _drafted(actor, client, step))
        if form.is_bound and not form.is_valid():
            return _to(client_id, step)
        said += form.said() if form.is_bound else []
    if request.method == "POST":
        actions.tell(actor, client, request.hand_over, said)  # type: ignore[attr-defined]  # set by the middleware
        return HttpResponseRedirect(reverse("identity:hand_over_end"))
    page = {
        "client": client, "said": [_said_words(one) for one in said], "number": len(steps) + 1,
        "title": CHECK, "last": steps[-1],
    }  # fmt: skip
    return _page(request, "records/tablet/check.html", page)


def _own(request: HttpRequest, client_id: UUID) -> tuple[Actor, Client]:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by identity's middleware
    return actor, queries.own_card(actor, client_id)


def _drafted(actor: Actor, client: Client, step: str) -> Mapping[str, str] | None:
    return queries.own_draft(actor, client).get(step)


def _form(actor: Actor, client: Client, step: str, data: Any) -> StepForm:
    if step == "contact":
        return OwnContactForm(data, client, finding.country())
    if kind := STEPS[step].kind:
        return OwnListForm(data, kind, queries.own_lines(actor, client, kind))
    return OwnWordsForm(data, client)


def _step_page(
    request: HttpRequest, client: Client, step: str, steps: list[str], form: StepForm, *, is_new: bool = False
) -> HttpResponse:
    page = {
        "client": client, "form": form, "step": step, "number": steps.index(step) + 1, "total": len(steps),
        "title": STEPS[step].title, "is_first": step == steps[0],
    }  # fmt: skip
    return _page(request, STEPS[step].template, page, 200 if is_new or not form.errors else 422)


def _page(request: HttpRequest, template: str, page: dict[str, Any], status: int = 200) -> HttpResponse:
    page |= {
        "warn_seconds": int(policy.HAND_OVER_WARNING.total_seconds()),
        "end_seconds": int(policy.HAND_OVER_IDLE.total_seconds()),
    }
    answer = render(request, template, page, status=status)
    answer.content = legible(answer.content.decode("utf-8", "surrogatepass")).encode()
    return answer


def _said_words(one: Said) -> tuple[str, str]:
    """Return (what, words) of a correction, to be read back to the client."""
    return queries.own_words(one.kind, one.content)
