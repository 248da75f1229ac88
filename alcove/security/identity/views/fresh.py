"""Fresh sign-in: a factor is given again before a sensitive act, then the way leads back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from alcove.security.access.actors import Actor
from alcove.security.access.guards import guard
from alcove.security.identity import actions, passwords, throttle
from alcove.security.identity.forms import FreshForm
from alcove.security.identity.models import Session
from alcove.security.identity.policy import People
from alcove.security.identity.queries.factors import ways
from alcove.security.identity.views.asking import asked, place_of, renewed, wants_question, way_on
from alcove.security.vault.house import house

WRONG_CODE = "This code is not right, was used already, or is too old. Wait for the next one."
WRONG_PASSWORD = "This is not your password."  # noqa: S105 - a sentence
WRONG_PASSKEY = "This passkey could not be used here. Try again, or give a code."


@guard(GET=People.OWN_VIEW, POST=People.OWN)
def fresh(request: HttpRequest) -> HttpResponse:
    """Ask for a factor again: passkey, or the authenticator's code with the password; then go on to ``next``."""
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
        if _given(request, session, form, by_code=by_code):
            return HttpResponseRedirect(on)
        problem = "" if by_code else WRONG_PASSKEY
    page = {
        "form": form, "ways": held, "next": on, "passkey": question if held.passkey else {},
        "passkey_problem": problem, "is_demo": house().is_demo and not held.second,
    }  # fmt: skip
    return render(request, "identity/fresh.html", page, status=422 if request.method == "POST" else 200)


def _given(request: HttpRequest, session: Session, form: FreshForm, *, by_code: bool) -> bool:
    if "demo" in request.POST:
        return bool(actions.prove_in_demo(request.actor, session))  # type: ignore[attr-defined]  # set by the middleware
    account = throttle.key("account", session.person.email or session.person_id.hex)
    return given(request, session, form, STAFF, account=account, by_code=by_code)


@dataclass(frozen=True, slots=True)
class Proving:
    """The actions by which a kind of person proves a factor anew: staff and patients each have their own rights."""

    by_passkey: Callable[..., bool]
    by_code: Callable[..., bool]
    stale_password: Callable[..., None]


STAFF: Final = Proving(actions.prove_by_passkey, actions.prove_by_code, actions.record_stale_password)


def given(
    request: HttpRequest, session: Session, form: FreshForm, proving: Proving, *, account: str, by_code: bool
) -> bool:
    """Whether a factor was given; a wrong one is noted on the form.

    Every try is counted, under the person and, for a code, under ``account`` too, before anything is compared.
    """
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    names = [throttle.key("factor", session.person_id.hex)]
    if not by_code:
        throttle.count(names[0])
        right = proving.by_passkey(
            actor, session, answer=request.POST.get("answer", ""), place=place_of(request)
        )
    elif form.is_valid():
        names.append(account)
        for name in names:
            throttle.count(name)
        right = _by_code(actor, session, form, proving)
    else:
        return False
    for name in names if right else ():
        throttle.uncount(name)
    return right


def _by_code(actor: Actor, session: Session, form: FreshForm, proving: Proving) -> bool:
    if session.person.password:
        try:
            passwords.check(form.cleaned_data["password"], session.person.password)
        except passwords.WrongPassword:
            proving.stale_password(actor, session)
            form.add_error("password", WRONG_PASSWORD)
            return False
    if proving.by_code(actor, session, code=form.cleaned_data["code"]):
        return True
    form.add_error("code", WRONG_CODE)
    return False
