"""Verbs of the whole house: init, serve, run, doctor, search, move, files, upgrade, release."""

from alcove.console import Command
from alcove.project.commands import (
    backup,
    demo,
    doctor,
    files,
    init,
    move,
    prove,
    release,
    search,
    serve,
    upgrade,
)

COMMANDS: list[Command] = [
    *init.COMMANDS,
    *move.COMMANDS,
    *files.COMMANDS,
    *upgrade.COMMANDS,
    *release.COMMANDS,
    *serve.COMMANDS,
    *backup.COMMANDS,
    *demo.COMMANDS,
    *doctor.COMMANDS,
    *prove.COMMANDS,
    *search.COMMANDS,
]
