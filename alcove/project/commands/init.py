"""``alcove init``: home, keys, database, first owner."""

from __future__ import annotations

import argparse
from pathlib import Path

from django.conf import settings

from alcove.console import Command, Console, OnHost
from alcove.project import database, founding, wiring
from alcove.security.access.actors import Actor
from alcove.security.identity import actions, passwords
from alcove.security.vault.models import House


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--practice", required=True, metavar="NAME", help="the practice's name")
    parser.add_argument(
        "--owner-email", required=True, metavar="E", help="the first owner's own e-mail address"
    )
    parser.add_argument("--owner-name", default="", metavar="NAME")
    parser.add_argument(
        "--owner-password-file", type=Path, metavar="F", help="file whose first line is the password"
    )
    parser.add_argument("--country", default="US", metavar="CC", help="ISO country of the practice (US)")
    parser.add_argument("--time-zone", default="America/Los_Angeles", metavar="ZONE")
    parser.add_argument("--yes", action="store_true", help="ask nothing")


def init(given: argparse.Namespace, console: Console) -> int:
    """Create everything; refuse to overwrite; say where the recovery key lies."""
    config = settings.ALCOVE
    password = (
        given.owner_password_file.read_text("utf-8").splitlines()[0] if given.owner_password_file else ""
    )
    if password:
        try:
            passwords.refuse_weak(password, given.owner_email, given.practice)
        except passwords.WeakPassword as weak:
            console.warn(f"--owner-password-file: {weak}")
            return 2
    if not config.is_postgresql and config.sqlite_file.exists():
        console.warn(f"{config.sqlite_file} is there already. Nothing was changed.")
        return 1
    founding.make_home(config)
    database.migrate()
    if House.objects.exists():
        console.warn("This database holds a practice already. Nothing was changed.")
        return 1
    founded = founding.found(
        config,
        practice=given.practice,
        owner_email=given.owner_email,
        owner_name=given.owner_name,
        country=given.country,
        time_zone=given.time_zone,
    )
    operator = Actor.operator(console.operator)
    link = ""
    if password:
        actions.set_password(operator, founded.owner, password=password)
    else:
        link = f"https://localhost:8443/set-up/{actions.make_link(operator, founded.owner).token}/"
    wiring.link()
    console.say(f"{given.practice} is founded in {config.home}.")
    if config.key_provider == "file":
        console.say(
            f"The recovery key was written to {config.root_keys}. Copy it to a safe place away from this"
        )
        console.say(
            "machine now: without it nothing here can ever be read again, and whoever has it and the database"
        )
        console.say("can read everything.")
    console.say(
        f"The owner's set-up link, one use, 60 minutes: {link}" if link else "The owner's password is set."
    )
    console.say("Start the practice with: alcove serve")
    console.result({"home": str(config.home), "root_key": str(config.root_keys), "set_up_link": link})
    return 0


COMMANDS = [
    Command(
        ("init",),
        "create a practice: home, keys, database, first owner",
        init,
        _arguments,
        needs_practice=False,
        on_host=OnHost.OPEN,
    )
]
