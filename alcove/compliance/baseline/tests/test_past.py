"""Rights of a past day, rebuilt from the log, are those of that day's tables (AUD-09)."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from alcove.compliance.baseline.queries import past
from alcove.security.access.models import Role, Setting
from alcove.security.access.rules import RULES
from alcove.security.audit.models import Entry
from alcove.security.identity import actions as people
from alcove.security.identity.models import Membership


def as_stored():
    """What a backup of this moment holds: rights of roles, who holds them, settings that were chosen."""
    now = timezone.now()
    held = Membership.objects.exclude(ends_at__lte=now).values_list("role__name", "person__name")
    roles = {
        role.name: (frozenset(role.rights), tuple(sorted(who for name, who in held if name == role.name)))
        for role in Role.objects.all()
    }
    return roles, {key: rule.default for key, rule in RULES.items()} | dict(
        Setting.objects.values_list("key", "value")
    )


def as_told(at):
    told = past.as_of(at)
    return (
        {one.name: (one.rights, one.holders) for one in told.roles},
        {one.rule.key: one.value for one in told.settings},
    )


def test_every_moment_is_told_as_it_was_stored(practice):
    owner, roles = practice.actor("owner"), practice.roles
    desk, nurse = practice.person("front_desk"), practice.person("practitioner")
    kept = [(timezone.now(), as_stored())]

    def step(deed, *given, **more):
        made = deed(owner, *given, **more)
        kept.append((timezone.now(), as_stored()))
        return made

    own = step(people.add_role, name="Night desk, left", copy_of=roles["front_desk"])
    step(people.set_rights, own, [*own.rights, "stock.view"])
    step(people.set_rights, roles["marketing"], [*roles["marketing"].rights[3:], "stock.view"])
    step(people.set_roles, desk, [own, roles["front_desk"]])
    step(people.lend_role, nurse, roles["manager"], ends_at=timezone.now() + timedelta(days=2))
    step(people.choose, RULES["idle.office"], 5)
    step(people.choose, RULES["idle.office"], 7)
    step(people.set_roles, desk, [roles["front_desk"]])
    step(people.end_loan, nurse, roles["manager"])
    step(people.delete_role, Role.objects.get(pk=own.pk))
    for at, stored in kept:
        assert as_told(at) == stored
    assert kept[0][1] != kept[-1][1]


def test_a_loan_that_ended_by_itself_is_over(practice):
    ends = timezone.now() + timedelta(days=2)
    people.lend_role(
        practice.actor("owner"), practice.person("practitioner"), practice.roles["manager"], ends_at=ends
    )
    holders = {one.name: one.holders for one in past.as_of(ends + timedelta(minutes=1)).roles}
    assert holders["Manager"] == ()
    assert {one.name: one.holders for one in past.as_of(ends - timedelta(hours=1)).roles}["Manager"]


def test_the_page_shows_a_day_and_refuses_one_ahead(practice):
    officer, page = practice.signed_in("officer"), reverse("baseline:past")
    assert "Held by Olive Owner" in officer.get(page).content.decode()
    before = officer.get(page, {"on": (timezone.localdate() - timedelta(days=9)).isoformat()})
    assert "There was no practice here yet" in before.content.decode()
    ahead = officer.get(page, {"on": (timezone.localdate() + timedelta(days=2)).isoformat()})
    assert (ahead.status_code, "Choose today or an earlier day" in ahead.content.decode()) == (422, True)
    assert officer.get(page, {"on": "soon"}).status_code == 422
    assert practice.signed_in("manager").get(page).status_code == 403


def test_who_decided_stands_in_the_entry(practice):
    owner = practice.actor("owner")
    people.choose(owner, RULES["idle.office"], 5)
    one = Entry.objects.get(event="access.rule.changed")
    assert (one.actor_id, one.fields) == (owner.id, "idle.office 15 to 5")
