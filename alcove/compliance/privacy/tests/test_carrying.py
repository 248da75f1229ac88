"""Final erasure: two people, the key destroyed, what must stay stays, killed half-way it goes on, once is enough."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.core.files.storage import storages
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from alcove.clinic.clients import actions as clients
from alcove.clinic.clients.models import Client, Deletion
from alcove.clinic.records.models import Document, Note
from alcove.compliance.privacy import actions, tasks
from alcove.compliance.privacy.actions import carrying
from alcove.compliance.privacy.models import Erasure
from alcove.compliance.privacy.policy import Did, Privacy
from alcove.compliance.privacy.queries import check as checking
from alcove.compliance.privacy.queries.kinds import KINDS
from alcove.compliance.privacy.tests import make
from alcove.security.access import opening
from alcove.security.access.actors import Actor
from alcove.security.access.errors import Conflict, Refused
from alcove.security.access.models import Version
from alcove.security.access.policy import Open
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.vault.keyring import keyring
from alcove.security.vault.models import ClientKey, EntryKey

OLD = 20.0
"""Years: longer than any rule asks for."""


def page(name, client):
    return reverse(f"privacy:{name}", kwargs={"client_id": client.id})


def left(client):
    """Return how many rows of each kind are left of a client."""
    return {kind.key: sum(checking.rows(label, client.id).count() for label in kind.tables) for kind in KINDS}


def test_a_client_whose_time_is_over_is_erased_whole(practice, client_card):
    make.cared_for(practice, client_card, years_ago=OLD)
    stored = Document.objects.get(client=client_card).object_name
    assert storages["sealed"].exists(stored)
    done = make.erased(practice, client_card)
    assert (done.is_whole, done.keeps_until, done.reason) == (True, None, None)
    assert not ClientKey.objects.filter(client_id=client_card.id).exists()
    assert not EntryKey.objects.filter(client_id=client_card.id).exists()
    assert not storages["sealed"].exists(stored)
    assert not Version.everything.filter(client_id=client_card.id).exists()
    assert {key for key, count in left(client_card).items() if count} == {"identity", "access"}
    assert Deletion.objects.get(client=client_card).reason is None
    assert done.last_copy_on == timezone.localdate(done.erased_at) + timedelta(days=8)
    # The empty shell that figures hang on says nothing, and nothing opens it.
    shell = Client.objects.get(pk=client_card.id)
    with keyring(), pytest.raises(Exception, match="not open"):
        _ = shell.directory


def test_a_record_within_its_time_stays_under_a_new_key_and_everything_else_goes(practice, client_card):
    make.in_california()
    make.cared_for(practice, client_card)
    before = bytes(ClientKey.objects.get(client_id=client_card.id).wrapped)
    notes = Note.objects.filter(client=client_card).count()
    done = make.erased(practice, client_card)
    after = ClientKey.objects.get(client_id=client_card.id)
    assert not done.is_whole
    assert (bytes(after.wrapped) != before, after.generation) == (True, 2)
    counts = left(client_card)
    assert counts["record"] > 0
    assert counts["contact"] == counts["portal"] == counts["messages"] == counts["tasks"] == 0
    assert Note.objects.filter(client=client_card).count() == notes
    job = Actor.job("test", Open.DIRECTORY, Privacy.VIEW)
    with keyring():
        opening.open_deleted(job, [client_card.id], Did.CHECKED, Privacy.VIEW)
        shell = Client.objects.get(pk=client_card.id)
        assert shell.directory == {"given": "Catherine", "family": "Müller-Okafor", "born": "1984-02-29"}
        assert shell.details == {}
    assert set(Version.everything.filter(client_id=client_card.id).values_list("model", flat=True)) <= {
        "records.note", "records.item", "records.visit",
    }  # fmt: skip


def test_nobody_approves_what_they_asked_for_and_the_database_says_so_too(practice, client_card):
    made = make.asked(practice, client_card)
    with pytest.raises(Refused, match="asked for"):
        actions.approve(practice.actor("owner"), made.id)
    browser = practice.signed_in("owner")
    with writing("a proof given just now"):
        from alcove.security.identity.models import Session

        Session.objects.update(proved_at=timezone.now())
    assert browser.post(page("decide", client_card), {"decision": "approve"}).status_code in {302, 403}
    made.refresh_from_db()
    assert made.state == Erasure.State.ASKED
    with pytest.raises(IntegrityError), transaction.atomic(), writing("a fault"):
        Erasure.objects.filter(pk=made.id).update(state="approved", decided_by_id=made.asked_by_id)
    for role in ("manager", "front_desk", "prescriber", "it_provider"):
        with pytest.raises(Refused):
            actions.approve(practice.actor(role), made.id)


def test_a_second_press_changes_nothing(practice, client_card):
    officer, made = practice.actor("officer"), make.asked(practice, client_card)
    with pytest.raises(Conflict):
        actions.ask(practice.actor("owner"), client_card.id, reason=make.REASON)
    actions.approve(officer, made.id)
    with pytest.raises(Conflict):
        actions.approve(officer, made.id)
    with pytest.raises(Conflict):
        actions.refuse(officer, made.id)
    assert actions.finish(made.id) == "done"
    entries = Entry.objects.count()
    assert actions.finish(made.id) == "done"
    assert tasks.carry_out() == 0
    assert Entry.objects.count() == entries


def test_once_approved_it_is_not_undone_and_before_that_undoing_takes_the_request_back(practice, client_card):
    owner, made = practice.actor("owner"), make.asked(practice, client_card)
    actions.undo(owner, client_card.id)
    made.refresh_from_db()
    assert made.state == Erasure.State.WITHDRAWN
    approved = make.approved(practice, client_card)
    with pytest.raises(Conflict, match="approved"):
        actions.undo(owner, client_card.id)
    actions.finish(approved.id)
    with pytest.raises(Conflict, match="approved"):
        actions.undo(owner, client_card.id)


@pytest.mark.parametrize("killed_in", ["_clear", "_end_key", "_finish"])
def test_killed_half_way_the_next_start_finishes_it(practice, client_card, monkeypatch, killed_in):
    make.cared_for(practice, client_card, years_ago=OLD)
    made = make.approved(practice, client_card)
    real = getattr(carrying, killed_in)

    def killed(*given):
        real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(carrying, killed_in, killed)
        with pytest.raises(KeyboardInterrupt):
            actions.finish(made.id)
    tasks.carry_out()
    made.refresh_from_db()
    assert made.state == "done"
    assert not ClientKey.objects.filter(client_id=client_card.id).exists()
    assert Entry.objects.filter(event=Did.ERASED.key).count() == 1


def test_a_hold_placed_after_the_approval_stops_every_step_until_it_is_lifted(practice, client_card):
    make.cared_for(practice, client_card, years_ago=OLD)
    made, officer = make.approved(practice, client_card), practice.actor("officer")
    clients.place_hold(officer, client_card.id, reason="A claim is pending.")
    assert tasks.carry_out() == 0
    assert ClientKey.objects.filter(client_id=client_card.id).exists()
    assert Note.objects.filter(client=client_card).exists()
    clients.lift_hold(officer, client_card.id)
    assert tasks.carry_out() == 1
    assert not ClientKey.objects.filter(client_id=client_card.id).exists()
    made.refresh_from_db()
    assert made.state == "done"


def test_the_audit_chain_keeps_the_random_id_and_no_value(practice, client_card):
    from alcove.project.prove.scan import Scanner

    make.erased(practice, client_card)
    held = b"".join(
        str(row).encode()
        for row in Entry.objects.filter(client_id=client_card.id).values_list("fields", "object")
    )
    assert Scanner(["Catherine", "Müller-Okafor", "cat@example.org", "+14155550123"]).find(held) == set()
    assert Entry.objects.filter(client_id=client_card.id, event=Did.ERASED.key).exists()


def test_no_column_of_an_erased_client_opens_or_says_anything(practice, client_card):
    """Every column that could still hold words of theirs, of every table, looked at as it lies."""
    make.cared_for(practice, client_card, years_ago=OLD)
    make.erased(practice, client_card)
    for model in apps.get_models():
        if "client_id" not in [field.attname for field in model._meta.concrete_fields]:
            continue
        rows = getattr(model, "everything", model._default_manager).filter(client_id=client_card.id)
        for row in rows.values():
            assert not any(word in str(row) for word in ("Catherine", "Okafor", "Zimquavor", "cat@example"))


def test_the_certificate_says_what_how_and_when_and_names_no_client(practice, client_card):
    done = make.erased(practice, client_card)
    browser = practice.signed_in("officer")
    shown = browser.get(reverse("privacy:certificate", kwargs={"erasure_id": done.id})).content.decode()
    assert "SP 800-88 Rev. 2" in shown
    assert str(done.client_id) in shown
    assert "Olive Owner" in shown
    assert "Catherine" not in shown
    paper = browser.get(reverse("privacy:certificate_pdf", kwargs={"erasure_id": done.id}))
    assert paper.content[:5] == b"%PDF-"
    assert practice.signed_in("front_desk").get(
        reverse("privacy:certificate", kwargs={"erasure_id": done.id})
    ).status_code == 403  # fmt: skip


def test_the_retention_job_proposes_whose_time_is_over_but_never_one_under_a_hold(practice, monkeypatch):
    make.in_california()
    old, held, young, child = (
        practice.client(name, "Tester", born=born)
        for name, born in (
            ("Old", "1970-01-01"), ("Held", "1970-01-01"), ("Young", "1970-01-01"), ("Child", "2010-05-05"),
        )
    )  # fmt: skip
    for client, years in ((old, 12), (held, 12), (young, 3), (child, 12)):
        make.cared_for(practice, client, years_ago=years)
    clients.place_hold(practice.actor("owner"), held.id, reason="A claim is pending.")
    assert tasks.propose() == 1
    assert tasks.propose() == 0
    made = Erasure.objects.get()
    assert (made.client_id, made.state, made.asked_by_id) == (old.id, "proposed", None)
    actions.approve(practice.actor("officer"), made.id)
    assert tasks.carry_out() == 1
    assert not ClientKey.objects.filter(client_id=old.id).exists()
    assert ClientKey.objects.filter(client_id__in=[held.id, young.id, child.id]).count() == 3


def test_a_minors_record_is_kept_through_the_nineteenth_birthday_and_not_a_day_longer(practice, monkeypatch):
    make.in_california()
    child = practice.client("Child", "Tester", born="2007-11-21")
    make.cared_for(practice, child, years_ago=12)
    for today, stays in ((date(2026, 11, 21), True), (date(2026, 11, 22), False)):
        monkeypatch.setattr(
            checking.timezone, "localdate", lambda moment=None, day=today: moment.date() if moment else day
        )
        found = checking.check(child.id)
        assert (found.kept is not None) == stays


def test_a_client_who_came_again_is_not_erased_by_an_old_proposal(practice):
    client = practice.client("Old", "Tester", born="1970-01-01")
    make.cared_for(practice, client, years_ago=12)
    assert tasks.propose() == 1
    make.cared_for(practice, client)
    with pytest.raises(Conflict, match="come again"):
        actions.approve(practice.actor("officer"), Erasure.objects.get().id)
