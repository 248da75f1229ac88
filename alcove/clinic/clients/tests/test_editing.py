"""Making and changing cards: nothing wrong is saved, nothing typed is lost, nobody overwrites another unseen."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients.actions import change_client
from alcove.clinic.clients.models import Alert, Client, LinkedPerson
from alcove.clinic.clients.queries import directory
from alcove.clinic.clients.tests.samples import samples
from alcove.security.access.opening import open_client
from alcove.security.audit.models import Entry
from alcove.security.vault.keyring import keyring

NEW = reverse("clients:new")
GOOD = {"given": "Joan", "family": "Lindqvist", "born": "1970-05-17", "phone_0": "(415) 555-0142"}


def at(name, **kwargs):
    return reverse(f"clients:{name}", kwargs=kwargs)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"the page has no {name}"
    return found[1]


@pytest.fixture
def desk(practice):
    directory.load_now()
    return practice.signed_in("front_desk")


def read(practice, client_id):
    with keyring():
        open_client(practice.actor("owner"), client_id)
        client = Client.objects.get(pk=client_id)
        return dict(client.directory), dict(client.details)


# A new client ------------------------------------------------------------------------------------------------------


def test_a_client_is_created_with_one_entry_and_the_phone_in_international_form(practice, desk):
    row = hidden(desk.get(NEW).content.decode(), "row")
    before = Entry.objects.count()
    answer = desk.post(NEW, GOOD | {"row": row, "pronouns": "she", "city": "Napa"})
    client = Client.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == at("card", client_id=client.id) + "?done=created"
    assert Entry.objects.count() == before + 1
    assert Entry.objects.newest_first().first().event == "clients.client.created"
    held, details = read(practice, client.id)
    assert held == {"given": "Joan", "family": "Lindqvist", "born": "1970-05-17", "phones": ["+14155550142"]}
    assert details == {"pronouns": "she", "address": {"city": "Napa"}}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"given": "", "family": " "}, "Give a name"),
        ({"born": ""}, "Give the date."),
        ({"born": "yesterday"}, "This is not a date"),
        ({"born": "1850-01-01"}, "more than 130 years ago"),
        ({"phone_0": ""}, "Give at least one phone number or e-mail address"),
        ({"phone_0": "abc"}, "This is not a phone number"),
        ({"phone_0": "12"}, "too few or too many digits"),
        ({"email_0": "not an address"}, "This is not an e-mail address"),
        ({"given": "x" * 1001}, "at most 1000 characters"),
        ({"given": "a\x00b"}, "Null characters"),
        ({"number_kind_0": "Passport"}, "Give the number as well"),
        ({"sex": "Robot"}, "Robot is not one of the available choices"),
        ({"born": "2015-05-05"}, "This client is under 18"),
        ({"born": "2015-05-05", "guardian_name": "Pa", "guardian_phone": "12"}, "too few or too many digits"),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_nothing_typed_is_lost(desk, wrong, sentence):
    typed = GOOD | {"occupation": "Baker <b>", "note": "Two\nlines"} | wrong
    before = Entry.objects.count()
    answer = desk.post(NEW, typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert "Baker &lt;b&gt;" in page
    assert "Two\nlines" in page
    assert 'value="Lindqvist"' in page or "family" in wrong
    assert not Client.objects.exists()
    assert Entry.objects.count() == before


def test_a_birth_date_in_the_future_is_refused(desk):
    tomorrow = timezone.localdate() + timedelta(days=1)
    answer = desk.post(NEW, GOOD | {"born": tomorrow.isoformat()})
    assert answer.status_code == 422
    assert "lies in the future" in answer.content.decode()


def test_a_minor_is_created_together_with_the_guardian(practice, desk):
    guardian = {"guardian_name": "Pa Lindqvist", "guardian_email": "PA@example.org"}
    assert desk.post(NEW, GOOD | {"born": "2015-05-05"} | guardian).status_code == 302
    with keyring():
        open_client(practice.actor("owner"), Client.objects.get().id)
        person = LinkedPerson.objects.get()
        assert person.details == {"role": "guardian", "name": "Pa Lindqvist", "email": "pa@example.org"}


@pytest.mark.parametrize(
    "typed",
    [
        {"given": "Cathrine", "family": "Muller Okafor", "born": "1984-02-29", "phone_0": "+14155559999"},
        {"given": "Katherine", "family": "Smith", "born": "1984-02-29", "phone_0": "+14155559999"},
        {"given": "C", "family": "M", "born": "1999-09-09", "phone_0": "415-555-0123"},
        {"given": "C", "family": "M", "born": "1999-09-09", "email_0": "Cat@Example.org"},
    ],
)
def test_likely_same_clients_are_shown_before_saving(practice, client_card, desk, typed):
    before = Entry.objects.count()
    answer = desk.post(NEW, typed)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert at("card", client_id=client_card.id) in page
    assert f'value="{typed["given"]}"' in page
    assert Client.objects.count() == 1
    entry = Entry.objects.newest_first().first()
    assert Entry.objects.count() == before + 1
    assert bytes(entry.clients) == client_card.id.bytes
    assert desk.post(NEW, typed | {"anyway": "yes", "row": hidden(page, "row")}).status_code == 302
    assert Client.objects.count() == 2


def test_someone_quite_different_raises_no_hint(client_card, desk):
    assert desk.post(NEW, GOOD).status_code == 302


def test_while_names_load_a_missing_hint_is_said(desk):
    directory.forget()
    answer = desk.post(NEW, GOOD)
    assert answer.status_code == 409
    assert "Names are still getting ready" in answer.content.decode()
    assert desk.post(NEW, GOOD | {"anyway": "yes"}).status_code == 302


def test_the_same_form_sent_twice_makes_one_client(practice, desk):
    row = hidden(desk.get(NEW).content.decode(), "row")
    first, second = (desk.post(NEW, GOOD | {"row": row}) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Client.objects.count() == 1
    third = desk.post(NEW, GOOD | {"row": row, "given": "Twin"})
    page = third.content.decode()
    assert third.status_code == 409
    assert "has made a client already" in page
    assert 'value="Twin"' in page
    assert hidden(page, "row") != row
    assert (
        desk.post(NEW, GOOD | {"row": hidden(page, "row"), "given": "Twin", "anyway": "yes"}).status_code
        == 302
    )
    assert Client.objects.count() == 2


def test_a_forged_id_is_not_taken(practice, client_card, desk):
    assert desk.post(NEW, GOOD | {"row": client_card.id.hex}).status_code == 302
    assert Client.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_the_same_moment_make_one_client(practice):
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection, connections

    if connection.vendor == "sqlite":
        pytest.skip("threads cannot share SQLite's in-memory test database; this runs on PostgreSQL")
    directory.load_now()
    row = hidden(practice.signed_in("front_desk").get(NEW).content.decode(), "row")
    browsers = [practice.signed_in("front_desk") for _ in range(4)]

    def press(browser):
        try:
            return browser.post(NEW, GOOD | {"row": row, "anyway": "yes"}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(press, browsers)) == [302] * 4
    assert Client.objects.count() == 1


# Changing ----------------------------------------------------------------------------------------------------------


def filled(browser, url):
    """Return what a browser would send back from a form untouched."""
    page = browser.get(url).content.decode()
    form = page[page.index('<form class="form"') :]
    form = form[: form.index("</form>")]
    from html import unescape

    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="submit"' not in tag:
            sent[name[1]] = unescape(value[1]) if value else ""
    for name, body in re.findall(r'<textarea name="([^"]*)"[^>]*>\r?\n?(.*?)</textarea>', form, re.DOTALL):
        sent[name] = unescape(body)
    for name, body in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        sent[name] = unescape(chosen[1]) if chosen else ""
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def test_saving_a_form_untouched_changes_nothing(practice, client_card, desk):
    url = at("edit", client_id=client_card.id)
    sent = filled(desk, url)
    before, held = Entry.objects.count(), read(practice, client_card.id)
    answer = desk.post(url, sent)
    assert answer.status_code == 302
    assert read(practice, client_card.id) == held
    assert Client.objects.get().version == 1
    assert Entry.objects.filter(event="clients.client.changed").count() == 0
    # Reading it before and after are two; the POST itself is one look.
    assert Entry.objects.count() == before + 3


def test_a_change_is_saved_with_the_names_of_its_fields(practice, client_card, desk):
    url = at("edit", client_id=client_card.id)
    sent = filled(desk, url) | {"family": "Okafor", "phone_1": "020 7946 0018", "pronouns": "they"}
    answer = desk.post(url, sent)
    assert answer.status_code == 422
    assert "This is not" in answer.content.decode() or "digits" in answer.content.decode()
    before = Entry.objects.count()
    assert desk.post(url, sent | {"phone_1": "+44 20 7946 0018"}).status_code == 302
    entry = Entry.objects.newest_first().first()
    assert Entry.objects.count() == before + 1
    assert entry.fields == "family,phones,pronouns"
    held, details = read(practice, client_card.id)
    assert held["phones"] == ["+14155550123", "+442079460018"]
    assert details["pronouns"] == "they"


def test_what_the_form_does_not_ask_for_stays(practice, client_card, desk):
    owner = practice.actor("owner")
    with keyring():
        open_client(owner, client_card.id)
        client = Client.objects.get()
        change_client(
            owner, client,
            directory={**client.directory, "from_import": "kept", "phones": ["12", *(f"+1415555{n:04}" for n in range(30))], "numbers": [{"kind": "MR", "value": "1", "system": "x"}]},
            details={**client.details, "race": "kept", "sex": "female", "deceased_on": "2020-01-01T10:11:12Z"},
        )  # fmt: skip
    url = at("edit", client_id=client_card.id)
    assert desk.post(url, filled(desk, url) | {"occupation": "Cook"}).status_code == 302
    held, details = read(practice, client_card.id)
    assert held["from_import"] == "kept"
    assert held["phones"] == ["12", *(f"+1415555{number:04}" for number in range(30))]
    assert held["numbers"] == [{"kind": "MR", "value": "1", "system": "x"}]
    assert details["race"] == "kept"
    assert details["sex"] == "female"
    assert details["deceased_on"] == "2020-01-01T10:11:12Z"
    assert details["occupation"] == "Cook"


def test_a_stale_form_gets_both_versions_side_by_side_and_loses_nothing(practice, client_card, desk):
    url = at("edit", client_id=client_card.id)
    stale = filled(desk, url)
    other = practice.signed_in("manager")
    assert other.post(url, filled(other, url) | {"given": "Kate", "city": "Oakland"}).status_code == 302
    before = Entry.objects.count()
    answer = desk.post(url, stale | {"given": "Cathy", "occupation": "Pilot"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert Entry.objects.count() == before + 1
    assert "Manager Tester" in page
    assert re.search(r"Given name.*?Kate.*?Cathy", page, re.DOTALL)
    assert "taken over" in page
    assert 'value="Cathy"' in page
    assert 'value="Pilot"' in page
    # The town was not touched here, so the other person's stands in the form.
    assert 'value="Oakland"' in page
    assert hidden(page, "version") == "2"
    merged = stale | {"given": "Cathy", "occupation": "Pilot", "city": "Oakland", "version": "2"}
    assert desk.post(url, merged).status_code == 302
    held, details = read(practice, client_card.id)
    assert (held["given"], details["address"]["city"], details["occupation"]) == ("Cathy", "Oakland", "Pilot")


def test_a_form_without_its_version_does_not_overwrite(practice, client_card, desk):
    url = at("edit", client_id=client_card.id)
    sent = filled(desk, url)
    sent.pop("version")
    assert desk.post(url, sent | {"given": "Kate"}).status_code == 409
    assert read(practice, client_card.id)[0]["given"] == "Catherine"


# People and alerts -------------------------------------------------------------------------------------------------


def test_people_are_added_changed_and_removed(practice, client_card, desk):
    new = at("person_new", client_id=client_card.id)
    sent = filled(desk, new) | {"role": "emergency", "name": "Sam", "phone": "415 555 0177"}
    for _ in range(2):
        assert desk.post(new, sent).status_code == 302
    person = LinkedPerson.objects.get()
    answer = desk.post(new, sent | {"name": "Someone else"})
    assert answer.status_code == 409
    assert 'value="Someone else"' in answer.content.decode()
    url = at("person", client_id=client_card.id, person_id=person.id)
    stale = filled(desk, url)
    assert stale["phone"] == "+1 415-555-0177"
    assert desk.post(url, stale | {"name": "Samuel"}).status_code == 302
    conflict = desk.post(url, stale | {"name": "Samantha"})
    page = conflict.content.decode()
    assert conflict.status_code == 409
    assert "Samuel" in page
    assert 'value="Samantha"' in page
    assert desk.post(url, stale | {"name": "Samantha", "version": hidden(page, "version")}).status_code == 302
    assert desk.post(url, filled(desk, url) | {"phone": "1"}).status_code == 422
    assert desk.post(at("person_remove", client_id=client_card.id, person_id=person.id)).status_code == 302
    assert not LinkedPerson.objects.exists()
    page = practice.signed_in("manager").get(at("versions", client_id=client_card.id)).content.decode()
    assert "removed a linked person" in page
    assert "Samantha" in page


def test_the_desk_writes_alerts_for_everyone_and_never_clinical_ones(practice, client_card, desk):
    url = at("alert_new", client_id=client_card.id)
    page = desk.get(url).content.decode()
    assert 'name="text"' not in page
    clinical = {"kind": "allergy", "severity": "critical", "text": "Latex"}
    assert desk.post(url, clinical).status_code == 422
    sent = filled(desk, url) | {"desk_text": "Uses a wheelchair"} | clinical
    for _ in range(2):
        assert desk.post(url, sent).status_code == 302
    alert = Alert.objects.get()
    assert not alert.is_clinical
    assert desk.post(url, filled(desk, url) | {"desk_text": "x", "ends_on": "2001-01-01"}).status_code == 422
    end = at("alert_end", client_id=client_card.id, alert_id=alert.id)
    assert desk.post(end).status_code == 302
    assert "Uses a wheelchair" not in desk.get(at("edit", client_id=client_card.id)).content.decode()
    assert desk.post(end).status_code == 409
    assert desk.post(at("alert_resume", client_id=client_card.id, alert_id=alert.id)).status_code == 302
    assert "Uses a wheelchair" in desk.get(at("edit", client_id=client_card.id)).content.decode()


def test_a_clinician_writes_both_halves_and_a_critical_one_flags_the_desk(practice, client_card):
    clinician = practice.signed_in("prescriber")
    url = at("alert_new", client_id=client_card.id)
    assert clinician.post(url, filled(clinician, url) | {"severity": "critical"}).status_code == 422
    sent = filled(clinician, url) | {"kind": "safety", "severity": "critical", "text": "Faints"}
    for _ in range(2):
        assert clinician.post(url, sent).status_code == 302
    alert = Alert.objects.get()
    with keyring():
        open_client(practice.actor("front_desk"), client_card.id)
        assert Alert.objects.get(pk=alert.id).desk_text == Alert.DESK_FLAG


def test_each_deed_needs_its_right(practice):
    ids = samples(practice)
    client = {"client_id": ids["client_id"]}
    person, alert = client | {"person_id": ids["person_id"]}, client | {"alert_id": ids["alert_id"]}
    posts = [
        at("edit", **client), at("person_new", **client), at("person", **person), at("person_remove", **person),
        at("alert_new", **client), at("alert_end", **alert), at("alert_resume", **alert), at("hide", **client),
        at("unhide", **client), at("reveal", **client, what="phone-0"),
        at("reveal_person", **person, contact="phone"), NEW,
    ]  # fmt: skip
    for role in ("bookkeeper", "marketing", "officer", "it_provider", "auditor"):
        browser = practice.signed_in(role)
        before = Entry.objects.count()
        for url in posts:
            assert browser.post(url, GOOD).status_code == 403, (role, url)
        assert Entry.objects.count() == before + len(posts)
    assert LinkedPerson.objects.count() == 1
