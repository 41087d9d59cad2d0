"""How the database reads long lists, with statistics: along an index and no further than the page.

Joined with the tasks, the overdue list was read from the tasks as soon as SQLite had statistics: all of it.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from bureaus.access import Standing
from measures.models import Assignment, Event, Plan
from notifications import outbox
from notifications.models import Message
from tests import make
from tests.make import at
from workflows import counters, overdue, queries, told
from workflows.overdue import Filter
from workflows.views.assignment import get_row

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
@pytest.mark.parametrize("wanted", [Filter(), Filter(measure="1", kind="main"), Filter(late="21-", slip="without")])
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


@pytest.fixture
def told_often(tacheng: Plan) -> Assignment:
    """Thousands of notices about hundreds of tasks, most of which left long ago."""
    row, people = make.row("survey/654224"), [make.person(make.SUPERVISOR), make.officer_of(make.bureau("654224"))]
    words = [(date.about, {"assignment": row.key, "deadline": date.pk}) for date in row.deadlines.all()]
    words += [(row.key, {"assignment": row.key})]
    words += [(f"tacheng-2019/survey/{place}#main/654224/1", {"assignment": "…"}) for place in range(400)]
    Message.objects.bulk_create(
        Message(
            dedupe_key=f"{about}|{occasion}|{user.pk}|{channel}",
            recipient=user,
            channel=channel,
            kind="reminder",
            subject="提醒",
            about=about,
            data=data,
            created_at=NOW,
            status="queued" if occasion == 0 else "accepted",
            next_attempt_at=NOW if occasion == 0 else None,
        )
        for occasion in range(12)
        for about, data in words
        for user in people
        for channel in ("inbox", "email")
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return row


def test_who_was_told_of_a_task_is_read_along_what_notices_are_about(told_often: Assignment) -> None:
    found = told.about(told_often)
    shown = list(found.all())
    wanted = Message.objects.filter(data__assignment=told_often.key, channel="inbox")
    assert shown == list(wanted.order_by("-id")) != []
    first, following = told.page(found, size=told.SHOWN)
    assert len(first) == told.SHOWN and following is not None
    for part in (found[: told.SHOWN + 1], found.filter(pk__lt=following)[: told.PAGE + 1]):
        lines = plan_of(part)
        assert any("message_about" in line for line in lines), lines
        assert not any("Seq Scan" in line or "SCAN" in line for line in lines), lines


def test_what_is_taken_back_is_found_along_the_same_index(told_often: Assignment) -> None:
    date = make.deadline(told_often)
    about = date.about
    with CaptureQueriesContext(connection) as asked:
        assert outbox.cancel(about, date.rev + 1, now=NOW) == 4
    with connection.cursor() as cursor:
        cursor.execute(f"{EXPLAIN[connection.vendor]} {asked[0]['sql']}")
        lines = [str(line[-1]) for line in cursor.fetchall()]
    assert any("message_about" in line for line in lines), lines
    assert not any("Seq Scan" in line or "SCAN" in line for line in lines), lines


@pytest.mark.parametrize("who", [make.INSPECTOR, "托里县·经办人"])
def test_a_task_is_found_without_the_database_thinking_long(tacheng: Plan, who: str) -> None:
    """PostgreSQL tries the orders of what is joined: with two more, thinking took a hundred times the reading."""
    row = make.row("survey/654224")
    with CaptureQueriesContext(connection) as asked:
        get_row(Standing(make.person(who)), row.pk)
    [found] = [query["sql"] for query in asked if "measures_plan" in query["sql"]]
    assert found.partition(" WHERE ")[0].count(" JOIN ") <= 11
    assert "DISTINCT" not in found
