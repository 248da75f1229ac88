"""What is held on a client is in the export: whatever an area keeps, or a reason why not."""

from __future__ import annotations

import json

from django.apps import apps

from alcove.api.commands.client import export_client
from alcove.api.queries import held
from alcove.api.tests.make import OPERATOR
from alcove.clinic.activities.tests.make import added
from alcove.clinic.calendar.actions import waitlist
from alcove.clinic.calendar.tests.make import clinic
from alcove.security.audit import clock

APART = {
    "calendar.VisitLink": "the digest of a link's secret",
    "clients.Deletion": "why the practice hid the client; while that stands there is no export",
    "clients.LegalHold": "why a law or a court stops an erasure: the practice's own, and it may be against the client",
    "clients.ContactToken": "a keyed hash for search, of what stands on the card",
    "records.ImportedResource": "a mark that a resource came before; the resource is in its own place",
    "records.NotePair": "which of two notes of one visit were compared; both notes are in the export",
    "records.PatientDraft": "what somebody is typing, gone when it is sent",
}
"""Models that belong to a client and are no part of the export by their own name, and why."""


def of_a_client():
    """Return the clinic's models whose rows belong to a client."""
    return {
        f"{model._meta.app_label}.{model.__name__}": model
        for model in apps.get_models()
        if model.__module__.startswith("alcove.clinic.")
        and {"client", "client_id"} & {field.name for field in model._meta.concrete_fields}
    }


def test_each_model_that_belongs_to_a_client_is_exported_or_says_why_not():
    exported = {held.Client, *held.BESIDE.values()} | {
        value for name, value in vars(held).items() if isinstance(value, type) and name[0].isupper()
    }
    missing = {name for name, model in of_a_client().items() if model not in exported}
    assert missing - set(APART) == set()
    assert set(APART) - set(of_a_client()) == set(), "these are no models of a client"


def test_visits_to_come_waiting_and_tasks_are_in_the_export(practice, client_card, tmp_path):
    owner, here = practice.actor("owner"), clinic()
    here.book(owner, client_card.pk, here.wish("laser", "P1", 12))
    today = clock.now().date()
    service = here.services["facial"]
    waitlist.join(owner, client_card.pk, location=here.location, service=service, from_on=today)
    added(practice, "Ring about the laser", text="Before noon", client=client_card, lines=["Find the number"])
    added(practice, "Nothing to do with them")
    manifest = export_client(OPERATOR, client_card.pk, tmp_path / "out")
    found = json.loads((tmp_path / "out" / "record.json").read_text("utf-8"))
    assert [(one["service"], one["profile"]) for one in found["appointments"]] == [("laser", "P1")]
    assert found["bookings"][0]["location"] == here.location.name
    assert [one["service"] for one in found["waitlist"]] == ["facial"]
    assert [(one["title"], one["text"]) for one in found["tasks"]] == [
        ("Ring about the laser", "Before noon")
    ]
    assert [one["text"] for one in found["task_steps"]] == ["Find the number"]
    counts = {name: manifest["rows"][name] for name in ("bookings", "appointments", "waitlist", "tasks")}
    assert counts == {"bookings": 1, "appointments": 1, "waitlist": 1, "tasks": 1}
