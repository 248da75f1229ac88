"""Planted defects are named with their place, in the published bundles and in others of the same kinds."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections import Counter

import pytest

from alcove.api.actions.runs import import_files
from alcove.api.tests.make import OPERATOR, bundle, encounter, observation, patient, ref, synthea, take, uid
from alcove.clinic.records.models import Item, Visit


def named(report):
    return {(one.place.file, one.place.line, one.place.entry, one.rule) for one in report.defects}


def test_every_planted_defect_of_every_kind_is_named_with_its_place(practice, shared):
    planted, bundles = (
        [
            json.loads(line)
            for line in gzip.decompress((shared / "fhir_messy" / name).read_bytes()).splitlines()
        ]
        for name in ("injected_defects.ndjson.gz", "messy_bundles.ndjson.gz")
    )
    report = import_files(OPERATOR, [shared / "fhir_messy/messy_bundles.ndjson.gz"])
    found = named(report)
    total, hit = Counter(), Counter()
    for line in planted:
        for defect in line["defects"]:
            total[defect["kind"]] += 1
            hit[defect["kind"]] += (1, line["line"], defect["entry_index"], defect["kind"]) in found
    print(f"planted and named: { {kind: (hit[kind], total[kind]) for kind in total} }")
    assert hit == total
    # Nothing is lost in silence: what was read is in the record or refused by name.
    assert report.total("read") == sum(len(one["entry"]) for one in bundles)
    assert report.total("read") == sum(
        report.total(name) for name in ("created", "kept", "unchanged", "shared", "refused")
    )
    # What else is named follows from a planted one: who refers to a refused visit, result or to its duplicate.
    planted_places = {(1, line["line"], one["entry_index"]) for line in planted for one in line["defects"]}
    others = [
        one
        for one in report.defects
        if (one.place.file, one.place.line, one.place.entry) not in planted_places
    ]
    assert {one.rule for one in others} <= {"missing_reference"}


def plant(document, rng):
    """Plant defects of the five kinds into a clean bundle; return [(entry, kind, field)]."""
    done, entries = [], document["entry"]
    for index, entry in enumerate(entries):
        held = entry["resource"]
        kind = rng.choice(
            [
                "missing_field",
                "out_of_order_timestamp",
                "unparseable_value",
                "unknown_code_system",
                "duplicate_entry",
            ]
        )
        if rng.random() > 0.06 or held["resourceType"] not in {
            "Observation",
            "DiagnosticReport",
            "Condition",
            "Procedure",
            "Immunization",
            "Encounter",
            "MedicationRequest",
        }:
            continue
        if kind == "missing_field":
            present = [name for name in ("status", "category", "encounter") if name in held]
            if not present:
                continue
            field = rng.choice(present)
            del held[field]
            done.append((index, kind, f"{held['resourceType']}.{field}"))
        elif kind == "out_of_order_timestamp":
            name = next((one for one in ("effectiveDateTime", "occurrenceDateTime") if one in held), None)
            if name:
                held[name] = f"{int(held[name][:4]) + 1}{held[name][4:]}"
                done.append((index, kind, name))
        elif kind == "unparseable_value" and "valueQuantity" in held:
            del held["valueQuantity"]
            held["valueString"] = rng.choice(["not detected", "<0.1", "QNS"])
            done.append((index, kind, "valueString"))
        elif kind == "unknown_code_system" and held.get("code", {}).get("coding"):
            held["code"]["coding"][0]["system"] = "http://lab.local/codes"
            done.append((index, kind, "code"))
        elif kind == "duplicate_entry":
            twin = copy.deepcopy(entry)
            twin["resource"]["id"] = uid(f"twin {index} {rng.random()}")
            twin["fullUrl"] = f"urn:uuid:{twin['resource']['id']}"
            entries.append(twin)
            done.append((len(entries) - 1, kind, ""))
    return done


def test_defects_planted_into_other_real_patients_are_named_as_well(practice, shared, tmp_path):
    rng, files, planted = random.Random(7), synthea(shared, tmp_path), []
    for number, path in enumerate(files, 1):
        document = json.loads(path.read_text("utf-8"))
        planted += [(number, *one) for one in plant(document, rng)]
        path.write_text(json.dumps(document), "utf-8")
    report = import_files(OPERATOR, files)
    found = {(one.place.file, one.place.entry, one.rule) for one in report.defects}
    total, hit, missed = Counter(), Counter(), []
    for number, entry, kind, field in planted:
        total[kind] += 1
        if (number, entry, kind) in found:
            hit[kind] += 1
        else:
            missed.append((number, entry, kind, field))
    print(f"planted and named: { {kind: (hit[kind], total[kind]) for kind in total} }; missed: {missed}")
    assert len(total) == 5
    assert hit == total


def test_clean_patients_raise_few_doubts(practice, shared, tmp_path):
    report = import_files(OPERATOR, synthea(shared, tmp_path))
    print(Counter(one.rule for one in report.defects))
    assert len(report.defects) <= report.total("read") * 0.005


@pytest.mark.parametrize(
    ("resource", "rule", "path"),
    [
        (observation(status=None), "missing_field", "Observation.status"),
        (observation(status="odd"), "unknown_code", "Observation.status"),
        (observation(code=None), "missing_field", "Observation.code"),
        (observation(effectiveDateTime="yesterday"), "unparseable_value", "Observation.effectiveDateTime"),
        (observation(effectiveDateTime="2024-02-31"), "unparseable_value", "Observation.effectiveDateTime"),
        (observation(valueQuantity={"value": "much"}), "unparseable_value", "Observation.value"),
        (observation(valueQuantity=[1]), "wrong_shape", "Observation.valueQuantity"),
        (observation(code="glucose"), "wrong_shape", "Observation.code"),
        (observation(component=[{"code": {"coding": [7]}}]), "wrong_shape", "Observation.coding"),
        ({**observation(), "resourceType": "Observatory"}, "not_fhir", "Bundle.entry.resource.resourceType"),
        (
            {
                "resourceType": "MedicationRequest",
                "id": uid("m"),
                "status": "active",
                "intent": "order",
                "subject": ref("pat"),
            },
            "missing_field",
            "MedicationRequest.medication[x]",
        ),
        (
            {
                "resourceType": "DocumentReference",
                "id": uid("d"),
                "status": "current",
                "subject": ref("pat"),
                "content": [{"attachment": {"data": "###"}}],
            },
            "unparseable_value",
            "DocumentReference.attachment.data",
        ),
        ({"resourceType": "Condition", "id": uid("c"), "code": {"text": "x"}}, "no_client", "Condition"),
    ],
)
def test_a_broken_entry_saves_nothing_of_itself_and_stops_nothing_else(
    practice, tmp_path, resource, rule, path
):
    report = take(tmp_path, bundle(patient(), encounter(), resource, observation("good")))
    refused = [(one.rule, one.path, one.place.entry) for one in report.refused]
    assert refused == [(rule, path, 2)]
    assert Item.objects.count() == 1
    assert Visit.objects.count() == 1
    assert report.total("read") == 4
    assert report.total("created") == 3


@pytest.mark.parametrize(
    "entry", [None, 7, "x", {}, {"resource": None}, {"resource": []}, {"resource": {"resourceType": 7}}]
)
def test_an_entry_that_is_none_is_named(practice, tmp_path, entry):
    document = bundle(patient(), observation(encounter=None))
    document["entry"].insert(1, entry)
    report = take(tmp_path, document)
    assert [one.place.entry for one in report.refused] == [1]
    assert Item.objects.count() == 1


@pytest.mark.parametrize(
    "document", [7, None, [], "x", {}, {"resourceType": "Bundle", "entry": {}}, {"resourceType": "Nothing"}]
)
def test_a_document_that_is_no_bundle_is_named(practice, tmp_path, document):
    report = take(tmp_path, document)
    assert len(report.refused) == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"effectiveDateTime": "1970-01-01T00:00:00Z", "encounter": None}, "birth"),
        ({"effectiveDateTime": "2999-01-01T00:00:00Z", "encounter": None}, "future"),
        ({"effectiveDateTime": "2024-03-03T00:00:00Z"}, "after its visit"),
        ({"effectiveDateTime": "2023-03-03T00:00:00Z"}, "before its visit"),
        ({"effectiveDateTime": "2024-03-01T09:00:00Z", "issued": "2024-02-01T09:00:00Z"}, "issued"),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2024-03-01", "end": "2024-02-01"}},
            "ends before",
        ),
        ({"effectiveDateTime": "2024-06-01T09:00:00Z", "encounter": None}, "later than every visit"),
    ],
)
def test_moments_that_do_not_fit_are_doubted(practice, tmp_path, more, words):
    held = {name: value for name, value in observation(**more).items() if value is not None}
    report = take(tmp_path, bundle(patient(), encounter(), held))
    found = [one for one in report.defects if one.rule == "out_of_order_timestamp"]
    assert len(found) == 1
    assert words in found[0].more
    assert Item.objects.count() == 1


def test_moments_that_fit_are_not_doubted(practice, tmp_path):
    days = bundle(
        patient(birthDate="2024-03-01"),
        encounter(),
        observation(effectiveDateTime="2024-03-01"),
        observation("o2", effectiveDateTime="2024-03"),
    )
    assert not take(tmp_path, days).defects


def test_references_to_missing_things_are_named(practice, tmp_path):
    report = take(tmp_path, bundle(patient(), observation(performer=[ref("nobody")], encounter=ref("gone"))))
    assert {(one.rule, one.path) for one in report.defects} == {
        ("missing_reference", "Observation.performer.reference"),
        ("missing_reference", "Observation.encounter.reference"),
    }


def test_a_duplicate_that_others_refer_to_is_a_record_of_its_own(practice, tmp_path):
    twin = observation("twin")
    group = {
        "resourceType": "DiagnosticReport",
        "id": uid("r"),
        "status": "final",
        "code": {"text": "P"},
        "subject": ref("pat"),
        "result": [ref("twin")],
    }
    report = take(tmp_path, bundle(patient(), encounter(), observation(), twin, group, observation("third")))
    assert {(one.place.entry, one.outcome) for one in report.defects} == {(3, "doubted"), (5, "refused")}
    assert Item.objects.filter(kind="observation").count() == 2
