"""The link to one's own calendar: made, shown once, ended; and its fetches, which are disclosures."""

from __future__ import annotations

from alcove.clinic.calendar.models import Feed
from alcove.clinic.calendar.policy import Calendar, Did, Online
from alcove.clinic.practice.models import StaffProfile
from alcove.security.access import need
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.identity import tokens


@action(Calendar.FEED)
def make_feed(change: Change, shows: str) -> tuple[str, Feed]:
    """Make the link to the actor's own calendar; return its token, which is kept nowhere, and its row.

    An earlier link ends with it. ``NotFound`` for who has no column in the calendar.
    """
    profiles = StaffProfile.objects.select_for_update(of=("self",))
    profile = profiles.filter(person_id=change.actor.id or need.NOBODY).first()
    if profile is None:
        raise NotFound("this person has no calendar of their own")
    for old in Feed.objects.select_for_update().filter(profile=profile, ended_at=None):
        change.update(old, Did.FEED_ENDED, ended_at=change.now)
    token, digest = tokens.new_token()
    made = change.create(
        Feed, Did.FEED_MADE, profile=profile, digest=digest, shows=Feed.Shows(shows).value, made_at=change.now
    )
    return token, made


@action(Calendar.FEED)
def end_own_feed(change: Change) -> Feed:
    """End the link to the actor's own calendar; ``Conflict`` where there is none any more."""
    held = Feed.objects.select_for_update(of=("self",)).filter(
        profile__person_id=change.actor.id or need.NOBODY, ended_at=None
    ).first()  # fmt: skip
    if held is None:
        raise Conflict("There is no link to your calendar any more.")
    change.update(held, Did.FEED_ENDED, ended_at=change.now)
    return held


@action(Calendar.END_FEEDS)
def end_feed(change: Change, feed: Feed) -> Feed:
    """End somebody's link; ``Conflict`` if it ended meanwhile."""
    held = Feed.objects.select_for_update().get(pk=feed.pk)
    if held.ended_at is not None:
        raise Conflict("This link has ended meanwhile.")
    change.update(held, Did.FEED_ENDED, ended_at=change.now)
    return held


@action(Online.FEED)
def note_fetch(change: Change, feed: Feed, mark: str) -> Feed:
    """Note that another program fetched this calendar, and since when it says what it says."""
    held = Feed.objects.select_for_update().get(pk=feed.pk)
    changed_at = change.now if held.mark != mark else held.changed_at
    change.update(held, Did.FEED_READ, mark=mark, changed_at=changed_at, read_at=change.now)
    return held
