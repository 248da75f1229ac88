"""A patient's own account: whose it is, and how it is kept."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.portal import queries
from alcove.portal.forms import ChangeForm
from alcove.security.access.guards import own
from alcove.security.identity import passwords, throttle
from alcove.security.identity.actions.patients import (
    change_patient_password,
    end_patient_session,
    renew_patient_codes,
)
from alcove.security.identity.policy import Did, Own


@own(GET=Own.VIEW, opens=True, event=Did.PATIENT_LOOKED)
def home(request: HttpRequest) -> HttpResponse:
    """Say which account this is, and what protects it."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    return render(request, "portal/home.html", {"account": queries.own_account(actor)})


@own(GET=Own.VIEW, POST=Own.EDIT, opens=True, event=Did.PATIENT_LOOKED)
def password(request: HttpRequest) -> HttpResponse:
    """Change one's password by the one in force."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    form = ChangeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = throttle.key("patient", actor.id.hex)
        throttle.count(name)
        old, new = form.cleaned_data["old"], form.cleaned_data["new"]
        try:
            change_patient_password(actor, old=old, new=new, words=queries.words_of_own(actor))
        except passwords.WrongPassword:
            form.add_error("old", "This is not your password.")
        except passwords.WeakPassword as weak:
            throttle.uncount(name)
            form.add_error("new", str(weak))
        else:
            throttle.uncount(name)
            return HttpResponseRedirect(reverse("portal:home") + "?done=password")
    return render(request, "portal/password.html", {"form": form}, status=422 if form.is_bound else 200)


@own(POST=Own.EDIT, opens=True, fresh=True)
def codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes and show them once; those of before are void."""
    made = renew_patient_codes(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    return render(request, "portal/recovery_codes.html", {"codes": made})


@own(POST=Own.EDIT)
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """End one of one's own sessions."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    end_patient_session(actor, queries.own_session(actor, session_id))
    return HttpResponseRedirect(reverse("portal:home") + "?done=session")
