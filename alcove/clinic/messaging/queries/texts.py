"""Texts as Setup shows them: the list, one with its history, and how it would look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from alcove.clinic.messaging.models import Text
from alcove.clinic.messaging.models.kinds import CHANNELS, KINDS, LANGUAGES, SLOTS, SMS, WRITTEN, Kind, Slot
from alcove.clinic.messaging.queries import composing, wording, words
from alcove.clinic.messaging.queries.choosing import Choice
from alcove.clinic.messaging.queries.places import place
from alcove.clinic.messaging.queries.wording import Unfit, Words
from alcove.clinic.practice.models import Location
from alcove.security.access.errors import NotFound
from alcove.security.access.models import Version
from alcove.security.identity.models import Person

_SAMPLE_TOKEN: Final = "7Kq2mXv9RtLp"  # noqa: S105 - a picture of a link, it opens nothing


@dataclass(frozen=True, slots=True)
class Key:
    """Which text: its kind, channel and language."""

    kind: Kind
    channel: str
    language: str

    @property
    def slug(self) -> str:
        """``reminder_far-sms-en-US``, as it stands in a URL."""
        return f"{self.kind.key}-{self.channel}-{self.language}"

    @property
    def title(self) -> str:
        return f"{self.kind.title}, {CHANNELS[self.channel]}, {LANGUAGES[self.language]}"

    @property
    def is_sms(self) -> bool:
        return self.channel == SMS


def key(slug: str) -> Key:
    """Return which text a URL names; raise ``NotFound``."""
    kind, _, rest = slug.partition("-")
    channel, _, language = rest.partition("-")
    if kind not in KINDS or channel not in WRITTEN or language not in LANGUAGES:
        raise NotFound("there is no such text")
    return Key(KINDS[kind], channel, language)


@dataclass(frozen=True, slots=True)
class Row:
    """One kind in the list of one language: each channel's text, and whether it is the practice's own."""

    kind: Kind
    texts: list[tuple[Key, str, bool]]


def listed(language: str) -> list[Row]:
    """Return all kinds in one language; raise ``NotFound``."""
    if language not in LANGUAGES:
        raise NotFound("there is no such language")
    own = {(row.kind, row.channel): row for row in Text.objects.filter(language=language, is_own=True)}

    def cell(kind: Kind, channel: str) -> tuple[Key, str, bool]:
        row = own.get((kind.key, channel))
        found = Words(row.subject, row.body) if row else wording.shipped(kind.key, channel, language)
        return Key(kind, channel, language), found.subject or found.body.split("\n")[0], row is not None

    return [Row(kind, [cell(kind, channel) for channel in WRITTEN]) for kind in KINDS.values()]


def stored(which: Key) -> Text | None:
    """Return the practice's row for a text, whether its words are in force or not."""
    return Text.objects.filter(kind=which.kind.key, channel=which.channel, language=which.language).first()


@dataclass(frozen=True, slots=True)
class Look:
    """How a text would look. ``problem``: why it cannot be sent. ``telling``: words that may tell of care."""

    words: Words | None
    lock: list[str]
    parts: wording.Parts | None
    telling: list[str]
    problem: str = ""


def look(which: Key, subject: str, body: str) -> Look:
    """Return how a text would look, filled with a made-up visit at the first location."""
    telling = words.telling(f"{subject}\n{body}")
    try:
        filled = wording.filled(Words(subject, body), which.channel, samples(which.language))
    except Unfit as unfit:
        return Look(None, [], None, telling, str(unfit))
    parts = wording.parts(filled.body) if which.is_sms else None
    return Look(filled, wording.lock_screen(filled, "SMS" if which.is_sms else "E-mail"), parts, telling)


def samples(language: str) -> dict[str, str]:
    """Return what fills the slots of a preview: the first location, a visit in two days, links that open nothing."""
    first = Location.objects.first()
    starts = (timezone.now() + timedelta(days=2)).replace(minute=30, second=0, microsecond=0)
    at = place(first.id.hex if first else "")
    facts = {"starts_at": starts.astimezone(UTC).isoformat(), "token": _SAMPLE_TOKEN}
    found = composing.values(facts, at, Choice(), language)
    # What a location does not say yet is shown as it may be one day.
    return found | {name: found[name] or SLOTS[name].sample for name in ("address", "phone")}


def slots() -> tuple[list[Slot], list[Slot]]:
    """Return the slots one may place, and those that are refused because they tell of care."""
    return [one for one in SLOTS.values() if not one.tells], [one for one in SLOTS.values() if one.tells]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a text said until ``at``, when ``who`` changed it."""

    at: datetime
    who: str
    subject: str
    body: str
    was_shipped: bool


def earlier(which: Key, limit: int = 20) -> list[Earlier]:
    """Return the earlier versions of a text, the newest first."""
    row = stored(which)
    if row is None:
        return []
    kept = list(Version.objects.filter(object_id=row.id).order_by("-at")[:limit])
    names = dict(Person.objects.filter(pk__in=[one.actor_id for one in kept]).values_list("id", "name"))
    found, now = [], {"subject": row.subject, "body": row.body, "is_own": row.is_own}
    for version in kept:
        before: dict[str, Any] = now | (version.before or {})
        who = names.get(version.actor_id, version.actor_name) if version.actor_id else version.actor_name
        found.append(Earlier(version.at, who, before["subject"], before["body"], not before["is_own"]))
        now = before
    return found
