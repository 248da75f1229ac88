"""Exporting the root key and destroying replaced ones take two people: the console asks, an owner approves."""

from __future__ import annotations

import json
import zipfile

import pytest
from django.urls import reverse

from alcove.clinic.clients.tests.test_exports import opened_zip
from alcove.security.access import approvals, keys
from alcove.security.access.approvals import ApprovalNeeded
from alcove.security.access.errors import Refused
from alcove.security.access.models import Approval
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.vault import house, rotation
from alcove.security.vault.errors import RootStays
from alcove.security.vault.tests import make
from alcove.security.vault.tests.test_rotation import run

WHY = ("--why", "a copy for the bank's safe")


@pytest.fixture(autouse=True)
def _only_the_root_in_force(practice):
    """Root keys of tests before this one are no replaced ones of this practice."""
    with writing("test"):
        rotation.retire_old_roots()


def decide(practice, role="owner", grant="yes"):
    approval = Approval.objects.filter(decided_at__isnull=True).latest("asked_at")
    page = reverse("identity:approval", kwargs={"approval_id": approval.id})
    return practice.signed_in(role).post(page, {"grant": grant}).status_code


def test_a_replaced_root_key_stays_until_an_owner_agrees_and_goes_then(practice, capsys):
    first = rotation.state().root_id
    keys.rotate_root(make.OPERATOR)
    assert rotation.replaced_roots() == [first]
    for _ in range(2):
        code, told, _out = run(("keys", "destroy"), *WHY, capsys=capsys)
        assert (code, told["done"]) == (1, False)
    assert Approval.objects.count() == 1
    assert rotation.replaced_roots() == [first]
    assert decide(practice) == 302
    code, told, _out = run(("keys", "destroy"), *WHY, capsys=capsys)
    assert (code, told["destroyed"]) == (0, [first])
    assert rotation.replaced_roots() == []
    assert Entry.objects.filter(event="access.root.destroyed").count() == 1
    assert run(("keys", "destroy"), *WHY, capsys=capsys)[1]["destroyed"] == []


def test_the_root_key_leaves_only_encrypted_and_only_after_an_owner_agreed(
    practice, capsys, tmp_path, settings
):
    target = tmp_path / "root.zip"
    code, _told, _out = run(("keys", "export"), *WHY, "--to", str(target), capsys=capsys)
    assert code == 1 and not target.exists()
    assert decide(practice) == 302
    code, told, _out = run(("keys", "export"), *WHY, "--to", str(target), capsys=capsys)
    assert code == 0
    assert target.stat().st_mode & 0o077 == 0
    assert zipfile.ZipFile(target).namelist() == ["root.key"]
    held = json.loads(settings.ALCOVE.root_keys.read_text())
    secret = held["keys"][held["current"]]
    assert secret.encode() not in target.read_bytes()
    assert json.loads(opened_zip(target.read_bytes(), told["passphrase"])["root.key"]) == held
    again = tmp_path / "again.zip"
    assert run(("keys", "export"), *WHY, "--to", str(again), capsys=capsys)[0] == 1
    assert not again.exists()


@pytest.mark.parametrize("role", ["manager", "officer"])
def test_over_the_root_key_decides_an_owner_and_nobody_else(practice, capsys, tmp_path, role):
    run(("keys", "export"), *WHY, "--to", str(tmp_path / "x"), capsys=capsys)
    assert decide(practice, role) == 403
    assert not Approval.objects.filter(decided_at__isnull=False).exists()


def test_the_console_approves_nothing_not_even_another_operators_request(practice):
    keys.ask_for_root(make.OPERATOR, keys.EXPORT, "a copy")
    with pytest.raises(Refused):
        approvals.decide(make.OPERATOR, Approval.objects.get(), is_granted=True)


def test_an_owner_who_asked_in_person_does_not_approve_it_and_a_refusal_leaves_all_as_it_is(practice):
    owner = practice.actor("owner")
    keys.ask_for_root(owner, keys.EXPORT, "a copy")
    assert decide(practice) == 403
    with pytest.raises(ApprovalNeeded):
        keys.export_root(owner)
    keys.ask_for_root(make.OPERATOR, keys.EXPORT, "a copy")
    assert decide(practice, grant="no") == 302
    with pytest.raises(ApprovalNeeded):
        keys.export_root(make.OPERATOR)


def test_an_approval_is_for_these_root_keys_and_this_deed_only(practice):
    keys.rotate_root(make.OPERATOR)
    keys.ask_for_root(make.OPERATOR, keys.DESTROY, "the backups are gone")
    assert decide(practice) == 302
    with pytest.raises(ApprovalNeeded):
        keys.export_root(make.OPERATOR)
    keys.rotate_root(make.OPERATOR)
    with pytest.raises(ApprovalNeeded):
        keys.destroy_roots(make.OPERATOR)
    assert len(rotation.replaced_roots()) == 2


def test_no_key_is_let_out_or_called_replaced_while_a_change_is_not_finished(practice):
    first = rotation.state().root_id
    rotation.roots.provider(house.configured(), house.house().id.hex).create_root()
    assert rotation.is_root_pending()
    assert rotation.replaced_roots() == []
    with pytest.raises(RootStays):
        rotation.root_in_clear()
    keys.rotate_root(make.OPERATOR)
    assert rotation.replaced_roots() == [first]
