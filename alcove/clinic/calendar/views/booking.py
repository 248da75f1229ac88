"""Booking by staff: from an empty place or from a client's card, once or as a course; and blocking time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.actions.series import Clashes
from alcove.clinic.calendar.forms import BlockForm, BookForm, read_moment, spoken
from alcove.clinic.calendar.forms.placing import ANY, PlaceForm
from alcove.clinic.calendar.models import Block, Booking
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import looks, next_free, planning
from alcove.clinic.calendar.queries.slots import Ask, who_does, wishes
from alcove.clinic.calendar.views import looking
from alcove.clinic.clients.queries import finding
from alcove.clinic.practice.models import Location, Room, Service
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.guards import guard
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.ui.moments import plain_day

FOUND = 12


@guard(GET=Calendar.CREATE, POST=Calendar.CREATE)
def new(request: HttpRequest) -> HttpResponse:
    """Choose whom to book: time and place wait in the address, the name is looked for by POST."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    look, _ = looking.look(request)
    text = request.POST.get("q", "").strip()
    results = (
        finding.search(actor, text, FOUND) if text and actor.holds(Open.DIRECTORY) else finding.Results()
    )
    starts_at = read_moment(request.GET.get("at", ""))
    when = starts_at.astimezone(look.location.zone) if starts_at else None
    context = {
        "text": text,
        "results": results,
        "rows": [
            (one, f"{reverse('client_calendar:book', args=[one.id])}?{request.GET.urlencode()}")
            for one in results.clients
        ],
        "when": f"{plain_day(when)}, {when:%H:%M}" if when else plain_day(look.day),
        "location": look.location,
        "back_url": looking.url("day", look),
    }
    return render(request, "calendar/new.html", context)


@guard(GET=Calendar.CREATE, POST=Calendar.CREATE, opens="client_id")
def book(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Book this client: services, people, time; a course shows its dates first."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    client, look = finding.client(actor, client_id), looking.look(request)[0]
    form = _form(request, look.location)
    page: dict[str, Any] = {
        "client": client, "client_id": client_id, "form": form, "location": look.location, "places": looks.places(),
        "back_url": looking.url("day", look),
    }  # fmt: skip
    status = 200
    if form.is_bound and form.is_valid():
        answer = _book(actor, client_id, look.location, form, page)
        if answer is not None:
            return answer
        status = 200 if "visits" in page and not page.get("has_clash") else 422
    elif form.is_bound:
        status = 422
    return render(request, "calendar/book.html", page, status=status)


def _form(request: HttpRequest, location: Location) -> BookForm:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    people, rooms = (
        looks.people(actor, location),
        list(Room.objects.filter(location=location, is_active=True)),
    )
    services = list(
        Service.objects.filter(is_active=True)
        .select_related("category")
        .prefetch_related("rooms", "equipment")
    )
    asked = {one.pk.hex for one in [*people, *rooms]}
    moment = read_moment(request.GET.get("at", "")) or _next_quarter(location, looking.look(request)[0].day)
    first = spoken(moment, location) | {
        f"{name}_0": request.GET[name] for name in ("person", "room") if request.GET.get(name) in asked
    }
    if not actor.holds(Calendar.SEE_ALL) and people:
        first["person_0"] = people[0].pk.hex
    return BookForm(
        request.POST if request.method == "POST" else None, initial=first, location=location, services=services,
        people=people, rooms=rooms, anyone=actor.holds(Calendar.SEE_ALL),
    )  # fmt: skip


def _next_quarter(location: Location, day: Any) -> datetime:
    """Return the next time one would offer: the coming slot of today, or nine o'clock of another day."""
    now = clock.now()
    if day == now.astimezone(location.zone).date():
        step = timedelta(minutes=location.slot_minutes)
        begin = now.astimezone(location.zone).replace(minute=0, second=0, microsecond=0)
        return begin + -((begin - now) // step) * step
    return looks.bounds(location, day)[0] + timedelta(hours=9)


def _book(
    actor: Actor, client_id: UUID, location: Location, form: BookForm, page: dict[str, Any]
) -> HttpResponse | None:
    """Book and return the way on; None where the page has to ask or tell something first."""
    parts, starts_at = form.parts(), form.cleaned_data["starts_at"]
    asks = planning.asks_of(parts)
    people = planning.chosen(location, asks, starts_at)
    if not people or not _does_all(asks, people):
        form.add_error(None, "Nobody does this service. Choose another, or name who does it under Setup.")
        return None
    planned = wishes(asks, starts_at, people)
    planned = [_in_room(wish, part.room) for wish, part in zip(planned, parts, strict=True)]
    rhythm = form.rhythm
    if rhythm is not None and form.dates() is None:
        page |= {"visits": planning.course(location, planned, rhythm), "is_course": True}
        return None

    def once() -> Booking:
        if rhythm is None:
            return actions.book(
                actor, client_id, location, planned, note=form.cleaned_data["note"], id=form.row_id(),
                outside=form.cleaned_data["outside"], overrule=form.cleaned_data["overrule"],
            )  # fmt: skip
        left_out = set(range(rhythm.count)) - set(form.dates() or ())
        return actions.book_series(
            actor, client_id, location, planned, rhythm, leaving_out=left_out, id=form.row_id(),
            note=form.cleaned_data["note"], outside=form.cleaned_data["outside"],
        )[0]  # fmt: skip

    try:
        made = tried(actor, form, page, once, lambda: _offers(location, asks, starts_at))
    except Clashes as clashes:
        visits = planning.course(location, planned, rhythm) if rhythm else []
        page |= {"visits": visits, "has_clash": True, "is_course": True}
        form.add_error(None, f"{clashes} Nothing is booked yet: look at the dates again.")
        return None
    except IntegrityError:
        made = (
            Booking.objects.filter(client_id=client_id, pk=form.row_id()).first()
            or Booking.objects.filter(client_id=client_id, series_id=form.row_id()).first()
        )
        if made is None:
            raise
    if made is None:
        return None
    return HttpResponseRedirect(f"{reverse('calendar:booking', args=[made.pk])}?done=booked")


def _does_all(asks: list[Ask], people: list[UUID]) -> bool:
    able = who_does(asks)
    return all(person in able[ask.service.pk] for ask, person in zip(asks, people, strict=True))


def _in_room(wish: Any, room: Room | None) -> Any:
    return replace(wish, room=room) if room else wish


def _offers(location: Location, asks: list[Ask], starts_at: datetime) -> list[dict[str, str]]:
    """Return the next three free times, as buttons of the form."""
    return [
        offered(one.starts_at, location) for one in next_free(location, asks, max(starts_at, clock.now()))
    ]


def offered(moment: datetime, location: Location) -> dict[str, str]:
    """Return a time as a button that chooses it."""
    here = moment.astimezone(location.zone)
    return {"value": f"{here:%Y-%m-%dT%H:%M}", "text": f"{here:%a} {here.day} {here:%b}, {here:%H:%M}"}


def tried(
    actor: Actor, form: PlaceForm, page: dict[str, Any], deed: Callable[[], Any],
    offers: Callable[[], list[dict[str, str]]],
) -> Any:  # fmt: skip
    """Do it and return what it made; None, with the reason beside its field, where the calendar says no.

    ``page`` gets what the page then asks or offers: the next times, whether to overrule or to book outside hours.
    """
    try:
        return deed()
    except actions.SlotTaken as taken:
        page["offers"] = offers()
        page["may_overrule"] = taken.kind == "staff" and actor.holds(Calendar.OVERRULE)
        form.add_error("time", f"{taken} {_next(page['offers'])}")
    except actions.OutsideHours as outside:
        page["may_outside"] = actor.holds(Calendar.OUTSIDE_HOURS)
        ask = "Tick below to book it all the same." if page["may_outside"] else "Choose another time."
        form.add_error("time", f"{outside} {ask}")
    except actions.Unworkable as wrong:
        form.add_error(None, str(wrong))
    return None


def _next(offers: list[dict[str, str]]) -> str:
    return "The next free times are below." if offers else "Nothing is free in the next weeks."


@guard(GET=Calendar.CREATE, POST=Calendar.CREATE)
def block_new(request: HttpRequest) -> HttpResponse:
    """Block time of a person or a room."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    look, _ = looking.look(request)
    people = looks.people(actor, look.location)
    rooms = (
        list(Room.objects.filter(location=look.location, is_active=True))
        if actor.holds(Calendar.SEE_ALL)
        else []
    )
    first = spoken(_next_quarter(look.location, look.day), look.location) | {
        "of": request.GET.get("person", "")
    }
    form = BlockForm(
        request.POST if request.method == "POST" else None, initial=first, location=look.location, people=people,
        rooms=rooms,
    )  # fmt: skip
    if form.is_bound and form.is_valid() and _blocked(actor, form, look.location):
        return HttpResponseRedirect(
            looking.url("day", look, day=form.cleaned_data["day"].isoformat(), done="blocked")
        )
    context = {"form": form, "location": look.location, "back_url": looking.url("day", look)}
    return render(request, "calendar/block_new.html", context, status=422 if form.is_bound else 200)


def _blocked(actor: Actor, form: BlockForm, location: Location) -> bool:
    starts_at = form.cleaned_data["starts_at"]
    try:
        actions.block(
            actor, location, of=form.whose(), title=form.cleaned_data["title"], starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=form.cleaned_data["minutes"]),
        )  # fmt: skip
    except actions.SlotTaken:
        form.add_error("time", "Something is booked then. Move it first, or choose another time.")
        return False
    except actions.Unworkable as wrong:
        form.add_error(None, str(wrong))
        return False
    return True


@guard(GET=Calendar.VIEW)
def block(request: HttpRequest, block_id: UUID) -> HttpResponse:
    """Blocked time: what for, and how to free it."""
    found = _block(request, block_id)
    zone = found.location.zone
    begin = found.starts_at.astimezone(zone)
    context = {
        "blocked": found,
        "of": found.profile or found.room,
        "when": f"{begin:%A}, {plain_day(begin)}, {begin:%H:%M}–{found.ends_at.astimezone(zone):%H:%M}",
        "back_url": _day_of(found),
    }
    return render(request, "calendar/block.html", context)


@guard(POST=Calendar.CREATE)
def block_remove(request: HttpRequest, block_id: UUID) -> HttpResponse:
    """Free blocked time."""
    found = _block(request, block_id)
    actions.unblock(request.actor, found)  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(f"{_day_of(found)}&done=unblocked")


def _block(request: HttpRequest, block_id: UUID) -> Block:
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = Block.objects.select_related("location", "profile", "room").filter(pk=block_id).first()
    is_own = found is not None and found.profile is not None and found.profile.person_id == actor.id
    if found is None or not (is_own or actor.holds(Calendar.SEE_ALL)):
        raise NotFound("there is no such blocked time")
    return found


def _day_of(found: Block) -> str:
    look = looks.Look(found.location, found.starts_at.astimezone(found.location.zone).date())
    return looking.url("day", look)


__all__ = ["ANY", "block", "block_new", "block_remove", "book", "new", "offered", "tried"]
