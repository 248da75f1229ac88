"""Rights over uptime and its probes, and what can happen to a probe. What probes see is no deed and not on the log."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Uptime(Permission):
    VIEW = right(
        "compliance.uptime.view", "See when the server was not reached, from where, and whose fault it was",
        RoleKey.OWNER, RoleKey.OFFICER, RoleKey.MANAGER, RoleKey.IT_PROVIDER, RoleKey.AUDITOR,
    )  # fmt: skip
    PROBES = right(
        "compliance.uptime.probes", "Add, rename and end probes of uptime, and renew their tokens",
        RoleKey.OWNER, RoleKey.IT_PROVIDER,
    )  # fmt: skip
    WATCH = right("compliance.uptime.watch", "Note each minute that the server runs", RoleKey.OWNER)


class Did(Event):
    ADDED = "uptime.probe.added", "added a probe of uptime"
    RENAMED = "uptime.probe.renamed", "renamed a probe of uptime"
    RENEWED = "uptime.probe.renewed", "renewed the token of a probe of uptime"
    ENDED = "uptime.probe.ended", "ended a probe of uptime"
    BEGAN = "uptime.server.began", "began to note when the server runs"
