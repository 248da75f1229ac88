"""A client limited to a care team does not exist for anyone else: not in a list, a count, a search, a hint or a page."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries import directory, finding, teams
from alcove.clinic.clients.queries.doubles import Doubles
from alcove.clinic.clients.tests.need import EMAIL, PHONE, at, bare, forget_rules, limit
from alcove.clinic.dashboard import queries as dashboard
from alcove.clinic.records.actions import begin_note
from alcove.security.access import need
from alcove.security.access.errors import Conflict, NotFound, Refused
from alcove.security.access.models import GlassBreak, Restriction, TeamMember
from alcove.security.access.opening import open_client, open_directories
from alcove.security.audit.models import Entry
from alcove.security.vault.keyring import keyring

OUTSIDERS = ("owner", "manager", "practitioner", "front_desk")


@pytest.fixture(autouse=True)
def _default_rules(db):
    forget_rules()
    yield
    forget_rules()


@pytest.fixture
def others(practice):
    """Two clients whom everybody sees; the second shares birth date and family name with the limited one."""
    directory.load_now()
    return [
        practice.client("Ada", "Lovelace", born="1815-12-10", phones=["+14155550111"]),
        practice.client("Anna", "Müller-Okafor", born="1984-02-29", phones=["+14155550112"]),
    ]


@pytest.fixture
def limited(practice, others, client_card):
    """The shared client, limited to a team of the prescriber; front desk and nurse had opened the card before."""
    for role in OUTSIDERS:
        assert practice.signed_in(role).get(at("card", client_id=client_card.id)).status_code == 200
    limit(practice, client_card)
    return client_card


def questions(browser, client_id):
    """Everything that lists, counts, searches or names clients, as one long answer without codes."""
    answers = [
        browser.get("/"),
        browser.get(at("list")),
        browser.get(at("list") + "?page=2"),
        browser.get(at("list") + "?show=hidden"),
    ]
    for text in (
        "Catherine",
        "Müller",
        "cat",
        "1984-02-29",
        PHONE,
        "415 555 0123",
        EMAIL,
        "Okafor Catherine",
    ):
        answers.append(browser.post(at("list"), {"q": text}))
        answers.append(browser.post(at("search"), {"q": text}, headers={"HX-Request": "true"}))
    typed = {
        "given": "Catherine",
        "family": "Müller-Okafor",
        "born": "1984-02-29",
        "phone_0": PHONE,
        "email_0": EMAIL,
    }
    answers.append(browser.post(at("new"), typed))
    answers.append(
        browser.post(at("find_by_glass"), {"contact": "+14155559999", "reason": "Somebody collapsed"})
    )
    for name in ("card", "about", "edit", "access", "access_log", "versions", "break_glass"):
        answers.append(browser.get(at(name, client_id=client_id)))
    for name in ("notes", "chart", "observations", "history", "documents", "print", "pdf"):
        answers.append(browser.get(reverse(f"records:{name}", kwargs={"client_id": client_id})))
    # The figures of the day rise with each of these questions; a test below looks at them.
    return [
        (one.status_code, re.sub(rb'<ul class="traffic">.*?</ul>', b"", bare(one), flags=re.DOTALL))
        for one in answers
    ]


@pytest.mark.parametrize("role", OUTSIDERS)
def test_an_outsiders_answers_equal_those_of_a_practice_without_the_client(practice, limited, role):
    browser = practice.signed_in(role)
    with_them = questions(browser, limited.id)
    # The same questions once more, when the client is truly gone from every table that a page could read.
    _erase(limited)
    without = questions(browser, limited.id)
    for at_, (one, other) in enumerate(zip(with_them, without, strict=True)):
        assert one == other, f"answer {at_} tells of the limited client"


def _erase(client: Client) -> None:
    from alcove.security.access.writes import writing
    from alcove.security.vault.models import ClientKey

    with writing("a practice without this client"):
        TeamMember.objects.filter(client_id=client.id).delete()
        Restriction.objects.filter(client_id=client.id).delete()
        Client.objects.filter(pk=client.id).delete()
        ClientKey.objects.filter(client_id=client.id).delete()
    directory.forget()
    directory.load_now()


def test_the_team_finds_and_opens_the_client_as_before(practice, limited):
    browser = practice.signed_in("prescriber")
    assert "Catherine" in browser.get(at("list")).content.decode()
    assert "Catherine" in browser.post(at("list"), {"q": PHONE}).content.decode()
    assert browser.get(at("card", client_id=limited.id)).status_code == 200
    assert finding.total(practice.actor("prescriber")) == finding.total(practice.actor("owner")) + 1 == 3


def test_a_direct_address_is_refused_and_on_the_clients_log(practice, limited):
    before = Entry.objects.filter(client_id=limited.id, result="refused").count()
    answer = practice.signed_in("owner").get(at("card", client_id=limited.id))
    assert answer.status_code == 404
    assert Entry.objects.filter(client_id=limited.id, result="refused").count() == before + 1


@pytest.mark.parametrize("role", OUTSIDERS)
def test_no_reader_below_the_pages_gives_the_client_either(practice, limited, role):
    actor = practice.actor(role)
    assert need.hidden_from(actor) == {limited.id}
    with keyring():
        assert limited.id not in {one.id for one in finding.page(actor)[0]}
        assert limited.id not in {one.id for one in finding.search(actor, "Catherine").clients}
        assert open_directories(actor, [limited.id]) == []
        with pytest.raises(NotFound):
            open_client(actor, limited.id)
    assert Doubles.of_practice(actor)._clients.get(("phone number", hash(PHONE))) is None
    assert limited.id not in {client.id for client, _ in _day(actor).recent}


def _day(actor):
    with keyring():
        return dashboard.day(actor)


def test_drafts_of_a_client_one_no_longer_reaches_leave_the_dashboard(practice, client_card):
    nurse = practice.actor("practitioner")
    with keyring():
        open_client(nurse, client_card.id)
        begin_note(nurse, client_card, template="treatment")
    assert [client.id for client, _ in _day(nurse).unsigned] == [client_card.id]
    limit(practice, client_card)
    assert _day(nurse).unsigned == []


def test_the_dashboards_figures_leave_out_what_concerns_the_client(practice, client_card):
    owner = practice.actor("owner")
    before = dashboard.safety(owner)
    limit(practice, client_card)
    practice.signed_in("prescriber").get(at("card", client_id=client_card.id))
    practice.signed_in("practitioner").get(at("card", client_id=client_card.id))
    after = dashboard.safety(owner)
    assert after.looks_today == before.looks_today
    # One's own attempt counts, as it would if there were no such client.
    assert after.refused_today == before.refused_today + 1


# The team ------------------------------------------------------------------------------------------------------------


def test_who_limits_is_on_the_team_and_can_open_the_client_to_everyone_again(practice, client_card):
    browser = practice.signed_in("practitioner")
    assert browser.post(at("limit", client_id=client_card.id), {"limited": "team"}).status_code == 302
    assert TeamMember.objects.get().person_id == practice.person("practitioner").id
    assert practice.signed_in("owner").get(at("card", client_id=client_card.id)).status_code == 404
    assert browser.post(at("limit", client_id=client_card.id), {"limited": "team"}).status_code == 409
    assert browser.post(at("limit", client_id=client_card.id), {"limited": "everyone"}).status_code == 302
    assert practice.signed_in("owner").get(at("card", client_id=client_card.id)).status_code == 200
    assert browser.post(at("limit", client_id=client_card.id), {}).status_code == 422


def test_a_member_adds_another_and_the_log_names_them(practice, limited):
    browser, desk = practice.signed_in("prescriber"), practice.person("front_desk")
    answer = browser.post(at("team_add", client_id=limited.id), {"person": str(desk.id)})
    assert answer.status_code == 302
    assert practice.signed_in("front_desk").get(at("card", client_id=limited.id)).status_code == 200
    page = browser.get(at("access_log", client_id=limited.id)).content.decode()
    assert "added someone to the care team" in page
    assert page.count("Front Desk Tester") >= 2  # the menu of people, and the line of who was added
    assert browser.post(at("team_add", client_id=limited.id), {}).status_code == 422
    assert browser.post(at("team_add", client_id=limited.id), {"person": str(desk.id)}).status_code == 422


def test_the_last_of_a_team_cannot_leave_and_one_of_two_can(practice, limited):
    prescriber, nurse = practice.person("prescriber"), practice.person("practitioner")
    browser = practice.signed_in("prescriber")
    answer = browser.post(at("team_remove", client_id=limited.id), {"person": str(prescriber.id)})
    assert answer.status_code == 409
    assert "The last one of the team cannot leave" in answer.content.decode()
    browser.post(at("team_add", client_id=limited.id), {"person": str(nurse.id)})
    answer = browser.post(at("team_remove", client_id=limited.id), {"person": str(prescriber.id)})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(at("list"))
    assert browser.get(at("card", client_id=limited.id)).status_code == 404


def test_nobody_puts_themselves_on_a_team(practice, client_card):
    nurse = practice.actor("practitioner")
    with keyring():
        open_client(nurse, client_card.id)
        with pytest.raises(Refused):
            actions.add_to_team(nurse, client_card, nurse.id)
    assert not TeamMember.objects.exists()


def test_the_front_desk_neither_limits_nor_changes_a_team(practice, client_card):
    browser = practice.signed_in("front_desk")
    assert browser.post(at("limit", client_id=client_card.id), {"limited": "team"}).status_code == 403
    assert browser.post(at("team_add", client_id=client_card.id), {}).status_code == 403
    page = browser.get(at("access", client_id=client_card.id))
    assert page.status_code == 200
    assert "Limit to the care team" not in page.content.decode()


def test_emergency_access_does_not_become_membership(practice, limited):
    nurse, desk = practice.actor("practitioner"), practice.person("front_desk")
    actions.break_glass(nurse, limited.id, reason="The client collapsed in the waiting room")
    with keyring():
        actor = open_client(nurse, limited.id)
        for deed in (
            lambda: actions.add_to_team(actor, limited, nurse.id),
            lambda: actions.unlimit_client(actor, limited),
            lambda: actions.remove_from_team(actor, limited, practice.person("prescriber").id),
        ):
            with pytest.raises(Refused):
                deed()
        # A team that has left the practice is filled again by two: one inside, another put on it.
        actions.add_to_team(actor, limited, desk.id)
    assert {row.person_id for row in TeamMember.objects.all()} == {practice.person("prescriber").id, desk.id}
    assert GlassBreak.objects.count() == 1


def test_two_who_limit_at_once_make_one_restriction(practice, client_card):
    limit(practice, client_card)
    with pytest.raises(Conflict):
        limit(practice, client_card)
    assert Restriction.objects.count() == 1


def test_the_page_says_who_sees_the_client_and_explains_who_does_not(practice, limited):
    browser, owner = practice.signed_in("prescriber"), practice.person("owner")
    page = browser.get(at("access", client_id=limited.id) + f"?person={owner.id}").content.decode()
    assert "Prescriber Tester" in page
    assert "No: this client is limited to a care team that this person is not on." in page
    assert browser.get(at("access", client_id=limited.id) + "?person=x").status_code == 404
    with keyring():
        found = teams.access(practice.actor("prescriber"), limited)
    assert [one.person.id for one in found.sights] == [practice.person("prescriber").id]
