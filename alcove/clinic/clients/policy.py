"""Rights over clients' cards, and what can happen to a card."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event

_DESK = (RoleKey.OWNER, RoleKey.MANAGER, RoleKey.PRACTITIONER, RoleKey.PRESCRIBER, RoleKey.FRONT_DESK)
_CLINICIANS = (RoleKey.OWNER, RoleKey.PRACTITIONER, RoleKey.PRESCRIBER)


class Clients(Permission):
    """``clients.view`` itself is the kernel's ``Open.DIRECTORY``."""

    CREATE = right("clients.create", "Create clients", *_DESK)
    EDIT = right("clients.edit", "Change clients' details, people and alerts", *_DESK)
    REVEAL = right("clients.contact.reveal", "Uncover phone numbers, e-mail and home addresses", *_DESK)
    IDENTITY = right(
        "clients.identity.reveal", "Uncover passport, social security, health and licence numbers, with a reason",
        RoleKey.OWNER, RoleKey.MANAGER, RoleKey.PRESCRIBER,
    )  # fmt: skip
    DELETE = right("clients.delete", "Hide clients from lists", RoleKey.OWNER, RoleKey.MANAGER)
    REMOVE = right(
        "clients.client.delete", "Delete clients with a reason, and undo it", RoleKey.OWNER, RoleKey.MANAGER
    )
    EXPORT = right("clients.export", "Export everything held on a client", RoleKey.OWNER)
    ACCESS_LOG = right(
        "clients.access_log", "See who looked at a client's record",
        RoleKey.OWNER, RoleKey.OFFICER, RoleKey.PRACTITIONER, RoleKey.PRESCRIBER,
    )  # fmt: skip
    TEAM = right("clients.team.edit", "Limit a client to a care team and choose who is on it", *_CLINICIANS)
    HOLD = right(
        "clients.hold", "Place and lift legal holds: nothing of such a client is deleted",
        RoleKey.OWNER, RoleKey.OFFICER,
    )  # fmt: skip
    GLASS = right("clients.glass.break", "Break the glass: open a record in an emergency", *_CLINICIANS)
    REVIEW_GLASS = right(
        "clients.glass.review", "Review emergency access to records", RoleKey.OWNER, RoleKey.OFFICER
    )


class Did(Event):
    CREATED = "clients.client.created", "created the card"
    CHANGED = "clients.client.changed", "changed the details"
    PUT_BACK = "clients.value.put_back", "put back what stood there before"
    HIDDEN = "clients.client.hidden", "hid the client from lists"
    SHOWN_AGAIN = "clients.client.restored", "brought the client back into lists"
    DELETED = "clients.client.deleted", "deleted the client: hidden from everyone"
    UNDELETED = "clients.client.undeleted", "undid the deletion of this client"
    DELETED_SEEN = "clients.deleted.seen", "saw this client among the deleted"
    HOLD_PLACED = "clients.hold.placed", "placed a legal hold"
    HOLD_LIFTED = "clients.hold.lifted", "lifted a legal hold"
    IMPORTED = "clients.client.imported", "imported the client"
    PERSON_ADDED = "clients.person.added", "added a linked person"
    PERSON_CHANGED = "clients.person.changed", "changed a linked person"
    PERSON_REMOVED = "clients.person.removed", "removed a linked person"
    ALERT_ADDED = "clients.alert.added", "added an alert"
    ALERT_CHANGED = "clients.alert.changed", "changed an alert"
    ALERT_ENDED = "clients.alert.ended", "ended an alert"
    ALERT_RESUMED = "clients.alert.resumed", "showed an ended alert again"
    REVEALED = "clients.contact.revealed", "uncovered a masked value"
    IDENTITY_SHOWN = "clients.identity.shown", "uncovered an identity number, with a reason"
    SEARCHED = "clients.search.done", "found this client by a search"
    LOG_VIEWED = "clients.access_log.viewed", "looked at who opened the record"
    VERSIONS_VIEWED = "clients.versions.viewed", "looked at earlier versions"
    EXPORTED = "clients.client.exported", "exported everything held on the client"
    EXPORT_ASKED = "clients.export.asked", "asked to export many clients"
    EXPORT_BEGUN = "clients.export.begun", "began to export many clients"
    EXPORT_TAKEN = "clients.export.taken", "took this client’s card into an export"
    EXPORT_CONTINUED = "clients.export.continued", "went on with an export"
    EXPORT_MADE = "clients.export.made", "made the file of an export"
    EXPORT_KEY_SHOWN = "clients.export.key_shown", "was shown the passphrase of an export"
    EXPORT_FETCHED = "clients.export.fetched", "downloaded an export"
    EXPORT_ENDED = "clients.export.ended", "destroyed the file of an export"
    PRINTED = "clients.client.printed", "printed the record"
