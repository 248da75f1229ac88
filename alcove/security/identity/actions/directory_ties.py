"""Tying a person to the one account of the practice's directory that is theirs, and parting the two again."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.identity.actions.telling import tell_of
from alcove.security.identity.models import DirectoryAccount, Person, Session, SignIn
from alcove.security.identity.policy import Did, People


def tie_directory(change: Change, person: Person, subject: str) -> None:
    """Tie a person to a directory account, after both have let them in, and tell them. Only in ``begin_session``.

    Raises ``Conflict`` if one of the two was tied to another meanwhile.
    """
    if DirectoryAccount.objects.filter(person=person, subject=subject).exists():
        return
    try:
        with transaction.atomic():
            change.create(DirectoryAccount, Did.DIRECTORY_TIED, person=person, subject=subject)
    except IntegrityError:
        raise Conflict(
            "This account of the directory belongs to another person here. Ask an owner."
        ) from None
    tell_of(change, person, "directory tied")


@action(People.OWN)
def untie_own_directory(change: Change, person: Person) -> None:
    """Part one's own account from the directory's; raise ``Conflict`` if it is not tied."""
    if person.id != change.actor.id:
        raise NotFound("there is no such account")
    _untie(change, person)


@action(People.SUSPEND)
def untie_directory(change: Change, person: Person) -> None:
    """Part somebody's account from the directory's: the wrong one was tied, or the directory gave it away."""
    _untie(change, person)


def _untie(change: Change, person: Person) -> None:
    """Remove the tie, and every session and half-finished sign-in that came by it."""
    removed, _ = DirectoryAccount.objects.filter(person=person).delete()
    if not removed:
        raise Conflict("Nothing was changed: this account is not tied to the directory.")
    SignIn.objects.filter(person=person, method="directory").delete()
    by_directory = Session.objects.filter(person=person, method="directory", ended_at__isnull=True)
    by_directory.exclude(pk__in=[change.actor.session_id] if change.actor.session_id else []).update(
        ended_at=change.now
    )
    change.record(Did.DIRECTORY_UNTIED, on=person)
    tell_of(change, person, "directory untied")
