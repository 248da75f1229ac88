"""“Who can see this client now” and “why” say what the server does: 200 sampled pairs of person and client."""

from __future__ import annotations

import random

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients import actions
from alcove.clinic.clients.tests.need import ask_for_a_reason, at, forget_rules, limit
from alcove.clinic.records.actions import add_visit
from alcove.security.access.errors import NotFound
from alcove.security.access.opening import open_client
from alcove.security.access.policy import RoleKey
from alcove.security.access.writes import writing
from alcove.security.identity.models import Person
from alcove.security.identity.queries import explain
from alcove.security.vault.keyring import keyring

PAIRS = 200


@pytest.fixture(autouse=True)
def _default_rules(db):
    forget_rules()
    yield
    forget_rules()


@pytest.fixture
def clients(practice):
    """Clients of every kind: open, limited, with a team, with a visit, with glass broken."""
    made = [practice.client(f"Client{number}", "Sample") for number in range(10)]
    nurse, prescriber, owner = (practice.actor(role) for role in ("practitioner", "prescriber", "owner"))
    for client in made[2:6]:
        limit(practice, client, "prescriber")
    with keyring():
        for client in made[3:5]:
            open_client(prescriber, client.id)
            actions.add_to_team(prescriber, client, practice.person("front_desk").id)
        open_client(prescriber, made[6].id)
        actions.add_to_team(prescriber, made[6], nurse.id)
        open_client(nurse, made[7].id)
        add_visit(nurse, made[7], starts_at=timezone.now(), content={"type": "Visit"})
    actions.break_glass(owner, made[5].id, reason="Somebody fainted here")
    actions.break_glass(nurse, made[8].id, reason="Somebody fainted here")
    return made


@pytest.mark.parametrize("asks", [0, 1])
def test_the_answer_equals_the_servers_for_200_sampled_pairs(practice, clients, asks):
    if asks:
        ask_for_a_reason(practice)
    browsers = {role: practice.signed_in(role) for role in RoleKey}
    with writing("a suspended person"):
        Person.objects.filter(pk=practice.person("marketing").pk).update(suspended_at=timezone.now())
    every = [(role, client, what) for role in RoleKey for client in clients for what in ("card", "record")]
    sample = random.Random(7).sample(every, PAIRS // 2)
    allowed = 0
    for role, client, what in sample:
        found = explain.sight(practice.person(role), client.id)
        said = found.sees if what == "card" else found.reads
        url = at("card", client_id=client.id)
        if what == "record":
            url = reverse("records:notes", kwargs={"client_id": client.id})
        status = browsers[role].get(url).status_code
        assert said == (status == 200), f"{role} at {url}: {status}, but {found.sentence}"
        assert found.sentence.startswith("Yes") == found.sees
        allowed += said
    assert 10 < allowed < len(sample) - 10, "the sample says the same of everyone"


def test_the_list_names_exactly_those_who_see_the_client(practice, clients):
    for role in RoleKey:
        practice.person(role)
    for client in clients:
        listed = {one.person.id for one in explain.who_sees(client.id)}
        truly = {
            practice.person(role).id
            for role in RoleKey
            if practice.signed_in(role).get(at("card", client_id=client.id)).status_code == 200
        }
        assert listed == truly


def test_the_sentence_names_what_decides(practice, clients):
    def said(role, client):
        return explain.sight(practice.person(role), client.id).sentence

    assert "by the role Prescriber" in said("prescriber", clients[0])
    assert "the card, not the record" in said("front_desk", clients[0])
    assert "limited to a care team" in said("manager", clients[2])
    assert "on the care team" in said("front_desk", clients[3])
    assert "by emergency access until" in said("owner", clients[5])
    assert "none of this person's roles gives" in said("bookkeeper", clients[0])
    ask_for_a_reason(practice)
    assert "asks for a reason of care, and there is none" in said("prescriber", clients[0])
    assert "a visit lately or soon" in said("practitioner", clients[7])
    with writing("not cleared yet"):
        Person.objects.filter(pk=practice.person("manager").pk).update(vouched_at=None)
    assert "not before a second person has checked who they are" in said("manager", clients[0])
    with pytest.raises(NotFound):
        explain.sight(practice.owner, practice.owner.id)
