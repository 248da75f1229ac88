"""Contacts: one spelling for each phone, e-mail address and number, and the short keyed values that find them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import reduce
from operator import or_
from typing import Final
from uuid import UUID

import phonenumbers
from django.db.models import Q

from alcove.clinic.clients.models import ContactToken
from alcove.security.vault import crypto, cuts
from alcove.security.vault.cuts import Cut
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.house import house
from alcove.security.vault.models import House

KINDS = ("phone", "email", "number")
MOVED: Final = 4
"""The bits are chosen anew when there are so many times more or fewer clients than when they were set."""
_VALUES_EACH: Final = 4
"""Values of one client, about: so many rows are read to find one client whose values are to be cut anew."""


class NotAContact(ValueError):
    """A text is no phone number or e-mail address; the sentence goes beside the field."""


def phone(text: str, country: str) -> str:
    """Return a phone number in E.164, reading one without a prefix as of ``country``; raise ``NotAContact``."""
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", text), country)
    except phonenumbers.NumberParseException:
        raise NotAContact(
            "This is not a phone number. Begin with + and the country code for a foreign one."
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise NotAContact("This phone number has too few or too many digits.")
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{found};ext={number.extension}" if number.extension else found


def shown(e164: str) -> str:
    """Return a stored phone number as people read it."""
    try:
        number = phonenumbers.parse(e164.partition(";")[0], None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def masked(e164: str) -> str:
    """Return a phone number with its middle covered: country, first digit and the last three stay."""
    text = shown(e164).replace("-", " ")
    digits = [at for at, sign in enumerate(text) if sign.isdigit()]
    head = sum(1 for at in digits if at < text.find(" ")) + 1 if text.startswith("+") else 0
    # Of a short number, both ends would be most of it.
    tail = 3 if len(digits) - head > 5 else 2  # noqa: PLR2004 - as the comment says
    covered = set(digits[head:-tail] if len(digits) > head + tail else digits)
    return "".join("•" if at in covered else sign for at, sign in enumerate(text))


def masked_email(address: str) -> str:
    """Return an e-mail address with all but its first letter and domain covered."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••{at}{domain}"


def masked_number(value: str) -> str:
    """Return an identity or client number with all but its last three signs covered."""
    return "•••" + value[-3:] if len(value) > 5 else "•••"  # noqa: PLR2004 - of a short one, three would be most


def email(text: str) -> str:
    """Return an e-mail address in the form it is compared in; raise ``NotAContact``."""
    text = unicodedata.normalize("NFKC", text).strip()
    local, at, domain = text.rpartition("@")
    if not at or not local or "." not in domain or re.search(r"\s", text) or len(text) > 254:  # noqa: PLR2004 - RFC 5321
        raise NotAContact("This is not an e-mail address.")
    return f"{local}@{domain}".lower()


def number(text: str) -> str:
    """Return an identity or client number in the form it is compared in: letters and digits only."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())


def best_bits(clients: int) -> int:
    """Return how many bits a keyed value keeps for so many clients: SEARCH decision, between 8 and 12."""
    return min(12, max(8, int(math.log2(max(clients, 1))) - 3))


def bits_to_set(clients: int) -> int:
    """Return to how many bits values are to be cut from now on; 0 while those in force do.

    They do until the number of clients has moved by ``MOVED`` from where they were set. While values are being cut
    anew nothing is changed.
    """
    bits, before, set_at = House.objects.values_list(
        "contact_bits", "contact_bits_before", "contact_clients"
    ).get()
    is_moved = clients >= MOVED * max(set_at, 1) or clients * MOVED <= set_at
    best = best_bits(clients)
    return best if is_moved and best != bits and not before else 0


def _message(kind: str, folded: str) -> bytes:
    # The 1 is the form of this message. It stays when keys or bits change: values of one key are nested.
    return f"{kind}\x1f1\x1f{folded}".encode("utf-8", "surrogatepass")


def tokens(directory: dict[str, object], cut: Cut) -> list[tuple[str, int]]:
    """Return (kind, token) of everything in a client's directory part that is searched exactly."""
    found = {("phone", value.partition(";")[0]) for value in _texts(directory, "phones")}
    found |= {("email", email_or_same(value)) for value in _texts(directory, "emails")}
    numbers = directory.get("numbers") or []
    if isinstance(numbers, list):
        found |= {("number", number(str(item.get("value", "")))) for item in numbers}
    return sorted({(kind, cut.value(_message(kind, value))) for kind, value in found if value})


def _texts(directory: dict[str, object], key: str) -> list[str]:
    held = directory.get(key)
    return [str(value) for value in held] if isinstance(held, list) else []


def email_or_same(text: str) -> str:
    try:
        return email(text)
    except NotAContact:
        return text.lower()


def row_keys(text: str) -> list[str]:
    """Return the keyed values by which a row of another program's export is known again, the newest key's first.

    32 hex signs each. They stand for one row, so they tell nothing without the ``marks`` key; a row stored under an
    older version of it is found as long as that version is held.
    """
    keys = house().versions("marks")
    message = b"imported row\x1f" + text.encode("utf-8", "surrogatepass")
    newest_first = sorted(keys.keys, key=lambda version: (version != keys.current, -version))
    return [crypto.mac(keys[version], message).hex()[:32] for version in newest_first]


def bucket(kind: str, folded: str) -> list[UUID]:
    """Return the clients that share this value's short token: the few to be opened and compared."""
    message, asked = _message(kind, folded), frozenset[Cut]()
    found: list[UUID] = []
    # A client whose token was cut a new way between the two looks is missed by the first: look again until all ways
    # there are were asked for. Ways are added rarely, so this ends.
    while not (ways := cuts.held()) <= asked:
        asked = ways
        rows = ContactToken.objects.filter(_cut_so(ways, message), kind=kind)
        found = list(rows.values_list("client_id", flat=True).distinct()[:500])
    return found


def _cut_so(ways: Iterable[Cut], message: bytes) -> Q:
    wanted = Q()
    for cut in ways:
        # A key destroyed since the ways were read was the last to be used by nothing.
        with suppress(SealBroken):
            wanted |= Q(key_version=cut.key_version, bits=cut.bits, token=cut.value(message))
    return wanted


def cut_otherwise(cut: Cut, limit: int, without: Sequence[UUID] = ()) -> list[UUID]:
    """Return up to ``limit`` clients of whom a value is cut another way than this; ``without`` these."""
    rows = ContactToken.objects.exclude(client_id__in=without)
    known = [Q(key_version=way.key_version, bits=way.bits) for way in cuts.held() - {cut}]
    # By the index first. What is cut in no known way is looked for in the whole table, once at the end.
    by_index = rows.filter(reduce(or_, known), kind__in=KINDS) if known else rows.none()
    for stale in (by_index, rows.exclude(key_version=cut.key_version, bits=cut.bits)):
        found = stale.values_list("client_id", flat=True)[: limit * _VALUES_EACH]
        if ids := list(dict.fromkeys(found))[:limit]:
            return ids
    return []


def behind() -> int:
    """Return how many contact values are still cut another way than new ones; named in ``settings``."""
    cut = cuts.newest()
    return ContactToken.objects.exclude(key_version=cut.key_version, bits=cut.bits).count()
