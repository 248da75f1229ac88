"""How a client wants to be reached, read out of the sealed row, with what counts where nothing was said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from functools import cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from alcove.clinic.clients.models import Client
from alcove.clinic.messaging.models import Choices
from alcove.clinic.messaging.models.kinds import CHANNELS, EMAIL, LANGUAGES, SMS
from alcove.clinic.practice.models import Practice
from alcove.security import policy_defaults as policy
from alcove.security.identity.queries import patients

HOWS: Final = {
    "staff": "confirmed with the client by the staff",
    "code": "confirmed by a code",
    "portal": "confirmed by the portal account",
}
"""How an address came to count as the client's own."""
_WRITTEN_AS: Final = {
    "english": "en-US", "american english": "en-US", "british english": "en-GB", "german": "de", "deutsch": "de",
    "french": "fr", "français": "fr", "spanish": "es", "español": "es", "en": "en-US", "en-us": "en-US",
    "en-gb": "en-GB", "de": "de", "fr": "fr", "es": "es",
}  # fmt: skip
"""Languages as cards say them."""
_SPOKEN_IN: Final = {
    "GB": "en-GB", "IE": "en-GB", "AU": "en-GB", "NZ": "en-GB", "DE": "de", "AT": "de", "CH": "de", "LI": "de",
    "FR": "fr", "LU": "fr", "MC": "fr", "ES": "es", "MX": "es", "AR": "es", "CO": "es", "CL": "es",
}  # fmt: skip
_FROM_CARD: Final = {"text message": SMS, "e-mail": EMAIL}


@dataclass(frozen=True, slots=True)
class Choice:
    """What one client chose. "" means not said; ``quiet_from`` equal to ``quiet_to`` means no quiet hours.

    ``confirmed`` and ``bounced``: address to ``{how, at}`` and to a moment. ``confidential_email`` and ``_phone`` are
    used instead of what stands on the card; with either of them nothing on the card is used.
    """

    channel: str = ""
    language: str = ""
    quiet_from: str = policy.QUIET_FROM
    quiet_to: str = policy.QUIET_TO
    time_zone: str = ""
    confidential_email: str = ""
    confidential_phone: str = ""
    warned_at: str = ""
    warned_by: str = ""
    confirmed: dict[str, dict[str, str]] = field(default_factory=dict)
    bounced: dict[str, str] = field(default_factory=dict)

    @property
    def has_quiet_hours(self) -> bool:
        return self.quiet_from != self.quiet_to

    @property
    def is_confidential(self) -> bool:
        return bool(self.confidential_email or self.confidential_phone)

    def held(self) -> dict[str, Any]:
        """Return the shape of ``Choices.held``."""
        return {
            "channel": self.channel,
            "language": self.language,
            "quiet_from": self.quiet_from,
            "quiet_to": self.quiet_to,
            "time_zone": self.time_zone,
            "confidential": {"email": self.confidential_email, "phone": self.confidential_phone},
            "warned_at": self.warned_at,
            "warned_by": self.warned_by,
            "confirmed": self.confirmed,
            "bounced": self.bounced,
        }


def choice_of(row: Choices | None) -> Choice:
    """Return what a row says; the defaults for a client who never chose. The directory part must be open."""
    if row is None:
        return Choice()
    held = row.held
    confidential = held.get("confidential") or {}
    return Choice(
        channel=held.get("channel", ""),
        language=held.get("language", ""),
        quiet_from=held.get("quiet_from") or policy.QUIET_FROM,
        quiet_to=held.get("quiet_to") or policy.QUIET_TO,
        time_zone=held.get("time_zone", ""),
        confidential_email=confidential.get("email", ""),
        confidential_phone=confidential.get("phone", ""),
        warned_at=held.get("warned_at", ""),
        warned_by=held.get("warned_by", ""),
        confirmed=dict(held.get("confirmed") or {}),
        bounced=dict(held.get("bounced") or {}),
    )


def row_of(client_id: UUID) -> Choices | None:
    """Return the row of a client's choices; None for one who never chose."""
    return Choices.objects.filter(client_id=client_id).first()


def choice(client_id: UUID) -> Choice:
    """Return what a client chose; the directory part must be open."""
    return choice_of(row_of(client_id))


def channel_of(client: Client, chosen: Choice) -> str:
    """Return the way a client chose; else what the card says they like, else e-mail where there is an address."""
    if chosen.channel in CHANNELS:
        return chosen.channel
    liked = _FROM_CARD.get(str(client.detail("contact_by")).strip().lower())
    if liked:
        return liked
    return EMAIL if addresses(client, chosen)[EMAIL] or not addresses(client, chosen)[SMS] else SMS


def language_of(client: Client, chosen: Choice) -> str:
    """Return the language of a client's messages: chosen, else the card's where there are texts, else the country's."""
    if chosen.language in LANGUAGES:
        return chosen.language
    spoken = _WRITTEN_AS.get(str(client.detail("language")).strip().lower())
    return spoken or own_language()


def own_language() -> str:
    """Return the language of the practice's country, of those there are texts in."""
    country = Practice.objects.values_list("country", flat=True).first() or "US"
    return _SPOKEN_IN.get(country, "en-US")


def zone_named(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    """Return a time zone by its name, or the other one where there is none of that name."""
    try:
        return ZoneInfo(name) if name else otherwise
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise


@cache
def zones() -> tuple[str, ...]:
    """Return the zones a client may choose: places, not offsets or abbreviations."""
    places = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return tuple(sorted(name for name in available_timezones() if name.startswith(places)))


def clock(text: str) -> time:
    """Return a time of day such as ``21:00``; raise ``ValueError``."""
    return time.fromisoformat(text)


def addresses(client: Client, chosen: Choice) -> dict[str, list[str]]:
    """Return where a client may be written to, by channel, the first one first. A confidential contact is the only one.

    A phone number with an extension takes no SMS.
    """
    if chosen.is_confidential:
        return {
            EMAIL: [one for one in (chosen.confidential_email,) if one],
            SMS: [one for one in (chosen.confidential_phone,) if one],
        }
    return {EMAIL: client.emails, SMS: [one for one in client.phones if ";" not in one]}


def confirmed(client_id: UUID, chosen: Choice) -> dict[str, str]:
    """Return the addresses that count as the client's own, with how: a code word of ``HOWS``."""
    found = {address: said.get("how", "staff") for address, said in chosen.confirmed.items()}
    account = patients.account_of(client_id)
    if account is not None and account.person.suspended_at is None:
        if account.person.email_confirmed_at:
            found.setdefault(account.email, "portal")
        if account.person.phone_confirmed_at:
            found.setdefault(account.phone, "portal")
    return found


def in_words(client: Client, chosen: Choice) -> list[tuple[str, str]]:
    """Return what a client chose as (label, words), and what counts where they said nothing."""
    channel, language = channel_of(client, chosen), language_of(client, chosen)
    quiet = f"{chosen.quiet_from} to {chosen.quiet_to}" if chosen.has_quiet_hours else "None"
    said = [
        ("Messages about visits", CHANNELS[channel] + ("" if chosen.channel else " (not said)")),
        ("Language", LANGUAGES[language] + ("" if chosen.language else " (not said)")),
        ("Quiet hours", quiet),
        ("Time zone", chosen.time_zone.replace("_", " ") or "As the location's"),
    ]
    if chosen.warned_at:
        said.append(
            ("Plain e-mail and SMS", f"Warned and wanted, noted by {chosen.warned_by or 'the practice'}")
        )
    return said
