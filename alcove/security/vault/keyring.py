"""The client keys open in the work at hand: one request, one job, one command. Forgotten with it.

Only ``alcove.security.access`` opens clients here (an import contract says so), because opening is the audited event.
A client key is never used itself: HKDF gives three subkeys, one for the directory part, one for the record, and one
that wraps the keys of sensitive entries. Who holds the record's subkey holds nothing of those: each entry's key is put
into the ring by itself, for those in its audience (``put_entries``).

Keys change while the work goes on. What was sealed here is remembered until ``confirm``, the last step of a deed, has
seen that those clients still have that key: nothing is ever committed under a key that was replaced or destroyed. A
value of a newer generation than the one held makes the ring fetch that client's key again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import OperationalError, connection

from alcove.security.vault import crypto
from alcove.security.vault.errors import KeyReplaced, RecordLocked, SealBroken, VaultShut
from alcove.security.vault.house import OpenHouse, house, unlock
from alcove.security.vault.models import ClientKey, EntryKey


class Part(StrEnum):
    """The two halves of what is held on a client, under two subkeys of the client's key."""

    DIRECTORY = "directory"
    RECORD = "record"


Opened = tuple[AESGCM, int, bytes]
_LOCK_NOT_AVAILABLE = "55P03"
ENTRY = "entry"
"""Where a ring keeps the keys of single entries, by the entry key's own id."""


class Keyring:
    """Ciphers of opened clients, by part: ``{part: {client id as a number: (cipher, generation, head)}}``.

    ``head``: how every value sealed under that generation begins. Under ``ENTRY`` stand keys of entries by their id.

    A number, because a UUID is hashed and compared in Python, which costs as much as opening a value.

    ``sealed``: (client id, generation) of what was sealed here and is not confirmed yet.
    """

    __slots__ = ("parts", "sealed")

    def __init__(self) -> None:
        self.parts: dict[str, dict[int, Opened]] = {str(part): {} for part in (*Part, ENTRY)}
        self.sealed: set[tuple[UUID, int]] = set()

    def held(self, part: str, client_id: UUID) -> Opened:
        """Return cipher, generation and head; raise ``RecordLocked`` if this client's part is not open here."""
        try:
            return self.parts[part][client_id.int]
        except KeyError:
            raise RecordLocked(f"this {part} is not open here") from None


_ring: ContextVar[Keyring | None] = ContextVar("alcove_keyring", default=None)


@contextmanager
def keyring() -> Iterator[Keyring]:
    """Give the work at hand an empty ring and take it away at the end; rings do not inherit."""
    token = _ring.set(Keyring())
    try:
        yield _ring.get()  # type: ignore[misc]  # set one line above
    finally:
        _ring.reset(token)


def current() -> Keyring:
    """Return the ring of the work at hand; raise ``RecordLocked`` where there is none."""
    ring = _ring.get()
    if ring is None:
        raise RecordLocked("no keyring is open here")
    return ring


at_hand = _ring.get
"""The ring of the work at hand or None, for the innermost loop of reading; ``current`` is for everybody else."""


def has_ring() -> bool:
    """Whether the work at hand has a ring; for whoever has to make one, never a permission."""
    return _ring.get() is not None


def key_binding(practice: OpenHouse) -> bytes:
    """Return what the wrapped keys of this practice's clients are bound to; each client's id follows."""
    return b"alcove/client-key\0" + practice.id.bytes


def _bound(practice: OpenHouse, client_id: UUID) -> bytes:
    return key_binding(practice) + client_id.bytes


def new_client_key(client_id: UUID) -> ClientKey:
    """Return an unsaved row with a fresh wrapped key for this client. Only inside the transaction that saves it."""
    return new_client_keys([client_id])[0]


def new_client_keys(client_ids: Sequence[UUID]) -> list[ClientKey]:
    """Return unsaved rows with fresh wrapped keys. Only inside the transaction that saves them."""
    version = hold_wrap_version()
    return [
        ClientKey(
            client_id=client_id, wrap_version=version, wrapped=wrapped(client_id, crypto.new_key(), version)
        )
        for client_id in client_ids
    ]


def hold_wrap_version() -> int:
    """Return the newest wrapping version and keep it from being retired before this transaction ends.

    Without this a process that has not heard of a rotation yet could wrap a new client's key under a version that is
    about to be destroyed, and the client would be lost.
    """
    lock = " FOR SHARE" if connection.vendor == "postgresql" else ""
    for _ in range(3):
        version = house().versions("wrap").current
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM vault_housekey "  # noqa: S608 - constants
                "WHERE purpose = 'wrap' AND version = %s AND retired_at IS NULL" + lock,
                [version],
            )
            if cursor.fetchone():
                return version
        unlock()
    raise VaultShut("no wrapping key is in force")


def wrapped(client_id: UUID, secret: bytes, version: int) -> bytes:
    """Return a client's key wrapped under this version of the wrapping key."""
    practice = house()
    return crypto.seal(practice.cipher("wrap", version), version, secret, _bound(practice, client_id))


def client_secret(row: ClientKey) -> bytes:
    """Return the client key inside a row; raise ``SealBroken`` if it is another client's or practice's."""
    practice = house()
    blob = bytes(row.wrapped)
    aead = practice.cipher("wrap", crypto.sealed_version(blob))
    return crypto.open_sealed(aead, blob, _bound(practice, row.client_id))


def subkey_purpose(part: str) -> bytes:
    """Return what the subkey of one part is derived for."""
    return b"alcove/client/1/" + part.encode()


def subkey(secret: bytes, part: str) -> bytes:
    """Return the subkey of one part."""
    return crypto.derive(secret, subkey_purpose(part))


def put(row: ClientKey, parts: Iterable[Part]) -> None:
    """Open these parts of one client in the ring of the work at hand."""
    ring = current()
    row, secret = _unwrapped(row)
    for part in parts:
        ring.parts[part.value][row.client_id.int] = _opened(secret, part, row.generation)


def _unwrapped(row: ClientKey) -> tuple[ClientKey, bytes]:
    """Return a client's key with the row it is in; the row as it is now, if it was wrapped anew meanwhile."""
    try:
        return row, client_secret(row)
    except SealBroken:
        # The row may have been read before a rotation wrapped it anew and destroyed the version it names.
        newer = (
            ClientKey.objects.filter(client_id=row.client_id).exclude(wrap_version=row.wrap_version).first()
        )
        if newer is None:
            raise
        return newer, client_secret(newer)


def _opened(secret: bytes, part: str, generation: int) -> Opened:
    return crypto.cipher(subkey(secret, part)), generation, crypto.head(generation)


def reopened(part: str, client_id: UUID, generation: int) -> AESGCM:
    """Return the cipher of another generation of an opened client's key; raise ``SealBroken`` if there is none.

    A replacement that was committed after this work opened the client is met here. ``client_id``: of ``ENTRY`` the id
    of the entry's key.
    """
    ring = current()
    if part == ENTRY:
        found = EntryKey.objects.filter(pk=client_id, generation=generation).first()
        if found is None or client_id.int not in ring.parts[ENTRY]:
            raise SealBroken("a sealed value names another generation of the entry's key")
        put_entries(ClientKey.objects.get(client_id=found.client_id), [found])
        return ring.held(ENTRY, client_id)[0]
    row = ClientKey.objects.filter(client_id=client_id, generation=generation).first()
    if row is None:
        raise SealBroken("a sealed value names another generation of the client's key")
    put(row, [each for each in Part if client_id.int in ring.parts[each.value]])
    return ring.held(part, client_id)[0]


# Entries with a key of their own ---------------------------------------------------------------------------------


def entry_cipher(secret: bytes) -> AESGCM:
    """Return the cipher that wraps the keys of a client's entries, from the client's key."""
    return crypto.cipher(subkey(secret, ENTRY))


def _entry_binding(entry: EntryKey) -> bytes:
    return b"alcove/entry-key\0" + house().id.bytes + entry.client_id.bytes + entry.id.bytes


def wrap_entry(entry: EntryKey, wrapping: AESGCM, key: bytes) -> bytes:
    """Return an entry's key wrapped; ``wrapping``: see ``entry_cipher``."""
    return crypto.seal(wrapping, entry.generation, key, _entry_binding(entry))


def entry_secret(entry: EntryKey, wrapping: AESGCM) -> bytes:
    """Return the key inside a row; raise ``SealBroken`` if it is another entry's, client's or practice's."""
    return crypto.open_sealed(wrapping, bytes(entry.wrapped), _entry_binding(entry))


def new_entry_key(client_id: UUID) -> EntryKey:
    """Return an unsaved row with a fresh wrapped key, which is open here. Only inside the transaction that saves it.

    Raises ``KeyReplaced`` where the client's key is not the one that is open here any more.
    """
    generation = current().held(Part.RECORD, client_id)[1]
    row = ClientKey.objects.filter(client_id=client_id, generation=generation).first()
    if row is None:
        raise KeyReplaced("a client's key was replaced or destroyed")
    row, secret = _unwrapped(row)
    entry = EntryKey(client_id=client_id, generation=row.generation)
    key = crypto.new_key()
    entry.wrapped = wrap_entry(entry, entry_cipher(secret), key)
    _put_entry(entry, key)
    return entry


def put_entries(row: ClientKey, entries: Iterable[EntryKey]) -> None:
    """Open these entries of one client in the ring of the work at hand."""
    row, secret = _unwrapped(row)
    for entry in entries:
        if entry.generation != row.generation:
            # One of the two was read before a replacement and one after it: the entry's row says which is now.
            row, secret = _unwrapped(ClientKey.objects.get(client_id=row.client_id))
            entry.refresh_from_db()
        _put_entry(entry, entry_secret(entry, entry_cipher(secret)))


def _put_entry(entry: EntryKey, key: bytes) -> None:
    held = (crypto.cipher(key), entry.generation, crypto.head(entry.generation))
    current().parts[ENTRY][entry.id.int] = held


def shut_entry(entry_id: UUID) -> None:
    """Take an entry's key out of the ring of the work at hand."""
    current().parts[ENTRY].pop(entry_id.int, None)


@contextmanager
def entries_shut() -> Iterator[None]:
    """Let a block of work see nothing of any sensitive entry, whoever does it: what leaves the house."""
    ring = current()
    held, ring.parts[ENTRY] = ring.parts[ENTRY], {}
    try:
        yield
    finally:
        ring.parts[ENTRY] = held


def open_entries() -> list[UUID]:
    """Return the ids of the entries' keys that are open in the work at hand; none where there is no ring."""
    ring = _ring.get()
    return [UUID(int=number) for number in ring.parts[ENTRY]] if ring is not None else []


def confirm() -> None:
    """Raise ``KeyReplaced`` unless every client that was sealed for here still has the key that was used.

    One of the last statements of a transaction. On PostgreSQL it shares a lock with the other writers until the
    commit, and a replacement that is waiting to commit makes it give up at once instead of waiting in a circle.
    """
    ring = _ring.get()
    if ring is None or not ring.sealed:
        return
    used, ring.sealed = ring.sealed, set()
    clients = {client_id for client_id, _ in used}
    statement = ClientKey.objects.filter(client_id__in=clients).values_list("client_id", "generation")
    if connection.vendor == "postgresql":
        sql, parameters = statement.query.sql_with_params()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"{sql} FOR SHARE NOWAIT", parameters)
                found = set(cursor.fetchall())
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise KeyReplaced("a client's key is being replaced") from None
    else:
        found = set(statement)
    if not used <= found:
        raise KeyReplaced("a client's key was replaced or destroyed")
