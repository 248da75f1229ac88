"""Rights over news of releases, and what can happen to it."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Releases(Permission):
    VIEW = right(
        "setup.releases.view", "See the version, newer releases, components and their weaknesses",
        RoleKey.OWNER, RoleKey.OFFICER, RoleKey.IT_PROVIDER, RoleKey.AUDITOR,
    )  # fmt: skip
    TAKE = right(
        "setup.releases.take", "Take in signed news of releases, and is told what is new", RoleKey.OWNER,
        RoleKey.IT_PROVIDER,
    )  # fmt: skip


class Did(Event):
    TAKEN = "releases.news.taken", "took in news of releases and weaknesses"
    REFUSED = "releases.news.refused", "could not take in news of releases"
