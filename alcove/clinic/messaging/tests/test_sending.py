"""From due to gone: each message once, by the way chosen, to a confirmed address, or a plain reason why not."""

from __future__ import annotations

import dataclasses
import json
import logging
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.utils import timezone

from alcove.clinic.messaging import actions, tasks
from alcove.clinic.messaging.actions import sending
from alcove.clinic.messaging.models import Choices, Outgoing, Spending, Text
from alcove.clinic.messaging.queries import composing, spending
from alcove.clinic.messaging.tests import make
from alcove.clinic.messaging.tests.make import EMAIL, PHONE, TOKEN
from alcove.operations.mail import roads
from alcove.operations.mail.tests.test_sms import Gateway
from alcove.operations.mail.tests.test_smtp import Box, cert, serve  # noqa: F401 - fixtures
from alcove.project import wiring
from alcove.security import policy_defaults as policy
from alcove.security.access.writes import writing
from alcove.security.audit import chain
from alcove.security.audit.models import Entry
from alcove.security.jobs.models import Job

State = Outgoing.State


@pytest.fixture
def box(cert, settings):  # noqa: F811 - the fixture
    made = Box()
    made.server = serve(made, cert=cert)
    url = f"smtp+tls://localhost:{made.server.port}/?from=clinic@juniper.example&ca={cert[0]}"
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, email_url=url)
    yield made
    made.server.stop()


@pytest.fixture
def gateway(settings):
    made = Gateway()
    settings.ALCOVE = dataclasses.replace(settings.ALCOVE, sms_url=f"{made.url}/send")
    roads._failed_at.clear()
    yield made
    made.close()
    roads._failed_at.clear()


def now_due(practice, client, kind="booked", **more):
    row = make.planned(practice, client, kind, **more)
    make.let_pass(row)
    return row


def after(row):
    row.refresh_from_db(fields=["state", "fault", "leaving_at", "due_at", "ended_at"])
    return row.state, row.fault


def failed_jobs():
    return [json.loads(json.dumps(job.arguments)) for job in Job.objects.filter(name="messaging.failed")]


def test_a_message_leaves_once_by_mail_and_its_secret_is_kept_nowhere(practice, box):
    client = make.somebody(practice, channel="email", language="en-GB")
    row = now_due(practice, client)
    assert tasks.deliver() == 1
    assert tasks.deliver() == 0
    [letter] = box.letters
    assert letter["To"] == EMAIL
    assert letter["Message-ID"] == f"<{row.id.hex}@juniper.example>"
    assert TOKEN in letter.get_content()
    assert after(row) == (State.SENT, "")
    held = make.content(practice, row)
    assert held["to"] == EMAIL
    assert "Your visit is booked" in held["text"]
    assert TOKEN not in json.dumps(held)
    entry = Entry.objects.get(event="messaging.message.sent")
    assert (entry.actor_kind, entry.client_id, entry.fields) == ("job", client.id, "booked,email")
    assert chain.verify().holds


def test_nothing_leaves_within_the_undo_window(practice, box):
    client = make.somebody(practice, channel="email")
    row = make.planned(practice, client, due_at=timezone.now() - timedelta(hours=1))
    assert row.due_at >= row.created_at + policy.MESSAGE_UNDO
    assert timedelta(seconds=30) <= policy.MESSAGE_UNDO
    assert tasks.deliver() == 0
    with make.opened(practice, client) as actor:
        assert actions.withdraw(actor, row.about) == 1
        make.let_pass(row)
    assert tasks.deliver() == 0
    assert not box.letters
    assert after(row) == (State.WITHDRAWN, "visit")
    assert Outgoing.objects.get(pk=row.pk).content is None
    assert Entry.objects.filter(event="messaging.message.withdrawn", client_id=client.id).count() == 1


def test_only_the_named_kinds_are_taken_back(practice, box):
    client = make.somebody(practice, channel="email")
    booked = now_due(practice, client)
    make.planned(practice, client, "reminder_far", about=booked.about)
    with make.opened(practice, client) as actor:
        assert actions.withdraw(actor, booked.about, kinds={"reminder_far", "reminder_near"}) == 1
        assert tasks.deliver() == 1
        with pytest.raises(Exception, match="withdraw"):
            # Nothing is left to take back: the deed as such records nothing and is none.
            actions.withdraw(actor, booked.about)


def test_a_message_taken_back_while_it_is_being_sent_does_not_leave(practice, box, monkeypatch):
    client = make.somebody(practice, channel="email")
    row = now_due(practice, client)
    true = sending.mark

    def late(held, channel):
        with make.opened(practice, client) as actor:
            assert actions.withdraw(actor, row.about) == 1
        true(held, channel)

    monkeypatch.setattr(sending, "mark", late)
    assert tasks.deliver() == 0
    assert not box.letters
    assert after(row) == (State.WITHDRAWN, "visit")


def test_what_is_on_its_last_word_is_not_taken_back(practice, box):
    client = make.somebody(practice, channel="email")
    row = now_due(practice, client)
    claimed = sending.claim()
    sending.mark(claimed, "email")
    with make.opened(practice, client) as actor, pytest.raises(actions.planning.Conflict):
        actions.withdraw_one(actor, client.id, row.id)


def test_a_message_whose_sender_died_before_its_last_word_leaves_later_and_after_it_never_again(
    practice, box
):
    client = make.somebody(practice, channel="email")
    first = now_due(practice, client)
    assert sending.claim().id == first.id
    assert tasks.deliver() == 0
    make.let_pass(first)
    assert tasks.deliver() == 1
    second = now_due(practice, client)
    claimed = sending.claim()
    sending.mark(claimed, "email")
    make.let_pass(second)
    assert tasks.deliver() == 0
    assert len(box.letters) == 1
    assert after(second) == (State.UNSURE, "interrupted")


def test_a_server_without_tls_gets_nothing_and_the_message_waits(practice, cert, settings):  # noqa: F811 - the fixture
    plain = Box()
    plain.server = serve(plain, starttls=False)
    try:
        url = f"smtp+tls://localhost:{plain.server.port}/?from=clinic@juniper.example&ca={cert[0]}"
        settings.ALCOVE = dataclasses.replace(settings.ALCOVE, email_url=url)
        row = now_due(practice, make.somebody(practice, channel="email"))
        assert tasks.deliver() == 0
        assert not plain.letters
        assert after(row) == (State.WAITING, "no TLS")
    finally:
        plain.server.stop()


def test_a_refused_address_is_a_bounce_that_somebody_hears_of_and_nothing_goes_there_again(practice, box):
    client = make.somebody(practice, channel="email")
    box.rcpt = "550 5.1.1 no such user"
    row = now_due(practice, client, "reminder_far")
    assert tasks.deliver() == 0
    assert after(row) == (State.BOUNCED, "recipient refused")
    [job] = failed_jobs()
    assert job == {
        "outgoing": row.id.hex, "client": client.id.hex, "about": row.about.hex, "kind": "reminder_far", "why": "bounced",
    }  # fmt: skip
    wiring.JOBS["messaging.failed"](**job)
    box.rcpt = ""
    again = now_due(practice, client)
    assert tasks.deliver() == 0
    assert after(again) == (State.DROPPED, "bounced")
    with make.opened(practice, client) as actor:
        actions.confirm_address(actor, client.id, EMAIL, how="staff")
    third = now_due(practice, client)
    assert tasks.deliver() == 1
    assert after(third) == (State.SENT, "")


def test_waits_grow_and_in_the_end_somebody_hears_of_it(practice, box):
    box.data = "451 later"
    row = now_due(practice, make.somebody(practice, channel="email"))
    for seconds in (10, 20, 40, 80):
        before = timezone.now()
        assert tasks.deliver() == 0
        assert after(row) == (State.WAITING, "SMTP 451")
        assert row.leaving_at is None
        assert before <= row.due_at - timedelta(seconds=seconds) <= timezone.now()
        make.let_pass(row)
    with writing("test"):
        Outgoing.objects.update(ends_at=timezone.now())
    assert tasks.deliver() == 0
    assert after(row) == (State.DROPPED, "SMTP 451")
    assert [job["why"] for job in failed_jobs()] == ["not_sent"]


@pytest.mark.parametrize(
    ("choices", "fault", "is_heard"),
    [
        ({"channel": "none"}, "none", False),
        ({"channel": "email", "confirm": False}, "unconfirmed", True),
        ({"channel": "sms", "confirm": False}, "unconfirmed", True),
        ({"channel": "email", "confidential_phone": "+14155550177", "confirm": False}, "no address", True),
    ],
)
def test_outside_the_choice_nothing_leaves_and_staff_see_why(
    practice, box, gateway, choices, fault, is_heard
):
    row = now_due(practice, make.somebody(practice, **choices))
    assert tasks.deliver() == 0
    assert after(row) == (State.DROPPED, fault)
    assert not box.letters
    assert not gateway.requests
    assert bool(failed_jobs()) is is_heard


def test_a_confidential_contact_is_used_instead_of_the_card(practice, box):
    client = make.somebody(
        practice, channel="email", confidential_email="elsewhere@example.org", confirm=False
    )
    with make.opened(practice, client) as actor:
        with pytest.raises(Exception, match="address"):
            actions.confirm_address(actor, client.id, EMAIL, how="staff")
        actions.confirm_address(actor, client.id, "elsewhere@example.org", how="staff")
    now_due(practice, client)
    assert tasks.deliver() == 1
    assert box.letters[0]["To"] == "elsewhere@example.org"


def test_nobody_writes_to_the_dead(practice, box):
    client = make.somebody(practice, channel="email")
    row = now_due(practice, client)
    with make.opened(practice, client) as actor:
        from alcove.clinic.clients import actions as clients
        from alcove.clinic.clients.models import Client

        fresh = Client.objects.get(pk=client.id)
        clients.change_client(actor, fresh, directory=fresh.directory, details={"deceased_on": "2026-01-02"})
    tasks.deliver()
    assert after(row) == (State.DROPPED, "deceased")
    assert not box.letters


def test_portal_only_sends_no_sms_but_a_sign_in_code_leaves(practice, gateway):
    from alcove.operations.mail.delivery import deliver
    from alcove.operations.mail.tests.test_delivery import put_down

    row = now_due(practice, make.somebody(practice, channel="portal"))
    assert tasks.deliver() == 0
    assert after(row) == (State.KEPT, "")
    assert "Your visit is booked" in make.content(practice, row)["text"]
    assert not gateway.requests
    put_down(practice.person("practitioner"))
    assert deliver() == 1
    assert len(gateway.requests) == 1


def cap(practice, *, price=100, minor=20):
    actions.set_spending(
        practice.actor("owner"), sms_milli=price, cap_minor=minor, version=spending.prices().version
    )


def test_with_the_cap_reached_a_reminder_waits_and_a_code_leaves(practice, gateway):
    from alcove.operations.mail.delivery import deliver
    from alcove.operations.mail.tests.test_delivery import put_down

    cap(practice, price=100, minor=20)
    client = make.somebody(practice, channel="sms")
    rows = [now_due(practice, client, "reminder_far") for _ in range(3)]
    assert tasks.deliver() == len(gateway.requests)
    states = [after(row) for row in rows]
    assert states.count((State.WAITING, "cap")) >= 1
    assert spending.spent(timezone.now()).milli <= 200
    before = len(gateway.requests)
    put_down(practice.person("practitioner"))
    assert deliver() == 1
    assert len(gateway.requests) == before + 1
    make.let_pass()
    assert tasks.deliver() == 0
    cap(practice, price=100, minor=5_000)
    make.let_pass()
    assert tasks.deliver() >= 1
    assert all(after(row)[0] == State.SENT for row in rows)


def test_a_cost_set_aside_for_a_message_that_did_not_leave_is_free_again(practice, gateway):
    cap(practice, price=10, minor=5_000)
    gateway.status = 503
    row = now_due(practice, make.somebody(practice, channel="sms"))
    tasks.deliver()
    assert after(row) == (State.WAITING, "HTTP 503")
    assert spending.spent(timezone.now()).milli == 0
    gateway.status = 201
    make.let_pass()
    assert tasks.deliver() == 1
    assert spending.spent(timezone.now()).milli == 10 * row.__class__.objects.get().segments


def test_an_sms_says_where_and_when_and_no_more(practice, gateway):
    now_due(practice, make.somebody(practice, channel="sms", language="de"))
    tasks.deliver()
    [(_, _, body)] = gateway.requests
    sent = dict(parse_qsl(body))
    assert sent["to"] == PHONE
    assert sent["text"].startswith("Juniper Skin: Ihr Termin ist gebucht: ")
    assert "Zephyrine" not in sent["text"]


def test_an_answer_that_is_lost_is_said_to_be_unsure_and_not_sent_again(practice, gateway):
    row = now_due(practice, make.somebody(practice, channel="sms"))
    gateway.hangs_up = True
    tasks.deliver()
    gateway.hangs_up = False
    make.let_pass(row)
    tasks.deliver()
    assert len(gateway.requests) == 1
    assert after(row) == (State.UNSURE, "no answer")


def test_a_text_that_tells_of_care_is_not_sent_even_if_somebody_put_it_into_the_database(practice, box):
    with writing("test"):
        Text.objects.create(
            kind="booked", channel="email", language="en-US", subject="x", body="Your {service}", is_own=True
        )
    row = now_due(practice, make.somebody(practice, channel="email", language="en-US"))
    tasks.deliver()
    assert after(row) == (State.DROPPED, "text")
    assert not box.letters


def test_in_quiet_hours_it_waits_and_a_choice_made_meanwhile_counts(practice, box):
    client = make.somebody(practice, channel="email")
    row = now_due(practice, client, "reminder_far")
    local = timezone.now().astimezone(composing.choosing.zone_named("America/Los_Angeles", None))
    begins = (local - timedelta(hours=1)).strftime("%H:%M")
    ends = (local + timedelta(hours=1)).strftime("%H:%M")
    make.choose(practice, client, quiet_from=begins, quiet_to=ends)
    after(row)
    assert row.due_at > timezone.now() + timedelta(minutes=55)
    make.let_pass(row)
    assert tasks.deliver() == 0
    assert not box.letters
    make.choose(practice, client, quiet_from="03:00", quiet_to="03:00")
    make.let_pass(row)
    assert tasks.deliver() == 1


def test_what_twilio_says_afterwards_is_noted_and_a_failure_is_a_bounce(practice, gateway, monkeypatch):
    client = make.somebody(practice, channel="sms")
    rows = [now_due(practice, client) for _ in range(2)]

    class Road:
        repeats = False
        number = 0

        def send(self, message, leaving):
            leaving()
            self.number += 1
            return f"SM{self.number}"

        def fate(self, reference):
            return {"SM1": "delivered", "SM2": "failed"}[reference]

    road = Road()
    monkeypatch.setattr(tasks.delivery, "roads", lambda: {"sms": road})
    assert tasks.deliver() == 2
    assert {after(row)[0] for row in rows} == {State.SENT}
    make.let_pass()
    assert tasks.is_any_due()
    tasks.deliver()
    assert {after(row) for row in rows} == {(State.DELIVERED, ""), (State.BOUNCED, "undelivered")}
    assert [job["why"] for job in failed_jobs()] == ["bounced"]
    assert PHONE in make.held(practice, client)["bounced"]


def test_no_word_about_a_client_is_logged(practice, box, caplog):
    box.rcpt = f"550 {EMAIL} is unknown"
    now_due(practice, make.somebody(practice, channel="email"))
    with caplog.at_level(logging.DEBUG):
        tasks.deliver()
    for word in (EMAIL, "Zephyrine", "Quillfeather", TOKEN):
        assert not [
            one for one in caplog.records if one.name.startswith("alcove") and word in one.getMessage()
        ]
    assert not any(EMAIL in json.dumps(job.arguments) for job in Job.objects.all())


def test_a_client_whose_key_is_gone_is_told_nothing(practice, box):
    from alcove.security.vault.models import ClientKey

    row = now_due(practice, make.somebody(practice, channel="email"))
    with writing("test"):
        ClientKey.objects.filter(client_id=row.client_id).delete()
    tasks.deliver()
    assert after(row) == (State.DROPPED, "gone")
    assert not box.letters


def test_a_demo_sends_nothing_and_keeps_what_it_would_have_said(practice, box):
    from alcove.security.vault import house

    house.house().is_demo = True
    row = now_due(practice, make.somebody(practice, channel="email"))
    assert tasks.deliver() == 1
    assert not box.letters
    assert "Your visit is booked" in make.content(practice, row)["text"]


def test_the_worker_looks_each_second_and_codes_have_a_thread_of_their_own():
    names = {item.name: item for item in wiring.schedule()}
    assert names["messages"].seconds <= 1
    assert names["messages"].run.__self__ is not names["mail"].run.__self__


def test_the_facts_of_a_plan_are_sealed_and_checked(practice):
    client = make.somebody(practice)
    row = make.planned(practice, client)
    raw = Outgoing.objects.get(pk=row.pk).__dict__["content"]
    assert isinstance(raw, bytes)
    assert TOKEN.encode() not in raw
    with make.opened(practice, client) as actor:
        for kind, given in (("party", make.facts()), ("booked", make.facts() | {"service": "Filler"})):
            plans = [actions.Plan(kind, row.due_at, row.ends_at)]
            with pytest.raises(ValueError, match="kind"):
                actions.plan(actor, client.id, plans, about=row.about, facts=given)
    assert Choices.objects.count() == 1
    assert not Spending.objects.exists()
