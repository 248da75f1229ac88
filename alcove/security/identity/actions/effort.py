"""Noting what signing in, unlocking and handing over cost. Part of those deeds; never a reason for one to fail."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change
from alcove.security.access.writes import write_turn, writing
from alcove.security.identity.models import Effort, Person, Session, SignIn
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.sessions import roles_of

PATIENT = "Clients, by their own account"
"""What stands where staff have the names of their roles."""


def note(
    change: Change, session: Session, kind: Effort.Kind, method: str = "", spent: Spent | None = None
) -> None:
    """Note one act of a session's person. Only inside an action."""
    spent = spent or Spent()
    began = spent.since(change.now)
    person = session.person
    Effort.objects.create(
        session=session,
        kind=kind,
        method=method,
        roles=[PATIENT] if person.kind == Person.Kind.PATIENT else list(roles_of(person.id)[0]),
        at=change.now,
        spent_ms=None if began is None else round((change.now - began).total_seconds() * 1000),
        steps=spent.steps,
        taps=spent.taps,
    )


def of_stage(stage: SignIn) -> Spent:
    """Return what a half-finished sign-in has cost so far."""
    return Spent(began=stage.begun_at, steps=stage.steps, taps=stage.taps)


def first_step(change: Change, spent: Spent | None) -> dict[str, object]:
    """Return what a new half-finished sign-in is begun with: since when, and how many presses."""
    spent = spent or Spent()
    return {"begun_at": spent.since(change.now), "steps": spent.steps, "taps": spent.taps}


def count_step(stage: SignIn, spent: Spent | None) -> None:
    """Count a form that was sent for a half-finished sign-in, whether or not what it brought was right."""
    so_far = (spent or Spent()).after(of_stage(stage))
    stage.steps, stage.taps = so_far.steps, so_far.taps
    SignIn.objects.filter(pk=stage.pk).update(steps=stage.steps, taps=stage.taps)


def forget_old() -> None:
    """Remove what is older than a comparison needs; for the worker."""
    with write_turn(), writing("old figures of effort"):
        Effort.objects.filter(at__lt=timezone.now() - policy.EFFORT_KEPT).delete()


def stated(spent: Spent | None, *, steps: int) -> Spent:
    """Return what was spent on an act of so many forms."""
    return replace(spent or Spent(), steps=steps)
