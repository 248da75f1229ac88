"""Pages, the worker and commands agree about what day it is: the practice's, at every hour."""

from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from alcove.clinic.practice.models import Practice
from alcove.clinic.practice.queries import zones
from alcove.security.access.writes import writing
from alcove.security.jobs import worker

ELSEWHERE = "Pacific/Kiritimati"


@pytest.fixture
def far_away(practice):
    with writing("a practice where it is tomorrow already"):
        Practice.objects.update(time_zone=ELSEWHERE)


@pytest.mark.usefixtures("far_away")
def test_whoever_works_without_a_request_tells_the_practices_days(monkeypatch):
    monkeypatch.setattr(worker.queue, "claim", lambda: None)
    monkeypatch.setattr(worker.queue, "beat", lambda name: None)
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)
    stop, seen = threading.Event(), []

    def task():
        seen.append(timezone.get_current_timezone_name())
        stop.set()

    with timezone.override("UTC"):
        worker.run({}, [worker.Every("look", 60, task)], stop, zones.lived_by)
        assert timezone.get_current_timezone_name() == "UTC", "a task's clock is its own"
    assert seen == [ELSEWHERE]


@pytest.mark.parametrize("name", ["", "Nowhere/Land"])
def test_a_practice_without_a_zone_lives_by_utc(practice, name):
    with writing("a zone that is none"):
        Practice.objects.update(time_zone=name)
    with timezone.override(ELSEWHERE), zones.lived_by():
        assert timezone.get_current_timezone_name() == "UTC"
