"""People and roles: nobody raises their own rights, removes the last owner, or is let through for who they are."""

from __future__ import annotations

import pytest

from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Role, Version
from alcove.security.access.policy import RoleKey, cell
from alcove.security.audit.models import Entry
from alcove.security.identity import actions
from alcove.security.identity.queries import explain


def test_unticking_a_right_works_from_the_next_request(practice, client_card):
    desk = practice.signed_in("front_desk")
    assert desk.get("/clients/").status_code == 200
    role = Role.objects.get(key=RoleKey.FRONT_DESK)
    actions.set_rights(practice.actor("owner"), role, set(role.rights) - {cell("clients", "view")})
    assert desk.get("/clients/").status_code == 403


def test_each_tick_is_logged_and_its_earlier_state_kept(practice):
    role = Role.objects.get(key=RoleKey.FRONT_DESK)
    before = list(role.rights)
    actions.set_rights(practice.actor("owner"), role, [*before, "analytics.view"])
    entry = Entry.objects.get(event="access.role.changed")
    assert entry.fields == "+analytics.view"
    assert Version.objects.get(object_id=role.id).before["rights"] == before


def test_nobody_raises_their_own_rights(practice):
    owner = practice.actor("owner")
    role = Role.objects.get(key=RoleKey.OWNER)
    with pytest.raises(Refused):
        actions.set_rights(owner, role, [*role.rights, "records.create"])
    with pytest.raises(Refused):
        actions.set_roles(owner, practice.owner, [Role.objects.get(key=RoleKey.PRESCRIBER)])


def test_nobody_gives_what_they_do_not_hold(practice):
    manager_role = Role.objects.get(key=RoleKey.MANAGER)
    actions.set_rights(practice.actor("owner"), manager_role, [*manager_role.rights, "setup.roles.edit"])
    manager = practice.actor("manager")
    with pytest.raises(Refused):
        actions.set_roles(manager, practice.person("marketing"), [Role.objects.get(key=RoleKey.OWNER)])
    with pytest.raises(Refused):
        actions.set_roles(manager, practice.person("marketing"), [Role.objects.get(key=RoleKey.PRESCRIBER)])


def test_the_last_owner_stays(practice):
    other = practice.person("manager")
    operator = practice.actor("owner")
    from alcove.security.access.actors import Actor

    console = Actor.operator("test")
    with pytest.raises(Conflict):
        actions.set_roles(console, practice.owner, [Role.objects.get(key=RoleKey.MANAGER)])
    with pytest.raises(Conflict):
        actions.suspend(console, practice.owner)
    actions.set_roles(operator, other, [Role.objects.get(key=RoleKey.OWNER)])
    actions.suspend(console, practice.owner)


def test_why_answers_as_the_server_decides(practice, client_card):
    urls = {
        "clients.view": "/clients/",
        "compliance.view": "/compliance/log/",
        "setup.view": "/setup/people/",
    }
    for role in RoleKey:
        browser = practice.signed_in(role)
        for key, url in urls.items():
            held = explain.why(practice.person(role), key).held
            assert (browser.get(url).status_code == 200) == held, (role, key)


def test_the_grid_page_saves_ticks_and_keeps_them_on_refusal(practice):
    browser = practice.signed_in("owner")
    role = Role.objects.get(key=RoleKey.MARKETING)
    answer = browser.post(f"/setup/roles/{role.id}/", {"right": ["leads.view", "dashboard.view"]})
    assert answer.status_code == 302
    role.refresh_from_db()
    everybodys = {"account.own.edit", "account.own.view", "account.alerts.answer", "account.alerts.view"}
    assert set(role.rights) == {"leads.view", "dashboard.view", *everybodys}
    own = Role.objects.get(key=RoleKey.OWNER)
    answer = browser.post(f"/setup/roles/{own.id}/", {"right": [*own.rights, "records.create"]})
    assert answer.status_code == 403
    assert b"Nobody raises their own rights" in answer.content


def test_a_shared_mailbox_is_refused_beside_the_field(practice):
    browser = practice.signed_in("owner")
    role = Role.objects.get(key=RoleKey.MARKETING)
    form = {"name": "Front Desk", "email": "reception@clinic.example", "roles": [role.id]}
    answer = browser.post("/setup/people/new/", form)
    assert answer.status_code == 422
    assert b"shared mailbox" in answer.content
    assert b"reception@clinic.example" in answer.content


def test_a_person_is_added_with_a_link_shown_once(practice):
    browser = practice.signed_in("owner")
    role = Role.objects.get(key=RoleKey.MARKETING)
    form = {"name": "Mara Keting", "email": "mara@clinic.example", "roles": [role.id]}
    answer = browser.post("/setup/people/new/", form)
    assert answer.status_code == 200
    assert b"/set-up/" in answer.content


def test_an_owner_appoints_those_who_may_do_what_owners_may_not(practice):
    owner = practice.actor("owner")
    for key in (RoleKey.PRESCRIBER, RoleKey.OFFICER):
        actions.set_roles(owner, practice.person("marketing"), [Role.objects.get(key=key)])
    assert not owner.holds("records.create")
