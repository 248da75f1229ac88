"""Network addresses go when they are old enough, the chain holds afterwards, and only the officer sees any (AUD-10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.urls import reverse

from alcove.compliance import tasks
from alcove.compliance.models import Alert
from alcove.compliance.tests import make
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.rules import RULES, OutOfBounds
from alcove.security.access.writes import writing
from alcove.security.audit import chain, clock, pen
from alcove.security.audit.models import Entry, Origin
from alcove.security.identity import actions as people

ADDRESS = "203.0.113.77"


def seen_from(practice, role="practitioner", address=ADDRESS):
    """Write an entry of somebody at an address; return the origin's id."""
    with writing("an origin, for a test"):
        origin = pen.origin_id(address, "Firefox")
    actor = replace(practice.actor(role), origin_id=origin)
    record_now(entry(actor, Kernel.REFUSED, object="x"))
    return origin


def aged(origin: UUID, on: date):
    with writing("time passes"):
        Origin.objects.filter(pk=origin).update(on_day=on)


def test_old_addresses_go_and_the_chain_holds(practice):
    today = clock.now().date()
    limit = tasks.months_before(today, 12)
    old, last, young = (seen_from(practice, address=f"203.0.113.{number}") for number in (1, 2, 3))
    aged(old, limit - timedelta(days=1))
    aged(last, limit)
    assert tasks.drop_addresses() == 1
    assert set(Origin.objects.values_list("pk", flat=True)) == {last, young}
    assert not Origin.objects.filter(on_day__lt=limit).exists()
    assert Entry.objects.filter(origin_id=old).exists()
    told = Entry.objects.get(event="audit.address.dropped")
    assert told.fields == f"1 before {limit.isoformat()}"
    assert tasks.drop_addresses() == 0
    assert Entry.objects.filter(event="audit.address.dropped").count() == 1
    make.link()
    assert chain.verify(settings.ALCOVE.log / "none").faults == []


def test_a_practice_chooses_three_to_twenty_four_months(practice):
    owner, rule = practice.actor("owner"), RULES["addresses.months"]
    origin = seen_from(practice)
    aged(origin, tasks.months_before(clock.now().date(), 4))
    assert tasks.drop_addresses() == 0
    for months in (2, 25):
        with pytest.raises(OutOfBounds):
            people.choose(owner, rule, months)
    people.choose(owner, rule, 3)
    assert tasks.drop_addresses() == 1


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 11, 22), 12, date(2025, 11, 22)),
        (date(2026, 3, 31), 1, date(2026, 3, 1)),
        (date(2024, 2, 29), 12, date(2023, 3, 1)),
        (date(2026, 1, 15), 3, date(2025, 10, 15)),
        (date(2026, 12, 31), 24, date(2024, 12, 31)),
    ],
)
def test_months_before(day, months, before):
    assert tasks.months_before(day, months) == before


def test_only_the_officer_sees_addresses(practice):
    seen_from(practice)
    alert = make.raised(practice)
    entries = Entry.objects.filter(origin_id__isnull=False)
    with writing("evidence with an address, for a test"):
        Alert.objects.filter(pk=alert.pk).update(evidence=[one.pk.hex for one in entries])
    pages = [reverse("compliance:log"), reverse("compliance:alert", args=[alert.pk])]
    for role in ("owner", "auditor", "manager", "it_provider", "front_desk"):
        browser = practice.signed_in(role)
        for page in [
            *pages,
            reverse("identity:account"),
            reverse("identity:devices"),
            reverse("identity:people"),
        ]:
            assert ADDRESS not in browser.get(page).content.decode()
    officer = practice.signed_in("officer")
    assert all(ADDRESS in officer.get(page).content.decode() for page in pages)


def test_an_exported_log_holds_no_address(practice):
    seen_from(practice)
    from alcove.security.audit import export

    assert ADDRESS not in "".join(export.lines())
