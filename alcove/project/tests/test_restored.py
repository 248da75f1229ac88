"""The look at a practice that was just restored, moved or upgraded."""

from __future__ import annotations

from alcove.compliance.privacy.tests import make
from alcove.project import restored


def test_of_clients_the_living_are_opened_and_who_is_deleted_is_no_fault(practice, client_card):
    practice.client("Still", "Here")
    make.deleted(practice, client_card)
    faults: list[str] = []
    assert restored._opened(5, faults, "drill") == (1, 1)
    assert faults == []
