"""Rights over tasks, and what can happen to one."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event

_EVERYONE = tuple(role for role in RoleKey if role != RoleKey.AUDITOR)


class Tasks(Permission):
    VIEW = right("activities.view", "See one's own tasks and those of one's roles", *_EVERYONE)
    TEAM = right(
        "activities.team.view", "See everybody's tasks, and hear of overdue ones",
        RoleKey.OWNER, RoleKey.MANAGER,
    )  # fmt: skip
    CREATE = right("activities.create", "Add tasks", *_EVERYONE)
    EDIT = right("activities.edit", "Change, tick, comment on and finish tasks", *_EVERYONE)


class Round(Permission):
    """Held by nobody; the worker lends it to itself so that its writes are actions like all others."""

    RUN = right("activities.round.run", "Raise tasks by their causes, repeat and escalate them")


class Did(Event):
    ADDED = "activities.task.added", "added a task"
    RAISED = "activities.task.raised", "raised a task by its cause"
    OPENED = "activities.task.opened", "opened a task about this client"
    CHANGED = "activities.task.changed", "changed a task"
    DONE = "activities.task.done", "finished a task"
    DROPPED = "activities.task.dropped", "dropped a task"
    REOPENED = "activities.task.reopened", "opened a task again"
    SETTLED = "activities.task.settled", "ended a task whose cause is gone"
    ESCALATED = "activities.task.escalated", "passed an overdue task on"
    MOVED = "activities.task.moved", "gave the task of somebody who left to those who answer for the team"
    COMMENTED = "activities.comment.added", "commented on a task"
    LINE_ADDED = "activities.line.added", "added a step to a task"
    TICKED = "activities.line.ticked", "ticked a step of a task"
    UNTICKED = "activities.line.unticked", "took the tick off a step of a task"
    REPEAT_BEGUN = "activities.repeat.begun", "made a task repeat"
    REPEATED = "activities.repeat.went_on", "made the next of a repeating task"
    REPEAT_ENDED = "activities.repeat.ended", "ended the repeating of a task"
