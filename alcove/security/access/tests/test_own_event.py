"""A GET that is a deed of its own is recorded as that deed, once, instead of as an opened record."""

from __future__ import annotations

import pytest

from alcove.clinic.records.policy import Did
from alcove.security.access.guards import Guard, guard
from alcove.security.access.policy import Open
from alcove.security.audit.models import Entry


def test_a_guard_records_the_event_it_declares_and_the_row_it_is_about(practice, client_card, rf):
    from uuid import uuid4

    from django.http import HttpResponse

    row_id = uuid4()

    @guard(GET=Open.RECORD, opens="client_id", event=Did.DOCUMENT_READ, on="row_id")
    def view(request, client_id, row_id):
        return HttpResponse("read")

    request = rf.get("/")
    request.actor = practice.actor("practitioner")
    before = set(Entry.objects.values_list("pk", flat=True))
    assert view(request, client_id=client_card.id, row_id=row_id).content == b"read"
    (entry,) = Entry.objects.exclude(pk__in=before)
    assert (entry.event, entry.object, entry.client_id) == (
        "records.document.read",
        f"records.document {row_id.hex}",
        client_card.id,
    )
    assert ("GET", "records.view", "opens client_id, recorded as records.document.read") in view.guard.lines()


def test_an_event_of_its_own_needs_a_get_that_opens_a_client():
    with pytest.raises(TypeError):
        guard(GET=Open.RECORD, event=Did.DOCUMENT_READ)
    from alcove.clinic.records.policy import Records

    with pytest.raises(TypeError):
        guard(POST=Records.CREATE, opens="client_id", event=Did.DOCUMENT_READ)
    assert Guard("guard").event is None
