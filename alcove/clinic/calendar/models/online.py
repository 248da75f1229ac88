"""What patients do themselves: how the booking pages look, forms under way, and the links of their visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from django.db import models
from django.utils import timezone

from alcove.clinic.calendar.models.bookings import Booking
from alcove.clinic.clients.models import Client
from alcove.security import policy_defaults as policy
from alcove.security.vault.fields import HOUSE, SealedJSON, plain
from alcove.security.vault.ids import uuid7

GENERAL, SERVICES, TEAM = "general", "services", "team"
GROUPS: Final = {
    GENERAL: "General",
    SERVICES: "Services and categories",
    TEAM: "Locations and team",
}


@dataclass(frozen=True, slots=True)
class Switch:
    """Something the booking pages show or keep to themselves (CAL-08). What is hidden is not in the page at all."""

    group: str
    title: str
    at_first: bool = True


SWITCHES: Final = {
    "welcome": Switch(GENERAL, "Words of welcome"),
    "requirements": Switch(GENERAL, "What a service asks for beforehand"),
    "categories": Switch(SERVICES, "Headings of the menu"),
    "costs": Switch(SERVICES, "Prices"),
    "durations": Switch(SERVICES, "How long a service takes"),
    "descriptions": Switch(SERVICES, "Descriptions of services"),
    "addresses": Switch(TEAM, "Addresses of locations"),
    "phones": Switch(TEAM, "Phone numbers of locations"),
    "team": Switch(TEAM, "Choosing a practitioner"),
    "titles": Switch(TEAM, "Job titles"),
    "photos": Switch(TEAM, "Photos of the team"),
    "about": Switch(TEAM, "Words about the team"),
}
"""By key, as ``OnlineBooking.shown`` names them."""

COLOURS: Final = {
    "ground": ("Background", "#1f5e57"),
    "ink": ("Text", "#ffffff"),
    "button": ("Button", "#ffffff"),
    "button_ink": ("Text on the button", "#174a45"),
}
"""The colours of the confirmation page by key: what they are for, and what they are at first."""


LOOK: Final = """.look {{ background: {ground}; color: {ink}; }}
.look :is(h1, h2, h3, p, a:not(.btn)) {{ color: {ink}; }}
.look .btn-p {{ background: {button}; border-color: {button}; color: {button_ink}; }}
.look :focus-visible {{ outline-color: {ink}; }}
"""
"""The style sheet that carries them: the Content-Security-Policy takes colours no other way."""


class OnlineBooking(models.Model):
    """One row: whether patients book online, what they see, and how the confirmation looks.

    ``shown``: ``{key of SWITCHES: bool}``; what it does not name is as at first. ``colours``: ``{key of COLOURS:
    "#rrggbb"}``. ``sites``: origins that may show the first pages in a frame of theirs.
    """

    class Layout(models.TextChoices):
        CARD = "card", "A card in the middle"
        BAND = "band", "A band across the page"
        PLAIN = "plain", "Words only"

    THE_ONE: ClassVar = UUID(int=1)

    id = models.UUIDField(primary_key=True, default=THE_ONE, editable=False)
    is_open = models.BooleanField(default=True)
    welcome = models.CharField(max_length=400, blank=True)
    shown = models.JSONField(default=dict)
    sites = models.JSONField(default=list)
    layout = models.CharField(max_length=5, choices=Layout, default=Layout.CARD)
    title = models.CharField(max_length=80, default="You are booked in")
    words = models.CharField(
        max_length=600, default="We look forward to seeing you. Please come a few minutes early."
    )
    colours = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)

    def shows(self, key: str) -> bool:
        """Whether this is shown; ``KeyError`` for what there is no switch for."""
        return bool(self.shown.get(key, SWITCHES[key].at_first))

    @property
    def greeting(self) -> str:
        """The words of welcome where they are shown."""
        return self.welcome if self.shows("welcome") else ""

    @property
    def look(self) -> str:
        """The style sheet of the confirmation page."""
        return LOOK.format(**{key: self.colour(key) for key in COLOURS})

    def colour(self, key: str) -> str:
        return str(self.colours.get(key, COLOURS[key][1]))


class OnlineForm(models.Model):
    """Somebody who fills in the form behind a held time; ``digest``: of the token in their browser.

    ``asked``: ``{channel, contact}`` while the contact is being confirmed, sealed by the house: whose it is nobody
    knows yet. ``code_digest``: of the code that was sent, bound to this row; ``tries`` counts guesses at it before they
    are looked at. ``contact_key`` and ``network_key``: keyed hashes, to count by. ``ended_at``: booked or given up.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    booking = models.OneToOneField(Booking, on_delete=models.CASCADE, related_name="+")
    asked = SealedJSON(owner=HOUSE, label="calendar.online.asked", null=True)
    network_key = models.CharField(max_length=64, db_index=True)
    contact_key = models.CharField(max_length=64, blank=True, db_index=True)
    code_digest = models.CharField(max_length=64, blank=True)
    code_sent_at = models.DateTimeField(null=True)
    codes_sent = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    @property
    def code_ends_at(self) -> datetime | None:
        return self.code_sent_at + policy.BOOKING_CODE_LIFE if self.code_sent_at else None


class VisitLink(models.Model):
    """A link in a message to a client: to confirm, change or cancel a visit, or to take a time that became free.

    Only the digest of its token is here. ``used_at``: by a change, a cancellation or an answer to an offer; from then
    on every link of that visit is void. ``confirmed_at``: the visit was confirmed by it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="+")
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="links")
    digest = plain("a hash of a random token", models.CharField(max_length=64, unique=True))
    made_at = plain("when the message was planned", models.DateTimeField(default=timezone.now))
    used_at = plain("when the link was used", models.DateTimeField(null=True))
    confirmed_at = plain("when the visit was confirmed by it", models.DateTimeField(null=True))
