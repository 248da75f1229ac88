"""Taking in what is being typed, so that a lock loses nothing. The page puts it back itself when it is opened again."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.formats import date_format

from alcove.security import policy_defaults as policy
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.guards import guard
from alcove.security.identity.actions import typed as actions
from alcove.security.identity.policy import People

_WRONG = "This is no form's content."


@guard(POST=People.OWN)
def typed(request: HttpRequest) -> HttpResponse:
    """Keep what is typed on a page that is about no client."""
    return _taken(request, None)


@guard(POST=People.OWN, opens="client_id")
def typed_of_client(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """Keep what is typed on a page about one client, under that client's key."""
    return _taken(request, client_id)


def _taken(request: HttpRequest, client_id: UUID | None) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
    if not request.POST.get("page"):
        return HttpResponse(_WRONG, content_type="text/plain", status=422)
    page = _page(request.POST["page"], client_id)
    try:
        if "forget" in request.POST:
            actions.forget_typed(actor, page)
            return HttpResponse("Thrown away.", content_type="text/plain")
        fields = _fields(request.POST.get("content", ""))
        if fields is None:
            return HttpResponse(_WRONG, content_type="text/plain", status=422)
        actions.keep_typed(actor, page, fields, client_id)
    except Conflict as clash:
        return HttpResponse(str(clash), content_type="text/plain", status=409)
    kept_at = date_format(timezone.localtime(), "H:i")
    return HttpResponse(f"Kept {kept_at}, not saved yet.", content_type="text/plain")


def _page(path: str, client_id: UUID | None) -> str:
    """Return a path of ours that belongs to this client, or to none; raise ``NotFound``."""
    try:
        named = resolve(path).kwargs.get("client_id") if len(path) <= policy.TYPED_PATH else client_id or path
    except Resolver404:
        raise NotFound("there is no such page") from None
    if named != client_id or len(path) > policy.TYPED_PATH:
        raise NotFound("there is no such page")
    return path


def _fields(text: str) -> dict[str, list[str]] | None:
    """Return ``{field: [values]}`` out of JSON; None for anything else."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or not 0 < len(found) <= policy.TYPED_FIELDS:
        return None
    is_text = all(
        isinstance(values, list) and all(isinstance(value, str) for value in values)
        for values in found.values()
    )
    return found if is_text else None
