"""Rights over downtime packs, and what can happen to them."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event

_DESK = (RoleKey.OWNER, RoleKey.MANAGER, RoleKey.FRONT_DESK)


class Downtime(Permission):
    VIEW = right("downtime.view", "See how old the downtime packs are", *_DESK, RoleKey.IT_PROVIDER)
    FETCH = right("downtime.pack.fetch", "Download the downtime pack of a location", *_DESK)
    PHRASE = right(
        "downtime.phrase.make", "Make a new passphrase of the downtime packs", RoleKey.OWNER, RoleKey.MANAGER
    )
    MAKE = right("downtime.pack.make", "Make the downtime packs every hour", RoleKey.OWNER)


class Did(Event):
    PHRASE_MADE = "downtime.phrase.made", "made a new passphrase of the downtime packs"
    GATHERED = "downtime.pack.gathered", "gathered clients for a downtime pack"
    MADE = "downtime.pack.made", "made a downtime pack"
    FETCHED = "downtime.pack.fetched", "downloaded a downtime pack"
    ENDED = "downtime.pack.ended", "destroyed a downtime pack"
