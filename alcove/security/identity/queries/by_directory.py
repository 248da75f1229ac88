"""Whose account a directory's word belongs to."""

from __future__ import annotations

from django.utils import timezone

from alcove.security.identity import tokens
from alcove.security.identity.models import DirectoryAccount, Person
from alcove.security.identity.oidc.id_token import Said


def subject_of(said: Said) -> str:
    """Return what stands for the directory's account here (``DirectoryAccount.subject``)."""
    return tokens.digest(f"{said.issuer}\0{said.subject}")


def person_of(said: Said) -> Person | None:
    """Return the staff account the directory named; None if there is none, it may not sign in, or is somebody else's.

    The verified address must be theirs, and if either side is tied, then to each other: so neither an address that was
    given to a successor nor one that was changed in the directory opens a colleague's account.
    """
    person = Person.objects.filter(
        kind=Person.Kind.STAFF, email=said.email, suspended_at__isnull=True
    ).first()
    if person is None or person.has_left(timezone.now()):
        return None
    subject = subject_of(said)
    theirs = DirectoryAccount.objects.filter(person=person).values_list("subject", flat=True).first()
    if theirs is None:
        return None if DirectoryAccount.objects.filter(subject=subject).exists() else person
    return person if theirs == subject else None


def is_tied(person: Person, said: Said) -> bool:
    """Whether this person gave a factor of Alcove's own after this directory account had named them."""
    return DirectoryAccount.objects.filter(person=person, subject=subject_of(said)).exists()
