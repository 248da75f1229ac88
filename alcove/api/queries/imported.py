"""What was imported before: looked up by keyed hashes, so that nothing of a client lies open for it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from alcove.api.policy import Did
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import contacts
from alcove.clinic.records.models import ImportedResource
from alcove.security.access.actors import Actor
from alcove.security.access.opening import open_directories
from alcove.security.vault import crypto
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.house import house
from alcove.security.vault.keyring import keyring

_CHUNK = 500
_SIGNS = 32


def source_keys(identity: str) -> list[str]:
    """Return the keyed hash of a resource's identity under each marks key still held, the newest first."""
    return _hashes(b"fhir/source\0", identity)


def digests(canonical: str) -> list[str]:
    """Return the keyed hash of a resource's content under each marks key still held, the newest first."""
    return _hashes(b"fhir/content\0", canonical)


def _hashes(purpose: bytes, text: str) -> list[str]:
    versions = house().versions("marks")
    message = purpose + text.encode("utf-8", "surrogatepass")
    found = [crypto.mac(versions[versions.current], message).hex()[:_SIGNS]]
    if len(versions.keys) > 1:
        older = [key for version, key in versions.keys.items() if version != versions.current]
        found += [crypto.mac(key, message).hex()[:_SIGNS] for key in older]
    return found


def known(keys: Iterable[str]) -> dict[str, ImportedResource]:
    """Return what was imported under these keys."""
    wanted = list(dict.fromkeys(keys))
    found: dict[str, ImportedResource] = {}
    for at in range(0, len(wanted), _CHUNK):
        rows = ImportedResource.objects.filter(source_key__in=wanted[at : at + _CHUNK])
        found |= {row.source_key: row for row in rows}
    return found


def may_be(actor: Actor, directory: dict[str, object]) -> list[UUID]:
    """Return clients who may be the same person: the same number, or the same name, birth date and phone.

    Those compared are named in the log, because their directory parts were opened for it.
    """
    numbers = _numbers(directory)
    phones = {str(one).partition(";")[0] for one in _list(directory, "phones")}
    candidates = {one for _, value in numbers for one in contacts.bucket("number", value)}
    candidates |= {one for value in phones for one in contacts.bucket("phone", value)}
    if not candidates:
        return []
    found = []
    with keyring():
        opened = open_directories(actor, sorted(candidates), Did.COMPARED)
        for client in Client.objects.filter(pk__in=opened):
            try:
                held = client.directory
            except SealBroken:
                continue
            same_phone = phones & {str(one).partition(";")[0] for one in _list(held, "phones")}
            if numbers & _numbers(held) or (same_phone and _who(held) == _who(directory)):
                found.append(client.id)
    return found


def _list(held: dict[str, object], key: str) -> list[object]:
    value = held.get(key)
    return value if isinstance(value, list) else []


def _numbers(held: dict[str, object]) -> set[tuple[str, str]]:
    pairs = [one for one in _list(held, "numbers") if isinstance(one, dict)]
    return {(str(one.get("kind")), contacts.number(str(one.get("value", "")))) for one in pairs}


def _who(held: dict[str, object]) -> tuple[str, str]:
    name = f"{held.get('given', '')} {held.get('family', '')}"
    return " ".join(name.casefold().split()), str(held.get("born") or "")
