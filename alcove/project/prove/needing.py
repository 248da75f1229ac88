"""Promises 24 and 36: emergency access leaves traces and ends; who is limited to a team does not exist for others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients import actions
from alcove.clinic.clients.actions import glass as glass_actions
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import directory, finding
from alcove.project.prove.ground import Practice
from alcove.project.prove.hiding import (
    forgetful_count,
    key_for_everyone,
    pairs_of_all,
    sensitive_entries_do_not_exist,
)
from alcove.project.prove.outcome import Broken, Promise
from alcove.project.prove.passing import bare
from alcove.security.access import need
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.models import GlassBreak
from alcove.security.access.opening import open_client
from alcove.security.access.policy import RoleKey
from alcove.security.access.rules import RULES
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.actions.rules import choose
from alcove.security.identity.models import Notice
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import keyring

OK, REFUSED, GONE = 200, 403, 404
_PHONE, _EMAIL, _BORN = "+12125550142", "sought.after@example.org", "1969-07-20"


# 24 -----------------------------------------------------------------------------------------------------------------


def glass_leaves_traces_and_ends(practice: Practice) -> str:
    """Break the glass where access is refused, by the rule of reasons and by a care team; follow it to its end."""
    for role in (RoleKey.OWNER, RoleKey.OFFICER):
        practice.person(role)
    drills = 0
    for is_limited in (False, True):
        client = practice.client("Drill", "Emergency", phones=[_PHONE])
        if is_limited:
            _limit(practice, client)
        with _reasons_asked(practice, not is_limited):
            _drill(practice, client, GONE if is_limited else REFUSED)
        drills += 1
    _nobody_reviews_their_own(practice)
    return f"{drills} drills from the refusal through reason, notices and entries to the end; no review of one's own"


@contextmanager
def _reasons_asked(practice: Practice, is_asked: bool) -> Iterator[None]:  # noqa: FBT001 - one word says it
    owner, rule = practice.actor(RoleKey.OWNER), RULES[need.CARE_REASON]
    before = rule.chosen
    if before != is_asked:
        choose(owner, rule, int(is_asked))
    try:
        yield
    finally:
        if rule.chosen != before:
            choose(owner, rule, before)


def _drill(practice: Practice, client: Client, shut: int) -> None:
    why = "Drill: the client collapsed"
    browser = practice.signed_in(RoleKey.PRACTITIONER)
    record = reverse("records:notes", kwargs={"client_id": client.id})
    _expect(browser, record, shut, "before the glass is broken")
    told = Notice.objects.filter(kind=glass_actions.NOTICE).count()
    made = actions.break_glass(practice.actor(RoleKey.PRACTITIONER), client.id, reason=why)
    try:
        _expect(browser, record, OK, "after the glass was broken")
        if Notice.objects.filter(kind=glass_actions.NOTICE).count() - told < 2:  # noqa: PLR2004 - owner, officer
            raise Broken("emergency access was taken and owners and officers were not told")
        entry = Entry.objects.filter(client_id=client.id, event="access.glass.broken").first()
        if entry is None or not entry.reason:
            raise Broken("emergency access left no entry with its reason")
        if made.due_at - made.began_at != timedelta(hours=72):
            raise Broken("no review of emergency access is due within 72 hours")
    finally:
        with writing("the end of emergency access"):
            GlassBreak.objects.filter(pk=made.pk).update(ends_at=timezone.now())
    _expect(browser, record, shut, "after its time")


def _nobody_reviews_their_own(practice: Practice) -> None:
    client = practice.client("Drill", "Review")
    _limit(practice, client)
    owner = practice.actor(RoleKey.OWNER)
    own = actions.break_glass(owner, client.id, reason="Drill: one's own review")
    try:
        actions.review_glass(owner, own.id, is_justified=True, finding="Quite all right")
    except Refused:
        return
    finally:
        actions.return_glass(owner, client.id)
    raise Broken("somebody reviewed their own emergency access")


def _expect(browser: Any, url: str, status: int, when: str) -> None:
    answer = browser.get(url)
    if answer.status_code != status:
        raise Broken(f"the record answers {answer.status_code} {when}, not {status}")


@contextmanager
def no_notice(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: nobody is told."""
    with mock.patch.object(glass_actions, "_tell_reviewers", return_value=None):
        yield


@contextmanager
def endless_glass(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: broken glass that never closes again."""
    before_everything = SimpleNamespace(now=lambda: datetime(2000, 1, 1, tzinfo=UTC))
    with mock.patch.object(need, "clock", before_everything):
        yield


# 36 -----------------------------------------------------------------------------------------------------------------


def limited_clients_do_not_exist(practice: Practice) -> str:
    """Ask the same questions before a client exists and after they were limited to a team: answers are equal."""
    directory.load_now()
    client_id, asked = uuid7(), 0
    twin = practice.client("Other", "Person", phones=[_PHONE])
    outsiders = {
        role: practice.signed_in(role)
        for role in (RoleKey.OWNER, RoleKey.MANAGER, RoleKey.PRACTITIONER, RoleKey.FRONT_DESK)
    }
    before = {role: _answers(browser, client_id) for role, browser in outsiders.items()}
    maker = practice.actor(RoleKey.PRESCRIBER)
    held = {"given": "Sought", "family": "After", "born": _BORN, "phones": [_PHONE], "emails": [_EMAIL]}
    client = actions.create_client(maker, directory=held, id=client_id)
    _limit(practice, client)
    try:
        for role, browser in outsiders.items():
            for question, answer in _answers(browser, client_id).items():
                asked += 1
                if answer != before[role][question]:
                    raise Broken(f"{question} tells {role} of a client who is limited to others' care team")
        team = practice.signed_in(RoleKey.PRESCRIBER)
        if b"Sought" not in bare(team.post("/clients/", {"q": _PHONE})):
            raise Broken("the care team does not find its own client: the questions are blind")
    finally:
        # The next run asks about another one.
        _put_away(practice, client, twin)
    return f"{asked} answers to {len(outsiders)} roles equal those of the practice without the client"


def _put_away(practice: Practice, limited: Client, twin: Client) -> None:
    maker, owner = practice.actor(RoleKey.PRESCRIBER), practice.actor(RoleKey.OWNER)
    with keyring():
        open_client(maker, limited.id)
        actions.unlimit_client(maker, limited)
        for one in (limited, twin):
            open_client(owner, one.id)
            actions.hide_client(owner, Client.objects.get(pk=one.id))


def _limit(practice: Practice, client: Client) -> None:
    actor = practice.actor(RoleKey.PRESCRIBER)
    with keyring():
        open_client(actor, client.id)
        actions.limit_client(actor, client)


def _answers(browser: Any, client_id: UUID) -> dict[str, tuple[int, bytes]]:
    """Return status and page of everything that lists, counts, searches, hints at or opens this client."""
    found = {url: browser.get(url) for url in ("/", "/clients/", "/clients/?show=hidden")}
    for text in ("Sought", "After Sought", "sou", _PHONE, _EMAIL, _BORN):
        found[f"the search for {text}"] = browser.post("/clients/", {"q": text})
        found[f"the suggestions for {text}"] = browser.post(
            "/clients/search/", {"q": text}, headers={"HX-Request": "true"}
        )
    # Another client has this number too, so the form asks whether it is the same person, and saves nothing.
    typed = {"given": "Sought", "family": "After", "born": _BORN, "phone_0": _PHONE, "email_0": _EMAIL}
    found["the hint at the same person"] = browser.post("/clients/new/", typed)
    for route in (
        "clients:card",
        "clients:about",
        "clients:access",
        "clients:access_log",
        "clients:versions",
    ):
        found[route] = browser.get(reverse(route, kwargs={"client_id": client_id}))
    for route in ("records:notes", "records:chart", "records:print", "records:pdf"):
        found[route] = browser.get(reverse(route, kwargs={"client_id": client_id}))
    return {name: (answer.status_code, bare(answer)) for name, answer in found.items()}


def hidden_does_not_exist(practice: Practice) -> str:
    """Both halves: clients for everyone but their team, entries for everyone but their audience."""
    return f"{sensitive_entries_do_not_exist(practice)}; {limited_clients_do_not_exist(practice)}"


@contextmanager
def counts_leak(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: a list that counts whom it does not show."""

    def everyone(away: Any) -> int:  # noqa: ARG001 - as finding._count
        return len(directory.index())

    with mock.patch.object(finding, "_count", everyone):
        yield


@contextmanager
def open_door(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - as above
    """Plant: a door that lets everyone into a limited client."""
    true = need.reach

    def reach(actor: Any, client_id: UUID) -> Any:
        try:
            return true(actor, client_id)
        except NotFound:
            return true(actor.job("planted fault"), client_id)

    with mock.patch.object(need, "reach", reach):
        yield


PROMISES = [
    Promise(24, "Emergency access works where access is refused, leaves reason, notice and review, and ends by itself",
            glass_leaves_traces_and_ends, (("nobody told", no_notice), ("glass that never closes", endless_glass))),
    Promise(36, "A client limited to a care team, and an entry marked sensitive, are invisible, uncountable and "
            "unhinted to everyone else", hidden_does_not_exist,
            (("a count of everyone", counts_leak), ("a door without need-to-know", open_door),
             ("a count that forgets to leave entries out", forgetful_count), ("a key for everyone", key_for_everyone),
             ("notes of one visit, out of sight", pairs_of_all))),
]  # fmt: skip
