"""Clients of other programs come in whole, once, and without a word of theirs on any screen."""

import argparse
import csv
import io
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from alcove.clinic.clients import actions, commands
from alcove.clinic.clients.models import Alert, Client, ImportedRow, LinkedPerson
from alcove.clinic.clients.policy import Did
from alcove.clinic.clients.queries import arrivals, card, cells, doubles, finding
from alcove.clinic.clients.tests import workbooks
from alcove.console import Console
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Refused
from alcove.security.access.opening import open_client
from alcove.security.audit.models import Entry
from alcove.security.vault.errors import RecordLocked
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import ClientKey

SYSTEMS = ("aestheticc", "cliniko", "jane", "mindbody", "reservation_studio", "schedulista")
OPERATOR = Actor.operator("test")


@pytest.fixture(autouse=True)
def _home(tmp_path, settings):
    """A home of one's own, so that each test finds its own reject file."""
    from dataclasses import replace

    settings.ALCOVE = replace(settings.ALCOVE, home=tmp_path / "home")
    (tmp_path / "home").mkdir()


@pytest.fixture
def run(practice, capsys):
    """Run the verb; return (exit code, JSON document)."""

    def verb(path, *words):
        parser = argparse.ArgumentParser()
        parser.add_argument("--json", action="store_true")
        commands.COMMANDS[0].arguments(parser)
        given = parser.parse_args([str(path), *words])
        code = commands.import_csv(given, Console(as_json=True))
        said = capsys.readouterr()
        return code, (json.loads(said.out) if said.out else {"said": said.err})

    return verb


@pytest.fixture
def table(tmp_path):
    def write(*rows, name="clients.csv", heading="First name,Last name,Date of birth,Email,Phone,Notes"):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([heading.split(","), *rows])
        return path

    return write


def opened():
    """Every client by name: directory, details, people, alerts, what was kept aside."""
    found = {}
    for client in Client.objects.all():
        with keyring():
            open_client(OPERATOR, client.id)
            found[client.name] = {
                **client.directory,
                **client.details,
                "id": client.id,
                "people": [one.details for one in LinkedPerson.objects.filter(client=client)],
                "alerts": [
                    (one.content["severity"], one.content["text"])
                    for one in Alert.objects.filter(client=client)
                ],
                "aside": ImportedRow.objects.get(client=client).aside
                if client.imported_rows.exists()
                else None,
            }
    return found


def entries(event):
    return Entry.objects.filter(event=event.key)


# The files of six systems ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_export_of_each_system_comes_in_whole(run, shared, system):
    path = shared / "contacts" / f"import_{system}_patients.csv"
    code, report = run(path)
    assert (code, report["read"], report["created"], report["refused"]) == (0, 25, 25, 0)
    held = opened()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            plain = {re.sub("[^a-z0-9]", "", key.lower()): value for key, value in row.items()}
            name = " ".join(
                filter(None, [plain["firstname"], plain.get("middlename", ""), plain["lastname"]])
            )
            found = held[name]
            for key in ("notes", "note", "appointmentnotes"):
                assert not plain.get(key) or ("note", plain[key]) in found["alerts"]
            born = next((plain[key] for key in ("birthdate", "dateofbirth") if plain.get(key)), "")
            assert sorted(re.findall(r"\d+", born)) == sorted(re.findall(r"\d+", found.get("born", "")))
            texts = json.dumps(found, default=str, ensure_ascii=False)
            for key in ("email", "homephone", "mobilephone", "phone", "phonenumber"):
                digits = re.sub(r"\D", "", plain.get(key, ""))[-6:]
                if key == "email" and "@" in plain.get(key, ""):
                    assert plain[key] in texts or plain[key].lower() in texts
                elif key != "email" and digits:
                    assert digits in re.sub(r"[^\d\"]", "", texts)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_export_again_adds_nothing(run, shared, system):
    path = shared / "contacts" / f"import_{system}_patients.csv"
    run(path)
    code, report = run(path)
    assert (code, report["created"], report["unchanged"], report["refused"], report["doubted"]) == (
        0,
        0,
        25,
        0,
        0,
    )
    assert Client.objects.count() == 25


def test_all_six_after_one_another_make_150_clients_who_are_found_by_name(run, shared):
    for system in SYSTEMS:
        run(shared / "contacts" / f"import_{system}_patients.csv")
    assert Client.objects.count() == 150
    from alcove.clinic.clients.queries import directory

    directory.load_now()
    with keyring():
        assert [one.name for one in finding.search(OPERATOR, "montalban mireya").clients] == [
            "Mireia Montalbán"
        ]


@pytest.mark.parametrize("system", SYSTEMS)
def test_consent_is_never_taken_over(run, shared, system):
    _, report = run(shared / "contacts" / f"import_{system}_patients.csv")
    left = {column["column"] for column in report["columns"] if column["place"] == "consent"}
    named = {
        column["column"]
        for column in report["columns"]
        if re.search("opt|accept|receive|send|promo", column["column"], re.IGNORECASE)
    }
    assert named <= left
    assert all(
        "must be asked for anew" in column["meaning"]
        for column in report["columns"]
        if column["place"] == "consent"
    )
    for held in opened().values():
        assert not (held["aside"] or {}).keys() & left
        assert "contact_by" not in held


# Nothing on the screen ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_no_value_of_a_client_is_spoken_or_logged(run, table, capsys, practice, words, caplog):
    secret = ["Xenobia", "Quartzwell", "1066-10-14", "not.an.address", "41x5", "Ragweed secret", "extra-cell"]
    path = table(
        secret,
        [*secret[:2], "1981-01-02", *secret[3:6]],
        ["Xenobia", "Quartzwell", "1981-01-02", "x@quartzwell.example", "", "y"],
        [*secret[:2], "Moonday", *secret[3:6]],
        [*secret[:2], "1066-10-14", *secret[3:6]],
    )
    document = json.dumps(run(path, *words)[1])
    parser = argparse.ArgumentParser()
    commands.COMMANDS[0].arguments(parser)
    commands.import_csv(
        parser.parse_args([str(path), *words, "--rejects", str(path.with_suffix(".out"))]),
        Console(as_json=False),
    )
    said = capsys.readouterr()
    for word in (
        "Xenobia",
        "Quartzwell",
        "1066",
        "not.an.address",
        "41x5",
        "Ragweed",
        "extra-cell",
        "1981",
        "Moonday",
    ):
        assert word not in document
        assert word not in said.out + said.err + caplog.text
    assert "row 2" in said.out


def test_a_file_without_a_heading_is_not_read_out(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Xenobia,Quartzwell,city\nAnn,Lee,x\n", "utf-8")
    code, report = run(path)
    assert code == 2
    assert "Xenobia" not in report["said"]
    assert "--map" in report["said"]


# Rows that are refused, and those that are doubted -----------------------------------------------------------------

GOOD = [
    [f"Given{at}", f"Family{at}", f"19{50 + at}-03-04", f"g{at}@example.org", f"+1415555{2000 + at}", "fine"]
    for at in range(15)
]
BAD = [
    (["", "", "1980-01-01", "a@example.org", "", ""], "no name"),
    (["-", " ", "1980-01-02", "b@example.org", "", ""], "no name"),
    (["Future", "Born", "2199-01-01", "", "", ""], "future"),
    (["Old", "Born", "1799-01-01", "", "", ""], "130 years"),
    (["Impossible", "Day", "1980-02-31", "", "", ""], "does not exist"),
    (["Unreadable", "Day", "in spring", "", "", ""], "not a whole date"),
    (["Short", "Row"], "2 cells where the heading has 6"),
    (["Long", "Row", "", "", "", "", "too", "many"], "8 cells where the heading has 6"),
    (["N" * 501, "", "", "", "", ""], "longer than 500"),
    ([*GOOD[3][:3], "other@example.org", "", ""], "same person as row 5"),
]


def test_a_file_with_ten_bad_rows_loads_the_rest_and_returns_those_ten_with_reasons(run, table):
    code, report = run(table(*GOOD, *[row for row, _ in BAD]))
    assert (code, report["read"], report["created"], report["refused"]) == (1, 25, 15, 10)
    by_row = {one["row"]: one["reason"] for one in report["refusals"]}
    for at, (_, word) in enumerate(BAD, 17):
        assert word in by_row[at], (at, by_row[at])
    rejects = Path(report["rejects"])
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        back = list(csv.reader(file))
    assert [row[0] for row in back[1:]] == [str(at) for at in range(17, 27)]
    assert [row[3:] for row in back[1:]] == [[cells.harmless(cell) for cell in row] for row, _ in BAD]
    assert all(row[2] for row in back[1:])


def test_the_reject_file_is_for_its_owner_only_and_lies_in_the_home(run, table):
    _, report = run(table(BAD[0][0]))
    path = Path(report["rejects"])
    assert path.parent == settings.ALCOVE.home / "imports"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    again = Path(run(table(BAD[0][0]))[1]["rejects"])
    assert again != path


def test_a_reject_file_is_never_written_over_another_file(run, table, tmp_path):
    precious = tmp_path / "precious.csv"
    precious.write_text("mine", "utf-8")
    code, _ = run(table(GOOD[0], BAD[0][0]), "--rejects", str(precious))
    assert code == 2
    assert precious.read_text("utf-8") == "mine"
    assert not Client.objects.exists()


def test_the_reject_file_mended_comes_in_and_as_it_is_comes_back(run, table, tmp_path):
    formula = ["Formula", "", "1980-02-31", "", "", "=1+1"]
    _, report = run(table(GOOD[0], formula, BAD[2][0]))
    rejects = Path(report["rejects"])
    again = run(rejects)[1]
    assert (again["created"], again["refused"]) == (0, 2)
    mended = tmp_path / "mended.csv"
    mended.write_text(rejects.read_text("utf-8-sig").replace("1980-02-31", "1980-02-28"), "utf-8")
    code, last = run(mended)
    assert (code, last["created"], last["refused"]) == (1, 1, 1)
    held = opened()["Formula"]
    assert held["alerts"] == [("note", "=1+1")]
    assert held["aside"] is None


def test_a_contact_that_cannot_be_read_does_not_keep_the_client_out_and_is_not_lost(run, table):
    code, report = run(table(["Ann", "Lee", "1980-01-02", "ann at example", "41x5", "fine"]))
    assert (code, report["created"], report["doubted"]) == (0, 1, 1)
    assert {(one["row"], one["column"]) for one in report["doubts"]} == {(2, "Email"), (2, "Phone")}
    held = opened()["Ann Lee"]
    assert held["note"].splitlines() == ["Phone: 41x5", "Email: ann at example"]
    assert "phones" not in held


def test_columns_without_a_place_are_kept_sealed_in_the_record_half_and_named(run, table):
    heading = "First name,Last name,Loyalty tier,Fax,Credit card number"
    _, report = run(table(["Ann", "Lee", "gold", "415 555 1", "4111111111111111"], heading=heading))
    how = {column["column"]: (column["place"], column["how"]) for column in report["columns"]}
    assert how["Loyalty tier"] == ("aside", "unknown")
    assert how["Credit card number"][0] == "secret"
    assert opened()["Ann Lee"]["aside"] == {"Loyalty tier": "gold", "Fax": "415 555 1"}
    row = ImportedRow.objects.get()
    front_desk = Actor("person", name="Desk", rights=frozenset({"clients.view"}))
    with keyring():
        open_client(front_desk, row.client_id)
        with pytest.raises(RecordLocked):
            row.aside  # noqa: B018 - reading it is the deed


def test_columns_without_a_place_are_shown_to_clinicians_and_to_nobody_else(run, table, practice):
    run(table(["Ann", "Lee", "gold", "415 555 1"], heading="First name,Last name,Loyalty tier,Fax"))
    client_id = Client.objects.get().id
    pages = (f"/clients/{client_id}/versions/", f"/clients/{client_id}/chart/")
    versions, chart = (practice.signed_in("practitioner").get(page).content.decode() for page in pages)
    assert '<dt>Loyalty tier</dt><dd class="pre">gold</dd>' in versions
    assert 'Columns of an imported table</dt><dd class="num">2</dd>' in chart
    desk = practice.signed_in("front_desk").get(pages[0])
    assert desk.status_code == 200
    assert "Loyalty" not in desk.content.decode()
    assert "gold" not in desk.content.decode()


def test_what_notes_say_is_for_clinicians_because_nobody_knows_what_they_say(run, table, practice):
    heading = "First name,Last name,Notes,RedAlert,YellowAlert"
    run(table(["Ann", "Lee", "allergic to lidocaine", "faints", "anxious"], heading=heading))
    alerts = Alert.objects.all()
    client_id = alerts[0].client_id
    with keyring():
        open_client(practice.actor("practitioner"), client_id)
        assert {line.text for line in card.band(practice.actor("practitioner"), Alert.objects.all())} == {
            "faints",
            "anxious",
        }
    with keyring():
        desk = practice.actor("front_desk")
        open_client(desk, client_id)
        shown = [line.title + line.text for line in card.band(desk, Alert.objects.all())]
    assert len(shown) == 1
    assert not re.search("faints|anxious|lidocaine", shown[0])


def test_people_addresses_and_the_rest_find_their_places(run, table):
    heading = (
        "Full Name,Guardian Name,Guardian Phone,Emergency Contact,Emergency Contact Relationship,Family Doctor Name,Address 1,"
        "Address 2,City,Post Code,Country Code,Sex,Pronouns,Preferred contact method,Deceased At,DOB"
    )
    row = ["Dr. Ludwig (Lou) van der Berg", "Eva Berg", "020 7946 0018", "Max Berg", "brother", "Dr Who", "1 High St", "Flat 2",
           "Leeds", "LS1 1AA", "GB", "m", "he/him", "SMS", "2020-05-06", "1950-01-02"]  # fmt: skip
    code, _ = run(table(row, heading=heading))
    assert code == 0
    (held,) = opened().values()
    assert (held["given"], held["family"], held["preferred"], held["title"]) == (
        "Ludwig",
        "van der Berg",
        "Lou",
        "Dr.",
    )
    assert held["address"] == {
        "line": "1 High St, Flat 2",
        "city": "Leeds",
        "postal": "LS1 1AA",
        "country": "GB",
    }
    assert (held["sex"], held["pronouns"], held["contact_by"], held["deceased_on"]) == (
        "Male",
        "he/him",
        "Text message",
        "2020-05-06",
    )
    assert held["people"] == [
        {"role": "guardian", "name": "Eva Berg", "phone": "+442079460018"},
        {"role": "emergency", "name": "Max Berg", "note": "Emergency Contact Relationship: brother"},
        {"role": "gp", "name": "Dr Who"},
    ]


# Once, and never twice ---------------------------------------------------------------------------------------------


def test_a_row_that_says_something_else_later_changes_nothing_and_is_named(run, table):
    heading = "Patient number,First name,Last name,City"
    run(table(["7", "Ann", "Lee", "Leeds"], heading=heading))
    code, report = run(table(["7", "Ann", "Lee", "York"], heading=heading))
    assert (code, report["unchanged"], report["doubted"]) == (0, 1, 1)
    assert "something else now" in report["doubts"][0]["reason"]
    assert opened()["Ann Lee"]["address"]["city"] == "Leeds"


def test_columns_in_another_order_another_delimiter_and_a_workbook_are_the_same_rows(run, table, tmp_path):
    run(table(*GOOD))
    flipped = tmp_path / "flipped.csv"
    heading = ["Notes", "Phone", "Email", "Date of birth", "Last name", "First name"]
    flipped.write_text(
        "\r\n".join(";".join(row) for row in [heading, *(row[::-1] for row in GOOD)]), "utf-16"
    )
    assert run(flipped)[1]["unchanged"] == 15
    book = workbooks.write(tmp_path / "a.xlsx", [heading[::-1], *GOOD])
    assert run(book)[1]["unchanged"] == 15
    assert Client.objects.count() == 15


def test_a_row_that_stands_twice_is_imported_once_also_in_a_dry_run(run, table):
    path = table(
        GOOD[0], GOOD[1], GOOD[0], ["Just", "Name", "", "", "", ""], ["Just", "Name", "", "", "", ""]
    )
    for words in (("--dry-run",), (), ()):
        code, report = run(path, *words)
        assert (code, report["created"] + report["unchanged"]) == (0, 5)
        assert [one["row"] for one in report["doubts"]] == [4, 6]
    assert Client.objects.count() == 3


def test_someone_who_is_a_client_already_is_not_made_twice_but_named(run, table, client_card):
    code, report = run(
        table(
            ["catherine", "MULLER OKAFOR", "29/02/1984", "", "", ""],
            ["Kate", "Müller-Okafor", "1984-02-29", "", "", ""],
            ["Paul", "Okafor", "1990-03-04", "cat@example.org", "", ""],
            ["Someone", "Else", "1984-02-29", "", "", ""],
            ["Catherine", "Müller-Okafor", "1999-02-27", "", "(415) 555-0123", ""],
        )
    )
    assert (code, report["created"], report["refused"]) == (1, 4, 1)
    assert [(one["row"], one["client"]) for one in report["refusals"]] == [(2, str(client_card.id))]
    assert {one["row"] for one in report["doubts"] if one.get("client") == str(client_card.id)} == {3, 4, 6}
    # Whoever reads that is told of a client, and the log says so.
    assert Entry.objects.filter(event="clients.list.shown", clients__isnull=False).exists()


def test_a_dry_run_changes_nothing_and_shows_what_would_happen(run, table):
    path = table(*GOOD, BAD[0][0])
    before = Entry.objects.filter(event__startswith="clients.client").count()
    code, report = run(path, "--dry-run")
    assert (code, report["created"], report["refused"], report["rejects"], report["dry_run"]) == (
        1,
        15,
        1,
        None,
        True,
    )
    assert not Client.objects.exists()
    assert not ImportedRow.objects.exists()
    assert Entry.objects.filter(event__startswith="clients.client").count() == before
    assert not (settings.ALCOVE.home / "imports").exists()
    real = run(path)[1]
    assert [real[key] for key in ("created", "refused", "doubts", "refusals")] == [
        report[key] for key in ("created", "refused", "doubts", "refusals")
    ]


def test_each_client_has_one_entry_in_the_log_with_names_of_fields_only(run, table):
    run(table(*GOOD))
    found = entries(Did.IMPORTED)
    assert found.count() == 15
    assert {entry.client_id for entry in found} == set(Client.objects.values_list("id", flat=True))
    assert {entry.fields for entry in found} == {"alerts,born,emails,family,given,phones"}
    assert not entries(Did.PERSON_ADDED).exists()


def test_a_batch_is_all_or_nothing(run, table, monkeypatch):
    def breaks(*_args, **_options):
        raise RuntimeError

    monkeypatch.setattr("alcove.clinic.clients.actions.cards._imported_alert", breaks)
    with pytest.raises(RuntimeError):
        run(table(*GOOD))
    assert not Client.objects.exists()
    assert not ClientKey.objects.exists()
    assert not entries(Did.IMPORTED).exists()


def test_rows_imported_meanwhile_by_someone_else_are_left_out(run, table, practice, monkeypatch):
    path = table(*GOOD)
    run(path)
    from alcove.clinic.clients.queries import intake

    monkeypatch.setattr(intake, "imported_before", lambda _rows: {})
    monkeypatch.setattr(doubles.Doubles, "of", lambda _self, _row: None)
    report = run(path)[1]
    assert (report["created"], report["unchanged"]) == (0, 15)
    assert Client.objects.count() == 15


def test_who_may_not_read_the_record_does_not_write_alerts_into_it(practice):
    one = arrivals.Arrival(
        2, 2, {"given": "Ann"}, {}, alerts=[("note", "x")], source_keys=["a" * 32], digests=["b" * 32]
    )
    with pytest.raises(Refused):
        actions.import_clients(practice.actor("manager"), [one])
    with pytest.raises(Refused):
        actions.import_clients(practice.actor("auditor"), [one])
    assert not Client.objects.exists()


def test_rows_are_known_again_after_the_house_keys_were_replaced(run, table, monkeypatch):
    from alcove.security.access import keys
    from alcove.security.access.actors import Actor
    from alcove.security.vault import house

    monkeypatch.setattr(house, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(keys, "MARGIN_SECONDS", 0.0)
    path = table(*GOOD)
    run(path)
    keys.rotate_house(Actor.operator("test"))
    assert list(house.house().versions("index").keys) == [2]
    report = run(path)[1]
    assert (report["created"], report["unchanged"]) == (0, 15)


# Countries and dates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "born", "phone"),
    [("US", "1980-04-05", "+12125550123"), ("GB", "1980-05-04", "+442079460018")],
)
def test_the_practices_country_reads_dates_and_phones_that_nothing_else_explains(
    run, table, monkeypatch, country, born, phone
):
    monkeypatch.setattr(finding, "country", lambda: country)
    number = {"US": "(212) 555-0123", "GB": "020 7946 0018"}[country]
    _, report = run(table(["Ann", "Lee", "04/05/1980", "", number, ""]))
    held = opened()["Ann Lee"]
    assert (held["born"], held["phones"]) == (born, [phone])
    assert any(country in notice for notice in report["notices"])


def test_a_map_can_say_how_dates_are_written_and_where_a_column_goes(run, table, tmp_path):
    said = tmp_path / "map.toml"
    said.write_text(
        '[columns]\n"Notes" = "note"\n"Phone" = "leave out"\n[read]\ndates = "day first"\n', "utf-8"
    )
    code, _ = run(table(["Ann", "Lee", "04/05/1980", "", "41x5", "likes tea"]), "--map", str(said))
    held = opened()["Ann Lee"]
    assert (code, held["born"], held["note"], held["alerts"]) == (0, "1980-05-04", "likes tea", [])


def test_a_child_without_a_guardian_is_doubted(run, table):
    _, report = run(table(["Tim", "Lee", "2020-01-01", "", "", ""]))
    assert "guardian" in report["doubts"][0]["reason"]


# Texts that break things -------------------------------------------------------------------------------------------


def hostile(shared):
    found = json.loads((shared / "contacts" / "naughty_strings.json").read_text("utf-8"))
    for strings in json.loads(
        (shared / "attacks" / "payloads" / "payloads.json").read_text("utf-8")
    ).values():
        found += strings
    return list(dict.fromkeys(text for text in found if text.strip()))


def test_every_hostile_text_comes_back_as_the_same_text(run, table, shared):
    texts = hostile(shared)
    rows = [[f"Given{at}", text[:500], text[:500], text] for at, text in enumerate(texts)]
    code, report = run(table(*rows, heading="First name,Last name,City,Notes"))
    assert (code, report["created"]) == (0, len(texts))
    held = {one["given"]: one for one in opened().values()}
    for at, text in enumerate(texts):
        found = held[f"Given{at}"]
        assert found["family"] == text[:500]
        assert found["alerts"] == [("note", text)]
        from alcove.clinic.clients.queries.values import is_blank

        assert is_blank(text) or found["address"]["city"] == text[:500]


def test_every_hostile_text_survives_the_reject_file(run, table, shared, tmp_path):
    texts = [text for text in hostile(shared) if "\r" not in text]
    rows = [[f"Given{at}", text[:500], "1980-02-31", text] for at, text in enumerate(texts)]
    _, report = run(table(*rows, heading="First name,Last name,DOB,Notes"))
    assert report["refused"] == len(texts)
    content = Path(report["rejects"]).read_text("utf-8-sig")
    for row in csv.reader(io.StringIO(content, newline="")):
        assert not re.match(r"[=+\-@\t\r]", row[4])
    mended = tmp_path / "mended.csv"
    mended.write_text(content.replace("1980-02-31", "1980-02-28"), "utf-8", newline="")
    assert run(mended)[1]["created"] == len(texts)
    held = {one["given"]: one for one in opened().values()}
    assert all(held[f"Given{at}"]["alerts"] == [("note", text)] for at, text in enumerate(texts))


def test_awkward_whole_names_come_in_with_every_word(run, table, shared):
    cases = json.loads((shared / "contacts" / "person_names_parsed.json").read_text("utf-8"))
    names = list(dict.fromkeys(case["text"] for case in cases))
    _, report = run(
        table(*([name, f"n{at}@example.org"] for at, name in enumerate(names)), heading="Name,Email")
    )
    assert report["created"] + report["refused"] == len(names)
    assert {one["reason"] for one in report["refusals"]} <= {"The row has no name."}
    assert report["refused"] < 10


# The database, the disk and the plug --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_client_lies_open_in_the_database(run, table, practice):
    run(table(["Xenobia", "Quartzwell", "1981-01-02", "zzyx@example.org", "+14155552671", "Ragweed"],
              ["Xenobia", "Quartzwell", "1981-02-31", "zzyx2@example.org", "", ""]))  # fmt: skip
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")
            for row in cursor.fetchall():
                text = b" ".join(
                    bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
                    for cell in row
                )
                for word in (b"Xenobia", b"Quartzwell", b"zzyx", b"5552671", b"Ragweed", b"1981-01-02"):
                    assert word not in text, name


CHILD = """
import os, sys, argparse
os.environ["DJANGO_SETTINGS_MODULE"] = "alcove.project.settings"
import django
django.setup()
from django.conf import settings
from alcove.project import database, founding, start
from alcove.security.vault import house
from alcove.clinic.clients import commands
from alcove.console import Console
if sys.argv[1] == "found":
    founding.make_home(settings.ALCOVE)
    database.migrate()
    founding.found(settings.ALCOVE, practice="Juniper", owner_email="o@example.org")
elif sys.argv[1] == "verify":
    start.keys(); house.unlock()
    from alcove.project import wiring
    from alcove.security.audit import chain
    wiring.link()
    print(len(chain.verify().faults))
else:
    start.keys(); house.unlock()
    parser = argparse.ArgumentParser()
    commands.COMMANDS[0].arguments(parser)
    sys.exit(commands.import_csv(parser.parse_args(sys.argv[2:]), Console(as_json=True)))
"""


def test_a_killed_import_is_finished_by_the_next_without_doubles(tmp_path, table):
    home = tmp_path / "killed"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ALCOVE_")} | {
        "ALCOVE_HOME": str(home)
    }

    def child(*words):
        return [sys.executable, "-c", CHILD, *words]

    subprocess.run(child("found"), env=environment, check=True, capture_output=True)
    path = table(
        *[[f"Given{at}", f"Family{at}", "1980-01-02", f"g{at}@example.org", "", "fine"] for at in range(900)],
        BAD[0][0],
    )

    def count(what="clients_client"):
        with sqlite3.connect(f"file:{home}/alcove.sqlite3?mode=ro", uri=True) as database:
            return database.execute(f"SELECT COUNT(*) FROM {what}").fetchone()[0]

    running = subprocess.Popen(
        child("import", str(path)), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while running.poll() is None and count() < 150:
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL, "the import was over before it could be killed"
    left = count()
    assert 150 <= left < 900
    assert left % 50 == 0
    assert count("clients_importedrow") == count("vault_clientkey") == left
    assert count("audit_entry WHERE event = 'clients.client.imported'") == left
    assert not (home / "imports").exists(), "a killed import leaves no readable file behind"

    again = subprocess.run(
        child("import", str(path)), env=environment, capture_output=True, text=True, check=False
    )
    report = json.loads(again.stdout)
    assert (again.returncode, report["created"], report["unchanged"], report["refused"]) == (
        1,
        900 - left,
        left,
        1,
    )
    assert count() == count("clients_importedrow") == count("vault_clientkey") == 900
    verified = subprocess.run(child("verify"), env=environment, capture_output=True, text=True, check=True)
    assert verified.stdout.strip() == "0"
