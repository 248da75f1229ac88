"""A patient gives a factor again before a sensitive act, then the way leads back."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.guards import own
from alcove.security.access.rules import RULES
from alcove.security.identity import throttle
from alcove.security.identity.actions import notices, patient_passkeys
from alcove.security.identity.forms import FreshForm
from alcove.security.identity.models import SentCode, Session
from alcove.security.identity.policy import Own
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.views.asking import asked, renewed, wants_question, way_on
from alcove.security.identity.views.fresh import WRONG_PASSKEY, Proving, given

PATIENT: Final = Proving(
    patient_passkeys.prove_patient_by_passkey,
    patient_passkeys.prove_patient_by_code,
    patient_passkeys.record_patient_stale_password,
)


@own(GET=Own.VIEW, POST=Own.EDIT)
def fresh(request: HttpRequest) -> HttpResponse:
    """Ask for a factor again: passkey, or password and code; then go on to ``next``."""
    session: Session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    question = asked(request, "fresh", person_id=session.person_id, session_id=session.id)
    if wants_question(request):
        return renewed(question)
    held = ways(session.person)
    on = way_on(request.POST.get("next") or request.GET.get("next", ""))
    by_code = "code" in request.POST
    form = FreshForm(request.POST if by_code else None, has_password=held.password)
    problem = ""
    if request.method == "POST":
        account = throttle.key("patient", session.person_id.hex)
        if given(request, session, form, PATIENT, account=account, by_code=by_code):
            return HttpResponseRedirect(on if on != "/" else reverse("portal:home"))
        problem = "" if by_code else WRONG_PASSKEY
    sent = SentCode.objects.filter(subject_id=session.id, used_at__isnull=True, expires_at__gt=timezone.now())
    page = {
        "form": form, "ways": held, "next": on, "passkey": question if held.passkey else {},
        "passkey_problem": problem, "is_sent": sent.filter(tries__lt=policy.SENT_CODE_TRIES).exists(),
        "minutes": RULES["sms.minutes"].chosen,
    }  # fmt: skip
    return render(request, "portal/fresh.html", page, status=422 if request.method == "POST" else 200)


@own(POST=Own.EDIT)
def send_code(request: HttpRequest) -> HttpResponse:
    """Send a code by SMS for this session, to whoever may use SMS."""
    session: Session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    notices.reach(session.person)
    back = reverse("portal:fresh") + "?next=" + way_on(request.POST.get("next", ""))
    try:
        patient_passkeys.send_patient_fresh_code(request.actor, session)  # type: ignore[attr-defined]  # middleware
    except throttle.TooMany:
        back += "&done=code_wait"
    return HttpResponseRedirect(back)
