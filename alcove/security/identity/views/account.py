"""One's own account: password, factor, sessions."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard
from alcove.security.audit.models import Entry, Origin
from alcove.security.identity import actions, passwords
from alcove.security.identity.actions import directory_ties
from alcove.security.identity.forms import NewPasswordForm, PinForm
from alcove.security.identity.models import (
    Device,
    DirectoryAccount,
    Factor,
    Passkey,
    Person,
    RecoveryCode,
    Session,
)
from alcove.security.identity.policy import People


def _page(
    request: HttpRequest,
    form: NewPasswordForm,
    status: int = 200,
    pin_form: PinForm | None = None,
    problem: str = "",
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    living = Session.objects.filter(person_id=actor.id, ended_at__isnull=True).order_by("-seen_at")[:20]
    origins = Origin.objects.in_bulk([item.origin_id for item in living if item.origin_id])
    session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    page = {
        "problem": problem,
        "pin_form": pin_form or PinForm(),
        "pin": actions.pin_of(session) if session.device_id else None,
        "device": session.device,
        "own_devices": Device.objects.filter(holder_id=actor.id, state=Device.State.APPROVED),
        "form": form,
        "person": Person.objects.get(pk=actor.id),
        "factors": Factor.objects.filter(person_id=actor.id, confirmed_at__isnull=False),
        "passkeys_held": Passkey.objects.filter(person_id=actor.id).count(),
        "tie": DirectoryAccount.objects.filter(person_id=actor.id).first(),
        "codes_left": RecoveryCode.objects.filter(person_id=actor.id, used_at__isnull=True).count(),
        "sessions": [(item, origins.get(item.origin_id), item.id == actor.session_id) for item in living],
        "recent": Entry.objects.filter(actor_id=actor.id).newest_first()[:8],
    }
    return render(request, "identity/account.html", page, status=status)


@guard(GET=People.OWN_VIEW, POST=People.OWN)
def account(request: HttpRequest) -> HttpResponse:
    """Show one's account; POST sets a new password."""
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
        try:
            actions.change_password(
                actor, Person.objects.get(pk=actor.id), password=form.cleaned_data["password"]
            )
        except passwords.WeakPassword as weak:
            form.add_error("password", str(weak))
        else:
            return HttpResponseRedirect(reverse("identity:account") + "?done=password")
    return _page(request, form, 422 if form.is_bound else 200)


@guard(GET=People.OWN_VIEW, POST=People.OWN, fresh=True)
def pin(request: HttpRequest) -> HttpResponse:
    """Set the PIN that unlocks this browser."""
    form = PinForm(request.POST or None)
    if request.method != "POST":
        return _page(request, NewPasswordForm())
    if not form.is_valid():
        return _page(request, NewPasswordForm(), 422, form)
    actor, session = request.actor, request.session_row  # type: ignore[attr-defined]  # set by the middleware
    actions.set_pin(actor, session, pin=form.cleaned_data["pin"])
    return HttpResponseRedirect(reverse("identity:account") + "?done=pin")


@guard(POST=People.OWN, fresh=True)
def codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes and show them once; those of before are void."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    try:
        made = actions.renew_codes(actor, Person.objects.get(pk=actor.id))
    except Conflict as clash:
        return _page(request, NewPasswordForm(), 409, problem=str(clash))
    return render(request, "identity/recovery_codes.html", {"codes": made})


@guard(POST=People.OWN, fresh=True)
def untie(request: HttpRequest) -> HttpResponse:
    """Part one's account from the practice's directory."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    directory_ties.untie_own_directory(actor, Person.objects.get(pk=actor.id))
    return HttpResponseRedirect(reverse("identity:account") + "?done=untied")


@guard(POST=People.OWN)
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """End one of one's own sessions."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    session = Session.objects.filter(pk=session_id, person_id=actor.id).first()
    if session is None:
        raise NotFound("there is no such session")
    actions.end_session(actor, session)
    return HttpResponseRedirect(reverse("identity:account") + "?done=session")
