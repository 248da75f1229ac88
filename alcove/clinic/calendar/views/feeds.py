"""The calendar on a phone: what the link answers to another program, one's own link, and everybody's for managers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from alcove.clinic.calendar.actions import feeds as actions
from alcove.clinic.calendar.forms.feeds import FeedForm
from alcove.clinic.calendar.models import Feed
from alcove.clinic.calendar.policy import Calendar, Online
from alcove.clinic.calendar.queries import feeds, ical
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Gone, NotFound
from alcove.security.access.guards import guard, signed
from alcove.security.access.policy import Open
from alcove.security.audit import clock
from alcove.security.identity import throttle
from alcove.security.identity.middleware import address, named_origin


@signed("link of a practitioner: their own busy times for another program, read-only")
def feed(request: HttpRequest, feed_token: str) -> HttpResponse:
    """Answer another program; 304 where it has all of it already. Wrong links are counted: nobody tries many."""
    now = clock.now()
    try:
        found, owner = feeds.feed(feed_token, now=now)
    except Gone:
        throttle.count(throttle.key("calendar feed", throttle.network(address(request))))
        raise
    named_origin(request)
    held: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    said = feeds.seen(found, now=now)
    if said.mark != found.mark or found.read_at is None or found.read_at.date() != now.date():
        job = Actor.job("calendar feed", Online.FEED, Open.DIRECTORY)
        found = actions.note_fetch(
            replace(job, origin_id=held.origin_id, request=held.request), found, said.mark
        )
    etag, changed_at = f'"{said.mark}"', int((found.changed_at or now).timestamp())
    same = get_conditional_response(request, etag=etag, last_modified=changed_at)
    if same is not None:
        return same
    by = replace(owner, origin_id=held.origin_id, request=held.request)
    headers = {
        "ETag": etag, "Last-Modified": http_date(changed_at),
        "Content-Disposition": 'inline; filename="calendar.ics"',
    }  # fmt: skip
    return HttpResponse(feeds.written(found, said, by), content_type=ical.MEDIA_TYPE, headers=headers)


@guard(GET=Calendar.VIEW)
def phone(request: HttpRequest) -> HttpResponse:
    """Show the link to one's own calendar, as far as anything of it is kept; managers see everybody's."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    has_column, own = feeds.own(actor)
    page: dict[str, Any] = {"has_column": has_column, "own": own}
    if actor.holds(Calendar.END_FEEDS):
        page["others"] = [one for one in feeds.living(actor) if own is None or one.pk != own.pk]
    return render(request, "calendar/phone.html", page)


@guard(GET=Calendar.FEED, POST=Calendar.FEED, fresh=True)
def phone_new(request: HttpRequest) -> HttpResponse:
    """Make a link and show it, once."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    has_column, own = feeds.own(actor)
    form = FeedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token, made = actions.make_feed(actor, form.cleaned_data["shows"])
        except NotFound:
            form.add_error(None, "You have no column in the calendar, so there is nothing to take along.")
        else:
            url = settings.ALCOVE.public_address + reverse("calendar:feed", args=[token])
            return render(request, "calendar/phone_link.html", {"url": url, "feed": made})
    page = {"form": form, "own": own, "has_column": has_column}
    return render(request, "calendar/phone_new.html", page, status=422 if form.is_bound else 200)


@guard(POST=Calendar.FEED)
def phone_end(request: HttpRequest) -> HttpResponse:
    """End one's own link; pressed twice, it ends once."""
    with suppress(Conflict):
        actions.end_own_feed(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect(reverse("calendar:phone") + "?done=feed_ended")


@guard(POST=Calendar.END_FEEDS)
def feed_end(request: HttpRequest, feed_id: UUID) -> HttpResponse:
    """End somebody's link; pressed twice, it ends once."""
    actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    found: Feed = feeds.one(actor, feed_id)
    if found.ended_at is None:
        actions.end_feed(actor, found)
    return HttpResponseRedirect(reverse("calendar:phone") + "?done=feed_ended")
