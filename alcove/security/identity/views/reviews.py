"""Setup: the review of access, twice a year."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from alcove.security import policy_defaults as policy
from alcove.security.access.errors import NotFound
from alcove.security.access.guards import guard
from alcove.security.access.policy import Access
from alcove.security.identity.actions import reviews as deeds
from alcove.security.identity.models import Review
from alcove.security.identity.policy import People
from alcove.security.identity.queries.explain import names


@guard(GET=Access.VIEW, POST=People.REVIEW)
def reviews(request: HttpRequest) -> HttpResponse:
    """Show whose rights wait for a decision and what was decided lately; POST begins a review before its time."""
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    if request.method == "POST":
        deeds.begin_review(actor)
        return HttpResponseRedirect(reverse("identity:reviews") + "?done=review_begun")
    rows = Review.objects.select_related("person").order_by("person__name")
    decided = list(rows.filter(decided_at__isnull=False).order_by("-decided_at")[:50])
    deciders = names(row.decided_by_id for row in decided)
    page = {
        "waiting": list(rows.filter(decided_at__isnull=True)),
        "decided": [(row, deciders.get(row.decided_by_id or row.id, "the clock")) for row in decided],
        "own_id": actor.id,
        "may_decide": actor.holds(People.REVIEW),
        "days": policy.REVIEW_DECIDE_WITHIN.days,
    }
    return render(request, "identity/reviews.html", page)


@guard(POST=People.REVIEW, fresh=True)
def decide(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Confirm or end one person's rights."""
    found = Review.objects.select_related("person").filter(pk=review_id).first()
    if found is None:
        raise NotFound("there is no such review")
    deeds.decide_review(request.actor, found, is_confirmed=request.POST.get("decide") == "confirm")  # type: ignore[attr-defined]  # middleware
    return HttpResponseRedirect(reverse("identity:reviews") + "?done=decided")


@guard(POST=People.REVIEW)
def file(request: HttpRequest) -> HttpResponse:
    """Download all reviews as CSV."""
    text = deeds.file_of_reviews(request.actor)  # type: ignore[attr-defined]  # set by the middleware
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="review-of-access.csv"'
    return answer
