"""``@action``: permission, transaction, history and audit are one thing.

An action is a plain function that takes a ``Change`` first and writes through it. Called with an ``Actor`` it asks
the permission and makes the transaction; called with a ``Change`` it is part of the deed that was already allowed.
An action that records nothing rolls back.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from alcove.security.access import marks
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NothingRecorded, ReadOnly, Refused
from alcove.security.access.models import SensitiveRow, Version
from alcove.security.access.opening import entry, record_refusal
from alcove.security.access.policy import Permission
from alcove.security.access.writes import write_turn, writing
from alcove.security.audit import clock, pen
from alcove.security.audit.events import Event
from alcove.security.vault import keyring
from alcove.security.vault.entries import Markable
from alcove.security.vault.errors import KeyReplaced
from alcove.security.vault.fields import SealedField
from alcove.security.vault.keyring import Part

Row = TypeVar("Row", bound=models.Model)
Arguments = ParamSpec("Arguments")
Returned = TypeVar("Returned")

APPROVER = "approver"
"""The word before the id of who approved a deed, among an entry's fields."""
_recorded: ContextVar[list[int] | None] = ContextVar("alcove_recorded", default=None)


def watch_records() -> Any:
    """Begin counting what actions record in this request; return the token for ``recorded_since``."""
    return _recorded.set([0])


def recorded_since(token: Any) -> int:
    """Return how many entries actions wrote since ``watch_records``, and stop counting."""
    counted = _recorded.get()
    _recorded.reset(token)
    return counted[0] if counted else 0


def _storable(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        # A picture that was replaced or removed is gone; that there was one stays known.
        return f"{len(value)} bytes"
    return str(value) if isinstance(value, UUID) else value


class Change:
    """One deed under way: who acts, what was written, what will be recorded."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.now = clock.now()
        self.drafts: list[pen.Draft] = []
        self.closing: dict[str, Callable[[], None]] = {}
        self.gathered: dict[str, set[UUID]] = {}
        self._touched: dict[str, dict[UUID, UUID | None]] = defaultdict(dict)
        self._made: set[UUID] = set()
        self.approver_id: UUID | None = None

    def last(self, name: str, step: Callable[[], None]) -> None:
        """Run ``step`` once as one of the last statements before the commit, however often it is asked for."""
        self.closing.setdefault(name, step)

    def touch(self, *rows: models.Model) -> None:
        """Have rows marked as this deed leaves them; for rows written by another road than the methods below."""
        for row in rows:
            if marks.is_marked(type(row)):
                self._touch(row._meta.label_lower, row.pk, _client_of(row))

    def touch_kept(self, versions: Iterable[Version]) -> None:
        """Have the rows of these kept versions marked: the versions themselves are written anew."""
        for version in versions:
            if version.model in marks.tables():
                self._touch(version.model, version.object_id, version.client_id)

    def _touch(self, label: str, row_id: UUID, client_id: UUID | None) -> None:
        self._touched[label][row_id] = client_id
        self.last("marks", lambda: marks.mark(self._touched, self.now, self._made))

    def record(
        self,
        event: Event,
        *,
        client_id: UUID | None = None,
        clients: Sequence[UUID] = (),
        on: models.Model | None = None,
        fields: Sequence[str] = (),
        reason: str = "",
    ) -> None:
        """Add an entry: names of fields only, never values.

        Where the deed used an approval up, its entries name who gave it (AUD-09): ``approver`` and their id.
        """
        approver = (f"{APPROVER} {self.approver_id.hex}",) if self.approver_id else ()
        self.drafts.append(
            entry(
                self.actor,
                event,
                client_id=client_id,
                clients=clients,
                object=f"{on._meta.label_lower} {on.pk.hex}" if on is not None else "",
                fields=(*approver, *fields),
                reason=reason or self.actor.reason,
            )
        )

    def create(self, model: type[Row], event: Event, **values: Any) -> Row:
        """Insert a row and record it with the names of the fields given; row and entry carry the deed's moment."""
        row = model(**dict.fromkeys(_moments(model), self.now) | values)
        row.save(force_insert=True)
        if (audience_id := _audience_of(row)) and (client_id := _client_of(row)):
            SensitiveRow(object_id=row.pk, client_id=client_id, audience_id=audience_id).save(
                force_insert=True
            )
        self._note_made(row, event, values)
        return row

    def create_each(self, model: type[Row], event: Event, given: Sequence[dict[str, Any]]) -> list[Row]:
        """Insert some rows by one statement and record each, as ``create`` does. Not for sensitive entries."""
        if issubclass(model, Markable):
            raise TypeError(f"{model._meta.label} may hold sensitive entries: create them one by one")
        rows = [model(**dict.fromkeys(_moments(model), self.now) | values) for values in given]
        model._default_manager.bulk_create(rows)
        for row, values in zip(rows, given, strict=True):
            self._note_made(row, event, values)
        return rows

    def _note_made(self, row: models.Model, event: Event, values: Iterable[str]) -> None:
        self._made.add(row.pk)
        self.touch(row)
        self.record(event, client_id=_client_of(row), on=row, fields=sorted(set(values) - {"audience_id"}))

    def create_many(self, rows: Sequence[Row], event: Event, *, batch: int = 200) -> None:
        """Insert rows of one client and record them as one deed, for imports."""
        if rows:
            type(rows[0])._default_manager.bulk_create(rows, batch_size=batch)
            client_id = _client_of(rows[0])
            self.touch(*rows)
            self.record(event, client_id=client_id, fields=(f"{len(rows)} {rows[0]._meta.model_name}",))

    def update(
        self, row: Row, event: Event, *, coalesce: timedelta | None = None, reason: str = "", **values: Any
    ) -> list[str]:
        """Change a row, keep what it held, record the names of what changed; return those names.

        Raises ``Conflict`` if someone else changed the row since it was read (rows with a ``version`` column).
        Nothing is written or recorded for values that are already so. ``coalesce``: for drafts saved every few
        seconds, the version before the first of a run within this time stands for the run.
        """
        before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
        if not before:
            return []
        changed = sorted(before)
        for name in changed:
            setattr(row, name, values[name])
        self._write(row, changed)
        if not (coalesce and self._kept_lately(row, coalesce)):
            self._keep(row, event, before)
        self._made.discard(row.pk)
        self.touch(row)
        self.record(event, client_id=_client_of(row), on=row, fields=changed, reason=reason)
        return changed

    def delete(self, row: models.Model, event: Event, *, fields: Sequence[str], reason: str = "") -> None:
        """Remove a row, keep what it held, record it. ``fields`` are those worth keeping."""
        hold_audience(row)
        self._keep(row, event, {name: getattr(row, name) for name in fields})
        client_id = _client_of(row)
        self.record(event, client_id=client_id, on=row, fields=fields, reason=reason)
        self._made.discard(row.pk)
        self.touch(row)
        row.delete()

    def bring_back(self, row: models.Model, event: Event, *, fields: Sequence[str], reason: str = "") -> None:
        """Insert a removed row again under its old id, and record it; raise ``Conflict`` if it is there already.

        The version kept with it holds nothing, which says that the row was not there before.
        """
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise Conflict("This was put back already. Nothing was changed by you.") from None
        self._keep(row, event, {})
        self.touch(row)
        self.record(event, client_id=_client_of(row), on=row, fields=fields, reason=reason)

    def _write(self, row: models.Model, changed: list[str]) -> None:
        if not hasattr(row, "version"):
            row.save(update_fields=changed)
            return
        # One statement decides between two people: only the one who read the newest version writes.
        read = row.version
        row.version = read + 1
        columns = {}
        for name in [*changed, "version"]:
            field: Any = row._meta.get_field(name)
            columns[name] = field.pre_save(row, add=False)
        if not type(row)._default_manager.filter(pk=row.pk, version=read).update(**columns):
            raise Conflict(
                "Someone else changed this while you were writing. Nothing of yours was saved yet: "
                "compare with what is there now, then save again."
            )

    def _keep(self, row: models.Model, event: Event, before: dict[str, Any]) -> None:
        held: dict[str, dict[str, Any]] = {Part.DIRECTORY: {}, Part.RECORD: {}}
        for name, value in before.items():
            held[_part_of(row, name)][name] = _storable(value)
        # Someone who may not open the record never changes a field of it, so each half is sealed by its own key.
        client_id, audience_id = _client_of(row), _audience_of(row)
        is_one = client_id is None or audience_id is not None
        Version(
            client_id=client_id,
            audience_id=audience_id,
            model=row._meta.label_lower,
            object_id=row.pk,
            at=self.now,
            actor_id=self.actor.id,
            actor_name="" if self.actor.id else self.actor.role[:60],
            event=event.key,
            before=both_halves(held) if is_one else (held[Part.RECORD] or None),
            directory_before=None if is_one else (held[Part.DIRECTORY] or None),
        ).save(force_insert=True)

    def _kept_lately(self, row: models.Model, within: timedelta) -> bool:
        return Version.objects.filter(
            object_id=row.pk, at__gte=self.now - within, actor_id=self.actor.id
        ).exists()


@functools.cache
def _moments(model: type[models.Model]) -> tuple[str, ...]:
    """Return the columns that hold the moment at which their row was made."""
    return tuple(field.attname for field in model._meta.concrete_fields if field.default is timezone.now)


def both_halves(held: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return both halves as one, for rows that belong to no client, and for sensitive entries."""
    return held[Part.DIRECTORY] | held[Part.RECORD]


def _audience_of(row: models.Model) -> UUID | None:
    """Return under which entry's key a row lies, None for the record's own."""
    return getattr(row, "audience_id", None) if isinstance(row, Markable) else None


def hold_audience(row: models.Model) -> None:
    """Keep a row's audience as it is until this transaction ends; raise ``Conflict`` if it was changed meanwhile.

    For whoever writes something about a row without changing the row itself: it would be sealed for the wrong readers.
    """
    if not isinstance(row, Markable):
        return
    held = type(row).everything.select_for_update(no_key=True).filter(pk=row.pk)
    if held.values_list("audience_id", flat=True).first() != row.audience_id:
        raise Conflict(
            "Who may read this was changed meanwhile. Nothing of yours was saved yet: load it again."
        )


def _client_of(row: models.Model) -> UUID | None:
    found = getattr(row, "client_id", None)
    if found is None and getattr(type(row), "is_client", False):
        found = row.pk
    return found


def _part_of(row: models.Model, name: str) -> str:
    field = row._meta.get_field(name)
    return field.part if isinstance(field, SealedField) else Part.DIRECTORY


def allow(actor: Actor, permission: Permission, where: str = "") -> None:
    """Refuse whoever may not do a deed, and record it; for work that is done before the deed's transaction."""
    try:
        actor.must(permission)
        if actor.is_preview:
            raise ReadOnly(permission.key)
    except Refused:
        record_refusal(actor, permission.key, where=where)
        raise


def _run(actor: Actor, permission: Permission, deed: Callable[[Change], Returned], name: str) -> Returned:
    allow(actor, permission, name)
    change = Change(actor)
    try:
        with write_turn(), transaction.atomic(), writing(name):
            result = deed(change)
            if not change.drafts:
                raise NothingRecorded(name)  # noqa: TRY301 - inside the transaction, so that it rolls back
            for step in change.closing.values():
                step()
            keyring.confirm()
            pen.write(change.drafts)
        pen.settle()
    except KeyReplaced:
        pen.retire()
        raise Conflict(
            "This client's key was being replaced while you were writing. Nothing of yours was saved yet: "
            "load the page again, then save again."
        ) from None
    except BaseException:
        # The commit may or may not have happened: a new writer begins, so no count is used twice.
        pen.retire()
        raise
    counted = _recorded.get()
    if counted is not None:
        counted[0] += len(change.drafts)
    return result


def action(
    permission: Permission,
) -> Callable[
    [Callable[Concatenate[Change, Arguments], Returned]],
    Callable[Concatenate[Actor | Change, Arguments], Returned],
]:
    """Make a function the deed that needs ``permission``; see the module's docstring."""
    if permission.is_reading:
        raise TypeError(f"an action may not stand under the reading permission {permission}")

    def decorate(
        function: Callable[Concatenate[Change, Arguments], Returned],
    ) -> Callable[Concatenate[Actor | Change, Arguments], Returned]:
        name = f"{function.__module__.removeprefix('alcove.')}.{function.__name__}"

        @functools.wraps(function)
        def deed(who: Actor | Change, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Returned:
            if isinstance(who, Change):
                return function(who, *args, **kwargs)
            if keyring.has_ring():
                return _run(who, permission, lambda change: function(change, *args, **kwargs), name)
            with keyring.keyring():
                return _run(who, permission, lambda change: function(change, *args, **kwargs), name)

        deed.permission = permission  # type: ignore[attr-defined]  # read by the promise that walks all actions
        return cast("Callable[Concatenate[Actor | Change, Arguments], Returned]", deed)

    return decorate
