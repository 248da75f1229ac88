"""The machine's verbs of the console: import fhir, export client."""

from alcove.api.commands import client, fhir
from alcove.console import Command

COMMANDS: list[Command] = [*fhir.COMMANDS, *client.COMMANDS]
"""Verbs of this area."""
