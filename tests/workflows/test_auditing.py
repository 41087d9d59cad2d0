"""The auditor: it passes on a plan that was lived through, and each promise broken by hand is found by its check."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from viewflow.workflow.models import Task

from bureaus import calendars, clock
from bureaus.models import Calendar, CalendarDay, Heartbeat
from measures.models import Assignment, Deadline, Plan, Recurrence
from notifications import sender
from notifications.models import Message
from tests import make
from tests.make import at
from workflows import actions, auditing, tick
from workflows.auditing import scope, sending
from workflows.models import Firing

NOW = at(2019, 6, 12, 15)


@pytest.fixture
def played(tacheng: Plan) -> Plan:
    """Some working days lived through: receipts were missed, a division is accepted, a survey suspended."""
    survey = make.signed(make.row("survey/654224"), at(2019, 6, 3, 11))
    make.accepted(make.row("m3-division/hrss"), at(2019, 6, 3, 12))
    for day in (4, 6, 12):
        tick.run(at(2019, 6, day, 12))
    sender.deliver(at(2019, 6, 12, 12))
    actions.suspend(survey, by=make.person(make.SUPERVISOR), now=at(2019, 6, 12, 14), reason="汛期")
    sender.deliver(at(2019, 6, 12, 14, 30))
    beat()
    return tacheng


def beat(**changes: Any) -> None:
    real = clock.real_now()
    for name in ("tick", "sender"):
        Heartbeat.objects.update_or_create(
            component=name, defaults={"seen_at": real, "well_at": real, "high": real} | changes
        )


def found(*, now: datetime = NOW, full: bool = False) -> dict[str, list[str]]:
    """check → keys, of those that found something."""
    report = auditing.run(now, full=full)
    assert [result.error for result in report.results if result.error] == []
    return {result.check.id: [row.key for row in result.rows] for result in report.results if result.count}


def armed(key: str = "survey/654225", kind: str = "main") -> Deadline:
    return make.deadline(make.row(key), kind)


def test_a_plan_lived_through_passes(played: Plan) -> None:
    assert Firing.objects.filter(outcome="fired").count() > 100
    assert Message.objects.filter(status="bundled").exists() or Message.objects.filter(status="accepted").exists()
    with make.nothing_written():
        assert found() == {}
        assert found(full=True) == {}


def test_it_asks_few_questions_and_locks_nothing(played: Plan) -> None:
    with CaptureQueriesContext(connection) as asked:
        auditing.run(NOW)
    statements = [query["sql"] for query in asked if "SAVEPOINT" not in query["sql"]]
    assert len(statements) < 60
    assert all(sql.lstrip().startswith("SELECT") and "FOR " not in sql for sql in statements if "clock_" not in sql)


# --- Each promise, broken ---------------------------------------------------------------------------


def late_look() -> str:
    row = armed()
    Deadline.objects.filter(pk=row.pk).update(next_look_at=NOW - timedelta(minutes=6))
    return row.about


def forgotten() -> str:
    row = armed()
    Deadline.objects.filter(pk=row.pk).update(next_look_at=None, next_rung="")
    return row.about


def stuck() -> str:
    row = Message.objects.filter(channel="email", status="accepted").order_by("pk")[0]
    Message.objects.filter(pk=row.pk).update(
        status="sending", lease_until=clock.real_now() - timedelta(minutes=3), next_attempt_at=None
    )
    return f"{row.about or row.pk}|email"


def unsent() -> str:
    row = Message.objects.filter(channel="email", status="accepted").order_by("pk")[0]
    Message.objects.filter(pk=row.pk).update(status="queued", next_attempt_at=NOW - timedelta(minutes=31))
    return f"{row.about or row.pk}|email"


def untold() -> str:
    firing = next(row for row in Firing.objects.filter(outcome="fired").order_by("pk") if row.audiences)
    stem = f"{firing.deadline.about}|{firing.rev}|{firing.rung_key}|{firing.occ}"
    gone = Message.objects.filter(dedupe_key__startswith=f"{stem}|", channel="inbox")
    assert gone.delete()[0] > 0
    return stem


def unconfirmed() -> str:
    """Five text messages were handed over and never heard of, and no other ever arrived."""
    told = make.person(make.SUPERVISOR)
    rows = [
        Message.objects.create(
            dedupe_key=f"silent|{number}",
            recipient=told,
            channel="sms",
            kind="urged",
            created_at=NOW,
            final_at=NOW - timedelta(days=4),
            status="accepted",
            outcome="unconfirmed",
        )
        for number in range(5)
    ]
    return f"{rows[0].pk}|sms"


def wrong_look() -> str:
    row = armed()
    Deadline.objects.filter(pk=row.pk).update(next_look_at=(row.next_look_at or NOW) + timedelta(days=1))
    return row.about


def wrong_rung() -> str:
    row = armed()
    Deadline.objects.filter(pk=row.pk).update(next_rung="T-3")
    return row.about


def wrong_end() -> str:
    row = armed()
    Deadline.objects.filter(pk=row.pk).update(due_at=row.due_at - timedelta(seconds=1))
    return row.about


def lost_ladder() -> str:
    row = armed()
    Deadline.objects.filter(pk=row.pk).update(ladder_version=99)
    return row.about


def lost_firing() -> str:
    """The rung would come again: its row is gone."""
    firing = Firing.objects.filter(deadline__status="armed", outcome="fired").order_by("-pk")[0]
    about = firing.deadline.about
    firing.delete()
    return about


def after_the_end() -> str:
    firing = Firing.objects.filter(deadline__status="armed", outcome="fired").order_by("pk")[0]
    Deadline.objects.filter(pk=firing.deadline_id).update(
        status="met", met_at=firing.fired_at - timedelta(minutes=2), next_look_at=None
    )
    return f"{firing.deadline.about}|{firing.rev}|{firing.rung_key}|{firing.occ}"


def unheard_of_revision() -> str:
    firing = Firing.objects.filter(outcome="skipped_late").order_by("pk").first() or Firing.objects.all()[0]
    Firing.objects.filter(pk=firing.pk).update(rev=7)
    return f"{firing.deadline.about}|7|{firing.rung_key}|{firing.occ}"


def late_period() -> str:
    Recurrence.objects.filter(step__code="monthly").update(next_on=NOW - timedelta(minutes=6))
    return "tacheng-2019/monthly/2019-07"


def incident() -> str:
    row = armed()
    Deadline.objects.filter(pk=row.pk).update(fail_count=2, last_error="ValueError: x")
    return row.about


def failed_period() -> str:
    Recurrence.objects.filter(step__code="monthly").update(fail_count=1, last_error="ValueError: x")
    return "tacheng-2019/monthly/2019-07"


def left_behind() -> str:
    row = make.row("survey/654225")
    Task.objects.filter(process=row.process_id, flow_task_type="STEP", status="NEW").update(status="DONE")
    return row.key


def hanging() -> str:
    row = make.row("survey/654225")
    Assignment.objects.filter(process=row.process_id, node=row.node).update(state="closed")
    return f"tacheng-2019/m1/{row.node}"


def silent() -> str:
    beat(seen_at=clock.real_now() - timedelta(minutes=4))
    return "tick"


def never_seen() -> str:
    Heartbeat.objects.filter(component="sender").delete()
    return "sender"


def failing() -> str:
    beat(well_at=clock.real_now() - timedelta(minutes=16))
    return "sender"


def held() -> str:
    Heartbeat.objects.filter(component="tick").update(held="jump", held_since=NOW)
    return "tick"


BROKEN: list[tuple[str, Callable[[], str]]] = [
    ("A1", late_look),
    ("A2", forgotten),
    ("A3", stuck),
    ("A4", unsent),
    ("A5", untold),
    ("A6", unconfirmed),
    ("A8", wrong_look),
    ("A8", wrong_rung),
    ("A8", wrong_end),
    ("A8", lost_ladder),
    ("A8", lost_firing),
    ("A9", after_the_end),
    ("A9", unheard_of_revision),
    ("A11", late_period),
    ("A12", incident),
    ("A12", failed_period),
    ("A13", left_behind),
    ("A14", hanging),
    ("A15", silent),
    ("A15", never_seen),
    ("A15", failing),
    ("A16", held),
]


def test_a_broken_promise_is_found(played: Plan) -> None:
    """Each on its own, and taken back before the next: the plan is lived through once."""
    missed = []
    for check, spoil in BROKEN:
        with transaction.atomic():
            key = spoil()
            report = auditing.run(NOW)
            if report.ok or check not in report.failures or key not in found()[check]:
                missed.append((check, spoil.__name__, key, found()))
            transaction.set_rollback(True)
    assert missed == []
    assert found() == {}


def test_every_check_has_been_broken() -> None:
    # A17, the daily test, is broken beside the sending (tests/notifications/test_reconciling.py), A18 beside the log
    # of personal data (tests/ledger/test_privacy.py).
    broken = {check for check, _spoil in BROKEN} | {"A7", "A10", "A17", "A18"}
    assert broken == {check.id for check in auditing.CHECKS}


# --- What is not a broken promise ------------------------------------------------------------------


def test_a_year_nobody_entered_is_a_warning(played: Plan) -> None:
    CalendarDay.objects.filter(date__year__gte=2020).delete()
    calendars.forget()
    report = auditing.run(NOW)
    assert (report.warnings, report.ok) == (["A7"], True)
    dates = [key for key in found()["A7"] if "#" in key]
    periods = [key for key in found()["A7"] if "#" not in key]
    abouts = {row.about for row in Deadline.objects.filter(due_on__year=2020).select_related("assignment", "unit")}
    assert dates
    assert set(dates) <= abouts
    assert "tacheng-2019/m4-visits/2020" in periods
    assert all(key.endswith("/2020") for key in periods)


def test_an_edited_calendar_has_a_quarter_of_an_hour(played: Plan) -> None:
    national = Calendar.objects.get(code="national")
    Deadline.objects.update(calendar_edition=national.edition)
    Calendar.objects.update(
        applied=national.version, edited_at=clock.real_now() - timedelta(minutes=14), version=national.version + 1
    )
    assert found() == {}
    Calendar.objects.update(edited_at=clock.real_now() - timedelta(minutes=16))
    keys = found()["A10"]
    assert "national" in keys
    assert armed().about in keys
    # Applied to all but one date.
    Calendar.objects.update(applied=national.version + 1)
    Deadline.objects.update(calendar_edition=national.version + 1)
    assert found() == {}
    Deadline.objects.filter(pk=armed().pk).update(calendar_edition=national.version)
    assert found() == {"A10": [armed().about]}


def test_outside_the_send_window_nothing_is_late(played: Plan) -> None:
    unsent()
    for now, late in (
        (at(2019, 6, 12, 21), False),  # the window has closed
        (at(2019, 6, 13, 10, 20), False),  # it has been open for twenty minutes
        (at(2019, 6, 13, 10, 31), True),
        (at(2019, 6, 15, 15), False),  # Saturday
    ):
        assert ("A4" in found(now=now)) == late, now


def test_a_used_up_ladder_and_one_that_backs_off_are_in_order(played: Plan) -> None:
    row = armed("survey/654226", "receipt")
    tick.run(at(2019, 6, 20, 14))
    sender.deliver(at(2019, 6, 20, 14))
    used_up = Deadline.objects.get(pk=row.pk)
    assert (used_up.status, used_up.next_look_at) == ("armed", None)
    assert found(now=at(2019, 6, 20, 14)) == {}
    Deadline.objects.filter(pk=armed().pk).update(fail_count=1, next_look_at=at(2019, 6, 20, 15))
    assert set(found(now=at(2019, 6, 20, 14))) == {"A12"}


def test_work_handed_in_and_sent_back_below_a_step_that_is_through_is_in_order(played: Plan) -> None:
    row = make.handed_in(make.row("filing/654224/朗古特"), at(2019, 6, 12, 14, 30))
    assert make.open_steps(make.run_of("filing/654224/朗古特")) == ["check_drc", "check_hrss"]
    assert found() == {}
    Task.objects.filter(process=row.process_id).update(status="DONE")
    make.run_of("filing/654224/朗古特")
    row.process.finished = NOW
    row.process.save(update_fields=["finished"])
    assert found() == {"A13": [row.key]}


# --- Large tables ------------------------------------------------------------------------------------


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the plan were large: tables are read in part."""
    for name, value in {"SMALL": 10, "STRETCH": 40, "NEWEST": 5, "SAMPLE": 20, "SPOTS": 4}.items():
        monkeypatch.setattr(scope, name, value)


def test_a_large_table_is_walked_through_and_what_was_found_stays_found(played: Plan, small_steps: None) -> None:
    stem = untold()
    audits = 0
    while "A5" not in found():
        auditing.keep(auditing.run(NOW))
        audits += 1
        assert audits < 10, "the walk never came there"
    auditing.keep(auditing.run(NOW))
    for _again in range(8):
        report = auditing.run(NOW)
        assert "A5" in report.failures, "forgotten though nobody has mended it"
        auditing.keep(report)
    firing = next(row for row in Firing.objects.order_by("pk") if stem.startswith(row.deadline.about + "|"))
    Firing.objects.filter(pk=firing.pk).update(outcome="no_recipient")
    auditing.keep(auditing.run(NOW))
    assert found() == {}


def test_read_in_full_every_row_is_seen_at_once(played: Plan, small_steps: None) -> None:
    everywhere = {wrong_look(), untold()}
    answer = found(full=True)
    assert everywhere == {*answer["A8"], *answer["A5"]}


def test_the_latest_rows_are_seen_by_every_audit(played: Plan, small_steps: None) -> None:
    last = Firing.objects.order_by("-pk")[0]
    Firing.objects.filter(pk=last.pk).update(rev=9)
    for _audit in range(3):
        assert "A9" in found()
        Heartbeat.objects.filter(component="audit").delete()


# --- Kept and printed --------------------------------------------------------------------------------


def test_the_command_prints_and_its_code_says_it(played: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    with clock.standing_at(NOW):
        call_command("audit", "--json")
        answer = json.loads(capsys.readouterr().out)
        assert answer["ok"] is True
        assert [check["id"] for check in answer["checks"]] == [check.id for check in auditing.CHECKS]
        assert {"id", "title", "level", "count", "rows"} <= set(answer["checks"][0])
        about = wrong_look()
        with make.nothing_written(), pytest.raises(SystemExit) as ended:
            call_command("audit", "--json")
        assert ended.value.code == 1
        answer = json.loads(capsys.readouterr().out)
        assert answer["ok"] is False
        broken = [check for check in answer["checks"] if check["count"]]
        assert [(check["id"], check["level"], check["count"]) for check in broken] == [("A8", "failure", 1)]
        assert broken[0]["rows"][0]["key"] == about
        with pytest.raises(SystemExit):
            call_command("audit")
        assert about in capsys.readouterr().out
    assert not Heartbeat.objects.filter(component="audit").exists()


def test_what_was_found_is_kept_with_the_moment_it_was_known(played: Plan) -> None:
    about = incident()
    auditing.keep(auditing.run(NOW))
    auditing.keep(auditing.run(NOW + timedelta(minutes=5)))
    facts = auditing.last_facts()
    assert (facts["ok"], facts["failures"]) == (False, ["A12"])
    assert facts["since"] == {about: NOW.isoformat()}
    assert facts["armed"] == Deadline.objects.armed().count()
    row = Heartbeat.objects.get(component="audit")
    assert row.well_at is None
    Deadline.objects.update(fail_count=0)
    row = auditing.keep(auditing.run(NOW + timedelta(minutes=10)))
    assert (row.well_at, row.facts["since"]) == (row.seen_at, {})


def test_a_check_that_breaks_off_has_failed_and_stops_no_other(played: Plan) -> None:
    Task.objects.filter(status="NEW", flow_task_type="STEP").update(flow_task="workflows/flows.gone.Gone.step")
    about = wrong_look()
    report = auditing.run(NOW)
    assert {result.check.id: bool(result.error) for result in report.results if result.failed} == {
        "A8": False,
        "A13": True,
        "A14": True,
    }
    assert next(result.rows[0].key for result in report.results if result.check.id == "A8") == about


def test_the_inbox_is_looked_up_by_its_index(played: Plan) -> None:
    """Thousands of firings against millions of messages: never a scan for each."""
    not_before, before = sending._COMPARED[connection.vendor]
    sql = sending._UNTOLD.format(not_before=not_before, before=before, stem=sending._STEM)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", (1, 1000))
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", (1, 1000))
        plan = "\n".join(str(row) for row in cursor.fetchall())
    if connection.vendor == "postgresql":
        assert re.search(r"Index Cond: \(+(m\.)?dedupe_key\)?::text ~>=~", plan), plan
    else:
        assert "dedupe_key>? AND dedupe_key<?" in plan, plan


def test_what_is_gone_at_a_second_look_was_somebody_at_work() -> None:
    """Rows are read by several questions; between two of them people act and the tick writes."""
    first, second = scope.Found(1, "a"), scope.Found(2, "b")
    answers = iter([[first, second], [second]])
    asked: list[scope.Scope] = []

    def look(part: scope.Scope, audit: scope.Audit) -> list[scope.Found]:
        asked.append(part)
        return next(answers)

    assert auditing._twice(look, scope.Scope(((1, 9),)), scope.Audit(NOW, NOW)) == [second]
    assert asked == [scope.Scope(((1, 9),)), scope.Scope((), (1, 2))]
