"""Setup: what is found out about a person before they work; and one's own signature under the agreement."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.security.access.errors import Refused
from alcove.security.access.guards import guard
from alcove.security.identity.actions import clearing as deeds
from alcove.security.identity.forms import AgreementForm, IdentityForm, NameForm, RegistrationForm
from alcove.security.identity.models import Person
from alcove.security.identity.policy import People
from alcove.security.identity.views.people import page_of, person_of


def back_to(person: Person, done: str) -> HttpResponseRedirect:
    """Return the way back to a person's page, with the word of what was done."""
    return HttpResponseRedirect(reverse("identity:person", args=[person.id]) + f"?done={done}")


def refused_on(request: HttpRequest, person: Person, refused: Refused) -> HttpResponse:
    """Return the person's page with the sentence of a refusal."""
    page = page_of(request, person) | {"refused": str(refused)}
    return render(request, "identity/person.html", page, status=403)


@guard(POST=People.ADD)
def identity(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Note that this person's identity was seen, by someone else than who typed them in."""
    found = person_of(person_id)
    form = IdentityForm(request.POST)
    if not form.is_valid():
        return render(
            request, "identity/person.html", page_of(request, found) | {"identity_form": form}, status=422
        )
    try:
        deeds.check_identity(request.actor, found, seen=form.cleaned_data["seen"])  # type: ignore[attr-defined]  # middleware
    except Refused as refused:
        return refused_on(request, found, refused)
    return back_to(found, "checked")


@guard(POST=People.ADD)
def training(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Note that this person has done their first training."""
    found = person_of(person_id)
    try:
        deeds.record_training(request.actor, found)  # type: ignore[attr-defined]  # set by the middleware
    except Refused as refused:
        return refused_on(request, found, refused)
    return back_to(found, "checked")


@guard(GET=People.ADD, POST=People.ADD)
def registration(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Type in a professional registration; someone else verifies it."""
    found = person_of(person_id)
    initial = {
        "registration": found.registration,
        "body": found.registration_body,
        "ends_on": found.registration_ends_on,
        "given_by": found.registration_given_by,
    }
    form = RegistrationForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        deeds.note_registration(request.actor, found, **form.cleaned_data)  # type: ignore[attr-defined]  # middleware
        return back_to(found, "saved")
    page = {"form": form, "person": found}
    return render(request, "identity/registration.html", page, status=422 if form.is_bound else 200)


@guard(POST=People.ADD)
def check_registration(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Note that this registration was found in the body's own register."""
    found = person_of(person_id)
    try:
        deeds.check_registration(request.actor, found)  # type: ignore[attr-defined]  # set by the middleware
    except Refused as refused:
        return refused_on(request, found, refused)
    return back_to(found, "checked")


@guard(GET=People.ADD, POST=People.ADD)
def name(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Correct a person's name or title."""
    found = person_of(person_id)
    form = NameForm(request.POST or None, initial={"name": found.name, "title": found.title})
    if request.method == "POST" and form.is_valid():
        deeds.rename(request.actor, found, **form.cleaned_data)  # type: ignore[attr-defined]  # set by the middleware
        return back_to(found, "saved")
    page = {"form": form, "person": found}
    return render(request, "identity/person_name.html", page, status=422 if form.is_bound else 200)


@guard(GET=People.OWN_VIEW, POST=People.OWN)
def agreement(request: HttpRequest) -> HttpResponse:
    """Show the confidentiality text; POST signs it with one's own name."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    own = Person.objects.get(pk=actor.id)
    form = AgreementForm(request.POST or None, initial={"text": deeds.AGREEMENT})
    if request.method == "POST" and form.is_valid():
        try:
            deeds.agree(actor, own, **form.cleaned_data)
        except deeds.NotYourName as wrong:
            form.add_error("name", str(wrong))
        else:
            return HttpResponseRedirect(reverse("identity:agreement") + "?done=agreed")
    page = {
        "form": form,
        "person": own,
        "is_signed": own.agreed_at is not None and own.agreed_text == deeds.AGREEMENT,
        "text": f"identity/agreements/{deeds.AGREEMENT}.html",
    }
    return render(request, "identity/agreement.html", page, status=422 if form.is_bound else 200)
