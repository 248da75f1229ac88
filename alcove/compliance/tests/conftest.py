"""What every test of alerts takes for granted."""

from __future__ import annotations

import pytest

from alcove.security import policy_defaults as policy


@pytest.fixture(autouse=True)
def _by_day(monkeypatch):
    """The suite may run at night, in which every look would be an alert of its own; those rules are proved by promises."""
    monkeypatch.setattr(policy, "NIGHT_FROM", 24)
    monkeypatch.setattr(policy, "NIGHT_TO", 0)
