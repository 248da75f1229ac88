"""What somebody typed on a page before the screen locked."""

from __future__ import annotations

from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open
from alcove.security.identity.models import Typed


def kept(actor: Actor, page: str) -> Typed | None:
    """Return what this actor typed on a page and has not saved; None if there is nothing.

    Of a client's page it opens only where the page has opened that client.
    """
    since = timezone.now() - policy.TYPED_LIFE
    return (
        Typed.objects.filter(person_id=actor.id, page=page, kept_at__gt=since).first() if actor.id else None
    )


def fields_of(actor: Actor, row: Typed) -> dict[str, list[str]]:
    """Return the fields of a draft; none where the actor may no longer read what they typed."""
    if row.directory_content is not None:
        return dict(row.directory_content)
    may_read = row.client_id is None or actor.holds(Open.RECORD)
    return dict(row.content or {}) if may_read else {}
