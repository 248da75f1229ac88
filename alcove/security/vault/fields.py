"""Sealed columns: ``body = SealedText(owner="client_id", label="records.note.body")``.

The field seals on the way in with that client's key and opens on the way out, at first use. Label and row id are
bound, so a value moved to another row or column does not open. Plaintext on any other road (``update``,
``bulk_update``, raw SQL) raises or fails the column's check; filtering and sorting raise (``columns``); ``dumpdata``
fails rather than spill.
``owner=HOUSE`` seals the practice's own secrets; a row whose owner is NULL belongs to the house as well.
A row with an ``audience_id`` (``entries.Markable``) keeps its part of the record under that entry's own key.

In a loaded instance ``bytes`` means still sealed and anything else means plaintext: no wrapper object is made per
value, which keeps reading within a small factor of plain columns (``make bench``).
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.expressions import BaseExpression
from django.utils.functional import cached_property

from alcove.security.vault import crypto, keyring
from alcove.security.vault.columns import SealedCol, SealedIsNull
from alcove.security.vault.crypto import open_sealed
from alcove.security.vault.errors import PlaintextRefused, SealBroken
from alcove.security.vault.house import house
from alcove.security.vault.keyring import ENTRY, Part, at_hand

HOUSE = "house"
_MISSING = object()
_parsed = json.JSONDecoder().raw_decode
AnyField = TypeVar("AnyField", bound="models.Field[Any, Any]")


class Ciphertext(bytes):
    """Bytes on their way into a sealed column; nothing else is let in."""

    def __repr__(self) -> str:
        return f"<sealed, {len(self)} bytes>"


def plain(reason: str, column: AnyField) -> AnyField:
    """Declare that a column of a client's row may lie unsealed, and why; the start-up check reads the reason."""
    if len(reason) < 10:  # noqa: PLR2004 - a reason is a sentence, not a word
        raise ValueError("say in a sentence why this column may be plain")
    column.plain_reason = reason  # type: ignore[attr-defined]  # read by the seal check
    return column


class _SealedAttribute:
    """Opens at first use. A data descriptor, because a loaded value must not shadow it."""

    __slots__ = ("_binding", "_row_id", "field", "name")

    def __init__(self, field: SealedField) -> None:
        self.field = field
        self.name = field.attname
        self._binding = field.label.encode() + b"\0"
        self._row_id = ""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        held = instance.__dict__
        value = held.get(self.name, _MISSING)
        if type(value) is bytes:
            row_id = held[self._row_id or self._learn(instance)]
            bound_to = self._binding + row_id.int.to_bytes(16, "big")
            value = held[self.name] = self.field.opened(instance, value, bound_to)
        elif value is _MISSING:
            instance.refresh_from_db(fields=[self.name])
            return self.__get__(instance, owner)
        return value

    def _learn(self, instance: Any) -> str:
        """Note the name of the row's id: asking the instance each time costs as much as opening the value."""
        self._row_id = instance._meta.pk.attname
        return self._row_id

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = value


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # generic only in its stubs
    """Common to all sealed columns. Stored size: value + 31 bytes, or padded to a multiple of ``pad`` + 31."""

    empty_strings_allowed = False
    descriptor_class = _SealedAttribute

    def __init__(
        self, *args: Any, owner: str, label: str, part: str = Part.RECORD, pad: int = 0, **options: Any
    ) -> None:
        self.owner, self.label, self.part, self.pad = owner, label, str(part), pad
        options.setdefault("editable", False)
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, options = super().deconstruct()
        options.update(owner=self.owner, label=self.label, part=self.part)
        if self.pad:
            options["pad"] = self.pad
        return name, path, list(args), options

    # What each kind of column stores ---------------------------------------------------------------------------

    def to_plaintext(self, value: Any) -> bytes:
        """Return the bytes to seal; raise ``TypeError`` for a value of another kind."""
        raise NotImplementedError

    def from_plaintext(self, plaintext: bytes) -> Any:
        raise NotImplementedError

    # Sealing and opening ---------------------------------------------------------------------------------------

    @cached_property
    def is_markable(self) -> bool:
        """Whether rows of this column's table may be sensitive entries, with keys of their own."""
        return self.part == Part.RECORD and hasattr(self.model, "audience_id")

    def owner_id(self, instance: models.Model) -> UUID | None:
        """Return whose key seals this row: a client's id, or None for the house."""
        return None if self.owner == HOUSE else getattr(instance, self.owner)

    def sealed(self, instance: models.Model, value: Any) -> Ciphertext:
        """Return ``value`` sealed for this row; raise ``RecordLocked`` if the owner's key is not open."""
        plaintext = self.to_plaintext(value)
        if self.pad:
            plaintext = crypto.pad(plaintext, self.pad)
        bound_to = crypto.binding(self.label, instance.pk)
        owner = self.owner_id(instance)
        if owner is None:
            return Ciphertext(house().seal(plaintext, bound_to))
        ring = keyring.current()
        audience: UUID | None = instance.audience_id if self.is_markable else None  # type: ignore[attr-defined]  # markable
        aead, generation, _ = ring.held(self.part, owner) if audience is None else ring.held(ENTRY, audience)
        # An entry's key is of its client key's generation, so this stands for both.
        ring.sealed.add((owner, generation))
        return Ciphertext(crypto.seal(aead, generation, plaintext, bound_to))

    def opened(self, instance: models.Model, blob: bytes, bound_to: bytes) -> Any:
        """Return the value inside ``blob``; raise ``RecordLocked`` or ``SealBroken``."""
        # Every line here is run for each value of each page, hence the short cuts: see bench/vault.py.
        owner = instance.__dict__.get(self.owner)
        if owner is None and self.owner != HOUSE:
            owner = getattr(instance, self.owner)
        if owner is None:
            plaintext = house().open(blob, bound_to)
        else:
            part = self.part
            if self.is_markable and (audience := instance.audience_id) is not None:  # type: ignore[attr-defined]  # markable
                part, owner = ENTRY, audience
            ring = at_hand() or keyring.current()
            found = ring.parts[part].get(owner.int) or ring.held(part, owner)
            aead = found[0]
            if not blob.startswith(found[2]):
                aead = keyring.reopened(part, owner, crypto.sealed_version(blob))
            plaintext = open_sealed(aead, blob, bound_to)
        return self.from_plaintext(crypto.unpad(plaintext) if self.pad else plaintext)

    def opened_row(self, owner: UUID, row_id: UUID, blob: bytes, audience: UUID | None = None) -> Any:
        """Return the value inside ``blob`` of this row of an opened client; raise ``RecordLocked`` or ``SealBroken``.

        What ``opened`` does, for rows that were read without instances. ``audience``: the row's ``audience_id``.
        """
        part = self.part
        if audience is not None:
            part, owner = ENTRY, audience
        ring = at_hand() or keyring.current()
        found = ring.parts[part].get(owner.int) or ring.held(part, owner)
        aead = found[0]
        if not blob.startswith(found[2]):
            aead = keyring.reopened(part, owner, crypto.sealed_version(blob))
        plaintext = open_sealed(aead, blob, crypto.binding(self.label, row_id))
        return self.from_plaintext(crypto.unpad(plaintext) if self.pad else plaintext)

    # Roads into the database -----------------------------------------------------------------------------------

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: ARG002, FBT001 - Django's signature
        value = model_instance.__dict__.get(self.attname)
        if value is None:
            return None
        if isinstance(value, bytes):
            return self._already_sealed(model_instance, value)
        return self.sealed(model_instance, value)

    def _already_sealed(self, instance: models.Model, value: bytes) -> Ciphertext:
        """Let pass what was loaded and never opened; it must still be of the key in force at the commit."""
        try:
            generation = crypto.sealed_version(value)
        except SealBroken:
            raise PlaintextRefused(f"{self.label}: bytes that are not sealed") from None
        owner = self.owner_id(instance)
        if owner is not None and keyring.has_ring():
            keyring.current().sealed.add((owner, generation))
        return Ciphertext(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 - as above
        if value is None or isinstance(value, BaseExpression):
            return value
        if not isinstance(value, Ciphertext):
            raise PlaintextRefused(f"{self.label}: a value may enter this column only through its row's save")
        return connection.Database.Binary(bytes(value))

    def get_prep_value(self, value: Any) -> Any:
        return value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return SealedIsNull
        raise FieldError(f"{self.label} is sealed: it cannot be filtered on")

    def get_col(self, alias: str, output_field: Any = None) -> SealedCol:
        return SealedCol(alias, self, output_field or self)

    def get_transform(self, lookup_name: str) -> Any:  # noqa: ARG002 - as above
        raise FieldError(f"{self.label} is sealed: it cannot be looked into")

    def value_to_string(self, obj: models.Model) -> str:  # noqa: ARG002 - as above
        raise PlaintextRefused(f"{self.label} is sealed: it cannot be serialised")

    def db_check(self, connection: Any) -> str | None:
        """A column check, so that not even raw SQL can store something that is not a sealed value."""
        column = connection.ops.quote_name(self.column)
        if connection.vendor == "sqlite":
            shape = f"typeof({column}) = 'blob' AND length({column}) >= 31 AND substr({column}, 1, 1) = x'01'"
            return f"{column} IS NULL OR ({shape})"
        return f"{column} IS NULL OR (octet_length({column}) >= 31 AND get_byte({column}, 0) = 1)"

    def db_parameters(self, connection: Any) -> Any:
        return {**super().db_parameters(connection), "check": self.db_check(connection)}


class SealedText(SealedField):
    """Text of any length, kept exactly as typed."""

    def to_plaintext(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise TypeError(f"{self.label} takes text")
        # A lone surrogate is no Unicode text, yet browsers can send one: it is kept, not lost.
        return value.encode("utf-8", "surrogatepass")

    def from_plaintext(self, plaintext: bytes) -> str:
        try:
            return plaintext.decode()
        except UnicodeDecodeError:
            return plaintext.decode("utf-8", "surrogatepass")


class SealedDate(SealedField):
    """A calendar date."""

    def to_plaintext(self, value: Any) -> bytes:
        if type(value) is not date:
            raise TypeError(f"{self.label} takes a date")
        return value.isoformat().encode()

    def from_plaintext(self, plaintext: bytes) -> date:
        return date.fromisoformat(plaintext.decode())


class SealedJSON(SealedField):
    """Anything JSON can say. The opened value belongs to the instance; assign a new one to change it."""

    def to_plaintext(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")

    def from_plaintext(self, plaintext: bytes) -> Any:
        # What json.loads does, without its look at blanks on both sides: this is called for every value of a chart.
        return _parsed(plaintext.decode("utf-8", "surrogatepass"))[0]
