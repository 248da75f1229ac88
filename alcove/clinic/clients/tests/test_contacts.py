"""Contacts' short keyed values: cut anew when the index key or the number of clients changes, found all the while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alcove.clinic.clients import actions, tasks
from alcove.clinic.clients.models import Client, ContactToken
from alcove.clinic.clients.queries import contacts
from alcove.project import wiring
from alcove.security.access import keys
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Refused
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.jobs import queue
from alcove.security.jobs.models import Job
from alcove.security.vault import cuts, house, rotation
from alcove.security.vault.cuts import Cut
from alcove.security.vault.errors import SealBroken
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import ClientKey, House, HouseKey

OPERATOR = Actor.operator("test")


@pytest.fixture(autouse=True)
def _alone(monkeypatch, settings, tmp_path):
    """A root key file of the test's own; nobody else is at work, so nobody has to be waited for."""
    settings.ALCOVE = replace(settings.ALCOVE, root_key_file=tmp_path / "root.key")
    monkeypatch.setattr(house, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(keys, "MARGIN_SECONDS", 0.0)
    monkeypatch.setattr(keys, "REKEYED_CLIENTS", 3)
    monkeypatch.setattr(tasks, "STEP", 3)


def phone(number):
    return f"+1415555{number:04d}"


@pytest.fixture
def people(practice):
    """Eight clients, each with a phone; the first two share one; the last has an e-mail address and a number too."""
    return [
        actions.create_client(
            OPERATOR,
            directory={
                "given": f"Given{number}",
                "phones": [phone(max(number, 1))],
                **({"emails": ["c@example.org"], "numbers": [{"kind": "file", "value": "A-1"}]} if number == 7 else {}),
            },
        ).id
        for number in range(8)
    ]  # fmt: skip


def missed(people):
    return [at for at, one in enumerate(people) if one not in contacts.bucket("phone", phone(max(at, 1)))]


def ways():
    return {Cut(*row) for row in ContactToken.objects.values_list("key_version", "bits")}


def index_versions():
    return sorted(HouseKey.objects.filter(purpose="index").values_list("version", flat=True))


def break_directory(client_id):
    with writing("test"):
        ClientKey.objects.filter(client_id=client_id).update(wrapped=b"\x01\x00\x01" + bytes(60))


def work():
    """Do all queued jobs, as the worker would; return how many."""
    done = 0
    while job := queue.claim():
        fault = ""
        try:
            wiring.JOBS[job.name](**job.arguments)
        except SealBroken as error:
            fault = str(error)
        queue.end(job, fault)
        done += 1
    return done


# The key --------------------------------------------------------------------------------------------------------


def test_after_a_rotation_every_contact_is_cut_with_the_new_key_and_the_old_one_is_gone(people):
    before = set(ContactToken.objects.values_list("client_id", "kind", "token"))
    keys.rotate_house(OPERATOR)
    assert index_versions() == [2]
    assert ways() == cuts.held() == {Cut(2, 8)}
    after = set(ContactToken.objects.values_list("client_id", "kind", "token"))
    assert len(after) == len(before) == 10
    assert len(before & after) < 5
    assert missed(people) == []
    assert people[7] in contacts.bucket("email", "c@example.org")
    assert people[7] in contacts.bucket("number", "a1")


def test_contacts_are_found_after_every_step_of_a_rotation(people, monkeypatch):
    looked = []
    rewrite = keys._rekey_batch

    def step(*arguments):
        done = rewrite(*arguments)
        looked.append((len(ways()), missed(people)))
        return done

    monkeypatch.setattr(keys, "_rekey_batch", step)
    keys._add_versions(OPERATOR)
    assert missed(people) == []
    keys.rotate_house(OPERATOR)
    assert len(looked) > 4
    assert {len(found) for _, found in looked} == {0}
    assert {count for count, _ in looked} == {1, 2}


def test_a_process_that_has_not_heard_yet_finds_and_cuts_with_the_new_key(people):
    before = house.house()
    keys.rotate_house(OPERATOR)
    for look in (
        lambda: missed(people),
        lambda: [] if actions.create_client(OPERATOR, directory={"phones": [phone(9)]}) else None,
    ):
        house._open = before
        before.looked_at = float("inf")
        assert look() == []
    assert ways() == {Cut(2, 8)}


def test_what_is_written_while_keys_change_is_cut_with_the_new_one(people):
    keys._add_versions(OPERATOR)
    made = actions.create_client(OPERATOR, directory={"given": "New", "phones": [phone(50)]})
    with keyring():
        open_client(OPERATOR, people[3])
        client = Client.objects.get(pk=people[3])
        actions.change_client(OPERATOR, client, directory=client.directory | {"phones": [phone(60)]})
    assert set(
        ContactToken.objects.filter(client_id__in=[made.id, people[3]]).values_list("key_version")
    ) == {(2,)}
    assert made.id in contacts.bucket("phone", phone(50))
    keys.rotate_house(OPERATOR)
    assert people[3] in contacts.bucket("phone", phone(60))
    assert people[3] not in contacts.bucket("phone", phone(3)) or ways() == {Cut(2, 8)}


def test_contacts_that_do_not_open_are_named_and_keep_their_key(people):
    break_directory(people[2])
    broken = keys.rotate_house(OPERATOR)
    assert f"contacts of clients {people[2]}" in broken
    assert index_versions() == [1, 2]
    # They alone stay behind, and are found as before.
    assert set(ContactToken.objects.filter(key_version=1).values_list("client_id", flat=True)) == {people[2]}
    assert missed(people) == []


def test_a_practice_whose_marks_are_under_the_index_key_keeps_it(people):
    with writing("test"):
        HouseKey.objects.filter(purpose="marks").delete()
    house.unlock()
    before = contacts.row_keys("a row")
    keys.rotate_house(OPERATOR)
    assert index_versions() == [1, 2]
    assert ways() == {Cut(2, 8)}
    assert before[0] in contacts.row_keys("a row")


def test_new_index_keys_are_never_made_alone(people):
    with writing("test"), pytest.raises(ValueError, match="wrapping key"):
        rotation.add_house_versions(["index"])


def test_the_log_names_whose_contacts_were_opened(people):
    keys.rotate_house(OPERATOR)
    named = {
        bytes(entry.clients)[at : at + 16]
        for entry in Entry.objects.filter(event="access.values.keyed")
        if entry.clients
        for at in range(0, len(bytes(entry.clients)), 16)
    }
    assert named == {one.bytes for one in people}


@pytest.mark.parametrize("role", ["manager", "practitioner", "front_desk", "officer"])
def test_others_neither_cut_anew_nor_change_the_bits(practice, people, role):
    actor = practice.actor(role)
    for deed in (
        lambda: actions.recut_contacts(actor, 10),
        lambda: actions.recut_some(actor, 10, goes_on_later=False),
        lambda: actions.change_contact_bits(actor, 9, 5000),
        lambda: actions.begin_recut(actor),
    ):
        with pytest.raises(Refused):
            deed()
    assert ways() == {Cut(1, 8)}


# The bits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clients", "set_at", "bits", "wanted"),
    [
        (3, 0, 8, 0),
        (4000, 1, 8, 0),  # moved, and 8 bits are still right
        (5000, 1, 8, 9),
        (20_000, 1, 8, 11),
        (20_000, 5001, 9, 0),  # not moved by a factor of 4
        (20_004, 5001, 9, 11),
        (1_000_000, 20_000, 11, 12),
        (5000, 20_000, 11, 9),
        (5001, 20_000, 11, 0),
    ],
)
def test_the_bits_are_chosen_anew_when_the_number_of_clients_moved_by_four(
    practice, clients, set_at, bits, wanted
):
    House.objects.update(contact_bits=bits, contact_clients=set_at)
    assert contacts.bits_to_set(clients) == wanted
    House.objects.update(contact_bits_before=10)
    assert contacts.bits_to_set(clients) == 0


def test_more_clients_get_longer_values_by_the_worker_alone(people, monkeypatch):
    monkeypatch.setattr(contacts, "best_bits", lambda clients: 8 + clients // 4)
    short = dict(ContactToken.objects.filter(kind="phone").values_list("client_id", "token"))
    tasks.fit_contacts()
    assert House.objects.values_list("contact_bits", "contact_bits_before", "contact_clients").get() == (
        10,
        8,
        8,
    )
    assert cuts.held() == {Cut(1, 8), Cut(1, 10)}
    assert missed(people) == []
    assert work() == 1
    assert ways() == cuts.held() == {Cut(1, 10)}
    assert House.objects.get().contact_bits_before == 0
    assert missed(people) == []
    # Nested: the longer value begins with the shorter one, so both together tell no more than the longer.
    long = dict(ContactToken.objects.filter(kind="phone").values_list("client_id", "token"))
    assert {one: token >> 2 for one, token in long.items()} == short
    tasks.fit_contacts()
    assert not Job.objects.exclude(state=Job.State.DONE).exists()


def test_each_turn_of_the_worker_is_short_and_queues_the_next(people, monkeypatch):
    monkeypatch.setattr(contacts, "best_bits", lambda clients: 9)
    monkeypatch.setattr(tasks, "TURN_SECONDS", 0.0)
    tasks.fit_contacts()
    tasks.fit_contacts()  # another worker, or a new start: nothing is queued twice
    assert Job.objects.count() == 1
    assert work() == 4  # 3, 3 and 2 clients, and a look that finds none
    assert ways() == cuts.held() == {Cut(1, 9)}


def test_a_worker_that_was_killed_is_gone_on_for_at_the_next_start(people):
    actions.change_contact_bits(OPERATOR, 10, 8)
    actions.recut_some(OPERATOR, 3, goes_on_later=False)
    assert ways() == {Cut(1, 8), Cut(1, 10)}
    assert missed(people) == []
    tasks.fit_contacts()
    work()
    assert ways() == cuts.held() == {Cut(1, 10)}


def test_a_key_and_the_bits_may_change_at_once(people):
    actions.change_contact_bits(OPERATOR, 10, 8)
    actions.recut_some(OPERATOR, 3, goes_on_later=False)
    keys._add_versions(OPERATOR)
    actions.recut_some(OPERATOR, 3, goes_on_later=False)
    assert missed(people) == []
    with pytest.raises(actions.Unchanged):
        actions.change_contact_bits(OPERATOR, 9, 8)
    keys.rotate_house(OPERATOR)
    assert ways() == cuts.held() == {Cut(2, 10)}
    assert missed(people) == []


def test_the_worker_leaves_what_does_not_open_and_says_so(people):
    break_directory(people[2])
    actions.change_contact_bits(OPERATOR, 10, 8)
    tasks.fit_contacts()
    work()
    job = Job.objects.get()
    assert job.fault == f"contacts of clients {people[2]}"
    assert (job.state, job.tries) == (Job.State.WAITING, 1)
    assert ContactToken.objects.filter(bits=8).values_list("client_id", flat=True).get() == people[2]
    assert missed(people) == []


def test_the_worker_does_nothing_before_there_is_a_practice(db):
    tasks.fit_contacts()
    assert not Job.objects.exists()
