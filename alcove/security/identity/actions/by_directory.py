"""Coming in by the practice's directory (OpenID Connect).

Its word stands in for the password. It stands in for the second factor too only where all of this is so: it says that
one was given, and lately; this person has given a factor of Alcove's own after the same directory account had named
them; and their rights do not ask for a passkey (owners, officers, payment settings).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.identity import passkeys, tokens
from alcove.security.identity.actions.door import begin_session
from alcove.security.identity.models import Challenge, Person, Session, SignIn
from alcove.security.identity.oidc.attempt import Attempt
from alcove.security.identity.oidc.id_token import Said, Untrusted
from alcove.security.identity.policy import Did, Door
from alcove.security.identity.queries import by_directory
from alcove.security.identity.sessions import roles_of


@dataclass(frozen=True, slots=True)
class Arrived:
    """The token of a session, or of a stage that still waits for the second factor."""

    token: str
    is_session: bool


@action(Door.PASS)
def arrive(
    change: Change, person: Person, said: Said, attempt: Attempt, *, second_factor: tuple[str, ...]
) -> Arrived:
    """Take the directory's word for who this is. ``second_factor``: words of ``amr`` that count as one.

    Raises ``Untrusted`` for an answer that was given before.
    """
    _take(change, attempt)
    token, digest = tokens.new_token()
    SignIn.objects.filter(started_at__lt=change.now - policy.SIGN_IN_STAGE_LIFE).delete()
    stage = change.create(
        SignIn, Did.DIRECTORY_ACCEPTED, digest=digest, person=person, method="directory",
        subject=by_directory.subject_of(said), begun_at=attempt.ends_at - policy.SIGN_IN_STAGE_LIFE,
    )  # fmt: skip
    counts = said.asserts(second_factor, change.now) and by_directory.is_tied(person, said)
    if said.proved_at is None or not counts or passkeys.required(roles_of(person.id)[1]):
        return Arrived(token, is_session=False)
    token = begin_session(change, person, "directory", stage)
    # What asks for a fresh proof counts from when the directory saw one, not from now.
    Session.objects.filter(digest=tokens.digest(token)).update(proved_at=said.proved_at)
    return Arrived(token, is_session=True)


@action(Door.PASS)
def refuse_arrival(change: Change, attempt: Attempt | None, why: str) -> None:
    """Record an answer that does not count, and let no second one be given to the same question."""
    if attempt is not None:
        with suppress(Untrusted):
            _take(change, attempt)
    change.record(Did.SIGN_IN_FAILED, fields=("directory", why))


def _take(change: Change, attempt: Attempt) -> None:
    Challenge.objects.filter(expires_at__lt=change.now).delete()
    try:
        with transaction.atomic():
            Challenge.objects.create(
                digest=tokens.digest(attempt.state), purpose="directory", expires_at=attempt.ends_at,
                used_at=change.now,
            )  # fmt: skip
    except IntegrityError:
        raise Untrusted("replay") from None
