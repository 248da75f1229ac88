"""Exports of many clients: asked for, approved by a second person where there are many, downloaded once."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.forms.exports import ExportForm
from alcove.clinic.clients.models import Export
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import exporting
from alcove.security.access.guards import guard
from alcove.security.access.rules import RULES
from alcove.security.vault import files

SHOWN = 20


@guard(GET=Clients.EXPORT, POST=Clients.EXPORT, fresh=True)
def exports(request: HttpRequest) -> HttpResponse:
    """The form, and the exports this person asked for."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = ExportForm(request.POST if request.method == "POST" else None, actor=actor)
    if form.is_valid():
        asked = form.cleaned_data
        try:
            export = actions.ask_export(
                actor, file_format=asked["format"], purpose=asked["reason"], chosen=form.chosen
            )
        except actions.ReasonTooShort as wrong:
            form.add_error("reason", str(wrong))
        except actions.NobodyChosen:
            form.add_error("which", "There is no such client.")
        else:
            return _to(export)
    context = {
        "form": form,
        "alone": RULES["export.alone"].chosen,
        "rows": [{"export": one, "state": exporting.state(one)} for one in exporting.own(actor)[:SHOWN]],
    }
    return render(request, "clients/exports.html", context, status=422 if form.is_bound else 200)


def _to(export: Export) -> HttpResponse:
    return HttpResponseRedirect(reverse("clients:export", kwargs={"export_id": export.id}))


@guard(GET=Clients.EXPORT)
def export(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Where one export stands, for whoever asked for it and nobody else."""
    return _page(request, exporting.one(request.actor, export_id))  # type: ignore[attr-defined]  # set by the middleware


def _page(request: HttpRequest, found: Export, passphrase: str = "") -> HttpResponse:
    context = {"export": found, "state": exporting.state(found), "passphrase": passphrase}
    return render(request, "clients/export.html", context)


@guard(POST=Clients.EXPORT, fresh=True)
def export_begin(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Have the file made, once someone else has approved it."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = exporting.one(actor, export_id)
    actions.begin_export(actor, found)
    return _to(found)


@guard(POST=Clients.EXPORT, fresh=True)
def export_passphrase(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Show, once, what opens the file."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = exporting.one(actor, export_id)
    return _page(request, found, actions.show_passphrase(actor, found))


@guard(POST=Clients.EXPORT, fresh=True)
def export_file(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The encrypted file, once, under a name that says nothing."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = exporting.one(actor, export_id)
    if found.object_name:
        # The one download is not used up by a store that is away.
        files.look(found.object_name)
    key, name = actions.fetch_export(actor, found)
    archive = b"".join(files.fetch(key, name, found.id, exporting.LABEL))
    response = HttpResponse(archive, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="export-{found.id.hex[-8:]}.zip"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
