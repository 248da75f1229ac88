"""The probes: the list, adding one with its token shown once, renaming, renewing, ending; and the program they run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from alcove import probe as program_of
from alcove.clinic.practice.views.saving import actor_of, done, saved, sent
from alcove.compliance.uptime import actions
from alcove.compliance.uptime.forms import EndForm, NameForm, ProbeForm
from alcove.compliance.uptime.models import Probe
from alcove.compliance.uptime.policy import Uptime
from alcove.compliance.uptime.queries import probes as probes_of
from alcove.security import policy_defaults as policy
from alcove.security.access.guards import guard

LIST: Final = "uptime:probes"
PROGRAM: Final = "alcove-probe.py"


@guard(GET=Uptime.VIEW)
def probes(request: HttpRequest) -> HttpResponse:
    """Every probe: where it looks from, when it was last heard of."""
    actor = actor_of(request)
    page = {
        "lines": probes_of.lines(actor),
        "may_edit": actor.holds(Uptime.PROBES),
        "minutes": int(policy.PROBE_SILENT.total_seconds()) // 60,
    }
    return render(request, "uptime/probes.html", page)


@guard(GET=Uptime.VIEW)
def program(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes a request
    """The program itself, as it lies in this version."""
    response = HttpResponse(
        Path(program_of.__file__).read_bytes(), content_type="text/x-python; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{PROGRAM}"'
    return response


@guard(GET=Uptime.PROBES, POST=Uptime.PROBES)
def new_probe(request: HttpRequest) -> HttpResponse:
    """Add a probe, and show its token."""
    form, status = ProbeForm(sent(request)), 200
    if request.method == "POST":
        made: list[tuple[str, Probe]] = []
        status = saved(form, lambda **given: made.append(actions.add_probe(actor_of(request), **given)))
        if made:
            return _token(request, *made[0])
    page = {"form": form, "title": "Add a probe", "verb": "Add", "back": reverse(LIST)}
    return render(request, "uptime/probe.html", page, status=status)


def _token(request: HttpRequest, token: str, row: Probe) -> HttpResponse:
    address = settings.ALCOVE.public_address
    page = {
        "token": token, "row": row, "program": PROGRAM,
        "command": f"python3 {PROGRAM} --server {address} --token-file probe-token",
    }  # fmt: skip
    return render(request, "uptime/token.html", page)


def _draw(request: HttpRequest, row: Probe, status: int = 200, **forms: Any) -> HttpResponse:
    page = {
        "row": row, "title": row.name, "verb": "Save", "back": reverse(LIST), "form": NameForm(row=row),
        "renewing": EndForm(row=row, prefixed="renew"), "ending": EndForm(row=row),
    }  # fmt: skip
    return render(request, "uptime/probe.html", page | forms, status=status)


@guard(GET=Uptime.PROBES, POST=Uptime.PROBES)
def probe(request: HttpRequest, probe_id: UUID) -> HttpResponse:
    """Rename a probe; beside it, renewing its token and ending it."""
    row = probes_of.one(actor_of(request), probe_id)
    if request.method != "POST":
        return _draw(request, row)
    form = NameForm(request.POST, row=row)
    status = saved(form, partial(actions.rename_probe, actor_of(request), row), row=row)
    return _draw(request, row, status, form=form) if status else done(LIST)


@guard(POST=Uptime.PROBES)
def renew(request: HttpRequest, probe_id: UUID) -> HttpResponse:
    """Give a probe another token, and show it."""
    row, form = probes_of.one(actor_of(request), probe_id), EndForm(request.POST, prefixed="renew")
    made: list[tuple[str, Probe]] = []
    status = saved(form, lambda **_: made.append(actions.renew_token(actor_of(request), row)), row=row)
    return _token(request, *made[0]) if made else _draw(request, row, status, renewing=form)


@guard(POST=Uptime.PROBES)
def end(request: HttpRequest, probe_id: UUID) -> HttpResponse:
    """End a probe."""
    row, form = probes_of.one(actor_of(request), probe_id), EndForm(request.POST)
    status = saved(form, partial(actions.end_probe, actor_of(request), row), row=row)
    return _draw(request, row, status, ending=form) if status else done(LIST, word="ended")
