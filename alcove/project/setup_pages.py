"""The tabs of Setup and of Compliance, in groups: each with the right that shows it and the pages below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from alcove.clinic.calendar.policy import Calendar
from alcove.clinic.clients.policy import Clients
from alcove.clinic.downtime.policy import Downtime
from alcove.clinic.messaging.policy import Messages
from alcove.clinic.practice.policy import Practice
from alcove.compliance.baseline.policy import Baseline
from alcove.compliance.continuity.policy import Continuity
from alcove.compliance.policy import Alerts, Breach
from alcove.compliance.privacy.policy import Privacy
from alcove.compliance.uptime.policy import Uptime
from alcove.operations.backups.policy import Backups
from alcove.operations.monitoring.policy import Health
from alcove.operations.releases.policy import Releases
from alcove.operations.sweep.policy import Sweeps
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Access, Log, Permission
from alcove.security.identity.policy import Devices, People


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of Setup: its name, its route, the right to see it, and the names of the pages below it."""

    name: str
    route: str
    needs: Permission
    below: tuple[str, ...] = ()

    def is_here(self, here: str) -> bool:
        """Whether a page is this one or lies below it."""
        return here == self.route or here in self.below


def _below(area: str, words: str) -> tuple[str, ...]:
    return tuple(f"{area}:{word}" for word in words.split())


_SEES = Practice.VIEW
_ON_MENU = _below("practice", "service new_service category new_category new_rule does needs category_remove")
_ON_PEOPLE = _below(
    "identity", "new_person person person_name person_leave person_registration person_suspend person_reset"
)
SETUP: tuple[tuple[str, tuple[Tab, ...]], ...] = (
    ("Practice", (
        Tab("Practice", "practice:practice", _SEES, _below("practice", "guide guide_step")),
        Tab("Locations", "practice:locations", _SEES, _below("practice", "location new_location hours new_room room")),
        Tab("Team", "practice:team", _SEES, _below("practice", "profile new_profile work new_leave leave photo")),
        Tab("Menu", "practice:menu", _SEES, _ON_MENU),
        Tab("Equipment", "practice:equipment", _SEES, _below("practice", "kind unit new_kind new_unit")),
        Tab("Closures", "practice:closures", _SEES, _below("practice", "closure")),
        Tab("Online booking", "setup_online:online", Calendar.SET_UP_ONLINE),
        Tab("Bookings to look at", "calendar:affected", Calendar.EDIT),
    )),
    ("Messages", (
        Tab("Texts", "messaging:texts", Access.VIEW, _below("messaging", "text text_reset")),
        Tab("Sending and cost", "messaging:sending", Access.VIEW),
        Tab("Outbox", "messaging:outbox", Messages.VIEW),
    )),
    ("People", (
        Tab("People", "identity:people", Access.VIEW, _ON_PEOPLE),
        Tab("Roles", "identity:roles", Access.VIEW, _below("identity", "role preview roles_file roles_file_decide")),
        Tab("Devices", "identity:devices", Devices.VIEW, _below("identity", "one_device device_code_new")),
        Tab("Security settings", "identity:rules", Access.VIEW, _below("identity", "regions")),
        Tab("Review of access", "identity:reviews", Access.VIEW, _below("identity", "review")),
        Tab("Approvals", "identity:approvals", Access.VIEW, _below("identity", "approval")),
        Tab("Support access", "identity:support", Access.VIEW, _below("identity", "support_decide support_end")),
        Tab("Effort", "identity:effort", People.EFFORT),
    )),
    ("System", (
        Tab("Health", "monitoring:health", Health.VIEW, _below("monitoring", "take")),
        Tab("Releases", "releases:releases", Releases.VIEW),
        Tab("Backups", "backups:backups", Backups.VIEW, _below("backups", "shares try_shares")),
        Tab("Downtime packs", "downtime:packs", Downtime.VIEW, _below("downtime", "phrase fetch")),
    )),
)  # fmt: skip
PAGES = frozenset(name for _, tabs in SETUP for tab in tabs for name in (tab.route, *tab.below))
"""The names of all pages that belong to Setup."""


COMPLIANCE: tuple[tuple[str, tuple[Tab, ...]], ...] = (
    ("Who did what", (
        Tab("Alerts", "compliance:alerts", Alerts.VIEW),
        Tab("Monthly review", "compliance:reviews", Alerts.VIEW),
        Tab("Audit log", "compliance:log", Log.VIEW),
        Tab("Watched closely", "compliance:watched", Alerts.VIEW),
        Tab("Names not shown", "compliance:shields", Alerts.VIEW),
    )),
    ("The system", (
        Tab("Baseline", "baseline:baseline", Baseline.VIEW),
        Tab("Edited outside", "compliance:rows", Sweeps.VIEW),
        Tab("Where data goes", "baseline:places", Baseline.VIEW),
        Tab("Past rights", "baseline:past", Baseline.VIEW),
        Tab("Continuity", "continuity:continuity", Continuity.VIEW),
        Tab("Uptime", "uptime:uptime", Uptime.VIEW),
    )),
    ("Clients", (
        Tab("Emergency access", "compliance:glass", Clients.REVIEW_GLASS),
        Tab("Deleted clients", "privacy:deleted", Privacy.VIEW),
        Tab("Scope of a breach", "compliance:breach", Breach.VIEW),
    )),
)  # fmt: skip
"""Pages below these lead back by themselves."""
ON_COMPLIANCE = frozenset(tab.route for _, tabs in COMPLIANCE for tab in tabs)


def groups(where: tuple[tuple[str, tuple[Tab, ...]], ...], actor: Actor, here: str) -> dict[str, Any]:
    """Return the groups this actor sees, ``here`` being the name of the page, and the tabs of the open one."""
    found = []
    for title, tabs in where:
        seen = [tab for tab in tabs if actor.holds(tab.needs)]
        if seen:
            items = [
                {"name": tab.name, "url": reverse(tab.route), "current": tab.is_here(here)} for tab in seen
            ]
            is_open = any(tab.is_here(here) for tab in seen)
            found.append({"title": title, "url": items[0]["url"], "current": is_open, "tabs": items})
    return {"groups": found, "tabs": next((group["tabs"] for group in found if group["current"]), [])}
