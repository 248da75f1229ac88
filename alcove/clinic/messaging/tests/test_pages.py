"""Pages of messages, as people in a browser meet them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from alcove.clinic.messaging import actions, tasks
from alcove.clinic.messaging.models import Outgoing, Spending, Text
from alcove.clinic.messaging.queries import choosing
from alcove.clinic.messaging.tests import make
from alcove.clinic.messaging.tests.make import EMAIL, PHONE
from alcove.security.access.errors import Conflict, NotFound
from alcove.security.access.models import Version
from alcove.security.audit.models import Entry
from alcove.security.vault import house

TEXT = "/setup/messages/booked-sms-en-US/"


@pytest.fixture
def desk(practice):
    return practice.signed_in("front_desk")


@pytest.fixture
def owner(practice):
    return practice.signed_in("owner")


def card(client, page=""):
    return f"/clients/{client.id}/messages/{page}"


# Texts ----------------------------------------------------------------------------------------------------------------


def test_setup_lists_every_text_in_every_language(owner):
    for language in ("en-US", "en-GB", "de", "fr", "es"):
        page = owner.get(f"/setup/messages/?language={language}").content.decode()
        assert page.count(f"-{language}/") == 14
    assert owner.get("/setup/messages/?language=xx").status_code == 200


@pytest.mark.parametrize(
    "body", ["{practice}: your {service} on {date}", "See you {datum}", "On {date", "a\x07b", "  "]
)
def test_a_text_that_may_not_leave_is_refused_beside_the_field_and_what_was_typed_stays(owner, body):
    answer = owner.post(TEXT, {"body": body, "version": "0"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'aria-invalid="true"' in page
    assert not Text.objects.exists()
    if body.isprintable() and body.strip():
        assert body in page


def test_saving_a_text_with_a_treatment_in_sms_is_refused_and_a_word_of_care_is_asked_about(owner):
    body = "{practice}: your filler visit, {date}, {time}"
    answer = owner.post(TEXT, {"body": body, "version": "0"})
    assert answer.status_code == 422
    assert "“filler”" in answer.content.decode()
    assert 'name="anyway"' in answer.content.decode()
    assert owner.post(TEXT, {"body": body, "version": "0", "anyway": "on"}).status_code == 302
    assert Text.objects.get().body == body


def test_own_words_count_are_kept_and_can_go_back(practice, owner):
    owner.post(TEXT, {"body": "{practice}: {date}, {time}.", "version": "0"})
    owner.post(TEXT, {"body": "{practice}: come on {date}, {time}.", "version": "1"})
    page = owner.get(TEXT).content.decode()
    assert "come on {date}" in page
    assert "{practice}: {date}, {time}." in page
    assert "Olive Owner" in page
    assert owner.post(TEXT, {"body": "{practice}: late", "version": "1"}).status_code == 409
    assert Text.objects.get().body == "{practice}: come on {date}, {time}."
    assert owner.get(TEXT + "reset/").status_code == 200
    assert owner.post(TEXT + "reset/").status_code == 302
    assert not Text.objects.get().is_own
    assert "your visit is booked for" in owner.get(TEXT).content.decode()
    assert Version.objects.filter(object_id=Text.objects.get().id).count() == 2
    assert Entry.objects.filter(event="messaging.text.changed").count() == 2


def test_how_it_looks_is_shown_while_typing_and_nothing_is_saved(owner):
    answer = owner.post(TEXT + "look/", {"body": "{practice}: ê {date}"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Juniper Skin: ê " in page
    assert "UCS-2" in page
    assert "would tell" in owner.post(TEXT + "look/", {"body": "{diagnosis}"}).content.decode()
    assert (
        "<script>alert"
        not in owner.post(TEXT + "look/", {"body": "<script>alert(1)</script>"}).content.decode()
    )
    assert not Text.objects.exists()


def test_who_may_see_setup_may_not_change_it(practice):
    officer = practice.signed_in("officer")
    assert officer.get(TEXT).status_code == 200
    assert officer.post(TEXT, {"body": "x", "version": "0"}).status_code == 403
    assert practice.signed_in("front_desk").get(TEXT).status_code == 403
    assert officer.get("/messages/").status_code == 403


def test_price_and_cap_are_kept_and_bad_ones_refused(owner):
    page = "/setup/messages/sending/"
    assert owner.post(page, {"price": "0.008", "cap": "25.50", "version": "0"}).status_code == 302
    assert Spending.objects.values_list("sms_milli", "cap_minor").get() == (8, 2550)
    for price, cap in (("-1", "1"), ("x", "1"), ("1", "1e9"), ("0.00001", "1"), ("NaN", "1")):
        assert owner.post(page, {"price": price, "cap": cap, "version": "1"}).status_code == 422
    assert owner.post(page, {"price": "1", "cap": "1", "version": "0"}).status_code == 409
    assert owner.get(page).status_code == 200


# The card -------------------------------------------------------------------------------------------------------------


def test_the_card_says_what_was_said_and_why_not(practice, desk):
    client = make.somebody(practice, confirm=False, channel="email")
    make.planned(practice, client, "reminder_far", due_at=timezone.now() + timedelta(hours=5))
    page = desk.get(card(client)).content.decode()
    assert "Reminder two days before" in page
    assert "the address is not confirmed" in page
    assert EMAIL not in page
    assert PHONE not in page
    assert "q•••@example.org" in page


def test_the_desk_confirms_an_address_and_takes_it_back(practice, desk):
    client = make.somebody(practice, confirm=False, channel="email")
    at = card(client, "addresses/")
    assert desk.post(at, {"place": "email-0", "seen": "somebody else"}).status_code == 409
    assert desk.post(at, {"place": "email-9", "seen": "x"}).status_code == 409
    assert desk.post(at, {"place": "../0", "seen": "x"}).status_code == 422
    assert "confirmed" not in make.held(practice, client)
    assert desk.post(at, {"place": "email-0", "seen": "q•••@example.org"}).status_code == 302
    held = make.held(practice, client)
    assert held["confirmed"][EMAIL]["how"] == "staff"
    entry = Entry.objects.get(event="messaging.address.confirmed")
    assert (entry.client_id, entry.fields) == (client.id, "confirmed")
    assert EMAIL not in f"{entry.object}{entry.fields}{entry.reason}"
    desk.post(at, {"place": "email-0", "seen": "q•••@example.org", "take_back": "yes"})
    assert "confirmed" not in make.held(practice, client)


GOOD = {
    "channel": "sms",
    "language": "fr",
    "quiet_from": "20:00",
    "quiet_to": "09:00",
    "time_zone": "Europe/Paris",
}


def test_choices_are_kept_and_read_back(practice, desk):
    client = practice.client("Cho", "Ices", emails=["cho@example.org"], phones=[PHONE])
    page = card(client, "choices/")
    answer = desk.post(
        page, GOOD | {"version": "0", "confidential_email": "Away@Example.org", "is_warned": "on"}
    )
    assert answer.status_code == 302
    held = make.held(practice, client)
    assert (held["channel"], held["language"], held["quiet_from"]) == ("sms", "fr", "20:00")
    assert held["confidential"]["email"] == "away@example.org"
    assert held["warned_at"]
    assert desk.post(page, GOOD | {"version": "0"}).status_code == 409
    assert desk.post(page, GOOD | {"version": "1"}).status_code == 302
    assert "warned_at" not in make.held(practice, client)
    assert "SMS" in desk.get(card(client)).content.decode()
    assert Entry.objects.filter(event="messaging.choices.changed", client_id=client.id).count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "pigeon"}, {"language": "tlh"}, {"quiet_from": "25:00"}, {"quiet_from": ""}, {"quiet_to": "20:00"},
        {"time_zone": "Mars/Base"}, {"time_zone": "../../etc/passwd"}, {"confidential_email": "nobody"},
        {"confidential_phone": "12"}, {"version": "x"}, {"confidential_email": "a@b.example\r\nBcc: c@d.example"},
    ],
)  # fmt: skip
def test_choices_there_are_not_are_refused_beside_their_fields(practice, desk, wrong):
    client = practice.client("Cho", "Ices", emails=["cho@example.org"])
    answer = desk.post(card(client, "choices/"), GOOD | {"version": "0"} | wrong)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode() or "version" in wrong or "channel" in wrong
    with make.opened(practice, client):
        assert choosing.row_of(client.id) is None


def test_a_message_is_taken_back_by_hand_once(practice, desk):
    client = make.somebody(practice, channel="email")
    row = make.planned(practice, client)
    at = card(client, f"{row.id}/take-back/")
    assert desk.post(at).status_code == 302
    assert desk.post(at).status_code == 409
    other = make.planned(practice, practice.client("O", "Ther", emails=["o@example.org"]))
    assert desk.post(card(client, f"{other.id}/take-back/")).status_code == 404


def test_a_patient_chooses_for_themselves_and_nobody_else(practice):
    from alcove.security.access.actors import Actor
    from alcove.security.access.opening import open_client
    from alcove.security.identity.sessions import PATIENT_RIGHTS
    from alcove.security.vault.keyring import keyring

    client = make.somebody(practice, confidential_email="away@example.org", confirm=False)
    patient = Actor("patient", rights=PATIENT_RIGHTS, client_id=client.id)
    with keyring():
        open_client(patient, client.id)
        actions.choose_own(
            patient, channel="portal", language="es", quiet_from="22:00", quiet_to="07:00", time_zone=""
        )
        with pytest.raises(Exception, match="right"):
            actions.choose(patient, client.id, {"channel": "sms"}, version=2)
    held = make.held(practice, client)
    assert (held["channel"], held["language"]) == ("portal", "es")
    assert held["confidential"]["email"] == "away@example.org"


def test_two_who_choose_at_once_do_not_overwrite_each_other(practice):
    client = make.somebody(practice)
    with make.opened(practice, client) as actor:
        version = choosing.row_of(client.id).version
        actions.choose(actor, client.id, {"channel": "sms"}, version=version)
        with pytest.raises(Conflict):
            actions.choose(actor, client.id, {"channel": "email"}, version=version)
        with pytest.raises(NotFound):
            actions.confirm_address(actor, client.id, "not.hers@example.org", how="staff")


def test_the_booking_page_asks_whether_a_client_can_be_reached(practice):
    client = make.somebody(practice, confirm=False, channel="email")
    with make.opened(practice, client) as actor:
        found = actions.recipient_known(client.id)
        assert (found.is_open, found.channel, found.refusal) == (False, "email", "unconfirmed")
        actions.confirm_address(actor, client.id, EMAIL, how="code")
        found = actions.recipient_known(client.id)
        assert (found.is_open, found.channel, found.masked) == (True, "email", "q•••@example.org")


def test_what_says_something_of_care_needs_a_warning_on_record(practice):
    from alcove.clinic.clients.models import Client
    from alcove.clinic.messaging.queries import routing

    client = make.somebody(practice, channel="email")
    with make.opened(practice, client) as actor:

        def way():
            chosen = choosing.choice(client.id)
            own = choosing.confirmed(client.id, chosen)
            return routing.route(Client.objects.get(pk=client.id), chosen, own, tells_of_care=True)

        assert way().refusal == "no warning"
        actions.choose(actor, client.id, {}, version=choosing.row_of(client.id).version, is_warned=True)
        assert way().is_open


# The outbox -----------------------------------------------------------------------------------------------------------


def test_the_outbox_names_clients_states_and_reasons_and_no_text(practice, desk):
    good = make.somebody(practice, channel="none")
    bad = make.somebody(practice, confirm=False, channel="email")
    for client in (good, bad):
        make.let_pass(make.planned(practice, client, "reminder_near"))
    tasks.deliver()
    page = desk.get("/messages/").content.decode()
    assert page.count("Zephyrine Quillfeather") == 2
    assert "Wants no messages." in page
    assert "The address is not confirmed." in page
    assert "look forward" not in page
    assert EMAIL not in page
    assert Entry.objects.filter(event="clients.list.shown").count() == 1
    found = desk.get("/messages/?show=attention").content.decode()
    assert found.count("Zephyrine Quillfeather") == 1
    assert desk.get("/messages/?show=x&page=99999999").status_code == 200


def test_the_outbox_shows_nobody_who_is_limited_to_others(practice, desk):
    from alcove.clinic.clients import actions as clients
    from alcove.security.access.opening import open_client
    from alcove.security.vault.keyring import keyring

    client = make.somebody(practice, channel="email")
    make.planned(practice, client)
    nurse = practice.actor("practitioner")
    with keyring():
        open_client(nurse, client.id)
        clients.limit_client(nurse, client)
    page = desk.get("/messages/").content.decode()
    assert "Quillfeather" not in page
    assert Outgoing.objects.count() == 1
    assert desk.get(card(client)).status_code == 404


def test_what_a_demo_would_have_said_is_there_in_a_demo_only(practice, desk):
    assert desk.get("/messages/demo/").status_code == 404
    house.house().is_demo = True
    make.let_pass(make.planned(practice, make.somebody(practice, channel="email", language="de")))
    tasks.deliver()
    page = desk.get("/messages/demo/").content.decode()
    assert "Ihr Termin ist gebucht" in page
    assert make.TOKEN not in page


def test_everything_held_on_a_client_includes_messages_and_choices_but_no_living_link(practice):
    import json

    from alcove.api.queries import held
    from alcove.security.access.opening import open_client
    from alcove.security.vault.keyring import keyring

    client = make.somebody(practice, channel="email", language="de")
    make.let_pass(make.planned(practice, client))
    house.house().is_demo = True
    tasks.deliver()
    make.planned(practice, client, "reminder_far", due_at=timezone.now() + timedelta(hours=9))
    owner = practice.actor("owner")
    with keyring():
        open_client(owner, client.id)
        found = held.held(owner, client.id)
        said = json.dumps(held.as_json(found), ensure_ascii=False)
    assert (found.counts()["messages"], found.counts()["message_choices"]) == (2, 1)
    assert "Ihr Termin ist gebucht" in said
    assert EMAIL in said
    assert make.TOKEN not in said
