"""The operator's lockbox as the practice sees it: who asked, who was let in, what they looked at, who tried without."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import time_format

from alcove.security.access import lockbox
from alcove.security.access.models import Setting, SupportAccess, SupportAttempt
from alcove.security.access.policy import Did
from alcove.security.audit.models import Entry
from alcove.security.identity.queries.explain import names

HOSTED = "operator.hosted"
"""What the table of settings calls whether this machine was a host's when it was last asked."""
MOST_SHOWN, MOST_LOOKS = 20, 200
ATTEMPTS_SHOWN = timedelta(days=90)


def was_hosted() -> bool:
    """Whether this machine counted as a host's when it was last noted."""
    return bool(Setting.objects.filter(pk=HOSTED).values_list("value", flat=True).first())


@dataclass(frozen=True, slots=True)
class Look:
    """One entry made by an access: what was done, and to which client or how many of them."""

    entry: Entry

    @property
    def words(self) -> str:
        if self.entry.event == Did.SUPPORT_USED.key:
            return f"ran “alcove {self.entry.fields}”"
        return self.entry.words

    @property
    def clients(self) -> int:
        """How many clients a list showed."""
        return len(bytes(self.entry.clients)) // 16 if self.entry.clients else 0

    @property
    def client_code(self) -> str:
        """The end of the client's random id, as the audit log shows it."""
        return str(self.entry.client_id)[-12:] if self.entry.client_id else ""


@dataclass(frozen=True, slots=True)
class Row:
    """One access as the page shows it. ``state``: waiting, running, over, ended, refused or late."""

    access: SupportAccess
    state: str
    decider: str
    ender: str
    looks: list[Look]


def state(access: SupportAccess, at: datetime) -> str:
    """Return in a word how an access stands at a moment."""
    if access.decided_at is None:
        return "waiting" if access.ends_at > at else "late"
    if not access.is_granted or access.until is None:
        return "refused"
    if access.ended_at is not None:
        return "ended"
    return "running" if access.until > at else "over"


def accesses() -> list[Row]:
    """Return the last requests with what came of them, newest first."""
    now = timezone.now()
    rows = list(SupportAccess.objects.order_by("-asked_at")[:MOST_SHOWN])
    who = names(one for row in rows for one in (row.decided_by_id, row.ended_by_id))
    return [
        Row(
            row, state(row, now), who.get(row.decided_by_id or row.id, ""), who.get(row.ended_by_id or row.id, ""),
            looks(row),
        )
        for row in rows
    ]  # fmt: skip


def looks(access: SupportAccess) -> list[Look]:
    """Return what was done by an access, oldest first: its entries name it, and lie within its time."""
    if access.decided_at is None or access.until is None:
        return []
    # A verb that began in time may write its last entries a little later.
    first, last = _micros(access.decided_at), _micros((access.ended_at or access.until) + timedelta(hours=1))
    found = Entry.objects.filter(
        at_us__gte=first, at_us__lt=last, actor_kind="operator", role__endswith=f"support {access.id.hex}"
    )
    return [Look(row) for row in found.order_by("at_us", "counter")[:MOST_LOOKS]]


def _micros(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def attempts() -> list[SupportAttempt]:
    """Return what was tried without leave lately, newest first."""
    since = timezone.now() - ATTEMPTS_SHOWN
    return list(SupportAttempt.objects.filter(at__gt=since).order_by("-at")[:MOST_SHOWN])


def waiting() -> list[SupportAccess]:
    """Return the requests nobody has decided about and that are not too old, oldest first."""
    open_ones = SupportAccess.objects.filter(decided_at__isnull=True, ends_at__gt=timezone.now())
    return list(open_ones.order_by("asked_at"))


@dataclass(frozen=True, slots=True)
class State:
    """How a system account stands, in a word and a sentence."""

    word: str
    sentence: str
    until: datetime | None = None


def state_of(operator: str) -> State:
    """Return how this system account stands now; for the console."""
    if not lockbox.is_hosted():
        return State("own", "This installation is not hosted: whoever has the console is the practice.")
    now = timezone.now()
    held = lockbox.running(now).filter(operator=operator).order_by("until").last()
    if held is not None and held.until is not None:
        until = time_format(timezone.localtime(held.until), "H:i")
        return State("running", f"{held.name} is let in until {until}.", held.until)
    if any(one.operator == operator for one in waiting()):
        return State("waiting", "An owner has not decided yet.")
    return State("none", "You have no leave. Ask for it with 'alcove support ask'.")
