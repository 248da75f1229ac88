"""Confirming one's e-mail address and phone number; and, in a demo, what was said to whom."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security.access.errors import Gone, NotFound
from alcove.security.access.guards import guard, signed
from alcove.security.identity import actions, throttle, tokens
from alcove.security.identity.actions import contacts, notices
from alcove.security.identity.forms import PhoneForm, SentCodeForm
from alcove.security.identity.middleware import named_origin
from alcove.security.identity.models import Link, Notice, Person
from alcove.security.identity.policy import People
from alcove.security.identity.queries.by_sms import is_sent
from alcove.security.vault.house import house

SENT_LATELY = "A code was sent a moment ago, or too many were sent. Wait half a minute, then ask again."
WRONG_CODE = "This code is not right, is too old, or was tried too often. Ask for a new one."


def _own(request: HttpRequest) -> Person:
    return Person.objects.get(pk=request.actor.id)  # type: ignore[attr-defined]  # set by the middleware


@signed("confirms an e-mail address: one use, 24 hours; a look alone confirms nothing", "GET", "POST")
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a press of the button, because mail programs open links by themselves; POST confirms."""
    link = Link.objects.filter(kind="confirm", digest=tokens.digest(token)).select_related("person").first()
    if link is None:
        raise NotFound("there is no such link")
    if link.used_at or link.expires_at <= timezone.now():
        raise Gone(contacts.USED_UP)
    if request.method == "POST":
        named_origin(request)
        notices.reach(link.person)
        contacts.confirm_email(actions.at_the_door(request.actor, link.person), token)  # type: ignore[attr-defined]  # middleware
        return render(request, "identity/confirm_email.html", {"is_done": True})
    return render(request, "identity/confirm_email.html", {"is_done": False})


@guard(POST=People.OWN)
def ask_own_email(request: HttpRequest) -> HttpResponse:
    """Send oneself the link that confirms one's address."""
    contacts.ask_own_email(request.actor, _own(request))  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("identity:account") + "?done=confirm_sent")


@guard(POST=People.ADD)
def ask_email(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Send somebody the link that confirms their address."""
    found = Person.objects.filter(pk=person_id, kind=Person.Kind.STAFF).first()
    if found is None:
        raise NotFound("there is no such person")
    contacts.ask_email(request.actor, found)  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("identity:person", args=[found.id]) + "?done=confirm_sent")


@guard(GET=People.OWN_VIEW, POST=People.OWN, fresh=True)
def phone(request: HttpRequest) -> HttpResponse:
    """Put down one's phone number; POST sends it a code."""
    person = _own(request)
    form = PhoneForm(request.POST or None, initial={"phone": person.phone})
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            contacts.change_phone(request.actor, person, phone=form.cleaned_data["phone"])  # type: ignore[attr-defined]  # middleware
        except throttle.TooMany:
            form.add_error("phone", SENT_LATELY)
            status = 429
        else:
            return HttpResponseRedirect(reverse("identity:phone_code"))
    page = {"form": form, "is_sent": is_sent(notices.SMS)}
    return render(request, "identity/phone.html", page, status=status)


@guard(GET=People.OWN_VIEW, POST=People.OWN)
def phone_code(request: HttpRequest) -> HttpResponse:
    """Type the code that was sent to one's number; POST confirms it."""
    person = _own(request)
    if not person.phone or person.phone_confirmed_at is not None:
        return HttpResponseRedirect(reverse("identity:account"))
    form = SentCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if contacts.confirm_phone(request.actor, person, code=form.cleaned_data["code"]):  # type: ignore[attr-defined]  # middleware
            return HttpResponseRedirect(reverse("identity:account") + "?done=phone")
        form.add_error("code", WRONG_CODE)
    page = {"form": form, "ending": person.phone[-2:], "phone": person.phone}
    return render(request, "identity/phone_code.html", page, status=422 if form.is_bound else 200)


@guard(GET=People.OWN_VIEW)
def outbox(request: HttpRequest) -> HttpResponse:
    """Show what a demo would have sent, so that its codes can be tried; in a real practice there is no such page."""
    if not house().is_demo:
        raise NotFound("there is no such page")
    rows = Notice.objects.select_related("person").order_by("-created_at")[:30]
    return render(request, "identity/outbox.html", {"notices": rows})
