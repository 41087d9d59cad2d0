"""What holds rows fast can be lifted for a demonstration that begins afresh, and holds again afterwards."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from ledger import lifting
from ledger.actions import records
from ledger.models import AuditEvent, Statement, StatementCheck
from measures.models import Plan
from tests.ledger import stage


def _said() -> Statement:
    row = stage.person(stage.household())
    values = {"kind": "job", "answer": "no", "stated_on": date(2019, 8, 20), "stated_by": "self"}
    said: Statement = records.add("statement", row, by=stage.clerk(), now=stage.NOW, values=values)
    return said


def _emptied(table: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")


def _refused() -> None:
    for table in lifting.TABLES:
        with pytest.raises(IntegrityError):
            _emptied(table)
    with pytest.raises(IntegrityError), transaction.atomic():
        Statement.objects.update(answer="yes")


def test_lifted_rows_can_be_deleted_and_no_longer_when_it_is_left(tacheng: Plan) -> None:
    _said()
    connection.check_constraints()  # none is waiting: PostgreSQL drops no trigger while one is
    _refused()
    with suppress(RuntimeError), lifting.lifted():
        Statement.objects.update(answer="yes")
        raise RuntimeError("whatever goes wrong inside")
    _refused()
    with lifting.lifted():
        for table in lifting.TABLES:
            _emptied(table)
    assert not Statement.objects.exists()


@pytest.mark.parametrize("_time", [1, 2])
def test_a_test_that_commits_leaves_nothing_behind(_time: int, tacheng_committed: Plan) -> None:
    """The flush after the first is not refused; what points at a statement goes with it."""
    assert not Statement.objects.exists()
    assert not AuditEvent.objects.exists()
    StatementCheck.objects.create(statement=_said(), drawn_at=stage.NOW)


def test_a_demonstration_begins_afresh(tacheng_committed: Plan) -> None:
    """As `run --fresh` empties a database that is not the demonstration's to delete."""
    _said()
    with lifting.lifted():
        call_command("flush", verbosity=0, interactive=False)
    assert not Statement.objects.exists()
    assert not AuditEvent.objects.exists()
