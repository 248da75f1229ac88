"""A booking: what it is, moving it, its steps, cancelling, undoing; and its check-in code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from alcove.clinic.calendar import actions
from alcove.clinic.calendar.actions import codes
from alcove.clinic.calendar.forms import MoveForm, spoken
from alcove.clinic.calendar.models import Appointment, Booking
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import Ask, comings, looks, next_free
from alcove.clinic.calendar.queries.boards import WORDS
from alcove.clinic.calendar.queries.looks import Look
from alcove.clinic.calendar.queries.minutes import MINUTE
from alcove.clinic.calendar.views import looking
from alcove.clinic.calendar.views.booking import offered, tried
from alcove.clinic.practice.models import Room, StaffProfile
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard
from alcove.security.audit import clock
from alcove.ui.moments import clock as said
from alcove.ui.moments import plain_day

S = Booking.State
UNDO_SECONDS = int(policy.UNDO_LIFE.total_seconds())
FARTHEST = 60 * 24 * 366
"""Minutes a drag can move something: any day one can see."""


@guard(GET=Calendar.VIEW)
def booking(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Everything about one booking."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = comings.booking(actor, booking_id)
    return render(request, "calendar/booking.html", _context(actor, found))


def _context(actor: Actor, found: Booking) -> dict[str, Any]:
    parts = comings.parts(found)
    face = comings.face(actor, found, parts)
    zone = found.location.zone
    begin = found.starts_at.astimezone(zone)
    steps = [
        {"step": step, "name": name, "icon": icon}
        for step, (name, icon, to) in STEPS.items()
        if actor.holds(Calendar.EDIT) and found.state in actions.coming.STEPS[to]
    ]
    if actor.holds(Calendar.EDIT) and found.state in BACK:
        steps.append({"step": "back", "name": BACK[S(found.state)], "icon": "undo-2"})
    if found.starts_at > clock.now():
        steps = [one for one in steps if one["step"] != "no-show"]
    word, icon = WORDS[S(found.state)]
    return {
        "booking": found, "face": face, "client": face.client, "word": word, "icon": icon, "steps": steps,
        "day": plain_day(begin), "weekday": f"{begin:%A}",
        "clock": f"{said(begin)}–{said(found.ends_at.astimezone(zone))}",
        "parts": [
            (one, said(one.starts_at.astimezone(zone)), said(one.ends_at.astimezone(zone))) for one in parts
        ],
        "deeds": comings.deeds(found),
        "missed": comings.missed([found.client_id]).get(found.client_id, 0) if face.client and found.client_id else 0,
        "may_move": actor.holds(Calendar.EDIT) and found.is_open,
        "may_cancel": actor.holds(Calendar.DELETE) and found.state in actions.coming.STEPS[S.CANCELLED],
        "may_code": actor.holds(Calendar.EDIT) and found.state in {S.BOOKED, S.CONFIRMED},
        "is_undoable": comings.undoable(found) is not None and actor.holds(Calendar.EDIT),
        "undo_seconds": UNDO_SECONDS,
        "back_url": looking.url("day", Look(found.location, begin.date())),
    }  # fmt: skip


STEPS: dict[str, tuple[str, str, Booking.State]] = {
    "confirm": ("Confirm", "check", S.CONFIRMED),
    "arrive": ("Check in", "map-pin-check", S.ARRIVED),
    "room": ("Bring to room", "door-open", S.IN_ROOM),
    "done": ("Check out", "circle-check", S.DONE),
    "no-show": ("Did not come", "user-x", S.NO_SHOW),
}
"""What can be pressed: words, icon and the state it leads to."""
BACK = {
    S.ARRIVED: "Not here after all",
    S.IN_ROOM: "Back to waiting",
    S.DONE: "Not finished yet",
    S.NO_SHOW: "Came after all",
}
"""The last step taken back, in words."""
DEEDS: dict[str, Callable[[Actor, Booking], Booking]] = {
    "confirm": actions.confirm,
    "arrive": actions.check_in,
    "room": actions.give_room,
    "done": actions.check_out,
    "no-show": actions.mark_no_show,
    "back": actions.step_back,
}


@guard(POST=Calendar.EDIT)
def step(request: HttpRequest, booking_id: UUID, step: str) -> HttpResponse:
    """Take a booking one step on, or its last step back. Pressed twice, it is done once."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = comings.booking(actor, booking_id)
    if step not in DEEDS:
        raise NotFound("there is no such step")
    try:
        if step == "room":
            actions.give_room(actor, found, room=_room(request, found))
        else:
            DEEDS[step](actor, found)
    except actions.Unworkable as wrong:
        if step in STEPS and found.state == STEPS[step][2]:
            return _back(request, found)
        raise Conflict(str(wrong)) from None
    except actions.SlotTaken:
        raise Conflict("This room is taken. Choose another one; nothing was changed.") from None
    return _back(request, found)


def _room(request: HttpRequest, found: Booking) -> Room | None:
    """Return the room chosen, None for the one that was booked."""
    key = request.POST.get("room", "")
    return next((one for one in Room.objects.filter(location=found.location_id) if one.pk.hex == key), None)


def _back(request: HttpRequest, found: Booking, **query: str) -> HttpResponse:
    """Return to where the button stood: reception, or the booking's own page."""
    if request.POST.get("from") == "reception":
        return HttpResponseRedirect(f"{reverse('reception:today')}?location={found.location_id.hex}")
    words = "&".join(f"{key}={value}" for key, value in query.items())
    return HttpResponseRedirect(reverse("calendar:booking", args=[found.pk]) + (f"?{words}" if words else ""))


@guard(POST=Calendar.DELETE)
def cancel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Cancel a booking; for a while it can be undone."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = comings.booking(actor, booking_id)
    by = "client" if request.POST.get("by") == "client" else "practice"
    try:
        actions.cancel(actor, found, by=by)
    except actions.Unworkable as wrong:
        if found.state != S.CANCELLED:
            raise Conflict(str(wrong)) from None
    return _back(request, found)


@guard(POST=Calendar.EDIT)
def undo(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Put a booking back to where it was before its last move or cancellation."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = comings.booking(actor, booking_id)
    if found.state == S.CANCELLED:
        actor.must(Calendar.DELETE)
    try:
        actions.undo(actor, found)
    except actions.SlotTaken:
        raise Conflict("Its old time is no longer free, so it stays as it is now.") from None
    return _back(request, found, done="undone")


@guard(GET=Calendar.EDIT, POST=Calendar.EDIT)
def move(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Move a booking without dragging: another day, time, person or room."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = comings.booking(actor, booking_id)
    parts = comings.parts(found)
    first = spoken(found.starts_at, found.location) | {"version": found.version}
    form = MoveForm(
        request.POST if request.method == "POST" else None, initial=first, location=found.location,
        appointments=parts, people=looks.people(actor, found.location),
        rooms=list(Room.objects.filter(location=found.location, is_active=True)),
    )  # fmt: skip
    page: dict[str, Any] = {"form": form} | _context(actor, found)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        taken = form.cleaned_data

        def deed() -> Booking:
            return actions.move(
                actor, found, starts_at=taken["starts_at"], profiles=form.profiles(), room=form.room(),
                version=taken["version"], outside=taken["outside"], overrule=taken["overrule"],
            )  # fmt: skip

        try:
            if tried(
                actor, form, page, deed, lambda: _offers(found, parts, taken["starts_at"], form.profiles())
            ):
                return _back(request, found)
        except Conflict as conflict:
            form.add_error(None, str(conflict))
            form.data = {**form.typed(), "version": str(Booking.objects.get(pk=found.pk).version)}
            status = 409
    return render(request, "calendar/move.html", page, status=status)


def _offers(
    found: Booking, parts: list[Appointment], starts_at: Any, profiles: dict[UUID, StaffProfile]
) -> list[dict[str, str]]:
    asks = [
        Ask(
            one.service, frozenset({profiles.get(one.pk, one.profile).pk}),
            int((one.starts_at - found.starts_at) / MINUTE),
        )
        for one in parts
    ]  # fmt: skip
    free = next_free(found.location, asks, max(starts_at, clock.now()), ignoring=found.pk)
    return [offered(one.starts_at, found.location) for one in free]


@guard(POST=Calendar.EDIT)
def shift(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Move a booking by so many minutes, and one of its appointments to another person or room: what a drag asks for.

    Answers ``{sentence, undo, seconds}``; 409 or 422 with ``{sentence, form}`` where nothing was moved.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = comings.booking(actor, booking_id)
    parts = comings.parts(found)
    minutes, version = _number(request.POST.get("shift", "")), _number(request.POST.get("version", ""))
    if minutes is None or version is None:
        return _said("This could not be read. Load the page again.", 422, found)
    starts_at = found.starts_at + timedelta(minutes=minutes)
    profiles, room = _to(request, actor, found, parts)
    try:
        moved = actions.move(actor, found, starts_at=starts_at, profiles=profiles, room=room, version=version)
    except actions.SlotTaken as taken:
        offers = ", ".join(one["text"] for one in _offers(found, parts, starts_at, profiles))
        return _said(f"{taken} {f'Next free: {offers}.' if offers else ''}", 422, found)
    except (actions.OutsideHours, actions.Unworkable) as wrong:
        return _said(str(wrong), 422, found)
    except Conflict as conflict:
        return _said(str(conflict), 409, found)
    here = moved.starts_at.astimezone(found.location.zone)
    sentence = f"Moved to {here:%A} {here.day} {here:%b}, {here:%H:%M}."
    url = reverse("calendar:undo", args=[found.pk])
    return JsonResponse({"sentence": sentence, "undo": url, "seconds": UNDO_SECONDS})


def _said(sentence: str, status: int, found: Booking) -> HttpResponse:
    form = reverse("calendar:move", args=[found.pk])
    return JsonResponse({"sentence": sentence.strip(), "form": form}, status=status)


def _number(text: str) -> int | None:
    digits = text.removeprefix("-")
    number = int(text) if digits.isascii() and digits.isdigit() and len(digits) < 9 else None  # noqa: PLR2004 - longer is no minute
    return number if number is not None and abs(number) <= FARTHEST else None


def _to(
    request: HttpRequest, actor: Actor, found: Booking, parts: list[Appointment]
) -> tuple[dict[UUID, StaffProfile], Room | None]:
    """Return who does the dragged appointment now, or the room it was dropped into."""
    key, dragged = request.POST.get("to", ""), request.POST.get("appointment", "")
    if not key:
        return {}, None
    people = {one.pk.hex: one for one in looks.people(actor, found.location)}
    for one in parts:
        if one.pk.hex == dragged and key in people:
            return {one.pk: people[key]}, None
    return {}, next((one for one in Room.objects.filter(location=found.location) if one.pk.hex == key), None)


@guard(POST=Calendar.EDIT)
def code(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Make a check-in code and show it, once."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found = comings.booking(actor, booking_id)
    if found.state not in {S.BOOKED, S.CONFIRMED}:
        raise Conflict("Only an appointment that is still to come can be checked in by a code.")
    text, made = codes.issue(actor, found)
    url = settings.ALCOVE.public_address + reverse("check_in:check_in", kwargs={"code": text})
    return render(request, "calendar/code.html", {"url": url, "code": made} | _context(actor, found))
