"""Rights over the machine's doors: what comes in from other systems in bulk, and what goes out whole."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Api(Permission):
    """Export stands under ``clients.export``."""

    IMPORT = right("api.import", "Import clients and records from files of other systems", RoleKey.OWNER)


class Did(Event):
    COMPARED = "api.import.compared", "was compared with an imported client"
    REPEATED = "api.import.repeated", "imported again what was imported before"
