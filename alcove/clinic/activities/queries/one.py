"""One task with its steps, its comments and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from alcove.clinic.activities.models import Comment, Line, Repeat, Task
from alcove.clinic.activities.models.causes import CAUSES
from alcove.clinic.activities.policy import Did, Tasks
from alcove.clinic.activities.queries import days, seen
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import finding
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.clients.queries.history import people
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.models import Version
from alcove.security.access.opening import open_client
from alcove.security.access.policy import Open
from alcove.security.audit import clock, events

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done to a task: when, by whom, in words."""

    at: datetime
    who: str
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the checklist; ``who`` ticked it."""

    line: Line
    text: str
    who: str


@dataclass(frozen=True, slots=True)
class Said:
    """A comment and who wrote it."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A task as its page shows it. ``link``: title and address of the page that settles its cause, ("", "") if none."""

    task: Task
    client: Client | None
    whose: str
    today: date
    is_overdue: bool
    steps: list[Step]
    comments: list[Said]
    deeds: list[Deed]
    cause: str
    link: tuple[str, str]
    repeat: Repeat | None
    is_undoable: bool

    @property
    def ticked(self) -> int:
        return sum(step.line.ticked_at is not None for step in self.steps)


def task(actor: Actor, task_id: UUID) -> Task:
    """Return a task this actor may work on, its client opened with an entry; raise ``NotFound``.

    A task about a client is open to whoever may open that client: work is taken over from one another. Alike for none,
    a hidden client's and, of those about no client, a colleague's.
    """
    actor.must(Tasks.VIEW)
    found = Task.objects.select_related("assignee", "role", "repeat").filter(pk=task_id).first()
    if found is None:
        raise NotFound("there is no such task")
    if found.client_id is None:
        if not seen.may_see(actor, found):
            raise NotFound("there is no such task")
    elif not actor.holds(Open.DIRECTORY):
        raise NotFound("there is no such task")
    else:
        open_client(actor, found.client_id, event=Did.OPENED, on=f"activities.task {found.pk.hex}")
    return found


def whole(actor: Actor, found: Task) -> Whole:
    """Return everything about a task that ``task`` returned."""
    lines, comments = list(found.lines.all()), list(found.comments.all())
    kept = Version.objects.filter(model=Task._meta.label_lower, object_id=found.pk).order_by("-at")
    done = list(kept.values_list("at", "actor_id", "actor_name", "event")[:_SHOWN])
    ids = {found.created_by_id, *(row[1] for row in done), *(line.ticked_by_id for line in lines)}
    names = people({one for one in (*ids, *(one.author_id for one in comments)) if one})

    def who(person_id: UUID | None, otherwise: str = "") -> str:
        return (names.get(person_id) if person_id else None) or otherwise or "Alcove"

    begun = Did.RAISED if found.cause else Did.ADDED
    deeds = [Deed(at, who(by, name), events.words(key)) for at, by, name, key in done]
    today = days.today()
    return Whole(
        task=found,
        client=finding.client(actor, found.client_id) if found.client_id else None,
        whose=seen.whose(found),
        today=today,
        is_overdue=found.is_overdue(today),
        steps=[Step(line, line.text, who(line.ticked_by_id)) for line in lines],
        comments=[_said(one, who(one.author_id)) for one in comments],
        deeds=[*deeds, Deed(found.created_at, who(found.created_by_id), begun.words)],
        cause=CAUSES[found.cause].words if found.cause in CAUSES else "",
        link=_link(actor, found),
        repeat=found.repeat if found.repeat and found.repeat.ended_at is None else None,
        is_undoable=is_undoable(actor, found),
    )


def _said(one: Comment, who: str) -> Said:
    return Said(one.written_at, who, one.text)


def is_undoable(actor: Actor, found: Task) -> bool:
    """Whether this person ended it a moment ago."""
    if found.is_open or found.ended_at is None or found.ended_by_id != actor.id:
        return False
    return clock.now() - found.ended_at <= policy.UNDO_LIFE


def just_ended(actor: Actor) -> Task | None:
    """Return the task this person ended a moment ago, None if there is none: its words stay shut."""
    if actor.id is None:
        return None
    since = clock.now() - policy.UNDO_LIFE
    ended = Task.objects.filter(ended_by_id=actor.id, ended_at__gte=since).exclude(state=Task.State.OPEN)
    return ended.order_by("-ended_at").first()


def _link(actor: Actor, found: Task) -> tuple[str, str]:
    cause = CAUSES.get(found.cause)
    if cause is None or not cause.page or not actor.holds(cause.needs):
        return "", ""
    if not cause.of_client:
        return cause.link, page_url(cause.page)
    return (cause.link, page_url(cause.page, client_id=found.client_id)) if found.client_id else ("", "")
