"""An export leaves sensitive entries out, and everything that tells of them, unless they are asked for in so many words."""

from __future__ import annotations

import argparse
import json

import pytest

from alcove.api.commands import client as command
from alcove.api.commands.client import NotADisclosure, disclosure, export_client
from alcove.api.tests.make import OPERATOR
from alcove.clinic.records import actions
from alcove.clinic.records.models import Item, Note
from alcove.clinic.records.tests import make
from alcove.clinic.records.tests.hiding import mark
from alcove.console import Console
from alcove.security.access import audiences
from alcove.security.access.audiences import Category, Mark, RegionRefused
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import ExcludedRegion
from alcove.security.access.policy import Sensitive
from alcove.security.audit.models import Entry
from alcove.security.identity.actions.rules import exclude_regions

WHY = "The patient asked in writing on 3 May"
PLANTED = "Termination of pregnancy"


@pytest.fixture
def nurse(practice):
    return practice.actor("practitioner")


def ordinary(nurse, client):
    with make.opened(nurse, client):
        make.signed(nurse, client, visit=make.visit(nurse, client))
        make.item(nurse, client, "condition", name="Rosacea")
        make.document(nurse, client)


def hide(nurse, client):
    """Make one entry of every kind sensitive: from the first word, and later with earlier versions."""
    with make.opened(nurse, client):
        note = actions.begin_note(nurse, client, template="free", sensitive=Mark(Category.REPRODUCTIVE))
        actions.keep_draft(nurse, note, title=PLANTED, body={"text": PLANTED})
        actions.sign_note(nurse, note)
        actions.amend_note(nurse, note, text=PLANTED, reason="She called again")
        item = make.item(nurse, client, "procedure", name=PLANTED)
        actions.change_item(nurse, item, entry=item.entry.of({"name": PLANTED, "note": "changed"}))
        mark(nurse, Item.objects.get(pk=item.pk))
        talk = make.signed(nurse, client, title="Low mood")
        mark(nurse, Note.objects.get(pk=talk.pk), category=Category.MENTAL)
        make.document(nurse, client, title=PLANTED, sensitive=Mark(Category.REPRODUCTIVE))


def files(folder):
    """Every file of an export by its name, without the moments at which it was made."""
    import re

    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            text = path.read_bytes()
            found[path.relative_to(folder).as_posix()] = re.sub(
                rb"20\d\d-\d\d-\d\d[T ][\d:.+]+Z?|[0-9a-f]{64}|\d+ (?=bytes)|\w+ \d+, 20\d\d.{0,20}|\d\d:\d\d",
                b"",
                text,
            )
    return found


def test_an_export_is_that_of_a_client_without_the_entries(practice, nurse, client_card, tmp_path):
    ordinary(nurse, client_card)
    export_client(OPERATOR, client_card.id, tmp_path / "before")
    before = files(tmp_path / "before")
    hide(nurse, client_card)
    with_entries = files_after(OPERATOR, client_card, tmp_path / "after")
    assert with_entries.keys() == before.keys()
    for name, text in with_entries.items():
        if name in {"manifest.json", "access-log.csv", "record.json", "index.html"}:
            continue
        assert text == before[name], name
    # These four tell of the first export itself; apart from that they are equal.
    held = {each: json.loads((tmp_path / each / "record.json").read_text()) for each in ("before", "after")}
    log = [held[each]["access_log"]["entries"] for each in ("before", "after")]
    assert log[1][: len(log[0])] == log[0]
    assert {one["did"] for one in log[1][len(log[0]) :]} == {"exported everything held on the client"}
    for each in held.values():
        del each["access_log"]
    assert held["before"] == held["after"]
    rows = [
        json.loads((tmp_path / each / "manifest.json").read_text())["rows"] for each in ("before", "after")
    ]
    assert rows[0] | {"log": 0} == rows[1] | {"log": 0}
    everything = b"".join(with_entries.values())
    for word in (PLANTED.encode(), b"Low mood", b"reproductive", b"ensitive", b"limited"):
        assert word not in everything, word


def files_after(actor, client, place):
    export_client(actor, client.id, place)
    return files(place)


def test_whoever_is_of_the_audience_exports_them_no_more_than_others(practice, client_card, tmp_path):
    from dataclasses import replace

    from alcove.clinic.clients.policy import Clients

    nurse = practice.actor("practitioner")
    ordinary(nurse, client_card)
    hide(nurse, client_card)
    exporter = replace(nurse, rights=nurse.rights | {Clients.EXPORT.key})
    everything = b"".join(files_after(exporter, client_card, tmp_path / "out").values())
    assert PLANTED.encode() not in everything


def test_asked_for_in_so_many_words_they_are_given_out_and_logged(nurse, client_card, tmp_path):
    ordinary(nurse, client_card)
    hide(nurse, client_card)
    wanted = disclosure("reproductive", "us-ca", WHY)
    export_client(OPERATOR, client_card.id, tmp_path / "out", wanted)
    everything = b"".join(files(tmp_path / "out").values())
    assert PLANTED.encode() in everything
    assert b"Low mood" not in everything
    said = Entry.objects.filter(event="access.entry.disclosed")
    assert said.count() == 3
    assert {one.fields for one in said} == {"to US-CA"}
    assert all(one.reason for one in said)
    assert not any("reproductive" in f"{one.object}{one.fields}" for one in Entry.objects.all())


def test_a_region_that_the_practice_excludes_gets_nothing_whether_there_is_an_entry_or_not(
    practice, nurse, client_card, tmp_path
):
    exclude_regions(practice.actor("owner"), ["US-TX"], [Category.REPRODUCTIVE])
    for kinds, region in (("all", "US-TX"), ("reproductive", "US"), ("reproductive,mental_health", "us-tx")):
        with pytest.raises(RegionRefused, match="nothing of this kind"):
            export_client(OPERATOR, client_card.id, tmp_path / "out", disclosure(kinds, region, WHY))
        assert not (tmp_path / "out").exists()
    assert Entry.objects.filter(event="clients.client.exported").count() == 0
    hide(nurse, client_card)
    export_client(OPERATOR, client_card.id, tmp_path / "elsewhere", disclosure("all", "US-CA", WHY))
    export_client(OPERATOR, client_card.id, tmp_path / "other", disclosure("mental_health", "US-TX", WHY))
    assert PLANTED.encode() not in b"".join(files(tmp_path / "other").values())


def test_what_makes_no_sense_is_refused_with_a_sentence():
    for kinds, region, reason, says in (
        ("all", "US-CA", "", "Say who asked"),
        ("all", "US-CA", "short", "Say who asked"),
        ("weather", "US-CA", WHY, "no kind called weather"),
        (None, "US-CA", "", "belong to --sensitive"),
        (None, "", WHY, "belong to --sensitive"),
    ):
        with pytest.raises(NotADisclosure, match=says):
            disclosure(kinds, region, reason)
    for region in ("", "Texas", "U", "US-TEXAS", "US TX"):
        with pytest.raises(RegionRefused, match="no region"):
            disclosure("all", region, WHY)
    assert disclosure(None, "", "") is None


def test_the_command_exits_with_two_and_writes_nothing(practice, client_card, tmp_path, capsys):
    exclude_regions(practice.actor("owner"), ["US-TX"], [Category.MENTAL])
    parser = argparse.ArgumentParser()
    command._arguments(parser)
    given = parser.parse_args(
        [
            str(client_card.id),
            "--to",
            str(tmp_path / "out"),
            "--sensitive",
            "all",
            "--region",
            "US-TX",
            "--reason",
            WHY,
        ]
    )
    assert command.run(given, Console(as_json=False)) == 2
    assert "gives out nothing of this kind to US-TX" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_it_takes_the_right(nurse, client_card):
    ordinary(nurse, client_card)
    hide(nurse, client_card)
    assert Sensitive.DISCLOSE.key not in nurse.rights
    with make.opened(nurse, client_card), pytest.raises(Refused):
        audiences.open_to_disclose(nurse, client_card.id, list(Category), "US-CA")


@pytest.mark.parametrize(
    ("rule", "destination", "is_shut"),
    [
        ("US-TX", "US-TX", True), ("US-TX", "US-CA", False), ("US-TX", "US", True), ("US", "US-CA", True),
        ("US", "GB", False), ("U", "US", False), ("GB", "GB-SCT", True),
    ],
)  # fmt: skip
def test_a_country_shuts_its_states_and_a_state_its_country(rule, destination, is_shut):
    assert audiences._overlap(rule, destination) is is_shut


def test_the_owner_chooses_regions_on_the_page(practice, client_card):
    from django.urls import reverse

    owner, manager = practice.signed_in("owner"), practice.signed_in("manager")
    url = reverse("identity:regions")
    said = {"regions": "us-tx\nUS-ID", "categories": ["reproductive"]}
    assert manager.post(url, said).status_code == 403
    assert owner.post(url, said | {"regions": "Texas"}).status_code == 422
    assert owner.post(url, said | {"categories": []}).status_code == 422
    assert not ExcludedRegion.objects.exists()
    assert owner.post(url, said).status_code == 302
    assert dict(ExcludedRegion.objects.values_list("code", "categories")) == {
        "US-ID": ["reproductive"], "US-TX": ["reproductive"],
    }  # fmt: skip
    assert "US-TX" in owner.get(reverse("identity:rules")).content.decode()
    assert "US-TX" in manager.get(reverse("identity:rules")).content.decode()
    with pytest.raises(Conflict):
        exclude_regions(practice.actor("owner"), ["US-TX", "US-ID"], ["reproductive"])
    assert owner.post(url, {"regions": ""}).status_code == 302
    assert not ExcludedRegion.objects.exists()
    assert Entry.objects.filter(event="access.regions.changed").count() == 2


def test_an_import_that_comes_again_leaves_a_marked_entry_alone(practice, nurse, tmp_path):
    from alcove.api.tests.make import bundle, encounter, observation, patient, take
    from alcove.clinic.clients.models import Client

    take(tmp_path, bundle(patient(), encounter(), observation()))
    client = Client.objects.get()
    with make.opened(nurse, client):
        item = Item.objects.get(kind="observation")
        mark(nurse, item)
    changed = observation(valueQuantity={"value": 9.9, "unit": "mmol/L"})
    report = take(tmp_path, bundle(patient(), encounter(), changed), name="again.json")
    assert report is not None
    with make.opened(nurse, client):
        assert Item.objects.get(pk=item.pk).content["value"] == "4.4"
        assert Item.objects.filter(kind="observation").count() == 1
