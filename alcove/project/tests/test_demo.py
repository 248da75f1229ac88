"""The demo practice: the same for a seed, sound in its log, all or nothing; and no door of it in a real practice."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser

from alcove.clinic.clients.actions import create_client
from alcove.clinic.clients.models import Alert, Client, LinkedPerson
from alcove.clinic.clients.queries import directory
from alcove.clinic.clients.queries.names import NameIndex
from alcove.clinic.practice.models import Location
from alcove.clinic.records.models import Amendment, Document, Item, Note, Visit
from alcove.clinic.records.models.signatures import amendment_is_sound, note_is_sound
from alcove.compliance import models as compliance
from alcove.compliance.baseline.models import Weakness
from alcove.operations.releases import queries as releases
from alcove.operations.releases import trusted
from alcove.operations.releases.models import News
from alcove.project.demo import loading, names, watching
from alcove.project.demo.clients import invent
from alcove.project.demo.people import STAFF
from alcove.project.demo.stage import Card, Stage
from alcove.project.founding import found
from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.models import Version
from alcove.security.access.opening import open_client
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.audit import chain, clock
from alcove.security.audit.models import Entry
from alcove.security.audit.telling import demo_time
from alcove.security.identity import tokens
from alcove.security.identity.actions import at_the_door, make_link, use_demo_link
from alcove.security.identity.models import Link, Person, Session
from alcove.security.identity.sessions import COOKIE
from alcove.security.vault import house as vault
from alcove.security.vault import minisign
from alcove.security.vault.errors import VaultShut
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import ClientKey, House

ROOT = Path(__file__).resolve().parents[3]
SEVERAL = 14
NOON = datetime(2026, 11, 18, 20, 7, tzinfo=UTC)
"""A Wednesday at the practice. What a demo of few clients shows depends on the day, and holidays; ``bench/days.py`` tries all."""


def _silent(_total):
    return lambda _steps: None


@pytest.fixture
def demo(db):
    return loading.load(settings.ALCOVE, clients=SEVERAL, seed=7, bar=_silent, at=NOON)


@pytest.fixture
def empty_demo(db):
    return found(settings.ALCOVE, practice="Juniper Skin", owner_email="owner@clinic.example", is_demo=True)


# What is in it --------------------------------------------------------------------------------------------------


def test_a_demo_has_two_locations_eleven_people_and_every_kind_of_record(demo):
    assert vault.house().is_demo
    assert sorted(Location.objects.values_list("name", flat=True)) == ["Oakland", "San Francisco"]
    emails = {staff.email for staff in STAFF}
    assert Person.objects.filter(email__in=emails, suspended_at=None).count() == len(STAFF) == 11
    # Beside them somebody who has just joined and somebody who has left.
    assert Person.objects.filter(kind="staff").exclude(email__in=emails).count() == 2
    held = set(Person.objects.values_list("memberships__role__key", flat=True))
    assert held >= {"owner", "manager", "practitioner", "prescriber", "front_desk", "bookkeeper", "officer"}
    assert Client.objects.count() == SEVERAL
    for model in (Visit, Note, Item, LinkedPerson, Version):
        assert model.objects.count() > SEVERAL / 4, model
    assert set(Note.objects.values_list("state", flat=True)) == {"draft", "signed"}


def test_every_person_who_writes_has_a_note_to_sign_and_the_nurse_has_three(demo):
    drafts = Note.objects.filter(state="draft")
    lily = Person.objects.get(email="lily.tran@juniperskin.example")
    assert drafts.filter(author_id=lily.id).count() >= 3
    writers = set(Note.objects.values_list("author_id", flat=True))
    assert set(drafts.values_list("author_id", flat=True)) == writers


def test_signed_notes_and_amendments_of_the_demo_are_sound_at_the_time_they_were_signed(demo):
    operator = Actor.operator("test")
    for note in Note.objects.filter(state="signed"):
        with keyring():
            open_client(operator, note.client_id)
            assert note_is_sound(note)
            assert note.written_at <= note.signed_at <= datetime.now(UTC)
            for amendment in Amendment.objects.filter(note=note):
                assert amendment_is_sound(amendment, note)


def test_a_misspelt_name_finds_the_clients_it_sounds_like(demo):
    with keyring():
        index = directory.load_now()
        found = index.search("Cathrine Brenan", 10).ids
        operator = Actor.operator("test")
        for one in found:
            open_client(operator, one)
        shown = [Client.objects.get(pk=one).name for one in found]
    assert isinstance(index, NameIndex)
    assert {"Catherine Brennan", "Katherine Brennan"} <= set(shown)


def test_an_alert_of_the_front_desk_and_a_clinical_one_are_kept_apart():
    invented = invent(400, 7, datetime(2026, 11, 20, tzinfo=UTC).date())
    alerts = [alert for one in invented for alert in one.health.alerts]
    assert {alert.kind for alert in alerts} == set(Alert.KINDS)
    assert {alert.severity for alert in alerts} == set(Alert.SEVERITIES)
    assert any("lidocaine" in alert.text for alert in alerts if alert.severity == "critical")
    assert all(not alert.text for alert in alerts if alert.kind == "access")


# The same for a seed --------------------------------------------------------------------------------------------


def _planned(seed: int, at: datetime) -> list[tuple[datetime, int]]:
    stage = Stage(Random(seed), at.date(), at)
    loading.plan(stage, SEVERAL, seed)
    return [(when, order) for when, order, _ in stage.deeds]


def test_the_same_seed_gives_the_same_people_and_the_same_deeds():
    at = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    assert invent(400, 7, at.date()) == invent(400, 7, at.date())
    assert invent(400, 7, at.date()) != invent(400, 8, at.date())
    assert _planned(7, at) == _planned(7, at) != _planned(8, at)


def test_on_every_day_of_a_year_one_is_asked_after_an_alert_and_answers_after_being_asked():
    steps = {"_judge": 0, "_ask": 1, "_answer": 2, "_close": 3}
    for back in range(366):
        at = NOON - timedelta(days=back)
        stage = Stage(Random(7), at.date(), at)
        stage.cards = [Card(one) for one in invent(SEVERAL, 7, at.date())]
        watching.plan(stage)
        stage.deeds.sort(key=lambda item: item[:2])
        for rule, number in (("exports", 4), ("no_reason", 3), ("night", 2)):
            order = [
                steps[deed.func.__name__]
                for _, _, deed in stage.deeds
                if deed.func.__name__ in steps and rule in deed.args
            ]
            assert order == list(range(number)), (at, rule)


def test_dates_are_counted_from_today():
    first, later = (datetime(2026, month, 20, tzinfo=UTC).date() for month in (3, 9))
    ago = [[(day - one.since).days for one in invent(60, 7, day)] for day in (first, later)]
    assert ago[0] == ago[1]


def test_nobody_in_the_demo_can_be_rung_up_or_written_to():
    for one in invent(400, 7, datetime(2026, 11, 20, tzinfo=UTC).date()):
        phones = one.directory["phones"] + [person["phone"] for person in one.people if "phone" in person]
        assert all(re.fullmatch(r"\+1\d{3}55501\d\d", phone) for phone in phones), phones
        mails = one.directory.get("emails", []) + [
            person["email"] for person in one.people if "email" in person
        ]
        assert all(re.search(r"@example\.(com|org|net)$|\.example$", mail) for mail in mails), mails
    assert all(one.email.endswith(".example") for one in STAFF)


def test_names_stand_in_many_scripts_and_those_have_a_latin_reading():
    invented = invent(400, 7, datetime(2026, 11, 20, tzinfo=UTC).date())
    scripts = [one.directory for one in invented if not re.search(r"[A-Za-zÀ-ɏḀ-ỿ]", one.directory["given"])]
    assert len(scripts) > 15
    assert all(
        held.get("reading", "").isprintable() and re.search("[A-Za-z]", held["reading"]) for held in scripts
    )
    given = {one.directory["given"] for one in invented}
    assert {"Catherine", "Katherine", "Kathryn"} <= given
    assert sum(origin.weight for origin in names.ORIGINS) >= 100


# The log --------------------------------------------------------------------------------------------------------


def test_the_log_of_a_demo_verifies_and_its_times_only_go_forward(demo, tmp_path):
    sequencer = chain.Sequencer(tmp_path / "audit.head")
    assert sequencer.link() == Entry.objects.count()
    verdict = chain.verify(tmp_path / "audit.head")
    assert verdict.holds, verdict.faults[:3]
    assert verdict.unlinked == 0
    written = []
    for writer in set(Entry.objects.values_list("writer", flat=True)):
        times = list(Entry.objects.filter(writer=writer).order_by("counter").values_list("at_us", flat=True))
        assert times == sorted(times)
        written += times
    assert max(written) <= time.time_ns() // 1000
    assert min(written) < time.time_ns() // 1000 - timedelta(days=300) // timedelta(microseconds=1)


def test_an_entry_of_the_demo_that_is_changed_is_found(demo, tmp_path):
    chain.Sequencer(tmp_path / "audit.head").link()
    entry = Entry.objects.filter(event="records.record.opened").order_by("at_us").first()
    with writing("a thief"), connection.cursor() as cursor:
        _lift_triggers(cursor)
        cursor.execute("UPDATE audit_entry SET at_us = at_us + 1 WHERE id = %s", [_id(entry.id)])
    verdict = chain.verify(tmp_path / "audit.head")
    assert verdict.first is not None
    assert verdict.first.entry == entry.id.hex


def _id(value):
    return value.hex if connection.vendor == "sqlite" else value


def _lift_triggers(cursor):
    if connection.vendor == "sqlite":
        cursor.execute("DROP TRIGGER audit_entry_no_update")
    else:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")


def test_the_log_of_a_demo_has_life_in_it(demo):
    events = set(Entry.objects.values_list("event", flat=True))
    assert events >= {
        "clients.card.opened", "records.record.opened", "clients.list.shown", "clients.search.done",
        "access.attempt.refused", "identity.session.begun", "identity.session.failed", "identity.session.ended",
        "records.note.signed", "clients.contact.revealed", "audit.log.viewed",
    }  # fmt: skip
    refused = Entry.objects.filter(result="refused")
    assert refused.count() >= 5
    desk = Person.objects.filter(memberships__role__key=RoleKey.FRONT_DESK).values_list("id", flat=True)
    assert refused.filter(actor_id__in=list(desk)).exists()
    since = (time.time_ns() // 1000) - timedelta(days=7) // timedelta(microseconds=1)
    assert Entry.objects.filter(at_us__gt=since).count() > 50
    assert Entry.objects.filter(actor_kind="person", origin_id=None).count() == 0


def test_alerts_of_the_demo_wait_were_answered_and_were_closed_and_a_review_is_signed(demo):
    assert set(compliance.Alert.objects.values_list("state", flat=True)) >= {"open", "answered", "closed"}
    assert set(compliance.Alert.objects.values_list("rule", flat=True)) >= {
        "exports",
        "no_reason",
        "refused",
        "question",
    }
    assert compliance.ActivityReview.objects.count() == 1


def test_of_the_demo_s_weaknesses_some_wait_one_is_accepted_and_some_are_gone(demo):
    found = Weakness.objects.values_list("kind", "accepted_until", "closed_at")
    assert sorted((kind, bool(until), bool(closed)) for kind, until, closed in found) == [
        ("components", False, False),
        ("entrants", False, False),
        ("places", False, False),
        ("rules", False, True),
        ("rules", True, False),
        ("trials", False, False),
        ("trials", False, True),
        ("trials", False, True),
        ("uptime", False, False),
    ]


def test_news_of_the_demo_are_marked_as_made_up_and_its_key_is_trusted_nowhere_else(demo):
    row = News.objects.get()
    assert {one.known.id for one in releases.found(releases.kept(row)) if one.is_overdue} == {"DEMO-0001"}
    assert all(
        "Made up for the demo" in one["summary"]
        for one in (*row.document["releases"], *row.document["weaknesses"])
    )
    assert trusted.keys(settings.ALCOVE) == ()
    assert row.key not in {minisign.name(one) for one in trusted.SHIPPED}


def test_what_a_deed_made_bears_the_moment_of_its_entry(demo):
    for event, model, moment in (
        ("clients.client.created", Client, "created_at"),
        ("records.note.added", Note, "written_at"),
        ("records.item.added", Item, "created_at"),
    ):
        everything = getattr(model, "everything", model.objects)  # sensitive ones are not in sight here
        rows = {row.pk.hex: getattr(row, moment) for row in everything.all()}
        for entry in Entry.objects.filter(event=event):
            assert rows[entry.object.split(" ")[1]] == entry.at


# All or nothing -------------------------------------------------------------------------------------------------


def test_a_load_that_is_interrupted_leaves_nothing_and_can_be_begun_again(db):
    before = _files()
    done = []

    def bar(total):
        def advance(steps):
            done.append(steps)
            if Document.objects.exists() and len(done) > 200:
                raise KeyboardInterrupt

        return advance

    with pytest.raises(KeyboardInterrupt):
        loading.load(settings.ALCOVE, clients=60, seed=7, bar=bar)
    for model in (House, ClientKey, Client, Note, Person, Session, Entry):
        assert not model.objects.exists(), model
    assert _files() == before
    loading.load(settings.ALCOVE, clients=3, seed=7, bar=_silent)
    assert Client.objects.count() == 3
    chain.Sequencer(None).link()
    assert chain.verify().holds


def _files() -> set[Path]:
    return {path for path in settings.ALCOVE.files.rglob("*") if path.is_file()}


# The clock ------------------------------------------------------------------------------------------------------


def test_nobody_tells_the_time_of_a_real_practice(practice):
    owner, before = practice.actor("owner"), Entry.objects.count()
    with demo_time() as tell:
        tell(datetime(2020, 1, 1, tzinfo=UTC))
        with pytest.raises(clock.NoDemo):
            create_client(owner, directory={"given": "Ada", "born": "1990-01-01"})
        with pytest.raises(clock.NoDemo):
            clock.microseconds()
    assert Entry.objects.count() == before
    assert not Client.objects.exists()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_time_of_a_demo_goes_forward_and_never_past_now(empty_demo):
    with demo_time() as tell:
        tell(datetime(2020, 1, 2, tzinfo=UTC))
        assert clock.now() == datetime(2020, 1, 2, tzinfo=UTC)
        assert clock.microseconds() == 1_577_923_200_000_000
        with pytest.raises(ValueError):
            tell(datetime(2020, 1, 1, tzinfo=UTC))
        with pytest.raises(ValueError):
            tell(datetime.now(UTC) + timedelta(minutes=1))
    assert clock.now().year >= 2026


# The door -------------------------------------------------------------------------------------------------------


def _planted_link(person: Person) -> str:
    """Write a demo link into the database by hand, as a thief with its password could."""
    token, digest = tokens.new_token()
    with writing("a thief"):
        Link.objects.create(
            kind="demo", digest=digest, person=person, expires_at=datetime.now(UTC) + timedelta(hours=1)
        )
    return token


def test_a_demo_link_signs_in_once(empty_demo):
    link = make_link(Actor.operator("test"), empty_demo.owner, kind="demo")
    browser = Browser(headers={"host": "localhost"})
    answer = browser.get(f"/demo/{link.token}/")
    assert answer.status_code == 302
    assert COOKIE in browser.cookies
    assert Browser(headers={"host": "localhost"}).get(f"/demo/{link.token}/").status_code == 410
    home = browser.get("/")
    assert home.status_code == 200
    assert b"Every person here is invented" in home.content


def test_a_real_practice_makes_no_demo_link(practice):
    with pytest.raises(Refused):
        make_link(practice.actor("owner"), practice.owner, kind="demo")
    with pytest.raises(Refused):
        make_link(Actor.operator("test"), practice.owner, kind="demo")
    assert not Link.objects.exists()


def test_in_a_real_practice_the_demo_door_answers_404_even_with_a_planted_link(practice):
    token = _planted_link(practice.owner)
    browser = Browser(headers={"host": "localhost"})
    assert browser.get(f"/demo/{token}/").status_code == 404
    assert browser.get("/demo/anything/").status_code == 404
    assert COOKIE not in browser.cookies
    assert not Session.objects.exists()
    with pytest.raises(NotFound):
        use_demo_link(at_the_door(Actor.stranger()), token)


def test_calling_a_real_practice_a_demo_in_the_database_shuts_the_vault_instead_of_opening_the_door(practice):
    token = _planted_link(practice.owner)
    with writing("a thief"), connection.cursor() as cursor:
        cursor.execute("UPDATE vault_house SET is_demo = %s", [True])
    # The running process has what it opened at its start, and stays a real practice.
    assert Browser(headers={"host": "localhost"}).get(f"/demo/{token}/").status_code in {404, 503}
    vault.forget()
    with pytest.raises(VaultShut):
        vault.unlock()
    answer = Browser(headers={"host": "localhost"}).get(f"/demo/{token}/")
    assert answer.status_code == 503
    assert not Session.objects.exists()


# The command ----------------------------------------------------------------------------------------------------


def _alcove(home: Path, *words: str, check: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "alcove.project.cli", *words], cwd=ROOT, env=_environment(home),
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == check, done.stderr
    return done.stdout


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALCOVE_")}
    return kept | {"ALCOVE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "alcove.project.settings"}


def _counts(home: Path) -> dict[str, int]:
    import sqlite3

    with sqlite3.connect(home / "alcove.sqlite3") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}


def test_a_real_practice_refuses_a_demo_and_a_demo_link_and_nothing_is_changed(tmp_path):
    _alcove(tmp_path, "init", "--practice", "Real Skin", "--owner-email", "owner@real.example", "--yes")
    before = _counts(tmp_path)
    _alcove(tmp_path, "demo", "load", "--clients", "3", check=1)
    _alcove(tmp_path, "demo", "link", "--role", "owner", check=1)
    assert _counts(tmp_path) == before


def test_the_demo_is_loaded_once_and_served_with_a_link_for_each_role(tmp_path):
    said = json.loads(_alcove(tmp_path, "demo", "load", "--clients", "4", "--json"))
    assert (said["clients"], said["people"]) == (4, 11)
    assert (
        json.loads(_alcove(tmp_path, "demo", "link", "--role", "owner", "--json"))["person"] == STAFF[0].name
    )
    _alcove(tmp_path, "demo", "link", "--role", "auditor", check=1)
    before = _counts(tmp_path)
    _alcove(tmp_path, "demo", "load", check=1)
    assert _counts(tmp_path) == before
    assert before["audit_block"] >= 1
    assert (tmp_path / "log" / "audit.head").exists()
    assert "holds" in _alcove(tmp_path, "audit", "verify")
    _look_at_a_running_demo(tmp_path)


def _look_at_a_running_demo(home: Path) -> None:
    port = _free_port()
    environment = _environment(home) | {"ALCOVE_BIND": f"127.0.0.1:{port}", "ALCOVE_WEB_PROCESSES": "1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "alcove.project.cli", "run"], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        said = ""
        assert server.stdout is not None
        for line in server.stdout:
            said += line
            if line.startswith("Ctrl-C"):
                break
        links = dict(re.findall(rf"^  (\S[\w ]+?) +https://localhost:{port}(/demo/\S+)$", said, re.MULTILINE))
        assert set(links) == {
            "Owner", "Manager", "Practitioner", "Prescriber", "Front desk", "Bookkeeper", "Compliance officer",
        }  # fmt: skip
        status, cookie, _ = _get(port, links["Practitioner"])
        assert status == 302
        status, _, page = _get(port, "/", cookie)
        assert (status, "Every person here is invented" in page) == (200, True)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=300)
    assert server.returncode == 0


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def _get(port: int, path: str, cookie: str = "") -> tuple[int, str, str]:
    trusting = ssl._create_unverified_context()
    for _ in range(400):
        try:
            talk = http.client.HTTPSConnection("localhost", port, timeout=120, context=trusting)
            talk.request("GET", path, headers={"Cookie": cookie})
        except OSError:
            time.sleep(0.2)
            continue
        answer = talk.getresponse()
        page = answer.read().decode()
        talk.close()
        cookies = [
            text.partition(";")[0] for name, text in answer.getheaders() if name.lower() == "set-cookie"
        ]
        return answer.status, next((text for text in cookies if text.startswith(COOKIE)), ""), page
    raise AssertionError("the server did not come up")
