"""The menu a new practice may start from, and the screens of the set-up guide."""

from __future__ import annotations

from typing import Final, NamedTuple

CONSULTATION: Final = "Consultation"
PATCH_TEST: Final = "Patch test"


class Starter(NamedTuple):
    """A service to begin with. ``adult``: minimum age; ``first``: what has to come before it, if that is chosen too."""

    key: str
    category: str
    name: str
    minutes: int
    after: int = 0
    adult: int = 0
    first: str = ""
    free_from: int = 0
    free: int = 0


MENU: Final = (
    Starter("consultation", "Consultation", CONSULTATION, 30, 5),
    Starter("patch_test", "Consultation", PATCH_TEST, 15),
    Starter("follow_up", "Consultation", "Follow-up check", 15),
    Starter("toxin", "Injectables", "Botulinum toxin", 30, 5, 18, CONSULTATION),
    Starter("filler", "Injectables", "Dermal filler", 60, 10, 18, CONSULTATION, 10, 20),
    Starter("lips", "Injectables", "Lip filler", 60, 10, 18, CONSULTATION, 5, 20),
    Starter("facial", "Skin", "Facial", 60, 10),
    Starter("peel", "Skin", "Chemical peel", 45, 10, 18, PATCH_TEST),
    Starter("needling", "Skin", "Microneedling", 75, 15, 18, CONSULTATION, 5, 30),
    Starter("led", "Skin", "LED light therapy", 30),
    Starter("hair", "Laser", "Laser hair removal", 30, 5, 16, PATCH_TEST),
    Starter("ipl", "Laser", "IPL photofacial", 45, 10, 18, PATCH_TEST),
    Starter("body", "Body", "Body contouring", 60, 10, 18, CONSULTATION, 10, 40),
    Starter("massage", "Body", "Massage", 60, 10),
)

STEPS: Final = (
    ("practice", "Your practice"),
    ("money", "Currency and clock"),
    ("location", "Where you work"),
    ("hours", "When you are open"),
    ("rooms", "Rooms"),
    ("services", "What you offer"),
    ("team", "Who works here"),
    ("data", "Where your data is today"),
    ("laws", "Law and keeping records"),
    ("safety", "How you are protected"),
    ("finish", "Ready"),
)
"""The screens of the guide, in order. With the page of set-up links for colleagues it has at most twelve."""
MOST_SCREENS: Final = 12


def number_of(key: str) -> int:
    """Return which screen it is, from 1; raise ``KeyError``."""
    return {name: number for number, (name, _) in enumerate(STEPS, 1)}[key]
