"""The stages pages are looked at on: the plan just issued, and the demonstration as it stands on 20 August.

The demonstration takes seconds to live through, so it is done once a session and kept, as the plan is.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from bureaus import calendars, clock
from measures import loading, plan_file
from measures.models import Plan
from tests import make
from tests.conftest import _has_rows, _without_checks
from tests.measures.plan_command import TACHENG
from workflows import actions, demonstration, ladders

LIVED = "lived_"


@pytest.fixture(scope="session")
def _lived_tables(_kept_tables: list[str], django_db_blocker: DjangoDbBlocker) -> list[str]:
    """Live through the demonstration, put every row aside, and leave the database as empty as it was."""
    tables = list(dict.fromkeys(model._meta.db_table for model in apps.get_models(include_auto_created=True)))
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        empty = [table for table in tables if not _has_rows(cursor, table)]
        demonstration.prepare(_load, lambda month: None)
        filled = [table for table in empty if _has_rows(cursor, table)]
        _without_checks(cursor)
        for table in [*filled, "django_content_type"]:
            cursor.execute(f"CREATE TABLE {LIVED}{table} AS SELECT * FROM {table}")
        for table in reversed(filled):
            cursor.execute(f"DELETE FROM {table}")
    calendars.forget()
    ladders.forget()
    return filled


def _load() -> None:
    loading.load(plan_file.read(TACHENG), now=demonstration.BEGINS)
    actions.load_ladders()


def _bring_back(tables: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        _without_checks(cursor)
        for table in tables:
            cursor.execute(f"INSERT INTO {table} SELECT * FROM {LIVED}{table}")
        # After a test that commits, Django makes its content types anew, under other numbers.
        cursor.execute(
            f"UPDATE viewflow_process SET artifact_content_type_id = (SELECT now.id FROM django_content_type now"
            f" JOIN {LIVED}django_content_type kept ON kept.app_label = now.app_label AND kept.model = now.model"
            f" WHERE kept.id = artifact_content_type_id)"
        )
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = origin")
            cursor.execute("\n".join(connection.ops.sequence_reset_sql(no_style(), list(apps.get_models()))))


@pytest.fixture
def lived(_lived_tables: list[str], db: None) -> Iterator[Plan]:
    """The demonstration as people find it, the clock held at Tuesday 20 August 2019, 09:00."""
    _bring_back(_lived_tables)
    with clock.standing_at(demonstration.STANDS):
        yield Plan.objects.get()


@pytest.fixture
def lived_committed(_lived_tables: list[str], transactional_db: None) -> Plan:
    """The same for a live server: committed, its made clock standing at 09:00 and running on."""
    _bring_back(_lived_tables)
    clock.set_made(demonstration.STANDS)
    return Plan.objects.get()


@pytest.fixture
def issued(tacheng: Plan) -> Iterator[Plan]:
    """The plan on its first working day, the clock held at Monday 3 June 2019, 10:00. Nobody has acted yet."""
    with clock.standing_at(make.at(2019, 6, 3, 10)):
        yield tacheng
