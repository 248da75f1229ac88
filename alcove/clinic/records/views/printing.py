"""The record on paper: a page made for print, and the same as a PDF. Both are recorded as printed."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.practice.models import Practice
from alcove.clinic.records import queries
from alcove.clinic.records.policy import Did, Records
from alcove.clinic.records.queries.words import legible
from alcove.clinic.records.views import typesetting
from alcove.clinic.records.views.page import Whose, whose
from alcove.security.access.guards import guard


def _imprint(who: Whose) -> str:
    moment = date_format(timezone.localtime(), "j M Y, H:i")
    return f"Printed by {who.actor.name} on {moment}. Code {who.actor.request}: it finds this printing in the log."


@guard(GET=Records.EXPORT, opens="client_id", event=Did.PRINTED)
def print_page(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The whole record as one page."""
    who = whose(request, client_id)
    context = {
        "held": queries.printout.printout(who.actor, who.client),
        "imprint": _imprint(who),
        "client_id": client_id,
    }
    return HttpResponse(legible(render_to_string("records/print.html", context, request)))


@guard(GET=Records.EXPORT, opens="client_id", event=Did.PRINTED)
def pdf(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """The whole record as a PDF, made in memory, under a name that says nothing."""
    who = whose(request, client_id)
    practice = Practice.objects.values_list("name", flat=True).first() or "Alcove"
    data = queries.printout.printout(who.actor, who.client).as_data() | {
        "practice": practice,
        "imprint": _imprint(who),
    }
    response = HttpResponse(typesetting.pdf(data), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="record-{client_id.hex[-8:]}.pdf"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return response
