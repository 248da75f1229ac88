"""The page of backups, the shares, who is told of what, and when the worker begins."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from alcove.operations.backups import actions, queries, runs, tasks
from alcove.operations.backups.faults import PlaceFails
from alcove.operations.backups.models import Check, Drill, RecoveryKey, Run
from alcove.project.commands import doctor
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Refused
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice
from alcove.security.vault import copies, shares
from alcove.security.vault.models import House

PAGE = "/setup/backups/"
SHARES = f"{PAGE}recovery-key/"
TRY = f"{SHARES}try/"
OPERATOR = Actor.operator("test")


def own():
    return str(settings.ALCOVE.backups[0])


def ran(hours=0, place="", **facts):
    """A run that ended so many hours ago."""
    at = timezone.now() - timedelta(hours=hours)
    row = actions.note_run(
        OPERATOR, place or own(), at, **({"point": "p", "points": 3, "oldest_at": at} | facts)
    )
    with writing("time passes"):
        Run.objects.filter(pk=row.pk).update(began_at=at, ended_at=at)
    return row


def founded(hours):
    with writing("time passes"):
        House.objects.update(created_at=timezone.now() - timedelta(hours=hours))


def told():
    return [
        row.content["subject"] for row in Notice.objects.filter(kind="backup").order_by("created_at", "id")
    ]


def made(browser):
    """Make a recovery key by the page; return its three shares."""
    answer = browser.post(SHARES)
    assert answer.status_code == 200
    return re.findall(r'<p class="code">([^<]+)</p>', answer.content.decode())


# Who may ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "officer", "it_provider", "auditor"])
def test_they_see_the_page(practice, role):
    answer = practice.signed_in(role).get(PAGE)
    assert answer.status_code == 200
    assert (b"Make the shares" in answer.content) == (role == "owner")


@pytest.mark.parametrize("role", ["front_desk", "practitioner", "manager", "marketing"])
def test_others_do_not(practice, role):
    assert practice.signed_in(role).get(PAGE).status_code == 403


@pytest.mark.parametrize("role", ["it_provider", "officer"])
def test_only_an_owner_makes_and_tries_the_recovery_key(practice, role):
    browser = practice.signed_in(role)
    assert browser.get(SHARES).status_code == 403
    assert browser.post(SHARES).status_code == 403
    assert browser.post(TRY, {"first": "a", "second": "b"}).status_code == 403
    assert not RecoveryKey.objects.exists()
    with pytest.raises(Refused):
        actions.make_recovery(practice.actor(role))


# The recovery key -----------------------------------------------------------------------------------------------------


def test_an_owner_makes_shares_sees_them_once_and_tries_two(practice):
    owner = practice.signed_in("owner")
    assert owner.get(SHARES).status_code == 200
    assert not RecoveryKey.objects.exists()
    texts = made(owner)
    assert len(texts) == 3
    key = queries.recovery()
    assert key.public == copies.recovery_public(shares.pair(texts[1:])).hex()
    assert "Not tried" in owner.get(PAGE).content.decode()
    answer = owner.post(TRY, {"first": texts[0], "second": texts[2].lower().replace(" ", "")})
    assert answer.status_code == 302
    assert queries.recovery().tried_at is not None
    page = owner.get(answer["Location"]).content.decode()
    assert "These two shares give the recovery key back" in page
    for text in texts:
        assert text not in page
    events = list(Entry.objects.filter(event__startswith="backups.recovery").values_list("event", flat=True))
    assert sorted(events) == ["backups.recovery.made", "backups.recovery.tried"]


def test_no_share_and_no_private_half_lies_in_the_database(practice):
    texts = made(practice.signed_in("owner"))
    private = shares.pair(texts[:2])
    row = RecoveryKey.objects.get()
    stored = RecoveryKey.objects.values_list("pk", flat=True).query
    assert stored
    assert private.hex() not in row.public
    assert all(shares.read(text).values.hex() != row.public for text in texts)


@pytest.mark.parametrize(
    ("first", "second", "field", "sentence"),
    [
        ("", "{1}", "first", "required"),
        ("{0}", "{0}", "second", "same share twice"),
        ("{0}", "{1}X", "second", "this has 65"),
        ("{0}", "U" * 64, "second", "no U"),
        ("{0}", "{other}", "second", "two different recovery keys"),
    ],
)
def test_wrong_shares_are_refused_beside_the_field(practice, first, second, field, sentence):
    owner = practice.signed_in("owner")
    texts = made(owner)
    public, private = copies.new_recovery()
    other = shares.written(shares.split(private, copies.recovery_name(public))[1])
    typed = {"first": first.format(*texts, other=other), "second": second.format(*texts, other=other)}
    answer = owner.post(TRY, typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert f'id="id_{field}"' in page
    assert queries.recovery().tried_at is None


def test_new_shares_end_the_ones_before(practice):
    owner = practice.signed_in("owner")
    first = made(owner)
    assert "end." in owner.get(SHARES).content.decode()
    second = made(owner)
    assert RecoveryKey.objects.filter(replaced_at__isnull=True).count() == 1
    assert owner.post(TRY, {"first": first[0], "second": first[1]}).status_code == 422
    assert owner.post(TRY, {"first": second[0], "second": second[1]}).status_code == 302


def test_trying_before_there_is_a_key_says_so(practice):
    text = shares.written(shares.split(bytes(32), b"abc")[0])
    other = shares.written(shares.split(bytes(32), b"abc")[1])
    answer = practice.signed_in("owner").post(TRY, {"first": text, "second": other})
    assert answer.status_code == 409
    assert "There is no recovery key yet" in answer.content.decode()


def test_a_key_slipped_in_by_sql_is_not_believed(practice):
    from django.db import connection

    made(practice.signed_in("owner"))
    actions.make_recovery(OPERATOR)
    with writing("a thief"), connection.cursor() as cursor:
        # The newer key's sealed public half is put in the older one's row.
        cursor.execute("SELECT id, public FROM backups_recoverykey ORDER BY made_at")
        (old, _), (_, newer) = cursor.fetchall()
        cursor.execute("UPDATE backups_recoverykey SET public = %s WHERE id = %s", [newer, old])
    from alcove.security.vault.errors import SealBroken

    with pytest.raises(SealBroken):
        assert RecoveryKey.objects.order_by("made_at").first().public


# How it stands --------------------------------------------------------------------------------------------------------


def test_the_page_shows_age_failure_damage_and_drills(practice):
    owner = practice.signed_in("owner")
    assert "Waiting" in owner.get(PAGE).content.decode()
    ran()
    assert "Good" in owner.get(PAGE).content.decode()
    ran(fault="/mnt/disk is full.", point="")
    page = owner.get(PAGE).content.decode()
    assert "Failed" in page
    assert "/mnt/disk is full." in page
    actions.note_check(OPERATOR, own(), objects=3, size=9, faults=["the piece ab was changed"])
    page = owner.get(PAGE).content.decode()
    assert "Damaged" in page
    assert "the piece ab was changed" in page
    actions.note_drill(OPERATOR, own(), timezone.now(), faults=[], rows=12345, files=7, entries=99, opened=5)
    assert "12,345 rows, 7 files and 99 log entries came back equal" in owner.get(PAGE).content.decode()
    actions.note_drill(OPERATOR, own(), timezone.now(), faults=["table t differs"])
    assert "table t differs" in owner.get(PAGE).content.decode()


def test_a_copy_over_26_hours_old_is_red_told_once_a_day_and_found_by_the_doctor(practice):
    founded(hours=100)
    ran(hours=25)
    assert queries.places()[0].state == "ok"
    tasks.report_late()
    assert told() == []
    with writing("time passes"):
        Run.objects.update(began_at=timezone.now() - timedelta(hours=26, minutes=1))
    assert "Too old" in practice.signed_in("owner").get(PAGE).content.decode()
    tasks.report_late()
    tasks.report_late()
    assert told() == ["A backup is too old"]
    found = [one for one in doctor._backups() if one.state == "bad"]
    assert any("the newest copy is 26 hours old" in one.sentence for one in found)


def test_a_practice_without_any_copy_is_late_from_the_second_day_on(practice):
    founded(hours=2)
    assert queries.late() == []
    founded(hours=27)
    assert [one.place for one in queries.late()] == [own()]


@pytest.fixture
def offline(practice, settings, tmp_path):
    """An offline disk that had its last copy four days ago and is away."""
    disk = tmp_path / "disk"
    settings.ALCOVE = replace(settings.ALCOVE, offline_places=(disk,))
    founded(hours=1000)
    ran()
    ran(hours=96, place=str(disk))
    return disk


def test_an_offline_disk_that_is_away_is_no_fault_for_its_days_and_overdue_afterwards(
    practice, offline, settings
):
    assert not tasks.is_due()
    assert queries.late() == []
    assert [place.name for place in runs.here(settings.ALCOVE)] == [own()]
    page = practice.signed_in("owner").get(PAGE).content.decode()
    assert "Offline disk, away now" in page
    assert "One disaster" not in page
    assert not any(str(offline) in one.sentence for one in doctor._backups() if one.state == "bad")
    with writing("time passes"):
        Run.objects.filter(place=str(offline)).update(began_at=timezone.now() - timedelta(days=8, hours=1))
    assert "Too old" in practice.signed_in("owner").get(PAGE).content.decode()
    tasks.report_late()
    assert told() == ["A backup is too old"]
    assert any("is 193 hours old" in one.sentence for one in doctor._backups() if one.state == "bad")


def test_an_offline_disk_gets_its_copy_as_soon_as_it_is_plugged_in(offline, settings):
    with writing("time passes"):
        Run.objects.filter(place=own()).update(ended_at=timezone.now() - timedelta(hours=2))
    assert not tasks.is_due()
    offline.mkdir()
    assert tasks.is_due()
    assert [place.name for place in runs.here(settings.ALCOVE)] == [own(), str(offline)]


@pytest.mark.parametrize(
    ("places", "offline", "copied", "lacks"),
    [
        ((), (), False, ["on this machine only", "write-once or offline"]),
        (("/mnt/share",), (), False, ["write-once or offline"]),
        (("s3://bucket/x?credentials=/etc/key",), (), False, ["write-once or offline"]),
        (("s3://bucket/x?credentials=/etc/key",), (), True, []),
        ((), ("/mnt/disk",), False, ["write-once or offline"]),
        ((), ("/mnt/disk",), True, []),
    ],
)
def test_too_few_places_and_none_that_refuses_removal_are_red(
    practice, settings, places, offline, copied, lacks
):
    offline = tuple(Path(one) for one in offline)
    settings.ALCOVE = replace(settings.ALCOVE, backup_places=places, offline_places=offline)
    for place in [*map(str, offline), *(["s3://bucket/x/"] if places else [])] if copied else []:
        ran(place=place, is_write_once=place.startswith("s3"))
    found = queries.wanting(queries.places())
    assert [lack in sentence for lack, sentence in zip(lacks, found, strict=True)] == [True] * len(lacks)
    page = practice.signed_in("owner").get(PAGE).content.decode()
    assert ("One disaster could take every copy" in page) == bool(lacks)
    assert "/etc/key" not in page
    assert ("Write-once" in page) == (copied and bool(places))
    told = [one.sentence for one in doctor._backups() if one.state != "ok"]
    assert [lack for lack in lacks if not any(lack in one for one in told)] == []


def test_a_failure_is_told_once_until_it_works_again_and_damage_each_time(practice):
    for fault in ("full", "full", "", "full"):
        ran(fault=fault, point="" if fault else "p")
    assert told() == ["A backup failed", "A backup failed"]
    for _ in range(2):
        actions.note_check(OPERATOR, own(), objects=1, size=1, faults=["x"])
    assert told().count("A backup is damaged") == 2
    assert Check.objects.count() == 2


def test_a_store_that_does_not_answer_is_a_failure_and_no_damage(practice, settings):
    address = "s3://bucket/x?endpoint=http://127.0.0.1:9"
    settings.ALCOVE = replace(settings.ALCOVE, backup_places=(address,))
    place = runs.places(settings.ALCOVE)[1]
    place._list = lambda _: (_ for _ in ()).throw(PlaceFails(f"{place.name} does not work: it is away."))
    checked = runs.check(OPERATOR, place, lambda _: None)
    assert checked.faults == [f"{place.name} does not work: it is away."]
    assert told() == ["A backup failed"]
    assert not Check.objects.filter(place=place.name).exists()
    assert queries.places()[1].state == "failed"


def test_a_drill_is_overdue_after_a_month(practice):
    assert queries.drill_state() == "none"
    row = actions.note_drill(OPERATOR, own(), timezone.now(), faults=[])
    assert queries.drill_state() == "done"
    with writing("time passes"):
        Drill.objects.filter(pk=row.pk).update(ended_at=timezone.now() - timedelta(days=32))
    assert queries.drill_state() == "overdue"
    assert "Overdue" in practice.signed_in("owner").get(PAGE).content.decode()
    assert any("overdue" in one.sentence for one in doctor._backups() if one.state == "bad")


def test_the_worker_begins_a_day_after_the_last_good_copy_and_an_hour_after_a_failure(practice):
    founded(hours=0)
    assert not tasks.is_due()
    founded(hours=2)
    assert tasks.is_due()
    row = ran(hours=0)
    assert not tasks.is_due()
    with writing("time passes"):
        Run.objects.filter(pk=row.pk).update(
            began_at=timezone.now() - timedelta(hours=24), ended_at=timezone.now() - timedelta(hours=24)
        )
    assert tasks.is_due()
    ran(hours=0.5, fault="full", point="")
    assert not tasks.is_due()
    with writing("time passes"):
        Run.objects.update(ended_at=timezone.now() - timedelta(hours=1, minutes=1))
    assert tasks.is_due()
