"""Who acts. Built by identity from a session, by the worker for a job, by the console for the operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from alcove.security.access.errors import Refused
from alcove.security.access.policy import Permission, known


@dataclass(frozen=True, slots=True)
class Leave:
    """An owner's leave for the host's operator: its id, who it names and why (``access.lockbox``)."""

    id: UUID
    name: str
    reason: str


_leave: ContextVar[Leave | None] = ContextVar("alcove_leave", default=None)


@contextmanager
def by_leave(leave: Leave) -> Iterator[None]:
    """Let the operator of this block act by an owner's leave, named on every entry."""
    token = _leave.set(leave)
    try:
        yield
    finally:
        _leave.reset(token)


@dataclass(frozen=True, slots=True)
class Actor:
    """A frozen view of who acts, with the rights held at this moment.

    ``kind``: person, patient, tablet (in a client's hands), job, operator or stranger. ``role_ids``: the roles held
    now, as audiences of entries name them; a preview has none. ``origin_id`` names
    address and browser (audit). ``request`` is the code a person can read out to support. ``reason`` is why,
    where a reason was asked for. ``client_id``: the one client a patient or a handed-over tablet is bound to.
    ``proved_at``: when a factor was last given. ``is_preview``: an owner who looks through a role's eyes, and
    changes nothing meanwhile. As it stands before one client (``need.narrowed``): ``glass_until`` is when
    broken glass closes again, ``lacks_reason`` that the record stays shut for want of a reason. ``support_id``: the
    owner's leave by which the host's operator acts.
    """

    kind: str
    id: UUID | None = None
    name: str = ""
    roles: tuple[str, ...] = ()
    rights: frozenset[str] = field(default_factory=frozenset, repr=False)
    session_id: UUID | None = None
    origin_id: UUID | None = None
    request: str = ""
    reason: str = ""
    proved_at: datetime | None = None
    client_id: UUID | None = None
    is_preview: bool = False
    glass_until: datetime | None = None
    lacks_reason: bool = False
    support_id: UUID | None = None
    role_ids: frozenset[UUID] = frozenset()

    @classmethod
    def stranger(cls, *, origin_id: UUID | None = None, request: str = "") -> Self:
        """Return someone who is not signed in: holds nothing."""
        return cls("stranger", origin_id=origin_id, request=request)

    @classmethod
    def job(cls, name: str, *permissions: Permission) -> Self:
        """Return the worker acting for one job, with the rights that job declares and no others."""
        return cls(
            "job", name=name, roles=(name,), rights=frozenset(permission.key for permission in permissions)
        )

    @classmethod
    def operator(cls, name: str) -> Self:
        """Return whoever has the console: the machine's owner, with every declared right, always on the log.

        Where the machine is a host's, ``lockbox.must_be_let_in`` stands before every client's key.
        """
        leave = _leave.get()
        if leave is None:
            return cls("operator", name=name, roles=(f"operator {name}",), rights=frozenset(known()))
        return cls(
            "operator", name=leave.name, roles=(operator_role(name, leave),), rights=frozenset(known()),
            reason=leave.reason, support_id=leave.id,
        )  # fmt: skip

    @property
    def role(self) -> str:
        return ", ".join(self.roles)

    @property
    def is_signed_in(self) -> bool:
        return self.kind != "stranger"

    def holds(self, permission: Permission | str) -> bool:
        """Whether to *show* something. Deeds ask ``must``, which raises."""
        return str(permission) in self.rights

    def must(self, permission: Permission) -> None:
        """Raise ``Refused`` unless this actor holds the permission."""
        if permission.key not in self.rights:
            raise Refused(permission.key)


def operator_role(account: str, leave: Leave) -> str:
    """Return what every entry calls an operator who acts by this leave; its end is the leave's id."""
    return f"operator {account[:24]} ({leave.name[:40]}), support {leave.id.hex}"
