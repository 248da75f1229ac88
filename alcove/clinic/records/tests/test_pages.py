"""Every page is there, by right, and leaves exactly one entry."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.records.tests import make
from alcove.clinic.records.tests.samples import samples
from alcove.clinic.records.urls import urlpatterns
from alcove.security.audit.models import Entry

WORDS = ("Lidocaine", "swelling", "Consultation", "Amara", "Lab report")


def routes(practice):
    held = samples(practice)
    for pattern in urlpatterns:
        if pattern.callback.guard.kind == "handed":  # a tablet's own pages: test_handing.py
            continue
        names = list(pattern.pattern.converters)
        url = reverse(f"records:{pattern.name}", kwargs={name: held[name] for name in ["client_id", *names]})
        # What is put back is as of a moment; without one, the page leads back to where one is chosen.
        yield (
            pattern,
            f"{url}?at={timezone.now():%Y-%m-%dT%H:%M:%S.%fZ}" if pattern.name == "put_back" else url,
        )


def entries_since(before):
    return list(Entry.objects.exclude(pk__in=before))


@pytest.mark.parametrize("role", ["practitioner", "prescriber", "owner"])
def test_whoever_may_read_the_record_gets_every_page_and_each_leaves_one_entry(practice, role):
    browser = practice.signed_in(role)
    for pattern, url in list(routes(practice)):
        if "GET" not in pattern.callback.guard.needs:
            continue
        before = set(Entry.objects.values_list("pk", flat=True))
        answer = browser.get(url)
        need = pattern.callback.guard.needs["GET"]
        expected = 200 if practice.actor(role).holds(need) else 403
        assert answer.status_code == expected, pattern.name
        found = entries_since(before)
        assert len(found) == 1, (pattern.name, [entry.event for entry in found])
        assert found[0].result == ("done" if expected == 200 else "refused")


@pytest.mark.parametrize("role", ["practitioner", "owner"])
def test_every_post_leaves_one_entry(practice, role):
    browser = practice.signed_in(role)
    for pattern, url in list(routes(practice)):
        if "POST" not in pattern.callback.guard.needs:
            continue
        before = set(Entry.objects.values_list("pk", flat=True))
        answer = browser.post(url, {})
        assert answer.status_code in {302, 403, 409, 422}, (pattern.name, answer.status_code)
        found = entries_since(before)
        assert len(found) == 1, (pattern.name, answer.status_code, [entry.event for entry in found])


@pytest.mark.parametrize(
    "role", ["front_desk", "manager", "bookkeeper", "marketing", "officer", "it_provider", "auditor"]
)
def test_nobody_else_gets_a_page_or_a_word(practice, role):
    browser = practice.signed_in(role)
    for pattern, url in list(routes(practice)):
        for method, need in pattern.callback.guard.needs.items():
            if getattr(need, "permission", need).key.startswith(
                "clients."
            ):  # handing over, corrections of contacts: the card's half
                continue
            answer = getattr(browser, method.lower())(url)
            assert answer.status_code == 403, (pattern.name, method)
            text = answer.content.decode()
            assert not any(word in text for word in WORDS), pattern.name


def test_the_front_desk_sees_no_clinical_word_on_the_card(practice):
    held = samples(practice)
    card = reverse("clients:card", kwargs={"client_id": held["client_id"]})
    desk, nurse = practice.signed_in("front_desk").get(card), practice.signed_in("practitioner").get(card)
    assert desk.status_code == nurse.status_code == 200
    for word in ("Lidocaine", "Treatment history", "/notes/", "/chart/", "Unsigned notes", "Amara"):
        assert word in nurse.content.decode(), word
        assert word not in desk.content.decode(), word


def test_a_role_that_may_write_but_not_read_is_refused_on_the_record(practice, client_card, at):
    from alcove.security.access.models import Role
    from alcove.security.access.writes import writing

    browser = practice.signed_in("front_desk")
    with writing("test"):
        role = Role.objects.get(key="front_desk")
        role.rights = [*role.rights, "records.create"]
        role.save()
    before = set(Entry.objects.values_list("pk", flat=True))
    assert browser.post(at("notes"), {"template": "free"}).status_code == 403
    assert [entry.result for entry in entries_since(before)] == ["refused"]


def test_another_clients_rows_are_not_found(practice, client_card, nurse):
    held = samples(practice)
    browser = practice.signed_in("practitioner")
    for route, name in (("note", "note_id"), ("item", "item_id"), ("document", "document_id")):
        url = reverse(f"records:{route}", kwargs={"client_id": client_card.id, name: held[name]})
        assert browser.get(url).status_code == 404
    url = reverse(
        "records:versions", kwargs={"client_id": client_card.id, "what": "item", "row_id": held["row_id"]}
    )
    assert browser.get(url).status_code == 404


def test_a_print_a_pdf_a_download_and_a_look_at_versions_are_named_as_such(practice):
    browser, held = practice.signed_in("practitioner"), samples(practice)
    at = {"client_id": held["client_id"]}
    for route, ids, event, on in (
        ("print", {}, "records.chart.printed", ""),
        ("pdf", {}, "records.chart.printed", ""),
        (
            "document",
            {"document_id": held["document_id"]},
            "records.document.read",
            f"records.document {held['document_id'].hex}",
        ),
        (
            "versions",
            {"what": "item", "row_id": held["row_id"]},
            "records.versions.viewed",
            f"records.versions {held['row_id'].hex}",
        ),
    ):
        before = set(Entry.objects.values_list("pk", flat=True))
        assert browser.get(reverse(f"records:{route}", kwargs=at | ids)).status_code == 200
        (entry,) = entries_since(before)
        assert (entry.event, entry.object, entry.client_id) == (event, on, held["client_id"])


def test_a_printout_names_who_printed_it_and_the_code_of_its_entry(practice):
    browser, held = practice.signed_in("practitioner"), samples(practice)
    text = browser.get(reverse("records:print", kwargs={"client_id": held["client_id"]})).content.decode()
    entry = Entry.objects.get(event="records.chart.printed")
    assert entry.request in text
    assert "Printed by Practitioner Tester" in text
    assert "Lidocaine" in text
    assert "Skin calm, no swelling." in text


def test_titles_and_addresses_carry_no_value(practice):
    browser, held = practice.signed_in("practitioner"), samples(practice)
    for pattern, url in list(routes(practice)):
        if "GET" in pattern.callback.guard.needs and pattern.name not in {"pdf", "document"}:
            text = browser.get(url).content.decode()
            assert "<title>Client record" in text, pattern.name
    assert held


def test_the_card_part_of_a_full_chart_is_cheap(practice, nurse, chart, django_assert_max_num_queries):
    from alcove.clinic.records.queries import card

    for number in range(12):
        visit = make.visit(nurse, chart, days_ago=number)
        make.signed(nurse, chart, visit=visit)
        make.item(nurse, chart, kind="procedure", name="HydraFacial", visit=visit)
        make.item(
            nurse,
            chart,
            kind="observation",
            name="Weight",
            value=str(60 + number),
            unit="kg",
            start="2026-01-01",
            visit=visit,
        )
        make.item(nurse, chart, kind="medication", name=f"Drug {number}")
    with django_assert_max_num_queries(9):
        part = card(nurse, chart)
        for section in part.sections:
            section.context()
        assert [fact.value() for fact in part.facts][1:3] == ["12", "0"]
    with django_assert_max_num_queries(2):
        card(nurse, chart)
