"""Putting work in the queue, claiming it, ending it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change
from alcove.security.access.writes import write_turn
from alcove.security.jobs.models import Beat, Job

CLAIM_LIFE = timedelta(minutes=10)
"""A job claimed longer ago than this belonged to a worker that died; another may take it."""
TRIES = 8


def later(change: Change, name: str, *, wait: timedelta = timedelta(), **arguments: UUID | str | int) -> Job:
    """Queue a job in the transaction of this deed, due after ``wait``. Arguments are ids, counts and code words."""
    return Job.objects.create(
        name=name,
        arguments={key: value.hex if isinstance(value, UUID) else value for key, value in arguments.items()},
        due_at=change.now + wait,
    )


def claim() -> Job | None:
    """Take the oldest job that is due; None if there is none. Two workers never hold the same job."""
    now = timezone.now()
    Job.objects.filter(state=Job.State.RUNNING, claimed_at__lt=now - CLAIM_LIFE).update(
        state=Job.State.WAITING
    )
    for job in Job.objects.filter(state=Job.State.WAITING, due_at__lte=now).order_by("due_at")[:5]:
        with write_turn():
            won = Job.objects.filter(pk=job.pk, state=Job.State.WAITING).update(
                state=Job.State.RUNNING, claimed_at=now, tries=F("tries") + 1
            )
        if won:
            job.refresh_from_db()
            return job
    return None


def end(job: Job, fault: str = "") -> None:
    """Note that a job is done, or failed with the name of the fault; failed ones wait and are tried again."""
    now = timezone.now()
    if not fault:
        job.state, job.ended_at = Job.State.DONE, now
    elif job.tries >= TRIES:
        job.state, job.ended_at = Job.State.FAILED, now
    else:
        job.state, job.due_at = Job.State.WAITING, now + timedelta(seconds=2**job.tries)
    job.fault = fault[:120]
    with write_turn():
        job.save(update_fields=["state", "ended_at", "due_at", "fault"])


def forget_done() -> int:
    """Remove jobs that were done long ago; return how many. Failed ones stay."""
    old = Job.objects.filter(state=Job.State.DONE, ended_at__lt=timezone.now() - policy.JOBS_KEPT)
    if not old.exists():
        return 0
    with write_turn():
        return old.delete()[0]


def beat(name: str, fault: str = "") -> None:
    """Note that a part of the worker lives."""
    with write_turn(), transaction.atomic():
        Beat.objects.update_or_create(name=name, defaults={"at": timezone.now(), "fault": fault[:120]})
