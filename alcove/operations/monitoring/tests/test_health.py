"""Each part is seen failing, whoever is to know is told in time and once, and strangers learn nothing (FND-06, WAT-01)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from alcove.operations.monitoring import actions, queries, tasks
from alcove.operations.monitoring.models import Part
from alcove.operations.monitoring.policy import Health
from alcove.operations.monitoring.queries import Look
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, NothingRecorded
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice, Person
from alcove.security.jobs import queue
from alcove.security.jobs.models import Beat, Job
from alcove.security.vault.tests.bucket import in_bucket

BAD, OK, WARN = Part.State.BAD, Part.State.OK, Part.State.WARN


def worker():
    return Actor.job("health", Health.WATCH)


def round_of(state, key="disk", sentence="0.1 GiB are free."):
    """Note one look; return how many messages were decided on."""
    try:
        return actions.note(worker(), [Look(key, state, sentence)])
    except NothingRecorded:
        return 0


def told():
    return list(Notice.objects.filter(kind=actions.NOTICE).order_by("created_at", "id"))


def subjects():
    return [one.content["subject"] for one in told()]


def aged(**fields):
    with writing("time goes by"):
        Part.objects.update(**fields)


# Looks -------------------------------------------------------------------------------------------------------------


def one(key):
    return next(look for look in queries.looks() if look.key == key)


def test_a_worker_that_stops_is_seen_within_a_minute_and_readiness_says_so(practice, client):
    assert one("worker").state == BAD
    assert client.get("/health/ready", secure=True).status_code == 503
    with writing("a sign of life"):
        queue.beat("worker")
    assert one("worker").state == OK
    assert client.get("/health/ready", secure=True).status_code == 200
    with writing("time goes by"):
        Beat.objects.update(at=timezone.now() - timedelta(seconds=60))
    assert one("worker").state == BAD
    answer = client.get("/health/ready", secure=True)
    assert (answer.status_code, answer.content) == (503, b"not ready\n")


def test_work_that_waits_too_long_and_work_that_failed(practice):
    assert one("jobs").state == OK
    with writing("jobs"):
        failed = Job.objects.create(name="x", state="failed", ended_at=timezone.now())
        assert one("jobs").state == WARN
        failed.delete()
        Job.objects.create(name="x", due_at=timezone.now() - policy.JOB_LATE * 2)
    assert one("jobs").state == BAD


@pytest.mark.parametrize(("mib", "state"), [(10_000, OK), (1_000, WARN), (100, BAD)])
def test_a_disk_that_fills(practice, mib, state):
    with mock.patch.object(queries.shutil, "disk_usage", return_value=mock.Mock(free=mib * 2**20)):
        assert one("disk").state == state


def test_a_bucket_of_files_that_does_not_answer(practice, tmp_path):
    key = tmp_path / "s3"
    key.write_text("id\nsecret\n")
    with in_bucket(None, f"s3://b-nowhere/x?endpoint=http://127.0.0.1:9&region=us-east-1&credentials={key}"):
        look = one("disk")
    assert (look.state, "alcove doctor says why" in look.sentence) == (BAD, True)
    assert "nowhere" not in look.sentence


def test_messages_that_were_tried_and_wait(practice, settings):
    assert one("mail").state == WARN
    settings.ALCOVE = replace(settings.ALCOVE, email_url="smtps://mail.example/?from=a@clinic.example")
    assert one("mail").state == OK
    with writing("a notice that cannot leave"):
        Notice.objects.create(
            person=practice.person("owner"), channel="email", kind="x", content={"to": "a", "subject": "b", "text": "c"},
            created_at=timezone.now() - policy.MAIL_STUCK * 2, due_at=timezone.now(), tries=3,
            ends_at=timezone.now() + timedelta(hours=1),
        )  # fmt: skip
    assert one("mail").state == BAD
    assert one("sms").state == WARN


def test_a_clock_that_was_set_back(practice):
    assert one("clock").state == OK
    real = queries.datetime.now

    class Earlier(queries.datetime):
        @classmethod
        def now(cls, tz=None):
            return real(tz) - timedelta(minutes=10)

    with mock.patch.object(queries, "datetime", Earlier):
        found = one("clock")
    assert found.state == BAD
    assert "set back" in found.sentence


@pytest.mark.parametrize(("days", "state"), [(90, OK), (20, WARN), (2, BAD)])
def test_a_certificate_that_ends(practice, days, state):
    ends_at = queries.datetime.now(queries.UTC) + timedelta(days=days, hours=1)
    with mock.patch.object(queries.certificate, "expires_at", return_value=ends_at):
        assert one("certificate").state == state


def test_what_cannot_be_asked_is_bad_and_says_no_more_than_the_fault(practice):
    with mock.patch.dict(queries._LOOKS, {"keys": mock.Mock(side_effect=OSError("/secret/place"))}):
        found = one("keys")
    assert (found.state, found.sentence) == (BAD, "It cannot be asked (OSError).")


def test_a_seal_that_was_missed(practice, settings, tmp_path):
    settings.ALCOVE = replace(settings.ALCOVE, home=tmp_path)
    assert one("audit").state == WARN
    folder = settings.ALCOVE.log / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "one").write_text("x")
    assert one("audit").state == OK
    with mock.patch.object(policy, "SEAL_LATE", timedelta(minutes=-90)):
        assert one("audit").state == BAD


# Telling -----------------------------------------------------------------------------------------------------------


def test_those_on_call_are_told_once_and_deputies_after_a_quarter_of_an_hour(practice):
    people = {role: practice.person(role).pk for role in ("owner", "it_provider", "manager", "front_desk")}
    assert round_of(OK) == 0
    assert round_of(BAD) == 0, "what mends itself within a round wakes nobody"
    assert round_of(BAD) == 1
    on_call = {one.person_id for one in told()}
    assert on_call == {people["owner"], people["it_provider"]}
    assert round_of(BAD) == 0
    aged(told_at=timezone.now() - policy.DEPUTY_AFTER)
    assert round_of(BAD) == 1
    assert {one.person_id for one in told()} - on_call == {people["manager"]}
    assert round_of(BAD) == 0
    assert round_of(OK) == 1
    assert "Storage: works again" in subjects()
    events = list(
        Entry.objects.filter(event__startswith="health.").order_by("at_us").values_list("event", flat=True)
    )
    assert events.count("health.part.told") == 2


def test_a_dead_mail_server_is_told_by_sms_to_numbers_that_were_confirmed(practice):
    known, unsure = practice.person("owner"), practice.person("it_provider")
    with writing("numbers"):
        Person.objects.filter(pk=known.pk).update(phone_confirmed_at=timezone.now())
        for person in (known, unsure):
            person.refresh_from_db()
            person.phone = "+14155550142"
            person.save(update_fields=["phone"])
    for _ in range(2):
        round_of(BAD, "mail", "2 wait though they were tried.")
    by_sms = [one for one in told() if one.channel == "sms"]
    assert [one.person_id for one in by_sms] == [known.pk]
    assert by_sms[0].content["to"] == "+14155550142"
    assert by_sms[0].content["text"].startswith("E-mail: does not work. 2 wait though they were tried.")
    assert {one.person_id for one in told() if one.channel == "email"} == {known.pk, unsure.pk}


def test_whoever_takes_it_leaves_the_deputies_in_peace(practice):
    round_of(BAD)
    round_of(BAD)
    actions.take(practice.actor("it_provider"), "disk")
    with pytest.raises(Conflict):
        actions.take(practice.actor("owner"), "disk")
    aged(told_at=timezone.now() - policy.DEPUTY_AFTER * 2)
    before = len(told())
    assert round_of(BAD) == 0
    assert len(told()) == before
    round_of(OK)
    with pytest.raises(Conflict):
        actions.take(practice.actor("owner"), "disk")


def test_a_round_over_everything_notes_every_part_once(practice):
    tasks.look()
    assert set(Part.objects.values_list("key", flat=True)) == set(queries.TITLES)
    tasks.look()
    assert Part.objects.count() == len(queries.TITLES)


# Pages -------------------------------------------------------------------------------------------------------------


def test_the_page_says_how_every_part_is_and_takes_it(practice):
    round_of(BAD, "jobs", "3 wait.")
    browser = practice.signed_in("it_provider")
    with mock.patch.dict(queries._LOOKS, {"jobs": lambda: (BAD, "3 wait.", 3.0)}):
        page = browser.get("/setup/health/", secure=True)
        words = page.content.decode()
        assert page.status_code == 200
        assert all(title in words for title in queries.TITLES.values())
        assert "I look after it" in words
        answer = browser.post("/setup/health/jobs/take/", secure=True)
        assert answer.status_code == 302
        assert "looks after it" in browser.get("/setup/health/", secure=True).content.decode()
        assert browser.post("/setup/health/jobs/take/", secure=True).status_code == 409
    assert browser.post("/setup/health/fridge/take/", secure=True).status_code == 404


@pytest.mark.parametrize("role", ["front_desk", "practitioner"])
def test_others_do_not_see_it(practice, role):
    browser = practice.signed_in(role)
    assert browser.get("/setup/health/", secure=True).status_code == 403
    assert browser.post("/setup/health/jobs/take/", secure=True).status_code == 403


def test_figures_are_for_this_machine_or_a_token_and_name_nobody(practice, client, settings, tmp_path):
    practice.client("Zebulon", "Quartermaine")
    answer = client.get("/metrics", secure=True)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert 'alcove_part_state{part="worker"} 2' in text
    assert "Quartermaine" not in text
    assert "@" not in text
    far = {"REMOTE_ADDR": "198.51.100.7"}
    assert client.get("/metrics", secure=True, **far).status_code == 404
    token = tmp_path / "token"
    token.write_text("a-long-word\n")
    settings.ALCOVE = replace(settings.ALCOVE, metrics_token_file=token)
    right, wrong = {"Authorization": "Bearer a-long-word"}, {"Authorization": "Bearer another"}
    assert client.get("/metrics", secure=True, headers=right, **far).status_code == 200
    assert client.get("/metrics", secure=True, headers=wrong, **far).status_code == 404
    # Behind a proxy on this machine everybody comes from here: only the token counts.
    settings.ALCOVE = replace(settings.ALCOVE, trusted_proxy="127.0.0.1", metrics_token_file=None)
    assert client.get("/metrics", secure=True).status_code == 404
