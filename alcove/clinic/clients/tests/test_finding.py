"""The list, search and suggestions: who is found by what, and what the log says of it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from alcove.clinic.clients.actions import create_client
from alcove.clinic.clients.queries import directory
from alcove.security.audit.models import Entry

LIST, SEARCH = reverse("clients:list"), reverse("clients:search")


@pytest.fixture
def people(practice):
    owner = practice.actor("owner")
    made = {}
    for given, family, born, phone, email, number in (
        ("Catherine", "Müller", "1984-02-29", "+14155550123", "cat@example.org", "JS-0042"),
        ("Anna", "Zander", "1990-12-01", "+442079460018", "anna.z@example.org", "JS-0043"),
        ("Ming", "Abel", "1990-12-01", "+14155550124", "", ""),
    ):
        made[given] = create_client(
            owner,
            directory={
                "given": given, "family": family, "born": born, "phones": [phone], "emails": [email] if email else [],
                "numbers": [{"kind": "Client number", "value": number}] if number else [],
            },
        )  # fmt: skip
    directory.load_now()
    return made


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("catherine", "Catherine"),
        ("Kathryn muller", "Catherine"),
        ("zanedr", "Anna"),
        ("mul cat", "Catherine"),
        ("(415) 555-0123", "Catherine"),
        ("+1 415 555 0123", "Catherine"),
        ("415.555.0123", "Catherine"),
        ("+44 20 7946 0018", "Anna"),
        ("CAT@Example.org", "Catherine"),
        ("js0042", "Catherine"),
        ("1984-02-29", "Catherine"),
        ("2/29/1984", "Catherine"),
        ("2/29/84", "Catherine"),
    ],
)
def test_a_client_is_found_by_whatever_is_typed(practice, people, typed, found):
    page = practice.signed_in("front_desk").post(LIST, {"q": typed}).content.decode()
    assert f"<b>{found} " in page
    assert page.count('class="who"') == 1


def test_a_search_is_one_entry_that_names_those_shown_and_not_what_was_typed(practice, people):
    browser = practice.signed_in("front_desk")
    before = Entry.objects.count()
    browser.post(LIST, {"q": "1990-12-01"})
    entry = Entry.objects.newest_first().first()
    assert Entry.objects.count() == before + 1
    assert entry.event == "clients.search.done"
    assert {bytes(entry.clients)[at : at + 16] for at in (0, 16)} == {
        people["Anna"].id.bytes,
        people["Ming"].id.bytes,
    }
    browser.post(LIST, {"q": "+14155550123"})
    assert bytes(Entry.objects.newest_first().first().clients) == people["Catherine"].id.bytes
    assert Entry.objects.count() == before + 2


def test_the_suggestions_are_a_part_with_one_entry(practice, people):
    browser = practice.signed_in("front_desk")
    before = Entry.objects.count()
    answer = browser.post(SEARCH, {"q": "kathryn"}, headers={"hx-request": "true"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in page
    assert "Catherine Müller" in page
    assert reverse("clients:card", kwargs={"client_id": people["Catherine"].id}) in page
    assert "5550123" not in page.replace(" ", "").replace("-", "")
    assert Entry.objects.count() == before + 1
    assert Entry.objects.newest_first().first().event == "clients.search.done"


def test_without_javascript_the_search_box_gives_the_whole_page(practice, people):
    page = practice.signed_in("front_desk").post(SEARCH, {"q": "anna"}).content.decode()
    assert "<html" in page
    assert "Anna Zander" in page


def test_nobody_found_says_so_and_records_nobody(practice, people):
    browser = practice.signed_in("front_desk")
    before = Entry.objects.count()
    page = browser.post(LIST, {"q": "qqqxxx"}).content.decode()
    assert "Nobody found" in page
    assert 'value="qqqxxx"' in page
    assert Entry.objects.count() == before


def test_while_names_load_the_page_says_so_and_contacts_are_found(practice, people):
    directory.forget()
    browser = practice.signed_in("front_desk")
    assert "Names are getting ready" in browser.get(LIST).content.decode()
    page = browser.post(LIST, {"q": "cat@example.org"}).content.decode()
    assert "Names are getting ready" in page
    assert "Catherine Müller" in page
    page = browser.post(SEARCH, {"q": "Catherine"}, headers={"hx-request": "true"}).content.decode()
    assert "Names are getting ready" in page


def test_the_list_is_by_family_name_fifty_a_page_with_one_entry(practice, people):
    owner = practice.actor("owner")
    for number in range(60):
        create_client(owner, directory={"given": "Bo", "family": f"Middle{number:02}", "born": "1970-01-01"})
    browser = practice.signed_in("manager")
    before = Entry.objects.count()
    page = browser.get(LIST).content.decode()
    entry = Entry.objects.newest_first().first()
    assert Entry.objects.count() == before + 1
    assert (entry.event, len(bytes(entry.clients))) == ("clients.list.shown", 50 * 16)
    assert "1–50 of 63" in page
    assert "5550124" not in page.replace(" ", "").replace("-", "")
    assert "+1 4•• ••• •124" in page
    assert page.index("Ming Abel") < page.index("Bo Middle00")
    assert "Anna Zander" not in page
    second = browser.get(LIST + "?page=2").content.decode()
    assert "51–63 of 63" in second
    assert "Anna Zander" in second
    for strange in ("0", "-1", "x", "999999999", "²"):
        assert browser.get(LIST, {"page": strange}).status_code == 200


def test_many_found_are_counted_to_five_hundred(practice, people):
    from alcove.clinic.clients.policy import Clients
    from alcove.security.access.change import action

    @action(Clients.CREATE)
    def many(change, count):
        for _ in range(count):
            create_client(change, directory={"given": "Bo", "family": "Common", "born": "1970-01-01"})

    many(practice.actor("owner"), 501)
    page = practice.signed_in("owner").post(LIST, {"q": "common"}).content.decode()
    assert "More than 500 found" in page
    assert page.count('class="who"') == 25


def test_a_list_takes_few_queries(practice, people, django_assert_max_num_queries):
    owner = practice.actor("owner")
    for number in range(47):
        create_client(owner, directory={"given": "Bo", "family": f"Middle{number:02}", "born": "1970-01-01"})
    browser = practice.signed_in("front_desk")
    browser.get(LIST)
    with django_assert_max_num_queries(13):
        browser.get(LIST)
    with django_assert_max_num_queries(17):
        browser.post(LIST, {"q": "415 555 0123"})


@pytest.mark.parametrize("role", ["bookkeeper", "marketing", "officer", "it_provider", "auditor"])
def test_lists_and_search_are_closed_to_the_others(practice, people, role):
    browser = practice.signed_in(role)
    answers = [browser.get(LIST), browser.post(LIST, {"q": "anna"}), browser.post(SEARCH, {"q": "anna"})]
    for answer in answers:
        assert answer.status_code == 403
        assert "Zander" not in answer.content.decode()
    assert browser.get(SEARCH).status_code == 405
    assert Entry.objects.filter(result="refused").count() == 3


def test_what_was_typed_comes_back_escaped(practice, people):
    page = practice.signed_in("owner").post(LIST, {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page
    assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page
