"""People who are not vouched for, and browsers in which they are signed in."""

from __future__ import annotations

from django.utils import timezone

from alcove.security.access.writes import writing
from alcove.security.identity import actions, tokens
from alcove.security.identity.models import Person, Session
from alcove.security.identity.sessions import COOKIE, DEVICE_COOKIE


def newcomer(practice, role="prescriber", email="nora@clinic.example", name="Nora Newcomer", by="owner"):
    """Return someone whom nobody has checked yet, typed in by the person of a role."""
    return actions.add_person(practice.actor(by), email=email, name=name, roles=[practice.roles[role]])


def browser_of(practice, person, device=None):
    """Return a browser in which this person is signed in, on an approved device."""
    token, digest = tokens.new_token()
    with writing("a session for a test"):
        Session.objects.create(
            person=person,
            digest=digest,
            method="test",
            device=device or practice.device(),
            device_proved_at=timezone.now(),
        )
    browser = practice.stranger()
    browser.cookies[COOKIE] = token
    browser.cookies[DEVICE_COOKIE] = "ground"
    return browser


def put(person, **values):
    """Write columns past all actions, as time or another part of the program would."""
    with writing("a test"):
        Person.objects.filter(pk=person.pk).update(**values)
    person.refresh_from_db()
