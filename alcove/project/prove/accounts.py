"""Promises 11, 12 and 13: rights are what was signed for, nobody raises themself, and a leaver has nothing left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

import pyotp
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from alcove.project import wiring
from alcove.project.prove.ground import Practice
from alcove.project.prove.outcome import Broken, Promise
from alcove.security.access import approvals
from alcove.security.access.actors import Actor
from alcove.security.access.change import Change, action
from alcove.security.access.errors import AccessError, Conflict, Refused
from alcove.security.access.models import Approval, Role
from alcove.security.access.policy import Access, Open, RoleKey, first_ticks, known
from alcove.security.access.policy import Did as AccessDid
from alcove.security.access.writes import writing
from alcove.security.audit import chain, pen
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, passwords, tasks, tokens
from alcove.security.identity.actions import clearing, leaving, recovery, reviews
from alcove.security.identity.actions import door as door_actions
from alcove.security.identity.actions import people as people_actions
from alcove.security.identity.actions import roles as role_actions
from alcove.security.identity.models import Device, Factor, Link, Membership, Person, Review, Session, SignIn
from alcove.security.identity.policy import Did, Door
from alcove.security.identity.sessions import COOKIE, DEVICE_COOKIE

PIN, PASSWORD = "274159", "seven tall herons wade slowly"


@contextmanager
def _rolled_back() -> Iterator[None]:
    """Let something be tried and leave the ground as it was."""
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        # What the log's writer counted in here was never written.
        pen.retire()


# 11 -----------------------------------------------------------------------------------------------------------------


def rights_are_what_was_signed_for(practice: Practice) -> str:
    """Replay the log from the built-in first ticks; compare with the rights and roles that are in force."""
    desk = Role.objects.get(key=RoleKey.FRONT_DESK)
    before = list(desk.rights)
    actions.set_rights(practice.actor(RoleKey.OWNER), desk, {*before, "analytics.export"})
    actions.set_rights(practice.actor(RoleKey.OWNER), desk, before)
    for key in RoleKey:
        practice.person(key)
    wiring.link()
    if first := chain.verify(settings.ALCOVE.log / "audit.head").first:
        raise Broken(f"the log that signs for exceptions does not verify: {first.what}")
    cells, exceptions = 0, 0
    for role in Role.objects.all():
        signed = set(first_ticks(RoleKey(role.key))) if role.is_builtin else set()
        for tick in _ticks(role):
            exceptions += 1
            (signed.add if tick[0] == "+" else signed.discard)(tick[1:])
        if signed != set(role.rights):
            raise Broken(f"nobody signed for {len(signed ^ set(role.rights))} rights of {role.key}")
        cells += len(role.rights)
    held = _roles_signed_for()
    return f"{cells} ticks of {Role.objects.count()} roles and {held} roles held, with {exceptions} signed exceptions"


def _ticks(role: Role) -> Iterator[str]:
    rows = Entry.objects.filter(
        event=AccessDid.ROLE_CHANGED.key, result="done", object=f"access.role {role.pk.hex}"
    )
    for row in rows.order_by("at_us", "counter"):
        yield from filter(None, row.fields.split(","))


def _roles_signed_for() -> int:
    """Return how many roles are held; raise ``Broken`` for one that no entry gave."""
    held = Membership.objects.select_related("role", "person")
    for item in held:
        rows = Entry.objects.filter(event=Did.ROLES_GIVEN.key, object=f"identity.person {item.person_id.hex}")
        mentions = [
            part[0]
            for row in rows.order_by("at_us", "counter")
            for part in row.fields.split(",")
            if part[1:].partition(" until ")[0] == item.role.name
        ]
        if not mentions or mentions[-1] != "+":
            raise Broken(f"nobody signed for the role {item.role.key} of one person")
    return len(held)


@contextmanager
def right_by_sql(practice: Practice) -> Iterator[None]:
    """Plant: one right granted by SQL."""
    role = Role.objects.get(pk=practice.roles[RoleKey.MARKETING].pk)
    with writing("planted fault"):
        Role.objects.filter(pk=role.pk).update(rights=[*role.rights, Open.DIRECTORY.key])
    try:
        yield
    finally:
        with writing("planted fault"):
            Role.objects.filter(pk=role.pk).update(rights=role.rights)


@contextmanager
def role_by_sql(practice: Practice) -> Iterator[None]:
    """Plant: one role given by SQL."""
    person = practice.person(RoleKey.BOOKKEEPER)
    with writing("planted fault"):
        made = Membership.objects.create(person=person, role=practice.roles[RoleKey.OWNER])
    try:
        yield
    finally:
        with writing("planted fault"):
            made.delete()


# 12 -----------------------------------------------------------------------------------------------------------------


def nobody_raises_themself(practice: Practice) -> str:
    """Let everyone, with every right there is, try to raise, approve, confirm and recover themself."""
    for role in RoleKey:
        person = practice.person(role)
        # A promise that sends every form as an owner also sends the ones that take roles away.
        with writing("everyone as they were"):
            Person.objects.filter(pk=person.pk).update(suspended_at=None, leaves_at=None)
            Membership.objects.get_or_create(person=person, role=practice.roles[role])
            person.memberships.exclude(role=practice.roles[role]).delete()
    tried = 0
    for role in RoleKey:
        person = practice.person(role)
        actor = Actor("person", id=person.id, name=person.name, rights=frozenset(known()), request="ground")
        for name, deed in _selfish(practice, person, actor).items():
            _must_refuse(f"{role} {name}", deed)
            tried += 1
    for role in (RoleKey.OWNER, RoleKey.OFFICER):
        for name, deed in _without_last(practice, practice.person(role)).items():
            _must_refuse(f"the last {role} {name}", deed)
            tried += 1
    return f"{tried} deeds by {len(RoleKey)} people who hold every right, each refused"


def _must_refuse(what: str, deed: Callable[[], object]) -> None:
    with _rolled_back():
        try:
            deed()
        except (Refused, Conflict):
            return
        raise Broken(f"{what}: not refused")


def _selfish(practice: Practice, person: Person, actor: Actor) -> dict[str, Callable[[], object]]:
    own_role = person.memberships.select_related("role").get().role
    other = practice.roles[RoleKey.OWNER if own_role.key != RoleKey.OWNER else RoleKey.PRESCRIBER]
    soon = timezone.now() + timedelta(days=1)

    def review() -> None:
        with writing("a review for the ground"):
            row = Review.objects.create(person=person, due_at=soon)
        reviews.decide_review(actor, row, is_confirmed=True)

    def unregistered() -> None:
        clearing.note_registration(
            actor, person, registration="1", body="Board", ends_on=None, given_by="self"
        )
        clearing.check_registration(actor, person)

    # Whatever their role gives was not enough: somebody else must have left a right for them to take.
    more = [key for key in known() if key not in own_role.rights]
    return {
        "takes a role": lambda: actions.set_roles(actor, person, [own_role, other]),
        "lends themself a role": lambda: actions.lend_role(actor, person, other, ends_at=soon),
        "ticks a right of their own role": lambda: actions.set_rights(actor, own_role, [*own_role.rights, more[0]]),
        "approves their own request": lambda: approvals.decide(actor, _request(person), is_granted=True),
        "uses what they approved themself": lambda: approvals.use(Change(actor), "export", _granted(person)),
        "confirms their own rights": review,
        "checks their own identity": lambda: clearing.check_identity(actor, person, seen="passport"),
        "records their own training": lambda: clearing.record_training(actor, person),
        "verifies their own registration": unregistered,
        "recovers their own account": lambda: recovery.recover_by_two(actor, person),
        "restores their own account": lambda: actions.restore(actor, person),
    }  # fmt: skip


def _request(person: Person) -> Approval:
    with writing("a request for the ground"):
        return Approval.objects.create(
            kind="export", purpose="for a lawyer", asked_by_id=person.id, asked_by_name=person.name,
            ends_at=timezone.now() + timedelta(days=1),
        )  # fmt: skip


def _granted(person: Person) -> Any:
    row = _request(person)
    with writing("a request for the ground"):
        Approval.objects.filter(pk=row.pk).update(
            decided_by_id=person.id, decided_at=timezone.now(), is_granted=True
        )
    return row.subject_id


def _without_last(practice: Practice, person: Person) -> dict[str, Callable[[], object]]:
    console, soon = Actor.operator("ground"), timezone.now() + timedelta(days=1)
    return {
        "loses the role": lambda: actions.set_roles(console, person, [practice.roles[RoleKey.MARKETING]]),
        "is suspended": lambda: actions.suspend(console, person),
        "leaves": lambda: leaving.set_leaving(console, person, leaves_at=soon),
    }


@contextmanager
def self_approval(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: a decision that does not ask who asked."""

    @action(Access.APPROVE)
    def decide(change: Change, approval: Approval, *, is_granted: bool) -> None:
        change.update(approval, AccessDid.APPROVAL_GRANTED, is_granted=is_granted, decided_at=change.now)

    with mock.patch.object(approvals, "decide", decide):
        yield


@contextmanager
def last_one_goes(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: nobody asks whether an owner or officer is left."""
    with (
        mock.patch.object(people_actions, "refuse_without_owner", return_value=None),
        mock.patch.object(role_actions, "refuse_without_owner", return_value=None),
        mock.patch.object(leaving, "refuse_without_owner", return_value=None),
    ):
        yield


# 13 -----------------------------------------------------------------------------------------------------------------


def a_leaver_has_nothing_left(practice: Practice) -> str:
    """Give someone everything that opens something; a minute after their leaving time use each, worker or not."""
    used = 0
    for is_cleared in (False, True):
        with _rolled_back():
            person = actions.add_person(
                Actor.operator("ground"), email="leaver@clinic.example", name="Lea Leaver",
                roles=[practice.roles[RoleKey.PRACTITIONER]], is_vouched=True,
            )  # fmt: skip
            tries = _everything(practice, person)
            alive = [name for name, opens in tries.items() if name != "locked session" and not opens()]
            if alive:
                raise Broken(f"nothing can be said of what opened nothing before: {', '.join(alive)}")
        with _rolled_back():
            person = actions.add_person(
                Actor.operator("ground"), email="leaver@clinic.example", name="Lea Leaver",
                roles=[practice.roles[RoleKey.PRACTITIONER]], is_vouched=True,
            )  # fmt: skip
            tries = _everything(practice, person)
            with writing("a leaver on the ground"):
                Person.objects.filter(pk=person.pk).update(leaves_at=timezone.now() - timedelta(seconds=60))
            if is_cleared:
                tasks.end_leavers()
                person.refresh_from_db()
                # Whoever comes back begins anew: nothing of before wakes up.
                actions.restore(practice.actor(RoleKey.OWNER), person)
            alive = [name for name, opens in tries.items() if opens()]
            if alive:
                raise Broken(f"{', '.join(alive)} of a leaver still works after a minute")
            used += len(tries)
    return f"{used} uses of credentials 60 s after the leaving time, by the clock alone and after the worker"


def _everything(practice: Practice, person: Person) -> dict[str, Callable[[], bool]]:
    """Give a person one of each credential; return what tells whether it opens anything now."""
    actions.set_password(Actor.operator("ground"), person, password=PASSWORD)
    secret, code = tokens.new_totp_secret(), ""
    with writing("factors for the ground"):
        Factor.objects.create(person=person, secret=secret, confirmed_at=timezone.now())
        code = door_actions.new_recovery_codes(person)[0]
        own = Device.objects.create(
            key_digest=tokens.digest("own"), name="Own phone", state=Device.State.APPROVED,
            kind=Device.Kind.PERSONAL, holder=person,
        )  # fmt: skip
    working, at_home = _signed_in(practice, person), _signed_in(practice, person, own)
    locked = _signed_in(practice, person, locked_at=timezone.now())
    session = Session.objects.filter(person=person, locked_at__isnull=True, device=practice.device()).get()
    actions.set_pin(practice.actor(RoleKey.OWNER), session, pin=PIN)
    at_door = actions.at_the_door(Actor.stranger(), person)
    stages = [tokens.digest(actions.begin_sign_in(at_door, person)) for _ in range(2)]
    owner = practice.actor(RoleKey.OWNER)
    setup = actions.make_link(owner, person).token
    with writing("a link for the ground"):
        recover, digest = tokens.new_token()
        ends = timezone.now() + timedelta(hours=1)
        Link.objects.create(kind="recover", digest=digest, person=person, expires_at=ends)

    def finishes(stage: str, given: str) -> bool:
        row = SignIn.objects.select_related("person").filter(digest=stage).first()
        return row is not None and _opens(lambda: actions.finish_sign_in(at_door, row, given))

    def begins(method: str) -> bool:
        fresh = Person.objects.get(pk=person.pk)
        if not fresh.is_active or fresh.has_left(timezone.now()):
            return _opens(lambda: _begin(at_door, fresh, method))
        # After a return the person may sign in anew; what matters is that no factor of before is left.
        return Factor.objects.filter(person=fresh).exists()

    return {
        "session": lambda: working.get("/").status_code == 200,  # noqa: PLR2004 - HTTP
        "own device": lambda: at_home.get("/").status_code == 200,  # noqa: PLR2004 - HTTP
        "locked session": lambda: locked.post("/locked/", {"pin": PIN}).headers.get("Location") == "/",
        "half-finished sign-in with an authenticator": lambda: finishes(stages[0], pyotp.TOTP(secret).now()),
        "recovery code": lambda: finishes(stages[1], code),
        "password": lambda: _password_fits(person),
        "passkey or directory": lambda: begins("passkey"),
        "set-up link": lambda: practice.stranger().post(f"/set-up/{setup}/", {"password": f"{PASSWORD} anew"}).status_code == 302,  # noqa: E501, PLR2004 - HTTP
        "recovery link": lambda: practice.stranger().get(f"/recover/{recover}/").status_code == 200,  # noqa: PLR2004 - HTTP
    }  # fmt: skip


def _signed_in(practice: Practice, person: Person, device: Device | None = None, **more: Any) -> Any:
    token, digest = tokens.new_token()
    with writing("a session for the ground"):
        Session.objects.create(
            person=person, digest=digest, method="ground", device=device or practice.device(),
            device_proved_at=timezone.now(), **more,
        )  # fmt: skip
    browser = practice.stranger()
    browser.cookies[COOKIE] = token
    browser.cookies[DEVICE_COOKIE] = "own" if device else "ground"
    return browser


@action(Door.PASS)
def _begin(change: Change, person: Person, method: str) -> str:
    return door_actions.begin_session(change, person, method)


def _password_fits(person: Person) -> bool:
    fresh = Person.objects.get(pk=person.pk)
    try:
        passwords.check(PASSWORD, fresh.password)
    except passwords.WrongPassword:
        return False
    return fresh.is_active and not fresh.has_left(timezone.now())


def _opens(deed: Callable[[], object]) -> bool:
    try:
        return bool(deed())
    except AccessError:
        return False


@contextmanager
def no_leaving_time(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: nobody asks the leaving time."""
    with mock.patch.object(Person, "has_left", return_value=False):
        yield


@contextmanager
def credentials_left(practice: Practice) -> Iterator[None]:  # noqa: ARG001 - every fault takes the ground
    """Plant: the worker leaves links and factors behind, which wake up when the person comes back."""
    with mock.patch.object(leaving, "clear_credentials", return_value=None):
        yield


PROMISES = [
    Promise(11, "Rights and roles in force are the built-in ones plus exceptions that the log signs for",
            rights_are_what_was_signed_for,
            (("a right granted by SQL", right_by_sql), ("a role given by SQL", role_by_sql))),
    Promise(12, "Nobody raises their own rights, approves their own request, or removes the last owner or officer",
            nobody_raises_themself,
            (("a decision on one's own request", self_approval), ("the last owner may go", last_one_goes))),
    Promise(13, "Sixty seconds after someone's leaving time nothing of theirs opens anything",
            a_leaver_has_nothing_left,
            (("the leaving time is not asked", no_leaving_time), ("links and factors left behind", credentials_left))),
]  # fmt: skip
