"""One sweep: exactly once however often it runs, whatever a row is like, and whenever it is killed."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from bureaus import clock
from measures.models import Assignment, Deadline, Plan, Recurrence, Step
from notifications import sender
from notifications.models import Message
from tests.make import (
    at,
    deadline,
    events,
    fresh,
    inbox,
    keys,
    nothing_written,
    officer_of,
    only,
    open_steps,
    person,
    row,
    rows,
    run_of,
    sent_up,
    signed,
)
from tests.workflows.child import child
from workflows import actions, counters, tasks, tick
from workflows.models import Firing, Run, Slip


def outcomes(found: Assignment, kind: str = "main") -> dict[str, str]:
    firings = Firing.objects.filter(deadline=deadline(found, kind)).order_by("planned_at", "occ")
    return {firing.rung_key + (f"#{firing.occ}" if firing.occ else ""): firing.outcome for firing in firings}


# --- Once -----------------------------------------------------------------------------------------


def test_run_twice_it_does_nothing_the_second_time(tacheng: Plan) -> None:
    now = at(2019, 8, 1, 12)
    first = tick.run(now)
    assert (len(first.firings) > 150, first.failed) == (True, 0)
    with nothing_written():
        again = tick.run(now)
        assert (again.firings, again.made, again.failed) == ([], 0, 0)


def test_before_its_time_nothing_fires(tacheng: Plan) -> None:
    now = at(2019, 6, 4, 9, 59)
    counters.sweep(now)  # lights turn at midnight
    with nothing_written():
        assert tick.run(now).firings == []


def test_celery_and_the_command_do_the_same(tacheng: Plan) -> None:
    found = row("survey/654224")
    only(found)
    with clock.standing_at(at(2019, 6, 4, 10, 14)):
        assert tasks.run_tick() == 1
        assert tasks.run_tick() == 0
    with clock.standing_at(at(2019, 6, 4, 11)):
        assert tasks.run_sender() > 0
        assert tasks.run_sender() == 0
    assert "receipt" in [one.kind for one in inbox(person("托里县·科室负责人"))]


def test_the_command(tacheng: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    found = row("survey/654224")
    only(found)
    with clock.standing_at(at(2019, 6, 4, 11)):
        call_command("tick")
    assert outcomes(found, "receipt") == {"receipt+1": "fired"}
    assert "receipt" in [one.kind for one in inbox(person("托里县·科室负责人"))]


def test_more_than_a_batch_at_once(tacheng: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """After months without a tick everything has come due together."""
    monkeypatch.setattr(tick, "BATCH", 200)
    now = at(2019, 10, 8, 12)
    due = Deadline.objects.to_look_at(now).count()
    assert due > tick.BATCH
    swept = tick.run(now)
    assert swept.failed == 0
    assert {firing.deadline_id for firing in swept.firings} >= set(
        Deadline.objects.filter(kind="receipt", assignment__issued_at=at(2019, 6, 1)).values_list("pk", flat=True)
    )
    assert not Deadline.objects.to_look_at(now).exists()
    # Of each deadline one rung fired; what lay before it is folded away.
    fired = Counter(firing.deadline_id for firing in swept.firings if firing.outcome == "fired")
    assert set(fired.values()) == {1}


class Statements:
    """What is asked of the database, from one claim to the next."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "FROM measures_deadline d" in sql and "next_look_at <=" in sql and "INSERT" not in sql:
            self.batches.append([])
        if self.batches:
            self.batches[-1].append(sql)
        return execute(sql, params, many, context)


def test_35_what_shares_an_instant_is_drained_in_bounded_batches(
    tacheng: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are due, a transaction holds a batch of them, and the last is reached in the same pass."""
    monkeypatch.setattr(tick, "BATCH", 25)
    counters.sweep(at(2019, 6, 4, 12))  # not what is counted here
    statements, now = Statements(), at(2019, 6, 4, 12)
    with connection.execute_wrapper(statements):
        swept = tick.run(now)
    assert len(swept.fired) == 159
    assert len(statements.batches) == 7  # six full ones, and the rest
    # Once the people are known, a batch costs the same however many rows it has: SQLite's statements cost next
    # to nothing, so there lists are laid into tables first, and slips and ids are asked for by themselves.
    most = 6 if connection.vendor == "postgresql" else 14
    for batch in statements.batches[1:]:
        assert len([sql for sql in batch if "SAVEPOINT" not in sql]) <= most


def test_slips_that_take_an_earlier_ones_place_cost_no_statement_more(
    tacheng: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first days of August every county's survey and share goes from yellow to red."""
    tick.run(at(2019, 8, 1, 12))
    monkeypatch.setattr(tick, "BATCH", 5)
    statements, now = Statements(), at(2019, 8, 7, 12)
    counters.sweep(now)  # not what is counted here
    with connection.execute_wrapper(statements):
        tick.run(now)
    assert Slip.objects.filter(state="dismissed").count() > tick.BATCH
    most = 6 if connection.vendor == "postgresql" else 16
    for batch in statements.batches[1:]:
        assert len([sql for sql in batch if "SAVEPOINT" not in sql]) <= most


# --- Outages --------------------------------------------------------------------------------------


def test_15_after_days_without_a_tick_one_rung_fires_and_nobody_above_is_told_first(tacheng: Plan) -> None:
    found = row("filing/654224/朗古特")
    only(found)
    signed(found, at(2019, 6, 3, 11))
    for now in (at(2019, 8, 1, 11), at(2019, 8, 12, 11), at(2019, 8, 15, 11)):
        tick.run(now)
    # Friday 16 to Sunday 25 August: T+1 and T+5 were missed.
    now = at(2019, 8, 26, 9)
    tick.run(now)
    sender.deliver(at(2019, 8, 26, 11))
    assert outcomes(found) == {"T-10": "fired", "T-3": "fired", "T": "fired", "T+1": "collapsed", "T+5": "fired"}
    told = {name: [one.kind for one in inbox(person(name))] for name in ("托里县·主要领导", "督查室·督查人员")}
    assert told == {"托里县·主要领导": ["overdue"], "督查室·督查人员": ["overdue"]}
    # The leader in charge has been told at T: those above have waited long enough.
    assert Firing.objects.get(deadline=deadline(found), rung_key="T+5").withheld == []


def test_after_weeks_without_a_tick_the_office_hears_after_the_unit_had_its_days(tacheng: Plan) -> None:
    found = row("filing/654224/朗古特")
    only(found)
    signed(found, at(2019, 6, 3, 11))
    days = []
    now: datetime | None = at(2019, 8, 26, 9)  # nothing since July: T-10, T-3, T, T+1 and T+5 together
    while now is not None and now < at(2019, 9, 30):
        for firing in tick.run(now).firings:
            if firing.outcome == "fired":
                days.append((f"{clock.local_date(now):%m-%d}", firing.rung_key, firing.occ, firing.audiences))
        now = Deadline.objects.filter(next_look_at__isnull=False).values_list("next_look_at", flat=True).first()
    assert days == [
        ("08-26", "T+5", 0, ["officer"]),
        ("08-27", "T+5", 1, ["section_head"]),
        ("08-28", "T+5", 2, ["unit_leader"]),
        ("08-29", "T+5", 3, ["chief", "supervision"]),
        ("08-29", "T+10", 0, []),
        ("08-30", "T+10", 1, ["supervision_head", "leader"]),
    ]


def test_15_each_person_gets_one_mail_after_an_outage(tacheng: Plan, mailoutbox: list[Any]) -> None:
    tick.run(at(2019, 8, 26, 9))
    sender.deliver(at(2019, 8, 26, 11))
    once = Counter(address for mail in mailoutbox for address in mail.to)
    assert set(once.values()) == {1}
    assert len(once) > 30


def test_16_after_a_month_each_rung_has_happened_once_and_everything_lies_ahead(tacheng: Plan) -> None:
    now = at(2019, 7, 4, 12)
    swept = tick.run(now)
    once = Counter(firing.deadline_id for firing in swept.firings if firing.outcome == "fired")
    assert set(once.values()) == {1}
    assert not Deadline.objects.filter(next_look_at__lte=now).exists()
    assert not Recurrence.objects.filter(next_on__lte=now).exists()
    with nothing_written():
        assert tick.run(now).fired == []


def test_periods_missed_in_an_outage_are_all_begun(tacheng: Plan) -> None:
    only(periods=["monthly", "round", "publicity"])
    assert tick.run(at(2019, 10, 15, 9)).made == 4 * 6 + 2 * 5
    assert [key for key in keys() if key.startswith("round")] == [
        f"round/hrss/2019-{month:02d}" for month in (6, 7, 8, 9, 10)
    ]


# --- Bad rows -------------------------------------------------------------------------------------


def test_36_one_bad_row_stops_no_other_and_backs_off(tacheng: Plan) -> None:
    bad, good = row("survey/654224"), row("survey/654225")
    only(bad, good)
    receipt = Deadline.objects.filter(assignment=bad, kind="receipt")
    receipt.update(ladder_version=99)  # a ladder that is not there
    now = at(2019, 6, 4, 12)
    swept = tick.run(now)
    assert ([firing.deadline.assignment for firing in swept.firings], swept.failed) == ([good], 1)
    broken = receipt.get()
    assert (broken.fail_count, broken.next_look_at) == (1, now + timedelta(minutes=1))
    assert "Ladder" in broken.last_error
    # Not looked at again before its time, and then less and less often: after 1, 2, 4 … minutes, at most an hour.
    assert tick.run(now + timedelta(seconds=59)).failed == 0
    for minutes in (2, 4, 8, 16, 32, 60, 60, 60):
        now = receipt.get().next_look_at or now
        assert tick.run(now).failed == 1
        assert receipt.get().next_look_at == now + timedelta(minutes=minutes)
    assert not Firing.objects.filter(deadline=receipt.get()).exists()
    # Mended, it goes on where it stood.
    receipt.update(ladder_version=1)
    now = receipt.get().next_look_at or now
    assert [firing.rung_key for firing in tick.run(now).firings] == ["receipt+1"]
    assert (receipt.get().fail_count, receipt.get().last_error) == (0, "")


def test_36_a_notice_whose_words_fail_keeps_back_no_other(tacheng: Plan) -> None:
    """What it needs to be worded has gone from it: it is tried again, and in the end given up, for all to see."""
    bad, good = row("survey/654224"), row("survey/654201")
    only(bad, good)
    now = at(2019, 6, 4, 12)
    tick.run(now)
    broken = Message.objects.filter(about=deadline(bad, "receipt").about)
    whole = broken[0].data
    broken.update(data={"deadline": whole["deadline"]})
    told = sender.deliver(now)
    assert {one.recipient.username for one in told} == {"塔城市·科室负责人"}
    assert set(broken.values_list("status", "attempts", "outcome")) == {("queued", 1, "KeyError")}
    # The inbox is mended and gets its notice; the others fail until they are given up.
    broken.filter(channel="inbox").update(data=whole)
    while waiting := broken.filter(status="queued").order_by("next_attempt_at").first():
        sender.deliver(waiting.next_attempt_at or now)
    assert set(broken.values_list("channel", "status", "attempts")) == {
        ("inbox", "accepted", 1),
        ("email", "failed", 8),
        ("sms", "failed", 8),
    }
    tries = broken.get(channel="email").tries.order_by("number")
    assert [one.outcome for one in tries] == [*["temporary"] * 7, "permanent"]


def test_a_bad_row_leaves_nothing_half_done(tacheng: Plan) -> None:
    """It fails at the last moment: the rung has fired and told, and the next checkup cannot be set."""
    watch = signed(row("m7-watch/land"), at(2019, 6, 3, 11))
    only(watch)
    tick.run(at(2019, 9, 24, 12))
    checkups, before = watch.step.checkups, Message.objects.count()
    Step.objects.filter(pk=watch.step_id).update(checkups=[{"on": "2019-13-31", "basis": "ours"}])
    now = at(2019, 9, 30, 12)
    assert tick.run(now).failed == 1
    assert (outcomes(watch, "checkup"), Message.objects.count()) == ({"T-5": "fired"}, before)
    Step.objects.filter(pk=watch.step_id).update(checkups=checkups)
    assert tick.run(now + timedelta(minutes=1)).failed == 0
    assert outcomes(watch, "checkup") == {"T-5": "fired", "T": "fired"}
    assert Message.objects.count() > before


def test_one_bad_period_stops_no_other(tacheng: Plan) -> None:
    only(periods=["monthly", "round", "publicity"])
    Recurrence.objects.filter(step__code="publicity").update(next_period="2019-Q3")
    swept = tick.run(at(2019, 7, 1, 0, 1))
    assert (swept.made, swept.failed) == (6, 1)
    assert rows("publicity") == []
    Recurrence.objects.filter(step__code="publicity").update(next_period="2019Q3")
    assert tick.run(at(2019, 7, 1, 0, 2)).made == 5


# --- Killed on the way ----------------------------------------------------------------------------

KILLED = -signal.SIGKILL


def test_05_killed_in_the_middle_of_a_batch_it_has_done_nothing(tacheng_committed: Plan) -> None:
    now = at(2019, 6, 4, 12)
    with nothing_written():
        died = child("tick.run(at(2019, 6, 4, 12))", DUBAN_FAULT="tick.after_inserts")
        assert died == KILLED
    swept = tick.run(now)
    assert len(swept.firings) == 159
    assert tick.run(now).firings == []


def test_05_killed_between_two_batches_the_first_is_done_and_nothing_twice(tacheng_committed: Plan) -> None:
    now = at(2021, 1, 15, 12)
    Recurrence.objects.update(next_on=None)
    program = "tick.BATCH = 200\ntick.run(at(2021, 1, 15, 12))"
    assert child(program, DUBAN_FAULT="tick.after_commit") == KILLED
    done = set(Firing.objects.exclude(outcome="skipped_late").values_list("deadline", flat=True))
    assert len(done) == 200
    swept = tick.run(now)
    assert not done & {firing.deadline_id for firing in swept.firings}
    assert not Deadline.objects.to_look_at(now).exists()


def test_killed_while_beginning_a_month_it_has_begun_none_of_it(tacheng_committed: Plan) -> None:
    only(periods=["monthly"])
    with nothing_written():
        assert child("die_at('workflows.issuing.make', 4)\ntick.run(at(2019, 7, 1))") == KILLED
    assert tick.run(at(2019, 7, 1)).made == 5
    assert Run.objects.filter(data__key="tacheng-2019/monthly/2019-07").count() == 1


@pytest.mark.parametrize(
    "place",
    [
        "workflows.deadlines.settle",  # before the date is met
        "workflows.notices.tell_act",  # before the reviewer is told
        "workflows.actions.base.advance",  # before the run goes on
    ],
)
def test_killed_in_the_middle_of_an_act_nothing_has_happened(tacheng_committed: Plan, place: str) -> None:
    found = sent_up(row("survey/654224"), at(2019, 7, 25, 11))
    program = f"""
found = row("survey/654224")
die_at({place!r})
actions.sign_off(found, by=person("托里县·分管领导"), now=at(2019, 7, 25, 12))
"""
    with nothing_written():
        assert child(program) == KILLED
    actions.sign_off(found, by=person("托里县·分管领导"), now=at(2019, 7, 25, 13))
    assert events(found).count("submitted") == 1
    assert fresh(found).state == "submitted"


def test_killed_while_the_next_step_opens_the_last_acceptance_is_not_given(tacheng_committed: Plan) -> None:
    found = sent_up(row("m3-division/hrss"), at(2019, 6, 10, 11))
    actions.sign_off(found, by=person("人社局·分管领导"), now=at(2019, 6, 10, 12))
    program = """
found = row("m3-division/hrss")
die_at("workflows.issuing.make", 3)
actions.accept(found, by=person("督查室·督查人员"), now=at(2019, 6, 11, 11))
"""
    with nothing_written():
        assert child(program) == KILLED
    actions.accept(fresh(found), by=officer_of(found.acceptor), now=at(2019, 6, 11, 12))
    assert len([key for key in keys() if key.split("/")[0] in ("m3-a", "m3-b", "m3-c", "m3-d", "m3-f")]) == 5
    assert "track_a" in open_steps(run_of("m3"))
