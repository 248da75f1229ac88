"""Signing in by a directory: its word is one factor, never a right; and everything a liar could try is refused."""

from __future__ import annotations

import base64
import hmac
import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pyotp
import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import RSAKey

from alcove.config import ConfigError, load
from alcove.security import policy_defaults as policy
from alcove.security.access.actors import Actor
from alcove.security.access.change import action
from alcove.security.access.models import Role
from alcove.security.access.writes import writing
from alcove.security.audit.models import Entry
from alcove.security.identity import actions, sessions, tokens
from alcove.security.identity.actions.directory_ties import tie_directory
from alcove.security.identity.models import (
    Challenge,
    DirectoryAccount,
    Membership,
    Notice,
    Person,
    Session,
    SignIn,
)
from alcove.security.identity.oidc import attempt, id_token, wire
from alcove.security.identity.oidc.id_token import Untrusted
from alcove.security.identity.policy import Door
from alcove.security.identity.tests.directory import CLIENT_ID, SECRET, Directory, elliptic, rsa, unsigned
from alcove.security.identity.tests.newcomers import put


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A busy machine answers late, and that is not what is tried here."""
    monkeypatch.setattr(wire, "TIMEOUT_SECONDS", 60.0)


@pytest.fixture
def directory(practice, settings, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    made = Directory()
    settings.ALCOVE = replace(
        django_settings.ALCOVE, oidc_issuer=made.issuer, oidc_client_id=CLIENT_ID, oidc_secret_file=secret
    )
    yield made
    made.close()
    wire.forget()


@pytest.fixture
def ground():
    """A directory, for what needs no practice."""
    made = Directory()
    yield made
    made.close()
    wire.forget()


def said(directory):
    """Return what the directory's next token says to whoever asked with the nonce ``asked``."""
    token = directory.signed("asked")
    known = wire.provider(directory.issuer)
    return id_token.read(token, known, client_id=CLIENT_ID, nonce="asked", now=timezone.now())


@pytest.fixture
def nurse(practice):
    return practice.person("practitioner")


@pytest.fixture
def visitor(practice):
    return practice.stranger()


def come_back(visitor, directory, **instead):
    """Leave for the directory, sign in there, and return the answer to coming back."""
    left = visitor.get("/sign-in/directory/")
    assert left.status_code == 302
    path = directory.sign_in(left.headers["Location"])
    given = {name: value[0] for name, value in parse_qs(urlsplit(path).query).items()} | instead
    return visitor.get(
        urlsplit(path).path, {name: value for name, value in given.items() if value is not None}
    )


def enrolled(person):
    """Give somebody an authenticator; return its secret."""
    factor = actions.begin_factor(actions.at_the_door(Actor.stranger(), person), person)
    with writing("a test"):
        factor.confirmed_at = timezone.now()
        factor.save()
    return factor.secret


def sign_out(visitor):
    """Leave no session and no cookie."""
    visitor.cookies.clear()
    with writing("a test"):
        Session.objects.all().delete()


def tied(visitor, directory, person):
    """Sign in once by directory and authenticator, which ties the two; return the authenticator's secret."""
    secret = enrolled(person)
    assert come_back(visitor, directory).headers["Location"] == "/sign-in/code/"
    assert visitor.post("/sign-in/code/", {"code": pyotp.TOTP(secret).now()}).headers["Location"] == "/"
    assert DirectoryAccount.objects.get().person_id == person.id
    sign_out(visitor)
    return secret


def refused(answer, why=""):
    """Whether an answer let nobody in, with the same words as always; ``why`` stands in the log alone."""
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "The directory’s answer does not let you in here." in page
    assert not Session.objects.exists()
    assert not SignIn.objects.exists()
    fields = Entry.objects.filter(event="identity.session.failed").order_by("-at_us", "-id").first().fields
    assert why in fields, fields
    assert answer.cookies[attempt.COOKIE].value == ""
    return True


# What it is for -----------------------------------------------------------------------------------------------------


def test_a_directory_signin_without_a_second_factor_is_stopped_at_the_factor_page(visitor, directory, nurse):
    secret = enrolled(nurse)
    answer = come_back(visitor, directory)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in/code/"
    assert not Session.objects.exists()
    assert visitor.get("/").headers["Location"] == "/sign-in/"
    assert visitor.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    assert not Session.objects.exists()
    assert visitor.post("/sign-in/code/", {"code": pyotp.TOTP(secret).now()}).headers["Location"] == "/"
    # Known now, and before the device gate like everybody else.
    assert visitor.get("/").headers["Location"] == "/device/"
    assert Entry.objects.filter(event="identity.directory.accepted").count() == 1
    assert Entry.objects.filter(event="identity.directory.tied").count() == 1
    assert Notice.objects.get(kind="factor_added").content["to"] == "practitioner@clinic.example"


def test_the_first_time_alcove_asks_for_its_own_factor_whatever_the_directory_says(visitor, directory, nurse):
    enrolled(nurse)
    directory.claims = {"amr": ["pwd", "mfa"], "auth_time": int(time.time())}
    assert come_back(visitor, directory).headers["Location"] == "/sign-in/code/"
    assert not Session.objects.exists()
    assert not DirectoryAccount.objects.exists()


def test_a_second_factor_given_to_the_directory_counts_once_the_two_are_tied(visitor, directory, nurse):
    tied(visitor, directory, nurse)
    proved = int(time.time()) - 600
    directory.claims = {"amr": ["pwd", "mfa"], "auth_time": proved}
    answer = come_back(visitor, directory)
    assert answer.headers["Location"] == "/"
    assert answer.cookies[sessions.COOKIE]["httponly"]
    session = Session.objects.get()
    assert session.method == "directory"
    assert session.device_id is None
    # Fresh is what the directory saw lately, not what it says now.
    assert int(session.proved_at.timestamp()) == proved
    assert visitor.get("/").headers["Location"] == "/device/"
    assert not SignIn.objects.exists()


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"amr": ["pwd"]},
        {"amr": "mfa"},
        {"amr": ["pwd", "otp"]},
        {"amr": ["mfa"]},
        {"amr": ["mfa"], "auth_time": "now"},
        {"amr": ["mfa"], "auth_time": int(time.time()) + 3600},
        {"amr": ["mfa"], "auth_time": int(time.time() - policy.DIRECTORY_PROOF_LIFE.total_seconds()) - 5},
    ],
    ids=["silent", "password", "no list", "one word alone", "no time", "no number", "tomorrow", "old"],
)
def test_what_does_not_say_that_a_second_factor_was_given_lately_waives_nothing(
    visitor, directory, nurse, claims
):
    tied(visitor, directory, nurse)
    directory.claims = claims
    assert come_back(visitor, directory).headers["Location"] == "/sign-in/code/"
    assert not Session.objects.exists()


def test_the_practice_chooses_which_words_count(visitor, directory, nurse, settings):
    tied(visitor, directory, nurse)
    directory.claims = {"amr": ["pwd", "hwk"], "auth_time": int(time.time())}
    settings.ALCOVE = replace(settings.ALCOVE, oidc_second_factor=("mfa", "hwk"))
    assert come_back(visitor, directory).headers["Location"] == "/"
    settings.ALCOVE = replace(settings.ALCOVE, oidc_second_factor=("none",))
    sign_out(visitor)
    assert come_back(visitor, directory).headers["Location"] == "/sign-in/code/"


def test_owners_give_their_own_factor_whatever_the_directory_says(visitor, directory, practice):
    directory.claims = {"email": practice.owner.email}
    tied(visitor, directory, practice.owner)
    directory.claims |= {"amr": ["mfa"], "auth_time": int(time.time())}
    assert come_back(visitor, directory).headers["Location"] == "/sign-in/code/"
    assert not Session.objects.exists()


def test_a_group_of_the_directory_grants_nothing_and_makes_nobody(visitor, directory, nurse):
    before = list(Membership.objects.values_list("person_id", "role_id"))
    people = Person.objects.count()
    directory.claims = {"groups": ["owner", "Owner"], "roles": ["owner"], "role": "owner", "sub": "owner"}
    enrolled(nurse)
    come_back(visitor, directory)
    assert list(Membership.objects.values_list("person_id", "role_id")) == before
    owners = Membership.objects.filter(role=Role.objects.get(key="owner"))
    assert not owners.filter(person=nurse).exists()
    directory.claims |= {"email": "boss@clinic.example"}
    SignIn.objects.all().delete()
    assert refused(come_back(visitor, directory), "nobody here")
    assert Person.objects.count() == people


def test_the_page_offers_the_directory_only_where_there_is_one(visitor, practice, directory, settings):
    assert "/sign-in/directory/" in visitor.get("/sign-in/").content.decode()
    settings.ALCOVE = replace(settings.ALCOVE, oidc_issuer="")
    assert "/sign-in/directory/" not in visitor.get("/sign-in/").content.decode()
    assert visitor.get("/sign-in/directory/").status_code == 404
    assert visitor.get("/sign-in/directory/back/?code=x&state=y").status_code == 404


# Attacks on the token -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "of another sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"aud": "another client"}, "audience"),
        ({"aud": ["another client"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": [CLIENT_ID, "another client"]}, "audience"),
        ({"aud": [CLIENT_ID, "another client"], "azp": "another client"}, "audience"),
        ({"azp": "another client"}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"exp": int(time.time()) - 120}, "expired"),
        ({"exp": None}, "expired"),
        ({"exp": "never"}, "expired"),
        ({"exp": True}, "expired"),
        ({"iat": int(time.time()) - 3600}, "issued"),
        ({"iat": int(time.time()) + 3600}, "issued"),
        ({"iat": None}, "issued"),
        ({"nbf": int(time.time()) + 3600}, "issued"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": 7}, "subject"),
        ({"email_verified": False}, "e-mail"),
        ({"email_verified": None}, "e-mail"),
        ({"email_verified": "true"}, "e-mail"),
        ({"email_verified": 1}, "e-mail"),
        ({"email": None}, "e-mail"),
        ({"email": ["practitioner@clinic.example"]}, "e-mail"),
        # The Kelvin sign becomes an ordinary k in small letters.
        ({"email": "\u212aate@clinic.example"}, "e-mail"),
    ],
)
def test_a_token_that_does_not_fit_does_not_count(ground, claims, why):
    ground.claims = claims
    with pytest.raises(Untrusted, match=f"^{why}$"):
        said(ground)


def test_a_token_that_fits_says_who_it_is_and_how(ground):
    ground.claims = {"aud": [CLIENT_ID], "azp": CLIENT_ID, "amr": ["pwd", 7], "email": "Kate@Clinic.example"}
    found = said(ground)
    assert (found.subject, found.email, found.ways) == ("7c1e", "kate@clinic.example", {"pwd"})
    assert found.proved_at is None


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "of another sign-in"}, "nonce"),
        ({"aud": "another client"}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"exp": int(time.time()) - 120}, "expired"),
        ({"email_verified": False}, "e-mail"),
        ({"email": "nobody@clinic.example"}, "nobody here"),
    ],
)
def test_whoever_brings_such_a_token_stays_out(visitor, directory, nurse, claims, why):
    directory.claims = claims
    assert refused(come_back(visitor, directory), why)


def _hs256_with_public_key(directory):
    def token(header, claims):
        signed = unsigned(header | {"alg": "HS256"}, claims).rstrip(".")
        mac = hmac.digest(directory.key.as_pem(private=False), signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    return token


def _other_key(header, claims):
    return jwt.encode(header, claims, rsa("other"), ["RS256"])


def _key_in_header(header, claims):
    key = elliptic("other")
    header |= {"jwk": key.as_dict(private=False), "kid": "other", "alg": "ES256"}
    return jwt.encode(header, claims, key, ["ES256"])


def _none(header, claims):
    return unsigned(header | {"alg": "none"}, claims)


def _no_signature(header, claims):
    return unsigned(header, claims)


def _critical(header, claims):
    return unsigned(header | {"crit": ["b64"], "b64": False}, claims)


def _bent(directory):
    def token(header, claims):
        head, body, signature = jwt.encode(header, claims, directory.key, ["RS256"]).split(".")
        other = jwt.encode(
            header, claims | {"email": "owner@clinic.example"}, directory.key, ["RS256"]
        ).split(".")[1]
        assert other != body
        return f"{head}.{other}.{signature}"

    return token


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda _: _none, "algorithm"),
        (_hs256_with_public_key, "algorithm"),
        (lambda _: _no_signature, "signature"),
        (lambda _: _critical, "algorithm"),
        (lambda _: _other_key, "signature"),
        (lambda _: _key_in_header, "key"),
        (_bent, "signature"),
        (lambda _: lambda *_: "not.a.token", "signature"),
        (lambda _: lambda *_: "", "signature"),
        (lambda _: lambda *_: "." * 5, "signature"),
        (lambda _: lambda *_: "x" * 200_000, "signature"),
    ],
    ids=[
        "none",
        "HS256",
        "unsigned",
        "crit",
        "other key",
        "key in header",
        "bent",
        "words",
        "empty",
        "dots",
        "huge",
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_token_the_directory_did_not_sign_does_not_count(ground, made, why):
    ground.token = made(ground)
    with pytest.raises(Untrusted, match=f"^{why}$"):
        said(ground)


@pytest.mark.parametrize(("made", "why"), [(lambda _: _none, "algorithm"), (_hs256_with_public_key, "algorithm"), (lambda _: _other_key, "signature")], ids=["none", "HS256", "other key"])  # fmt: skip
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_whoever_brings_a_forged_token_stays_out(visitor, directory, nurse, made, why):
    directory.token = made(directory)
    assert refused(come_back(visitor, directory), why)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_short_key_is_no_key(ground):
    ground.key = RSAKey.generate_key(1024, {"kid": "short"})
    ground.keys = [ground.key]
    with pytest.raises(Untrusted, match=r"^key$"):
        said(ground)


def test_an_algorithm_the_directory_does_not_offer_does_not_count(ground):
    ground.header = {"alg": "RS512"}
    with pytest.raises(Untrusted, match=r"^algorithm$"):
        said(ground)


def test_a_token_without_a_key_id_counts_where_one_key_fits(ground):
    ground.header = {"kid": "made up"}
    with pytest.raises(Untrusted, match=r"^key$"):
        said(ground)
    ground.token = lambda header, claims: jwt.encode({"alg": "RS256"}, claims, ground.key, ["RS256"])
    assert said(ground).subject == "7c1e"
    ground.keys = [*ground.keys, rsa("other")]
    wire.forget()
    with pytest.raises(Untrusted, match=r"^key$"):
        said(ground)


def test_elliptic_keys_count_and_a_new_key_is_read_once(visitor, directory, nurse):
    enrolled(nurse)
    assert come_back(visitor, directory).headers["Location"] == "/sign-in/code/"
    directory.key = elliptic("second")
    directory.header = {"alg": "ES256"}
    directory.keys = [*directory.keys, directory.key]
    assert come_back(visitor, directory).headers["Location"] == "/sign-in/code/"
    read = directory.requests.count("/keys")
    directory.header |= {"kid": "made up"}
    for _ in range(2):
        assert come_back(visitor, directory).status_code == 403
    assert directory.requests.count("/keys") == read


# Attacks on the way -------------------------------------------------------------------------------------------------


def test_an_answer_in_another_browser_counts_for_nothing(visitor, directory, practice, nurse):
    path = directory.sign_in(visitor.get("/sign-in/directory/").headers["Location"])
    assert refused(practice.stranger().get(path), "state")
    # And the code was not spent: it never left for the directory.
    assert "/token" not in directory.requests


def test_somebody_elses_answer_in_this_browser_counts_for_nothing(visitor, directory, practice, nurse):
    theirs = directory.sign_in(practice.stranger().get("/sign-in/directory/").headers["Location"])
    visitor.get("/sign-in/directory/")
    assert refused(visitor.get(theirs), "state")


@pytest.mark.parametrize("state", [None, "", "x", "é", "x" * 5000])
def test_a_made_up_state_counts_for_nothing(visitor, directory, nurse, state):
    assert refused(come_back(visitor, directory, state=state), "state")


def test_an_answer_counts_once_even_where_the_directory_takes_its_code_twice(
    visitor, directory, practice, nurse
):
    left = visitor.get("/sign-in/directory/")
    kept = left.cookies[attempt.COOKIE].value
    path = directory.sign_in(left.headers["Location"])
    held = dict(directory.codes)
    assert visitor.get(path).headers["Location"] == "/sign-in/code/"
    SignIn.objects.all().delete()
    directory.codes = held
    thief = practice.stranger()
    thief.cookies[attempt.COOKIE] = kept
    assert refused(thief.get(path), "replay")


def test_a_question_that_failed_takes_no_second_answer(visitor, directory, practice, nurse):
    left = visitor.get("/sign-in/directory/")
    kept = left.cookies[attempt.COOKIE].value
    path = directory.sign_in(left.headers["Location"])
    held = dict(directory.codes)
    directory.claims = {"nonce": "wrong"}
    assert visitor.get(path).status_code == 403
    directory.claims, directory.codes = {}, held
    visitor.cookies[attempt.COOKIE] = kept
    assert refused(visitor.get(path), "replay")


def test_an_answer_that_comes_late_counts_for_nothing(visitor, directory, nurse, monkeypatch):
    left = visitor.get("/sign-in/directory/")
    path = directory.sign_in(left.headers["Location"])
    later = timezone.now() + policy.SIGN_IN_STAGE_LIFE + timedelta(seconds=1)
    monkeypatch.setattr("alcove.security.identity.views.by_directory.timezone.now", lambda: later)
    assert visitor.get(path).status_code == 403
    assert "/token" not in directory.requests


@pytest.mark.parametrize("cookie", ["", "x", "é", "A" * 53, "A" * 54, "_" * 54, "A" * 4000])
def test_a_made_up_cookie_counts_for_nothing(visitor, directory, nurse, cookie):
    visitor.cookies[attempt.COOKIE] = cookie
    assert refused(visitor.get("/sign-in/directory/back/?code=x&state=x"), "state")


@pytest.mark.parametrize("named", ["https://evil.example", "", None])
def test_an_answer_of_another_issuer_is_refused_before_the_code_is_sent_anywhere(
    visitor, directory, nurse, named
):
    assert refused(come_back(visitor, directory, iss=named), "issuer")
    assert "/token" not in directory.requests


def test_the_way_back_and_the_way_on_are_fixed(visitor, directory, nurse, settings):
    left = visitor.get(
        "/sign-in/directory/?next=https://evil.example&redirect_uri=https://evil.example",
        headers={"host": "127.0.0.1"},
    )
    asked = parse_qs(urlsplit(left.headers["Location"]).query)
    assert asked["redirect_uri"] == [settings.ALCOVE.public_address + "/sign-in/directory/back/"]
    assert "evil" not in left.headers["Location"]
    visitor.cookies.clear()
    more = {"next": "https://evil.example", "redirect_uri": "//evil.example", "return_to": "//evil.example"}
    assert come_back(visitor, directory, **more).headers["Location"] == "/sign-in/code/"


def test_neither_secret_nor_verifier_nor_nonce_can_be_read_from_where_the_browser_is_sent(
    visitor, directory, nurse
):
    left = visitor.get("/sign-in/directory/")
    cookie = left.cookies[attempt.COOKIE]
    asked = parse_qs(urlsplit(left.headers["Location"]).query)
    assert SECRET not in left.headers["Location"]
    assert cookie.value not in left.headers["Location"]
    assert len({asked["state"][0], asked["nonce"][0], asked["code_challenge"][0], cookie.value}) == 4
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_an_error_of_the_directory_is_refused_and_never_shown(visitor, directory, nurse):
    answer = come_back(
        visitor, directory, code=None, error="access_denied", error_description="<b>call 555</b>"
    )
    assert refused(answer, "no code")
    assert "555" not in answer.content.decode()


def test_guessing_at_the_way_back_is_counted(visitor, directory, nurse):
    for _ in range(policy.ATTEMPTS_IN_WINDOW):
        assert visitor.get("/sign-in/directory/back/?code=x&state=x").status_code == 403
    assert visitor.get("/sign-in/directory/back/?code=x&state=x").status_code == 429


# Attacks on the account ---------------------------------------------------------------------------------------------


def test_a_suspended_account_and_a_leaver_are_answered_like_nobody(visitor, directory, practice, nurse):
    put(nurse, suspended_at=timezone.now())
    assert refused(come_back(visitor, directory), "nobody here")
    put(nurse, suspended_at=None, leaves_at=timezone.now() - timedelta(seconds=1))
    assert refused(come_back(visitor, directory), "nobody here")
    directory.claims = {"email": "nobody@clinic.example"}
    assert refused(come_back(visitor, directory), "nobody here")
    assert not Entry.objects.filter(event="identity.session.failed", actor_id=nurse.id).exists()


def test_someone_who_left_between_directory_and_factor_stays_out(visitor, directory, nurse):
    secret = enrolled(nurse)
    come_back(visitor, directory)
    put(nurse, leaves_at=timezone.now() - timedelta(seconds=1))
    assert visitor.post("/sign-in/code/", {"code": pyotp.TOTP(secret).now()}).status_code == 403
    assert not Session.objects.exists()
    assert not DirectoryAccount.objects.exists()


def test_a_patient_with_the_same_address_is_not_reached(visitor, directory, nurse):
    put(nurse, email="else@clinic.example")
    put(Person.objects.get(pk=nurse.pk), kind="patient", email="practitioner@clinic.example")
    assert refused(come_back(visitor, directory), "nobody here")


def test_an_address_that_was_given_to_a_successor_does_not_open_the_old_account(visitor, directory, nurse):
    tied(visitor, directory, nurse)
    directory.claims = {"sub": "the successor"}
    assert refused(come_back(visitor, directory), "nobody here")


def test_a_directory_account_whose_address_was_changed_does_not_open_a_colleagues(
    visitor, directory, practice, nurse
):
    tied(visitor, directory, nurse)
    practice.person("front_desk")
    directory.claims = {"email": "front_desk@clinic.example", "amr": ["mfa"], "auth_time": int(time.time())}
    assert refused(come_back(visitor, directory), "nobody here")


def test_whoever_loses_their_factors_or_leaves_loses_the_tie_too(visitor, directory, practice, nurse):
    tied(visitor, directory, nurse)
    actions.reset_factors(Actor.operator("test"), nurse)
    assert not DirectoryAccount.objects.exists()
    SignIn.objects.all().delete()
    directory.claims = {"amr": ["mfa"], "auth_time": int(time.time())}
    assert come_back(visitor, directory).headers["Location"] == "/sign-in/code/"
    assert not Session.objects.exists()


# A directory that is ill --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [(500, {}), (302, {}), (200, b"<html>"), (200, b"[]"), (200, b"x" * 300_000)],
    ids=["broken", "elsewhere", "a page", "a list", "huge"],
)
def test_a_directory_that_does_not_answer_as_one_is_down(ground, answer):
    ground.answer = answer
    with pytest.raises(wire.DirectoryDown):
        wire.provider(ground.issuer)
    assert "/elsewhere" not in ground.requests


def test_whoever_meets_a_directory_that_is_down_is_told_so(visitor, directory):
    directory.answer = (500, {})
    page = visitor.get("/sign-in/directory/")
    assert page.status_code == 503
    assert "The directory does not answer." in page.content.decode()


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
    ],
)
def test_a_description_that_is_not_safe_is_not_followed(ground, said):
    ground.said = said
    with pytest.raises(wire.DirectoryDown):
        wire.provider(ground.issuer)


def test_a_code_the_directory_refuses_says_that_it_is_down_and_lets_nobody_in(visitor, directory, nurse):
    answer = come_back(visitor, directory, code="made-up")
    assert answer.status_code == 503
    assert not Session.objects.exists()
    assert not SignIn.objects.exists()
    assert Challenge.objects.filter(purpose="directory").count() == 1


def test_nothing_of_the_directorys_answer_stands_in_the_log(visitor, directory, nurse):
    enrolled(nurse)
    come_back(visitor, directory)
    directory.claims = {"sub": "the successor", "email": "secret.person@clinic.example"}
    come_back(visitor, directory)
    said = " ".join(f"{entry.object} {entry.fields} {entry.reason}" for entry in Entry.objects.all())
    assert "secret.person" not in said
    assert "successor" not in said


# Settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "issuer",
    [
        "http://directory.example",
        "https://a@directory.example",
        "https://directory.example?x=1",
        "https://",
        "ftp://x",
    ],
)
def test_an_issuer_that_cannot_be_trusted_stops_the_start(issuer, tmp_path):
    given = {"ALCOVE_HOME": str(tmp_path), "ALCOVE_OIDC_CLIENT_ID": "x", "ALCOVE_OIDC_SECRET_FILE": "/x"}
    load(given | {"ALCOVE_OIDC_ISSUER": "https://directory.example/tenant"})
    with pytest.raises(ConfigError, match="ALCOVE_OIDC_ISSUER"):
        load(given | {"ALCOVE_OIDC_ISSUER": issuer})


def test_an_issuer_needs_a_client_and_its_secret(tmp_path):
    with pytest.raises(ConfigError, match="ALCOVE_OIDC_SECRET_FILE"):
        load({"ALCOVE_HOME": str(tmp_path), "ALCOVE_OIDC_ISSUER": "https://directory.example"})


def test_a_state_belongs_to_one_issuer_and_one_client(practice):
    now = timezone.now()
    asked = attempt.begun("https://one.example", "alcove", now)
    assert attempt.remembered("https://one.example", "alcove", asked.cookie, now) == asked
    for issuer, client in (("https://two.example", "alcove"), ("https://one.example", "else")):
        other = attempt.remembered(issuer, client, asked.cookie, now)
        assert not other.fits(asked.state)
        assert other.nonce != asked.nonce
    assert (
        attempt.remembered("https://one.example", "alcove", asked.cookie, now + policy.SIGN_IN_STAGE_LIFE)
        is None
    )
    assert tokens.digest(asked.state) != tokens.digest(asked.nonce)
    assert urlencode({"v": asked.verifier}) == "v=" + asked.verifier


# Parting ----------------------------------------------------------------------------------------------------------


@action(Door.PASS)
def _tie(change, person, subject="a" * 64):
    tie_directory(change, person, subject)


def test_an_owner_parts_an_account_from_the_directory_and_what_came_by_it_is_over(practice):
    person = practice.person("practitioner")
    _tie(actions.at_the_door(Actor.stranger(), person), person)
    with writing("test"):
        came = Session.objects.create(person=person, digest=tokens.new_token()[1], method="directory")
        other = Session.objects.create(person=person, digest=tokens.new_token()[1], method="passkey")
        SignIn.objects.create(person=person, digest=tokens.new_token()[1], method="directory")
    url = f"/setup/people/{person.id}/untie/"
    assert practice.signed_in("manager").post(url).status_code == 403
    owner = practice.signed_in("owner")
    assert b"Part from the directory" in owner.get(f"/setup/people/{person.id}/").content
    assert owner.post(url).status_code == 302
    assert not DirectoryAccount.objects.exists() and not SignIn.objects.exists()
    came.refresh_from_db()
    other.refresh_from_db()
    assert came.ended_at is not None and other.ended_at is None
    assert Entry.objects.filter(event="identity.directory.untied").count() == 1
    assert owner.post(url).status_code == 409


def test_parting_asks_for_a_factor_given_just_now(practice):
    person = practice.person("practitioner")
    _tie(actions.at_the_door(Actor.stranger(), person), person)
    for role, url in (
        ("owner", f"/setup/people/{person.id}/untie/"),
        ("practitioner", "/account/directory/untie/"),
    ):
        browser = practice.signed_in(role)
        with writing("test"):
            Session.objects.filter(person=practice.person(role)).update(
                proved_at=timezone.now() - timedelta(minutes=6)
            )
        assert browser.post(url).headers["Location"].startswith("/prove-it-is-you/")
    assert DirectoryAccount.objects.count() == 1


def test_one_parts_ones_own_account_and_may_be_tied_to_another(practice):
    person = practice.person("practitioner")
    _tie(actions.at_the_door(Actor.stranger(), person), person)
    browser = practice.signed_in("practitioner")
    assert b"Part from the directory" in browser.get("/account/").content
    assert browser.post("/account/directory/untie/").status_code == 302
    _tie(actions.at_the_door(Actor.stranger(), person), person, "b" * 64)
    assert DirectoryAccount.objects.get().subject == "b" * 64
