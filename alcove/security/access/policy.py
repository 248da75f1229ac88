"""What a right is, the grid the owner ticks, and the two rights the kernel itself knows."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from django.utils.module_loading import autodiscover_modules

from alcove.security.audit.events import Event


class RoleKey(StrEnum):
    """The built-in roles (ACC-03)."""

    OWNER = "owner"
    MANAGER = "manager"
    PRACTITIONER = "practitioner"
    PRESCRIBER = "prescriber"
    FRONT_DESK = "front_desk"
    BOOKKEEPER = "bookkeeper"
    MARKETING = "marketing"
    OFFICER = "officer"
    IT_PROVIDER = "it_provider"
    AUDITOR = "auditor"


ROLE_TITLES: Final = {
    RoleKey.OWNER: ("Owner", "Sets up the practice, decides on rights and money, answers for the data."),
    RoleKey.MANAGER: ("Manager", "Runs the day, people and stock; sees no clinical record."),
    RoleKey.PRACTITIONER: ("Practitioner", "Treats and charts."),
    RoleKey.PRESCRIBER: ("Prescriber", "Treats, charts and prescribes."),
    RoleKey.FRONT_DESK: (
        "Front desk",
        "Books, checks in, takes payment; sees contact details, nothing clinical.",
    ),
    RoleKey.BOOKKEEPER: ("Bookkeeper", "Sees money, not clients' records."),
    RoleKey.MARKETING: ("Marketing", "Runs campaigns and leads."),
    RoleKey.OFFICER: ("Compliance officer", "Reads the audit log and runs the compliance programme."),
    RoleKey.IT_PROVIDER: ("IT provider", "Keeps the system running; sees no client data."),
    RoleKey.AUDITOR: ("Auditor", "Reads the audit log and the programme; changes nothing."),
}

CLINICAL: Final = frozenset({RoleKey.PRACTITIONER, RoleKey.PRESCRIBER})
"""Roles whose holders need a verified professional registration (IDN-02)."""

AREAS: Final = {
    "dashboard": "Dashboard",
    "calendar": "Team calendar",
    "leads": "Leads",
    "clients": "Clients",
    "records": "Clinical record",
    "analytics": "Analytics",
    "stock": "Stock",
    "marketing": "Marketing",
    "money": "Money",
    "activities": "Activities",
    "setup": "Setup",
    "compliance": "Compliance",
}
"""Rows of the grid: the ten areas, compliance, and the clinical record, which is never implied by the card."""

VERBS: Final = {"view": "View", "create": "Create", "edit": "Edit", "delete": "Delete", "export": "Export"}
"""Columns of the grid."""

READING: Final = frozenset({"view"})
_known: dict[str, Permission] = {}


@dataclass(frozen=True, slots=True)
class Right:
    """What a permission says of itself: its key, what it lets one do, and which built-in roles begin with it."""

    key: str
    meaning: str
    roles: frozenset[RoleKey] = field(default_factory=frozenset)


class Permission(Enum):
    """Base of every area's permissions. ``VIEW = right("clients.view", "See the client list", RoleKey.OWNER)``.

    A key ``area.verb`` with a verb of ``VERBS`` is a cell of the grid; any other key is a right with its own tick.
    """

    def __init__(self, declared: Right) -> None:
        if declared.key in _known:
            raise TypeError(f"two permissions are called {declared.key}")
        _known[declared.key] = self

    @property
    def key(self) -> str:
        return self.value.key  # type: ignore[no-any-return]  # Enum.value is untyped

    @property
    def is_reading(self) -> bool:
        """Whether it only lets one look; a POST may not pass under such a permission."""
        return self.key.rpartition(".")[2] in READING

    def __str__(self) -> str:
        return self.key


def right(key: str, meaning: str, *roles: RoleKey) -> Right:
    """Declare a right."""
    return Right(key, meaning, frozenset(roles))


@functools.cache
def _every_area_declared() -> None:
    """Import every area's policy once: what a process knows as rights must not hang on what it happened to import."""
    autodiscover_modules("policy")


def known() -> dict[str, Permission]:
    """Return every permission that code declares, by key."""
    _every_area_declared()
    return dict(_known)


def cell(area: str, verb: str) -> str:
    """Return the key of one cell of the grid."""
    return f"{area}.{verb}"


def grantable() -> dict[str, str]:
    """Return every key an owner can tick, with its meaning: all cells of the grid and all single rights."""
    cells = {cell(area, verb): f"{VERBS[verb]}: {title}" for area, title in AREAS.items() for verb in VERBS}
    return cells | {key: permission.value.meaning for key, permission in known().items()}


_CLINICIANS = (RoleKey.PRACTITIONER, RoleKey.PRESCRIBER)


class Open(Permission):
    """The two rights that unlock a client's keys, each its own half. The kernel opens nothing else for anyone."""

    DIRECTORY = right(
        "clients.view", "See the client list and the card: names, contacts, appointments",
        RoleKey.OWNER, RoleKey.MANAGER, *_CLINICIANS, RoleKey.FRONT_DESK,
    )  # fmt: skip
    RECORD = right("records.view", "Read the clinical record", RoleKey.OWNER, *_CLINICIANS)
    OWN = right("clients.own.open", "Open one's own card and record, as the client this is about")


class Sensitive(Permission):
    """Entries with a key and an audience of their own."""

    MARK = right("records.sensitive.mark", "Mark entries sensitive and choose who reads them", *_CLINICIANS)
    DISCLOSE = right(
        "records.sensitive.disclose", "Give out sensitive entries, with a reason and a destination"
    )


class Access(Permission):
    """Rights over rights."""

    VIEW = right("setup.view", "See people, roles and settings", RoleKey.OWNER, RoleKey.MANAGER, RoleKey.OFFICER, RoleKey.IT_PROVIDER)  # fmt: skip  # noqa: E501
    EDIT_ROLES = right("setup.roles.edit", "Tick the rights of roles and give roles to people", RoleKey.OWNER)
    EDIT_RULES = right("setup.rules.edit", "Choose the practice's security settings", RoleKey.OWNER)
    APPROVE = right("setup.approvals.decide", "Approve what takes a second person", RoleKey.OWNER, RoleKey.MANAGER, RoleKey.OFFICER)  # fmt: skip  # noqa: E501


class Keys(Permission):
    """The practice's own keys."""

    ROTATE = right(
        "setup.keys.rotate", "Change root, house and client keys", RoleKey.OWNER, RoleKey.IT_PROVIDER
    )


class Log(Permission):
    """The audit log."""

    VIEW = right("compliance.view", "Read the audit log and the compliance programme", RoleKey.OWNER, RoleKey.OFFICER, RoleKey.AUDITOR)  # fmt: skip  # noqa: E501
    ADDRESSES = right(
        "compliance.addresses.view", "See network addresses in the audit log and in alerts", RoleKey.OFFICER
    )
    DROP_ADDRESSES = right("compliance.addresses.drop", "Drop network addresses that are old enough")
    EXPORT = right("compliance.export", "Export the audit log and programme evidence", RoleKey.OWNER, RoleKey.OFFICER)  # fmt: skip  # noqa: E501


RESERVED: Final[dict[str, dict[str, str]]] = {
    "dashboard": dict.fromkeys(ROLE_TITLES, "view"),
    "calendar": {
        RoleKey.OWNER: "view create edit delete export",
        RoleKey.MANAGER: "view create edit delete export",
        RoleKey.PRACTITIONER: "view create edit",
        RoleKey.PRESCRIBER: "view create edit",
        RoleKey.FRONT_DESK: "view create edit delete",
    },
    "leads": {
        RoleKey.OWNER: "view create edit delete export",
        RoleKey.MANAGER: "view create edit delete",
        RoleKey.FRONT_DESK: "view create edit",
        RoleKey.MARKETING: "view create edit delete",
    },
    "analytics": {RoleKey.OWNER: "view export", RoleKey.MANAGER: "view", RoleKey.BOOKKEEPER: "view"},
    "stock": {
        RoleKey.OWNER: "view create edit delete export",
        RoleKey.MANAGER: "view create edit delete",
        RoleKey.PRACTITIONER: "view",
        RoleKey.PRESCRIBER: "view",
    },
    "marketing": {
        RoleKey.OWNER: "view create edit delete export",
        RoleKey.MARKETING: "view create edit delete",
    },
    "money": {
        RoleKey.OWNER: "view create edit delete export",
        RoleKey.MANAGER: "view create edit",
        RoleKey.FRONT_DESK: "view create",
        RoleKey.BOOKKEEPER: "view create edit export",
    },
    "activities": {role: "view create edit" for role in ROLE_TITLES if role != RoleKey.AUDITOR},
    "setup": {RoleKey.OWNER: "create edit delete export", RoleKey.MANAGER: "edit"},
    "compliance": {RoleKey.OFFICER: "create edit delete", RoleKey.OWNER: "create edit"},
}
"""First ticks of cells whose area declares no permission of that name yet; an area that does overrules them."""


_CELLS: Final = frozenset(cell(area, verb) for area in AREAS for verb in VERBS)


def counting(stored: Iterable[str]) -> frozenset[str]:
    """Return the stored ticks that count: a word no right goes by, ``all`` or one of another version, gives nothing."""
    _every_area_declared()
    return frozenset(key for key in stored if key in _CELLS or key in _known)


def first_ticks(role: RoleKey) -> list[str]:
    """Return the keys a built-in role begins with, sorted."""
    ticked = {key for key, permission in known().items() if role in permission.value.roles}
    for area, by_role in RESERVED.items():
        ticked |= {
            cell(area, verb) for verb in by_role.get(role, "").split() if cell(area, verb) not in _known
        }
    return sorted(ticked)


class Did(Event):
    """What the kernel itself records."""

    CARD_OPENED = "clients.card.opened", "opened the card"
    RECORD_OPENED = "records.record.opened", "opened the record"
    LIST_SHOWN = "clients.list.shown", "saw this client in a list"
    DIRECTORY_LOADED = "clients.directory.loaded", "loaded the directory of names into memory"
    REFUSED = "access.attempt.refused", "was refused"
    LIMIT_REACHED = "access.limit.reached", "reached the day’s limit of clients taken out"
    LIMIT_RELEASED = "access.limit.released", "released somebody who had reached the day’s limit"
    ROLE_CREATED = "access.role.created", "created a role"
    ROLE_CHANGED = "access.role.changed", "changed the rights of a role"
    ROLE_DELETED = "access.role.deleted", "deleted a role"
    ROLES_EXPORTED = "access.role.exported", "wrote the rights of all roles into a file"
    RIGHTS_BROUGHT = "access.rights_file.brought", "brought rights from a file, to be approved"
    RIGHTS_APPROVED = "access.rights_file.approved", "approved rights from a file"
    RIGHTS_REFUSED = "access.rights_file.refused", "refused rights from a file"
    SUPPORT_ASKED = "access.support.asked", "asked for support access, as the host's operator"
    SUPPORT_APPROVED = "access.support.approved", "let the host's operator in"
    SUPPORT_REFUSED = "access.support.refused", "refused support access to the host's operator"
    SUPPORT_ENDED = "access.support.ended", "ended the support access of the host's operator"
    SUPPORT_USED = "access.support.used", "used support access on the console"
    SUPPORT_TURNED_AWAY = "access.support.turned_away", "tried to reach practice data without support access"
    HOSTING_CHANGED = "access.hosting.changed", "changed whether this machine counts as a host's"
    RULE_CHANGED = "access.rule.changed", "changed a security setting"
    APPROVAL_ASKED = "access.approval.asked", "asked for a second person's approval"
    APPROVAL_GRANTED = "access.approval.granted", "approved a request"
    APPROVAL_REFUSED = "access.approval.refused", "refused a request"
    GLASS_BROKEN = "access.glass.broken", "broke the glass: opened the record in an emergency"
    GLASS_RETURNED = "access.glass.returned", "gave emergency access back"
    GLASS_REVIEWED = "access.glass.reviewed", "reviewed an emergency access"
    GLASS_OVERDUE = "access.glass.overdue", "reported that an emergency access was not reviewed in time"
    CLIENT_LIMITED = "access.client.limited", "limited this client to a care team"
    CLIENT_UNLIMITED = "access.client.unlimited", "opened this client to everyone again"
    TEAM_JOINED = "access.team.joined", "added someone to the care team"
    TEAM_LEFT = "access.team.left", "took someone off the care team"
    ENTRY_LIMITED = "access.entry.limited", "limited who may read an entry"
    ENTRY_UNLIMITED = "access.entry.unlimited", "let everyone who reads the record read an entry again"
    READER_ADDED = "access.reader.added", "let someone read a limited entry"
    READER_REMOVED = "access.reader.removed", "ended someone’s reading of a limited entry"
    CATEGORY_CHANGED = "access.entry.changed", "changed of which kind a limited entry is"
    ENTRY_DISCLOSED = "access.entry.disclosed", "gave out a limited entry, as somebody asked"
    REGIONS_CHANGED = "access.regions.changed", "changed where limited entries are never given out to"
    ROOT_CHANGED = "access.root.changed", "put the practice's keys under a new root key"
    ROOT_EXPORTED = "access.root.exported", "exported the root key as an encrypted file"
    ROOTS_DESTROYED = "access.root.destroyed", "destroyed the root keys that were replaced"
    HOUSE_KEYS_ADDED = "access.keys.added", "made new versions of the practice's keys"
    CLIENT_KEYS_WRAPPED = "access.keys.wrapped", "put clients' keys under the new wrapping key"
    HOUSE_VALUES_SEALED = "access.values.sealed", "sealed the practice's own secrets under the new key"
    KEYED_VALUES_WRITTEN = "access.values.keyed", "wrote this client's search values under the new key"
    WRAP_KEYS_DESTROYED = "access.keys.destroyed", "destroyed keys of the practice that were replaced"
    CLIENT_KEY_REPLACED = "access.client_key.replaced", "gave this client a new key"
    CLIENT_KEY_DESTROYED = (
        "access.client_key.destroyed",
        "destroyed this client's key for good",
    )
