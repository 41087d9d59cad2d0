"""How the database reads long lists, with statistics: along an index and no further than the page.

Joined with the tasks, the overdue list was read from the tasks as soon as SQLite had statistics: all of it.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from measures.access import Standing
from measures.models import Assignment, Event, Plan
from tests import make
from tests.make import at
from workflows import counters, overdue, queries
from workflows.overdue import Filter

COPIES = 60
EXPLAIN = {"postgresql": "EXPLAIN", "sqlite": "EXPLAIN QUERY PLAN"}
NOW = at(2020, 1, 15)


@pytest.fixture
def many(tacheng: Plan) -> None:
    make.many_times(COPIES)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def plan_of(found: QuerySet[Any]) -> list[str]:
    query, values = found.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"{EXPLAIN[connection.vendor]} {query}", values)
        return [str(line[-1]) for line in cursor.fetchall()]


def only_index(found: QuerySet[Any], index: str, table: str) -> bool:
    """Whether the table is read along that index, and not whole; on SQLite also: not sorted afterwards."""
    lines = plan_of(found)
    if connection.vendor == "postgresql":
        return any(index in line for line in lines) and not any(f"Seq Scan on {table}" in line for line in lines)
    return table in lines[0] and index in lines[0] and not any("FOR ORDER BY" in line for line in lines)


@pytest.mark.uncounted
@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("who", [make.INSPECTOR, "托里县·经办人"])
@pytest.mark.parametrize("wanted", [Filter(), Filter(measure="1", kind="main")])
def test_the_overdue_list_is_read_along_its_index(who: str, wanted: Filter) -> None:
    standing = Standing(make.person(who))
    found = overdue.found_by(standing, wanted, NOW)
    first, more = overdue.page(found, NOW, standing=standing)
    assert len(first) == queries.PAGE and more is not None
    second, _more = overdue.page(found, NOW, standing=standing, after=more)
    shown = [one.deadline.pk for one in [*first, *second]]
    assert shown == list(found.values_list("pk", flat=True)[: 2 * queries.PAGE])
    if connection.vendor == "postgresql" and not standing.sees_all:
        return  # few rows: it may well begin elsewhere
    for part in (found, overdue.from_here_on(found, more)):
        keys = part.values_list("due_at", "pk")[: queries.PAGE + 1]
        assert only_index(keys, "deadline_overdue", "measures_deadline"), plan_of(keys)


@pytest.mark.uncounted
@pytest.mark.usefixtures("many")
def test_the_sweep_reads_along_its_index() -> None:
    due = Assignment.objects.filter(light_until__lte=at(2019, 6, 20)).order_by("light_until")[: counters.BATCH]
    assert only_index(due, "assignment_light", "measures_assignment")


@pytest.mark.uncounted
@pytest.mark.usefixtures("many")
def test_the_latest_events_are_read_from_the_end_of_the_log() -> None:
    row = make.row("survey/654224")
    Event.objects.bulk_create(
        Event(assignment=row, kind=Event.Kind.REPORTED, at=at(2019, 6, 3)) for _number in range(3_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as asked:
        shown = queries.latest_events(row.plan)
    assert [event.pk for event in shown] == list(Event.objects.order_by("-id").values_list("pk", flat=True)[:12])
    with connection.cursor() as cursor:
        cursor.execute(f"{EXPLAIN[connection.vendor]} {asked[0]['sql']}")
        lines = [str(line[-1]) for line in cursor.fetchall()]
    assert not any("Sort" in line or "FOR ORDER BY" in line for line in lines), lines
