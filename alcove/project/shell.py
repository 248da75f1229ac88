"""What the page shell shows on every page: the practice, who is signed in, and where they may go."""

from __future__ import annotations

import functools
import json
import math
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alcove.clinic.activities.policy import Tasks
from alcove.clinic.activities.queries import seen
from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.calendar.queries import affected
from alcove.clinic.practice.models import Location, Practice
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.compliance.continuity.policy import Continuity
from alcove.compliance.policy import Alerts
from alcove.compliance.privacy.policy import Privacy
from alcove.compliance.queries import alerts
from alcove.compliance.uptime.policy import Uptime
from alcove.project import setup_pages
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Access, Log, Open
from alcove.security.identity.models import Device, initials_of
from alcove.security.identity.queries import typed
from alcove.security.identity.sessions import idle_limit
from alcove.security.vault.errors import VaultShut
from alcove.security.vault.house import house

NOTICES = {
    "created": "Saved.",
    "saved": "Saved.",
    "signed": "Signed. It can be amended, not edited.",
    "settled": "Decided. Each of these notes says so from now on.",
    "amended": "The amendment is on the record.",
    "removed": "Removed. The earlier version is kept.",
    "hidden": "Taken out of lists and search.",
    "restored": "Brought back.",
    "ended": "Ended.",
    "asked_them": "They were asked, and told by e-mail.",
    "case": "Thank you. Your question has a number, and somebody looks at it.",
    "answered": "Thank you. Your answer is on its way to whoever asked.",
    "alert_closed": "The alert is closed and keeps your reason.",
    "released": "They can go on for today.",
    "review_signed": "The review is signed.",
    "watched": "From now on every opening without a reason of care is an alert.",
    "uploaded": "The document is sealed and stored.",
    "imported": "Imported.",
    "roles": "The roles are in force from the next request.",
    "rights": "The rights are in force from the next request.",
    "rights_file": "The file waits for an owner. Nothing of it is in force.",
    "checked": "Noted, with your name and the time.",
    "agreed": "Signed. Thank you.",
    "asked": "A second administrator decides under Approvals.",
    "leaving": "The leaving time is set.",
    "door_rule": "The rule is asked at the next sign-in.",
    "review_begun": "Everyone waits for a decision.",
    "suspended": "The account is suspended and its sessions are over.",
    "session": "That session is over.",
    "device": "The device is saved.",
    "device_refused": "The browser is turned away and its sessions are over.",
    "device_retired": "The device is out of use and its sessions are over.",
    "device_lost": "Everything on that device is over.",
    "rule": "The setting is in force within five seconds.",
    "regions": "In force from the next disclosure.",
    "decided": "Decided and on the log.",
    "team": "The care team is changed.",
    "limited": "Only the care team finds this client from now on.",
    "unlimited": "Everyone whose role sees clients finds this client again.",
    "glass": "You are in. Look at what the emergency needs, then give it back.",
    "glass_returned": "Emergency access is given back.",
    "marked": "Sensitive from now on. Nobody but its readers learns that it is there.",
    "readers": "In force from their next request.",
    "lifted": "Everyone who reads the record reads this again.",
    "reviewed": "Your finding is on record.",
    "compared": "Compared just now.",
    "weakness_accepted": "Accepted until that day, on the log.",
    "place_registered": "The place is on the register.",
    "sheet_printed": "Noted. Hang it where staff see it and clients do not.",
    "place_removed": "The place is off the register. Its next call is a weakness.",
    "pin": "The PIN unlocks this device from now on.",
    "code_wait": "A code was sent a moment ago, or too many were. Wait half a minute, then ask again.",
    "confirm_sent": "The confirming mail is on its way. Its link works for 24 hours.",
    "untied": "The practice's directory no longer opens this account.",
    "phone": "The phone number is confirmed.",
    "portal_invited": "The invitation is on its way. Its link works for 24 hours.",
    "portal_closed": "The client's access to the portal is over.",
    "withdrawn": "Taken back. It did not leave.",
    "booked": "Booked.",
    "shares_tried": "These two shares give the recovery key back.",
    "client_deleted": "Deleted: gone from everything, for everyone.",
    "client_back": "The client is back, as they were before.",
    "erasure_asked": "Asked for. Somebody else approves it now.",
    "erasure_back": "Taken back. The client stays deleted.",
    "erasure_approved": "Approved. It is carried out within seconds.",
    "erasure_refused": "Refused. Nothing is erased.",
    "held": "The legal hold is in force.",
    "hold_lifted": "The legal hold is lifted.",
    "undone": "Undone: it is where it was before.",
    "put_back": "Put back. What stood there until now is kept as an earlier version.",
    "blocked": "This time can no longer be booked.",
    "unblocked": "This time can be booked again.",
    "task_added": "The task is added.",
    "waiting": "On the waitlist. The next time that becomes free and suits is offered in turn.",
    "unwaited": "Taken off the waitlist.",
    "feed_ended": "The link has ended. Whoever still has it gets nothing any more.",
    "password": "The password is changed; other sessions are over.",
    "fits": "Saved.",
    "set_up": "Your practice is set up. Everything can be changed here.",
}
"""Sentences a page may show after a redirect, by the word in ``?done=``: never text from the URL itself."""


@functools.cache
def _url(route: str) -> str:
    """Return the path of a route without arguments: the same for as long as the process lives."""
    return reverse(route)


_ON_COMPLIANCE = frozenset({"compliance", "privacy", "baseline", "continuity", "uptime"})
_ON_CALENDAR = frozenset({"calendar", "waitlist"})
_ON_CLIENTS = frozenset({"clients", "records", "client_calendar", "message_card", "client_tasks"})


@dataclass(frozen=True, slots=True)
class _At:
    """Where somebody is: the page (``namespace:name``), its namespace, and whether it is one of Setup's."""

    page: str
    space: str
    in_setup: bool

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        match = request.resolver_match
        if match is None:
            return cls(page="", space="", in_setup=False)
        return cls(match.view_name, match.namespace, match.view_name in setup_pages.PAGES)


def _item(name: str, route: str, icon: str, *, current: bool) -> dict[str, Any]:
    return {"name": name, "url": _url(route), "icon": icon, "current": current, "count": None}


def _nav(actor: Actor, request: HttpRequest) -> list[dict[str, Any]]:
    at, asked = _At.of(request), alerts.counts(actor, _waiting())
    groups = [
        {"title": "Today", "items": _today(actor, at, asked.own)},
        {"title": "Practice", "items": _office(actor, at, asked.queue)},
    ]
    return [group for group in groups if group["items"]]


def _today(actor: Actor, at: _At, questions: int) -> list[dict[str, Any]]:
    found = [_item("Dashboard", "dashboard:home", "layout-dashboard", current=at.page == "dashboard:home")]
    if actor.holds(Calendar.VIEW):
        here = at.space in _ON_CALENDAR and not at.in_setup
        found.append(_item("Calendar", "calendar:day", "calendar-days", current=here))
        here = at.space == "reception"
        found.append(_item("Reception", "reception:today", "concierge-bell", current=here))
    if actor.holds(Open.DIRECTORY):
        found.append(_item("Clients", "clients:list", "users", current=at.space in _ON_CLIENTS))
    found.append(_item("My day", "dashboard:my_day", "sun", current=at.page == "dashboard:my_day"))
    if actor.holds(Tasks.VIEW):
        counted = {"count": seen.overdue(actor) or None, "count_label": "overdue"}
        here = at.space == "activities"
        found.append(_item("Tasks", "activities:tasks", "list-todo", current=here) | counted)
    if questions:
        counted = {"count": questions, "count_label": "to answer"}
        icon, here = "message-circle-question-mark", at.space == "questions"
        found.append(_item("Questions to you", "questions:own", icon, current=here) | counted)
    return found


def _office(actor: Actor, at: _At, waiting: int) -> list[dict[str, Any]]:
    found = []
    if actor.holds(Log.VIEW):
        first_page = "compliance:alerts" if actor.holds(Alerts.VIEW) else "compliance:log"
        counted = {"count": waiting or None, "count_label": "alerts waiting"}
        here = at.space in _ON_COMPLIANCE
        found.append(_item("Compliance", first_page, "shield-check", current=here) | counted)
    else:
        # Who does not see Compliance as a whole has a door of their own to what concerns them.
        if actor.holds(Privacy.VIEW):
            here = at.space == "privacy"
            found.append(_item("Deleted clients", "privacy:deleted", "trash-2", current=here))
        if actor.holds(Continuity.VIEW):
            here = at.space == "continuity"
            found.append(_item("If systems fail", "continuity:continuity", "life-buoy", current=here))
        if actor.holds(Uptime.VIEW):
            found.append(_item("Uptime", "uptime:uptime", "activity", current=at.space == "uptime"))
    first = "practice:practice" if actor.holds(PracticeRight.EDIT) else "identity:people"
    if actor.holds(Access.VIEW) or actor.holds(PracticeRight.VIEW):
        first = first if actor.holds(Access.VIEW) else "practice:practice"
        found.append(_item("Setup", first, "settings", current=at.in_setup))
    return found


FRESH_SECONDS = 5.0
"""For so long a process goes on showing the practice's name and places as it last read them."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Name and places of the practice with this id, and when they were read."""

    practice: UUID
    name: str
    places: tuple[str, ...]
    read_at: float


_known: _Known | None = None


def _practice() -> _Known:
    """Return what the shell says of the practice: on every page, so not read anew for every page."""
    global _known  # noqa: PLW0603 - what this process remembers, replaced as a whole
    held, now = _known, time.monotonic()
    if held is None or held.practice != house().id or now - held.read_at > FRESH_SECONDS:
        name = Practice.objects.values_list("name", flat=True).first() or "Alcove"
        places = tuple(Location.objects.values_list("name", flat=True)[:6])
        held = _known = _Known(house().id, name, places, now)
    return held


_alerts: tuple[UUID, float, list[tuple[UUID | None, str]]] | None = None


def _waiting() -> list[tuple[UUID | None, str]]:
    """Return the alerts that wait, as this process last read them: a count may be late by ``FRESH_SECONDS``."""
    global _alerts  # noqa: PLW0603 - as above
    held, now = _alerts, time.monotonic()
    if held is None or held[0] != house().id or now - held[1] > FRESH_SECONDS:
        held = _alerts = (house().id, now, alerts.waiting())
    return held[2]


def _facts() -> dict[str, Any]:
    try:
        is_demo = house().is_demo
    except VaultShut:
        return {"practice_name": "Alcove", "is_demo": False, "locations": []}
    return {"practice_name": _practice().name, "is_demo": is_demo, "locations": []}


def _device(request: HttpRequest) -> Device | None:
    session = getattr(request, "session_row", None)
    return session.device if session is not None else None


def _passkey_band(due_at: datetime | None) -> dict[str, Any] | None:
    """Count the days until which an owner or officer adds a passkey; afterwards their session stands at a gate."""
    if due_at is None:
        return None
    days = max(0, math.ceil((due_at - timezone.now()).total_seconds() / 86_400))
    left = f"within {days} day{'s' if days != 1 else ''}" if days else "now"
    return {
        "tone": "info",
        "icon": "fingerprint-pattern",
        "label": "Passkey needed",
        "words": f"Owners and officers sign in with a passkey. Add yours {left}; it takes a minute.",
        "url": _url("identity:passkey_new"),
        "button": "Add a passkey",
    }


def _band(actor: Actor, request: HttpRequest) -> dict[str, Any] | None:
    """Return what stays in view while it is in force: a preview, or emergency access to this page's client."""
    if actor.is_preview:
        return {
            "tone": "info",
            "icon": "eye",
            "label": "Role preview",
            "words": f"You are looking through the eyes of the role “{actor.role}”. Nothing is changed meanwhile.",
            "post_url": _url("identity:preview_end"),
            "button": "End the preview",
        }
    client_id = request.resolver_match.kwargs.get("client_id") if request.resolver_match else None
    if actor.glass_until is None or client_id is None:
        device = _device(request)
        # Whoever visits the demo by a link has no account of their own to look after.
        is_visitor = device is not None and device.kind == Device.Kind.DEMO
        return None if is_visitor else _passkey_band(getattr(request, "owes_passkey_at", None))
    return {
        "tone": "bad",
        "label": "Emergency access",
        "words": "Emergency access. Everything you open here is reviewed by someone else.",
        "until": actor.glass_until,
        "post_url": reverse("clients:glass_return", kwargs={"client_id": client_id}),
        "button": "Give it back now",
    }


class Keep:
    """What a form needs so that its text survives a lock: looked up only by pages that draw such a form."""

    def __init__(self, request: HttpRequest) -> None:
        self._actor: Actor = request.actor  # type: ignore[attr-defined]  # set by the middleware
        self._path = request.path
        self._client_id = request.resolver_match.kwargs.get("client_id") if request.resolver_match else None
        self._is_read = request.method in {"GET", "HEAD"}

    @property
    def url(self) -> str:
        """Return where the page sends what is typed."""
        if self._client_id is None:
            return _url("identity:typed")
        return reverse("identity:typed_of_client", kwargs={"client_id": self._client_id})

    @property
    def seconds(self) -> int:
        return policy.TYPED_SECONDS

    @functools.cached_property
    def kept(self) -> dict[str, str]:
        """Return ``{"at": hour, "fields": JSON}`` of what was typed here before; empty if nothing, or after a POST."""
        row = typed.kept(self._actor, self._path) if self._is_read else None
        fields = typed.fields_of(self._actor, row) if row is not None else {}
        if row is None or not fields:
            return {}
        return {"at": date_format(timezone.localtime(row.kept_at), "H:i"), "fields": json.dumps(fields)}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return ``{"shell": …}`` for the base templates."""
    actor: Actor = getattr(request, "actor", Actor.stranger())
    found = _facts() | {
        "report_code": actor.request,
        "path": request.path,
        "notice": NOTICES.get(request.GET.get("done", "")),
        "person": None,
        "nav": [],
    }
    if not actor.is_signed_in or actor.kind in {"tablet", "patient"}:
        # A client, by a tablet or by their own account, is shown the practice's name and nothing of the staff.
        return {"shell": found}
    device = _device(request)
    in_public = device is not None and device.kind in {Device.Kind.DESK, Device.Kind.ROOM}
    cover = policy.PRIVACY_SCREEN if in_public else policy.SCREEN_COVER
    found |= {
        "person": {"name": actor.name, "initials": initials_of(actor.name), "role_title": actor.role},
        "nav": _nav(actor, request),
        "locations": [{"name": name, "current": at == 0} for at, name in enumerate(_practice().places)],
        "lock_url": _url("identity:lock"),
        "sign_out_url": _url("identity:sign_out"),
        "account_url": _url("identity:account"),
        "printed_by": actor.name,
        "keep": None if actor.is_preview else Keep(request),
        "idle_seconds": int(idle_limit(_device(request)).total_seconds()),
        "cover_seconds": int(cover.total_seconds()),
        "in_public": in_public,
        "band": _band(actor, request),
    }
    here = request.resolver_match.view_name if request.resolver_match else ""
    if here in setup_pages.PAGES:
        found["setup"] = setup_pages.groups(setup_pages.SETUP, actor, here)
        if request.GET.get("done") == "fits" and actor.holds(Calendar.EDIT):
            found["affected"] = {"count": len(affected.affected_for(actor)), "url": _url("calendar:affected")}
    if here in setup_pages.ON_COMPLIANCE:
        found["compliance"] = setup_pages.groups(setup_pages.COMPLIANCE, actor, here)
    if device is not None and device.has_key:
        found["device_url"] = _url("identity:device_key")
    if actor.holds(Open.DIRECTORY):
        found |= {"search_url": _url("clients:search"), "search_hint": "Find a client"}
    return {"shell": found}
