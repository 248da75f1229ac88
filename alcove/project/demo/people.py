"""The practice of the demo and its eleven people."""

# ruff: noqa: E501 - a table of texts is read line by line

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from alcove.clinic.practice.actions import add_location
from alcove.clinic.practice.models import Location
from alcove.clinic.practice.policy import Did as PracticeDid
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.models import Role
from alcove.security.access.policy import RoleKey
from alcove.security.identity.actions import give_roles
from alcove.security.identity.models import Person
from alcove.security.identity.policy import Did, People
from alcove.security.identity.sessions import acting

PRACTICE: Final = "Juniper Skin Clinic"
DOMAIN: Final = "juniperskin.example"
SAN_FRANCISCO, OAKLAND = "San Francisco", "Oakland"
_CLINICIANS = frozenset({RoleKey.PRACTITIONER, RoleKey.PRESCRIBER})


@dataclass(frozen=True, slots=True)
class Staff:
    """One person of the demo. ``days``: weekdays at work (0 is Monday); ``browser`` and ``desk`` are where from."""

    key: str
    name: str
    title: str
    roles: tuple[RoleKey, ...]
    place: str
    days: frozenset[int]
    browser: str = ""
    desk: int = 0

    @property
    def email(self) -> str:
        return f"{self.key}@{DOMAIN}"

    @property
    def is_clinician(self) -> bool:
        return bool(_CLINICIANS & set(self.roles))

    @property
    def address(self) -> str:
        """An address of the blocks kept for documentation (RFC 5737): one per location."""
        return f"203.0.113.{(10 if self.place == SAN_FRANCISCO else 140) + self.desk}"

    def works_on(self, day: date) -> bool:
        return day.weekday() in self.days


_EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Edg/142.0"
)
_CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
_IPAD = "Mozilla/5.0 (iPad; CPU OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Safari"

_WEEK, _TO_SATURDAY = frozenset(range(5)), frozenset({1, 2, 3, 4, 5})

STAFF: Final = (
    Staff("nadia.rahimi", "Dr Nadia Rahimi", "Medical director and owner", (RoleKey.OWNER, RoleKey.PRESCRIBER), SAN_FRANCISCO, frozenset({1, 2, 4}), _MAC, 1),
    Staff("tomas.iglesias", "Dr Tomás Iglesias", "Dermatologist", (RoleKey.PRESCRIBER,), SAN_FRANCISCO, frozenset({0, 2, 3, 4}), _EDGE, 2),
    Staff("grace.okonkwo", "Grace Okonkwo", "Nurse practitioner (NP)", (RoleKey.PRESCRIBER,), OAKLAND, _TO_SATURDAY, _IPAD, 3),
    Staff("lily.tran", "Lily Tran", "Nurse injector (RN)", (RoleKey.PRACTITIONER,), SAN_FRANCISCO, _TO_SATURDAY, _IPAD, 4),
    Staff("daniel.brandt", "Daniel Brandt", "Laser nurse (RN)", (RoleKey.PRACTITIONER,), OAKLAND, _WEEK, _CHROME, 5),
    Staff("priya.nair", "Priya Nair", "Medical aesthetician", (RoleKey.PRACTITIONER,), SAN_FRANCISCO, _TO_SATURDAY, _IPAD, 6),
    Staff("rosa.delgado", "Rosa Delgado", "Practice manager", (RoleKey.MANAGER,), SAN_FRANCISCO, _WEEK, _EDGE, 7),
    Staff("maya.johnson", "Maya Johnson", "Front desk, San Francisco", (RoleKey.FRONT_DESK,), SAN_FRANCISCO, frozenset(range(6)), _CHROME, 8),
    Staff("kofi.mensah", "Kofi Mensah", "Front desk, Oakland", (RoleKey.FRONT_DESK,), OAKLAND, frozenset(range(6)), _CHROME, 9),
    Staff("ingrid.solheim", "Ingrid Solheim", "Privacy and compliance officer", (RoleKey.OFFICER,), OAKLAND, frozenset({0, 3}), _MAC, 10),
    Staff("sam.whitaker", "Sam Whitaker", "Bookkeeper", (RoleKey.BOOKKEEPER,), OAKLAND, frozenset({1, 4}), _EDGE, 11),
)  # fmt: skip
OWNER: Final = STAFF[0]


@action(PracticeRight.EDIT)
def open_locations(change: Change) -> None:
    """Call the first location by its city and add the second."""
    first = Location.objects.get()
    change.update(first, PracticeDid.CHANGED, name=SAN_FRANCISCO, city=SAN_FRANCISCO)
    add_location(change, name=OAKLAND, city=OAKLAND)


@action(People.ADD)
def hire(change: Change, roles: dict[str, Role]) -> dict[str, Person]:
    """Add everyone but the owner, who is there and gets a title and the prescriber's role; return all by key."""
    owner = Person.objects.get(email=OWNER.email)
    change.update(owner, Did.PERSON_CHANGED, title=OWNER.title)
    give_roles(change, owner, [roles[key] for key in OWNER.roles])
    people = {OWNER.key: owner}
    for one in STAFF[1:]:
        made = change.create(
            Person, Did.PERSON_ADDED, email=one.email, name=one.name, title=one.title, vouched_at=change.now
        )
        give_roles(change, made, [roles[key] for key in one.roles])
        people[one.key] = made
    return people


def actors(people: dict[str, Person]) -> dict[str, Actor]:
    """Return each person as who acts, with the rights of their roles."""
    return {key: acting(person) for key, person in people.items()}
