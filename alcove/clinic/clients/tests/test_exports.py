"""Exports of many clients: who may, how many alone, who approves, what the file says and to whom, and its end."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import struct
import zlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.core.files.storage import storages
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients import actions, tasks
from alcove.clinic.clients.models import Export
from alcove.clinic.clients.queries import directory
from alcove.clinic.clients.tests.need import at, forget_rules, later, limit
from alcove.security.access.approvals import ApprovalNeeded
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Approval, Version
from alcove.security.access.rules import RULES
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.actions.rules import choose
from alcove.security.identity.models import Session
from alcove.security.jobs.models import Job
from alcove.security.vault.tests.bucket import in_bucket

WHY = "Move to the new mailing house"
SSN = "078-05-1120"
EXPORTS = reverse("clients:exports")


@pytest.fixture(autouse=True)
def _default_rules(db):
    forget_rules()
    yield
    forget_rules()


@pytest.fixture
def three(practice):
    """Three clients: one with an identity number, one whose name a spreadsheet would run, one plain."""
    directory.forget()
    return [
        practice.client("Nora", "Numbers", phones=["+14155550171"], numbers=[{"kind": "SSN", "value": SSN}]),
        practice.client("=Eve()", "Formula", phones=["+14155550172"]),
        practice.client("Zoë", "Plain", phones=["+14155550173"], emails=["zoe@example.org"]),
    ]


def only(practice, most):
    """Let one person alone export at most so many."""
    choose(practice.actor("owner"), RULES["export.alone"], most)


def work():
    """Do what the worker would do with the jobs that wait."""
    for job in Job.objects.filter(name=actions.EXPORT_JOB, state="waiting"):
        tasks.make_export(**job.arguments)
        Job.objects.filter(pk=job.pk).update(state="done")


def ask(browser, **more):
    return browser.post(EXPORTS, {"which": "everyone", "format": "csv", "reason": WHY, **more})


def step(browser, name, export):
    return browser.post(at(name, export_id=export.id))


def opened_zip(archive, passphrase):
    """Return {name: content} of a WinZip AES archive, read as its specification says, without Alcove's writer."""
    found, place = {}, 0
    while archive[place : place + 4] == b"PK\x03\x04":
        sizes = struct.unpack("<IIHH", archive[place + 18 : place + 30])
        name = archive[place + 30 : place + 30 + sizes[2]].decode()
        begin = place + 30 + sizes[2] + sizes[3]
        held, place = archive[begin : begin + sizes[0]], begin + sizes[0]
        derived = hashlib.pbkdf2_hmac("sha1", passphrase.encode(), held[:16], 1000, 66)
        assert derived[64:] == held[16:18], "the passphrase is wrong"
        body = held[18:-10]
        assert hmac.digest(derived[32:64], body, "sha1")[:10] == held[-10:]
        cipher = Cipher(algorithms.AES(derived[:32]), modes.ECB()).encryptor()
        plain = bytearray()
        for number in range(0, len(body), 16):
            stream = cipher.update((number // 16 + 1).to_bytes(16, "little"))
            plain += bytes(a ^ b for a, b in zip(body[number : number + 16], stream, strict=False))
        found[name] = zlib.decompress(bytes(plain), -15)
        assert len(found[name]) == sizes[1]
    return found


def taken(browser, export):
    """Return the opened files of a ready export, as its exporter would."""
    page = step(browser, "export_passphrase", export)
    passphrase = page.context["passphrase"]
    answer = step(browser, "export_file", export)
    assert answer["Content-Type"] == "application/zip"
    return opened_zip(answer.content, passphrase), answer.content


def rows_of(files):
    return list(csv.DictReader(io.StringIO(files["clients.csv"].decode("utf-8-sig"))))


# A file of one person ------------------------------------------------------------------------------------------------


def test_a_few_clients_are_exported_by_one_person_with_every_client_on_the_log(practice, three):
    browser = practice.signed_in("owner")
    answer = ask(browser)
    export = Export.objects.get()
    assert answer["Location"] == at("export", export_id=export.id)
    work()
    files, archive = taken(browser, export)
    assert [row["family"] for row in rows_of(files)] == ["Numbers", "Formula", "Plain"]
    assert b"Numbers" not in archive and b"zoe@" not in archive
    named = set()
    for entry in Entry.objects.filter(event="clients.export.taken"):
        assert entry.actor_id == practice.owner.id
        held = bytes(entry.clients)
        named |= {held[place : place + 16] for place in range(0, len(held), 16)}
    assert named == {one.id.bytes for one in three}


def test_the_file_carries_its_exporter_on_every_line_and_runs_nothing_and_covers_identity_numbers(
    practice, three
):
    browser = practice.signed_in("owner")
    ask(browser)
    work()
    export = Export.objects.get()
    files, _ = taken(browser, export)
    manifest = json.loads(files["manifest.json"])
    assert (manifest["exported_by"], manifest["purpose"]) == ("Olive Owner", WHY)
    rows = rows_of(files)
    assert all("Olive Owner" in row["exported"] and str(export.id) in row["exported"] for row in rows)
    assert rows[1]["given"] == "'=Eve()"
    assert rows[0]["numbers"] == "SSN: •••1120"
    assert not any(SSN.encode() in content for content in files.values())


def test_json_says_the_same(practice, three):
    browser = practice.signed_in("owner")
    ask(browser, format="json", which="chosen", lines="zoe@example.org\n\n(415) 555-0171")
    work()
    files, _ = taken(browser, Export.objects.get())
    held = json.loads(files["clients.json"])
    assert [one["given"] for one in held["clients"]] == ["Zoë", "Nora"]
    assert "Olive Owner" in held["exported"]


def test_bad_input_is_answered_beside_the_field_and_nothing_is_asked(practice, three):
    browser = practice.signed_in("owner")
    for more, sentence in (
        ({"reason": "short"}, "Say why in at least 10 letters"),
        ({"which": "chosen", "lines": "  "}, "Name at least one client"),
        ({"which": "chosen", "lines": "zoe@example.org\nnobody@example.org"}, "in line 2"),
        ({"format": "exe"}, "exe is not one of"),
    ):
        answer = ask(browser, **more)
        assert answer.status_code == 422 and sentence in answer.content.decode(), sentence
    assert not Export.objects.exists()


def test_without_the_right_or_a_fresh_sign_in_there_is_no_export(practice, three):
    assert ask(practice.signed_in("manager")).status_code == 403
    browser = practice.signed_in("owner")
    with writing("a sign-in of long ago"):
        Session.objects.update(proved_at=timezone.now() - timedelta(minutes=30))
    assert browser.get(EXPORTS)["Location"].startswith(reverse("identity:fresh"))
    ask(browser)
    assert not Export.objects.exists()


# Two people ----------------------------------------------------------------------------------------------------------


def test_one_more_than_one_person_may_takes_a_second_person_and_never_oneself(practice, three):
    only(practice, 2)
    browser = practice.signed_in("owner")
    ask(browser)
    export, approval = Export.objects.get(), Approval.objects.get()
    assert (approval.kind, approval.details["clients"]) == ("export", 3)
    assert export.begun_at is None and not Job.objects.filter(name=actions.EXPORT_JOB).exists()
    decide = reverse("identity:approval", kwargs={"approval_id": approval.id})
    assert browser.post(decide, {"grant": "yes"}).status_code == 403
    assert step(browser, "export_begin", export).status_code == 403
    with pytest.raises(ApprovalNeeded):
        actions.begin_export(practice.actor("owner"), export)
    assert practice.signed_in("manager").post(decide, {"grant": "yes"}).status_code == 302
    assert step(browser, "export_begin", export).status_code == 302
    assert step(browser, "export_begin", export).status_code == 409
    work()
    files, _ = taken(browser, export)
    assert json.loads(files["manifest.json"])["approved_by_a_second_person"] is True


def test_what_was_refused_is_never_made(practice, three):
    only(practice, 2)
    browser = practice.signed_in("owner")
    ask(browser)
    export, approval = Export.objects.get(), Approval.objects.get()
    decide = reverse("identity:approval", kwargs={"approval_id": approval.id})
    practice.signed_in("manager").post(decide, {"grant": "no"})
    assert step(browser, "export_begin", export).status_code == 403
    assert "Someone refused" in browser.get(at("export", export_id=export.id)).content.decode()


def test_many_small_exports_on_one_day_are_no_way_round_it(practice, three):
    only(practice, 2)
    browser = practice.signed_in("owner")
    ask(browser, which="chosen", lines="zoe@example.org\n+14155550171")
    assert not Export.objects.get().needs_second
    ask(browser, which="chosen", lines="+14155550172")
    assert Export.objects.latest("asked_at").needs_second


# The file itself -----------------------------------------------------------------------------------------------------


def test_passphrase_and_file_are_each_given_once_and_to_the_exporter_only(practice, three):
    browser = practice.signed_in("owner")
    ask(browser)
    export = Export.objects.get()
    assert step(browser, "export_file", export).status_code == 409
    work()
    other = practice.person("manager")
    with writing("another who may export"):
        role = practice.roles["manager"]
        role.rights = [*role.rights, "clients.export"]
        role.save()
    assert other.id != export.by_id
    second = practice.signed_in("manager")
    assert second.get(at("export", export_id=export.id)).status_code == 404
    for name in ("export_begin", "export_passphrase", "export_file"):
        assert step(second, name, export).status_code == 404, name
    taken(browser, export)
    assert step(browser, "export_passphrase", export).status_code == 409
    assert step(browser, "export_file", export).status_code == 409
    assert Export.objects.get().passphrase is None
    assert not Version.objects.filter(object_id=export.id).exists()


def test_a_store_that_is_away_does_not_use_the_one_download_up(practice, three, tmp_path):
    browser = practice.signed_in("owner")
    ask(browser)
    work()
    export = Export.objects.get()
    key = tmp_path / "s3"
    key.write_text("id\nsecret\n")
    with in_bucket(None, f"s3://b-away/x?endpoint=http://127.0.0.1:9&region=us-east-1&credentials={key}"):
        assert step(browser, "export_file", export).status_code == 503
    assert Export.objects.get().fetched_at is None
    taken(browser, export)


def test_after_a_day_nothing_can_be_had_and_the_file_and_its_key_are_gone(practice, three, monkeypatch):
    browser = practice.signed_in("owner")
    ask(browser)
    work()
    export = Export.objects.get()
    name = export.object_name
    tasks.end_exports()
    assert storages["sealed"].exists(name)
    with later(monkeypatch, hours=25):
        with pytest.raises(Conflict, match="gone"):
            actions.fetch_export(practice.actor("owner"), export)
        tasks.end_exports()
    assert not storages["sealed"].exists(name)
    export = Export.objects.get()
    assert (export.file_key, export.passphrase, export.chosen) == (None, None, [])


def test_whoever_lost_the_right_gets_no_file_made(practice, three):
    browser = practice.signed_in("owner")
    ask(browser)
    with writing("the right is taken away"):
        role = practice.roles["owner"]
        role.rights = [key for key in role.rights if key != "clients.export"]
        role.save()
    with pytest.raises(Refused):
        work()
    assert Export.objects.get().made_at is None


def test_a_client_limited_to_others_is_in_no_file_even_if_limited_after_it_was_asked(practice, three):
    browser = practice.signed_in("owner")
    ask(browser)
    limit(practice, three[0])
    work()
    files, _ = taken(browser, Export.objects.get())
    assert [row["family"] for row in rows_of(files)] == ["Formula", "Plain"]
    ask(browser)
    assert Export.objects.latest("asked_at").count == 2
