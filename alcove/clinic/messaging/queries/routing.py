"""By which way and to which address a client is reached, or why not. The choice is the client's, for every kind.

What must never happen: a message by another way than the one chosen, to an address that is not confirmed, to one that
is not the confidential one where there is such, or to somebody who died. Sign-in codes do not come this way: they are
identity's notices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import contacts
from alcove.clinic.messaging.models.kinds import CHANNELS, EMAIL, NO_REACH, NONE, PORTAL
from alcove.clinic.messaging.queries import choosing
from alcove.clinic.messaging.queries.choosing import Choice


@dataclass(frozen=True, slots=True)
class Route:
    """``channel`` and ``to``; or ``refusal``, a code word of ``NO_REACH``. The portal has no address."""

    channel: str
    to: str = field(default="", repr=False)
    refusal: str = ""

    @property
    def is_open(self) -> bool:
        return not self.refusal

    @property
    def masked(self) -> str:
        return masked(self.channel, self.to)

    @property
    def words(self) -> str:
        """The way and why it is shut, in words."""
        way = CHANNELS.get(self.channel, "No messages")
        return f"{way}: {NO_REACH[self.refusal]}" if self.refusal else way


def masked(channel: str, address: str) -> str:
    """Return an address as pages show it."""
    if not address:
        return ""
    return contacts.masked_email(address) if channel == EMAIL else contacts.masked(address)


def route(client: Client, chosen: Choice, own: dict[str, str], *, tells_of_care: bool = False) -> Route:
    """Return how this client is reached now. ``own``: confirmed addresses, from ``choosing.confirmed``.

    ``tells_of_care``: the text says something about care, which by plain e-mail or SMS needs a recorded warning.
    """
    channel = choosing.channel_of(client, chosen)
    if client.detail("deceased_on"):
        return Route(channel, refusal="deceased")
    if channel == NONE:
        return Route(channel, refusal="none")
    if channel == PORTAL:
        return Route(channel)
    if tells_of_care and not chosen.warned_at:
        return Route(channel, refusal="no warning")
    candidates = choosing.addresses(client, chosen)[channel]
    if not candidates:
        return Route(channel, refusal="no address")
    usable = [one for one in candidates if one in own]
    if not usable:
        return Route(channel, refusal="unconfirmed")
    arriving = [one for one in usable if one not in chosen.bounced]
    if not arriving:
        return Route(channel, refusal="bounced")
    return Route(channel, arriving[0])


def recipient_known(client_id: UUID) -> Route:
    """Return how a client would be reached now; the directory part must be open. For pages that ask before they plan.

    ``.is_open``: whether messages arrive at all; ``.channel``, ``.masked``, ``.words``: for the page.
    """
    chosen = choosing.choice(client_id)
    return route(Client.objects.get(pk=client_id), chosen, choosing.confirmed(client_id, chosen))
