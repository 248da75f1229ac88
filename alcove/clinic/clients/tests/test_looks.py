"""The access log of a client and the earlier versions of its card: complete, in plain words, and on the log itself."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.models import Alert, Client, LinkedPerson
from alcove.clinic.clients.policy import Clients, Did
from alcove.clinic.clients.queries import access_log, directory, history
from alcove.security.access.change import action
from alcove.security.access.opening import entry, open_client, open_directories, record_now
from alcove.security.access.policy import Did as Kernel
from alcove.security.audit.models import Entry
from alcove.security.vault.errors import RecordLocked
from alcove.security.vault.keyring import keyring


def at(name, **kwargs):
    return reverse(f"clients:{name}", kwargs=kwargs)


def lines(page: str) -> list[str]:
    body = page[page.index("<tbody>") : page.index("</tbody>")]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("</tr>")[:-1]]


@pytest.fixture
def seen(practice, client_card):
    """A client made by the owner, opened by the desk, revealed by a manager, refused to marketing, seen in a list."""
    directory.load_now()
    practice.signed_in("front_desk").get(at("card", client_id=client_card.id))
    practice.signed_in("manager").post(at("reveal", client_id=client_card.id, what="phone-0"))
    practice.signed_in("marketing").get(at("card", client_id=client_card.id))
    practice.signed_in("prescriber").get(reverse("clients:list"))
    return client_card


def test_the_log_says_who_when_what_and_why_and_looking_is_one_line(practice, seen):
    browser = practice.signed_in("practitioner")
    before = Entry.objects.count()
    page = browser.get(at("access_log", client_id=seen.id)).content.decode()
    assert Entry.objects.count() == before + 1
    newest = Entry.objects.newest_first().first()
    assert (newest.event, newest.client_id) == ("clients.access_log.viewed", seen.id)
    found = lines(page)
    assert [one for one in found if "Practitioner Tester" in one and "looked at who opened the record" in one]
    assert [one for one in found if "Front Desk Tester" in one and "opened the card" in one]
    assert [
        one
        for one in found
        if "Manager Tester" in one and "uncovered a masked value" in one and "Phone" in one
    ]
    assert [
        one
        for one in found
        if "Marketing Tester" in one and "was refused" in one and "needed: See the client" in one
    ]
    assert [one for one in found if "Prescriber Tester" in one and "saw this client in a list" in one]
    assert [one for one in found if "Olive Owner" in one and "created the card" in one]
    assert "Catherine Müller-Okafor" in page


def test_a_reason_that_was_given_is_shown(practice, client_card):
    from dataclasses import replace

    actor = replace(practice.actor("prescriber"), reason="Emergency: reaction at home")
    record_now(entry(actor, Kernel.RECORD_OPENED, client_id=client_card.id))
    page = practice.signed_in("owner").get(at("access_log", client_id=client_card.id)).content.decode()
    assert "Emergency: reaction at home" in page


@pytest.mark.parametrize(
    "role", ["manager", "front_desk", "bookkeeper", "marketing", "it_provider", "auditor"]
)
def test_the_log_is_closed_to_others(practice, seen, role):
    answer = practice.signed_in(role).get(at("access_log", client_id=seen.id))
    assert answer.status_code == 403
    assert "opened the card" not in answer.content.decode()
    if role in {"manager", "front_desk"}:
        card = practice.signed_in(role).get(at("card", client_id=seen.id)).content.decode()
        assert "Access log" not in card


def test_the_officer_reads_the_log_without_the_card(practice, seen):
    page = practice.signed_in("officer").get(at("access_log", client_id=seen.id)).content.decode()
    assert "opened the card" in page
    for word in ("Catherine", "Okafor", "1984", "cat@"):
        assert word not in page


def test_the_log_is_filtered_by_kind_and_person(practice, seen):
    browser, url = practice.signed_in("owner"), at("access_log", client_id=seen.id)
    expected = {
        "looked": {"Front Desk Tester", "Manager Tester", "Olive Owner"},
        "changed": {"Olive Owner"},
        "lists": {"Prescriber Tester"},
        "refused": {"Marketing Tester"},
    }
    for kind, people in expected.items():
        found = lines(browser.get(url, {"kind": kind}).content.decode())
        names = {name for one in found for name in ("Front Desk Tester", "Manager Tester", "Olive Owner", "Prescriber Tester", "Marketing Tester") if name in one}  # fmt: skip
        assert names == people, kind
    assert "Nothing on the log fits" in browser.get(url, {"kind": "taken"}).content.decode()
    desk = practice.person("front_desk").id
    found = lines(browser.get(url, {"person": desk}).content.decode())
    assert len(found) == 1
    assert browser.get(url, {"person": "nobody"}).status_code == 404
    assert browser.get(url, {"kind": "<b>"}).status_code == 200


def test_a_list_that_merely_shares_bytes_is_not_shown(practice, client_card):
    actor = practice.actor("owner")
    raw = client_card.id.bytes
    shifted = (UUID(bytes=b"\0" * 8 + raw[:8]), UUID(bytes=raw[8:] + b"\0" * 8))
    open_directories(actor, shifted)
    log = access_log.access_log
    with keyring():
        found = log(actor, client_card.id, person=None, kind="lists", offset=0)
        assert found.looks == []
        open_directories(actor, (shifted[0], client_card.id))
    with keyring():
        assert len(log(actor, client_card.id, person=None, kind="lists", offset=0).looks) == 1


def test_the_log_is_paged(practice, client_card):
    actor = practice.actor("owner")
    for number in range(30):
        record_now(entry(actor, Kernel.CARD_OPENED, client_id=client_card.id))
        record_now(entry(actor, Kernel.LIST_SHOWN, clients=(client_card.id,)))
        assert number >= 0
    browser, url = practice.signed_in("owner"), at("access_log", client_id=client_card.id)
    first = browser.get(url).content.decode()
    assert "1–50 of 62" in first
    assert len(lines(first)) == 50
    second = browser.get(url, {"page": 2}).content.decode()
    assert "51–63 of 63" in second
    assert "created the card" in lines(second)[-1]


def test_what_one_person_did_in_one_go_is_one_line_and_looks_never_are(practice, client_card):
    actor = practice.actor("owner")
    with keyring():
        open_client(actor, client_card.id)
        for name in ("Ann", "Ben", "Cem"):
            actions.add_person(actor, Client.objects.get(), details={"role": "gp", "name": name})
    for _ in range(2):
        record_now(entry(actor, Kernel.CARD_OPENED, client_id=client_card.id))
    page = practice.signed_in("owner").get(at("access_log", client_id=client_card.id)).content.decode()
    found = lines(page)
    assert [one for one in found if "added a linked person 3 times" in one]
    assert len([one for one in found if "opened the card" in one]) == 2
    assert "1–8 of 8" in page


# Earlier versions --------------------------------------------------------------------------------------------------


@pytest.fixture
def changed(practice, client_card):
    owner, clinician = practice.actor("owner"), practice.actor("practitioner")
    with keyring():
        open_client(owner, client_card.id)
        for directory_part, details in (
            ({"family": "Okafor"}, None),
            ({"phones": ["+14155550123", "+442079460018"]}, {"note": "Likes tea"}),
            ({"family": "Müller"}, {"note": "Likes green tea", "address": {"city": "Napa"}}),
        ):
            client = Client.objects.get(pk=client_card.id)
            actions.change_client(
                owner, client, directory={**client.directory, **directory_part},
                details={**client.details, **details} if details else None,
            )  # fmt: skip
        person = actions.add_person(owner, client, details={"role": "gp", "name": "Dr No"})
        actions.remove_person(owner, person)
    with keyring():
        open_client(clinician, client_card.id)
        alert = actions.add_alert(
            clinician,
            Client.objects.get(),
            kind="clinical",
            severity="note",
            text="Secret-5521",
            desk_text="Ask",
        )
        actions.end_alert(clinician, alert, on=alert.created_at.date())
    return client_card


def test_every_earlier_value_is_shown_with_who_and_when(practice, changed):
    owner = practice.actor("owner")
    with keyring():
        open_client(owner, changed.id)
        found = history.history(owner, changed.id, Client.objects.get(), {"family": "Family name"})
    assert [(one.label, one.before, one.after) for one in found] == [
        ("Family name", "Okafor", "Müller"),
        ("Note", "Likes tea", "Likes green tea"),
        ("Address", "", "City: Napa"),
        ("Phones", "+1 415-555-0123", "+1 415-555-0123\n+44 20 7946 0018"),
        ("Note", "", "Likes tea"),
        ("Family name", "Müller-Okafor", "Okafor"),
    ]
    assert {one.who for one in found} == {"Olive Owner"}
    assert {one.words for one in found} == {"changed the details"}


def test_the_page_shows_changes_of_card_people_and_alerts_and_is_one_entry(practice, changed):
    browser = practice.signed_in("front_desk")
    before = Entry.objects.count()
    page = browser.get(at("versions", client_id=changed.id)).content.decode()
    assert Entry.objects.count() == before + 1
    assert Entry.objects.newest_first().first().event == "clients.versions.viewed"
    assert "Dr No" in page
    assert "removed a linked person" in page
    assert "ended an alert" in page
    assert re.search(r"<ins>.*?green", page, re.DOTALL)
    assert "Secret-5521" not in page


@action(Clients.EDIT)
def reword(change, alert, text):
    change.update(alert, Did.ALERT_CHANGED, content={**alert.content, "text": text})


def test_who_may_not_open_the_record_gets_no_half_of_it_from_the_history(practice, changed):
    desk, clinician = practice.actor("front_desk"), practice.actor("practitioner")
    with keyring():
        open_client(clinician, changed.id)
        alert = Alert.objects.get()
        reword(clinician, alert, "Secret-9917")
        found = history.history(clinician, changed.id, alert)
        assert ("Text", "Secret-5521", "Secret-9917") in [(one.label, one.before, one.after) for one in found]
    with keyring():
        open_client(desk, changed.id)
        alert = Alert.objects.get()
        assert [one.label for one in history.history(desk, changed.id, alert)] == ["Ends on"]
        # The seal holds whatever the code above it does: the desk's ring has no key for this half.
        with pytest.raises(RecordLocked):
            _ = alert.content
    page = practice.signed_in("front_desk").get(at("versions", client_id=changed.id)).content.decode()
    assert "Secret-" not in page


def test_a_row_is_rebuilt_as_it_was_at_any_version(practice, changed):
    owner = practice.actor("owner")
    with keyring():
        open_client(owner, changed.id)
        client = Client.objects.get()
        families = [
            history.before_version(owner, client, number)["directory"]["family"] for number in (1, 2, 3, 4)
        ]
    assert families == ["Müller-Okafor", "Okafor", "Okafor", "Müller"]


def test_linked_people_are_not_lost_from_the_history_of_others(practice, changed):
    assert not LinkedPerson.objects.exists()
    owner = practice.actor("owner")
    with keyring():
        open_client(owner, changed.id)
        found = history.histories(owner, changed.id, [], {"clients.linkedperson": "Person"})
    assert [(one.thing, one.label, one.before, one.after) for one in found] == [
        ("Person", "Role", "gp", ""), ("Person", "Name", "Dr No", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("2020-02-03", "3 Feb 2020"), ("2020-02-03T10:00:00Z", "3 Feb 2020, 02:00"), ("2020-99-99", "2020-99-99"),
        ("2020-02-03 tall", "2020-02-03 tall"), (True, "Yes"), (None, ""), ([{"kind": "MR", "value": "1"}], "Kind: MR, Value: 1"),
    ],
)  # fmt: skip
def test_stored_values_are_readable(stored, shown):
    """A moment is shown where the practice is, eight hours behind."""
    assert history.readable(stored) == shown
