"""What the officer keeps beside alerts: the signed review, releases, clients watched closely, names not shown."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from alcove.clinic.clients.actions.glass import worded
from alcove.clinic.clients.models import Client
from alcove.compliance.models import ActivityReview, Shield, Watched
from alcove.compliance.policy import Alerts, Did
from alcove.compliance.queries import reviewing
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import TakenDay
from alcove.security.access.policy import Did as Kernel
from alcove.security.identity.models import Person


@action(Alerts.SIGN)
def sign_review(change: Change, *, note: str) -> ActivityReview:
    """Sign what happened since the last review, with the figures as they are; raise ``Conflict`` a second time."""
    note = worded(note)
    last = ActivityReview.objects.select_for_update().order_by("-signed_at").first()
    if last is not None and change.now - last.signed_at < timedelta(minutes=1):
        raise Conflict("This review was signed a moment ago.")
    from_at = last.until_at if last else reviewing.beginning()
    counts = {one.word: one.count for one in reviewing.figures(from_at, change.now)}
    if change.actor.id is None:
        raise Refused(Alerts.SIGN.key)
    review = ActivityReview(
        from_at=from_at, until_at=change.now, counts=counts, note=note, signed_at=change.now,
        signed_by_id=change.actor.id,
    )  # fmt: skip
    review.save(force_insert=True)
    change.record(Did.REVIEW_SIGNED, on=review)
    return review


@action(Alerts.RELEASE)
def release(change: Change, person_id: UUID, *, reason: str) -> None:
    """Let somebody who reached today's limit take as many clients out again today; never oneself."""
    reason = worded(reason)
    if person_id == change.actor.id:
        raise Refused(Alerts.RELEASE.key, "Nobody releases themselves. Ask another owner or officer.")
    today = timezone.localtime(change.now).date()
    day = TakenDay.objects.select_for_update().filter(person_id=person_id, on_day=today).first()
    if day is None or not reviewing.is_held(day):
        raise Conflict("This person is not held at the limit today.")
    TakenDay.objects.filter(pk=day.pk).update(released=F("released") + 1)
    change.record(Kernel.LIMIT_RELEASED, on=day, reason=reason)


@action(Alerts.WATCH)
def watch(change: Change, client_id: UUID, *, reason: str) -> None:
    """Watch a client closely from now on; raise ``NotFound``, ``Conflict`` if they are watched already."""
    reason = worded(reason)
    if not Client.objects.select_for_update().filter(pk=client_id).exists():
        raise NotFound("there is no such client")
    if Watched.objects.filter(pk=client_id).exists():
        raise Conflict("This client is watched closely already.")
    Watched(client_id=client_id, reason=reason, since=change.now, by_id=change.actor.id).save(
        force_insert=True
    )
    change.record(Did.WATCHED, fields=(client_id.hex,), reason=reason)


@action(Alerts.WATCH)
def unwatch(change: Change, client_id: UUID) -> None:
    """Stop watching a client closely; raise ``NotFound``."""
    if not Watched.objects.filter(pk=client_id).delete()[0]:
        raise NotFound("this client is not watched")
    change.record(Did.UNWATCHED, fields=(client_id.hex,))


@action(Alerts.SHIELD)
def shield(change: Change, person_id: UUID, *, reason: str) -> None:
    """Show patients somebody's role instead of the name; raise ``NotFound``, ``Conflict`` if it is so already."""
    reason = worded(reason)
    if not Person.objects.select_for_update().filter(pk=person_id, kind=Person.Kind.STAFF).exists():
        raise NotFound("there is no such person")
    if Shield.objects.filter(pk=person_id).exists():
        raise Conflict("Patients are shown only this person's role already.")
    Shield(person_id=person_id, reason=reason, since=change.now, by_id=change.actor.id).save(
        force_insert=True
    )
    change.record(Did.SHIELDED, fields=(person_id.hex,), reason=reason)


@action(Alerts.SHIELD)
def unshield(change: Change, person_id: UUID) -> None:
    """Show patients somebody's name again; raise ``NotFound``."""
    if not Shield.objects.filter(pk=person_id).delete()[0]:
        raise NotFound("there is no such rule")
    change.record(Did.UNSHIELDED, fields=(person_id.hex,))
