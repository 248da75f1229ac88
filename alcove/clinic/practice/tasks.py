"""What the worker does for the practice: next year's public holidays come by themselves."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from django.utils import timezone

from alcove.clinic.practice import actions
from alcove.clinic.practice.actions import Unchanged
from alcove.clinic.practice.models import Location
from alcove.clinic.practice.policy import Practice
from alcove.security.access.actors import Actor

LOOK_SECONDS: Final = 86_400.0
"""How often the worker looks, besides once at its start."""


def keep_holidays() -> int:
    """Put this year's and next year's holidays in where a location keeps them; return for how many it did.

    A holiday that somebody took out stays out for its year: only years of which there is none at all are filled.
    """
    done = 0
    for location in Location.objects.filter(keeps_holidays=True, is_active=True):
        year = timezone.now().astimezone(location.zone).year
        held = set(location.closures.filter(is_holiday=True).values_list("from_on__year", flat=True))
        missing = [one for one in (year, year + 1) if one not in held]
        with suppress(Unchanged):
            if missing:
                actions.plan_holidays(Actor.job("holidays", Practice.EDIT), location, missing)
                done += 1
    return done
