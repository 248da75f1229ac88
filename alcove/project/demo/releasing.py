"""News of releases in the demo: a newer release and a weakness made up for it, signed by a key only the demo knows.

The key is made here, handed to this one taking-in, and trusted nowhere else: the demo's installation refuses what it
signs, as any other does.
"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Final

from alcove.operations.backups import runs
from alcove.operations.releases import actions, feed
from alcove.operations.releases.policy import Releases
from alcove.project.demo.stage import Stage
from alcove.security.access.actors import Actor
from alcove.security.audit import clock
from alcove.security.vault import minisign

_SECRET: Final = minisign.written(sha256(b"the demo of Alcove: protects nothing").digest(), b"demo-key")
_COMPONENT: Final = "icalendar"


def plan(stage: Stage) -> None:
    """Plan the day on which news came."""
    stage.at(stage.until - timedelta(hours=20), "", partial(_take, stage))


def _take(stage: Stage) -> None:
    today = stage.today
    major, minor, *_ = runs.version().split(".")
    following = f"{major}.{int(minor) + 1}.0"
    document = {
        "kind": feed.KIND,
        "made_at": (clock.now() - timedelta(hours=5)).isoformat(timespec="seconds"),
        "releases": [{
            "version": following, "on": (today - timedelta(days=9)).isoformat(), "is_security": True,
            "summary": "Made up for the demo: brings a component without its weakness, and quicker lists.",
        }],
        "weaknesses": [{
            "id": "DEMO-0001", "component": _COMPONENT, "affects": ">=1", "severity": "high",
            "on": (today - timedelta(days=20)).isoformat(), "fixed_in": "99.0",
            "summary": "Made up for the demo, there is no such weakness: a calendar file could stop the import.",
        }],
    }  # fmt: skip
    raw = json.dumps(document).encode()
    signature = minisign.sign(raw, _SECRET, "made up for the demo")
    actions.take(Actor.job("releases", Releases.TAKE), raw, signature, [minisign.public_of(_SECRET)])
