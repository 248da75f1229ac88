"""Rights over the calendar, and what can happen in it."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event

_CLINICIANS = (RoleKey.PRACTITIONER, RoleKey.PRESCRIBER)
_PLANNERS = (RoleKey.OWNER, RoleKey.MANAGER, RoleKey.FRONT_DESK)


class Calendar(Permission):
    VIEW = right("calendar.view", "See the calendar", *_PLANNERS, *_CLINICIANS)
    SEE_ALL = right(
        "calendar.team.see", "See colleagues' columns; without it one's own only", *_PLANNERS, *_CLINICIANS
    )
    NAMES = right(
        "calendar.names.see", "See clients' names in colleagues' columns; without it initials only",
        *_PLANNERS, *_CLINICIANS,
    )  # fmt: skip
    CREATE = right("calendar.create", "Book appointments and block time", *_PLANNERS, *_CLINICIANS)
    EDIT = right("calendar.edit", "Move appointments, check clients in and out", *_PLANNERS, *_CLINICIANS)
    DELETE = right("calendar.delete", "Cancel appointments", *_PLANNERS)
    OUTSIDE_HOURS = right(
        "calendar.hours.overrule", "Book outside opening and working hours", *_PLANNERS, *_CLINICIANS
    )
    OVERRULE = right(
        "calendar.practitioner.overrule", "Book a practitioner twice at the same time, with a reason",
        RoleKey.OWNER, RoleKey.MANAGER,
    )  # fmt: skip
    FEED = right(
        "calendar.feed.make", "Have one's own calendar on a phone, by a link", *_PLANNERS, *_CLINICIANS
    )
    END_FEEDS = right(
        "calendar.feeds.end", "End the link to a colleague's calendar", RoleKey.OWNER, RoleKey.MANAGER
    )
    SET_UP_ONLINE = right(
        "setup.online.edit",
        "Change what patients see and may do when they book online",
        RoleKey.OWNER,
        RoleKey.MANAGER,
    )


class Online(Permission):
    """Held by nobody; the booking pages lend it to themselves so that their writes are actions like all others."""

    BEGIN = right("calendar.online.begin", "Hold a time online and confirm who one is")
    LINK = right("calendar.online.link", "Answer a link about one's own visit")
    FEED = right("calendar.feed.answer", "Answer the link of a practitioner's calendar")


class Did(Event):
    HELD = "calendar.booking.held", "held a time while a form was filled in"
    LET_GO = "calendar.booking.let_go", "let a held time go"
    BOOKED = "calendar.booking.booked", "booked an appointment"
    OVERRULED = "calendar.booking.overruled", "booked a practitioner twice at the same time"
    MOVED = "calendar.booking.moved", "moved an appointment"
    UNDONE = "calendar.booking.undone", "undid a move or a cancellation"
    CONFIRMED = "calendar.booking.confirmed", "confirmed an appointment"
    ARRIVED = "calendar.booking.arrived", "checked the client in"
    IN_ROOM = "calendar.booking.in_room", "brought the client into the room"
    DONE = "calendar.booking.done", "checked the client out"
    NO_SHOW = "calendar.booking.no_show", "marked that the client did not come"
    CANCELLED = "calendar.booking.cancelled", "cancelled an appointment"
    SET_BACK = "calendar.booking.set_back", "took the last step of an appointment back"
    BLOCKED = "calendar.block.added", "blocked time in the calendar"
    UNBLOCKED = "calendar.block.removed", "freed blocked time in the calendar"
    CODE_ISSUED = "calendar.code.issued", "made a check-in code"
    SERIES_ADDED = "calendar.series.added", "booked a series of appointments"
    ONLINE_SET = "calendar.online.changed", "changed online booking"
    FORM_BEGUN = "calendar.form.begun", "began to book online"
    CODE_SENT = "calendar.form.code_sent", "was sent a code to book online"
    CODE_REFUSED = "calendar.form.code_refused", "gave a wrong code for an online booking"
    CONTACT_CONFIRMED = "calendar.form.confirmed", "confirmed how they are reached"
    FORM_ENDED = "calendar.form.ended", "ended an online booking"
    LINK_USED = "calendar.link.used", "used the link of a visit"
    LINK_OPENED = "calendar.link.opened", "opened the link of a visit"
    WAITING = "calendar.waitlist.joined", "joined the waitlist"
    OFFERED = "calendar.waitlist.offered", "was offered a time that became free"
    OFFER_TAKEN = "calendar.waitlist.taken", "took a time that became free"
    OFFER_DECLINED = "calendar.waitlist.declined", "declined a time that became free"
    OFFER_LAPSED = "calendar.waitlist.lapsed", "did not answer an offer in time"
    LEFT_LIST = "calendar.waitlist.left", "left the waitlist"
    LIST_SHOWN = "calendar.waitlist.shown", "looked at the waitlist"
    FEED_MADE = "calendar.feed.made", "made a link to their calendar"
    FEED_ENDED = "calendar.feed.ended", "ended a link to a calendar"
    FEED_READ = "calendar.feed.read", "gave a practitioner's calendar to another program"
    FEED_SHOWN = "calendar.feed.shown", "showed clients' initials in a calendar of another program"
    FREED = "calendar.waitlist.looked", "looked for whom a freed time suits"
