"""A call to a place the register does not know appears as a finding; one that is named does not."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from alcove.compliance.baseline import actions, tasks
from alcove.compliance.baseline.models import Place, Weakness
from alcove.compliance.baseline.queries import pages, places
from alcove.operations.egress import witness
from alcove.security.access.errors import Conflict
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice


@pytest.fixture
def watched(practice):
    empty()
    witness.watch(settings.ALCOVE.egress)
    yield
    witness.watch(None)
    empty()


def empty():
    for file in settings.ALCOVE.egress.glob("*"):
        file.unlink()


def call(host):
    """Call a place as any library does; nothing answers under this name."""
    with suppress(OSError):
        socket.create_connection((host, 443), timeout=0.01)


def strange():
    return list(pages.unclosed().filter(kind="places").values_list("subject", flat=True))


def test_a_call_to_an_unregistered_host_is_a_finding_at_once(practice, watched):
    officer = practice.person("officer")
    call("collector.invalid")
    tasks.note_calls()
    assert strange() == ["collector.invalid"]
    assert Notice.objects.filter(person=officer, kind="baseline").count() == 1
    assert Entry.objects.filter(event="baseline.place.called", fields="collector.invalid").count() == 1
    call("collector.invalid")
    tasks.note_calls()
    assert Entry.objects.filter(event="baseline.place.called").count() == 1
    assert list(settings.ALCOVE.egress.glob("*")) == []


def test_a_named_place_is_none(practice, watched, settings):
    settings.ALCOVE = replace(
        settings.ALCOVE,
        email_url="smtp+tls://u@mail.invalid:587/?from=a@b.example",
        backup_places=("s3://copies/a?endpoint=https://store.invalid",),
    )
    for host in ("mail.invalid", "copies.store.invalid", "Mail.Invalid."):
        call(host)
    tasks.note_calls()
    assert Place.objects.count() == 2
    assert strange() == []
    call("notstore.invalid")
    tasks.note_calls()
    assert strange() == ["notstore.invalid"]


def test_the_officer_names_a_place_and_its_finding_goes(practice, watched):
    call("maps.invalid")
    tasks.note_calls()
    officer, page = practice.signed_in("officer"), reverse("baseline:places")
    assert "Nobody has named these" in officer.get(page).content.decode()
    wrong = officer.post(page, {"host": "https://maps.invalid/x", "purpose": "Maps", "goes": "none"})
    assert (wrong.status_code, "https://maps.invalid/x" in wrong.content.decode()) == (422, True)
    said = {"host": "MAPS.invalid", "purpose": "Maps", "goes": "none"}
    assert officer.post(page, said).status_code == 302
    assert officer.post(page, said).status_code == 409
    assert strange() == []
    assert officer.post(reverse("baseline:take_off"), {"host": "maps.invalid"}).status_code == 302
    assert officer.post(reverse("baseline:take_off"), {"host": "maps.invalid"}).status_code == 409
    assert strange() == ["maps.invalid"]


def looked():
    from alcove.compliance.baseline.queries import looks

    return looks.look(("places",))


def test_a_place_long_quiet_is_no_finding_any_more(practice, watched):
    call("once.invalid")
    tasks.note_calls()
    with writing("time passes"):
        Place.objects.update(last_at=timezone.now() - places.QUIET - timedelta(days=1))
    actions.put_down(practice.actor("officer"), looked())
    assert strange() == []
    assert Weakness.objects.get().closed_at is not None


def test_everything_that_is_set_up_stands_on_the_register(settings):
    config = replace(
        settings.ALCOVE, email_url="smtps://u@mail.example/?from=a@b.example", sms_url="twilio://AC1@/?from=1",
        oidc_issuer="https://login.example/x", key_provider="aws-kms", kms_region="us-east-1",
        backup_places=("/mnt/a", "s3://copies/a?region=eu-west-1", "sftp://a@copies.example/b?key=/k&known_hosts=/h"),
        database_url="postgresql://u@db.example:5433,db2.example/a", second_sms_url="http://127.0.0.1:9/sms",
        files_url="s3://records/a?endpoint=https://store.example",
    )  # fmt: skip
    assert {one.host for one in places.configured(config)} == {
        "mail.example", "api.twilio.com", "login.example", "kms.us-east-1.amazonaws.com", "db.example",
        "db2.example", "copies.example", "s3.eu-west-1.amazonaws.com", "s3.amazonaws.com", "store.example",
    }  # fmt: skip


def test_the_register_is_named_once(practice):
    actor = practice.actor("officer")
    actions.register(actor, host="a.example", purpose="Maps", goes="none")
    with pytest.raises(Conflict):
        actions.register(actor, host="a.example", purpose="Other", goes="none")
