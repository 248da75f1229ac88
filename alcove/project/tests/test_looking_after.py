"""What the worker sweeps away by itself, and what doctor and key status say: nothing silently left lying."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from alcove.clinic.clients.models import ContactToken
from alcove.console import Console
from alcove.project import wiring
from alcove.project.commands import doctor
from alcove.security import policy_defaults as policy
from alcove.security.access import commands
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import tasks, tokens
from alcove.security.identity.models import HandOver, Session
from alcove.security.identity.oidc import wire
from alcove.security.identity.tests.directory import CLIENT_ID, SECRET, Directory
from alcove.security.jobs import queue
from alcove.security.jobs.models import Job

# The worker -------------------------------------------------------------------------------------------------------


@pytest.fixture
def session(practice):
    with writing("test"):
        return Session.objects.create(
            person=practice.person("practitioner"), digest=tokens.new_token()[1], method="test"
        )


def a_hand_over(session, client, *, started=timedelta(), seen=timedelta()):
    now = timezone.now()
    with writing("test"):
        return HandOver.objects.create(
            digest=tokens.new_token()[1], client_id=client.id, session=session, tasks=["contact"],
            started_at=now - started, seen_at=now - seen,
        )  # fmt: skip


def test_tablets_nobody_touches_are_ended_at_their_limit_with_an_entry(session, client_card):
    second = timedelta(seconds=1)
    living = a_hand_over(session, client_card, seen=policy.HAND_OVER_IDLE - timedelta(seconds=20))
    idle = a_hand_over(session, client_card, seen=policy.HAND_OVER_IDLE + second)
    old = a_hand_over(session, client_card, started=policy.HAND_OVER_LIFE + second)
    tasks.end_hand_overs()
    tasks.end_hand_overs()
    for row in (living, idle, old):
        row.refresh_from_db()
    assert [row.ended_how for row in (living, idle, old)] == ["", "idle", "time"]
    entries = Entry.objects.filter(event="identity.tablet.ended")
    assert sorted(entry.fields for entry in entries) == ["idle", "time"]
    assert {entry.client_id for entry in entries} == {client_card.id}


def test_done_jobs_go_after_their_days_and_failed_ones_stay(practice):
    long_ago = timezone.now() - policy.JOBS_KEPT - timedelta(hours=1)
    for state, ended in (
        ("done", long_ago), ("done", timezone.now()), ("failed", long_ago), ("waiting", None),
    ):  # fmt: skip
        Job.objects.create(name="x", state=state, ended_at=ended, created_at=long_ago)
    assert queue.forget_done() == 1
    assert queue.forget_done() == 0
    assert sorted(Job.objects.values_list("state", flat=True)) == ["done", "failed", "waiting"]


def test_the_worker_does_all_of_it():
    names = {item.run for item in wiring.schedule()}
    assert {
        tasks.end_hand_overs, tasks.forget_old_drafts, tasks.forget_old_effort, queue.forget_done,
    } <= names  # fmt: skip


# Key status -------------------------------------------------------------------------------------------------------


def said(capsys, deed):
    deed(argparse.Namespace(tls=False), Console(as_json=False))
    return capsys.readouterr().out


def test_key_status_counts_contact_values_that_are_cut_another_way(practice, client_card, capsys):
    assert "contact values" not in said(capsys, commands.status)
    with writing("test"):
        row = ContactToken.objects.all()[0]
        ContactToken.objects.filter(pk=row.pk).update(bits=row.bits + 1)
    assert "1 contact values are still to be cut anew" in said(capsys, commands.status)


# Doctor -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def directory(practice, settings, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    made = Directory()
    settings.ALCOVE = replace(
        django_settings.ALCOVE, oidc_issuer=made.issuer, oidc_client_id=CLIENT_ID, oidc_secret_file=secret
    )
    yield made
    made.close()
    wire.forget()


def about_directory():
    return [(found.state, found.sentence) for found in doctor._directory()]


def test_doctor_says_nothing_of_a_directory_that_nobody_configured(practice):
    assert about_directory() == []


def test_doctor_asks_the_directory_itself(directory):
    assert about_directory() == [("ok", f"{directory.issuer} answers under its own name, with 1 key")]


def test_doctor_asks_anew_each_time(directory):
    assert about_directory()[0][0] == "ok"
    directory.said = {"issuer": "https://elsewhere.example"}
    (found,) = doctor._directory()
    assert (found.state, found.sentence.endswith("another issuer")) == ("bad", True)
    assert "ALCOVE_OIDC_ISSUER" in found.advice


def test_doctor_sees_a_directory_that_does_not_answer(directory):
    directory.answer = (500, b"secret words of the directory")
    (found,) = doctor._directory()
    assert found.state == "bad" and "HTTP 500" in found.sentence
    assert "secret words" not in found.sentence + found.advice


def test_doctor_sees_a_directory_without_keys_and_a_secret_that_is_gone(directory, settings, tmp_path):
    directory.keys = []
    settings.ALCOVE = replace(settings.ALCOVE, oidc_secret_file=tmp_path / "none")
    assert [state for state, _ in about_directory()] == ["ok", "bad", "bad"]
