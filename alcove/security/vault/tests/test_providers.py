"""One suite for every key provider; without it records stay shut and the page says why (VLT-04)."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from alcove.config import Config
from alcove.security.access import keys
from alcove.security.vault import crypto, house, keyring, rotation
from alcove.security.vault.errors import RootStays, VaultError, VaultShut
from alcove.security.vault.models import HouseKey
from alcove.security.vault.providers import flat, provider
from alcove.security.vault.tests import hsm, kms, make

CONTEXT = {"practice": "ab", "demo": "no", "purpose": "wrap", "version": "1"}
SECRET = bytes(range(32))


@dataclass
class Case:
    """A provider under test: its settings, how to stop it and to bring it back, how a new root comes about."""

    name: str
    settings: dict[str, Any]
    stop: Any
    start: Any | None
    prepare: Any = lambda: None

    def holder(self, practice="ab"):
        return provider(replace(Config(), **self.settings), practice)


@pytest.fixture(params=["file", pytest.param("pkcs11", marks=hsm.needed), "aws-kms"])
def case(request, tmp_path, monkeypatch):
    if request.param == "file":
        path, away = tmp_path / "root.key", tmp_path / "away.key"
        yield Case(
            "file",
            {"key_provider": "file", "root_key_file": path},
            lambda: path.rename(away),
            lambda: away.rename(path),
        )
    elif request.param == "pkcs11":
        from alcove.security.vault.providers import pkcs11

        token = hsm.Token.make(tmp_path / "hsm")
        monkeypatch.setenv("SOFTHSM2_CONF", token.environment["SOFTHSM2_CONF"])
        tokens, away = tmp_path / "hsm/tokens", tmp_path / "away"
        pkcs11._held.clear()

        def stop():
            pkcs11._held.clear()
            shutil.move(tokens, away)
            tokens.mkdir()

        def start():
            pkcs11._held.clear()
            shutil.rmtree(tokens)
            shutil.move(away, tokens)

        yield Case("pkcs11", token.settings, stop, start)
        pkcs11._held.clear()
    else:
        with kms.server() as aws:
            for name, value in aws.environment.items():
                if name.startswith("AWS"):
                    monkeypatch.setenv(name, value)
            # moto forgets its port when it stops: it stays away.
            yield Case("aws-kms", aws.settings, aws.process.stop, None, aws.new_key)


def _first_root(case):
    holder = case.holder()
    return holder, holder.root_id() if house.has_root(holder) else holder.create_root()


def test_a_secret_comes_back_in_its_context_alone(case):
    holder, root = _first_root(case)
    blob = holder.wrap(SECRET, CONTEXT, root)
    assert SECRET not in blob
    assert case.holder().unwrap(blob, CONTEXT, root) == SECRET
    for wrong in ({"practice": "cd"}, {"demo": "yes"}, {"purpose": "seal"}, {"version": "2"}):
        with pytest.raises(VaultShut, match=f"key provider {case.name}"):
            holder.unwrap(blob, {**CONTEXT, **wrong}, root)


def test_every_flipped_or_cut_byte_is_refused(case):
    holder, root = _first_root(case)
    blob = holder.wrap(SECRET, CONTEXT, root)
    # KMS answers over the network, so a sample is enough there.
    for at in range(0, len(blob), 7 if case.name == "aws-kms" else 1):
        changed = bytearray(blob)
        changed[at] ^= 1
        for wrong in (bytes(changed), blob[:at]):
            with pytest.raises(VaultShut, match=f"key provider {case.name}"):
                holder.unwrap(wrong, CONTEXT, root)


def test_an_older_root_opens_until_it_is_retired(case):
    holder, first = _first_root(case)
    old = holder.wrap(SECRET, CONTEXT, first)
    try:
        second = holder.create_root()
    except RootStays as stays:
        assert "ALCOVE_KMS_KEY_ID" in str(stays)
        case.prepare()
        second = holder.root_id()
    assert second != first
    assert holder.root_id() == second
    new = holder.wrap(SECRET, CONTEXT, second)
    assert holder.unwrap(old, CONTEXT, first) == holder.unwrap(new, CONTEXT, second) == SECRET
    # A blob of one root does not open under the name of another.
    with pytest.raises(VaultShut):
        holder.unwrap(old, CONTEXT, second)
    holder.retire_roots(second)
    assert holder.roots() == [second]
    assert holder.unwrap(new, CONTEXT, second) == SECRET
    if case.name != "aws-kms":
        with pytest.raises(VaultShut, match=first):
            holder.unwrap(old, CONTEXT, first)


def test_when_it_stops_it_says_who_and_nothing_more(case):
    holder, root = _first_root(case)
    blob = holder.wrap(SECRET, CONTEXT, root)
    case.stop()
    for ask in (lambda: case.holder().root_id(), lambda: case.holder().unwrap(blob, CONTEXT, root)):
        with pytest.raises(VaultShut) as shut:
            ask()
        assert str(shut.value).startswith(f"key provider {case.name}: ")
        for secret in (SECRET.hex(), blob.hex(), "135790", str(shut.value.__cause__ or "")):
            assert not secret or secret not in str(shut.value)


# A whole practice on each ---------------------------------------------------------------------------------------


@pytest.fixture
def on(case, settings, db):
    """A practice founded on this provider."""
    from django.conf import settings as live

    from alcove.project.founding import found
    from alcove.project.prove.ground import Practice

    settings.ALCOVE = replace(settings.ALCOVE, **{"root_key_file": None, **case.settings})
    made = found(live.ALCOVE, practice="Juniper Skin", owner_email="owner@clinic.example")
    return Practice(made.owner, made.roles)


def test_a_practice_works_on_it_and_its_root_can_be_changed(case, on, monkeypatch):
    monkeypatch.setattr(house, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(keys, "MARGIN_SECONDS", 0.0)
    make.fill(make.OPERATOR, 1)
    with keyring.keyring():
        before = make.everything()
    first = HouseKey.objects.first().root_id
    if case.name == "aws-kms":
        with pytest.raises(RootStays):
            keys.rotate_root(make.OPERATOR)
    case.prepare()
    second = keys.rotate_root(make.OPERATOR)
    keys.rotate_house(make.OPERATOR)
    assert second != first
    assert set(HouseKey.objects.values_list("root_id", "provider")) == {(second, case.name)}
    assert not rotation.is_root_pending()
    house.forget()
    with keyring.keyring():
        assert make.everything() == before


def test_without_it_the_program_stays_shut_and_the_page_says_who(case, on):
    browser = on.signed_in("owner")
    assert browser.get("/", secure=True).status_code == 200
    case.stop()
    house.forget()
    answer = browser.get("/", secure=True)
    assert answer.status_code == 503
    assert f"key provider {case.name}" in answer.content.decode()
    assert browser.get("/health/ready", secure=True).status_code == 503
    # No request makes it ask the provider again and again.
    assert house._shut is not None
    if case.start is None:
        return
    case.start()
    house.forget()
    assert browser.get("/", secure=True).status_code == 200


def test_moving_to_another_provider_and_back(case, on, settings, tmp_path):
    make.fill(make.OPERATOR, 1)
    with keyring.keyring():
        before = make.everything()
    other = "file" if case.name != "file" else "aws-kms"
    if other == "aws-kms":
        pytest.skip("the others move to the file provider and back")
    settings.ALCOVE = replace(settings.ALCOVE, root_key_file=tmp_path / "moved.key")
    house.configure(settings.ALCOVE)
    house.unlock()
    keys.move_to_provider(make.OPERATOR, other)
    house.forget()
    with pytest.raises(VaultShut, match=f"wrapped by provider {other}"):
        house.unlock()
    house.configure(replace(settings.ALCOVE, key_provider=other))
    with keyring.keyring():
        assert make.everything() == before
    keys.move_to_provider(make.OPERATOR, case.name)
    house.configure(settings.ALCOVE)
    with keyring.keyring():
        assert make.everything() == before


# What only one of them can get wrong ----------------------------------------------------------------------------


def test_the_file_is_refused_when_others_can_read_it(tmp_path):
    holder = provider(replace(Config(), root_key_file=tmp_path / "root.key"), "ab")
    holder.create_root()
    assert os.stat(tmp_path / "root.key").st_mode & 0o777 == 0o600
    (tmp_path / "root.key").chmod(0o640)
    with pytest.raises(VaultShut, match="chmod 600"):
        holder.root_id()


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"current": "x"}', "\xff", '{"current": "x", "keys": 3}']
)
def test_a_damaged_file_is_no_key(tmp_path, content):
    path = tmp_path / "root.key"
    path.write_text(content, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(VaultShut, match="no usable root key"):
        provider(replace(Config(), root_key_file=path), "ab").root_id()


def test_the_root_key_is_in_no_column_and_no_other_file(practice, settings, tmp_path):
    make.fill(make.OPERATOR, 1)
    roots = json.loads(settings.ALCOVE.root_keys.read_text())["keys"].values()
    for path in Path(settings.ALCOVE.home).rglob("*"):
        if path.is_file() and path != settings.ALCOVE.root_keys:
            content = path.read_bytes()
            assert not any(root.encode() in content or bytes.fromhex(root) in content for root in roots), path


@hsm.needed
class TestToken:
    @pytest.fixture
    def token(self, tmp_path, monkeypatch):
        from alcove.security.vault.providers import pkcs11

        made = hsm.Token.make(tmp_path / "hsm")
        monkeypatch.setenv("SOFTHSM2_CONF", made.environment["SOFTHSM2_CONF"])
        pkcs11._held.clear()
        yield made
        pkcs11._held.clear()

    def holder(self, token, practice="ab", **changed):
        return provider(replace(Config(), **{**token.settings, **changed}), practice)

    def test_the_root_never_leaves_the_token(self, token):
        import pkcs11
        from pkcs11 import Attribute, Mechanism

        holder = self.holder(token)
        root = holder.create_root()
        with holder._session(rw=True) as session:
            key = holder._key(session, root)
            assert key[Attribute.SENSITIVE] is True
            assert key[Attribute.EXTRACTABLE] is False
            assert key[Attribute.ALWAYS_SENSITIVE] is True
            assert key[Attribute.NEVER_EXTRACTABLE] is True
            with pytest.raises(pkcs11.AttributeSensitive):
                _ = key[Attribute.VALUE]
            # Nor wrapped under a key of the thief's own, nor made readable afterwards.
            own = session.generate_key(pkcs11.KeyType.AES, 256, template={Attribute.WRAP: True})
            with pytest.raises(pkcs11.PKCS11Error):
                own.wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP)
            with pytest.raises(pkcs11.PKCS11Error):
                key[Attribute.EXTRACTABLE] = True

    def test_the_root_is_in_no_file_of_the_token_in_clear(self, token):
        holder = self.holder(token)
        root = holder.create_root()
        blob = holder.wrap(SECRET, CONTEXT, root)
        for path in token.folder.rglob("*.object"):
            content = path.read_bytes()
            for at in range(len(content) - 31):
                with pytest.raises(VaultError):
                    crypto.open_sealed(
                        crypto.cipher(content[at : at + 32]), b"\x01\x00\x01" + blob, flat(CONTEXT)
                    )

    def test_a_wrong_pin_is_tried_once_and_not_again(self, token, practice, settings, monkeypatch):
        (token.folder / "pin").write_text("000000")
        settings.ALCOVE = replace(settings.ALCOVE, **token.settings)
        tried = []
        pin = provider(settings.ALCOVE, "ab").__class__._pin
        monkeypatch.setattr(
            "alcove.security.vault.providers.pkcs11.Pkcs11Provider._pin",
            lambda self: tried.append(1) or pin(self),
        )
        house.configure(settings.ALCOVE)
        with rotation_writes():
            HouseKey.objects.update(provider="pkcs11", root_id="00" * 16)
        for _ in range(20):
            with pytest.raises(VaultShut, match="refuses the PIN") as shut:
                house.house()
        assert shut.value.is_final
        assert len(tried) == 1
        assert "000000" not in str(shut.value)

    def test_two_practices_on_one_token_keep_their_own_roots(self, token):
        first, second = self.holder(token, "aa"), self.holder(token, "bb")
        root = first.create_root()
        other = second.create_root()
        assert (first.roots(), second.roots()) == ([root], [other])
        second.retire_roots(second.create_root())
        assert first.roots() == [root]
        with pytest.raises(VaultShut):
            second.unwrap(first.wrap(SECRET, CONTEXT, root), CONTEXT, root)

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"pkcs11_token": "other"}, "is not there"),
            ({"pkcs11_module": Path("/nowhere.so")}, "does not answer"),
            ({"pkcs11_pin_file": Path("/nowhere")}, "PIN file cannot be read"),
        ],
    )
    def test_what_is_missing_is_named(self, token, changed, words):
        with pytest.raises(VaultShut, match=f"key provider pkcs11: .*{words}"):
            self.holder(token, **changed).root_id()

    def test_a_forked_process_goes_on(self, token):
        holder = self.holder(token)
        root = holder.create_root()
        blob = holder.wrap(SECRET, CONTEXT, root)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if holder.unwrap(blob, CONTEXT, root) == SECRET else 1
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert holder.unwrap(blob, CONTEXT, root) == SECRET


def rotation_writes():
    from alcove.security.access.writes import writing

    return writing("test")


def test_a_kms_key_that_is_disabled_shuts_the_vault(monkeypatch):
    with kms.server() as aws:
        for name, value in aws.environment.items():
            if name.startswith("AWS"):
                monkeypatch.setenv(name, value)
        holder = provider(replace(Config(), **aws.settings), "ab")
        aws.client.disable_key(KeyId=holder.root_id().rpartition("/")[2])
        with pytest.raises(VaultShut, match="Disabled"):
            holder.root_id()
        missing = provider(replace(Config(), **{**aws.settings, "kms_key_id": "alias/nothing"}), "ab")
        with pytest.raises(VaultShut, match="NotFoundException"):
            missing.root_id()
