"""The lockbox of a hosted installation: the operator asks, an owner decides, and either side sees what came of it.

``access.lockbox`` stands before every client's key; here is how leave is given and taken back (ACC-14). The operator
never decides: whoever does is an owner of the practice, signed in.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.utils.formats import time_format
from django.utils.timezone import localtime

from alcove.security import policy_defaults as policy
from alcove.security.access import lockbox
from alcove.security.access.actors import Leave, operator_role
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Setting, SupportAccess, SupportAttempt
from alcove.security.access.opening import entry
from alcove.security.access.policy import Access, Did
from alcove.security.audit.events import Result
from alcove.security.identity.actions import notices
from alcove.security.identity.actions.roles import must_be_owner
from alcove.security.identity.models import Person
from alcove.security.identity.policy import Door
from alcove.security.identity.queries import generic
from alcove.security.identity.queries.support import HOSTED, was_hosted

MOST_HOURS = int(policy.OPERATOR_ACCESS.total_seconds()) // 3600
LONGEST_NAME, LONGEST_REASON, LONGEST_VERB = 40, 500, 60
TOLD_EVERY = policy.FAILURE_TOLD_EVERY
"""Owners hear of attempts at most this often for one system account; the page and the log hold every one."""


class BadRequest(Exception):
    """The operator's request lacks something; the text says what."""


# The operator's side -----------------------------------------------------------------------------------------------


@action(Door.SUPPORT)
def ask(change: Change, operator: str, *, name: str, reason: str, hours: int) -> SupportAccess:
    """Ask the practice's owners to be let in; raise ``BadRequest``. ``operator``: the account that may use it."""
    name, reason = " ".join(name.split()), reason.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or generic.is_nobodys_name(name):
        raise BadRequest(f"--name: give your own name, at most {LONGEST_NAME} letters. {generic.NOBODY}")
    if not policy.REASON_MIN_LENGTH <= len(reason) <= LONGEST_REASON or "\x00" in reason:
        raise BadRequest(f"--reason: say in {policy.REASON_MIN_LENGTH} to {LONGEST_REASON} letters why.")
    if not 1 <= hours <= MOST_HOURS:
        raise BadRequest(f"--hours: 1 to {MOST_HOURS}. Ask again when the time is over.")
    asked = change.create(
        SupportAccess, Did.SUPPORT_ASKED, operator=operator[:40], name=name, reason=reason, hours=hours,
        asked_at=change.now, ends_at=change.now + policy.APPROVAL_LIFE,
    )  # fmt: skip
    _tell_owners(
        change, "support_asked", f"{name} asks for support access",
        f"{name}, who runs the machine your practice is on, asks to look at practice data for {_hours(hours)}. Nothing "
        "is open until an owner approves it, and every look is on your log.",
    )  # fmt: skip
    return asked


@action(Door.SUPPORT)
def use(change: Change, operator: str, verb: str) -> Leave:
    """Return the leave by which this system account acts now; raise ``NotLetIn`` if it has none.

    Every entry of this verb carries the leave's id; the one made here says which verb it is.
    """
    access = lockbox.running(change.now).filter(operator=operator[:40]).order_by("until").last()
    if access is None:
        raise lockbox.NotLetIn
    leave = Leave(access.id, access.name, access.reason)
    change.drafts.append(
        entry(
            change.actor, Did.SUPPORT_USED, role=operator_role(operator, leave), reason=access.reason,
            fields=(verb[:LONGEST_VERB],),
        )
    )  # fmt: skip
    return leave


@action(Door.SUPPORT)
def note_attempt(change: Change, operator: str, verb: str) -> None:
    """Put an attempt without leave where the practice sees it: on the log, on the page, and in the owners' mail."""
    lately = SupportAttempt.objects.filter(operator=operator[:40], at__gt=change.now - TOLD_EVERY).exists()
    SupportAttempt.objects.create(operator=operator[:40], verb=verb[:LONGEST_VERB], at=change.now)
    change.drafts.append(
        entry(
            change.actor, Did.SUPPORT_TURNED_AWAY, result=Result.REFUSED, fields=(lockbox.NEEDED,),
            object=f"console {verb[:LONGEST_VERB]}",
        )
    )  # fmt: skip
    if not lately:
        _tell_owners(
            change, "support_attempt", "The host tried to reach practice data",
            f"The system account {operator[:40]} of the machine your practice is on ran 'alcove {verb[:LONGEST_VERB]}' "
            "without an owner's leave. It was refused; nothing was opened.",
        )  # fmt: skip


@action(Door.SUPPORT)
def note_hosting(change: Change, *, is_hosted: bool) -> None:
    """Note that this machine came to count as a host's, or no longer does, and tell every owner.

    Raises ``Conflict`` if it was so already. Whoever has the machine can change the setting; they cannot do it unseen.
    """
    if was_hosted() == is_hosted:
        raise Conflict("It is so already.")
    Setting.objects.update_or_create(key=HOSTED, defaults={"value": int(is_hosted)})
    change.record(Did.HOSTING_CHANGED, fields=("a host's" if is_hosted else "the practice's own",))
    _tell_owners(
        change, "hosting", "Who has the machine of your practice" if is_hosted else "The lockbox was switched off",
        "From now on the console opens no practice data without an owner's leave."
        if is_hosted
        else "ALCOVE_HOSTED was taken away on the machine your practice is on: whoever has its console may open "
        "practice data without asking. If that is not agreed with you, call your host now.",
    )  # fmt: skip


# The practice's side -----------------------------------------------------------------------------------------------


@action(Access.EDIT_ROLES)
def decide(change: Change, access: SupportAccess, *, is_granted: bool) -> None:
    """Let the operator in for the hours asked for, from now on, or refuse. Raises ``Refused``, ``Conflict``."""
    owner_id = must_be_owner(change, "An owner decides whether the host's operator is let in, signed in.")
    if access.decided_at is not None or access.ends_at <= change.now:
        raise Conflict("This request was decided already, or is too old.")
    span = min(policy.OPERATOR_ACCESS, policy.OPERATOR_ACCESS / MOST_HOURS * access.hours)
    until = change.now + span if is_granted else None
    change.update(
        access, Did.SUPPORT_APPROVED if is_granted else Did.SUPPORT_REFUSED, decided_at=change.now,
        decided_by_id=owner_id, is_granted=is_granted, until=until,
    )  # fmt: skip
    if until is not None:
        _tell_owners(
            change, "support_approved", f"{access.name} was let in",
            f"{change.actor.name} let {access.name}, who runs the machine your practice is on, look at practice data "
            f"until {time_format(localtime(until), 'H:i')}. Anyone who decides over approvals can end it before.",
            but=owner_id,
        )  # fmt: skip


@action(Access.APPROVE)
def end(change: Change, access: SupportAccess) -> None:
    """End an access that is in force; a verb under way is refused at its next opening. Raises ``Conflict``."""
    if change.actor.kind != "person":
        raise Refused(Access.APPROVE.key, "A person ends this, signed in.")
    if not access.is_granted or access.ended_at is not None or not access.until or access.until <= change.now:
        raise Conflict("This access is over already.")
    change.update(access, Did.SUPPORT_ENDED, ended_at=change.now, ended_by_id=change.actor.id)


def _hours(hours: int) -> str:
    return "one hour" if hours == 1 else f"{hours} hours"


def _tell_owners(change: Change, kind: str, subject: str, text: str, *, but: UUID | None = None) -> None:
    notices.tell_deciders(
        change, Access.EDIT_ROLES, kind, subject,
        f"{text}\n\n{settings.ALCOVE.public_address}/setup/support/",
        but=Person.objects.filter(pk__in=[but] if but else []).first(),
    )  # fmt: skip
