"""Rights over alerts and what follows from them, and what can happen to an alert."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class Alerts(Permission):
    """Alerts about how records are used. The person concerned answers on a page of their own."""

    VIEW = right("compliance.alerts.view", "See alerts about how records are used, with their evidence", RoleKey.OWNER, RoleKey.OFFICER)  # fmt: skip  # noqa: E501
    DECIDE = right("compliance.alerts.decide", "Ask about alerts and close them with a result", RoleKey.OWNER, RoleKey.OFFICER)  # fmt: skip  # noqa: E501
    SIGN = right("compliance.reviews.sign", "Sign the monthly review of activity", RoleKey.OFFICER)
    RELEASE = right("compliance.limits.release", "Release someone who reached the day's limit of clients taken out", RoleKey.OWNER, RoleKey.OFFICER)  # fmt: skip  # noqa: E501
    WATCH = right(
        "compliance.watched.edit", "Choose which clients are watched closely", RoleKey.OWNER, RoleKey.OFFICER
    )
    SHIELD = right("compliance.shields.edit", "Show patients only the role of somebody of the staff, for their safety", RoleKey.OFFICER)  # fmt: skip  # noqa: E501
    OWN_VIEW = right(
        "account.alerts.view", "See what one is asked about one's own access to records", *RoleKey
    )
    ANSWER = right(
        "account.alerts.answer", "Answer what one is asked about one's own access to records", *RoleKey
    )


class Breach(Permission):
    """The scope of a breach, from the log."""

    VIEW = right(
        "compliance.breach.view", "List whose data a person, device or address touched", RoleKey.OFFICER
    )
    EXPORT = right("compliance.breach.export", "Take that list out as a file", RoleKey.OFFICER)


class Round(Permission):
    """Held by nobody; the worker's own."""

    WATCH = right("compliance.round.watch", "Compare the log with the rules and raise alerts")


class Did(Event):
    RAISED = "compliance.alert.raised", "raised an alert"
    VIEWED = "compliance.alert.viewed", "looked at an alert and its evidence"
    ASKED = "compliance.alert.asked", "asked somebody about an alert"
    ANSWERED = "compliance.alert.answered", "answered a question about an alert"
    CLOSED = "compliance.alert.closed", "closed an alert"
    COMPARED = "compliance.ties.compared", "compared these clients with whoever opened them"
    REVIEW_SIGNED = "compliance.review.signed", "signed the monthly review of activity"
    WATCHED = "compliance.watched.added", "had a client watched closely"
    UNWATCHED = "compliance.watched.removed", "stopped watching a client closely"
    SHIELDED = "compliance.shield.added", "had patients shown only somebody's role"
    UNSHIELDED = "compliance.shield.removed", "had patients shown somebody's name again"
    CASE_OPENED = "compliance.case.opened", "asked about who opened their record"
    SCOPE_LISTED = "compliance.breach.listed", "listed the scope of a breach"
    SCOPE_TAKEN = "compliance.breach.exported", "took the scope of a breach out as a file"
