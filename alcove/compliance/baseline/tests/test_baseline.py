"""Weaknesses are found the day they appear, told once, and gone when they are mended; a sound practice has none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from alcove.compliance.baseline import actions, tasks
from alcove.compliance.baseline.models import Comparison, Weakness
from alcove.compliance.baseline.policy import Baseline
from alcove.compliance.baseline.queries import looks, machine, pages
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict
from alcove.security.access.models import Role
from alcove.security.access.rules import RULES
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions as people
from alcove.security.identity.models import Link, Membership, Notice, Person

JOB = Actor.job("baseline", Baseline.RUN)


@pytest.fixture(autouse=True)
def _a_server(practice, monkeypatch):
    """Let the headers of a really answered page stand for a running server."""
    sent = dict(practice.stranger().get("/sign-in/", secure=True, follow=True).headers)
    monkeypatch.setattr(machine, "served", lambda config: sent)


def found():
    """Compare and return (kind, subject) of what is open."""
    actions.put_down(JOB, looks.look())
    return sorted(pages.unclosed().values_list("kind", "subject"))


def by_hand(statement, *given):
    """What somebody with the database's password does."""
    with writing("a direct edit, for a test"), connection.cursor() as cursor:
        cursor.execute(statement, given)
        assert cursor.rowcount


def widen(role, *rights):
    by_hand(
        "UPDATE access_role SET rights = %s WHERE id = %s", json.dumps([*role.rights, *rights]), role.pk.hex
    )


def test_a_sound_practice_has_no_findings(practice):
    owner = practice.actor("owner")
    for role in ("officer", "front_desk", "practitioner"):
        practice.person(role)
    own = people.add_role(owner, name="Night desk, left", copy_of=practice.roles["front_desk"])
    people.set_rights(owner, own, [*own.rights, "stock.view"])
    people.set_rights(owner, practice.roles["marketing"], [*practice.roles["marketing"].rights, "stock.view"])
    people.set_roles(owner, practice.person("front_desk"), [own])
    people.lend_role(
        owner,
        practice.person("officer"),
        practice.roles["manager"],
        ends_at=timezone.now() + timedelta(days=1),
    )
    assert looks.look().asked == {*looks.LOOKS, looks.UNASKED}
    assert found() == []
    assert Comparison.objects.get().compared == len(looks.LOOKS) + 1
    assert not Notice.objects.filter(kind="baseline").exists()


def test_a_role_widened_by_sql_is_found_told_once_and_gone_when_mended(practice):
    officer, desk = practice.person("officer"), practice.roles["front_desk"]
    assert found() == []
    widen(desk, "records.view")
    assert found() == [("rights", desk.pk.hex)]
    row = Weakness.objects.get()
    assert "Read the clinical record" in row.what
    assert found() == [("rights", desk.pk.hex)]
    assert Notice.objects.filter(person=officer, kind="baseline").count() == 1
    assert Entry.objects.filter(event="baseline.weakness.found").count() == 1
    people.set_rights(practice.actor("owner"), Role.objects.get(pk=desk.pk), desk.rights)
    assert found() == []
    row.refresh_from_db()
    assert row.closed_at is not None
    assert Entry.objects.filter(event="baseline.weakness.closed").count() == 1


def test_a_role_put_in_by_hand_and_a_role_held_by_hand_are_found(practice):
    desk = practice.person("front_desk")
    with writing("a direct edit, for a test"):
        role = Role.objects.create(key="own_x", name="Ghost", rights=["records.view"], is_builtin=True)
        Membership.objects.create(person=desk, role=role)
    assert found() == [("held", f"{desk.pk.hex} {role.pk.hex}"), ("rights", role.pk.hex)]


def test_an_entry_of_the_log_written_by_hand_gives_nothing(practice):
    desk = practice.roles["front_desk"]
    people.set_rights(practice.actor("owner"), desk, [*desk.rights, "stock.view"])
    true = Entry.objects.filter(event="access.role.changed").latest("at_us")
    copied = {field.attname: getattr(true, field.attname) for field in Entry._meta.concrete_fields}
    with writing("a direct edit, for a test"):
        Entry(**copied | {"id": Entry().id, "counter": true.counter + 50, "fields": "+records.view"}).save(
            force_insert=True
        )
    widen(Role.objects.get(pk=desk.pk), "records.view")
    assert found() == [("rights", desk.pk.hex)]


def test_people_links_and_settings_beyond_the_baseline_are_found(practice):
    ghost = Person(email="ghost@clinic.example", name="Gil Ghost")
    late = timezone.now() + timedelta(days=400)
    with writing("a direct edit, for a test"):
        ghost.save()
        link = Link.objects.create(kind="setup", digest="x" * 64, person=ghost, expires_at=late)
    founder = Actor.operator("ground")
    for number in range(policy.OWNERS_MOST):
        people.add_person(
            founder, email=f"o{number}@clinic.example", name=f"Owner {number}", roles=[practice.roles["owner"]],
            is_vouched=True,
        )  # fmt: skip
    by_hand("UPDATE identity_person SET vouched_at = NULL WHERE email = 'o1@clinic.example'")
    people.choose(practice.actor("owner"), RULES["idle.office"], 25)
    unsure = Person.objects.get(email="o1@clinic.example").pk.hex
    assert found() == [("links", link.pk.hex), ("owners", ""), ("rules", "idle.office"), ("vouched", unsure)]


def test_a_practice_stricter_than_the_baseline_has_no_finding(practice):
    people.choose(practice.actor("owner"), RULES["idle.office"], 3)
    assert found() == []


# The machine ----------------------------------------------------------------------------------------------------------


def test_a_header_that_is_missing_or_weaker_is_found(practice):
    sent = machine.served(None)
    assert list(machine.missing(sent)) == []
    without = {name: value for name, value in sent.items() if name != "X-Content-Type-Options"}
    assert [one.subject for one in machine.missing(without)] == ["X-Content-Type-Options"]
    weaker = sent | {"Content-Security-Policy": sent["Content-Security-Policy"].replace("'self';", "'self' 'unsafe-inline';")}  # fmt: skip
    assert [one.subject for one in machine.missing(weaker)] == ["Content-Security-Policy"]


def test_a_server_that_does_not_answer_closes_nothing(practice, monkeypatch):
    sent = machine.served(None)
    monkeypatch.setattr(machine, "served", lambda config: sent | {"X-Frame-Options": ""})
    assert found() == [("headers", "X-Frame-Options")]
    monkeypatch.setattr(machine, "served", lambda config: None)
    assert found() == [("headers", "X-Frame-Options")]
    monkeypatch.setattr(machine, "served", lambda config: sent)
    assert found() == []


def test_a_comparison_that_fails_is_a_finding_and_closes_nothing(practice, monkeypatch):
    widen(practice.roles["front_desk"], "records.view")
    subject = practice.roles["front_desk"].pk.hex
    assert found() == [("rights", subject)]
    monkeypatch.setitem(looks.LOOKS, "rights", lambda: 1 / 0)
    assert found() == [("rights", subject), ("unasked", "rights")]


def test_unsafe_settings_and_open_key_files_are_found(practice, settings):
    settings.DEBUG = True
    path = django_settings.ALCOVE.web_secret_file
    mode = path.stat().st_mode
    path.chmod(0o644)
    try:
        assert found() == [("files", str(path)[-120:]), ("settings", "DEBUG")]
    finally:
        path.chmod(mode)


def test_an_open_file_of_a_buckets_credentials_is_found(practice, settings, tmp_path):
    held = tmp_path / "s3"
    held.write_text("id\nsecret\n")
    url = f"s3://records/a?endpoint=https://store.example&credentials={held}"
    settings.ALCOVE = replace(settings.ALCOVE, files_url=url)
    held.chmod(0o600)
    assert list(machine.files()) == []
    held.chmod(0o640)
    assert [one.subject for one in machine.files()] == [str(held)[-120:]]


def test_a_port_open_to_the_network_is_found(tmp_path):
    line = "  0: {}:{:04X} 00000000:0000 {} 00000000:00000000 00:00000000 00000000  {} 0 1 1 0 100 0 0 10 0\n"
    held = [("00000000", 9000, "0A", 7), ("0100007F", 9001, "0A", 7), ("00000000", 9002, "0A", 8), ("00000000", 9003, "01", 7)]  # fmt: skip
    (tmp_path / "tcp").write_text("head\n" + "".join(line.format(*one) for one in held))
    (tmp_path / "tcp6").write_text("head\n" + line.format("0" * 32, 9004, "0A", 7))
    assert machine.listening(7, tmp_path) == {9000, 9004}


# The officer's page ---------------------------------------------------------------------------------------------------


@pytest.fixture
def weak(practice):
    widen(practice.roles["front_desk"], "records.view")
    found()
    return Weakness.objects.get()


def test_the_officer_accepts_until_a_day_and_then_it_counts_again(practice, weak):
    officer, page = practice.signed_in("officer"), reverse("baseline:weakness", args=[weak.pk])
    overview = reverse("baseline:baseline")
    assert "A role holds rights nobody gave it" in officer.get(overview).content.decode()
    far = (timezone.localdate() + policy.ACCEPTED_MOST + timedelta(days=1)).isoformat()
    wrong = officer.post(page, {"why": "A pilot until June.", "until": far})
    assert (wrong.status_code, "A pilot until June." in wrong.content.decode()) == (422, True)
    assert officer.post(page, {"why": "short", "until": ""}).status_code == 422
    said = {"why": "A pilot until June.", "until": timezone.localdate().isoformat()}
    assert officer.post(page, said).status_code == 302
    assert officer.post(page, said).status_code == 409
    assert "Nothing is weaker than the baseline" in officer.get(overview).content.decode()
    assert Entry.objects.filter(event="baseline.weakness.accepted").count() == 1
    told = Notice.objects.filter(kind="baseline").count()
    found()
    assert Notice.objects.filter(kind="baseline").count() == told
    by_hand("UPDATE baseline_weakness SET accepted_until = %s", timezone.localdate() - timedelta(days=1))
    found()
    weak.refresh_from_db()
    assert weak.accepted_until is None
    assert Entry.objects.filter(event="baseline.weakness.lapsed").count() == 1
    assert Notice.objects.filter(kind="baseline").count() == told + 1


def test_two_accept_it_once(practice, weak):
    actor = practice.actor("officer")
    actions.accept(actor, weak, why="A pilot until June.", until=timezone.localdate())
    with pytest.raises(Conflict):
        actions.accept(actor, Weakness.objects.get(), why="Something else.", until=timezone.localdate())


def test_the_owner_looks_and_compares_and_accepts_nothing(practice, weak):
    owner, page = practice.signed_in("owner"), reverse("baseline:weakness", args=[weak.pk])
    assert owner.get(page).status_code == 200
    assert owner.post(reverse("baseline:baseline")).status_code == 302
    said = {"why": "A pilot until June.", "until": timezone.localdate().isoformat()}
    assert owner.post(page, said).status_code == 403


@pytest.mark.parametrize("role", ["practitioner", "manager", "it_provider", "auditor"])
def test_nobody_else_gets_in(practice, weak, role):
    browser = practice.signed_in(role)
    for name in ("baseline:baseline", "baseline:places"):
        assert browser.get(reverse(name)).status_code == 403
    assert browser.post(reverse("baseline:baseline")).status_code == 403


def test_the_worker_compares_once_a_day(practice):
    tasks.compare_if_due()
    tasks.compare_if_due()
    assert Entry.objects.filter(event="baseline.comparison.made").count() == 1
    with writing("time passes"):
        Comparison.objects.update(at=timezone.now() - timedelta(hours=23))
    tasks.compare_if_due()
    assert Entry.objects.filter(event="baseline.comparison.made").count() == 2
