"""Rights over the health of the installation, and what can happen to its parts."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Health(Permission):
    VIEW = right(
        "setup.health.view", "See whether each part of Alcove works",
        RoleKey.OWNER, RoleKey.OFFICER, RoleKey.MANAGER, RoleKey.IT_PROVIDER, RoleKey.AUDITOR,
    )  # fmt: skip
    ANSWER = right(
        "setup.health.answer", "Is told first when a part fails, and says who looks after it", RoleKey.IT_PROVIDER,
        RoleKey.OWNER,
    )  # fmt: skip
    DEPUTY = right(
        "setup.health.deputy", "Is told when nobody looked after a failing part in time", RoleKey.OWNER,
        RoleKey.MANAGER,
    )  # fmt: skip
    WATCH = right("setup.health.watch", "Look at every part twice a minute", RoleKey.OWNER)


class Did(Event):
    FAILED = "health.part.failed", "found a part failing"
    WORKED = "health.part.worked", "found a part working again"
    TOLD = "health.part.told", "told people of a failing part"
    TAKEN = "health.part.taken", "took a failing part upon them"
