"""The lockbox: on a hosted installation no verb of the console opens practice data without an owner's leave."""

from __future__ import annotations

import argparse
import ast
import json
import os
import pwd
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients.actions import limit_client
from alcove.config import load
from alcove.console import Command, Console, OnHost
from alcove.project import cli, lockbox
from alcove.project.cli import _commands
from alcove.project.commands.search import search
from alcove.security import policy_defaults as policy
from alcove.security.access import opening, rules
from alcove.security.access.actors import Actor, Leave, by_leave
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.guards import guard
from alcove.security.access.lockbox import NotLetIn
from alcove.security.access.models import Setting, SupportAccess, SupportAttempt
from alcove.security.access.policy import Open
from alcove.security.access.rules import RULES
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.actions import choose, support
from alcove.security.identity.commands import ask_support
from alcove.security.identity.models import Notice, Person, Session
from alcove.security.identity.queries import support as queries
from alcove.security.vault.keyring import keyring
from tests.house.rules import ROOT

ME = Console(as_json=False).operator
REASON = "the nightly backup fails since Tuesday"
SHOWS_NONE = {
    "audit checkpoint", "audit verify", "backup drill", "backup list", "backup prune", "backup restore", "backup run",
    "backup verify", "demo link", "demo load", "doctor", "init", "keys destroy", "keys export", "keys rewrap",
    "keys rotate", "keys status", "prove", "release news", "release verify", "run", "serve", "support ask", "support status",
    "upgrade",
}  # fmt: skip
"""Verbs a host's operator may run without leave: none of them prints what the practice keeps."""
NEVER = {"people add", "people reset-factors"}


@pytest.fixture
def hosted(settings, practice):
    settings.ALCOVE = replace(settings.ALCOVE, hosted=True)
    with writing("test"):
        Setting.objects.create(key=queries.HOSTED, value=1)
    return practice


@pytest.fixture
def console(capsys):
    return Console(as_json=False)


def asked(hours=2, operator=ME):
    return support.ask(Actor.operator(operator), operator, name="Jonas Keller", reason=REASON, hours=hours)


def let_in(practice, hours=2, operator=ME):
    access = asked(hours, operator)
    support.decide(practice.actor("owner"), access, is_granted=True)
    return access


def at(access, **moments):
    with writing("test"):
        SupportAccess.objects.filter(pk=access.pk).update(**moments)


def verb(words="export client", on_host=OnHost.APPROVED, run=lambda *_: 0):
    return Command(tuple(words.split()), "", run, on_host=on_host)


def attempts():
    return Entry.objects.filter(event="access.support.turned_away")


# Without leave -----------------------------------------------------------------------------------------------------


def test_a_verb_without_leave_is_refused_and_the_practice_sees_the_attempt(hosted, client_card, console):
    with pytest.raises(NotLetIn), lockbox.let_in(verb(), console):
        pytest.fail("the verb ran")
    entry = attempts().get()
    assert (entry.result, entry.actor_kind, entry.role) == ("refused", "operator", f"operator {ME}")
    assert (entry.object, entry.fields) == ("console export client", "support.access")
    assert SupportAttempt.objects.get().verb == "export client"
    told = Notice.objects.get(kind="support_attempt")
    assert told.person == hosted.owner and "was refused" in told.content["text"]
    page = hosted.signed_in("owner").get("/setup/support/").content.decode()
    assert "alcove export client" in page
    assert (
        "tried to reach practice data"
        in hosted.signed_in("owner").get("/compliance/log/").content.decode().lower()
    )


def test_the_command_itself_ends_with_one_and_prints_no_client(hosted, client_card, monkeypatch, capsys):
    monkeypatch.setattr("pathlib.Path.exists", lambda _path: True)
    given = argparse.Namespace(json=False, text="Catherine", command=next(
        one for one in _commands() if one.words == ("search",)
    ))  # fmt: skip
    assert cli._run(given) == 1
    said = capsys.readouterr()
    assert "alcove support ask" in said.err and "Catherine" not in said.out + said.err
    let_in(hosted)
    assert cli._run(given) == 0
    assert "Catherine" in capsys.readouterr().out


def test_owners_are_mailed_once_an_hour_and_every_attempt_is_kept(hosted, console):
    for _ in range(4):
        with pytest.raises(NotLetIn), lockbox.let_in(verb(), console):
            pass
    assert attempts().count() == SupportAttempt.objects.count() == 4
    assert Notice.objects.filter(kind="support_attempt").count() == 1


def test_every_verb_says_whether_it_shows_data_and_all_others_are_refused(hosted, console):
    by_kind = {kind: {" ".join(one.words) for one in _commands() if one.on_host == kind} for kind in OnHost}
    assert by_kind[OnHost.OPEN] == SHOWS_NONE
    assert by_kind[OnHost.NEVER] == NEVER
    assert {"search", "export client", "people list", "audit export", "import fhir"} <= by_kind[
        OnHost.APPROVED
    ]
    for command in _commands():
        if command.on_host != OnHost.OPEN:
            with pytest.raises(NotLetIn), lockbox.let_in(command, console):
                pytest.fail(f"{command.words} ran")


def test_a_new_verb_that_says_nothing_counts_as_one_that_shows_data():
    assert Command(("new",), "", lambda *_: 0).on_host == OnHost.APPROVED


@pytest.mark.parametrize("words", sorted(NEVER))
def test_no_account_and_no_link_is_made_even_with_leave(hosted, console, words):
    let_in(hosted)
    command = next(one for one in _commands() if " ".join(one.words) == words)
    with pytest.raises(NotLetIn, match="would outlive"), lockbox.let_in(command, console):
        pytest.fail("it ran")
    assert attempts().count() == 1


ROADS = {
    "client": lambda who, card: opening.open_client(who, card.pk),
    "list": lambda who, card: opening.open_directories(who, [card.pk]),
    "everyone": lambda who, _card: opening.open_all_directories(who, "test"),
    "parts": lambda who, _card: opening.parts_for(who),
}


@pytest.mark.parametrize("road", ROADS)
def test_the_kernel_refuses_by_itself_what_the_door_forgot(hosted, client_card, road):
    with keyring(), pytest.raises(NotLetIn):
        ROADS[road](Actor.operator("root"), client_card)
    assert not Entry.objects.filter(actor_kind="operator", client_id=client_card.pk).exists()


# With leave --------------------------------------------------------------------------------------------------------


def test_with_leave_each_look_carries_its_id_and_reason_and_the_page_lists_it(hosted, client_card, console):
    access = let_in(hosted)
    with lockbox.let_in(verb(), console), keyring():
        opening.open_client(Actor.operator(console.operator), client_card.pk)
    look = Entry.objects.get(client_id=client_card.pk, actor_kind="operator")
    assert look.role == f"operator {ME} (Jonas Keller), support {access.pk.hex}"
    assert look.reason, "the reason is sealed beside it"
    log = hosted.signed_in("owner").get("/compliance/log/", {"client": str(client_card.pk)}).content.decode()
    assert REASON in log and access.pk.hex in log
    page = hosted.signed_in("owner").get("/setup/support/").content.decode()
    assert "Jonas Keller" in page and "2 things done meanwhile" in page and "data-countdown" in page
    assert str(client_card.pk)[-12:] in page and "ran “alcove export client”" in page.lower()


def test_search_on_the_console_works_with_leave_and_is_listed(hosted, client_card, console, capsys):
    access = let_in(hosted)
    given = argparse.Namespace(text="Catherine", json=False)
    with lockbox.let_in(verb("search"), console):
        assert search(given, console) == 0
    assert "Catherine" in capsys.readouterr().out
    assert [one.clients for one in queries.looks(access.__class__.objects.get())][-1] == 1


def test_leave_is_one_system_accounts_and_no_other(hosted, console):
    let_in(hosted, operator="somebody")
    with pytest.raises(NotLetIn), lockbox.let_in(verb(), console):
        pytest.fail("another account's leave")


@pytest.mark.parametrize("how", ["waiting", "refused", "over", "ended"])
def test_no_leave_that_is_not_in_force_lets_in(hosted, client_card, console, how):
    access = asked()
    if how == "refused":
        support.decide(hosted.actor("owner"), access, is_granted=False)
    elif how != "waiting":
        support.decide(hosted.actor("owner"), access, is_granted=True)
    if how == "over":
        at(access, until=timezone.now())
    elif how == "ended":
        support.end(hosted.actor("officer"), SupportAccess.objects.get())
    with pytest.raises(NotLetIn), lockbox.let_in(verb(), console):
        pytest.fail("it ran")
    leave = Leave(access.pk, "Jonas Keller", REASON)
    with by_leave(leave), keyring(), pytest.raises(NotLetIn):
        opening.open_client(Actor.operator("root"), client_card.pk)


def test_ending_it_stops_a_verb_that_is_under_way(hosted, client_card, console):
    let_in(hosted)

    def look_twice():
        with lockbox.let_in(verb(), console), keyring():
            opening.open_client(Actor.operator(console.operator), client_card.pk)
            support.end(hosted.actor("owner"), SupportAccess.objects.get())
            opening.open_client(Actor.operator(console.operator), client_card.pk)

    with pytest.raises(NotLetIn):
        look_twice()
    assert Entry.objects.filter(client_id=client_card.pk, actor_kind="operator").count() == 1
    assert attempts().count() == 1


def test_a_client_of_a_care_team_does_not_exist_for_the_hosts_operator(hosted, client_card, console):
    owner = hosted.actor("owner")
    with keyring():
        opening.open_client(owner, client_card.pk)
        limit_client(owner, client_card)
    let_in(hosted)
    with lockbox.let_in(verb(), console), keyring():
        operator = Actor.operator(console.operator)
        with pytest.raises(NotFound):
            opening.open_client(operator, client_card.pk)
        assert opening.open_directories(operator, [client_card.pk]) == []
    with lockbox.let_in(verb("search"), console):
        assert search(argparse.Namespace(text="Catherine", json=False), console) == 1


def test_where_records_ask_for_a_reason_of_care_the_record_stays_shut(hosted, client_card, console):
    choose(hosted.actor("owner"), RULES["care.reason"], 1)
    let_in(hosted)
    with lockbox.let_in(verb(), console), keyring():
        stands = opening.open_client(Actor.operator(console.operator), client_card.pk)
        assert stands.holds(Open.DIRECTORY) and not stands.holds(Open.RECORD)
    rules.forget()


# Asking and deciding -----------------------------------------------------------------------------------------------


def test_an_access_never_lasts_longer_than_four_hours(hosted):
    longest = support.MOST_HOURS
    assert longest == 4
    before = timezone.now()
    access = let_in(hosted, longest)
    assert access.until <= timezone.now() + policy.OPERATOR_ACCESS and access.until > before
    late = asked(1)
    with writing("a request that was tampered with"):
        SupportAccess.objects.filter(pk=late.pk).update(hours=999)
    late.refresh_from_db()
    support.decide(hosted.actor("owner"), late, is_granted=True)
    assert late.until <= timezone.now() + policy.OPERATOR_ACCESS


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"hours": 0}, "--hours"),
        ({"hours": 5}, "--hours"),
        ({"hours": -1}, "--hours"),
        ({"reason": "x"}, "--reason"),
        ({"reason": " " * 30}, "--reason"),
        ({"reason": "x" * 501}, "--reason"),
        ({"name": ""}, "--name"),
        ({"name": "Admin"}, "--name"),
        ({"name": "Jonas\u202eKeller"}, "--name"),
        ({"name": "x" * 41}, "--name"),
    ],
)
def test_a_request_names_a_person_a_reason_and_a_time(hosted, given, word):
    with pytest.raises(support.BadRequest, match=word):
        support.ask(Actor.operator(ME), ME, **{"name": "Jonas Keller", "reason": REASON, "hours": 1} | given)
    assert not SupportAccess.objects.exists()


def test_only_an_owner_who_is_signed_in_lets_the_operator_in(hosted):
    access = asked()
    for actor in (
        Actor.operator(ME),
        hosted.actor("manager"),
        hosted.actor("officer"),
        hosted.actor("it_provider"),
    ):
        with pytest.raises(Refused):
            support.decide(actor, access, is_granted=True)
    wide = replace(hosted.actor("manager"), rights=hosted.actor("owner").rights)
    with pytest.raises(Refused):
        support.decide(wide, access, is_granted=True)
    assert SupportAccess.objects.get().decided_at is None


def test_the_page_asks_for_a_fresh_sign_in_then_lets_in_and_ends(hosted, client_card):
    access = asked()
    browser = hosted.signed_in("owner")
    page = browser.get("/setup/support/").content.decode()
    assert REASON in page and "Let in for 2 hours" in page
    assert "Support access for the host" in browser.get("/setup/approvals/").content.decode()
    url, end = (
        reverse("identity:support_decide", args=[access.pk]),
        reverse("identity:support_end", args=[access.pk]),
    )
    with writing("test"):
        Session.objects.update(proved_at=timezone.now() - timedelta(minutes=30))
    assert "prove" in browser.post(url, {"decide": "approve"}).headers["Location"]
    assert SupportAccess.objects.get().decided_at is None
    assert browser.post(end).status_code == 409
    with writing("test"):
        Session.objects.update(proved_at=timezone.now())
    assert browser.post(url, {"decide": "approve"}).status_code == 302
    assert browser.post(url, {"decide": "refuse"}).status_code == 409
    assert SupportAccess.objects.get().is_granted
    assert hosted.signed_in("manager").post(url, {"decide": "approve"}).status_code == 403
    assert hosted.signed_in("manager").post(end).status_code == 302
    assert "Ended by Manager Tester" in browser.get("/setup/support/").content.decode()


def test_a_request_of_last_week_lets_nobody_in(hosted):
    access = asked()
    at(access, ends_at=timezone.now())
    with pytest.raises(Conflict):
        support.decide(hosted.actor("owner"), SupportAccess.objects.get(), is_granted=True)


# Hosted or not -----------------------------------------------------------------------------------------------------


def test_where_the_practice_has_the_machine_nothing_stands_in_the_way(practice, client_card, console):
    ran = []
    with lockbox.let_in(verb(), console), keyring():
        opening.open_client(Actor.operator(console.operator), client_card.pk)
        ran.append(True)
    assert ran and not attempts().exists()
    given = argparse.Namespace(name="Jonas Keller", reason=REASON, hours=1)
    assert ask_support(given, console) == 2
    assert not SupportAccess.objects.exists()
    page = practice.signed_in("owner").get("/setup/support/").content.decode()
    assert "This installation is not hosted now." in page


def test_taking_the_setting_away_is_on_the_log_and_told_to_the_owners(hosted, settings, console):
    settings.ALCOVE = replace(settings.ALCOVE, hosted=False)
    with lockbox.let_in(verb(), console):
        pass
    changed = Entry.objects.get(event="access.hosting.changed")
    assert changed.fields == "the practice's own"
    assert "switched off" in Notice.objects.get(kind="hosting").content["subject"]
    with lockbox.let_in(verb(), console):
        pass
    assert Notice.objects.filter(kind="hosting").count() == 1
    settings.ALCOVE = replace(settings.ALCOVE, hosted=True)
    lockbox.remember(console)
    newest = Entry.objects.filter(event="access.hosting.changed").newest_first().first()
    assert newest.fields == "a host's"


def test_the_setting_is_off_at_first_and_read_from_the_environment():
    assert load({"ALCOVE_HOME": "/tmp/x"}).hosted is False
    assert load({"ALCOVE_HOME": "/tmp/x", "ALCOVE_HOSTED": "yes"}).hosted is True


def test_the_systems_word_counts_for_who_has_the_console(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert Console(as_json=False).operator == pwd.getpwuid(os.getuid()).pw_name


# No way in by the web ----------------------------------------------------------------------------------------------


def test_no_account_is_an_operators(practice):
    assert {kind.value for kind in Person.Kind} == {"staff", "patient"}
    with pytest.raises(IntegrityError), transaction.atomic(), writing("test"):
        Person.objects.create(kind="operator", name="Jonas Keller", email="jonas@host.example")
    with pytest.raises(IntegrityError), transaction.atomic(), writing("test"):
        Person.objects.filter(pk=practice.owner.pk).update(kind="operator")


@pytest.mark.parametrize("actor", [Actor.operator("root"), Actor.job("x", Open.DIRECTORY)])
def test_no_page_answers_the_console_or_the_worker(practice, actor):
    @guard(GET=Open.DIRECTORY)
    def page(_request):
        return HttpResponse("names")

    request = RequestFactory().get("/x/")
    request.actor, request.resolver_match = actor, None
    with pytest.raises(Refused):
        page(request)
    assert Entry.objects.filter(event="access.attempt.refused", actor_kind=actor.kind).exists()


def test_nothing_of_the_web_builds_an_operator():
    makers = set()
    for file in ROOT.glob("alcove/**/*.py"):
        path = file.relative_to(ROOT).as_posix()
        if "/tests/" in path:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "operator"
                and ast.unparse(node.value) == "Actor"
            ):
                makers.add(path)
    stray = {
        path for path in makers
        if not any(part in path for part in ("commands", "alcove/project/"))
    }  # fmt: skip
    assert makers and not stray


def test_the_command_on_a_hosted_machine_from_end_to_end(tmp_path):
    home = tmp_path / "home"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("ALCOVE_")},
        "ALCOVE_HOME": str(home), "ALCOVE_HOSTED": "yes", "PYTHONPATH": str(ROOT),
    }  # fmt: skip

    def alcove(*words):
        program = "from alcove.project.cli import main; raise SystemExit(main())"
        return subprocess.run(
            [sys.executable, "-c", program, *words], env=environment, capture_output=True, text=True, check=False,
            cwd=ROOT,
        )  # fmt: skip

    assert alcove("init", "--practice", "P", "--owner-email", "o@clinic.example", "--yes").returncode == 0
    for words in (("people", "list"), ("search", "x"), ("people", "reset-factors", "o@clinic.example")):
        refused = alcove(*words)
        assert refused.returncode == 1 and "o@clinic.example" not in refused.stdout, refused.stdout
    said = alcove("support", "ask", "--name", "Jonas Keller", "--reason", REASON, "--json")
    assert said.returncode == 0 and json.loads(said.stdout)["state"] == "waiting"
    assert alcove("support", "status").returncode == 1
    assert (
        alcove("support", "ask", "--name", "Jonas Keller", "--reason", REASON, "--hours", "5").returncode == 2
    )
    assert alcove("audit", "verify").returncode == 0
