"""What is read by plain statements is what Django would read, and links are what its routes say."""

from __future__ import annotations

import pytest
from django.urls import reverse

from alcove.clinic.clients import actions
from alcove.clinic.clients.models import Alert, Client, ImportedRow, LinkedPerson
from alcove.clinic.clients.queries.addresses import page_url
from alcove.clinic.records.models import Item, Note, Visit
from alcove.security.access.opening import open_client
from alcove.security.vault import rows
from alcove.security.vault.errors import RecordLocked
from alcove.security.vault.ids import uuid7
from alcove.security.vault.keyring import keyring


@pytest.fixture
def alerted(practice, client_card):
    with keyring():
        open_client(practice.actor("practitioner"), client_card.id)
        client = Client.objects.get(pk=client_card.id)
        actions.add_alert(
            practice.actor("practitioner"), client, kind="clinical", severity="warning", text="Faints"
        )
    return client_card


@pytest.mark.parametrize("model", [Client, Alert, LinkedPerson, ImportedRow, Visit, Note, Item])
def test_instances_are_those_of_the_manager(alerted, model):
    def columns(found):
        return {
            name: bytes(value) if isinstance(value, memoryview) else value
            for name, value in found.__dict__.items()
            if name != "_state"
        }

    ours = {one.pk: columns(one) for one in rows.instances(model, "ORDER BY id")}
    assert ours == {one.pk: columns(one) for one in model.objects.all()}
    assert ours or model not in {Client, Alert}
    if ours:
        kinds = {name: type(value) for name, value in next(iter(ours.values())).items()}
        assert kinds == {
            name: type(value) for name, value in columns(model.objects.order_by("pk")[0]).items()
        }


def test_sealed_columns_stay_shut_until_the_client_is_opened(alerted):
    with keyring():
        found = rows.instances(Alert, "WHERE client_id = %s", alerted.id)[0]
        with pytest.raises(RecordLocked):
            found.content  # noqa: B018 - reading it is the deed


@pytest.mark.parametrize(
    ("route", "names"),
    [
        ("clients:card", ["client_id"]),
        ("records:item_strike", ["client_id", "item_id"]),
        ("records:note", ["client_id", "note_id"]),
        ("clients:alert_end", ["client_id", "alert_id"]),
    ],
)
def test_addresses_are_those_of_the_routes(route, names):
    for _ in range(2):
        given = {name: uuid7() for name in names}
        assert page_url(route, **given) == reverse(route, kwargs=given)


def test_addresses_take_words_of_our_own():
    given = {"client_id": uuid7(), "what": "phone-12"}
    assert page_url("clients:reveal", **given) == reverse("clients:reveal", kwargs=given)
    given = {"client_id": uuid7(), "what": "item", "row_id": uuid7()}
    assert page_url("records:versions", **given) == reverse("records:versions", kwargs=given)
