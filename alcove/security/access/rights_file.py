"""Rights of roles as a file: written, read from untrusted bytes, and compared with what is in force (ACC-12).

A file can only take away: what a role may do afterwards is what it may do now *and* the file grants. A word that no
right goes by ("all", "*", a right of another version) grants nothing. Nothing here writes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from alcove.security import policy_defaults as policy
from alcove.security.access.models import Role
from alcove.security.access.policy import RoleKey, counting

FORMAT: Final = "alcove roles"
VERSION: Final = 1
MOST_ROLES, MOST_RIGHTS = 200, 1000
LONGEST_KEY, LONGEST_NAME, LONGEST_RIGHT = 40, 80, 60
OWN: Final = "account."
"""Beginning of the rights over one's own account, which belong to every role and are no tick of the grid."""


class BadFile(Exception):
    """These bytes are no file of rights; the text says why, shows nothing of them, and goes beside the field."""


@dataclass(frozen=True, slots=True)
class FileRole:
    """What a file says of one role. ``rights``: sorted, each once; they may be words nobody knows."""

    key: str
    name: str
    rights: tuple[str, ...]

    def stored(self) -> dict[str, Any]:
        """Return this role as the column ``RightsFile.roles`` holds it."""
        return {"key": self.key, "name": self.name, "rights": list(self.rights)}


# Writing and reading -----------------------------------------------------------------------------------------------


def written(roles: Iterable[Role]) -> bytes:
    """Return the file that says what these roles may do; only rights that count."""
    rows = [
        FileRole(role.key, role.name, tuple(sorted(counting(role.rights)))).stored()
        for role in sorted(roles, key=lambda role: role.key)
    ]
    return (json.dumps({"format": FORMAT, "version": VERSION, "roles": rows}, indent=2) + "\n").encode()


def read(data: bytes) -> tuple[FileRole, ...]:
    """Return what a file says, role by role; raise ``BadFile``."""
    if len(data) > policy.RIGHTS_FILE_MAX_BYTES:
        most = policy.RIGHTS_FILE_MAX_BYTES // 1024
        raise BadFile(f"This file is too large to be a file of rights: at most {most} KB.")
    document = _parsed(data)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadFile(f"This is no file of rights: it does not begin with “format”: “{FORMAT}”.")
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise BadFile("The file does not say its version as a whole number.")
    if version != VERSION:
        raise BadFile(f"This Alcove reads version {VERSION} of the file, and this is another one.")
    if document.keys() != {"format", "version", "roles"}:
        raise BadFile("The file holds something beside format, version and roles. Take it out.")
    rows = document["roles"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROLES:
        raise BadFile(f"“roles” must be a list of 1 to {MOST_ROLES} roles.")
    roles = tuple(_role(row, number) for number, row in enumerate(rows, 1))
    _refuse_twice([role.key for role in roles], "Two roles of the file have the same key.")
    return roles


def _parsed(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile("This is no text in UTF-8. Choose the file that Alcove wrote.") from None
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadFile("This is no JSON. Choose the file that Alcove wrote.") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two values under one name readers take different ones: what one person saw is not what another gets.
    _refuse_twice([name for name, _ in pairs], "The file says something twice under the same name.")
    return dict(pairs)


def _no_constant(_word: str) -> None:
    raise BadFile("The file holds a number that JSON does not know.")


def _refuse_twice(words: Sequence[str], sentence: str) -> None:
    if len(set(words)) != len(words):
        raise BadFile(sentence)


def _role(row: Any, number: int) -> FileRole:
    where = f"Role {number} of the file"
    if not isinstance(row, dict) or row.keys() != {"key", "name", "rights"}:
        raise BadFile(f"{where} must hold key, name and rights, and nothing else.")
    key, name, rights = row["key"], row["name"], row["rights"]
    if not _is_word(key, LONGEST_KEY):
        raise BadFile(f"{where}: the key must be a word of at most {LONGEST_KEY} plain signs.")
    # Signs without a picture of their own turn or hide the words around them.
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadFile(
            f"{where}: the name must be 1 to {LONGEST_NAME} signs, none of them invisible or turning the text."
        )
    if not isinstance(rights, list) or len(rights) > MOST_RIGHTS:
        raise BadFile(f"{where}: rights must be a list of at most {MOST_RIGHTS} words.")
    if not all(_is_word(right, LONGEST_RIGHT) for right in rights):
        raise BadFile(f"{where}: each right must be a word of at most {LONGEST_RIGHT} plain signs.")
    _refuse_twice(rights, f"{where} names a right twice.")
    return FileRole(key, name, tuple(sorted(rights)))


def _is_word(value: Any, longest: int) -> bool:
    """Whether this is plain ASCII without a space: no other letters that look like a right's, nothing invisible."""
    return (
        isinstance(value, str)
        and 1 <= len(value) <= longest
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


# Comparing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """What one role of a file would change. ``role`` is None for one that the practice does not have.

    ``gone``: rights the role would lose; ``asked``: rights it does not have, which a file never gives; ``unknown``:
    words no right goes by. ``is_owner``: the owner's role, which no file changes.
    """

    role: Role | None
    key: str
    name: str
    gone: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    is_owner: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.gone or self.asked or self.unknown) and self.role is not None


def difference(role: Role | None, said: FileRole) -> Difference:
    """Return what this role of the file would change about the stored role of the same key."""
    wanted = counting(said.rights)
    unknown = tuple(sorted(set(said.rights) - wanted))
    if role is None:
        return Difference(None, said.key, said.name, unknown=unknown)
    held = counting(role.rights)
    is_owner = role.key == RoleKey.OWNER
    lost = {key for key in held - wanted if not key.startswith(OWN)}
    return Difference(
        role, role.key, role.name,
        gone=() if is_owner else tuple(sorted(lost)),
        asked=tuple(sorted(wanted - held)),
        unknown=unknown,
        is_owner=is_owner,
    )  # fmt: skip


def differences(roles: Iterable[Role], said: Iterable[FileRole]) -> list[Difference]:
    """Return the difference of every role of the file, in the file's order."""
    held = {role.key: role for role in roles}
    return [difference(held.get(one.key), one) for one in said]


def of_stored(rows: Iterable[dict[str, Any]]) -> tuple[FileRole, ...]:
    """Return the roles of a file as the column ``RightsFile.roles`` holds them."""
    return tuple(FileRole(row["key"], row["name"], tuple(row["rights"])) for row in rows)


def mark(found: Iterable[Difference]) -> str:
    """Return a short word for what would be taken away: whoever approves names the difference they saw."""
    ids: list[tuple[UUID, tuple[str, ...]]] = sorted(
        (one.role.id, one.gone) for one in found if one.role is not None
    )
    said = json.dumps([[role_id.hex, *gone] for role_id, gone in ids])
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def unknown_in_force(roles: Iterable[Role]) -> list[tuple[Role, tuple[str, ...]]]:
    """Return the roles that hold words which no right of this version goes by: they count as none."""
    found = [(role, tuple(sorted(set(role.rights) - counting(role.rights)))) for role in roles]
    return [(role, words) for role, words in found if words]
