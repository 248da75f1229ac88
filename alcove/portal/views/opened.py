"""Who opened one's own record, in words, and asking about it (AUD-06)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.clients.actions import ReasonTooShort
from alcove.compliance.actions.alerts import open_case
from alcove.compliance.queries import opened as opened_of
from alcove.portal.forms import QuestionForm
from alcove.security.access.guards import own
from alcove.security.identity import throttle
from alcove.security.identity.policy import Did, Own


@own(GET=Own.VIEW, POST=Own.EDIT, opens=True, event=Did.PATIENT_LOOKED)
def opened(request: HttpRequest) -> HttpResponse:
    """Show who opened the record, when, what and why; POST asks about it and gives a case number."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = QuestionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        throttle.count(throttle.key("case", actor.id.hex))
        try:
            open_case(actor, actor.client_id, told=form.cleaned_data["question"])
        except ReasonTooShort as wrong:
            form.add_error("question", str(wrong))
        else:
            return HttpResponseRedirect(reverse("portal:opened") + "?done=case#cases")
    text = request.GET.get("page", "1")
    number = max(1, min(int(text), 1_000)) if text.isascii() and text.isdigit() else 1
    looks, more = opened_of.looks(actor, number)
    page = {
        "looks": looks,
        "next_page": number + 1 if more else 0,
        "previous_page": number - 1,
        "cases": opened_of.cases(actor),
        "form": form,
    }
    return render(request, "portal/opened.html", page, status=422 if form.is_bound else 200)
