"""What a page needs to ask for a passkey, and where it may lead afterwards."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from alcove.security import policy_defaults as policy
from alcove.security.audit import clock
from alcove.security.identity import passkeys, tokens
from alcove.security.identity.models import Person
from alcove.security.identity.models.effort import Spent
from alcove.security.identity.passkeys import Ask, NoPasskeysHere, Place


def place_of(request: HttpRequest) -> Place:
    """Return where this page stands; raise ``NoPasskeysHere``. An unknown host was answered 400 before."""
    return Place.of(str(request.scheme), request.get_host())


def asked(
    request: HttpRequest, purpose: str, *, person_id: UUID | None = None, session_id: UUID | None = None
) -> dict[str, Any]:
    """Return ``{"options": JSON}`` for ``identity/passkey.html``, or ``{"why_not": sentence}`` at this address."""
    try:
        ask = Ask(purpose, place_of(request), person_id, session_id)
    except NoPasskeysHere as here:
        return {"why_not": str(here)}
    return {"options": passkeys.request_options(ask, clock.now())}


def asked_to_make(
    request: HttpRequest,
    purpose: str,
    person: Person,
    session_id: UUID | None,
    called: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Return the same for making a new passkey; ``called`` as in ``passkeys.creation_options``."""
    try:
        ask = Ask(purpose, place_of(request), person.id, session_id)
    except NoPasskeysHere as here:
        return {"why_not": str(here)}
    return {"options": passkeys.creation_options(ask, person, clock.now(), called)}


def renewed(question: dict[str, Any]) -> HttpResponse:
    """Return a new question for a page that stood open for long, as JSON text."""
    return HttpResponse(question.get("options", "{}"), content_type="application/json")


def wants_question(request: HttpRequest) -> bool:
    """Whether a page only asks for its question anew."""
    return request.method != "POST" and request.headers.get("Accept") == "application/json"


def back_to(path: str) -> str:
    """Return the end of a gate's URL that says where to go on afterwards; nothing for the first page."""
    on = way_on(path)
    return "?" + urlencode({"next": on}) if on != "/" else ""


def spent(request: HttpRequest, *, steps: int = 1) -> Spent:
    """Return what the form just sent cost, as its hidden fields tell; all of them may be missing or wrong."""
    return Spent(
        began=tokens.marked_moment(request.POST.get("began", "")),
        steps=steps,
        taps=_small(request.POST.get("taps", ""), policy.EFFORT_MOST_TAPS),
        tenths=_small(request.POST.get("tenths", ""), int(policy.EFFORT_LONGEST.total_seconds() * 10)),
    )


def began() -> dict[str, str]:
    """Return what a page needs so that its form can tell what it cost (``identity/effort.html``)."""
    return {"began": tokens.moment_mark(clock.now())}


def _small(typed: str, most: int) -> int | None:
    """Return a whole number from 0 to ``most``; None for anything else."""
    if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(most))):
        return None
    return int(typed) if int(typed) <= most else None


def way_on(path: str) -> str:
    """Return a path of this site to go on to; anything that could lead elsewhere becomes the first page."""
    is_local = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_local else "/"
