"""Deleted clients: the list, one client's retention check, asking, deciding, holds, and the certificate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.policy import Clients
from alcove.clinic.clients.queries import card as card_of
from alcove.clinic.clients.queries import finding
from alcove.clinic.practice.models import Practice
from alcove.clinic.records.views import typesetting
from alcove.compliance.privacy import actions
from alcove.compliance.privacy.forms import AskForm, DeleteForm, HoldForm
from alcove.compliance.privacy.policy import Privacy
from alcove.compliance.privacy.queries import care, pages
from alcove.compliance.privacy.queries.kinds import FATES
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.guards import guard
from alcove.security.access.opening import record_refusal
from alcove.security.audit import clock

PAPER = Path(__file__).resolve().parent / "templates" / "privacy" / "certificate.typ"
NO_FORMS: Final[Mapping[str, Form]] = {}
METHOD: Final = (
    "Cryptographic erase, NIST SP 800-88 Rev. 2. Every value and file of the client was encrypted from the start, with "
    "AES-256-GCM under keys that belong to this client alone; those keys were destroyed."
)


@guard(GET=Privacy.VIEW)
def deleted(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, who is deleted, who is under a legal hold, who is erased."""
    page = {"lists": pages.lists(_actor(request)), "may_approve": _actor(request).holds(Privacy.APPROVE)}
    return render(request, "privacy/deleted.html", page)


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined, no-any-return]  # set by the middleware


@guard(GET=Clients.REMOVE, POST=Clients.REMOVE, opens="client_id")
def delete(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Delete a client, with a reason; the page says first what that cancels and ends."""
    actor, form = _actor(request), DeleteForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _delete_page(request, client_id, form, 422 if form.is_bound else 200)
    taken = form.cleaned_data
    try:
        actions.delete(actor, client_id, ground=taken["ground"], reason=taken["reason"])
    except clients.ReasonTooShort as wrong:
        form.add_error("reason", str(wrong))
        return _delete_page(request, client_id, form, 422)
    except clients.Unchanged:
        pass
    except Conflict as wrong:
        return _delete_page(request, client_id, form, 409, str(wrong))
    if actor.holds(Privacy.VIEW):
        return _to_client(client_id, "client_deleted")
    return HttpResponseRedirect(reverse("clients:list") + "?done=client_deleted")


def _delete_page(
    request: HttpRequest, client_id: UUID, form: Form, status: int, problem: str = ""
) -> HttpResponse:
    actor = _actor(request)
    page = {
        "frame": card_of.frame(actor, finding.client(actor, client_id), "about"),
        "form": form,
        "coming": care.coming(client_id, clock.now()),
        "problem": problem,
    }
    return render(request, "privacy/delete.html", page, status=status)


@guard(GET=Clients.HOLD, POST=Clients.HOLD, opens="client_id")
def hold(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Place a legal hold on a client from their card."""
    actor, form = _actor(request), HoldForm(request.POST if request.method == "POST" else None)
    problem, status = "", 422 if form.is_bound else 200
    if form.is_valid():
        try:
            clients.place_hold(actor, client_id, reason=form.cleaned_data["reason"])
        except clients.ReasonTooShort as wrong:
            form.add_error("reason", str(wrong))
        except Conflict as wrong:
            problem, status = str(wrong), 409
        else:
            return HttpResponseRedirect(
                reverse("clients:about", kwargs={"client_id": client_id}) + "?done=held"
            )
    frame = card_of.frame(actor, finding.client(actor, client_id), "about")
    return render(
        request, "privacy/hold.html", {"frame": frame, "form": form, "problem": problem}, status=status
    )


@guard(GET=Privacy.VIEW)
def client(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """One client who is deleted, held or proposed: the retention check, and what can be done."""
    return _client_page(request, client_id)


def _client_page(
    request: HttpRequest,
    client_id: UUID,
    *,
    status: int = 200,
    forms: Mapping[str, Form] = NO_FORMS,
    problem: str = "",
) -> HttpResponse:
    page = {
        "page": pages.page(_actor(request), client_id),
        "fates": FATES,
        "ask": forms.get("ask", AskForm()),
        "hold": forms.get("hold", HoldForm()),
        "problem": problem,
    }
    return render(request, "privacy/client.html", page, status=status)


@guard(POST=Clients.REMOVE)
def undo(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Bring a deleted client back."""
    pages.names(_actor(request), [client_id])
    done = _tried(request, client_id, lambda: actions.undo(_actor(request), client_id))
    if done is not None:
        return done
    return HttpResponseRedirect(reverse("privacy:deleted") + "?done=client_back")


@guard(POST=Privacy.ASK)
def ask(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Ask for the final erasure."""
    form = AskForm(request.POST)
    if not form.is_valid():
        return _client_page(request, client_id, status=422, forms={"ask": form})
    reason = form.cleaned_data["reason"]
    done = _tried(
        request, client_id, lambda: actions.ask(_actor(request), client_id, reason=reason), ask=form
    )
    return done or _to_client(client_id, "erasure_asked")


@guard(POST=Privacy.ASK)
def withdraw(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Take back a request that nobody has decided."""
    found = pages.waiting(client_id)
    done = _tried(request, client_id, lambda: actions.withdraw(_actor(request), found.id))
    return done or _to_client(client_id, "erasure_back")


@guard(GET=Privacy.APPROVE, POST=Privacy.APPROVE, fresh=True)
def decide(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Approve or refuse an erasure that someone else asked for; a factor given just now says who does."""
    if request.method != "POST":
        page = {
            "page": pages.page(_actor(request), client_id),
            "erasure": pages.waiting(client_id),
            "fates": FATES,
        }
        return render(request, "privacy/decide.html", page | {"key_days": policy.KEY_COPY_LIFE.days + 1})
    found, is_granted = pages.waiting(client_id), request.POST.get("decision") == "approve"
    deed = actions.approve if is_granted else actions.refuse
    done = _tried(request, client_id, lambda: deed(_actor(request), found.id))
    return done or _to_client(client_id, "erasure_approved" if is_granted else "erasure_refused")


@guard(POST=Clients.HOLD)
def held(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Place a hold on a deleted client, or lift the one in force."""
    pages.page(_actor(request), client_id)
    if "lift" in request.POST:
        done = _tried(request, client_id, lambda: clients.lift_hold(_actor(request), client_id))
        return done or HttpResponseRedirect(reverse("privacy:deleted") + "?done=hold_lifted")
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _client_page(request, client_id, status=422, forms={"hold": form})
    reason = form.cleaned_data["reason"]
    done = _tried(
        request, client_id, lambda: clients.place_hold(_actor(request), client_id, reason=reason), hold=form
    )
    return done or _to_client(client_id, "held")


def _tried(
    request: HttpRequest, client_id: UUID, deed: Callable[[], object], **forms: Form
) -> HttpResponse | None:
    """Do it; return the client's page with what hindered it, None if it is done."""
    try:
        deed()
    except clients.ReasonTooShort as wrong:
        next(iter(forms.values())).add_error("reason", str(wrong))
        return _client_page(request, client_id, status=422, forms=forms)
    except Refused as refused:
        where = request.resolver_match.view_name if request.resolver_match else ""
        record_refusal(_actor(request), refused.needed, client_id=client_id, where=where)
        return _client_page(request, client_id, status=403, forms=forms, problem=str(refused))
    except Conflict as wrong:
        return _client_page(request, client_id, status=409, forms=forms, problem=str(wrong))
    return None


def _to_client(client_id: UUID, done: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("privacy:client", kwargs={"client_id": client_id}) + f"?done={done}")


@guard(GET=Privacy.VIEW)
def certificate(request: HttpRequest, erasure_id: UUID) -> HttpResponse:
    """What was erased, how, by whom, and the day on which the last copy dies; nobody's name but staff's."""
    found = pages.certificate(_actor(request), erasure_id)
    return render(request, "privacy/certificate.html", {"one": found, "fates": FATES, "method": METHOD})


@guard(GET=Privacy.VIEW)
def certificate_pdf(request: HttpRequest, erasure_id: UUID) -> HttpResponse:
    """The same on paper."""
    found = pages.certificate(_actor(request), erasure_id)
    response = HttpResponse(typesetting.pdf(_paper(found), PAPER), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="erasure-{found.erasure.number}.pdf"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return response


def _paper(found: pages.Certificate) -> dict[str, Any]:
    one = found.erasure
    copies = f"From {_day(one.last_copy_on)} no copy of the destroyed key is left, in no backup either."
    return {
        "practice": Practice.objects.values_list("name", flat=True).first() or "Alcove",
        "number": one.number,
        "facts": [
            ["Client", f"random id {one.client_id}"],
            ["Why", one.ground_words],
            ["Asked for by", f"{one.asked_by_name}, {_moment(one.asked_at)}"],
            ["Approved by", f"{one.decided_by_name}, {_moment(one.decided_at)}"],
            ["Key destroyed", _moment(one.erased_at)],
            ["Last copy", copies],
            ["Method", METHOD],
        ],
        "items": [
            [each["title"], FATES[each["fate"]], each["why"], _day(each["until"]) if each["until"] else ""]
            for each in one.fates()
        ],
        "imprint": f"Certificate of erasure {one.number}. It names no client: the random id finds the deed in the log.",
    }


def _day(day: Any) -> str:
    return date_format(day, "j F Y") if day else ""


def _moment(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "j F Y, H:i") if moment else ""
