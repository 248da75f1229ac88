"""Everything held on one client in a folder: complete, valid, importable, or not there at all."""

from __future__ import annotations

import argparse
import base64
import csv
import gzip
import hashlib
import json
import stat
from collections import Counter
from datetime import date

import jsonschema  # type: ignore[import-untyped]  # the package carries no types
import pytest
from django.utils import timezone

from alcove.api.actions.runs import import_files
from alcove.api.commands import COMMANDS
from alcove.api.commands import client as command
from alcove.api.commands.client import export_client
from alcove.api.commands.folder import Folder, FolderTaken
from alcove.api.tests.make import (
    OPERATOR,
    bundle,
    encounter,
    observation,
    patient,
    ref,
    save,
    synthea,
    take,
    uid,
)
from alcove.clinic.clients import commands as of_tables
from alcove.clinic.clients.actions import add_alert, add_person, change_client, create_client
from alcove.clinic.clients.models import Client
from alcove.clinic.clients.queries.cells import as_typed, harmless
from alcove.clinic.records.actions.documents import add_document
from alcove.clinic.records.actions.items import add_item, change_item, strike_item
from alcove.clinic.records.actions.visits import add_visit
from alcove.clinic.records.models import ImportedResource, Item, Note
from alcove.clinic.records.models.content import KINDS
from alcove.console import Console
from alcove.security.access.errors import NotFound, Refused
from alcove.security.access.opening import open_client
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import ClientKey


@pytest.fixture(scope="session")
def schema(shared):
    """Validators of single R4 types, from the published schema."""
    whole = json.loads(gzip.decompress((shared / "fhir/fhir-r4.schema.json.gz").read_bytes()))
    made = {}

    def check(resource):
        kind = resource["resourceType"]
        if kind not in made:
            made[kind] = jsonschema.Draft7Validator(
                {"$ref": f"#/definitions/{kind}", "definitions": whole["definitions"]}
            )
        return [
            f"{kind}: {'/'.join(map(str, one.absolute_path))}: {one.message[:120]}"
            for one in made[kind].iter_errors(resource)
        ]

    return check


def empty():
    """Make the practice one that holds nobody, as a new one does."""
    with writing("test: an empty practice"):
        ImportedResource.objects.all().delete()
        Client.objects.all().delete()
        ClientKey.objects.all().delete()


def exported(place, client_id=None):
    export_client(OPERATOR, client_id or Client.objects.get().pk, place)
    return json.loads((place / "fhir-bundle.json").read_text("utf-8"))


def by_name(document):
    found = {}
    for number, entry in enumerate(document["entry"]):
        resource = entry["resource"]
        found[entry.get("fullUrl") or f"{resource['resourceType']}/{resource.get('id', number)}"] = resource
    assert len(found) == len(document["entry"])
    return found


def kinds(document):
    return Counter(entry["resource"]["resourceType"] for entry in document["entry"])


@pytest.fixture
def written_here(practice):
    """A client all of whose record was written by staff: one of every kind."""
    with keyring():
        return everything_by_staff(practice)


def everything_by_staff(practice):
    doctor, owner = practice.actor("practitioner"), practice.actor("owner")
    client = create_client(
        owner,
        directory={
            "given": "Ana",
            "family": "=Núñez",
            "preferred": "Nita",
            "reading": "ana",
            "born": "1990-01-02",
            "phones": ["+14155550123"],
            "emails": ["ana@example.org"],
            "numbers": [{"kind": "Passport", "value": "X1"}],
        },
        details={
            "sex": "Female",
            "pronouns": "she",
            "title": "Dr.",
            "address": {"line": "1 St\nFlat", "city": "Rome", "postal": "1"},
            "language": "Italian",
            "marital": "married",
            "note": "two\nlines",
            "occupation": "baker",
            "contact_by": "Letter",
        },
    )
    add_person(owner, client, details={"role": "emergency", "name": "Bo", "phone": "+14155550124"})
    add_alert(
        doctor,
        client,
        kind="safety",
        severity="critical",
        text="Faints",
        desk_text="call a nurse",
        ends_on=date(2030, 1, 1),
    )
    visit = add_visit(
        doctor,
        client,
        starts_at=timezone.now(),
        content={"type": "Peel", "practitioner": "Dr. Q", "place": "Room 1", "status": "finished"},
    )
    for kind, more in {
        "allergy": {
            "category": "food, medication",
            "criticality": "high",
            "reaction": "hives",
            "status": "active",
        },
        "medication": {"dose": "one at night", "reason": "pain", "prescriber": "Dr. Q", "end": "2024-06-01"},
        "condition": {"status": "active", "end": "2024-01-01"},
        "procedure": {"performer": "Dr. Q", "end": "2024-02-03T10:00:00Z"},
        "immunisation": {"lot": "L1", "site": "left arm"},
        "observation": {
            "value": "<4.40",
            "unit": "mmol/L",
            "low": "3.0",
            "high": "high",
            "flag": "L",
            "category": "laboratory",
            "parts": [{"name": "part", "value": "1.0", "unit": "kg"}, {"name": "words", "value": "a lot"}],
        },
        "plan": {"activities": ["walk"], "addresses": ["pain"]},
    }.items():
        entry = KINDS[kind](
            name=f"A {kind}", code="1", system="urn:oid:1.2", start="2024-02-03", note="a note", **more
        )
        add_item(doctor, client, kind=kind, entry=entry, visit=visit)
    add_item(
        doctor, client, kind="observation", entry=KINDS["observation"](name="", start="never", status="odd")
    )
    result = Item.objects.filter(kind="observation").first()
    add_item(
        doctor,
        client,
        kind="report",
        entry=KINDS["report"](name="Panel", text="fine", results=[str(result.pk)]),
    )
    add_item(doctor, client, kind="allergy", entry=KINDS["allergy"](name="gone", status="active"))
    strike_item(doctor, Item.objects.filter(kind="allergy").order_by("created_at").last())
    add_document(
        doctor,
        client,
        data=b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n",
        name="-scan.pdf",
        title="@Scan",
    )
    with writing("test: a note"):
        Note.objects.create(
            client=client, visit=visit, title="=Note", body={"text": "said"}, author_name="Dr. Q"
        )
    return client


# The bundle


def test_real_patients_go_out_and_into_an_empty_practice_and_out_again_the_same(
    practice, shared, tmp_path, schema
):
    source = synthea(shared, tmp_path, 3)
    import_files(OPERATOR, source)
    bundles, faults = [], []
    for number, client_id in enumerate(Client.objects.order_by("pk").values_list("pk", flat=True)):
        bundles.append(exported(tmp_path / f"a{number}", client_id))
        faults += [fault for entry in bundles[-1]["entry"] for fault in schema(entry["resource"])]
    assert faults == []
    read = sum(
        (
            Counter(e["resource"]["resourceType"] for e in json.loads(f.read_text("utf-8"))["entry"])
            for f in source
        ),
        Counter(),
    )
    assert sum(map(kinds, bundles), Counter()) == read
    originals = {
        e["fullUrl"]: e["resource"] for f in source for e in json.loads(f.read_text("utf-8"))["entry"]
    }
    for document in bundles:
        for url, resource in by_name(document).items():
            assert resource == originals[url]
    empty()
    report = import_files(OPERATOR, [tmp_path / f"a{n}" / "fhir-bundle.json" for n in range(len(bundles))])
    assert Counter({kind: held["created"] + held["kept"] for kind, held in report.kinds.items()}) == read
    assert not [one for one in report.defects if one.rule == "missing_reference"]
    for number, client_id in enumerate(Client.objects.order_by("pk").values_list("pk", flat=True)):
        assert by_name(exported(tmp_path / f"b{number}", client_id)) == by_name(bundles[number])


def test_what_staff_wrote_goes_out_valid_and_comes_in_with_equal_counts(
    practice, written_here, tmp_path, schema
):
    first = exported(tmp_path / "a")
    assert [fault for entry in first["entry"] for fault in schema(entry["resource"])] == []
    held = Item.objects.values_list("kind", flat=True)
    before = Counter(held)
    with keyring():
        open_client(OPERATOR, written_here.pk)
        words = {item.pk: item.content for item in Item.objects.all()}
        card = (written_here.directory, written_here.details)
    empty()
    report = import_files(OPERATOR, [tmp_path / "a/fhir-bundle.json"])
    assert report.total("refused") == 0
    assert Counter(held.all()) == before
    with keyring():
        client = Client.objects.get()
        open_client(OPERATOR, client.pk)
        assert (client.directory, client.details) == card
        for old in words.values():
            new = next(
                item.content
                for item in Item.objects.all()
                if item.content.get("name") == (old.get("name") or "(no name)")
            )
            for name in (
                "name",
                "code",
                "system",
                "value",
                "unit",
                "low",
                "dose",
                "reason",
                "prescriber",
                "lot",
                "site",
                "criticality",
                "category",
                "performer",
                "note",
                "activities",
                "addresses",
                "start",
            ):
                if old.get(name) and old.get("name"):
                    assert new.get(name) == old[name], (name, old, new)
    second = exported(tmp_path / "b")
    assert kinds(second) == kinds(first)
    assert by_name(second) == by_name(first)


def test_a_number_keeps_its_digits_all_the_way(practice, tmp_path):
    text = json.dumps(bundle(patient(), encounter(), observation())).replace('"value": 4.4', '"value": 4.400')
    take(tmp_path, text)
    export_client(OPERATOR, Client.objects.get().pk, tmp_path / "out")
    assert '"value": 4.400' in (tmp_path / "out/fhir-bundle.json").read_text("utf-8")


def test_a_text_that_looks_like_a_number_stays_a_text(practice, tmp_path):
    one = observation(valueString="4.40", note=[{"text": "12"}])
    del one["valueQuantity"]
    take(tmp_path, bundle(patient(), encounter(), one))
    resource = by_name(exported(tmp_path / "out"))[f"urn:uuid:{uid('obs')}"]
    assert resource["valueString"] == "4.40"


def test_what_staff_changed_after_an_import_goes_out_changed(practice, tmp_path, schema):
    take(
        tmp_path,
        bundle(
            patient(contact=[{"name": {"text": "Ed"}}]),
            encounter(),
            observation(
                text={"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>4.4</div>"},
                method={"text": "meter"},
            ),
        ),
    )
    doctor = practice.actor("practitioner")
    with keyring():
        client = Client.objects.get()
        open_client(doctor, client.pk)
        item = Item.objects.get()
        change_item(doctor, item, entry=KINDS["observation"].of({**item.content, "value": "7.1"}))
        change_client(doctor, client, directory={**client.directory, "family": "Neu"}, details=client.details)
    found = by_name(exported(tmp_path / "out"))
    changed = found[f"urn:uuid:{uid('obs')}"]
    assert changed["valueQuantity"]["value"] == 7.1
    assert changed["method"] == {"text": "meter"}
    assert "text" not in changed
    assert found[f"urn:uuid:{uid('pat')}"]["name"][0]["family"] == "Neu"
    assert found[f"urn:uuid:{uid('pat')}"]["contact"] == [{"name": {"text": "Ed"}}]
    assert [fault for resource in found.values() for fault in schema(resource)] == []


def test_documents_go_out_as_files_and_inside_the_bundle(practice, tmp_path):
    data = base64.b64encode(b"<script>alert(1)</script>").decode()
    letter = {
        "resourceType": "DocumentReference",
        "id": uid("doc"),
        "status": "current",
        "subject": ref("pat"),
        "content": [{"attachment": {"contentType": "text/html", "data": data}}],
    }
    scan = {
        "resourceType": "DiagnosticReport",
        "id": uid("rep"),
        "status": "final",
        "subject": ref("pat"),
        "code": {"text": "X-ray"},
        "presentedForm": [{"contentType": "text/plain", "data": "UVVJUklOQQ=="}],
    }
    take(tmp_path, bundle(patient(), letter, scan))
    first = exported(tmp_path / "out")
    found = by_name(first)
    assert found[f"urn:uuid:{uid('doc')}"] == letter
    assert found[f"urn:uuid:{uid('rep')}"] == scan
    assert kinds(first) == {"Patient": 1, "DocumentReference": 1, "DiagnosticReport": 1}
    files = sorted((tmp_path / "out/files").iterdir())
    assert {path.suffix for path in files} == {".bin", ".txt"}
    assert {path.read_bytes() for path in files} == {b"<script>alert(1)</script>", b"QUIRINA"}


# The folder


def test_the_folder_has_everything_and_a_manifest_that_holds(practice, written_here, tmp_path):
    place = tmp_path / "new/out"
    manifest = export_client(OPERATOR, written_here.pk, place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    held = json.loads((place / "manifest.json").read_text("utf-8"))
    names = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert names == {one["name"] for one in held["files"]} | {"manifest.json"}
    assert {"index.html", "record.json", "fhir-bundle.json", "chart.csv"} <= names
    for one in held["files"]:
        data = (place / one["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one["bytes"], one["sha256"])
        assert stat.S_IMODE((place / one["name"]).stat().st_mode) == 0o600
    assert held["rows"]["items"] == Item.objects.count()
    assert manifest["resources"] == held["resources"]
    assert not any(word in name for name in names for word in ("Núñez", "Scan", "scan"))


def test_the_readable_page_is_whole_escaped_and_runs_nothing(practice, tmp_path):
    take(
        tmp_path,
        bundle(
            patient(name=[{"family": "<script>alert(1)</script>"}]),
            encounter(),
            observation(note=[{"text": "<img src=x onerror=alert(1)>"}]),
        ),
    )
    exported(tmp_path / "out")
    page = (tmp_path / "out/index.html").read_text("utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert "Glucose" in page
    assert "http" not in page.replace("http-equiv", "").split("<body>")[0]


def test_columns_of_an_imported_table_without_a_place_are_in_every_form(practice, tmp_path):
    heading, *cells = ["First name,Last name,Loyalty tier,Fax", "Ann,Lee,=gold <b>,415 555 1"]
    table = tmp_path / "clients.csv"
    table.write_text("\n".join([heading, *cells]), "utf-8")
    parser = argparse.ArgumentParser()
    of_tables.COMMANDS[0].arguments(parser)
    assert of_tables.import_csv(parser.parse_args([str(table)]), Console(as_json=True)) == 0
    client_id, place = Client.objects.get().pk, tmp_path / "out"
    manifest = export_client(OPERATOR, client_id, place)
    assert manifest["rows"]["imported_rows"] == 1
    [row] = json.loads((place / "record.json").read_text("utf-8"))["imported_rows"]
    assert row["aside"] == {"Loyalty tier": "=gold <b>", "Fax": "415 555 1"}
    assert not {"source_key", "digest"} & row.keys()
    page = (place / "index.html").read_text("utf-8")
    assert "<td>Loyalty tier</td><td>=gold &lt;b&gt;</td>" in page
    assert "<td>Fax</td><td>415 555 1</td>" in page
    with (place / "card.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [(field, as_typed(value)) for field, value in csv.reader(file)]
    assert {("Loyalty tier", "=gold <b>"), ("Fax", "415 555 1")} <= set(rows)
    assert b"imported_rows" in (place / "manifest.json").read_bytes()


def test_earlier_versions_and_the_access_log_are_in_the_record(practice, written_here, tmp_path):
    with keyring():
        open_client(OPERATOR, written_here.pk)
        client = Client.objects.get()
        change_client(OPERATOR, client, directory={**client.directory, "family": "Later"})
    exported(tmp_path / "out")
    record = json.loads((tmp_path / "out/record.json").read_text("utf-8"))
    assert record["client"]["directory"]["family"] == "Later"
    assert any(
        one["before"].get("directory", {}).get("family") == "=Núñez" for one in record["earlier_versions"]
    )
    assert record["access_log"]["summary"]["created the card"] == 1
    assert '"file_key":' not in json.dumps(record)
    assert '"object_name":' not in json.dumps(record)


def test_an_export_is_one_entry_of_the_log_and_is_written_before_the_folder_has_its_name(
    practice, written_here, tmp_path, monkeypatch
):
    before = Entry.objects.count()
    exported(tmp_path / "out")
    assert Entry.objects.count() - before == 1
    assert Entry.objects.get(event="clients.client.exported").client_id == written_here.pk
    monkeypatch.setattr(
        command, "record_export", lambda *a, **k: (_ for _ in ()).throw(Refused("clients.export"))
    )
    with pytest.raises(Refused):
        export_client(OPERATOR, written_here.pk, tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_full_disk_leaves_nothing_half_and_the_look_on_the_log(
    practice, written_here, tmp_path, monkeypatch
):
    written = []

    def write(self, name, chunks):
        written.append(name)
        if len(written) == 4:
            raise OSError(28, "No space left on device")
        return real(self, name, chunks)

    real = Folder.write
    monkeypatch.setattr(Folder, "write", write)
    with pytest.raises(OSError):
        export_client(OPERATOR, written_here.pk, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    assert Entry.objects.filter(event="clients.client.exported").count() == 0
    assert Entry.objects.filter(
        event="records.record.opened", client_id=written_here.pk, actor_kind="operator"
    ).exists()


def test_a_folder_that_holds_something_is_left_alone(practice, written_here, tmp_path):
    place = tmp_path / "out"
    place.mkdir()
    exported(place)
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    with pytest.raises(FolderTaken):
        export_client(OPERATOR, written_here.pk, place)
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FolderTaken):
        export_client(OPERATOR, written_here.pk, tmp_path / "link")


@pytest.mark.parametrize(
    "role", ["manager", "practitioner", "front_desk", "marketing", "officer", "it_provider"]
)
def test_only_who_may_export_does(practice, written_here, tmp_path, role):
    with pytest.raises(Refused):
        export_client(practice.actor(role), written_here.pk, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_exported_by_an_unknown_id(practice, tmp_path):
    with pytest.raises(NotFound):
        export_client(OPERATOR, uuid7(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# Cells


def test_no_cell_of_any_table_runs_and_every_cell_comes_back(practice, shared, tmp_path):
    payloads = json.loads((shared / "attacks/payloads/payloads.json").read_text("utf-8"))["csv_formula"]
    resources = [patient(name=[{"family": payloads[0], "given": [payloads[1]]}])]
    for number, text in enumerate(dict.fromkeys(payloads)):
        resources.append(observation(f"n{number}", code={"text": text}, encounter=None))
    take(tmp_path, bundle(*resources))
    exported(tmp_path / "out")
    names = set()
    for path in (tmp_path / "out").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") for cell in row)
                names |= {as_typed(cell) for cell in row}
    assert set(payloads) <= names


def test_cells_are_made_harmless_and_come_back(shared):
    naughty = json.loads((shared / "contacts/naughty_strings.json").read_text("utf-8"))
    payloads = json.loads((shared / "attacks/payloads/payloads.json").read_text("utf-8"))
    texts = [
        *naughty,
        *(one for held in payloads.values() for one in held),
        "'=1",
        "''=1",
        "'",
        "",
        "＝1",
        "+1 415",
        "a=b",
    ]
    for text in (one for one in texts if isinstance(one, str)):
        cell = harmless(text)
        assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠") or not cell
        assert as_typed(cell) == text
    assert harmless("plain") == "plain"


# The verb


def test_the_verbs_are_declared_and_speak(practice, tmp_path, capsys):
    verbs = {one.words: one for one in COMMANDS}
    path = save(tmp_path, bundle(patient(), encounter(), observation("bad", status=None), observation()))
    parser = argparse.ArgumentParser()
    verbs["import", "fhir"].arguments(parser)
    given = parser.parse_args([str(path), "--report", str(tmp_path / "report.json")])
    assert verbs["import", "fhir"].run(given, Console(as_json=False)) == 1
    held = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert held["defects"][0] == {
        "file": 1,
        "entry": 2,
        "path": "Observation.status",
        "rule": "missing_field",
        "outcome": "refused",
        "reason": "this element is missing: FHIR R4 demands it",
    }
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o600
    said = capsys.readouterr()
    assert "entry 2" in said.err
    assert "Quirina" not in said.out + said.err
    parser = argparse.ArgumentParser()
    verbs["export", "client"].arguments(parser)
    run = verbs["export", "client"].run
    assert run(parser.parse_args(["nobody", "--to", str(tmp_path / "x")]), Console(as_json=False)) == 2
    client_id = str(Client.objects.get().pk)
    assert run(parser.parse_args([client_id, "--to", str(tmp_path / "x")]), Console(as_json=False)) == 0
    assert "clear text" in capsys.readouterr().out
    assert run(parser.parse_args([client_id, "--to", str(tmp_path / "x")]), Console(as_json=True)) == 2
    assert any((tmp_path / "x").iterdir())
