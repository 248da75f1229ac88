"""Rights over final erasure, and what can happen on the way to it."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Privacy(Permission):
    """Who deletes is ``Clients.REMOVE``, who places holds ``Clients.HOLD``."""

    VIEW = right(
        "compliance.erasure.view", "See deleted clients, what would be erased and what is kept",
        RoleKey.OWNER, RoleKey.MANAGER, RoleKey.OFFICER,
    )  # fmt: skip
    ASK = right(
        "compliance.erasure.ask", "Ask for a deleted client’s final erasure",
        RoleKey.OWNER, RoleKey.MANAGER, RoleKey.OFFICER,
    )  # fmt: skip
    APPROVE = right(
        "compliance.erasure.approve", "Approve a final erasure that someone else asked for",
        RoleKey.OFFICER, RoleKey.OWNER,
    )  # fmt: skip


class Round(Permission):
    """Held by nobody; the worker lends it to itself so that its writes are actions like all others."""

    CARRY_OUT = right("privacy.round.carry_out", "Propose and carry out what was approved")


class Did(Event):
    CHECKED = "privacy.retention.checked", "checked how long this client must be kept"
    ASKED = "privacy.erasure.asked", "asked for the final erasure"
    PROPOSED = "privacy.erasure.proposed", "proposed an erasure: kept long enough"
    WITHDRAWN = "privacy.erasure.withdrawn", "took back a request for erasure"
    REFUSED = "privacy.erasure.refused", "refused an erasure"
    APPROVED = "privacy.erasure.approved", "approved the final erasure"
    CLEARED = "privacy.erasure.cleared", "removed what is erased"
    ERASED = "privacy.erasure.erased", "erased this client: the key is destroyed"
    FINISHED = "privacy.erasure.finished", "removed the last files of an erased client"
