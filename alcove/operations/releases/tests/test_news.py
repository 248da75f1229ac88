"""News counts when a trusted key signed it and none newer was seen; anything else changes nothing and is told."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from alcove.compliance.baseline.queries import looks
from alcove.console import Console
from alcove.operations.releases import actions, feed, fetching, queries, tasks
from alcove.operations.releases.bom import Component
from alcove.operations.releases.feed import NotNews
from alcove.operations.releases.models import News
from alcove.operations.releases.policy import Releases
from alcove.operations.releases.tests import make
from alcove.operations.releases.tests.make import KEY, OTHER, newer, weak
from alcove.project.commands import release as commands
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Refused
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Notice

PAGE = "/setup/releases/"
JOB = Actor.job("releases", Releases.TAKE)
HERE = (Component("django", "5.2.19"), Component("pillow", "13.0.1"))


@pytest.fixture(autouse=True)
def _here(monkeypatch, settings):
    monkeypatch.setattr(queries, "components", lambda: HERE)
    settings.ALCOVE = replace(settings.ALCOVE, release_keys=(KEY,))


def moment(days=0):
    return (timezone.now() - timedelta(days=days)).isoformat()


def day(days=0):
    return (timezone.localdate() - timedelta(days=days)).isoformat()


def take(*given, **said):
    return actions.take(JOB, *make.news(*given, **({"made_at": moment(1)} | said)))


def state():
    return list(News.objects.values_list("document", "made_at", "key", "taken_at"))


def told():
    return [
        one.content["text"] for one in Notice.objects.filter(kind="releases").order_by("created_at", "id")
    ]


def test_newer_releases_and_weaknesses_are_shown_and_told_once(practice):
    owner, desk = practice.signed_in("owner"), practice.signed_in("front_desk")
    assert "Nothing is known of newer releases" in owner.get(PAGE).content.decode()
    releases = [newer("0.0.1"), newer("9.1.0"), newer("9.2.0", is_security=True), newer("10.0rc1")]
    weaknesses = [
        weak(id="A-1", on=day(20)), weak(id="A-2", on=day(13)), weak(id="A-3", on=day(90), severity="medium"),
        weak(id="A-4", component="Pillow", affects="<13"), weak(id="A-5", component="granian"),
        weak(id="A-6", component="alcove", affects="<9", on=day(14)),
    ]  # fmt: skip
    take(releases, weaknesses)
    seen = queries.overview(practice.actor("owner"))
    assert [one.version for one in seen.newer] == ["9.2.0", "9.1.0"]
    assert seen.is_security
    assert [(one.known.id, one.days, one.is_overdue) for one in seen.found] == [
        ("A-1", 20, True), ("A-6", 14, False), ("A-2", 13, False), ("A-3", 90, False),
    ]  # fmt: skip
    page = owner.get(PAGE).content.decode()
    assert "Alcove 9.2.0" in page and "Security release" in page and "A-1" in page and "A-5" not in page
    assert desk.get(PAGE).status_code == 403
    [text] = told()
    assert (
        "Alcove 9.2.0 (mends a weakness)" in text and "django 5.2.19: A-1, high" in text and "A-3" not in text
    )
    # The same again, and a day later with one weakness more.
    take(releases, weaknesses, made_at=moment(0.5))
    assert len(told()) == 1
    take(releases, [*weaknesses, weak(id="A-7", severity="critical")], made_at=moment(0.2))
    assert told()[1].startswith("- django 5.2.19: A-7, critical\n\n")


def test_an_old_weakness_and_news_that_do_not_come_are_weaknesses_of_the_baseline(practice):
    kinds = ("components", "news")
    assert looks.look(kinds).found == []
    take(
        [],
        [weak(id="A-1", on=day(15)), weak(id="A-2", on=day(14)), weak(id="A-3", on=day(15), severity="low")],
    )
    [one] = looks.look(kinds).found
    assert (one.kind, one.subject) == ("components", "A-1 django")
    actions.note_fault(JOB, "The news is no JSON.")
    with writing("time passes"):
        News.objects.update(made_at=timezone.now() - timedelta(days=31))
    assert [one.subject for one in looks.look(("news",)).found] == ["refused", "stale"]
    page = practice.signed_in("it_provider").get(PAGE).content.decode()
    assert "The newest news was not taken in." in page and "older than 30 days" in page


HARM = {
    "unknown key": (make.news(secret=OTHER), "Nobody this installation trusts"),
    "no signature": ((make.news()[0], ""), "signature of this news is wrong"),
    "changed": ((make.news()[0].replace(b"2026-11-01", b"2026-11-02"), make.news()[1]), "does not hold"),
    "no JSON": ((b"{", make.minisign.sign(b"{", make.SECRET, "x")), "no JSON"),
    "a release's manifest": (make.news(kind="alcove release"), "something else than news"),
    "a list": ((b"[]", make.minisign.sign(b"[]", make.SECRET, "x")), "not written as"),
    "deep": ((b"[" * 100000, make.minisign.sign(b"[" * 100000, make.SECRET, "x")), "no JSON"),
    "no zone": (make.news(made_at="2026-11-01T08:00:00"), "not written as"),
    "no version": (make.news([newer("new")]), "not written as"),
    "all versions of nothing": (make.news([], [weak(affects="")]), "not written as"),
    "no specifier": (make.news([], [weak(affects="before 5")]), "not written as"),
    "a word of its own": (make.news([], [weak(severity="awful")]), "not written as"),
    "lines": (make.news([newer(summary="a\nb")]), "not written as"),
    "long": (make.news([newer(summary="a" * 301)]), "not written as"),
    "many": (make.news([newer()] * 2001), "not written as"),
    "huge": (make.news(more="x" * feed.MOST_BYTES), "larger than any"),
    "the future": (make.news(made_at="2999-01-01T00:00:00+00:00"), "made in the future"),
}


@pytest.mark.parametrize("case", HARM)
def test_news_that_are_not_as_they_should_be_change_nothing_and_are_told(practice, monkeypatch, case):
    given, words = HARM[case]
    take([newer()], [], made_at="2026-10-01T00:00:00+00:00")
    before = state()
    monkeypatch.setattr(fetching, "fetch", lambda url: given)
    assert tasks.ask() == 0
    assert state() == before
    row = News.objects.get()
    assert words in row.fault and row.fault.endswith(".")
    assert Entry.objects.filter(event="releases.news.refused").count() == 1


def test_older_news_after_newer_ones_are_refused(practice):
    take([newer("9.2.0")], made_at="2026-10-20T00:00:00+00:00")
    before = state()
    with pytest.raises(NotNews, match=r"older \(01 October 2026\).*holding newer news back"):
        take([], made_at="2026-10-01T00:00:00+00:00")
    assert state() == before


def test_nobody_without_the_right_takes_news_in(practice):
    with pytest.raises(Refused), transaction.atomic():
        actions.take(practice.actor("officer"), *make.news())
    assert not News.objects.exists()


def test_versions_are_compared_as_they_are_counted():
    known = feed.parsed(json.loads(make.news([], [weak(affects=">=5.2,<5.2.20")])[0])).weaknesses[0]
    hit = {
        one: known.hits(Component("Django", one))
        for one in ("5.1", "5.2", "5.2.9", "5.2.20", "5.3", "5.2.19rc1", "odd")
    }
    assert hit == {
        "5.1": False, "5.2": True, "5.2.9": True, "5.2.20": False, "5.3": False, "5.2.19rc1": True, "odd": True,
    }  # fmt: skip
    assert not known.hits(Component("django-htmx", "5.2"))
    assert known.on == date(2026, 10, 1)


def test_news_are_asked_for_once_a_day_and_only_where_an_address_is_set(practice, settings, monkeypatch):
    assert not tasks.is_due()
    settings.ALCOVE = replace(settings.ALCOVE, news_url="https://news.example.org/news.json")
    assert tasks.is_due()
    monkeypatch.setattr(fetching, "fetch", lambda url: make.news(made_at=moment()))
    assert tasks.ask() == 1
    assert not tasks.is_due()
    with writing("time passes"):
        News.objects.update(tried_at=timezone.now() - timedelta(hours=23))
    assert tasks.is_due()


def test_news_come_by_a_file_too(practice, tmp_path, capsys):
    raw, signature = make.news([newer()], [weak()], made_at=moment(1))
    file, console = tmp_path / "news.json", Console(as_json=False)
    file.write_bytes(raw)
    assert commands.news(argparse.Namespace(file=file), console) == 1
    assert "news.json.minisig is missing" in capsys.readouterr().err
    (tmp_path / "news.json.minisig").write_text(signature)
    assert commands.news(argparse.Namespace(file=file), console) == 0
    assert "Alcove 9.1.0 is out. 1 weaknesses are known" in capsys.readouterr().out
    file.write_bytes(raw + b" ")
    assert commands.news(argparse.Namespace(file=file), console) == 1
    assert "does not hold" in capsys.readouterr().err


def test_the_bill_of_materials_of_the_installation_is_a_download(practice):
    answer = practice.signed_in("it_provider").get(f"{PAGE}bill-of-materials/")
    said = json.loads(answer.content)
    assert answer["Content-Disposition"] == 'attachment; filename="alcove-bom.cdx.json"'
    assert (said["bomFormat"], said["specVersion"]) == ("CycloneDX", "1.6")
    assert [(one["name"], one["version"], one["purl"]) for one in said["components"]] == [
        ("django", "5.2.19", "pkg:pypi/django@5.2.19"), ("pillow", "13.0.1", "pkg:pypi/pillow@13.0.1"),
    ]  # fmt: skip
