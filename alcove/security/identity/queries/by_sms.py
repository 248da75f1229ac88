"""Who may use a code by SMS as second factor: the weakest kind, and barred for whoever holds the practice's keys."""

from __future__ import annotations

from django.conf import settings

from alcove.security.access.policy import Access, Log, RoleKey
from alcove.security.access.rules import RULES
from alcove.security.identity.models import Membership, Notice, Person
from alcove.security.identity.sessions import roles_of
from alcove.security.vault.house import house

BARRED_ROLES = (RoleKey.OWNER, RoleKey.OFFICER)
BARRED_RIGHTS = frozenset({Access.EDIT_ROLES.key, Log.EXPORT.key})
"""What makes an owner or an officer, whatever the role is called."""


def is_sent(channel: str) -> bool:
    """Whether messages of this kind go anywhere in this installation."""
    chosen = settings.ALCOVE.email_url if channel == Notice.Channel.EMAIL else settings.ALCOVE.sms_url
    return bool(chosen) or house().is_demo


def may_use(person: Person) -> bool:
    """Whether SMS is a second factor for this person: a confirmed number, and neither role nor practice bars it."""
    if person.phone_confirmed_at is None or not RULES["sms.allowed"].chosen:
        return False
    if Membership.objects.filter(person=person, role__key__in=BARRED_ROLES).exists():
        return False
    _, rights = roles_of(person.id)
    return not rights & BARRED_RIGHTS


def is_offered(person: Person) -> bool:
    """Whether a sign-in page offers to send a code: this person may use it, and this installation sends any."""
    return may_use(person) and is_sent(Notice.Channel.SMS)
