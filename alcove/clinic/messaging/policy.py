"""Rights over what clients are told about their visits, and what can happen to it."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event

_DESK = (RoleKey.OWNER, RoleKey.MANAGER, RoleKey.PRACTITIONER, RoleKey.PRESCRIBER, RoleKey.FRONT_DESK)


class Messages(Permission):
    VIEW = right("clients.messages.view", "See which messages about visits clients were sent", *_DESK)
    EDIT = right(
        "clients.messages.edit", "Keep how clients want to be reached; plan and take back messages", *_DESK
    )
    SET_UP = right(
        "setup.messages.edit",
        "Change the texts of messages and the monthly cap",
        RoleKey.OWNER,
        RoleKey.MANAGER,
    )


class Round(Permission):
    """Held by nobody; the worker lends it to itself so that its writes are actions like all others."""

    DELIVER = right("messaging.round.deliver", "Deliver what clients are told about their visits")


class Did(Event):
    PLANNED = "messaging.message.planned", "planned a message to this client"
    WITHDRAWN = "messaging.message.withdrawn", "took back a message before it left"
    SENT = "messaging.message.sent", "sent this client a message"
    UNSURE = "messaging.message.unsure", "was cut off while sending this client a message"
    KEPT = "messaging.message.kept", "kept a message for this client's portal"
    DROPPED = "messaging.message.dropped", "did not send this client a message"
    BOUNCED = "messaging.message.bounced", "sent this client a message that came back"
    DELIVERED = "messaging.message.delivered", "heard that a message had reached this client"
    ADDRESS_READ = "messaging.address.read", "looked up where to send this client a message"
    CHOSEN = "messaging.choices.changed", "changed how this client is reached"
    CONFIRMED = "messaging.address.confirmed", "confirmed an address of this client"
    UNCONFIRMED = "messaging.address.unconfirmed", "took back that an address of this client is confirmed"
    TEXT_CHANGED = "messaging.text.changed", "changed the text of a message"
    TEXT_RESET = "messaging.text.reset", "put the text of a message back to the shipped one"
    SPENDING_SET = "messaging.spending.changed", "changed what an SMS costs or how much a month may cost"
