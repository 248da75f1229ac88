"""Clients, choices, kinds and hours drawn at random: what leaves is what was chosen, or nothing. Each fault is seen red."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from unittest import mock
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from alcove.clinic.messaging import actions, tasks
from alcove.clinic.messaging.models import Outgoing, Text
from alcove.clinic.messaging.models.kinds import CHANNELS, EMAIL, KINDS, LANGUAGES, SLOTS, SMS, WRITTEN
from alcove.clinic.messaging.queries import composing, routing, timing, wording
from alcove.clinic.messaging.tests import make
from alcove.security.access.writes import writing

DRAWN = int(os.environ.get("ALCOVE_TEST_DRAWN", "40"))
"""Messages drawn at random; more by the environment."""
ZONES = ("America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia")
NAME = "Zephyrine"


class Broken(Exception):
    """What left should not have left so."""


@dataclass
class Road:
    taken: list = field(default_factory=list)
    repeats = False

    def send(self, message, leaving):
        leaving()
        self.taken.append(message)
        return ""


@dataclass
class Case:
    client: object
    kind: str
    wishes: dict
    sure: set
    ends_at: datetime
    row: object = None


def drawn(practice, rng, **fixed):
    """Plan one message for somebody new with choices of their own."""
    emails = [f"{uuid4().hex[:12]}@example.org" for _ in range(rng.randint(0, 2))]
    phones = [f"+1212555{rng.randint(1000, 9999)}" for _ in range(rng.randint(0, 2))]
    wishes = {
        "channel": rng.choice(list(CHANNELS)), "language": rng.choice(list(LANGUAGES)),
        "quiet_from": f"{rng.randint(0, 23):02}:00", "quiet_to": f"{rng.randint(0, 23):02}:30",
        "time_zone": rng.choice(ZONES),
    }  # fmt: skip
    if rng.random() < 0.25:
        wishes["confidential_email"] = f"{uuid4().hex[:12]}@elsewhere.example"
    wishes |= fixed
    client = practice.client(NAME, "Drawn", emails=emails, phones=phones)
    known = [wishes["confidential_email"]] if "confidential_email" in wishes else [*emails, *phones]
    sure = {address for address in known if rng.random() < 0.6}
    kind, now = rng.choice(list(KINDS)), timezone.now()
    ends_at = now + timedelta(hours=rng.uniform(0.1, 30))
    with make.opened(practice, client) as actor:
        actions.choose(actor, client.id, wishes, version=0)
        for address in sure:
            actions.confirm_address(actor, client.id, address, how="staff")
        plans = [actions.Plan(kind, now, ends_at)]
        [row] = actions.plan(actor, client.id, plans, about=uuid4(), facts=make.facts(ends_at))
    return Case(client, kind, wishes, sure, ends_at, row)


def drill(practice, rng, count, **fixed):
    """Draw, send, judge; return how many left. Raises ``Broken``."""
    roads, left = {channel: Road() for channel in WRITTEN}, 0
    with mock.patch.object(tasks.delivery, "roads", return_value=roads):
        for _ in range(count):
            case = drawn(practice, rng, **fixed)
            make.let_pass(case.row)
            before = {channel: len(road.taken) for channel, road in roads.items()}
            tasks.deliver()
            new = [(channel, one) for channel, road in roads.items() for one in road.taken[before[channel] :]]
            judge(case, new)
            left += len(new)
    return left


def judge(case, new):
    if len(new) > 1:
        raise Broken("one message left more than once")
    for channel, message in new:
        if channel != case.wishes["channel"]:
            raise Broken("by another way than the one chosen")
        if message.to not in case.sure:
            raise Broken("to an address that is not confirmed, or not the confidential one")
        if NAME in message.text + message.subject or "{" in message.text + message.subject:
            raise Broken("it says who the client is, or shows a slot")
        if is_quiet(case.wishes) and not KINDS[case.kind].pierces:
            raise Broken("in quiet hours")


def is_quiet(wishes):
    """Whether it is quiet now by this client's clock: read off the wall, not reckoned as the program does."""
    wall = f"{datetime.now(UTC).astimezone(ZoneInfo(wishes['time_zone'])):%H:%M}"
    begins, ends = wishes["quiet_from"], wishes["quiet_to"]
    return begins <= wall < ends if begins < ends else wall >= begins or wall < ends


def test_what_leaves_is_what_was_chosen(practice):
    rng = Random()
    assert drill(practice, rng, DRAWN) > 0
    assert set(Outgoing.objects.values_list("state", flat=True)) >= {"sent", "dropped"}


EVERY = {"quiet_from": "00:00", "quiet_to": "23:59"}


def other_way(client, chosen, own, **more):
    found = route(client, chosen, own, **more)
    return replace(found, channel=SMS if found.channel == EMAIL else EMAIL) if found.to else found


route, moment = routing.route, timing.moment


@pytest.mark.parametrize(
    ("place", "name", "fault", "fixed"),
    [
        (routing, "route", other_way, {"channel": "email"}),
        (
            composing, "route_of",
            lambda client, chosen: routing.Route(EMAIL, (client.emails or ["x@example.org"])[0]), {"channel": "none"},
        ),
        (
            composing.choosing, "confirmed",
            lambda client_id, chosen: dict.fromkeys(make_all(client_id), "staff"), {"channel": "email"},
        ),
        (timing, "moment", lambda kind, wanted, ends_at, *a, now, **k: max(wanted, now), {"channel": "email"} | EVERY),
    ],
    ids=["another way", "whatever was chosen", "unconfirmed addresses count", "quiet hours do not count"],
)  # fmt: skip
def test_each_fault_turns_it_red(practice, place, name, fault, fixed):
    with mock.patch.object(place, name, fault), pytest.raises(Broken):
        drill(practice, Random(7), 25, **fixed)


def make_all(client_id):
    from alcove.clinic.clients.models import Client

    client = Client.objects.get(pk=client_id)
    return [*client.emails, *client.phones]


def test_no_stored_text_with_a_telling_slot_ever_leaves(practice):
    telling = [name for name, slot in SLOTS.items() if slot.tells]
    road = Road()
    with mock.patch.object(tasks.delivery, "roads", return_value={"email": road, "sms": road}):
        for at, name in enumerate(telling):
            channel = WRITTEN[at % 2]
            with writing("test"):
                Text.objects.update_or_create(
                    kind="booked", channel=channel, language="de",
                    defaults={"subject": "", "body": f"{{date}} {{{name}}}", "is_own": True},
                )  # fmt: skip
            make.let_pass(make.planned(practice, make.somebody(practice, channel=channel, language="de")))
            tasks.deliver()
            assert not road.taken
        with mock.patch.object(wording, "check", return_value=None):
            make.let_pass(make.planned(practice, make.somebody(practice, channel="sms", language="de")))
            # Without the check the slot has no value, so not even then is anything told; but the text leaves.
            tasks.deliver()
    assert len(road.taken) == 1
