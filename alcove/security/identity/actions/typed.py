"""Keeping what is typed until it is saved: at the lock, and every minute while somebody types (IDN-12)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.need import NOBODY
from alcove.security.access.policy import Open
from alcove.security.access.writes import write_turn, writing
from alcove.security.identity.models import Person, Typed
from alcove.security.identity.policy import Did, People

TOO_MUCH = "This is more than a draft holds. Save it."
Fields = Mapping[str, list[str]]


@action(People.OWN)
def keep_typed(change: Change, page: str, fields: Fields, client_id: UUID | None = None) -> None:
    """Keep what the actor has typed on a page; of a client's page, that client must be open.

    Raises ``Conflict`` for more than ``policy.TYPED_LENGTH`` characters, or for more pages than anybody has open.
    """
    if sum(len(name) + sum(map(len, values)) for name, values in fields.items()) > policy.TYPED_LENGTH:
        raise Conflict(TOO_MUCH)
    # The person's row stands for their drafts: two tabs at once do not make one too many.
    person = Person.objects.select_for_update().get(pk=change.actor.id or NOBODY)
    own = Typed.objects.filter(person=person)
    own.filter(page=page).delete()
    if own.count() >= policy.TYPED_PAGES:
        raise Conflict(TOO_MUCH)
    is_record = client_id is None or change.actor.holds(Open.RECORD)
    column = "content" if is_record else "directory_content"
    row = Typed(person=person, client_id=client_id, page=page, kept_at=change.now, **{column: dict(fields)})
    row.save(force_insert=True)
    change.record(Did.TYPED_KEPT, client_id=client_id, on=row)


@action(People.OWN)
def forget_typed(change: Change, page: str) -> None:
    """Throw away what the actor typed on a page."""
    found = Typed.objects.filter(person_id=change.actor.id or NOBODY, page=page).first()
    if found is None:
        raise Conflict("Nothing is kept of this page.")
    change.record(Did.TYPED_FORGOTTEN, client_id=found.client_id, on=found)
    found.delete()


def forget_saved(person_id: UUID, page: str) -> None:
    """Forget what was typed on a page whose form was just saved."""
    own = Typed.objects.filter(person_id=person_id, page=page)
    if own.exists():
        with write_turn(), writing("a draft whose form was saved"):
            own.delete()


def forget_old() -> None:
    """Forget what nobody came back for; for the worker."""
    old = Typed.objects.filter(kept_at__lt=timezone.now() - policy.TYPED_LIFE)
    if old.exists():
        with write_turn(), writing("drafts nobody came back for"):
            old.delete()
