"""Random days against a simple model; ``ALCOVE_CALENDAR_OPERATIONS`` for more, as ``bench/bookings.py`` asks."""

from __future__ import annotations

from collections import Counter

import pytest

from alcove.clinic.calendar.tests.make import add_service, clinic
from alcove.clinic.calendar.tests.model import play
from alcove.clinic.practice.models import ServiceEquipment
from alcove.security.access.writes import writing

OPERATIONS = 120


@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_day_is_as_the_simple_model_says(practice, client_card, seed):
    here = clinic(people=3, rooms=2, slot_minutes=(15, 20)[seed % 2])
    add_service(here, "peel", minutes=30, buffer_before=5, buffer_after=10)
    add_service(here, "numb", minutes=60, hands_free_from=10, hands_free_minutes=30, buffer_after=5)
    done = Counter(play(here, practice.actor("front_desk"), client_card.pk, seed, OPERATIONS))
    assert min(done.values()) > 5
    assert sum(done.values()) == OPERATIONS


def test_a_calendar_that_forgets_buffers_is_found_out(practice, client_card, monkeypatch):
    from alcove.clinic.calendar.actions import taking

    here = clinic(people=1, rooms=1)
    add_service(here, "peel", minutes=30, buffer_after=20)
    with writing("equipment for all"):
        for service in here.services.values():
            ServiceEquipment.objects.filter(service=service).delete()
    monkeypatch.setattr(taking, "staff_spans", lambda wish: [(wish.starts_at, wish.ends_at)])
    monkeypatch.setattr(taking, "whole_span", lambda wish: (wish.starts_at, wish.ends_at))
    with pytest.raises(AssertionError):
        for _ in play(here, practice.actor("front_desk"), client_card.pk, 3, 400):
            pass
