"""Fixtures of this area."""

from __future__ import annotations

import pytest


@pytest.fixture
def nurse(practice):
    return practice.actor("practitioner")


@pytest.fixture
def chart(practice, client_card, nurse):
    """The client with its keys open for a clinician, for the length of a test."""
    from alcove.clinic.records.tests import make

    with make.opened(nurse, client_card):
        yield client_card


@pytest.fixture
def at(client_card):
    """``at("note", note_id=…)``: a page of this client's record."""
    from django.urls import reverse

    return lambda route, **ids: reverse(f"records:{route}", kwargs={"client_id": client_card.id, **ids})
