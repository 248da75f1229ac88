"""The retention check of one client, item by item: what goes, what is made anonymous, what stays, why, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.utils import timezone

from alcove.clinic.clients.models import Client
from alcove.clinic.practice.models import Location, Practice
from alcove.compliance.privacy.policy import Did, Privacy
from alcove.compliance.privacy.queries import care, rules
from alcove.compliance.privacy.queries.kinds import BY_KEY, ERASE, KEEP, KINDS, LOG_TITLE, Kind
from alcove.security.access import need, opening
from alcove.security.access.actors import Actor
from alcove.security.access.policy import Open
from alcove.security.access.rules import RULES
from alcove.security.audit import clock
from alcove.security.vault.errors import VaultError
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import ClientKey


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of data: ``count`` rows, ``fate`` of ``kinds.FATES``, ``until`` the last day on which it is kept."""

    kind: str
    title: str
    what: str
    count: int
    fate: str
    why: str
    until: date | None = None

    def as_data(self) -> dict[str, Any]:
        """Return what the certificate keeps."""
        return {
            "kind": self.kind, "title": self.title, "count": self.count, "fate": self.fate, "why": self.why,
            "until": self.until.isoformat() if self.until else "",
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """What an erasure on ``on`` would do. ``kept``: until when the record must stay and by which law, or None."""

    on: date
    last_care: date
    kept: rules.Kept | None
    items: list[Item]

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the client's own stays."""
        return self.kept is None


def places() -> list[str]:
    """Return where the practice sees clients, as ``US-CA``, and ``US`` where no state is known."""
    own = Practice.objects.values_list("country", flat=True).first() or ""
    found = {(one.country or own, one.region) for one in Location.objects.all()} or {(own, "")}
    return sorted(f"{country}-{region}" if region else country for country, region in found)


def check(client_id: UUID) -> Check:
    """Return what an erasure of this client would do today. The birth date is opened by the worker, with an entry."""
    return checks([client_id])[client_id]


def checks(client_ids: Sequence[UUID]) -> dict[UUID, Check]:
    """Return the same of several clients, for whom the birth dates are opened with one entry."""
    today, lasts = timezone.localdate(), care.last_care(client_ids, clock.now())
    born, found = birth_dates(client_ids), {}
    here, own_years = places(), RULES["records.years"].chosen
    record_rules = rules.in_force(here, rules.RECORD, today)
    for client_id, last in lasts.items():
        kept = rules.kept_until(record_rules, own_years, last, born.get(client_id))
        has_record = _count(BY_KEY["record"], client_id) > 0
        stays = kept if has_record and kept.until >= today else None
        log = rules.in_force(here, rules.LOG, today)
        found[client_id] = Check(today, last, stays, [*_items(client_id, stays), _log(log, today)])
    return found


def birth_dates(client_ids: Sequence[UUID]) -> dict[UUID, date | None]:
    """Return birth dates, as the worker reads them: in a ring of their own, shown to nobody."""
    job = Actor.job("retention", Open.DIRECTORY, Privacy.VIEW)
    deleted = need.deleted()
    found: dict[UUID, date | None] = {}
    with keyring():
        opened = opening.open_deleted(
            job, [one for one in client_ids if one in deleted], Did.CHECKED, Privacy.VIEW
        )
        opened += opening.open_directories(
            job, [one for one in client_ids if one not in deleted], Did.CHECKED
        )
        held = set(ClientKey.objects.filter(client_id__in=opened).values_list("client_id", flat=True))
        for client in Client.objects.filter(pk__in=held):
            try:
                found[client.id] = client.born_on
            except VaultError:
                # A birth date that does not open counts as one that nobody knows: kept longer, never shorter.
                found[client.id] = None
    return found


def _items(client_id: UUID, stays: rules.Kept | None) -> list[Item]:
    return [_item(kind, client_id, stays) for kind in KINDS]


def _item(kind: Kind, client_id: UUID, stays: rules.Kept | None) -> Item:
    count = _count(kind, client_id)
    if not kind.by_law:
        return Item(kind.key, kind.title, kind.what, count, kind.fate, kind.why)
    if stays is None:
        return Item(kind.key, kind.title, kind.what, count, ERASE, kind.why)
    return Item(kind.key, kind.title, kind.what, count, KEEP, f"Kept by {stays.law}.", stays.until)


def _count(kind: Kind, client_id: UUID) -> int:
    return sum(rows(label, client_id).count() for label in kind.tables)


def rows(label: str, client_id: UUID) -> Any:
    """Return a client's rows of a table, those of sensitive entries as well: to be counted or removed, never read."""
    model: Any = apps.get_model(label)
    found = getattr(model, "everything", model._default_manager)
    return found.filter(pk=client_id) if model is Client else found.filter(client_id=client_id)


def _log(found: Sequence[rules.Rule], today: date) -> Item:
    why = "Who did what and when, under the random id alone: no value and no name."
    if found:
        longest = max(found, key=lambda rule: rule.years)
        why += f" Kept by {longest.law}."
        return Item("log", LOG_TITLE, "", 1, KEEP, why, rules.anniversary(today, longest.years))
    return Item("log", LOG_TITLE, "", 1, KEEP, why)


def ends_on(kept: rules.Kept) -> date:
    """Return the first day on which what is kept may go."""
    return kept.until + timedelta(days=1)
