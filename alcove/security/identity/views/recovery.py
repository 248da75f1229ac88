"""Recovering an account without any factor, by two proofs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Gone
from alcove.security.access.guards import public, signed
from alcove.security.identity import actions, throttle
from alcove.security.identity.actions import recovery as deeds
from alcove.security.identity.forms import RecoverForm, SentCodeForm
from alcove.security.identity.middleware import address, named_origin
from alcove.security.identity.models import Link, Person
from alcove.security.identity.queries.by_sms import is_offered

SENT_LATELY = "A code was sent a moment ago, or too many were. Wait half a minute, then ask again."
WRONG_CODE = "This code is not right, is too old, or was tried too often. Ask for a new one."


def _door(request: HttpRequest, person: Person | None = None) -> Actor:
    named_origin(request)
    return actions.at_the_door(request.actor, person)  # type: ignore[attr-defined]  # set by the middleware


@public("recovery for who lost every factor; answers alike whether an account exists", "GET", "POST")
def recover(request: HttpRequest) -> HttpResponse:
    """Ask the address of an account; POST sends its link, if there is such an account, and never says so."""
    form = RecoverForm(request.POST or None)
    page = {"form": form, "minutes": int(policy.SETUP_LINK_LIFE.total_seconds() // 60)}
    if request.method != "POST" or not form.is_valid():
        return render(request, "identity/recover.html", page, status=422 if form.is_bound else 200)
    email = form.cleaned_data["email"]
    for name in (throttle.network(address(request)), throttle.key("recover", email)):
        throttle.count(name)
    deeds.begin(_door(request), email)
    return render(request, "identity/recover.html", page | {"is_sent": True})


def _living(token: str) -> Link:
    link = deeds.link_of(token)
    now = timezone.now()
    if link.used_at or link.expires_at <= now or not link.person.is_active or link.person.has_left(now):
        raise Gone(deeds.USED_UP)
    return link


@signed("recovery link: one use, 60 minutes; alone it opens nothing", "GET", "POST")
def proofs(request: HttpRequest, token: str) -> HttpResponse:
    """Ask the second proof; POST takes it and leads on to a new password. One proof alone gets 403."""
    link = _living(token)
    form = SentCodeForm(request.POST or None)
    if request.method != "POST":
        return _page(request, link, token, form)
    if not request.POST.get("code", "").strip():
        return _page(request, link, token, SentCodeForm(), deeds.ONE_PROOF, 403)
    throttle.count(throttle.key("factor", link.person_id.hex))
    made = deeds.recover(_door(request, link.person), token, request.POST["code"][:20])
    if made is None:
        return _page(request, link, token, form, WRONG_CODE, 403)
    throttle.uncount(throttle.key("factor", link.person_id.hex))
    return HttpResponseRedirect(reverse("identity:first_password", args=[made.token]))


def _page(
    request: HttpRequest, link: Link, token: str, form: SentCodeForm, problem: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "form": form,
        "token": token,
        "problem": problem,
        "has_phone": is_offered(link.person),
        "ending": link.person.phone[-2:],
    }
    return render(request, "identity/recover_proofs.html", page, status=status)


@signed("recovery link: one use, 60 minutes; alone it opens nothing", "POST")
def send_code(request: HttpRequest, token: str) -> HttpResponse:
    """Send the code that is the second proof."""
    link = _living(token)
    try:
        deeds.send_second_proof(_door(request, link.person), token)
    except throttle.TooMany:
        return _page(request, link, token, SentCodeForm(), SENT_LATELY, 429)
    return HttpResponseRedirect(reverse("identity:recover_proofs", args=[token]))
