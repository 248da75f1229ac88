"""The set-up guide: each screen is one deed, so whoever stops goes on where they stopped.

It only ever adds: what is there already stays, so a screen sent twice does nothing the second time. It has no way to
weaken a safeguard; its one choice about security, how long records are kept, lies within the bounds of
``security.access.rules``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from alcove.clinic.practice.actions import menu, places, team
from alcove.clinic.practice.actions.writing import Unchanged, Unfit, must_record
from alcove.clinic.practice.models import Category, Location, Practice, Service, StaffProfile
from alcove.clinic.practice.policy import Did
from alcove.clinic.practice.policy import Practice as PracticeRight
from alcove.clinic.practice.queries.starter import CONSULTATION, MENU, PATCH_TEST, number_of
from alcove.clinic.practice.queries.weeks import Week, opening_week
from alcove.security.access.change import Change, action
from alcove.security.access.models import Role
from alcove.security.access.policy import CLINICAL, Access
from alcove.security.access.rules import RULES
from alcove.security.identity.actions import add_person, choose
from alcove.security.identity.models import Person

_VALID_DAYS, _WAIT_HOURS = 365, {PATCH_TEST: 48}
_WHY = {CONSULTATION: "consultation", PATCH_TEST: "patch_test"}


def _reached(change: Change, key: str, **values: Any) -> None:
    """Remember that a screen is saved, with what it said about the practice itself."""
    practice = Practice.objects.select_for_update().get()
    step = max(practice.set_up_step, number_of(key))
    change.update(practice, Did.CHANGED, set_up_step=step, **values)
    must_record(change)


def _quietly(deed: Callable[[], Any]) -> None:
    with suppress(Unchanged):
        deed()


@action(PracticeRight.EDIT)
def say_practice(change: Change, /, key: str, **values: Any) -> None:
    """Save what a screen asks about the practice itself: name, country, currency, time zone, where its data lay."""
    _reached(change, key, **values)


@action(PracticeRight.EDIT)
def say_location(change: Change, location: Location, /, **values: Any) -> None:
    """Save address and state of the first location."""
    _quietly(lambda: places.change_location(change, location, **values))
    _reached(change, "location")


@action(PracticeRight.EDIT)
def say_hours(change: Change, *, week: Week) -> None:
    """Open every location that has no hours yet."""
    for location in Location.objects.filter(is_active=True):
        if not opening_week(location) or Location.objects.count() == 1:
            _quietly(lambda location=location: places.set_hours(change, location, week))  # type: ignore[misc]  # bound now
    _reached(change, "hours")


@action(PracticeRight.EDIT)
def say_rooms(change: Change, location: Location, *, names: Iterable[str]) -> None:
    """Add rooms that are not there yet."""
    held = set(location.rooms.values_list("name", flat=True))
    for name in dict.fromkeys(names):
        if name not in held:
            places.add_room(change, location, name=name)
    _reached(change, "rooms")


@action(PracticeRight.EDIT)
def say_services(change: Change, *, prices: Mapping[str, int]) -> None:
    """Put services of the starter menu on the menu; ``prices`` in minor units by their keys."""
    chosen = [one for one in MENU if one.key in prices]
    services = {service.name: service for service in Service.objects.all()}
    for one in chosen:
        category = Category.objects.filter(name=one.category).first() or menu.add_category(
            change, name=one.category
        )
        if one.name in services:
            continue
        service = menu.add_service(
            change, category, name=one.name, minutes=one.minutes, buffer_after=one.after, price_minor=prices[one.key],
            hands_free_from=one.free_from, hands_free_minutes=one.free,
        )  # fmt: skip
        services[one.name] = service
        if one.adult:
            menu.require_age(change, service, years=one.adult)
        if one.first in services:
            menu.require_earlier(
                change, service, services[one.first], why=_WHY[one.first], valid_days=_VALID_DAYS,
                wait_hours=_WAIT_HOURS.get(one.first, 0),
            )  # fmt: skip
            menu.change_service(change, service, alternative=services[one.first])
    _reached(change, "services")


@action(PracticeRight.EDIT)
def say_team(change: Change, *, owner: Person | None, people: Iterable[Mapping[str, str]]) -> list[Person]:
    """Add accounts, each with one built-in role, and a column for everybody who treats. Return the new people.

    ``owner``: who fills in the guide, if they treat clients themselves. Their roles do not change: nobody raises
    their own.
    """
    roles = {role.key: role for role in Role.objects.filter(key__in=[one["role"] for one in people])}
    added = []
    for number, one in enumerate(people):
        held = Person.objects.filter(email=one["email"]).first()
        if held is not None and held.kind != Person.Kind.STAFF:
            raise Unfit(f"email_{number}", "Somebody else has an account with this address.")
        if held is not None:
            continue
        person = add_person(
            change, email=one["email"], name=one["name"], roles=[roles[one["role"]]], given_by="self"
        )
        added.append(person)
        if one["role"] in CLINICAL:
            _bring(change, person)
    if owner is not None and not StaffProfile.objects.filter(person=owner).exists():
        _bring(change, owner)
    _reached(change, "team")
    return added


def _bring(change: Change, person: Person) -> None:
    """Give somebody a column, the hours of the first location, and every service: less is taken away later."""
    profile = team.add_profile(change, person)
    place = Location.objects.filter(is_active=True).first()
    if place is not None and (week := opening_week(place)):
        team.set_working_hours(change, profile, place, week)
    for service in Service.objects.filter(is_active=True):
        held = {row.profile_id: (row.minutes, row.price_minor) for row in service.staff.all()}
        menu.set_does(change, service, held | {profile.pk: (None, None)})


@action(Access.EDIT_RULES)
def say_laws(change: Change, *, years: int) -> None:
    """Save how long records are kept, within the bounds of the rule."""
    rule = RULES["records.years"]
    if rule.chosen != years:
        choose(change, rule, years)
    _reached(change, "laws")
