"""Setup: the guide for a new practice. Each screen is saved for itself; whoever comes back goes on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.practice import actions
from alcove.clinic.practice.actions import guide as deeds
from alcove.clinic.practice.forms.guide import (
    ColleaguesForm,
    DataForm,
    LawsForm,
    MoneyForm,
    OfferForm,
    OpenForm,
    RoomsForm,
    SeenForm,
    WhereForm,
    WhoForm,
)
from alcove.clinic.practice.forms.sheet import Sheet
from alcove.clinic.practice.models import Location, Practice, Room, Service, StaffProfile
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.clinic.practice.queries import countries
from alcove.clinic.practice.queries.starter import STEPS, number_of
from alcove.clinic.practice.views.saving import actor_of, done, saved, sent
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.guards import guard
from alcove.security.access.policy import Access
from alcove.security.identity.actions import contacts, make_link
from alcove.security.identity.models import Person

Deed = Callable[..., Any]


@guard(GET=PracticeRight.EDIT)
def guide(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view takes its request
    """Lead to the first screen that is not saved yet."""
    reached = min(Practice.objects.get().set_up_step, len(STEPS) - 1)
    return HttpResponseRedirect(reverse("practice:guide_step", args=[STEPS[reached][0]]))


@guard(GET=PracticeRight.EDIT, POST=PracticeRight.EDIT)
def step(request: HttpRequest, step: str) -> HttpResponse:
    """One screen."""
    try:
        number = number_of(step)
    except KeyError:
        raise NotFound("there is no such screen") from None
    practice, actor = Practice.objects.get(), actor_of(request)
    form, deed = SCREENS[step](sent(request), actor, practice)
    status = 200
    if request.method == "POST":
        made: list[Any] = []
        status = _saved(form, deed, made)
        if not status:
            return _next(request, number, made[0] if made else None)
    page = _page(practice, step, number) | {"form": form}
    return render(request, f"practice/guide/{_template(step)}.html", page, status=status)


def _saved(form: Sheet, deed: Deed, made: list[Any]) -> int:
    try:
        return saved(form, lambda **values: made.append(deed(**values)))
    except Refused as refused:
        form.add_error(None, str(refused))
        return 403


def _template(step: str) -> str:
    return step if step in {"services", "team", "laws", "safety", "finish"} else "screen"


def _page(practice: Practice, step: str, number: int) -> dict[str, Any]:
    country = countries.COUNTRIES.get(practice.country)
    before = STEPS[number - 2][0] if number > 1 else ""
    return {
        "practice": practice, "step": step, "number": number, "total": len(STEPS), "title": STEPS[number - 1][1],
        "back": reverse("practice:guide_step", args=[before]) if before else "", "words": WORDS.get(step, ""),
        "country": country, "ready": _ready() if step == "finish" else [],
        "safeguards": SAFEGUARDS if step == "safety" else (),
    }  # fmt: skip


def _ready() -> list[tuple[str, int, str]]:
    """Return what there is now: a word, how many, and where it is changed."""
    return [
        ("locations", Location.objects.filter(is_active=True).count(), reverse("practice:locations")),
        ("rooms", Room.objects.filter(is_active=True).count(), reverse("practice:locations")),
        ("services", Service.objects.filter(is_active=True).count(), reverse("practice:menu")),
        (
            "people in the calendar",
            StaffProfile.objects.filter(is_bookable=True).count(),
            reverse("practice:team"),
        ),
    ]


def _next(request: HttpRequest, number: int, made: Any) -> HttpResponse:
    if number == len(STEPS):
        return done("practice:practice", word="set_up")
    ahead = reverse("practice:guide_step", args=[STEPS[number][0]])
    if isinstance(made, list) and made:
        links = [_link(request, person) for person in made]
        return render(request, "practice/guide/links.html", {"links": links, "ahead": ahead})
    return HttpResponseRedirect(ahead)


def _link(request: HttpRequest, person: Person) -> dict[str, Any]:
    """Make somebody's set-up link, which is shown once, and send it to them."""
    link = make_link(actor_of(request), person)
    contacts.welcome(actor_of(request), person, link.token)
    url = request.build_absolute_uri(reverse("identity:first_password", args=[link.token]))
    return {"person": person, "url": url, "id": f"link-{person.pk.hex}", "ends_at": link.expires_at}


# The screens -------------------------------------------------------------------------------------------------------


SAFEGUARDS = (
    ("Nobody signs in with a password alone", "A second factor is asked of everyone, always."),
    ("Only browsers you approved are let in", "A new one waits until an owner or manager says yes."),
    (
        "Every client’s record is sealed with a key of its own",
        "Whoever steals a disk or a backup reads nothing.",
    ),
    ("Every look at a record is written down", "The log cannot be changed without its being noticed."),
    ("People see what their work needs", "The front desk reads nothing clinical; the books show no records."),
    ("Screens lock by themselves", "After a few minutes without a touch; sooner in treatment rooms."),
    ("Large exports take two people", "So does the recovery of an account."),
)
"""What is on in every practice, in plain words; ``tests/test_guide.py`` holds the guide to it."""
WORDS = {
    "practice": "Eleven short screens. Each is saved for itself: stop when you like, and go on later.",
    "money": "Suggested from your country. Prices are in this currency; times are those of this clock.",
    "location": "The first place. Others are added afterwards, under Locations.",
    "hours": "The usual week. Single days, holidays and each person’s own hours can differ.",
    "rooms": "Where clients are treated. No appointment is booked without a free room.",
    "data": "So that we can tell you what comes next. Nothing is moved now.",
}

Screen = tuple[Sheet, Deed]


def _practice(data: Any, actor: Actor, practice: Practice) -> Screen:
    def deed(*, name: str, country: str) -> None:
        values: dict[str, Any] = {"name": name, "country": country}
        if country != practice.country:
            known = countries.COUNTRIES[country]
            values |= {"currency": known.currency, "time_zone": known.zone}
        deeds.say_practice(actor, "practice", **values)

    return WhoForm(data, row=practice), deed


def _money(data: Any, actor: Actor, practice: Practice) -> Screen:
    return MoneyForm(data, row=practice), partial(deeds.say_practice, actor, "money")


def _first() -> Location:
    found = Location.objects.filter(is_active=True).order_by("id").first()
    if found is None:
        raise Conflict("There is no location in use. Add one under Locations first.")
    return found


def _location(data: Any, actor: Actor, practice: Practice) -> Screen:
    row = _first()

    def deed(**values: Any) -> None:
        if not values["name"]:
            values["name"] = practice.name
        deeds.say_location(actor, row, time_zone=practice.time_zone, **values)

    return WhereForm(data, row=row, initial={"country": row.country or practice.country}), deed


def _hours(data: Any, actor: Actor, _practice: Practice) -> Screen:
    return OpenForm(data), partial(deeds.say_hours, actor)


def _rooms(data: Any, actor: Actor, _practice: Practice) -> Screen:
    row = _first()
    held = "\n".join(row.rooms.values_list("name", flat=True))
    return RoomsForm(data, initial={"names": held} if held else {}), partial(deeds.say_rooms, actor, row)


def _services(data: Any, actor: Actor, _practice: Practice) -> Screen:
    return OfferForm(data), partial(deeds.say_services, actor)


def _team(data: Any, actor: Actor, _practice: Practice) -> Screen:
    def deed(*, treats: bool, people: list[dict[str, str]]) -> Any:
        owner = Person.objects.filter(pk=actor.id).first() if treats and actor.id else None
        return deeds.say_team(actor, owner=owner, people=people)

    return ColleaguesForm(data), deed


def _data(data: Any, actor: Actor, practice: Practice) -> Screen:
    initial = {} if practice.data_from else {"data_from": Practice.DataFrom.NOTHING}
    return DataForm(data, row=practice, initial=initial), partial(deeds.say_practice, actor, "data")


def _laws(data: Any, actor: Actor, _practice: Practice) -> Screen:
    if not actor.holds(Access.EDIT_RULES):
        # How long records are kept is the owner's to say; whoever else fills in the guide passes on.
        return SeenForm(data), lambda: deeds.say_practice(actor, "laws")
    return LawsForm(data), partial(deeds.say_laws, actor)


def _safety(data: Any, actor: Actor, _practice: Practice) -> Screen:
    return SeenForm(data), lambda: deeds.say_practice(actor, "safety")


def _finish(data: Any, actor: Actor, practice: Practice) -> Screen:
    return SeenForm(data), lambda: actions.finish_set_up(actor, practice)


SCREENS: dict[str, Callable[[Any, Actor, Practice], Screen]] = {
    "practice": _practice, "money": _money, "location": _location, "hours": _hours, "rooms": _rooms,
    "services": _services, "team": _team, "data": _data, "laws": _laws, "safety": _safety, "finish": _finish,
}  # fmt: skip
