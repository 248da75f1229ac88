"""Looking through a role's eyes: an owner sees what a role sees, and changes nothing meanwhile (ACC-11).

The session names the role; ``sessions`` gives the actor what both the role and the owner hold, and marks it as a
preview, which every guard and action refuses to write for. Whoever ends it does so at the door, with no right at all.
"""

from __future__ import annotations

from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.models import Role
from alcove.security.access.policy import Access
from alcove.security.identity.models import Session
from alcove.security.identity.policy import Did, Door


@action(Access.EDIT_ROLES)
def begin_preview(change: Change, role: Role) -> None:
    """Look through this role's eyes from the next request of this session on; raise ``NotFound`` without a session."""
    session_id = change.actor.session_id
    if session_id is None or not Session.objects.filter(pk=session_id, ended_at__isnull=True).update(
        preview=role
    ):
        raise NotFound("a preview belongs to a session")
    change.record(Did.PREVIEW_BEGUN, on=role)


@action(Door.PASS)
def end_preview(change: Change, session: Session) -> None:
    """Look through one's own eyes again; raise ``Conflict`` if it is so already."""
    if not Session.objects.filter(pk=session.pk, preview__isnull=False).update(preview=None):
        raise Conflict("The preview is over already.")
    change.record(Did.PREVIEW_ENDED, on=session)
