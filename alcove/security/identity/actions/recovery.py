"""Coming back without any factor: two proofs of one's own, or two administrators; never one of either (IDN-09).

There are no security questions. Every address known to be the person's is told. An owner or officer has no codes by
SMS, so for them it takes two administrators, or the console.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access import approvals
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Gone, NotFound, Refused
from alcove.security.access.models import Approval
from alcove.security.access.policy import RoleKey
from alcove.security.identity import tokens
from alcove.security.identity.actions import notices, sent_codes
from alcove.security.identity.actions.people import (
    NewLink,
    clear_number,
    forget_factors,
    make_link,
    tell_of_recovery,
)
from alcove.security.identity.actions.sent_codes import Purpose
from alcove.security.identity.models import Link, Membership, OldPassword, Person
from alcove.security.identity.policy import Did, Door, People
from alcove.security.identity.queries.by_sms import is_offered

KIND = "recovery"
USED_UP = "This link was used already or is too old. Ask for a new one."
ONE_PROOF = "One proof is not enough: type the code that was sent to your phone."


# Two proofs --------------------------------------------------------------------------------------------------------


@action(Door.PASS)
def begin(change: Change, email: str) -> None:
    """Send the first proof's link to whoever has this confirmed address; log and answer are alike if nobody has.

    Earlier links of the same person die.
    """
    change.record(Did.RECOVERY_BEGUN)
    person = Person.objects.filter(
        Q(leaves_at__isnull=True) | Q(leaves_at__gt=change.now), email=email.strip().lower(),
        kind=Person.Kind.STAFF, suspended_at__isnull=True, email_confirmed_at__isnull=False,
    ).first()  # fmt: skip
    if person is None:
        return
    Link.objects.filter(kind="recover", person=person, used_at__isnull=True).update(used_at=change.now)
    token, digest = tokens.new_token()
    ends = change.now + policy.SETUP_LINK_LIFE
    Link.objects.create(kind="recover", digest=digest, person=person, expires_at=ends)
    notices.tell(
        change, person, "recover", "Recover your account",
        "Somebody asked to recover your account. If that was you, open this link; then a code to your phone is needed "
        f"as well:\n\n{settings.ALCOVE.public_address}/recover/{token}/\n\nIt works once and for "
        f"{int(policy.SETUP_LINK_LIFE.total_seconds() // 60)} minutes. If it was not you, do nothing: this link alone "
        "opens nothing.",
        ends_at=ends,
    )  # fmt: skip


def link_of(token: str) -> Link:
    """Return a recovery link, living or not; raise ``NotFound``."""
    link = Link.objects.select_related("person").filter(kind="recover", digest=tokens.digest(token)).first()
    if link is None:
        raise NotFound("there is no such link")
    return link


def _living(change: Change, token: str) -> Link:
    link = link_of(token)
    person = link.person
    if link.used_at or link.expires_at <= change.now or not person.is_active or person.has_left(change.now):
        raise Gone(USED_UP)
    return link


@action(Door.PASS)
def send_second_proof(change: Change, token: str) -> None:
    """Send the code to the confirmed phone of this link's person; raise ``TooMany``, or ``Refused`` without one."""
    link = _living(change, token)
    if not is_offered(link.person):
        raise Refused(
            "recovery", "There is no phone that may take a code. Two administrators can recover it."
        )
    change.record(Did.RECOVERY_PROVED, on=link.person, fields=("e-mail",))
    sent_codes.send(change, link.person, Purpose.RECOVER, link.id)


@action(Door.PASS)
def recover(change: Change, token: str, code: str) -> NewLink | None:
    """Take both proofs, remove every factor and session, and return a set-up link; None for a wrong code.

    What is left is the phone that was just proved, and a password of before that opens nothing by itself: it is gone.
    """
    link = _living(change, token)
    person = link.person
    if not is_offered(person) or not sent_codes.take(change, person, Purpose.RECOVER, link.id, code):
        change.record(Did.RECOVERY_REFUSED, on=person, fields=("phone",))
        return None
    if not Link.objects.filter(pk=link.pk, used_at__isnull=True).update(used_at=change.now):
        raise Gone(USED_UP)
    return _recovered(change, person, ("e-mail", "phone"))


def _recovered(change: Change, person: Person, proofs: tuple[str, ...]) -> NewLink:
    tell_of_recovery(change, person)
    forget_factors(change, person)
    Link.objects.filter(person=person, used_at__isnull=True).update(used_at=change.now)
    if person.password:
        OldPassword.objects.create(person=person, password=person.password, replaced_at=change.now)
    person.password = ""
    person.save(update_fields=["password"])
    change.record(Did.RECOVERED, on=person, fields=proofs)
    return make_link(change, person)


# Two administrators ------------------------------------------------------------------------------------------------


@action(People.ADD)
def ask_two(change: Change, person: Person, *, purpose: str) -> Approval:
    """Ask a second administrator to let this person's account be recovered; never for oneself."""
    _refuse_own(change, person)
    if waiting_for(person) is not None:
        raise Conflict("This was asked for already and waits for a second person.")
    change.record(Did.RECOVERY_BEGUN, on=person)
    return approvals.ask(change, KIND, purpose=purpose, subject_id=person.id)


def waiting_for(person: Person) -> Approval | None:
    """Return the request for this person's recovery that waits for a second administrator."""
    return approvals.waiting().filter(kind=KIND, subject_id=person.id).first()


def granted_to(actor_id: UUID | None, person: Person) -> Approval | None:
    """Return the granted request of this administrator that waits to be used."""
    rows = Approval.objects.filter(
        kind=KIND, subject_id=person.id, asked_by_id=actor_id, is_granted=True, used_at__isnull=True,
        ends_at__gt=timezone.now(),
    )  # fmt: skip
    return rows.first() if actor_id else None


@action(People.ADD)
def recover_by_two(change: Change, person: Person) -> NewLink:
    """Recover an account that a second administrator has agreed to; return a set-up link, shown once.

    Raises ``ApprovalNeeded``; ``Refused`` where the person decided on it themself, or where nobody of the two is an
    owner and the account is an owner's. The number is forgotten with the factors: the phone may be what was lost.
    """
    _refuse_own(change, person)
    approval = approvals.use(change, KIND, person.id)
    if approval.decided_by_id == person.id:
        raise Refused(People.ADD.key, "The person themself is no second administrator.")
    two = [one for one in (approval.asked_by_id, approval.decided_by_id) if one is not None]
    if _is_owner(person.id) and not any(_is_owner(one) for one in two):
        raise Refused(
            People.ADD.key, "An owner's account is recovered by an owner and a second administrator."
        )
    link = _recovered(change, person, ("two administrators",))
    clear_number(change, person)
    return link


def _refuse_own(change: Change, person: Person) -> None:
    if person.id == change.actor.id:
        raise Refused(People.ADD.key, "Nobody recovers their own account this way.")


def _is_owner(person_id: UUID) -> bool:
    return Membership.objects.filter(person_id=person_id, role__key=RoleKey.OWNER).exists()
