"""Inputs for the tests: bundles made by hand, and a few of the real ones."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from alcove.api.actions.runs import import_files
from alcove.security.access.actors import Actor

OPERATOR = Actor.operator("test")
LOINC = "http://loinc.org"


def uid(name):
    return str(uuid5(NAMESPACE_URL, f"https://test.example/{name}"))


def ref(name):
    return {"reference": f"urn:uuid:{uid(name)}"}


def patient(name="pat", /, **more):
    made = {
        "resourceType": "Patient",
        "id": uid(name),
        "name": [{"use": "official", "family": "Zwölfer", "given": ["Quirina", "Maud"]}],
        "birthDate": "1980-05-06",
        "gender": "female",
    }
    return made | more


def encounter(name="enc", /, **more):
    made = {
        "resourceType": "Encounter",
        "id": uid(name),
        "status": "finished",
        "class": {"code": "AMB"},
        "type": [{"text": "Check-up"}],
        "subject": ref("pat"),
        "period": {"start": "2024-03-01T09:00:00Z", "end": "2024-03-01T09:30:00Z"},
    }
    return made | more


def observation(name="obs", /, **more):
    made = {
        "resourceType": "Observation",
        "id": uid(name),
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                    }
                ]
            }
        ],
        "code": {"coding": [{"system": LOINC, "code": "2345-7", "display": "Glucose"}], "text": "Glucose"},
        "subject": ref("pat"),
        "encounter": ref("enc"),
        "effectiveDateTime": "2024-03-01T09:10:00Z",
        "valueQuantity": {
            "value": 4.4,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
    }
    return made | more


def bundle(*resources, **more):
    entries = [
        {"fullUrl": f"urn:uuid:{one['id']}", "resource": one} if "id" in one else {"resource": one}
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries} | more


def save(folder, document, name="in.json"):
    path = Path(folder) / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def take(folder, document, name="in.json", **more):
    """Import one document as the operator; return the report."""
    return import_files(OPERATOR, [save(folder, document, name)], **more)


def synthea(shared, folder, number=12, largest=900_000):
    """Return files with the first ``number`` real bundles of at most ``largest`` bytes, under neutral names."""
    found = []
    with zipfile.ZipFile(shared / "synthea/synthea_r4_bundles_120.zip") as archive:
        for member in sorted(archive.infolist(), key=lambda one: one.filename):
            if member.file_size <= largest and len(found) < number:
                found.append(Path(folder) / f"bundle{len(found)}.json")
                found[-1].write_bytes(archive.read(member))
    return found
