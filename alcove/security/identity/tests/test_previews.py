"""An owner looks through a role's eyes: sees what the role sees, and changes nothing meanwhile."""

from __future__ import annotations

import pytest
from django.urls import reverse

from alcove.clinic.clients.actions import change_client
from alcove.clinic.clients.models import Client
from alcove.security.access.checks import routes
from alcove.security.access.errors import ReadOnly
from alcove.security.access.models import Role
from alcove.security.audit.models import Entry
from alcove.security.identity.models import Session
from alcove.security.identity.sessions import actor_of

END = "/preview/end/"


def card(client):
    return reverse("clients:card", kwargs={"client_id": client.id})


def notes(client):
    return reverse("records:notes", kwargs={"client_id": client.id})


@pytest.fixture
def looking(practice):
    """The owner's browser, looking through the front desk's eyes."""

    def begin(role="front_desk"):
        browser = practice.signed_in("owner")
        url = reverse("identity:preview", kwargs={"role_id": practice.roles[role].id})
        assert browser.post(url).headers["Location"] != "/"  # only the button begins it
        assert browser.post(url, {"look": "yes"}).headers["Location"] == "/"
        return browser

    return begin


def test_the_owner_sees_what_the_role_sees_and_less_than_before(practice, client_card, looking):
    browser = looking()
    page = browser.get(card(client_card))
    assert page.status_code == 200
    assert "You are looking through the eyes of the role “Front desk”" in page.content.decode()
    assert browser.get(notes(client_card)).status_code == 403
    assert browser.get(reverse("identity:people")).status_code == 403


def test_a_preview_never_shows_more_than_the_owner_holds(practice, client_card, looking):
    browser = practice.signed_in("owner")
    role = Role.objects.get(key="owner")
    session = Session.objects.get(person=practice.owner)
    own = actor_of(session, "").rights
    session.preview = practice.roles["prescriber"]
    seen = actor_of(session, "").rights
    assert seen < own | set(practice.roles["prescriber"].rights)
    assert seen <= own
    assert "records.create" not in seen  # a prescriber's, not this owner's
    assert role.rights
    assert browser.get(notes(client_card)).status_code == 200


def test_every_post_but_the_end_is_refused(practice, client_card, looking):
    browser = looking("manager")
    before = Client.objects.get(pk=client_card.id).version
    refused = 0
    for pattern, name, view in routes():
        guard = view.guard
        need = guard.needs.get("POST")
        if (
            guard.kind != "guard"
            or need is None
            or hasattr(need, "reason")
            or "<" in pattern.replace("<uuid:client_id>", "")
        ):
            continue
        answer = browser.post(
            pattern.replace("<uuid:client_id>", str(client_card.id)), {"limited": "team", "look": "yes"}
        )
        assert answer.status_code == 403, f"{name} answers {answer.status_code} to a preview"
        refused += 1
    assert refused > 5
    assert Client.objects.get(pk=client_card.id).version == before
    actor = actor_of(Session.objects.get(preview__isnull=False), "")
    with pytest.raises(ReadOnly):
        change_client(actor, client_card, details={"note": "changed"})


def test_the_screen_is_locked_from_within_a_preview(practice, looking):
    browser = looking("bookkeeper")
    assert browser.post(reverse("identity:lock")).headers["Location"] == reverse("identity:locked")
    assert Session.objects.get(preview__isnull=False).locked_at is not None


def test_searching_is_looking(practice, client_card, looking):
    answer = looking().post(reverse("clients:list"), {"q": "+14155550123"})
    assert answer.status_code == 200
    assert "Catherine" in answer.content.decode()


def test_ending_it_gives_everything_back_and_both_are_on_the_log(practice, client_card, looking):
    browser = looking("bookkeeper")
    assert browser.get(card(client_card)).status_code == 403
    assert browser.post(END).status_code == 302
    assert browser.get(card(client_card)).status_code == 200
    assert browser.get(reverse("identity:people")).status_code == 200
    assert browser.post(END).status_code == 302
    events = [
        entry.event for entry in Entry.objects.filter(event__startswith="identity.preview.").newest_first()
    ]
    assert events == ["identity.preview.ended", "identity.preview.begun"]


def test_a_role_without_any_right_can_be_left_again(practice, looking):
    browser = looking("bookkeeper")
    Session.objects.filter(preview__isnull=False).first()
    assert browser.get(END).status_code == 405
    assert browser.post(END).headers["Location"].startswith("/setup/roles/")
    assert browser.post(reverse("identity:sign_out")).status_code == 302


@pytest.mark.parametrize("role", ["manager", "officer", "prescriber"])
def test_only_owners_look_through_roles(practice, role):
    url = reverse("identity:preview", kwargs={"role_id": practice.roles["front_desk"].id})
    assert practice.signed_in(role).post(url, {"look": "yes"}).status_code == 403
    assert not Session.objects.filter(preview__isnull=False).exists()
