"""FHIR files into the chart: whole, once, by name, and nothing lost in silence."""

from __future__ import annotations

import base64
import csv
import json
import zipfile
from collections import Counter

import pytest

from alcove.api.actions import imports
from alcove.api.actions.runs import import_files
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
from alcove.clinic.clients.models import Alert, Client, LinkedPerson
from alcove.clinic.records.actions.items import change_item
from alcove.clinic.records.models import Document, ImportedResource, Item, KeptResource, Visit
from alcove.clinic.records.models.content import KINDS
from alcove.clinic.records.queries.documents import opened
from alcove.security.access.errors import Refused
from alcove.security.access.models import Version
from alcove.security.access.opening import open_client
from alcove.security.audit.models import Entry
from alcove.security.vault.keyring import keyring


def rows():
    return {
        model.__name__: model.objects.count()
        for model in (
            Client,
            Visit,
            Item,
            Document,
            KeptResource,
            ImportedResource,
            LinkedPerson,
            Alert,
            Version,
        )
    }


def only_item(kind=None):
    client = Client.objects.get()
    open_client(OPERATOR, client.id)
    return Item.objects.get(kind=kind) if kind else Item.objects.get()


def rules(report):
    return {(one.rule, one.path, one.place.entry, one.outcome) for one in report.defects}


# Real patients


def test_real_patients_come_in_whole_and_the_counts_are_those_of_the_source(practice, shared, tmp_path):
    files = synthea(shared, tmp_path)
    read = Counter(
        e["resource"]["resourceType"] for f in files for e in json.loads(f.read_text("utf-8"))["entry"]
    )
    report = import_files(OPERATOR, files)
    assert report.total("refused") == 0
    assert {kind: counted["read"] for kind, counted in report.kinds.items()} == dict(read)
    assert all(c["created"] + c["kept"] == c["read"] for c in report.kinds.values())
    assert report.clients == Client.objects.count() == len(files)
    assert Visit.objects.count() == read["Encounter"]
    assert Item.objects.filter(kind="observation").count() == read["Observation"]
    assert KeptResource.objects.filter(resource_type="Claim").count() == read["Claim"]
    with (shared / "synthea/index.csv").open(encoding="utf-8") as file:
        known = {line["patient_id"]: line for line in csv.DictReader(file)}
    first = json.loads(files[0].read_text("utf-8"))["entry"][0]["resource"]
    line = known[first["id"]]
    with keyring():
        for client in Client.objects.all():
            open_client(OPERATOR, client.id)
            if client.directory["numbers"][0]["value"] == first["identifier"][0]["value"]:
                assert (client.given, client.family, client.directory["born"]) == (
                    line["given"],
                    line["family"],
                    line["birth_date"],
                )
                assert client.visits.count() == int(line["encounters"])
                assert client.items.filter(kind="report").count() == int(line["diagnostic_reports"])
                report_item = client.items.filter(kind="report").first()
                assert client.items.filter(pk__in=report_item.content["results"]).count() == len(
                    report_item.content["results"]
                )
                return
    pytest.fail("the first patient was not found")


def test_the_same_input_again_adds_nothing_and_writes_nothing(practice, shared, tmp_path):
    files = synthea(shared, tmp_path, 3)
    first = import_files(OPERATOR, files)
    before, log = rows(), Entry.objects.count()
    again = import_files(OPERATOR, files)
    assert again.total("unchanged") == first.total("read")
    assert again.total("created") == again.total("kept") == again.clients == 0
    assert rows() == before
    assert Entry.objects.count() == log


def test_one_entry_for_each_kind_of_deed_and_client_not_one_for_each_row(practice, shared, tmp_path):
    before = Entry.objects.count()
    import_files(OPERATOR, synthea(shared, tmp_path, 2))
    assert Entry.objects.count() - before <= 2 * 6


def test_nothing_of_a_client_lies_open_in_the_database(practice, tmp_path):
    take(tmp_path, bundle(patient(), encounter(), observation()))
    for model in (Client, Visit, Item, KeptResource, ImportedResource):
        for row in model.objects.values_list():
            assert "Quirina" not in str(row)
            assert "Glucose" not in str(row)
            assert uid("pat") not in str(row)


def test_a_dry_run_says_the_same_and_writes_nothing(practice, tmp_path):
    document = bundle(patient(), encounter(), observation(), observation("bad", status=None))
    before, log = rows(), Entry.objects.count()
    dry = take(tmp_path, document, dry_run=True)
    assert rows() == before
    assert Entry.objects.count() == log
    wet = take(tmp_path, document)
    assert {kind: dict(held) for kind, held in dry.kinds.items()} == {
        kind: dict(held) for kind, held in wet.kinds.items()
    }
    assert rules(dry) == rules(wet)


@pytest.mark.parametrize("role", ["manager", "practitioner", "front_desk", "it_provider"])
def test_only_who_may_import_does(practice, tmp_path, role):
    with pytest.raises(Refused):
        import_files(practice.actor(role), [save(tmp_path, bundle(patient()))])
    assert not Client.objects.exists()


# What becomes of what


def test_an_observation_keeps_its_digits_unit_range_and_flag(practice, tmp_path):
    text = json.dumps(
        bundle(
            patient(),
            encounter(),
            observation(
                referenceRange=[{"low": {"value": 3.9}, "high": {"value": 5.6}}],
                interpretation=[
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
                                "code": "N",
                            }
                        ]
                    }
                ],
            ),
        )
    ).replace('"value": 4.4', '"value": 4.40')
    take(tmp_path, text)
    with keyring():
        held = only_item().content
        assert (held["value"], held["unit"], held["low"], held["high"], held["flag"]) == (
            "4.40",
            "mmol/L",
            "3.9",
            "5.6",
            "N",
        )
        assert held["system"] == "http://loinc.org"
        assert only_item().visit == Visit.objects.get()
        assert only_item().is_verified is False


def test_a_panel_has_parts(practice, tmp_path):
    part = {"code": {"text": "Systolic"}, "valueQuantity": {"value": 120, "unit": "mm[Hg]"}}
    panel = observation(component=[part])
    del panel["valueQuantity"]
    take(tmp_path, bundle(patient(), encounter(), panel))
    with keyring():
        assert only_item().content["parts"] == [{"name": "Systolic", "value": "120", "unit": "mm[Hg]"}]


def test_a_card_is_read_with_care(practice, tmp_path):
    take(
        tmp_path,
        bundle(
            patient(
                name=[
                    {"use": "maiden", "family": "Alt"},
                    {
                        "use": "official",
                        "family": "Neu",
                        "given": ["A", "B"],
                        "prefix": ["Dr."],
                        "suffix": ["MD"],
                    },
                    {"use": "nickname", "given": ["Bee"]},
                ],
                telecom=[
                    {"system": "phone", "value": "(415) 555-0123", "use": "mobile"},
                    {"system": "phone", "value": "call my son"},
                    {"system": "email", "value": "A@Example.org"},
                    {"system": "phone", "value": "212 555 0100", "use": "old"},
                ],
                identifier=[
                    {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "999-98-7415"},
                    {"type": {"coding": [{"code": "MR"}]}, "value": "77"},
                ],
                address=[
                    {
                        "line": ["1 Main St", "Flat 2"],
                        "city": "Wilmington",
                        "state": "MA",
                        "postalCode": "01887",
                        "country": "US",
                    }
                ],
                communication=[
                    {"language": {"text": "English"}},
                    {"language": {"text": "Spanish"}, "preferred": True},
                ],
                maritalStatus={"coding": [{"code": "M"}], "text": "M"},
                deceasedDateTime="2020-02-03T10:00:00Z",
                extension=[
                    {
                        "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
                        "extension": [{"url": "text", "valueString": "Martian"}],
                    }
                ],
                contact=[
                    {
                        "relationship": [
                            {
                                "coding": [
                                    {"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C"}
                                ]
                            }
                        ],
                        "name": {"text": "Ed Contact"},
                        "telecom": [{"system": "phone", "value": "415 555 0199"}],
                    }
                ],
            )
        ),
    )
    with keyring():
        client = Client.objects.get()
        open_client(OPERATOR, client.id)
        assert client.directory == {
            "given": "A B",
            "family": "Neu",
            "preferred": "Bee",
            "born": "1980-05-06",
            "phones": ["+14155550123"],
            "emails": ["a@example.org"],
            "numbers": [
                {"kind": "Social security number", "value": "999-98-7415"},
                {"kind": "Medical record number", "value": "77"},
            ],
        }
        assert client.details["title"] == "Dr. MD"
        assert client.details["language"] == "Spanish"
        assert client.details["marital"] == "married"
        assert client.details["deceased_on"] == "2020-02-03"
        assert client.details["address"]["line"] == "1 Main St\nFlat 2"
        for words in ("Alt", "call my son", "212 555 0100"):
            assert words in client.details["note"]
        assert "Martian" not in json.dumps([client.directory, client.details])
        assert "Martian" in json.dumps(KeptResource.objects.get(resource_type="Patient").content)
        assert LinkedPerson.objects.get().details == {
            "role": "emergency",
            "name": "Ed Contact",
            "phone": "+14155550199",
        }
        assert client.age == 39


def test_a_patient_without_a_name_is_kept_and_named(practice, tmp_path):
    report = take(tmp_path, bundle(patient(name=[])))
    assert ("missing_field", "Patient.name", 0, "doubted") in rules(report)
    with keyring():
        client = Client.objects.get()
        open_client(OPERATOR, client.id)
        assert client.name == "(no name)"


@pytest.mark.parametrize(
    "odd",
    [
        {"name": "x"},
        {"telecom": [3]},
        {"birthDate": "the ides"},
        {"birthDate": "1980"},
        {"address": {}},
        {"identifier": [{"value": 7}]},
        {"gender": ["f"]},
    ],
)
def test_a_strange_element_of_a_patient_loses_no_patient(practice, tmp_path, odd):
    report = take(tmp_path, bundle(patient(**odd), encounter()))
    assert report.clients == 1
    assert any(path.startswith("Patient.") for _, path, _, _ in rules(report))
    assert Visit.objects.count() == 1


def test_documents_are_sealed_and_those_named_by_an_address_are_never_fetched(practice, tmp_path):
    data = b"Dear colleague, Quirina came."
    document = {
        "resourceType": "DocumentReference",
        "id": uid("doc"),
        "status": "current",
        "subject": ref("pat"),
        "description": "Letter",
        "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(data).decode()}}],
    }
    far = {
        "resourceType": "DocumentReference",
        "id": uid("far"),
        "status": "current",
        "subject": ref("pat"),
        "content": [{"attachment": {"url": "http://127.0.0.1:9/secret"}}],
    }
    report = take(tmp_path, bundle(patient(), document, far))
    assert ("url_only", "DocumentReference.content.attachment", 2, "doubted") in rules(report)
    assert KeptResource.objects.filter(resource_type="DocumentReference").count() == 1
    with keyring():
        open_client(OPERATOR, Client.objects.get().id)
        held = Document.objects.get()
        assert opened(held) == data
        assert held.content["title"] == "Letter"
        assert held.content["media_type"] == "text/plain"


def test_medication_by_reference_has_its_name_and_the_reason(practice, tmp_path):
    drug = {"resourceType": "Medication", "id": uid("drug"), "code": {"text": "Ibuprofen 200 MG"}}
    why = {"resourceType": "Condition", "id": uid("why"), "subject": ref("pat"), "code": {"text": "Headache"}}
    order = {
        "resourceType": "MedicationRequest",
        "id": uid("rx"),
        "status": "active",
        "intent": "order",
        "subject": ref("pat"),
        "medicationReference": ref("drug"),
        "reasonReference": [ref("why")],
        "requester": {"display": "Dr. Who"},
        "dosageInstruction": [{"text": "one at night"}],
    }
    report = take(tmp_path, bundle(patient(), drug, why, order))
    assert report.kinds["Medication"]["kept"] == 1
    with keyring():
        held = only_item("medication").content
        assert (held["name"], held["reason"], held["prescriber"], held["dose"]) == (
            "Ibuprofen 200 MG",
            "Headache",
            "Dr. Who",
            "one at night",
        )


def test_flags_and_related_persons_find_their_place(practice, tmp_path):
    flag = {
        "resourceType": "Flag",
        "id": uid("flag"),
        "status": "active",
        "subject": ref("pat"),
        "code": {"text": "Faints"},
        "category": [{"coding": [{"code": "safety"}]}],
    }
    aunt = {
        "resourceType": "RelatedPerson",
        "id": uid("aunt"),
        "patient": ref("pat"),
        "name": [{"text": "Aunt May"}],
        "relationship": [{"text": "aunt"}],
    }
    take(tmp_path, bundle(patient(), flag, aunt))
    with keyring():
        open_client(OPERATOR, Client.objects.get().id)
        assert Alert.objects.get().content == {"kind": "safety", "severity": "warning", "text": "Faints"}
        assert LinkedPerson.objects.get().details == {"role": "other", "name": "Aunt May", "note": "aunt"}


def test_what_was_entered_in_error_comes_in_struck(practice, tmp_path):
    take(tmp_path, bundle(patient(), encounter(), observation(status="entered-in-error")))
    assert Item.objects.get().struck_at is not None


def test_shared_bundles_are_counted_and_used_for_names_only_where_a_client_refers_to_them(
    practice, shared, tmp_path
):
    report = import_files(OPERATOR, [shared / "synthea/synthea_r4_organizations_practitioners.zip"])
    assert report.total("shared") == report.total("read") == 204
    assert not Client.objects.exists()


# Changes and collisions


def test_a_changed_resource_changes_its_row_and_the_earlier_version_stays(practice, tmp_path):
    take(tmp_path, bundle(patient(), encounter(), observation()))
    changed = observation(valueQuantity={"value": 9.9, "unit": "mmol/L"})
    report = take(tmp_path, bundle(patient(gender="other"), encounter(), changed))
    assert report.kinds["Observation"]["changed"] == report.kinds["Patient"]["changed"] == 1
    assert report.kinds["Encounter"]["unchanged"] == 1
    with keyring():
        held = only_item()
        assert held.content["value"] == "9.9"
        kept = Version.objects.get(object_id=held.pk)
        assert kept.before["content"]["value"] == "4.4"
        assert Client.objects.get().detail("sex") == "Other"
    assert Item.objects.count() == 1
    again = take(tmp_path, bundle(patient(gender="other"), encounter(), changed))
    assert again.total("unchanged") == 3


def test_what_staff_corrected_is_not_overwritten_by_the_next_import(practice, tmp_path):
    take(tmp_path, bundle(patient(), encounter(), observation()))
    doctor = practice.actor("practitioner")
    with keyring():
        item = only_item()
        entry = KINDS["observation"](
            **{**{k: v for k, v in item.content.items() if k != "fhir"}, "value": "5.0"}
        )
        change_item(doctor, item, entry=entry)
    report = take(tmp_path, bundle(patient(), encounter(), observation(valueQuantity={"value": 9.9})))
    assert ("changed_here", "Observation", 2, "refused") in rules(report)
    with keyring():
        assert only_item().content["value"] == "5.0"


def test_a_later_file_adds_to_a_client_who_is_there_already(practice, tmp_path):
    take(tmp_path, bundle(patient(), encounter()))
    report = take(tmp_path, bundle(observation()))
    assert report.kinds["Observation"]["created"] == 1
    assert report.total("refused") == 0
    assert not report.defects
    with keyring():
        assert only_item().visit == Visit.objects.get()


def test_one_resource_a_line_finds_its_client_as_well(practice, tmp_path):
    lines = "\n".join(json.dumps(one) for one in (patient(), encounter(), observation()))
    report = take(tmp_path, lines, "bulk.ndjson")
    assert report.total("created") == 3


def test_what_belongs_to_another_client_is_refused(practice, tmp_path):
    take(tmp_path, bundle(patient(), encounter(), observation()))
    stolen = observation(subject=ref("other"), encounter=None)
    report = take(tmp_path, bundle(patient("other"), stolen))
    assert ("other_client", "Observation", 1, "refused") in rules(report)
    assert Item.objects.count() == 1


def test_an_entry_that_names_no_client_or_an_unknown_one_is_refused(practice, tmp_path):
    loose = observation("loose", encounter=None)
    del loose["subject"]
    report = take(
        tmp_path, bundle(loose, patient(), observation("x", subject=ref("stranger"), encounter=None))
    )
    assert {(rule, entry) for rule, _, entry, outcome in rules(report) if outcome == "refused"} == {
        ("no_client", 0),
        ("no_client", 2),
    }


def test_two_clients_in_one_bundle_share_nothing(practice, tmp_path):
    place = {"resourceType": "Location", "id": uid("place"), "name": "North room"}
    one = encounter(location=[{"location": ref("place")}])
    two = encounter("enc2", subject=ref("pat2"), location=[{"location": ref("place")}])
    report = take(tmp_path, bundle(patient(), patient("pat2"), place, one, two))
    assert report.clients == 2
    assert KeptResource.objects.filter(resource_type="Location").count() == 2
    with keyring():
        for visit in Visit.objects.all():
            open_client(OPERATOR, visit.client_id)
            assert visit.content["place"] == "North room"


def test_someone_who_may_be_known_already_is_counted_and_not_merged(practice, tmp_path):
    ssn = [{"type": {"coding": [{"code": "SS"}]}, "value": "999-11-2222"}]
    take(tmp_path, bundle(patient(identifier=ssn)))
    report = take(tmp_path, bundle(patient("again", identifier=ssn)))
    assert (report.clients, report.may_be_same) == (1, 1)
    assert Client.objects.count() == 2


# All or nothing


def test_a_client_whose_import_fails_half_way_leaves_nothing_and_its_files_neither(
    practice, tmp_path, monkeypatch, settings
):
    document = {
        "resourceType": "DocumentReference",
        "id": uid("doc"),
        "status": "current",
        "subject": ref("pat"),
        "content": [{"attachment": {"data": "QUJD"}}],
    }
    real = imports.ImportedResource.objects.bulk_create
    monkeypatch.setattr(
        imports.ImportedResource.objects,
        "bulk_create",
        lambda *a, **k: (_ for _ in ()).throw(OSError("disk full")),
    )
    before, log = rows(), Entry.objects.count()
    store = settings.ALCOVE.files
    files = {path for path in store.rglob("*") if path.is_file()}
    with pytest.raises(OSError):
        take(tmp_path, bundle(patient(), document))
    assert rows() == before
    assert Entry.objects.count() == log
    assert {path for path in store.rglob("*") if path.is_file()} == files
    monkeypatch.setattr(imports.ImportedResource.objects, "bulk_create", real)
    assert take(tmp_path, bundle(patient(), document)).total("created") == 2


# Text


def test_every_naughty_string_comes_back_as_the_same_text(practice, shared, tmp_path):
    naughty = json.loads((shared / "contacts/naughty_strings.json").read_text("utf-8"))
    naughty = naughty if isinstance(naughty, list) else [one for held in naughty.values() for one in held]
    payloads = json.loads((shared / "attacks/payloads/payloads.json").read_text("utf-8"))
    texts = [
        one
        for one in naughty + payloads["csv_formula"] + payloads["xss"] + ["\ud800 lone", "a\x00b"]
        if isinstance(one, str) and one
    ]
    texts = list(dict.fromkeys(texts))
    resources = [patient(name=[{"use": "official", "family": texts[0], "given": [texts[1]]}])]
    for number, text in enumerate(texts):
        one = observation(f"n{number}", valueString=text, note=[{"text": text}], encounter=None)
        del one["valueQuantity"]
        resources.append(one)
    report = take(tmp_path, bundle(*resources))
    assert report.kinds["Observation"]["created"] + report.kinds["Observation"]["refused"] == len(texts)
    assert report.kinds["Observation"]["refused"] == 0
    with keyring():
        client = Client.objects.get()
        open_client(OPERATOR, client.id)
        assert (client.family, client.given) == (texts[0], texts[1])
        held = Counter((item.content["value"], item.content["note"]) for item in Item.objects.all())
        assert held == Counter((text, text) for text in texts)


def test_a_file_named_after_a_client_is_not_named_in_the_report(practice, tmp_path):
    report = take(tmp_path, bundle(patient(), observation(status="?")), "Quirina_Zwoelfer.json")
    held = json.dumps(report.as_report())
    assert "Quirina" not in held
    assert take(tmp_path, bundle(patient()), "export-17.json").files == ["export-17.json"]


def test_the_report_holds_no_value_of_a_client(practice, shared, tmp_path):
    files = synthea(shared, tmp_path, 4)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in files:
            archive.write(file, file.name)
    held = json.dumps(import_files(OPERATOR, [tmp_path / "all.zip"]).as_report())
    for file in files:
        for entry in json.loads(file.read_text("utf-8"))["entry"]:
            resource = entry["resource"]
            assert resource["id"] not in held
            if resource["resourceType"] == "Patient":
                for name in resource["name"]:
                    assert name["family"] not in held
