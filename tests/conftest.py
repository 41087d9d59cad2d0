"""The stage most tests play on: the Tacheng plan with its cast, issued on Saturday 1 June 2019 at midnight.

Loading and issuing takes seconds, so it is done once a session and kept in tables of its own; a test
that asks for `tacheng` has everything copied back in some milliseconds.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import hypothesis
import pytest
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from bureaus import calendars
from bureaus.models import Calendar
from config.bootstrap import ROOT, die_with_parent
from ledger import lifting
from ledger.models import AuditEvent, Statement
from measures.models import Assignment, Plan
from tests import make
from workflows import actions, counters, ladders

KEPT = "kept_"
UNATTENDED = "simulate --plan tacheng-2019 --from 2019-06-01 --to 2021-01-31 --json"

# The same examples in every run: a test that fails, fails for everybody.
_LOGS = itertools.count()
hypothesis.settings.register_profile("duban", derandomize=True, deadline=None)
hypothesis.settings.load_profile("duban")

_unattended: subprocess.Popen[bytes] | None = None
_printed, _complained = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 as long as the session


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """On SQLite a file, as in real use, so that several connections see one database."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Ladders and calendars are read once and kept; what one test edits must not reach the next."""
    yield
    calendars.forget()
    ladders.forget()


@pytest.fixture(autouse=True)
def _own_second_log(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The second log of this process alone: parts that run beside each other share the folder of data."""
    settings.AUDIT_SINK = str(tmp_path_factory.getbasetemp() / f"audit-{next(_LOGS)}.jsonl")


@pytest.fixture(autouse=True)
def _held_fast_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the database lets nobody delete, not even the flush after a test that commits, is emptied before it."""
    if not {"transactional_db", "live_server"} & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("transactional_db")  # so that it is still there afterwards
    yield
    if AuditEvent.objects.exists() or Statement.objects.exists():
        with lifting.lifted(), connection.constraint_checks_disabled(), connection.cursor() as cursor:
            for table in lifting.TABLES:
                # What points at these rows goes with the flush.
                is_sqlite = connection.vendor == "sqlite"
                cursor.execute(f"DELETE FROM {table}" if is_sqlite else f"TRUNCATE {table} CASCADE")


@pytest.fixture(autouse=True)
def _counted(request: pytest.FixtureRequest, _nothing_remembered: None) -> Iterator[None]:
    """Whatever a test did through the product's doors, the counters are those of a full recount at its end.

    A test that writes work or dates itself, or edits a calendar, says so: `@pytest.mark.uncounted`.
    """
    names = {"db", "transactional_db"} & set(request.fixturenames)
    if not names or request.node.get_closest_marker("uncounted"):
        yield
        return
    for name in names:
        request.getfixturevalue(name)  # so that it is still there afterwards
    yield
    if connection.needs_rollback:
        return
    calendars.forget()
    found = [str(difference) for difference in counters.differences()]
    left = Assignment.objects.filter(light_until=counters.AT_ONCE).values_list("key", flat=True)
    assert found + [f"{key} was left uncounted" for key in left] == []


@pytest.fixture(scope="session")
def _kept_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> list[str]:
    """Issue the plan, put every row aside, and leave the database as empty as it was."""
    tables = list(dict.fromkeys(model._meta.db_table for model in apps.get_models(include_auto_created=True)))
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        empty = [table for table in tables if not _has_rows(cursor, table)]
        _issue_tacheng()
        filled = [table for table in empty if _has_rows(cursor, table)]
        put_aside(cursor, filled, KEPT)
    calendars.forget()
    ladders.forget()
    return filled


def _issue_tacheng() -> None:
    plan = make.load_tacheng(make.ISSUED)
    actions.start_plan(plan, by=make.person(make.SUPERVISION_HEAD), now=make.ISSUED)
    edits_are_applied()


def edits_are_applied() -> None:
    """As on any day but the one of an edit, however long the session lasts: dates are counted with the days entered."""
    for calendar in Calendar.objects.all():
        Calendar.objects.filter(pk=calendar.pk).update(applied=calendar.edition, edited_at=None)


def _has_rows(cursor, table: str) -> bool:
    cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
    return cursor.fetchone() is not None


def _without_checks(cursor) -> None:
    """The rows are whole as they are: until the transaction ends nothing is looked up for each of them."""
    if connection.vendor == "postgresql":
        cursor.execute("SET LOCAL session_replication_role = replica")


def put_aside(cursor: Any, tables: list[str], prefix: str) -> None:
    """Keep a copy of the rows in tables of their own, and empty these."""
    _without_checks(cursor)
    for table in [*tables, "django_content_type"]:
        cursor.execute(f"CREATE TABLE {prefix}{table} AS SELECT * FROM {table}")
    # On PostgreSQL no trigger fires without the checks; and none can be dropped while rows wait for theirs.
    with lifting.lifted() if connection.vendor == "sqlite" else nullcontext():
        for table in reversed(tables):
            cursor.execute(f"DELETE FROM {table}")


def bring_back(tables: list[str], prefix: str) -> None:
    """The rows put aside, where they were."""
    with transaction.atomic(), connection.cursor() as cursor:
        _without_checks(cursor)
        for table in tables:
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {prefix}{table}")
        # After a test that commits, Django makes its content types anew, under other numbers.
        cursor.execute(
            f"UPDATE viewflow_process SET artifact_content_type_id = (SELECT now.id FROM django_content_type now"
            f" JOIN {prefix}django_content_type kept ON kept.app_label = now.app_label AND kept.model = now.model"
            f" WHERE kept.id = artifact_content_type_id)"
        )
        if connection.vendor == "postgresql":
            # Those of many-to-many tables too: a row whose number is taken is left out there without a word.
            models = apps.get_models(include_auto_created=True)
            cursor.execute("SET LOCAL session_replication_role = origin")
            cursor.execute("\n".join(connection.ops.sequence_reset_sql(no_style(), models)))


@pytest.fixture
def tacheng(_kept_tables: list[str], db: None) -> Plan:
    """The Tacheng plan, issued at `make.ISSUED`, and everybody in post. Nothing has been done yet."""
    bring_back(_kept_tables, KEPT)
    return Plan.objects.get()


@pytest.fixture
def tacheng_committed(_kept_tables: list[str], transactional_db: None) -> Plan:
    """The same for tests in which several connections act: committed, and flushed afterwards."""
    bring_back(_kept_tables, KEPT)
    return Plan.objects.get()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin the twenty months beside the first tests, if any test will want them."""
    global _unattended
    wanted = any("unattended" in getattr(item, "fixturenames", ()) for item in session.items)
    if wanted and not session.config.option.collectonly:
        _unattended = subprocess.Popen(
            [sys.executable, "manage.py", *UNATTENDED.split()],
            cwd=ROOT,
            # A data folder that the tests throw away, and no database at all.
            env={**os.environ, "DATABASE_URL": "postgres://nobody:none@127.0.0.1:1/none"},
            stdin=subprocess.DEVNULL,
            stdout=_printed,
            stderr=_complained,
            preexec_fn=die_with_parent(),
        )


def pytest_unconfigure() -> None:
    if _unattended is not None and _unattended.poll() is None:
        _unattended.kill()
        _unattended.wait()


@pytest.fixture(scope="session")
def unattended() -> list[dict[str, Any]]:
    """What `manage.py simulate` prints for the twenty months in which nobody acts, line by line."""
    assert _unattended is not None
    code = _unattended.wait(300)
    _complained.seek(0)
    assert code == 0, _complained.read().decode()
    _printed.seek(0)
    return [json.loads(line) for line in _printed.read().decode("utf-8").splitlines()]
