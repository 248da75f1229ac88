"""Roles and the rights they give: nobody raises their own, nobody gives what they do not hold, the last owner stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Role
from alcove.security.access.policy import (
    CLINICAL,
    ROLE_TITLES,
    Access,
    RoleKey,
    counting,
    first_ticks,
    grantable,
)
from alcove.security.access.policy import Did as AccessDid
from alcove.security.identity import tokens
from alcove.security.identity.models import Membership, Person
from alcove.security.identity.policy import Did, People

_MUST_STAY = {
    RoleKey.OWNER: "The practice's last owner stays owner. Make someone else an owner first.",
    RoleKey.OFFICER: "The last compliance officer stays officer. Appoint someone else first.",
}


TICKS_AN_ENTRY = 8
"""So many keys of at most 40 characters fit into the fields of one entry (400 characters)."""


def refuse_without_owner(person: Person, roles: Iterable[Role]) -> None:
    """Refuse to leave the practice without an owner, or without the officer it has: ``roles`` are what a person keeps.

    Only who stays counts: not suspended, no leaving time, no role that ends by itself. Raises ``Conflict``.
    """
    kept = {role.key for role in roles}
    for key, sentence in _MUST_STAY.items():
        holders = Person.objects.filter(memberships__role__key=key, suspended_at__isnull=True)
        if key in kept or not holders.filter(pk=person.pk).exists():
            continue
        staying = Membership.objects.filter(
            role__key=key,
            ends_at__isnull=True,
            person__suspended_at__isnull=True,
            person__leaves_at__isnull=True,
        )
        if not staying.exclude(person=person).select_for_update().exists():
            raise Conflict(sentence)


def _refuse_raising(change: Change, rights: set[str], before: set[str]) -> None:
    """Refuse to hand out what one does not hold, unless an owner decides (ACC-05). Raises ``Refused``."""
    if change.actor.kind != "person" or (rights - before) <= change.actor.rights or _is_owner(change):
        return
    raise Refused("setup.roles.edit", "Nobody gives rights they do not hold themselves. Ask an owner.")


@action(Access.EDIT_ROLES)
def set_roles(change: Change, person: Person, roles: list[Role]) -> None:
    """Give a person exactly these roles. Nobody changes their own; only owners make or unmake owners."""
    if person.id == change.actor.id:
        raise Refused("setup.roles.edit", "Nobody changes their own roles. Ask another owner.")
    give_roles(change, person, roles)
    if not change.drafts:
        raise Conflict("Nothing was changed: the person holds these roles already.")


def give_roles(change: Change, person: Person, roles: list[Role]) -> None:
    """Make a person's lasting roles exactly these, inside a deed that was allowed.

    A role lent for a while stays until its end, or becomes a lasting one if it is among ``roles``.
    """
    refuse_without_owner(person, roles)
    held = {item.role_id: item for item in person.memberships.select_related("role")}
    wanted = {role.id: role for role in roles}
    lasting = {key for key, item in held.items() if item.ends_at is None}
    added = [role for key, role in wanted.items() if key not in lasting]
    removed = [held[key] for key in lasting if key not in wanted]
    touched = [*added, *(membership.role for membership in removed)]
    _refuse_giving(change, added, touched)
    for membership in removed:
        membership.delete()
    for role in added:
        _put(change, person, role, None)
    if added or removed:
        names = [f"+{role.name}" for role in added] + [f"-{membership.role.name}" for membership in removed]
        change.record(Did.ROLES_GIVEN, on=person, fields=names)


def _refuse_giving(change: Change, added: list[Role], touched: list[Role]) -> None:
    if change.actor.kind == "person" and any(role.key == RoleKey.OWNER for role in touched):
        must_be_owner(change)
    _refuse_raising(change, {right for role in added for right in role.rights}, set())


def _put(change: Change, person: Person, role: Role, ends_at: datetime | None) -> None:
    values = {"ends_at": ends_at, "given_at": change.now, "given_by_id": change.actor.id}
    Membership.objects.update_or_create(person=person, role=role, defaults=values)


@action(Access.EDIT_ROLES)
def lend_role(change: Change, person: Person, role: Role, *, ends_at: datetime) -> None:
    """Give a role until a moment, after which it ends by itself (ACC-13); raise ``Conflict`` for one held for good."""
    if person.id == change.actor.id:
        raise Refused("setup.roles.edit", "Nobody changes their own roles. Ask another owner.")
    if person.memberships.filter(role=role, ends_at__isnull=True).exists():
        raise Conflict(f"{person.name} holds this role for good already.")
    _refuse_giving(change, [role], [role])
    _put(change, person, role, ends_at)
    change.record(Did.ROLES_GIVEN, on=person, fields=(f"+{role.name} until {ends_at:%Y-%m-%d %H:%M} UTC",))


@action(Access.EDIT_ROLES)
def end_loan(change: Change, person: Person, role: Role) -> None:
    """Take back a role that was lent, before its end."""
    if person.id == change.actor.id:
        raise Refused("setup.roles.edit", "Nobody changes their own roles. Ask another owner.")
    if not person.memberships.filter(role=role, ends_at__isnull=False).delete()[0]:
        raise Conflict("This role is not lent to this person any more.")
    change.record(Did.ROLES_GIVEN, on=person, fields=(f"-{role.name}",))


def _actor(change: Change) -> list[UUID]:
    return [change.actor.id] if change.actor.id else []


def _is_owner(change: Change) -> bool:
    held = Membership.objects.filter(person__in=_actor(change), role__key=RoleKey.OWNER)
    return held.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=change.now)).exists()


def must_be_owner(change: Change, sentence: str = "Only an owner makes or unmakes an owner.") -> UUID:
    """Return the id of the owner who acts, signed in; raise ``Refused`` for everybody else, the console too."""
    if change.actor.kind != "person" or change.actor.id is None or not _is_owner(change):
        raise Refused("setup.roles.edit", sentence)
    return change.actor.id


def make_builtin_roles(change: Change) -> dict[str, Role]:
    """Make the built-in roles with their first ticks, inside a deed that was allowed (founding a practice)."""
    return {
        key: change.create(
            Role, AccessDid.ROLE_CREATED, key=key, name=name, description=meaning, is_builtin=True,
            rights=first_ticks(key), is_clinical=key in CLINICAL,
        )
        for key, (name, meaning) in ROLE_TITLES.items()
    }  # fmt: skip


@action(Access.EDIT_ROLES)
def add_role(change: Change, *, name: str, copy_of: Role | None = None) -> Role:
    """Add a role, empty or as a copy; a copy of more than one's own rights is refused."""
    rights = sorted({*counting(copy_of.rights if copy_of else []), People.OWN.key, People.OWN_VIEW.key})
    _refuse_raising(change, set(rights), set())
    key = f"own_{tokens.new_token()[1][:12]}"
    role = change.create(
        Role, AccessDid.ROLE_CREATED, key=key, name=name.strip(), rights=rights,
        is_clinical=copy_of is not None and copy_of.is_clinical,
    )  # fmt: skip
    record_ticks(change, role, [f"+{key}" for key in rights])
    return role


def record_ticks(change: Change, role: Role, ticks: Sequence[str]) -> None:
    """Record every tick and untick by its key, in as many entries as it takes: the log alone tells what a role is."""
    for at in range(0, len(ticks), TICKS_AN_ENTRY):
        change.record(AccessDid.ROLE_CHANGED, on=role, fields=ticks[at : at + TICKS_AN_ENTRY])


@action(Access.EDIT_ROLES)
def set_rights(change: Change, role: Role, rights: Iterable[str]) -> list[str]:
    """Tick exactly these rights; effective at everyone's next request. Returns what changed.

    Raises ``Refused`` for a role the actor holds (nobody raises own rights) and for rights the actor lacks.
    """
    wanted = sorted(set(rights) & set(grantable()))
    before = set(role.rights)
    if change.actor.kind == "person":
        own = Membership.objects.filter(person__in=_actor(change), role=role).exists()
        if own and not set(wanted) <= before:
            raise Refused("setup.roles.edit", "Nobody raises their own rights. Ask another owner.")
        if role.key == RoleKey.OWNER:
            must_be_owner(change)
            if Access.EDIT_ROLES.key not in wanted:
                raise Conflict("Owners keep the right to tick rights; otherwise nobody could mend a mistake.")
    _refuse_raising(change, set(wanted), before)
    changed = sorted(
        {f"+{key}" for key in set(wanted) - before} | {f"-{key}" for key in before - set(wanted)}
    )
    if not changed:
        raise Conflict("Nothing was changed: these rights are ticked already.")
    change.update(role, AccessDid.ROLE_CHANGED, rights=wanted)
    change.drafts.pop()
    record_ticks(change, role, changed)
    return changed


@action(Access.EDIT_ROLES)
def delete_role(change: Change, role: Role) -> None:
    """Delete a role of one's own making that nobody holds."""
    if role.is_builtin:
        raise Conflict("Built-in roles stay. Untick what they should not do.")
    if role.memberships.exists():
        raise Conflict("Someone still holds this role. Give them another first.")
    change.delete(role, AccessDid.ROLE_DELETED, fields=("name", "rights"))
