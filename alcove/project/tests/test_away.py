"""What people, a load balancer and the worker meet while PostgreSQL is away."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from unittest import mock

import psycopg
import pytest
from django.db import InternalError, OperationalError, connections

from alcove.clinic.clients.views import editing
from alcove.config import load
from alcove.project import away, zone
from alcove.project.settings import database
from alcove.security.jobs import queue, worker
from alcove.security.jobs.models import Job
from alcove.security.vault import keyring


def lost(kind=psycopg.OperationalError, django=OperationalError):
    """Return a fault as Django hands it on."""
    error = django("words of the database")
    error.__cause__ = kind("words of the database")
    return error


@pytest.fixture
def person(practice):
    return practice.signed_in("front_desk")


@contextmanager
def unreached():
    """Let no connection be had meanwhile; yield what counts how often one was asked for."""
    here = connections["default"]
    asking = mock.patch.object(here, "ensure_connection", side_effect=lost())
    with mock.patch.object(here, "connection", None), asking as asked:
        yield asked


@pytest.mark.parametrize("path", ["/sign-in/", "/clients/", "/health/ready"])
def test_a_request_waits_once_and_is_told_calmly(person, path):
    with unreached() as asked:
        answer = person.get(path)
    assert (answer.status_code, asked.call_count) == (503, 1)
    assert answer.headers["Retry-After"] and "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert b"Back in a moment" in answer.content and b"Try again" in answer.content
    assert b"words of the database" not in answer.content


def test_whether_the_process_lives_is_told_without_a_database(person, monkeypatch):
    monkeypatch.setattr(zone.PracticeZone, "__init__", _never_read)
    person.handler.load_middleware()
    person.cookies.clear()
    with unreached() as asked:
        assert (person.get("/health/live").status_code, asked.call_count) == (200, 0)


def _never_read(self, get_response):
    self.get_response, self._known, self._read = get_response, None, -zone.FRESH * 1e9


def test_who_sends_a_form_is_told_how_to_send_it_again(person):
    with unreached():
        page = person.post("/clients/new/", {"given": "Ada"})
        part = person.post("/clients/new/", {"given": "Ada"}, headers={"HX-Request": "true"})
    assert page.status_code == 503
    assert b"reload this page" in page.content and b'href=""' not in page.content
    assert b"still on this page" in part.content and b"<html" not in part.content


@pytest.mark.parametrize(
    "fault", [lost(psycopg.errors.AdminShutdown), lost(psycopg.errors.ReadOnlySqlTransaction, InternalError)]
)
def test_a_database_that_goes_while_a_page_is_made_is_told_the_same(person, monkeypatch, fault):
    def went(*given, **more):
        raise fault

    monkeypatch.setattr(editing.finding, "country", went)
    answer = person.get("/clients/new/")
    assert (answer.status_code, b"Back in a moment" in answer.content) == (503, True)


@pytest.mark.parametrize(
    ("fault", "is_away"),
    [
        (lost(), True),
        (lost(psycopg.errors.AdminShutdown), True),
        (lost(psycopg.errors.CannotConnectNow), True),
        (lost(psycopg.errors.ReadOnlySqlTransaction, InternalError), True),
        (lost(psycopg.InterfaceError), True),
        (lost(psycopg.errors.LockNotAvailable), False),
        (lost(psycopg.errors.DiskFull), False),
        (OperationalError("database is locked"), False),
        (psycopg.OperationalError("not through Django"), False),
        (None, False),
    ],
)
def test_a_fault_of_the_work_is_told_from_a_database_that_went(fault, is_away):
    assert away.is_away(fault) is is_away


def test_a_worker_outlives_a_database_that_goes_in_the_midst_of_a_job(monkeypatch):
    jobs = [Job(name="first"), Job(name="second")]
    stop, ended = threading.Event(), []

    def end(job, fault=""):
        ended.append((job.name, fault))
        if job.name == "first":
            raise lost()
        stop.set()

    def task():
        if len(ended) == 0:
            raise lost()

    monkeypatch.setattr(queue, "claim", lambda: jobs.pop(0))
    monkeypatch.setattr(queue, "beat", lambda name: None)
    monkeypatch.setattr(queue, "end", end)
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)
    try:
        worker.run({"first": task, "second": task}, [], stop)
    finally:
        stop.set()  # its beat would outlive a worker that fell
    assert ended == [("first", "OperationalError"), ("second", "")]


def test_a_database_that_goes_before_the_commit_is_no_replaced_key(practice):
    here = connections["default"]
    asking = mock.patch.object(here, "cursor", side_effect=lost(psycopg.errors.AdminShutdown))
    with keyring.keyring() as held, mock.patch.object(here, "vendor", "postgresql"), asking:
        held.sealed.add((practice.owner.id, 1))
        with pytest.raises(OperationalError):
            keyring.confirm()


def test_a_cluster_is_named_by_all_its_machines(tmp_path):
    url = "postgresql://a:b%40c@db1:5433,db2/alcove?sslmode=verify-full&target_session_attrs=any"
    held = database(load({"ALCOVE_HOME": str(tmp_path), "ALCOVE_DATABASE_URL": url}))
    assert [held[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")] == [
        "alcove", "a", "b@c", "db1,db2", "5433,",
    ]  # fmt: skip
    assert held["OPTIONS"]["sslmode"] == "verify-full"
    assert held["OPTIONS"]["target_session_attrs"] == "any"
