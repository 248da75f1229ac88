"""Downtime packs: who makes, fetches and ends them, what is in them, and what never lies in the clear."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.calendar.tests.make import clinic
from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.queries.access_log import access_log
from alcove.clinic.downtime import actions, queries, tasks
from alcove.clinic.downtime.models import Fetch, Pack, Phrase
from alcove.clinic.downtime.policy import Did, Downtime
from alcove.clinic.downtime.queries.forms import FORMS
from alcove.clinic.practice.models import Location
from alcove.clinic.records.models.sections import TEMPLATES
from alcove.clinic.records.tests import make
from alcove.compliance.privacy.actions import delete
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Version
from alcove.security.access.opening import open_client, open_for_the_house
from alcove.security.access.policy import Open
from alcove.security.access.writes import writing
from alcove.security.audit import clock
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Session
from alcove.security.jobs.models import Job
from alcove.security.vault.keyring import keyring

JOB = Actor.job("downtime packs", Downtime.MAKE)
PAGE = "/downtime/"


@pytest.fixture(autouse=True)
def no_packs_before(practice):
    """Packs of other tests are not of this practice."""
    for path in settings.ALCOVE.packs.glob("*"):
        path.unlink()


@pytest.fixture
def here(practice):
    """A clinic in which one client with an allergy is booked today."""
    made = clinic()
    owner, nurse = practice.actor("owner"), practice.actor("prescriber")
    made.client = practice.client("Quirina", "Vorzim", phones=["+12125550123"])
    with keyring():
        open_client(nurse, made.client.id)
        make.item(nurse, made.client, kind="allergy", name="Lidocaine")
        clients.add_alert(
            nurse, made.client, kind="safety", severity="critical", text="Faints", desk_text="Sits down first"
        )
    book(made, owner, made.client)
    return made


def book(made, owner, client, hour=10):
    day = clock.now().astimezone(made.location.zone).date()
    return made.book(owner, client.id, made.wish("facial", "P0", hour, day=day), outside=True)


def opened(page: bytes, words: str) -> dict:
    """Return what a pack says, by its passphrase."""
    text = page.split(b'id="header" type="application/json">')[1].split(b"</script>")[0]
    body = page.split(b'id="body" type="application/json">')[1].split(b"</script>")[0]
    header = json.loads(text)
    salt, nonce = base64.b64decode(header["salt"]), base64.b64decode(header["nonce"])
    key = hashlib.pbkdf2_hmac("sha256", words.replace("-", "").encode(), salt, header["rounds"], 32)
    padded = AESGCM(key).decrypt(nonce, base64.b64decode(body), b"alcove.downtime.pack.1\0" + text)
    assert len(padded) % policy.DOWNTIME_PADDING == 0
    return json.loads(padded[: padded.rindex(b"\x80")])


def made(practice, location) -> tuple[dict, str]:
    owner = practice.actor("owner")
    words = actions.make_phrase(owner)
    assert tasks.make() == Location.objects.filter(is_active=True).count()
    return opened(actions.fetch_pack(owner, queries.pack(owner, location.pk)), words), words


def test_a_pack_holds_the_day_the_allergies_the_alerts_and_who_to_call(practice, here):
    found, _ = made(practice, here.location)
    [person] = found["days"][0]["people"]
    [visit] = person["visits"]
    assert (visit["client"], visit["what"], visit["state"]) == (0, "facial", "Booked")
    assert visit["when"] == "10:00–10:45"
    [client] = found["clients"]
    assert client["name"] == "Quirina Vorzim"
    assert client["phones"] == ["+1 212-555-0123"]
    lines = {(severity, title): text for severity, title, text in client["lines"]}
    assert lines["critical", "Safety"] == "Faints"
    assert any("Lidocaine" in text for text in lines.values())
    assert practice.owner.name in json.dumps(found["calls"])
    assert [one["title"] for one in found["forms"]] == [one.title for one in FORMS]
    assert found["expires_at"] - found["made_at"] == 48 * 3600 * 1000


def test_a_client_of_a_care_team_stands_there_without_a_name(practice, here):
    owner = practice.actor("owner")
    other = practice.client("Hidden", "Person")
    with keyring():
        open_client(owner, other.id)
        clients.limit_client(owner, other)
    book(here, owner, other, 12)
    found, _ = made(practice, here.location)
    assert "Hidden" not in json.dumps(found)
    assert [one["nameless"] for one in found["days"][0]["people"][0]["visits"]] == [
        "", "Limited to a care team: ask them"
    ]  # fmt: skip
    assert other.id.hex not in Pack.objects.get(location=here.location).clients


def test_nothing_of_it_lies_in_the_clear_and_the_passphrase_is_kept_nowhere(practice, here):
    _, words = made(practice, here.location)
    file = Pack.objects.get(location=here.location).file
    assert file.stat().st_mode & 0o777 == 0o600
    held = file.read_bytes()
    assert b"Vorzim" not in held
    assert b"<!doctype" not in held, "the page itself is sealed by the house as well"
    assert not list(settings.ALCOVE.temporary.glob("*down*"))
    assert words not in json.dumps(Phrase.objects.get().key)
    assert not Version.objects.filter(model__startswith="downtime.").exists()


def test_the_desk_downloads_a_pack_and_the_log_names_everyone_in_it(practice, here):
    _, words = made(practice, here.location)
    page = practice.signed_in("front_desk").post(f"{PAGE}{here.location.pk}/pack/")
    assert page.status_code == 200
    assert page["Content-Disposition"].startswith('attachment; filename="downtime-')
    assert "Vorzim" not in page["Content-Disposition"]
    assert opened(page.content, words)["clients"][0]["name"] == "Quirina Vorzim"
    entry = Entry.objects.filter(event=Did.FETCHED.key).latest("at_us")
    assert bytes(entry.clients) == here.client.id.bytes
    owner = practice.actor("owner")
    for kind, count in (("", 2), ("taken", 2), ("lists", 0), ("changed", 0)):
        with keyring():
            looks = access_log(owner, here.client.id, person=None, kind=kind, offset=0).looks
        assert [one.kind for one in looks if "downtime pack" in one.words] == ["Taken out"] * count


def test_each_kind_of_note_has_its_blank_sheet_and_they_print_without_anybodys_data(practice, here):
    sheets = {one.title: " ".join(asked for asked, _ in one.fields) for one in FORMS}
    for kind in TEMPLATES.values():
        [sheet] = [asked for title, asked in sheets.items() if title.startswith(kind.title)]
        assert all(section.title in sheet for section in kind.sections), kind.key
        assert "time it happened" in sheet, "what the late entry asks for"
    assert "lot number" in sheets["Treatment note"]
    assert "Allergic reaction" in sheets
    page = practice.signed_in("front_desk").get(f"{PAGE}forms/").content.decode()
    assert all(title in page for title in sheets)
    assert "Vorzim" not in page
    assert practice.signed_in("practitioner").get(f"{PAGE}forms/").status_code == 403


def test_a_location_where_nobody_downloads_is_overdue(practice, here):
    made(practice, here.location)
    owner, desk = practice.actor("owner"), practice.signed_in("front_desk")
    desk.post(f"{PAGE}{here.location.pk}/pack/")
    [line] = [one for one in queries.packs(owner).lines if one.location == here.location]
    assert (line.is_overdue, line.fetch.by_id) == (False, practice.actor("front_desk").id)
    assert line.fetched_by in desk.get(PAGE).content.decode()
    with writing("a day without a download"):
        Fetch.objects.update(at=clock.now() - policy.DOWNTIME_FETCH_LATE - timedelta(minutes=1))
    assert all(one.is_overdue for one in queries.packs(owner).lines)
    assert b"Overdue" in desk.get(PAGE).content


def test_who_may_not_is_refused_and_it_is_on_the_log(practice, here):
    made(practice, here.location)
    before = Entry.objects.filter(result="refused").count()
    assert practice.signed_in("practitioner").post(f"{PAGE}{here.location.pk}/pack/").status_code == 403
    assert practice.signed_in("front_desk").post(f"{PAGE}passphrase/").status_code == 403
    assert Entry.objects.filter(result="refused").count() == before + 2
    with pytest.raises(Refused):
        actions.make_phrase(practice.actor("front_desk"))


def test_a_download_asks_for_a_fresh_factor(practice, here):
    made(practice, here.location)
    browser = practice.signed_in("front_desk")
    with writing("a session of half an hour ago"):
        Session.objects.update(proved_at=timezone.now() - timedelta(minutes=30))
    answer = browser.post(f"{PAGE}{here.location.pk}/pack/")
    assert answer["Location"].startswith(reverse("identity:fresh"))


def test_no_person_opens_many_records_the_way_the_job_does(practice, here):
    with keyring(), pytest.raises(Refused):
        open_for_the_house(practice.actor("owner"), [here.client.id], Open.RECORD)


def test_a_new_passphrase_ends_the_packs_and_has_new_ones_made(practice, here):
    made(practice, here.location)
    old = Pack.objects.get(location=here.location)
    queued = Job.objects.count()
    answer = practice.signed_in("manager").post(f"{PAGE}passphrase/")
    assert b"Number 2" in answer.content
    assert not old.file.exists()
    assert not Pack.objects.exists()
    assert Job.objects.count() == queued + 1
    with pytest.raises(Conflict):
        actions.keep_pack(JOB, here.location, page=b"", clients=[], made_at=clock.now(), number=1)
    tasks.make()
    assert Pack.objects.get(location=here.location).phrase_number == 2


def test_deleting_a_client_ends_the_packs_that_name_them(practice, here):
    made(practice, here.location)
    file = Pack.objects.get(location=here.location).file
    delete(practice.actor("owner"), here.client.id, ground="asked", reason="They asked us to, in writing.")
    assert not file.exists()
    assert not Pack.objects.exists()
    with pytest.raises(Conflict):
        actions.keep_pack(
            JOB, here.location, page=b"", clients=[here.client.id], made_at=clock.now(), number=1
        )
    assert not list(settings.ALCOVE.packs.iterdir())
    tasks.make()
    assert Pack.objects.get(location=here.location).clients == []


def test_packs_are_made_hourly_and_gone_after_two_days(practice, here, monkeypatch):
    assert not tasks.is_due(), "without a passphrase there are no packs"
    made(practice, here.location)
    assert not tasks.is_due()
    first = Pack.objects.get(location=here.location)
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(minutes=61))
    assert tasks.is_due()
    tasks.make()
    second = Pack.objects.get(location=here.location)
    assert second.pk != first.pk
    assert not first.file.exists()
    with writing("a location is out of use, so nothing takes the pack's place"):
        Location.objects.update(is_active=False)
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(hours=50))
    tasks.make()
    assert not Pack.objects.exists()
    assert not second.file.exists()


def test_an_old_pack_is_red_and_one_that_is_gone_says_so(practice, here):
    made(practice, here.location)
    browser = practice.signed_in("manager")
    assert b"Old" not in browser.get(PAGE).content
    with writing("an old pack"):
        Pack.objects.update(made_at=timezone.now() - timedelta(hours=3))
    assert b"Old" in browser.get(PAGE).content
    Pack.objects.get(location=here.location).file.unlink()
    answer = browser.post(f"{PAGE}{here.location.pk}/pack/")
    assert answer.status_code == 409
    assert b"just replaced" in answer.content
    assert tasks.is_due(), "a file that is gone is made anew"


def test_files_no_row_names_are_removed_once_they_are_old(practice, here):
    settings.ALCOVE.packs.mkdir(exist_ok=True)
    stray, new = settings.ALCOVE.packs / "stray", settings.ALCOVE.packs / "new"
    for path in (stray, new):
        path.write_bytes(b"sealed")
    os.utime(stray, (1, 1))
    made(practice, here.location)
    assert (stray.exists(), new.exists()) == (False, True)


def test_how_a_passphrase_is_typed_does_not_matter():
    from alcove.security.vault.packs import bare, new_passphrase

    words = new_passphrase()
    assert len(bare(words)) == 30
    assert bare(words.upper().replace("-", " ")) == bare(words)
