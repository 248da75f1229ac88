"""What is forgotten does not start: each start-up check, guard and action is seen red by a planted fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.test.utils import isolate_apps
from django.urls import path

from alcove.clinic.clients.models import Client
from alcove.clinic.clients.policy import Clients, Did
from alcove.config import ConfigError, load, load_with_origins
from alcove.security.access import checks
from alcove.security.access.change import action
from alcove.security.access.errors import NothingRecorded, WriteRefused
from alcove.security.access.guards import guard, lookup, public, signed
from alcove.security.access.models import Role
from alcove.security.access.policy import Access, Open, Permission, right
from alcove.security.access.writes import refuse_strays
from alcove.security.audit.models import Entry
from alcove.security.vault.fields import SealedText, plain

EXAMPLE = "a column of this test, which is never filled"


# The program as a whole ---------------------------------------------------------------------------------------------


def test_the_program_is_sound():
    assert checks.all_findings() == []


def test_a_server_with_an_open_route_and_a_clear_column_does_not_start(tmp_path: Path):
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "__init__.py").touch()
    (planted / "models.py").write_text(
        dedent("""
        from django.db import models

        class Remark(models.Model):
            client = models.ForeignKey("clients.Client", models.CASCADE)
            words = models.TextField()
        """)
    )
    (planted / "settings.py").write_text(
        dedent("""
        from alcove.project.settings import *
        INSTALLED_APPS = [*INSTALLED_APPS, "planted"]
        ROOT_URLCONF = "planted.urls"
        """)
    )
    (planted / "urls.py").write_text(
        dedent("""
        from django.http import HttpResponse
        from django.urls import path
        from alcove.project.urls import urlpatterns as ours
        urlpatterns = [*ours, path("left-open/", lambda request: HttpResponse("in"))]
        """)
    )
    environment = {key: value for key, value in os.environ.items() if key != "ALCOVE_DATABASE_URL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "planted.settings", "PYTHONPATH": str(tmp_path)}
    environment |= {"ALCOVE_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", "import alcove.project.wsgi"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Alcove does not start" in done.stderr
    assert "A101: the route /left-open/ declares no right" in done.stderr
    assert "A102: planted.Remark.words could hold a client's words" in done.stderr


# Routes -------------------------------------------------------------------------------------------------------------


def _left_open(request): ...


class _OpenRoute:
    urlpatterns = (path("left-open/", _left_open),)


def test_a_route_without_a_guard_does_not_start(settings):
    settings.ROOT_URLCONF = _OpenRoute
    with pytest.raises(ImproperlyConfigured, match=r"A101: the route /left-open/ declares no right"):
        checks.refuse_to_start_unless_sound()


@pytest.mark.parametrize("permission", [Open.RECORD, Open.DIRECTORY, Access.VIEW])
def test_a_post_under_a_reading_permission_fails_at_import(permission):
    with pytest.raises(TypeError, match="a POST may not pass under the reading permission"):
        guard(GET=permission, POST=permission)


def test_a_guard_needs_a_method_and_takes_only_those_a_page_answers():
    with pytest.raises(TypeError, match="at least one method"):
        guard()
    with pytest.raises(TypeError, match="GET and POST, not DELETE"):
        guard(DELETE=Clients.EDIT)


@pytest.mark.parametrize("opener", [public, signed])
@pytest.mark.parametrize("reason", ["", "x"])
def test_a_route_open_to_strangers_needs_a_reason(opener, reason):
    with pytest.raises(TypeError, match="say why this route is open"):
        opener(reason)


def test_a_post_that_only_looks_something_up_needs_a_reason():
    with pytest.raises(TypeError, match="say why this POST only looks something up"):
        lookup(Open.DIRECTORY, "because")


def test_two_permissions_cannot_share_a_key():
    with pytest.raises(TypeError, match=r"two permissions are called clients\.edit"):

        class Again(Permission):
            EDIT = right("clients.edit", "Edit once more")


# Columns ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column",
    [
        models.TextField(), models.CharField(max_length=9), models.JSONField(), models.DateField(), models.BinaryField(),
        models.FileField(), models.ImageField(), models.EmailField(), models.URLField(), models.DecimalField(),
        models.FloatField(), models.DateTimeField(), models.GenericIPAddressField(), models.SlugField(),
    ],
    ids=lambda column: type(column).__name__,
)  # fmt: skip
@isolate_apps("alcove.clinic.clients")
def test_a_clear_column_beside_a_client_does_not_start(column):
    class Remark(models.Model):
        id = models.UUIDField(primary_key=True)
        client_id = models.UUIDField()
        words = column.clone()

        class Meta:
            app_label = "clients"

    assert [str(finding) for finding in checks.unsealed_columns([Remark])] == [
        "A102: clients.Remark.words could hold a client's words and is not sealed"
    ]


@isolate_apps("alcove.clinic.clients")
def test_a_sealed_column_and_one_with_a_reason_start():
    class Remark(models.Model):
        id = models.UUIDField(primary_key=True)
        client_id = models.UUIDField()
        words = SealedText(owner="client_id", label="clients.remark.words")
        kind = plain(EXAMPLE, models.CharField(max_length=9))

        class Meta:
            app_label = "clients"

    assert checks.unsealed_columns([Remark]) == []


@isolate_apps("alcove.clinic.clients")
def test_the_client_itself_is_no_exception():
    class Person(models.Model):
        id = models.UUIDField(primary_key=True)
        is_client = True
        nickname = models.TextField()

        class Meta:
            app_label = "clients"

    assert len(checks.unsealed_columns([Person])) == 1


def test_a_plain_column_needs_a_sentence():
    with pytest.raises(ValueError, match="say in a sentence why"):
        plain("short", models.TextField())


# Actions ------------------------------------------------------------------------------------------------------------


def test_an_action_under_a_reading_permission_fails_at_import():
    with pytest.raises(TypeError, match="an action may not stand under the reading permission"):
        action(Open.RECORD)


def test_an_action_that_records_nothing_rolls_back(practice):
    @action(Access.EDIT_ROLES)
    def rename_quietly(change):
        Role.objects.filter(key="marketing").update(name="Renamed")

    before = Entry.objects.count()
    with pytest.raises(NothingRecorded):
        rename_quietly(practice.actor("owner"))
    assert not Role.objects.filter(name="Renamed").exists()
    assert Entry.objects.count() == before


def test_an_action_that_fails_after_writing_leaves_nothing_and_no_entry(practice, client_card):
    @action(Clients.EDIT)
    def hide_and_fail(change, client_id):
        Client.objects.filter(pk=client_id).update(is_hidden=True)
        change.record(Did.HIDDEN, client_id=client_id)
        raise RuntimeError

    before = Entry.objects.count()
    with pytest.raises(RuntimeError):
        hide_and_fail(practice.actor("owner"), client_card.pk)
    assert not Client.objects.filter(is_hidden=True).exists()
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO access_role (id) VALUES (NULL)",
        "  insert  into access_role (id) VALUES (NULL)",
        "UPDATE access_role SET name = 'x'",
        "UPDATE \"access_role\" SET name = 'x'",
        "DELETE FROM access_role",
        "WITH one AS (SELECT 1) DELETE FROM access_role",
        "DROP TABLE access_role",
        "ALTER TABLE access_role ADD COLUMN x text",
    ],
)
def test_a_statement_that_writes_outside_an_action_is_refused(practice, statement):
    with pytest.raises(WriteRefused, match="outside an action"), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Role.objects.filter(key="marketing").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "-- a remark\nDELETE FROM access_role",
        "/* a remark */ DELETE FROM access_role",
        "SELECT 1; DELETE FROM access_role",
    ],
)
def test_a_remark_or_another_statement_before_does_not_hide_a_write(statement):
    with pytest.raises(WriteRefused):
        refuse_strays(lambda *_: None, statement, None, False, {})


# Settings -----------------------------------------------------------------------------------------------------------

SECRET = "hunter2-never-shown"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ALCOVE_HOEM": "x"}, "unknown setting ALCOVE_HOEM"),
        ({"ALCOVE_WEB_PROCESSES": "many"}, "ALCOVE_WEB_PROCESSES"),
        ({"ALCOVE_WEB_PROCESSES": "0"}, "ALCOVE_WEB_PROCESSES '0': must lie between 1 and 32"),
        ({"ALCOVE_DEBUG_LOG": "perhaps"}, "ALCOVE_DEBUG_LOG 'perhaps': must be yes or no"),
        ({"ALCOVE_KEY_PROVIDER": "drawer"}, "ALCOVE_KEY_PROVIDER 'drawer': must be one of"),
        ({"ALCOVE_KEY_PROVIDER": "pkcs11"}, "ALCOVE_KEY_PROVIDER is pkcs11: set ALCOVE_PKCS11_MODULE"),
        ({"ALCOVE_KEY_PROVIDER": "aws-kms"}, "ALCOVE_KEY_PROVIDER is aws-kms: set ALCOVE_KMS_KEY_ID"),
        ({"ALCOVE_BIND": "everywhere"}, "ALCOVE_BIND must be HOST:PORT"),
        (
            {"ALCOVE_DATABASE_URL": f"mysql://alcove:{SECRET}@db/alcove"},
            "ALCOVE_DATABASE_URL: must begin with",
        ),
    ],
)
def test_a_setting_that_cannot_stand_stops_the_start_by_name(tmp_path, environment, said):
    with pytest.raises(ConfigError) as stopped:
        load({"ALCOVE_HOME": str(tmp_path), **environment})
    assert said in str(stopped.value)
    assert SECRET not in str(stopped.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 'green'", "unknown setting 'colour'"),
        ("home = '/elsewhere'", "unknown setting 'home'"),
        ("web_processes = 'many'", "ALCOVE_WEB_PROCESSES"),
        ("web_processes", "is not valid TOML"),
        (f"database_url = 'mysql://alcove:{SECRET}@db/alcove'", "ALCOVE_DATABASE_URL: must begin with"),
        (f"database_url = 'postgresql://alcove:{SECRET}@db/x", "is not valid TOML"),
    ],
)
def test_the_file_of_settings_is_held_to_the_same(tmp_path, text, said):
    (tmp_path / "alcove.toml").write_text(text)
    with pytest.raises(ConfigError) as stopped:
        load({"ALCOVE_HOME": str(tmp_path)})
    assert said in str(stopped.value)
    assert SECRET not in str(stopped.value)


def test_the_environment_wins_over_the_file_and_no_secret_is_listed(tmp_path):
    (tmp_path / "alcove.toml").write_text("web_threads = 3\nweb_processes = 5")
    config, origins = load_with_origins(
        {
            "ALCOVE_HOME": str(tmp_path),
            "ALCOVE_WEB_THREADS": "9",
            "ALCOVE_DATABASE_URL": f"postgresql://alcove:{SECRET}@db/alcove",
        }
    )
    assert (config.web_threads, config.web_processes) == (9, 5)
    assert {item.name: item.origin for item in origins}["ALCOVE_WEB_THREADS"] == "environment"
    assert {item.name: item.origin for item in origins}["ALCOVE_WEB_PROCESSES"] == "alcove.toml"
    assert SECRET not in repr(origins)


def test_the_command_stops_by_name_and_shows_no_secret(tmp_path):
    environment = os.environ | {
        "ALCOVE_HOME": str(tmp_path),
        "ALCOVE_DATABASE_URL": f"mysql://alcove:{SECRET}@db/alcove",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from alcove.project.cli import main; raise SystemExit(main(['doctor']))"],
        env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 2
    assert "ALCOVE_DATABASE_URL" in done.stderr
    assert SECRET not in done.stdout + done.stderr
