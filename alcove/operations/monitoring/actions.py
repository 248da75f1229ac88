"""What is noted of parts, and who is told: those on call at once, their deputies when nobody looked after it."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from alcove.operations.monitoring.models import Part
from alcove.operations.monitoring.policy import Did, Health
from alcove.operations.monitoring.queries import TITLES, Look
from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict
from alcove.security.access.policy import Permission
from alcove.security.identity.actions.notices import tell_all_addresses, tell_deciders

NOTICE = "health"
"""What messages about parts are called."""
S = Part.State


@action(Health.WATCH)
def note(change: Change, found: Sequence[Look]) -> int:
    """Note how parts are and tell whoever is to know; return how many messages were decided on.

    Raises ``NothingRecorded`` where nothing changed and nobody is to be told: most rounds. A part has to fail in two
    rounds before anybody is told, so that what mends itself wakes nobody.
    """
    held = {
        one.key: one for one in Part.objects.select_for_update().filter(key__in=[one.key for one in found])
    }
    return sum(_note(change, look, held.get(look.key)) for look in found)


def _note(change: Change, look: Look, part: Part | None) -> int:
    if part is None or part.state != look.state:
        return _turn(change, look, part)
    if part.sentence != look.sentence:
        part.sentence = look.sentence[:200]
        part.save(update_fields=["sentence"])
    if part.state != S.BAD or part.taken_at is not None:
        return 0
    if part.told_at is None:
        part.told_at = change.now
        return _tell(change, part, Health.ANSWER, "told_at", "")
    if part.deputy_told_at is None and change.now - part.told_at >= policy.DEPUTY_AFTER:
        part.deputy_told_at = change.now
        return _tell(change, part, Health.DEPUTY, "deputy_told_at", "Nobody has looked after it so far. ")
    return 0


def _turn(change: Change, look: Look, part: Part | None) -> int:
    """Note that a part is otherwise than before; those who were told of a failing hear that it is over."""
    before = part
    part = part or Part(key=look.key)
    was_told, deputies = part.told_at, part.deputy_told_at
    part.state, part.sentence, part.since = look.state, look.sentence[:200], change.now
    part.told_at = part.deputy_told_at = part.taken_at = part.taken_by_id = None
    part.save(force_insert=before is None)
    if look.state == S.BAD:
        change.record(Did.FAILED, fields=(look.key,))
    elif before is not None:
        change.record(Did.WORKED, fields=(look.key,))
    else:
        change.record(Did.WORKED, fields=(look.key, "first look"))
    if was_told is None or look.state == S.BAD:
        return 0
    for right in (Health.ANSWER, Health.DEPUTY) if deputies else (Health.ANSWER,):
        _write(change, right, f"{TITLES[look.key]}: works again", look.sentence)
    return 1


def _tell(change: Change, part: Part, right: Permission, field: str, first: str) -> int:
    part.save(update_fields=[field])
    change.record(Did.TOLD, fields=(part.key, "deputies" if right is Health.DEPUTY else "on call"))
    _write(change, right, f"{TITLES[part.key]}: does not work", f"{first}{part.sentence}")
    return 1


def _write(change: Change, right: Permission, subject: str, text: str) -> None:
    where = f"{settings.ALCOVE.public_address}/setup/health/"
    # By SMS as well, where a number is confirmed: the part that fails may be the e-mail itself, or it may be night.
    tell_deciders(
        change,
        right,
        NOTICE,
        subject,
        f"{subject}. {text}\n\nHow every part is: {where}",
        by=tell_all_addresses,
    )


@action(Health.ANSWER)
def take(change: Change, key: str) -> None:
    """Take a failing part upon oneself: deputies are left in peace. Raises ``Conflict`` if it is not to be taken."""
    part = Part.objects.select_for_update().filter(key=key, state=S.BAD).first()
    if part is None:
        raise Conflict("This part works again.")
    if part.taken_at is not None:
        raise Conflict("Somebody looks after this already.")
    part.taken_at, part.taken_by_id = change.now, change.actor.id
    part.save(update_fields=["taken_at", "taken_by_id"])
    change.record(Did.TAKEN, fields=(key,))
