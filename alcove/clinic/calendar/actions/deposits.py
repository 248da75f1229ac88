"""Deposits of online bookings: what whoever takes payments has to offer. Nobody does yet, so none is asked for."""

from __future__ import annotations

from typing import Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from alcove.clinic.calendar.models import Booking


class Deposits(Protocol):
    """Asks for a deposit once a time is a patient's. What is asked, kept and paid back is the payments' own matter."""

    def page(self, booking: Booking) -> str | None:
        """Return the URL on our own site where this booking's deposit is paid; None where none is due."""


def asked_by() -> Deposits | None:
    """Return who asks for deposits in this installation (``settings.ALCOVE_DEPOSIT``); None while nobody does."""
    path = settings.ALCOVE_DEPOSIT
    return cast("Deposits", import_string(path)) if path else None
