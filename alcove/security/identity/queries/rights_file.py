"""Files of rights with the difference each would make now, and stored words that count as no right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from alcove.security.access import rights_file
from alcove.security.access.models import RightsFile, Role
from alcove.security.access.policy import RoleKey, grantable
from alcove.security.access.rights_file import Difference
from alcove.security.identity.models import Membership


def other_owner(person_id: UUID, at: datetime) -> bool:
    """Whether somebody else is an owner for good, not suspended, and has not left."""
    owners = Membership.objects.filter(
        role__key=RoleKey.OWNER, ends_at__isnull=True, person__suspended_at__isnull=True
    ).exclude(person_id=person_id)
    return any(not one.person.has_left(at) for one in owners.select_related("person"))


def waiting() -> QuerySet[RightsFile]:
    """Return the files nobody has decided about and that are not too old, oldest first."""
    open_ones = RightsFile.objects.filter(decided_at__isnull=True, ends_at__gt=timezone.now())
    return open_ones.order_by("asked_at")


@dataclass(frozen=True, slots=True)
class Row:
    """The difference of one role in words: what each right lets one do."""

    one: Difference
    gone: list[str]
    asked: list[str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A file as an owner reads it. ``mark`` names this very difference.

    ``strangers``: roles of the file that the practice does not have; ``same``: roles it changes nothing about;
    ``silent``: roles of the practice that the file does not name, which stay as they are.
    """

    file: RightsFile
    rows: list[Row]
    strangers: list[Difference]
    same: list[str]
    silent: list[str]
    mark: str

    @property
    def gone(self) -> int:
        """How many ticks the approval would take away."""
        return sum(len(row.gone) for row in self.rows)


def shown(brought: RightsFile) -> Shown:
    """Return what a file would change now."""
    roles = list(Role.objects.all())
    found = rights_file.differences(roles, rights_file.of_stored(brought.roles))
    meanings = grantable()
    named = {one.key for one in found}
    return Shown(
        brought,
        rows=[_row(one, meanings) for one in found if one.role is not None and not one.is_empty],
        strangers=[one for one in found if one.role is None],
        same=[one.name for one in found if one.is_empty],
        silent=[role.name for role in roles if role.key not in named],
        mark=rights_file.mark(found),
    )


def _row(one: Difference, meanings: dict[str, str]) -> Row:
    return Row(one, _words(one.gone, meanings), _words(one.asked, meanings))


def _words(keys: Iterable[str], meanings: dict[str, str]) -> list[str]:
    return [meanings.get(key, key) for key in keys]


def unknown_in_force() -> list[tuple[Role, tuple[str, ...]]]:
    """Return roles with words that no right of this version goes by."""
    return rights_file.unknown_in_force(Role.objects.all())


def lately_decided() -> list[RightsFile]:
    """Return the last files that were decided, newest first."""
    return list(RightsFile.objects.filter(decided_at__isnull=False).order_by("-decided_at")[:10])
