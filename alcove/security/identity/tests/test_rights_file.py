"""Rights from a file or an older version: a difference first, an owner's approval, and never more than before."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alcove.console import Console
from alcove.security import policy_defaults as policy
from alcove.security.access import rights_file
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import RightsFile, Role
from alcove.security.access.policy import RoleKey, counting, grantable
from alcove.security.access.rights_file import BadFile
from alcove.security.access.writes import writing
from alcove.security.audit import pen
from alcove.security.audit.models import Entry
from alcove.security.identity import actions
from alcove.security.identity.actions import rights_file as deeds
from alcove.security.identity.commands import export_roles, import_roles
from alcove.security.identity.models import Membership, Notice, Person, Session
from alcove.security.identity.sessions import roles_of

PURPOSE = "the sheet of the head office"
PAGE = "/setup/roles/file/"

EVERYBODYS = ["account.alerts.answer", "account.alerts.view", "account.own.edit", "account.own.view"]
"""Rights that no role can be without."""


def a_file(**roles):
    """Return the bytes of a file: rights by key of role."""
    rows = [{"key": key, "name": key, "rights": list(rights)} for key, rights in roles.items()]
    return json.dumps({"format": "alcove roles", "version": 1, "roles": rows}).encode()


def brought(practice, **roles):
    return deeds.bring_file(Actor.operator("test"), rights_file.read(a_file(**roles)), purpose=PURPOSE)


def approve(actor, file):
    found = rights_file.differences(Role.objects.all(), rights_file.of_stored(file.roles))
    return deeds.approve_file(actor, file, seen=rights_file.mark(found))


def fresh(practice, role="owner"):
    browser = practice.signed_in(role)
    with writing("test"):
        Session.objects.update(proved_at=timezone.now())
    return browser


def second_owner(practice):
    person = actions.add_person(
        Actor.operator("test"), email="second@clinic.example", name="Sina Second",
        roles=[practice.roles[RoleKey.OWNER]], is_vouched=True,
    )  # fmt: skip
    names, rights = roles_of(person.id)
    return Actor("person", id=person.id, name=person.name, roles=names, rights=rights, request="test")


# The row's own test ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["all", "*", "clients.*", "ALL", "clients.all", "clients.view2"])
def test_a_file_with_an_unknown_right_gives_no_new_right_after_approval(practice, word):
    before = {role.key: counting(role.rights) for role in Role.objects.all()}
    file = brought(practice, marketing=[*before["marketing"], word])
    assert Role.objects.get(key="marketing").rights == practice.roles["marketing"].rights
    approve(practice.actor("owner"), file)
    assert {role.key: counting(role.rights) for role in Role.objects.all()} == before
    assert word not in Role.objects.get(key="marketing").rights


def test_what_a_file_asks_to_add_is_not_given_and_what_it_lacks_goes(practice):
    before = set(practice.roles["front_desk"].rights)
    kept = {"clients.view", "dashboard.view"}
    file = brought(practice, front_desk=[*kept, "records.view", "setup.roles.edit"])
    assert approve(practice.actor("owner"), file) > 0
    after = set(Role.objects.get(key="front_desk").rights)
    assert after == kept | {key for key in before if key.startswith("account.")}
    _, rights = roles_of(practice.person("front_desk").id)
    assert rights == after
    logged = ",".join(Entry.objects.filter(event="access.role.changed").values_list("fields", flat=True))
    assert "-calendar.view" in logged and "+records.view" not in logged
    assert RightsFile.objects.get().taken["front_desk"] == sorted(before - after)


WORDS = st.one_of(st.sampled_from(["all", "*", "clients.*", "admin"]), st.sampled_from(sorted(grantable())))
ROLES = st.sampled_from([*RoleKey, "own_made", "nobody.here"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.dictionaries(ROLES, st.sets(WORDS, max_size=60), min_size=1), stray=WORDS)
def test_for_any_file_nobody_may_do_more_afterwards_and_the_owner_stays(practice, said, stray):
    with transaction.atomic():
        people = [practice.person(role) for role in RoleKey]
        own = practice.roles["marketing"]
        with writing("a stored word of another version"):
            Role.objects.filter(pk=own.pk).update(rights=[*own.rights, stray])
        of_role = {role.pk: counting(role.rights) for role in Role.objects.all()}
        of_person = {person.pk: roles_of(person.pk)[1] for person in people}
        held = set(Membership.objects.values_list("person_id", "role_id"))
        file = brought(practice, **{str(key): sorted(rights) for key, rights in said.items()})
        assert {person.pk: roles_of(person.pk)[1] for person in people} == of_person
        approve(practice.actor("owner"), file)
        assert {role.pk for role in Role.objects.all()} == of_role.keys()
        for role in Role.objects.all():
            assert counting(role.rights) <= of_role[role.pk]
            wanted = said.get(RoleKey(role.key))
            if wanted is not None and role.key != RoleKey.OWNER:
                assert {key for key in counting(role.rights) if not key.startswith("account.")} <= wanted
        for person in people:
            assert roles_of(person.pk)[1] <= of_person[person.pk]
        assert set(Membership.objects.values_list("person_id", "role_id")) == held
        assert roles_of(practice.owner.pk)[1] == of_person[practice.owner.pk]
        transaction.set_rollback(True)
    pen.retire()


# Who decides -------------------------------------------------------------------------------------------------------


def test_the_one_who_brought_it_decides_only_without_another_owner(practice):
    owner = practice.actor("owner")
    file = deeds.bring_file(owner, rights_file.read(a_file(marketing=[])), purpose=PURPOSE)
    other = second_owner(practice)
    before = Role.objects.get(key="marketing").rights
    with pytest.raises(Refused):
        approve(owner, file)
    assert Role.objects.get(key="marketing").rights == before
    approve(other, RightsFile.objects.get())
    assert Role.objects.get(key="marketing").rights == EVERYBODYS


def test_a_lone_owner_decides_on_their_own_file(practice):
    owner = practice.actor("owner")
    approve(owner, deeds.bring_file(owner, rights_file.read(a_file(marketing=[])), purpose=PURPOSE))
    assert Role.objects.get(key="marketing").rights == EVERYBODYS


def test_another_owner_who_is_suspended_or_lent_the_role_is_none(practice):
    owner, other = practice.actor("owner"), second_owner(practice)
    file = deeds.bring_file(owner, rights_file.read(a_file(marketing=[])), purpose=PURPOSE)
    actions.suspend(owner, Person.objects.get(pk=other.id))
    approve(owner, file)
    assert RightsFile.objects.get().is_approved


def test_neither_the_console_nor_a_manager_with_the_right_to_tick_decides(practice):
    file = brought(practice, marketing=[])
    manager = practice.actor("manager")
    manager = replace(manager, rights=manager.rights | {"setup.roles.edit"})
    for actor in (Actor.operator("test"), manager, Actor.job("x", *[])):
        with pytest.raises(Refused):
            approve(actor, file)
        with pytest.raises(Refused):
            deeds.refuse_file(actor, file)
    assert RightsFile.objects.get().decided_at is None
    assert Role.objects.get(key="marketing").rights == practice.roles["marketing"].rights


def test_a_role_lent_to_an_owner_of_yesterday_no_longer_makes_one(practice):
    file = brought(practice, marketing=[])
    manager = practice.person("manager")
    with writing("test"):
        Membership.objects.create(
            person=manager, role=practice.roles["owner"], ends_at=timezone.now() - timedelta(hours=1)
        )
    actor = practice.actor("manager")
    with pytest.raises(Refused):
        approve(replace(actor, rights=actor.rights | {"setup.roles.edit"}), file)


def test_a_file_is_decided_once_and_not_after_a_week(practice):
    owner = practice.actor("owner")
    file = brought(practice, marketing=[])
    stale = RightsFile.objects.get()
    approve(owner, file)
    with pytest.raises(Conflict):
        approve(owner, stale)
    with pytest.raises(Conflict):
        deeds.refuse_file(owner, RightsFile.objects.get())
    late = brought(practice, bookkeeper=[])
    with writing("test"):
        RightsFile.objects.filter(pk=late.pk).update(ends_at=timezone.now())
    with pytest.raises(Conflict):
        approve(owner, RightsFile.objects.get(pk=late.pk))
    assert Role.objects.get(key="bookkeeper").rights == practice.roles["bookkeeper"].rights


def test_what_changed_since_the_difference_was_shown_is_looked_at_again(practice):
    owner = practice.actor("owner")
    file = brought(practice, marketing=["marketing.view"])
    found = rights_file.differences(Role.objects.all(), rights_file.of_stored(file.roles))
    marketing = Role.objects.get(key="marketing")
    actions.set_rights(owner, marketing, {*marketing.rights, "clients.view"})
    with pytest.raises(Conflict):
        deeds.approve_file(owner, file, seen=rights_file.mark(found))
    assert "clients.view" in Role.objects.get(key="marketing").rights


def test_the_owners_role_stays_whatever_the_file_says(practice):
    before = Role.objects.get(key="owner").rights
    approve(practice.actor("owner"), brought(practice, owner=["all"]))
    assert Role.objects.get(key="owner").rights == before


# Words of another version -------------------------------------------------------------------------------------------


def test_a_stored_word_no_right_goes_by_counts_as_none_until_an_owner_takes_it_out(practice):
    desk = practice.roles["front_desk"]
    with writing("an older version"):
        Role.objects.filter(pk=desk.pk).update(rights=[*desk.rights, "all", "clients.card.burn"])
    _, rights = roles_of(practice.person("front_desk").id)
    assert rights == set(desk.rights)
    browser = fresh(practice)
    assert "rights this version does not know" in browser.get("/setup/roles/").content.decode()
    page = browser.get(PAGE).content.decode()
    assert "clients.card.burn" in page and "Rights this version does not know" in page
    with pytest.raises(Refused):
        deeds.drop_unknown(Actor.operator("test"))
    assert browser.post(reverse("identity:roles_unknown")).status_code == 302
    assert sorted(Role.objects.get(key="front_desk").rights) == sorted(desk.rights)
    assert "Rights this version does not know" not in browser.get(PAGE).content.decode()
    logged = Entry.objects.filter(event="access.role.changed").newest_first()[0].fields
    assert logged == "-all,-clients.card.burn"
    assert browser.post(reverse("identity:roles_unknown")).status_code == 409


def test_a_copy_of_a_role_does_not_carry_unknown_words_on(practice):
    desk = practice.roles["front_desk"]
    with writing("an older version"):
        Role.objects.filter(pk=desk.pk).update(rights=[*desk.rights, "all"])
    made = actions.add_role(practice.actor("owner"), name="Desk two", copy_of=Role.objects.get(pk=desk.pk))
    assert "all" not in made.rights and "clients.view" in made.rights


# Files that are none -----------------------------------------------------------------------------------------------

GOOD = {"format": "alcove roles", "version": 1, "roles": [{"key": "a", "name": "A", "rights": []}]}


def with_role(**values):
    return json.dumps({**GOOD, "roles": [{**GOOD["roles"][0], **values}]}).encode()


BAD = {
    "empty": b"",
    "no json": b"rights: all",
    "no utf-8": b"\xff\xfe{\x00}\x00",
    "a list": b"[]",
    "another format": b'{"format": "x", "version": 1, "roles": []}',
    "no version": json.dumps({**GOOD, "version": None}).encode(),
    "version as truth": json.dumps({**GOOD, "version": True}).encode(),
    "version with a point": json.dumps({**GOOD, "version": 1.0}).encode(),
    "newer version": json.dumps({**GOOD, "version": 2}).encode(),
    "more": json.dumps({**GOOD, "people": []}).encode(),
    "no roles": json.dumps({**GOOD, "roles": []}).encode(),
    "roles by name": json.dumps({**GOOD, "roles": {"owner": ["all"]}}).encode(),
    "too many roles": json.dumps({**GOOD, "roles": [{**GOOD["roles"][0], "key": f"r{n}"} for n in range(201)]}).encode(),
    "one name twice": b'{"format": "alcove roles", "version": 1, "version": 1, "roles": []}',
    "rights twice": b'{"format": "alcove roles", "version": 1, "roles": [{"key": "a", "name": "A", "rights": [], "rights": ["all"]}]}',
    "one role twice": json.dumps({**GOOD, "roles": GOOD["roles"] * 2}).encode(),
    "one right twice": with_role(rights=["all", "all"]),
    "right as number": with_role(rights=[1]),
    "right as list": with_role(rights=[["all"]]),
    "rights as word": with_role(rights="all"),
    "right too long": with_role(rights=["a" * 61]),
    "empty right": with_role(rights=[""]),
    "too many rights": with_role(rights=[f"r{n}" for n in range(1001)]),
    "key as number": with_role(key=7),
    "letters alike": with_role(rights=["сlients.view"]),
    "turned text": with_role(name="Desk\u202eredael"),
    "invisible": with_role(name="Ow\u200bner"),
    "nul": with_role(name="a\x00b"),
    "half a sign": b'{"format": "alcove roles", "version": 1, "roles": [{"key": "a", "name": "\\ud800", "rights": []}]}',
    "no number": b'{"format": "alcove roles", "version": NaN, "roles": []}',
    "long number": b'{"format": "alcove roles", "version": ' + b"9" * 6000 + b', "roles": []}',
    "deep": b"[" * 100_000,
    "too large": b" " * policy.RIGHTS_FILE_MAX_BYTES + b"{}",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_a_sentence_beside_the_field_and_saves_nothing(practice, name):
    with pytest.raises(BadFile) as bad:
        rights_file.read(BAD[name])
    answer = practice.signed_in("owner").post(
        PAGE, {"file": SimpleUploadedFile("rights.json", BAD[name]), "purpose": PURPOSE}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert str(bad.value).replace("'", "&#x27;") in page
    assert PURPOSE in page, "what was typed is lost"
    assert not RightsFile.objects.exists()
    assert not Entry.objects.filter(event__startswith="access.rights_file").exists()


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_file_or_a_sentence(data):
    try:
        rights_file.read(data)
    except BadFile as bad:
        assert str(bad).endswith(".")


def test_reading_gives_what_was_written(practice):
    said = rights_file.read(rights_file.written(Role.objects.all()))
    assert {one.key: set(one.rights) for one in said} == {
        role.key: set(role.rights) for role in Role.objects.all()
    }
    assert all(one.is_empty for one in rights_file.differences(Role.objects.all(), said))
    with_mark = b"\xef\xbb\xbf" + rights_file.written(Role.objects.all())
    assert rights_file.read(with_mark) == said


# The page and the console ------------------------------------------------------------------------------------------


def test_the_page_shows_the_difference_and_a_fresh_owner_approves_it(practice):
    browser = practice.signed_in("owner")
    data = a_file(
        marketing=["marketing.view", "records.view", "all"], bookkeeper=["money.view"], gone_desk=["all"]
    )
    answer = browser.post(PAGE, {"file": SimpleUploadedFile("a.json", data), "purpose": PURPOSE})
    assert answer.status_code == 302
    page = browser.get(PAGE).content.decode()
    assert "They will not be given: a file never widens access." in page
    assert "Read the clinical record" in page and "They become none." in page
    assert "gone_desk" in page and "Roles this practice does not have" in page
    assert "See the difference" in browser.get("/setup/approvals/").content.decode()
    file = RightsFile.objects.get()
    url = reverse("identity:roles_file_decide", args=[file.pk])
    seen = page.split('name="seen" value="')[1].split('"')[0]
    with writing("test"):
        Session.objects.update(proved_at=timezone.now() - timedelta(minutes=30))
    answer = browser.post(url, {"decide": "approve", "seen": seen})
    assert answer.status_code == 302 and "prove" in answer.headers["Location"]
    assert RightsFile.objects.get().decided_at is None
    answer = fresh(practice).post(url, {"decide": "approve", "seen": seen})
    assert answer.headers["Location"] == PAGE + "?done=decided"
    assert Role.objects.get(key="bookkeeper").rights.count("money.view") == 1
    assert "records.view" not in Role.objects.get(key="marketing").rights
    assert not Role.objects.filter(key="gone_desk").exists()
    assert fresh(practice).post(url, {"decide": "approve", "seen": seen}).status_code == 409


def test_a_refusal_on_the_page_says_why_and_is_on_the_log(practice):
    owner = practice.actor("owner")
    file = deeds.bring_file(owner, rights_file.read(a_file(marketing=[])), purpose=PURPOSE)
    second_owner(practice)
    answer = fresh(practice).post(
        reverse("identity:roles_file_decide", args=[file.pk]),
        {"decide": "approve", "seen": rights_file.mark(
            rights_file.differences(Role.objects.all(), rights_file.of_stored(file.roles)))},
    )  # fmt: skip
    assert answer.status_code == 403
    assert "Nobody approves their own file" in answer.content.decode()
    assert Entry.objects.filter(event="access.attempt.refused", object="identity:roles_file_decide").exists()


def test_who_brought_it_may_put_it_aside_and_other_owners_are_told(practice):
    second_owner(practice)
    owner = practice.actor("owner")
    deeds.bring_file(owner, rights_file.read(a_file(marketing=[])), purpose=PURPOSE)
    assert [one.person.name for one in Notice.objects.filter(kind="rights_file")] == ["Sina Second"]
    deeds.refuse_file(owner, RightsFile.objects.get())
    file = RightsFile.objects.get()
    assert file.decided_at and not file.is_approved
    assert Role.objects.get(key="marketing").rights == practice.roles["marketing"].rights


def test_the_download_is_the_file_that_is_read_and_is_on_the_log(practice):
    answer = practice.signed_in("owner").post(reverse("identity:roles_file_download"))
    assert answer["Content-Disposition"] == 'attachment; filename="rights-of-roles.json"'
    assert len(rights_file.read(answer.content)) == Role.objects.count()
    assert Entry.objects.filter(event="access.role.exported").count() == 1
    assert practice.signed_in("manager").post(reverse("identity:roles_file_download")).status_code == 403


def test_the_console_writes_and_brings_a_file(practice, tmp_path, capsys):
    path = tmp_path / "rights.json"
    console = Console(as_json=False)
    assert export_roles(argparse.Namespace(to=path), console) == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert export_roles(argparse.Namespace(to=path), console) == 1
    document = json.loads(path.read_text())
    marketing = next(row for row in document["roles"] if row["key"] == "marketing")
    marketing["rights"] = ["all", "marketing.view", "records.view"]
    path.write_text(json.dumps(document))
    assert import_roles(argparse.Namespace(file=path, why=PURPOSE), console) == 0
    said = capsys.readouterr().out
    assert "+ records.view  (will not be given)" in said and "? all  (unknown, becomes none)" in said
    assert Role.objects.get(key="marketing").rights == practice.roles["marketing"].rights
    assert import_roles(argparse.Namespace(file=path, why="x"), console) == 2
    path.write_bytes(b"{}")
    assert import_roles(argparse.Namespace(file=path, why=PURPOSE), console) == 1
    assert RightsFile.objects.count() == 1
