"""The review of access, twice a year: someone else confirms or ends each person's rights (ACC-13)."""

from __future__ import annotations

import csv
import io

from django.conf import settings
from django.utils import timezone

from alcove.security import policy_defaults as policy
from alcove.security.access.change import Change, action
from alcove.security.access.errors import Conflict, Refused
from alcove.security.identity.actions import notices
from alcove.security.identity.actions.people import set_aside
from alcove.security.identity.actions.roles import give_roles
from alcove.security.identity.models import Membership, Notice, Person, Review
from alcove.security.identity.policy import Did, People
from alcove.security.identity.queries.explain import names

CONFIRMED, ENDED, SUSPENDED = "confirmed", "ended", "suspended"
"""How a review can end."""


@action(People.REVIEW)
def begin_review(change: Change) -> int:
    """Ask about every active person of the staff; return how many. Raises ``Conflict`` while one is under way."""
    if Review.objects.filter(decided_at__isnull=True).exists():
        raise Conflict("A review is under way already. Decide on everyone first.")
    due = change.now + policy.REVIEW_DECIDE_WITHIN
    people = Person.objects.filter(kind=Person.Kind.STAFF, suspended_at__isnull=True)
    asked = 0
    for person in people.prefetch_related("memberships__role"):
        if person.has_left(change.now):
            continue
        held = sorted(item.role.name for item in person.memberships.all())
        change.create(Review, Did.REVIEW_ASKED, person=person, rights=held, asked_at=change.now, due_at=due)
        asked += 1
    notices.tell_deciders(
        change, People.REVIEW, "review", "Review of access",
        f"{asked} accounts wait for someone to confirm or end their rights, until {due:%d %B %Y}. "
        "Whoever nobody confirms is suspended on that day.\n\n"
        f"{settings.ALCOVE.public_address}/setup/reviews/",
    )  # fmt: skip
    return asked


@action(People.REVIEW)
def decide_review(change: Change, review: Review, *, is_confirmed: bool) -> None:
    """Confirm someone's rights, or end them all; nobody decides on their own. Raises ``Refused``, ``Conflict``."""
    if review.person_id == change.actor.id:
        raise Refused(People.REVIEW.key, "Nobody confirms their own rights. Ask a colleague.")
    if not is_confirmed:
        # First what can be refused: the last owner stays, and only an owner unmakes one.
        give_roles(change, review.person, [])
        Membership.objects.filter(person=review.person).delete()
    _end(change, review, CONFIRMED if is_confirmed else ENDED, Did.REVIEW_DECIDED)


@action(People.REVIEW)
def end_late_reviews(change: Change) -> int:
    """Suspend whoever nobody confirmed in time; return how many. The last owner is told instead.

    Raises ``Conflict`` if there was nothing to do.
    """
    suspended = 0
    late = Review.objects.filter(decided_at__isnull=True, due_at__lte=change.now)
    for review in late.select_related("person"):
        person = review.person
        if not person.is_active or person.has_left(change.now):
            _end(change, review, ENDED, Did.REVIEW_DECIDED)
            continue
        try:
            set_aside(change, person, Did.REVIEW_LATE, Person.Why.REVIEW)
        except Conflict:
            _tell_late(change, person)
            continue
        _end(change, review, SUSPENDED, Did.REVIEW_DECIDED)
        suspended += 1
    if not change.drafts:
        raise Conflict("No review is late.")
    return suspended


def _end(change: Change, review: Review, outcome: str, event: Did) -> None:
    # One statement decides between two who decide at one moment.
    mine = Review.objects.filter(pk=review.pk, decided_at__isnull=True)
    if not mine.update(decided_at=change.now, decided_by_id=change.actor.id, outcome=outcome):
        raise Conflict("Someone has decided on this person already.")
    change.record(event, on=review.person, fields=(outcome,))


def _tell_late(change: Change, person: Person) -> None:
    since = change.now - policy.REVIEW_DECIDE_WITHIN
    if Notice.objects.filter(person=person, kind="review_late", created_at__gt=since).exists():
        return
    text = (
        "Nobody has confirmed your rights in the review of access. Your account is kept because the practice would "
        "have nobody in your place. Appoint a second person and let them confirm you."
    )
    notices.tell(change, person, "review_late", "Nobody has confirmed your rights", text)
    change.record(Did.REVIEW_LATE, on=person, fields=("told",))


@action(People.REVIEW)
def file_of_reviews(change: Change) -> str:
    """Return every review as CSV with a header, newest first, times in the practice's zone; it is on the log."""
    rows = Review.objects.select_related("person").order_by("-asked_at", "person__name")
    deciders = names(row.decided_by_id for row in rows)
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["Name", "E-mail", "Roles when asked", "Asked", "Due", "Decided", "By", "Outcome"])
    for row in rows:
        by = deciders.get(row.decided_by_id) if row.decided_by_id else ""
        moments = [
            f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
            for at in (row.asked_at, row.due_at, row.decided_at)
        ]
        cells = [row.person.name, row.person.email, ", ".join(row.rights), *moments, by or "", row.outcome]
        writer.writerow([_harmless(cell) for cell in cells])
    change.record(Did.REVIEW_FILED, fields=(f"{len(rows)} rows",))
    return out.getvalue()


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
