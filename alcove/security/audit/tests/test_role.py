"""On PostgreSQL the program's role inserts into the log and nothing else; the triggers refuse even the owner."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from alcove.compliance import tasks as compliance_tasks
from alcove.project.database import APPEND_ONLY, ROLE, grant
from alcove.security.access.opening import entry, record_now
from alcove.security.access.policy import Did
from alcove.security.access.writes import writing
from alcove.security.audit import chain, pen
from alcove.security.audit.models import Entry, Origin
from alcove.security.audit.tests import log
from alcove.security.vault.tests.make import OPERATOR

pytestmark = pytest.mark.postgresql

DEEDS = (
    "UPDATE {table} SET key_version = 9",
    "UPDATE {table} SET key_version = 9 WHERE false",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT DO NOTHING; UPDATE {table} SET key_version = 1",
)


@pytest.fixture
def small(practice):
    if connection.vendor != "postgresql":
        pytest.skip("set ALCOVE_DATABASE_URL to a PostgreSQL server to test its roles")
    with writing("test"):
        grant()
    log.small(each=2)
    return practice


@pytest.fixture
def as_program(small):
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def refused(statement, words):
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        log.sql(statement)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("deed", DEEDS)
def test_the_program_may_not_change_the_log(as_program, table, deed):
    before = Entry.objects.count()
    refused(deed.format(table=table), "permission denied")
    assert Entry.objects.count() == before
    assert chain.verify().holds


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", [
    "ALTER TABLE {table} DISABLE TRIGGER ALL", "ALTER TABLE {table} OWNER TO alcove_app", "DROP TABLE {table}",
    "DROP TRIGGER {table}_append_only ON {table}", "DROP FUNCTION {table}_append_only() CASCADE",
    "GRANT ALL ON {table} TO alcove_app", "CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
])  # fmt: skip
def test_the_program_may_not_lift_what_guards_the_log(as_program, table, statement):
    try:
        with transaction.atomic():
            log.sql(statement.format(table=table))
    except DatabaseError as error:
        assert "must be owner" in str(error) or "permission denied" in str(error)
    else:
        # PostgreSQL answers a GRANT of what one does not own with a warning, and grants nothing.
        assert statement.startswith("GRANT")
    refused(f"DELETE FROM {table}", "permission denied")


def test_the_program_writes_and_links(as_program):
    before = Entry.objects.count()
    record_now(entry(OPERATOR, Did.CARD_OPENED))
    chain.Sequencer().link()
    assert Entry.objects.count() == before + 1
    assert chain.verify().holds


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "deed", ["UPDATE {table} SET key_version = 9", "DELETE FROM {table}", "TRUNCATE {table}"]
)
def test_the_triggers_refuse_the_owner_as_well(small, table, deed):
    refused(deed.format(table=table), "takes inserts only")
    assert chain.verify().holds


def test_the_program_may_drop_old_addresses_and_the_log_holds(as_program):
    with writing("an origin, for a test"):
        origin = pen.origin_id("203.0.113.9", "Firefox")
        Origin.objects.filter(pk=origin).update(on_day="2020-01-01")
    assert compliance_tasks.drop_addresses() == 1
    assert not Origin.objects.filter(pk=origin).exists()
    assert chain.verify().holds
