"""The round that delivers: each message once, later if it must be, never too late, and never two copies on purpose."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import subprocess
import sys
import threading
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.utils import timezone

from alcove.operations.mail import delivery
from alcove.operations.mail.delivery import Post, deliver
from alcove.operations.mail.tests.crowd import PILE
from alcove.operations.mail.tests.test_sms import Gateway
from alcove.operations.mail.tests.test_smtp import Box, cert, serve  # noqa: F401 - fixtures
from alcove.project import wiring
from alcove.security.access.actors import Actor
from alcove.security.access.change import action
from alcove.security.access.writes import writing
from alcove.security.audit import chain
from alcove.security.audit.models import Entry
from alcove.security.identity.actions import notices
from alcove.security.identity.models import Notice
from alcove.security.identity.policy import Did, Door
from alcove.security.vault import house
from bench import scratch

TEXT = "Zephyrine Quillfeather 482913"
PHONE = "+14155550123"


@pytest.fixture
def gateway(settings):
    made = Gateway()
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url=f"{made.url}/send")
    yield made
    made.close()


@pytest.fixture
def nurse(practice):
    return practice.person("practitioner")


@action(Door.PASS)
def say(change, person, **more):
    change.record(Did.CODE_SENT, on=person)
    return notices.tell(change, person, "new_device", "Subject", TEXT, **more)


def put_down(person, channel="sms", **more):
    to = PHONE if channel == "sms" else None
    return say(Actor("stranger", rights=frozenset({Door.PASS.key})), person, channel=channel, to=to, **more)


def let_wait_pass():
    with writing("test"):
        Notice.objects.update(due_at=timezone.now())


def test_a_message_leaves_once_and_is_forgotten(gateway, nurse):
    notice = put_down(nurse)
    assert deliver() == 1
    assert deliver() == 0
    [(_, _, body)] = gateway.requests
    assert dict(parse_qsl(body)) == {"to": PHONE, "text": TEXT, "id": notice.id.hex}
    notice.refresh_from_db()
    assert (notice.content, notice.fault, notice.tries) == (None, "", 1)
    assert notice.sent_at is not None
    entry = Entry.objects.get(event="identity.notice.sent")
    assert (entry.actor_kind, entry.role) == ("job", "mail")


def test_mail_goes_to_the_mail_server(cert, settings, nurse):  # noqa: F811 - the fixture
    box = Box()
    server = serve(box, cert=cert)
    try:
        settings.ALCOVE = dataclasses.replace(
            settings.ALCOVE,
            email_url=f"smtp+tls://localhost:{server.port}/?from=clinic@juniper.example&ca={cert[0]}",
        )
        put_down(nurse, "email")
        assert deliver() == 1
    finally:
        server.stop()
    assert box.letters[0]["To"] == "practitioner@clinic.example"
    assert TEXT in box.letters[0].get_content()


def test_where_nothing_is_set_messages_wait_and_are_given_up_in_the_end(nurse):
    notice = put_down(nurse)
    assert deliver() == 0
    notice.refresh_from_db()
    assert notice.content is not None
    with writing("test"):
        Notice.objects.update(ends_at=timezone.now())
    assert deliver() == 0
    notice.refresh_from_db()
    assert (notice.content, notice.sent_at, notice.fault) == (None, None, "too late")
    assert Entry.objects.filter(event="identity.notice.dropped").count() == 1


def test_a_gateway_without_credit_or_out_of_order_gets_it_again_later(gateway, nurse, caplog):
    notice = put_down(nurse)
    for tries, status in enumerate((402, 503, 429), 1):
        gateway.status = status
        before = timezone.now()
        with caplog.at_level(logging.DEBUG):
            assert deliver() == 0
        notice.refresh_from_db()
        assert notice.tries == tries
        assert notice.fault == f"HTTP {status}"
        assert notice.due_at > before + timedelta(seconds=4)
        with writing("a wait that no machine is too slow for"):
            Notice.objects.update(due_at=timezone.now() + timedelta(hours=1))
        assert deliver() == 0
        let_wait_pass()
    gateway.status = 201
    assert deliver() == 1
    assert len(gateway.requests) == 4
    assert "482913" not in caplog.text
    assert PHONE not in caplog.text


def test_a_code_that_is_too_old_is_not_sent_any_more(gateway, nurse):
    notice = put_down(nurse, ends_at=timezone.now() + timedelta(minutes=5))
    gateway.status = 503
    deliver()
    gateway.status = 201
    with writing("test"):
        Notice.objects.update(ends_at=timezone.now(), due_at=timezone.now())
    assert deliver() == 0
    assert len(gateway.requests) == 1
    notice.refresh_from_db()
    assert (notice.content, notice.fault) == (None, "HTTP 503")


def test_a_number_the_gateway_refuses_is_given_up_at_once(gateway, nurse):
    notice = put_down(nurse)
    gateway.status = 400
    deliver()
    notice.refresh_from_db()
    assert (notice.content, notice.fault) == (None, "HTTP 400")


def test_an_sms_whose_sender_died_is_not_sent_twice_but_a_mail_is_tried_again(
    gateway, nurse, settings, caplog
):
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, email_url="log://")
    sms, mail = put_down(nurse), put_down(nurse, "email")
    assert notices.claim(["sms"])
    assert notices.claim(["email"])
    assert deliver() == 0
    let_wait_pass()
    assert deliver() == 1
    assert not gateway.requests
    sms.refresh_from_db()
    mail.refresh_from_db()
    assert (sms.sent_at, sms.content, sms.fault) == (None, None, "interrupted")
    assert mail.sent_at is not None


def test_an_answer_that_is_lost_is_the_end_of_an_sms(gateway, nurse):
    put_down(nurse)
    gateway.hangs_up = True
    deliver()
    gateway.hangs_up = False
    let_wait_pass()
    deliver()
    assert len(gateway.requests) == 1
    assert Notice.objects.get().fault == "no answer"


def test_one_that_cannot_be_sent_does_not_hold_up_the_next(gateway, nurse, settings):
    settings.ALCOVE = dataclasses.replace(
        settings.ALCOVE, email_url="smtp+tls://localhost:1/?from=a@b.example"
    )
    put_down(nurse, "email")
    put_down(nurse)
    assert deliver() == 1


def test_a_demo_sends_nothing_and_keeps_what_it_would_have_said(gateway, nurse):
    house.house().is_demo = True
    notice = put_down(nurse)
    assert deliver() == 1
    assert not gateway.requests
    notice.refresh_from_db()
    assert notice.sent_at is not None
    assert notice.content["text"] == TEXT


def test_the_log_holds_after_deliveries(gateway, nurse):
    for _ in range(3):
        put_down(nurse)
    deliver()
    assert chain.verify().holds


def test_the_worker_looks_for_mail_every_second():
    [item] = [item for item in wiring.schedule() if item.name == "mail"]
    assert item.seconds <= 1


def test_a_slow_server_holds_up_nothing_but_mail(nurse, monkeypatch):
    monkeypatch.setattr(delivery.notices, "is_any_due", lambda: True)
    go, begun = threading.Event(), threading.Event()

    def slow():
        begun.set()
        go.wait(30)
        return 0

    post = Post(slow)
    assert post.look()
    assert begun.wait(30)
    assert not post.look()
    go.set()
    post._thread.join(30)
    assert post.look()
    post._thread.join(30)


def test_without_anything_to_send_no_thread_is_begun(nurse):
    assert not Post().look()


def test_a_fault_of_a_round_is_noted_by_its_class_alone(nurse, monkeypatch, caplog):
    monkeypatch.setattr(delivery.notices, "is_any_due", lambda: True)

    def fails():
        raise RuntimeError(TEXT)

    post = Post(fails)
    with caplog.at_level(logging.DEBUG):
        post.look()
        post._thread.join(30)
    assert "RuntimeError" in caplog.text
    assert TEXT not in caplog.text


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_four_workers_at_one_moment_send_each_message_once(database):
    def run(*words):
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALCOVE_", "DJANGO_"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "alcove.operations.mail.tests.crowd", *words],
            env=kept, cwd=scratch.ROOT, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    if database == "sqlite":
        said = run()
    else:
        if not scratch.has_postgresql():
            pytest.skip("PostgreSQL 15 is not here: install Debian's postgresql-15")
        with scratch.postgresql() as url:
            said = run(scratch.new_database(url))
    assert sum(said["sent"]) == PILE
    assert (said["arrived"], said["most often"]) == (PILE, 1)
    assert (said["open"], said["kept"]) == (0, 0)
