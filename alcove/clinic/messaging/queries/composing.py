"""A message as it would leave now: when, how and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format

from alcove.clinic.clients.models import Client
from alcove.clinic.messaging.models import Outgoing
from alcove.clinic.messaging.models.kinds import EMAIL, PORTAL
from alcove.clinic.messaging.queries import choosing, routing, timing, wording
from alcove.clinic.messaging.queries.choosing import Choice
from alcove.clinic.messaging.queries.places import Place, place
from alcove.clinic.messaging.queries.routing import Route
from alcove.clinic.messaging.queries.wording import Words

_DAY: Final = {
    "en-US": "l, F j", "en-GB": "l j F", "de": "l, j. F", "fr": "l j F", "es": r"l j \d\e F",
}  # fmt: skip
_YEAR: Final = {"en-US": ", Y", "en-GB": " Y", "de": " Y", "fr": " Y", "es": r" \d\e Y"}
_CLOCK: Final = {"en-US": "g:i A", "en-GB": "H:i", "de": r"H:i \U\h\r", "fr": r"G \h i", "es": "H:i"}
_THERE: Final = {
    "en-US": "({zone} time; {time} there)",
    "en-GB": "({zone} time; {time} there)",
    "de": "(Zeit in {zone}; vor Ort {time})",
    "fr": "(heure de {zone} ; sur place {time})",
    "es": "(hora de {zone}; allí {time})",
}
"""Where the client's clock and the one on the wall differ, both are said."""
CUT = "…"
"""What stands for a secret in a text that is kept."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A message ready to leave. ``kept``: the same text without the secrets of its links."""

    route: Route
    words: Words
    kept: Words
    language: str


def client_zone(chosen: Choice, at: Place) -> ZoneInfo:
    """Return the client's own clock: chosen, else the location's."""
    return choosing.zone_named(chosen.time_zone, at.zone)


def day(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """Return a day as the language says it, with its year where that is not the running one."""
    local = moment.astimezone(zone)
    shape = _DAY[language] + ("" if local.year == timezone.now().astimezone(zone).year else _YEAR[language])
    with translation.override(language.lower()):
        return str(date_format(local, shape, use_l10n=False))


def clock(moment: datetime, zone: ZoneInfo, language: str) -> str:
    """Return a time of day as the language says it."""
    with translation.override(language.lower()):
        return str(date_format(moment.astimezone(zone), _CLOCK[language], use_l10n=False))


def values(facts: Mapping[str, str], at: Place, chosen: Choice, language: str) -> dict[str, str]:
    """Return what fills the slots: never more than time, place and links, whatever the text asks for."""
    starts, zone = datetime.fromisoformat(facts["starts_at"]), client_zone(chosen, at)
    is_same = starts.astimezone(zone).utcoffset() == starts.astimezone(at.zone).utcoffset()
    there = "" if is_same else _THERE[language].format(
        zone=zone.key.rpartition("/")[2].replace("_", " "), time=clock(starts, at.zone, language)
    )  # fmt: skip
    return {
        "practice": at.practice,
        "place": at.name,
        "address": at.address,
        "phone": at.phone,
        "date": day(starts, zone, language),
        "time": clock(starts, zone, language),
        "zone": there,
        **links(facts.get("token", "")),
    }


def links(token: str) -> dict[str, str]:
    """Return the client's links for a token of the calendar's; without a token there are none."""
    found = dict.fromkeys(settings.ALCOVE_VISIT_LINKS, "")
    if token:
        for name, path in settings.ALCOVE_VISIT_LINKS.items():
            found[name] = settings.ALCOVE.public_address + path.format(token=token)
    return found


def composed(client: Client, row: Outgoing, chosen: Choice, way: Route) -> Composed:
    """Return a message in the client's words; raise ``wording.Unfit`` for a text that may not leave."""
    facts: dict[str, Any] = (row.content or {}).get("facts", {})
    language = choosing.language_of(client, chosen)
    channel = EMAIL if way.channel == PORTAL else way.channel
    words = wording.in_force(row.kind, channel, language)
    filling = values(facts, place(facts.get("location", "")), chosen, language)
    without = filling | {
        name: text and text.replace(facts["token"], CUT)
        for name, text in links(facts.get("token", "")).items()
    }
    return Composed(
        way, wording.filled(words, channel, filling), wording.filled(words, channel, without), language
    )


def may_leave_at(
    kind: str, facts: Mapping[str, str], chosen: Choice, *, wanted: datetime, ends_at: datetime, now: datetime
) -> datetime | None:
    """Return when a message may leave for this client; None if never (see ``timing``)."""
    zone = client_zone(chosen, place(facts.get("location", "")))
    return timing.moment(kind, wanted, ends_at, chosen, zone, now=now)


def route_of(client: Client, chosen: Choice) -> Route:
    """Return how this client is reached now."""
    return routing.route(client, chosen, choosing.confirmed(client.id, chosen))
