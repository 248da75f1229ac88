"""The queue of alerts, one alert, and the pages of whoever is asked about their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients.actions import ReasonTooShort
from alcove.compliance.actions import alerts as deeds
from alcove.compliance.actions import keeping
from alcove.compliance.continuity.queries import pages as continuity
from alcove.compliance.forms import AnswerForm, AskForm, CloseForm, ReasonForm
from alcove.compliance.policy import Alerts
from alcove.compliance.queries import alerts as alerts_of
from alcove.compliance.queries import reviewing
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.guards import guard
from alcove.security.access.opening import record_refusal


@guard(GET=Alerts.VIEW)
def alerts(request: HttpRequest) -> HttpResponse:
    """Every alert that waits, or those that are closed; and whether the monthly review is due."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    show = request.GET.get("show", "")
    show = show if show in alerts_of.SHOWN else ""
    page = {
        "rows": alerts_of.queue(actor, show),
        "show": show,
        "shown": [
            {"name": name, "url": f"?show={key}" if key else "?", "current": key == show}
            for key, name in alerts_of.SHOWN.items()
        ],
        "review_due": reviewing.due_at(),
        "is_overdue": reviewing.is_overdue(),
        "may_sign": actor.holds(Alerts.SIGN),
        "tests": continuity.red(actor),
    }
    return render(request, "compliance/alerts.html", page)


@guard(GET=Alerts.VIEW)
def alert(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One alert: why, the evidence, question and answer, the result."""
    return _page(request, case_id)


def _page(
    request: HttpRequest,
    case_id: UUID,
    *,
    status: int = 200,
    problem: str = "",
    given: dict[str, Form] | None = None,
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    given = given or {}
    page = {
        "page": alerts_of.page(actor, case_id),
        "may_decide": actor.holds(Alerts.DECIDE),
        "may_release": actor.holds(Alerts.RELEASE),
        "ask_form": given.get("ask", AskForm()),
        "close_form": given.get("close", CloseForm()),
        "release_form": given.get("release", ReasonForm()),
        "problem": problem,
    }
    return render(request, "compliance/alert.html", page, status=status)


def _decided(
    request: HttpRequest,
    case_id: UUID,
    name: str,
    form: Form,
    deed: Callable[[dict[str, Any]], None],
    done: str,
) -> HttpResponse:
    """Do one deed about an alert and go back to it; a refusal or bad input shows the alert with what was typed."""
    field = list(form.fields)[-1]
    if not form.is_valid():
        return _page(request, case_id, status=422, given={name: form})
    try:
        deed(form.cleaned_data)
    except ReasonTooShort as wrong:
        form.add_error(field, str(wrong))
        return _page(request, case_id, status=422, given={name: form})
    except Refused as refused:
        record_refusal(request.actor, refused.needed, where=f"compliance:alert_{name}")  # type: ignore[attr-defined]  # middleware's
        return _page(request, case_id, status=403, problem=str(refused), given={name: form})
    except Conflict as conflict:
        return _page(request, case_id, status=409, problem=str(conflict), given={name: form})
    return HttpResponseRedirect(reverse("compliance:alert", kwargs={"case_id": case_id}) + f"?done={done}")


@guard(POST=Alerts.DECIDE)
def ask(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Ask the person concerned."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = AskForm(request.POST)
    return _decided(
        request,
        case_id,
        "ask",
        form,
        lambda taken: deeds.ask(actor, case_id, question=taken["question"]),
        "asked_them",
    )


@guard(POST=Alerts.DECIDE)
def close(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Close it with a result and a reason."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = CloseForm(request.POST)
    return _decided(
        request, case_id, "close", form,
        lambda taken: deeds.close(actor, case_id, outcome=taken["outcome"], finding=taken["finding"]), "alert_closed",
    )  # fmt: skip


@guard(POST=Alerts.RELEASE)
def release(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Let whom this alert is about take clients out again today."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    person_id = alerts_of.concerned(actor, case_id)
    form = ReasonForm(request.POST)
    return _decided(
        request, case_id, "release", form,
        lambda taken: keeping.release(actor, person_id, reason=taken["reason"]), "released",
    )  # fmt: skip


# What one is asked --------------------------------------------------------------------------------------------------


@guard(GET=Alerts.OWN_VIEW)
def own(request: HttpRequest) -> HttpResponse:
    """What one is asked about one's own access."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    return render(request, "compliance/own.html", {"rows": alerts_of.own(actor)})


@guard(GET=Alerts.OWN_VIEW, POST=Alerts.ANSWER)
def own_one(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One question with what it is about; POST answers it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = AnswerForm(request.POST if request.method == "POST" else None)
    status, problem = 422 if form.is_bound else 200, ""
    if form.is_valid():
        try:
            deeds.answer(actor, case_id, text=form.cleaned_data["answer"])
        except ReasonTooShort as wrong:
            form.add_error("answer", str(wrong))
        except Conflict as conflict:
            status, problem = 409, str(conflict)
        else:
            return HttpResponseRedirect(reverse("questions:own") + "?done=answered")
    page = {"page": alerts_of.own_page(actor, case_id), "form": form, "problem": problem}
    return render(request, "compliance/own_one.html", page, status=status)
