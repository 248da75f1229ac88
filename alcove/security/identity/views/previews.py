"""Looking through a role's eyes, and back."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from alcove.security.access.errors import NotFound
from alcove.security.access.guards import guard, public
from alcove.security.access.models import Role
from alcove.security.access.policy import Access
from alcove.security.identity import actions
from alcove.security.identity.actions.previews import begin_preview, end_preview


@guard(POST=Access.EDIT_ROLES)
def preview(request: HttpRequest, role_id: UUID) -> HttpResponse:
    """Begin to look through a role's eyes, on the first page; the button says so by ``look``."""
    role = Role.objects.filter(pk=role_id).first()
    if role is None:
        raise NotFound("there is no such role")
    if "look" not in request.POST:
        return HttpResponseRedirect(reverse("identity:role", args=[role.id]))
    begin_preview(request.actor, role)  # type: ignore[attr-defined]  # set by the middleware
    return HttpResponseRedirect("/")


@public("ending a preview needs no right: the previewed role may hold none", "POST")
def preview_end(request: HttpRequest) -> HttpResponse:
    """Look through one's own eyes again; without a session or a preview there is nothing to end."""
    session = request.session_row  # type: ignore[attr-defined]  # set by the middleware
    if session is None or session.preview_id is None:
        return HttpResponseRedirect("/")
    end_preview(actions.at_the_door(request.actor, session.person), session)  # type: ignore[attr-defined]  # as above
    return HttpResponseRedirect(reverse("identity:role", args=[session.preview_id]))
