"""Pages of tasks: what each person sees of them, what a wrong form answers, and what a look costs."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alcove.clinic.activities.models import Line, Rhythm, Task, Unit
from alcove.clinic.activities.queries import care, days
from alcove.clinic.activities.tests.make import added, fresh
from alcove.clinic.clients.actions import add_to_team
from alcove.clinic.clients.tests.need import ask_for_a_reason, bare, forget_rules, limit
from alcove.security.access.opening import open_client
from alcove.security.access.policy import Did as Kernel
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.vault.keyring import keyring

NEUTRAL = "A client you do not look after"


def at(route, *args):
    return reverse(f"activities:{route}", args=args)


def words(answer):
    return answer.content.decode()


# What is shown -----------------------------------------------------------------------------------------------------


def test_overdue_stands_first_then_urgent_then_by_day(practice):
    for title, due, more in (
        ("Someday", None, {}), ("In three days", 3, {}), ("Urgent", 9, {"is_urgent": True}), ("Late", -1, {}),
    ):  # fmt: skip
        added(practice, title, due=due, **more)
    page = words(practice.signed_in("front_desk").get(at("tasks")))
    assert re.findall(r'class="name" href="/tasks/[^>]*>([^<]*)<', page) == [
        "Late", "Urgent", "In three days", "Someday"
    ]  # fmt: skip


def test_a_colleagues_task_about_the_practice_is_not_there(practice):
    task = added(practice, "Plan the surprise party", by="practitioner")
    desk = practice.signed_in("front_desk")
    assert "surprise" not in words(desk.get(at("tasks") + "?show=all"))
    assert desk.get(at("task", task.pk)).status_code == 404
    assert desk.post(at("done", task.pk)).status_code == 404
    assert fresh(task).is_open
    manager = practice.signed_in("manager")
    assert "surprise" in words(manager.get(at("tasks") + "?show=all"))


def test_a_task_for_a_role_is_with_whoever_holds_it(practice):
    added(practice, "Sweep the steps", by="manager", role="front_desk")
    assert "Sweep" in words(practice.signed_in("front_desk").get(at("tasks") + "?show=roles"))
    assert "Sweep" not in words(practice.signed_in("practitioner").get(at("tasks") + "?show=roles"))
    assert "Sweep" in words(practice.signed_in("manager").get(at("tasks") + "?show=given"))


def test_a_list_that_names_clients_leaves_one_entry(practice, client_card):
    other = practice.client("Otto", "Brandt")
    added(practice, "One", client=client_card)
    added(practice, "Two", client=other)
    added(practice, "About nobody")
    page = practice.signed_in("front_desk").get(at("tasks"))
    assert "Otto Brandt" in words(page)
    [entry] = Entry.objects.filter(event=Kernel.LIST_SHOWN.key)
    assert bytes(entry.clients) in {
        client_card.id.bytes + other.id.bytes, other.id.bytes + client_card.id.bytes
    }  # fmt: skip
    added(practice, "About nobody either", by="manager")
    practice.signed_in("manager").get(at("tasks"))
    assert Entry.objects.filter(event=Kernel.LIST_SHOWN.key).count() == 1


def test_one_task_about_a_client_leaves_one_entry_about_that_client(practice, client_card):
    task = added(practice, client=client_card)
    assert practice.signed_in("practitioner").get(at("task", task.pk)).status_code == 200
    [entry] = Entry.objects.filter(event="activities.task.opened")
    assert (entry.client_id, entry.object) == (client_card.id, f"activities.task {task.pk.hex}")


def pages(practice, role, client_id):
    browser = practice.signed_in(role)
    urls = [at("tasks") + f"?show={show}&state={state}" for show in ("mine", "roles", "given", "all") for state in ("", "overdue", "ended")]  # fmt: skip
    urls += ["/my-day/", f"/clients/{client_id}/tasks/"]
    urls += [at("team")] if role in {"owner", "manager"} else []
    return [(url, browser.get(url).status_code, bare(browser.get(url))) for url in urls]


@pytest.mark.parametrize("role", ["owner", "manager", "front_desk", "practitioner"])
def test_to_an_outsider_a_practice_with_a_limited_clients_tasks_equals_one_without(
    practice, client_card, role
):
    practice.person(role)
    limit(practice, client_card)
    before = pages(practice, role, client_card.id)
    task = added(
        practice, "Ring about the swelling", by="prescriber", client=client_card, due=-3, is_urgent=True
    )
    added(practice, "For a role", by="prescriber", client=client_card, role="front_desk", due=-3)
    assert pages(practice, role, client_card.id) == before
    browser = practice.signed_in(role)
    for url in (at("task", task.pk), at("edit", task.pk)):
        assert browser.get(url).status_code == 404
    for route in ("done", "drop", "reopen", "comment", "add_step"):
        assert browser.post(at(route, task.pk), {"text": "x", "step": "x"}).status_code == 404
    assert "Ring about the swelling" in words(practice.signed_in("prescriber").get(at("tasks")))


def test_given_to_one_who_lost_the_client_it_stands_there_without_words(practice, client_card):
    task = added(
        practice, "Ring about the swelling", by="prescriber", to="practitioner", client=client_card, due=-1
    )
    limit(practice, client_card)
    nurse = practice.signed_in("practitioner")
    for url in (at("tasks"), "/my-day/"):
        page = words(nurse.get(url))
        assert NEUTRAL in page
        assert not [word for word in ("swelling", "Müller", task.pk.hex, str(task.pk)) if word in page]
    assert nurse.get(at("task", task.pk)).status_code == 404
    with keyring():
        doctor = practice.actor("prescriber")
        open_client(doctor, client_card.id)
        add_to_team(doctor, client_card, practice.person("practitioner").id)
    assert "swelling" in words(nurse.get(at("tasks")))


def test_whoever_opens_no_clients_finds_none_in_tasks(practice, client_card):
    task = added(practice, "Ring about the parking", by="manager", client=client_card, role="front_desk")
    with writing("given by another way"):
        Task.objects.filter(pk=task.pk).update(role=None, assignee=practice.person("bookkeeper"))
    page = words(practice.signed_in("bookkeeper").get(at("tasks")))
    assert NEUTRAL in page
    assert "parking" not in page
    assert practice.signed_in("bookkeeper").get(at("task", task.pk)).status_code == 404


def test_a_look_costs_the_same_however_many_tasks_there_are(practice, client_card):
    desk = practice.signed_in("front_desk")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(at("tasks")).status_code == 200
        return len(queries)

    for number in range(2):
        added(practice, f"{number}", client=client_card, lines=["a", "b"])
    cost()
    few = cost()
    for number in range(12):
        added(practice, f"{number}", client=practice.client("Cla", f"{number}"), lines=["a", "b"])
    assert cost() == few


# Forms -------------------------------------------------------------------------------------------------------------


def me(practice, role="front_desk"):
    return f"p{practice.person(role).pk.hex}"


def test_a_task_is_added_above_the_list_and_a_wrong_one_keeps_what_was_typed(practice):
    desk = practice.signed_in("front_desk")
    wrong = {"title": "", "whose": me(practice), "due_on": "soon"}
    answer = desk.post(at("tasks"), wrong)
    assert answer.status_code == 422
    assert "This is not a date." in words(answer)
    assert 'value="soon"' in words(answer)
    assert Task.objects.count() == 0
    right = {
        "title": "Ring the plumber",
        "whose": me(practice, "manager"),
        "due_on": days.today().isoformat(),
    }
    assert desk.post(at("tasks"), right).status_code == 302
    task = Task.objects.get()
    assert (task.title, task.assignee, task.created_by_id) == (
        "Ring the plumber", practice.person("manager"), practice.person("front_desk").pk
    )  # fmt: skip


def test_a_repeating_task_with_steps_about_a_client(practice, client_card):
    nurse = practice.signed_in("practitioner")
    url = reverse("client_tasks:new", args=[client_card.id])
    sent = {
        "title": "Ring after the peel", "whose": me(practice, "practitioner"), "lines": " Redness? \n\nSunscreen?\n",
        "every": "2", "unit": "week", "text": "By phone",
    }  # fmt: skip
    answer = nurse.post(url, sent)
    assert answer.status_code == 422
    assert "Say on which day it is due first." in words(answer)
    assert nurse.post(url, sent | {"due_on": days.today().isoformat()}).status_code == 302
    task = Task.objects.get()
    assert (task.client_id, task.repeat.rhythm.words) == (client_card.id, "every 2 weeks")
    page = words(nurse.get(f"/clients/{client_card.id}/tasks/"))
    assert "Ring after the peel" in page
    assert "0 of 2 steps" in page


def test_given_to_one_who_may_not_open_the_client_the_form_says_so_beside_the_field(practice, client_card):
    url = reverse("client_tasks:new", args=[client_card.id])
    sent = {"title": "Write the invoice", "whose": me(practice, "bookkeeper"), "every": "", "lines": ""}
    answer = practice.signed_in("front_desk").post(url, sent)
    assert answer.status_code == 422
    assert "Bookkeeper Tester may not open this client." in words(answer)
    assert "Write the invoice" in words(answer)


def test_changing_over_a_colleagues_change_shows_both_and_saves_nothing(practice):
    task, desk = added(practice, role="front_desk"), practice.signed_in("front_desk")
    role = f"r{practice.roles['front_desk'].pk.hex}"
    first = {"title": "Order needles", "whose": role, "version": "1", "text": ""}
    assert desk.post(at("edit", task.pk), first).status_code == 302
    answer = desk.post(at("edit", task.pk), first | {"title": "Order gloves"})
    assert answer.status_code == 409
    assert "Order needles" in words(answer)
    assert "Order gloves" in words(answer)
    assert fresh(task).title == "Order needles"
    assert (
        desk.post(at("edit", task.pk), first | {"title": "Order gloves", "version": "2"}).status_code == 302
    )


def test_pressed_twice_it_is_done_once_and_can_be_undone(practice):
    task, desk = added(practice), practice.signed_in("front_desk")
    assert desk.post(at("done", task.pk), {"from": "list"}).headers["Location"].startswith(at("tasks"))
    assert desk.post(at("done", task.pk)).status_code == 302
    assert at("reopen", task.pk) in words(desk.get(at("tasks")))
    assert desk.post(at("reopen", task.pk)).status_code == 302
    assert fresh(task).is_open


def test_steps_and_comments_by_their_buttons(practice):
    task, desk = added(practice, lines=["Adrenaline"]), practice.signed_in("front_desk")
    line = Line.objects.get(task=task)
    for sent in ({"tick": "on"}, {"tick": "on"}):
        assert desk.post(at("tick", task.pk, line.pk), sent).status_code == 302
    assert Line.objects.get().ticked_by_id == practice.person("front_desk").pk
    assert desk.post(at("tick", task.pk, line.pk), {"tick": "off"}).status_code == 302
    assert Line.objects.get().ticked_at is None
    assert desk.post(at("add_step", task.pk), {"step": " "}).status_code == 422
    assert desk.post(at("add_step", task.pk), {"step": "Hyaluronidase"}).status_code == 302
    assert desk.post(at("comment", task.pk), {"text": ""}).status_code == 422
    assert desk.post(at("comment", task.pk), {"text": "Two are left"}).status_code == 302
    page = words(desk.get(at("task", task.pk)))
    assert "Hyaluronidase" in page
    assert "Two are left" in page


def test_no_more_of_a_repeating_task(practice):
    task = added(practice, due=0, rhythm=Rhythm(days.today(), 1, Unit.DAY))
    desk = practice.signed_in("front_desk")
    assert "Comes every day" in words(desk.get(at("task", task.pk)))
    assert desk.post(at("end_repeat", task.pk)).status_code == 302
    assert "Comes every day" not in words(desk.get(at("task", task.pk)))


# Days, teams and reasons -------------------------------------------------------------------------------------------


def test_the_rail_counts_ones_own_overdue_tasks(practice):
    added(practice, due=-2)
    added(practice, due=2)
    added(practice, by="manager", due=-2)
    assert '<span class="n">1<span class="vh"> overdue' in words(practice.signed_in("front_desk").get("/"))


def test_my_day_shows_ones_own_and_a_manager_hears_of_the_team(practice, client_card):
    added(practice, "Ring about the parking", client=client_card, due=0)
    added(practice, "Next week", due=7)
    added(practice, "Late already", due=-1)
    desk = practice.signed_in("front_desk")
    desk.get(f"/clients/{client_card.id}/")
    page = words(desk.get("/my-day/"))
    assert "Ring about the parking" in page
    assert "Next week" not in page
    assert "1 more of your own" in page
    assert "of the team" not in page
    manager = words(practice.signed_in("manager").get("/my-day/"))
    assert "Late already" not in manager
    assert "1 task of the team is overdue" in manager


def test_a_manager_sees_the_team_in_numbers(practice):
    added(practice, due=-1)
    added(practice, due=4)
    added(practice, role="front_desk")
    page = words(practice.signed_in("manager").get(at("team")))
    assert practice.person("front_desk").name in page
    assert "Whoever holds the role" in page
    assert practice.signed_in("front_desk").get(at("team")).status_code == 403


@pytest.fixture
def _reason_asked_for(practice):
    ask_for_a_reason(practice)
    yield
    forget_rules()


@pytest.mark.usefixtures("_reason_asked_for")
def test_a_task_somebody_else_gave_is_a_reason_of_care_and_ones_own_is_none(practice, client_card):
    nurse, url = practice.signed_in("practitioner"), f"/clients/{client_card.id}/notes/"
    own = added(practice, by="practitioner", client=client_card)
    assert not care.assigned(practice.actor("practitioner"), [client_card.id])
    assert nurse.get(url).status_code == 403
    given = added(practice, by="front_desk", to="practitioner", client=client_card)
    assert nurse.get(url).status_code == 200
    nurse.post(at("done", given.pk))
    assert nurse.get(url).status_code == 403
    assert fresh(own).is_open
