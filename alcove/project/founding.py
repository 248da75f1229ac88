"""Founding a practice: home, keys, database, roles, first owner. Used by ``alcove init``, the demo, prove and tests."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from alcove.clinic.practice.actions import found as found_practice
from alcove.config import Config
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.models import Role
from alcove.security.access.policy import Access, RoleKey
from alcove.security.access.writes import writing
from alcove.security.identity.actions import give_roles, make_builtin_roles
from alcove.security.identity.models import Person
from alcove.security.identity.policy import Did
from alcove.security.vault import house as vault


@dataclass(frozen=True, slots=True)
class Founded:
    """A practice just founded: its first owner and the built-in roles by key."""

    owner: Person
    roles: dict[str, Role]


def make_home(config: Config) -> None:
    """Make the home folder and its parts, readable by their owner only."""
    files = () if config.files_bucket else (config.files,)
    for folder in (config.home, config.keys, config.tls, config.log, *files, config.temporary):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid == os.getuid():
            folder.chmod(0o700)
    write_secret(config.web_secret_file, secrets.token_urlsafe(48))


def write_secret(path: Path, text: str) -> None:
    """Write a new secret file, mode 0600; one that is there stays."""
    if path.exists():
        return
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def found(
    config: Config,
    *,
    practice: str,
    owner_email: str,
    owner_name: str = "",
    is_demo: bool = False,
    country: str = "US",
    time_zone: str = "America/Los_Angeles",
) -> Founded:
    """Found a practice in an empty, migrated database; raise ``VaultShut`` if one is there already."""
    vault.configure(config)
    with transaction.atomic(), writing("founding"):
        vault.found(config, is_demo=is_demo)
    vault.unlock()
    actor = Actor.operator("founding")
    found_practice(actor, name=practice, country=country, time_zone=time_zone)
    return _people(actor, owner_email, owner_name or owner_email.partition("@")[0])


@action(Access.EDIT_ROLES)
def _people(change: Change, email: str, name: str) -> Founded:
    roles = make_builtin_roles(change)
    # Whoever founds the practice from the console answers for its first owner: there is nobody else yet.
    owner = change.create(
        Person, Did.PERSON_ADDED, email=email.strip().lower(), name=name, title="Owner", vouched_at=change.now
    )
    give_roles(change, owner, [roles[RoleKey.OWNER]])
    return Founded(owner, roles)
