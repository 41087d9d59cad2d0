"""Scenario 40: whatever is done in whatever order, the engine and a small model of it agree, and I1-I14 hold.

One county's survey lives through ticks and outages, requests to extend, suspensions, submissions, returns
and acceptance as hypothesis thinks them up. The model below knows nothing of the product's code: it walks
the calendar day by day and keeps what each rung of each round came to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zlib import crc32

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bureaus.access import WrongMoment
from bureaus.clock import ZONE, local_date
from bureaus.models import CalendarDay
from measures.models import Assignment, Deadline, DeadlineChange, Extension, Plan
from notifications import sender
from notifications.models import Message
from tests.make import (
    SUPERVISOR,
    at,
    fresh,
    leader_of,
    nothing_written,
    officer_of,
    only,
    person,
    row,
    sent_up,
    signed,
)
from workflows import actions, deadlines, tick
from workflows.models import Firing

KEY = "survey/654224"
STANDARD = {"T-10": -10, "T-3": -3, "T": 0, "T+1": 1, "T+5": 5, "T+10": 10}
FINAL = ("accepted", "bundled", "cancelled", "suppressed", "failed", "uncertain")


# --- The model ------------------------------------------------------------------------------------


class Days:
    """Working days, walked one by one."""

    def __init__(self) -> None:
        self.kinds = dict(CalendarDay.objects.values_list("date", "kind"))

    def works(self, day: date) -> bool:
        return self.kinds.get(day, "work" if day.weekday() < 5 else "off") == "work"

    def shift(self, day: date, count: int) -> date:
        step = timedelta(days=1 if count > 0 else -1)
        if count == 0:
            while not self.works(day):
                day -= timedelta(days=1)
            return day
        while count:
            day += step
            if self.works(day):
                count -= 1 if count > 0 else -1
        return day


@dataclass
class Round:
    """One round of the main deadline: its date, its revision, and what each rung of it came to."""

    due: date
    rev: int = 1
    status: str = "armed"
    rungs: dict[str, str] = field(default_factory=dict)


class Model:
    def __init__(self, key: str, due: date, now: datetime) -> None:
        self.minute = crc32(key.encode()) % 60
        self.days = Days()
        self.rounds: list[Round] = []
        self.begin(due, now)

    def moment(self, rung: str, due: date) -> datetime:
        return datetime.combine(self.days.shift(due, STANDARD[rung]), time(10, self.minute), ZONE)

    def begin(self, due: date, now: datetime) -> None:
        self.rounds.append(Round(due))
        self.plan(now)

    @property
    def last(self) -> Round:
        return self.rounds[-1]

    def plan(self, now: datetime) -> None:
        """A date has been set: what is past already is skipped."""
        late = [rung for rung in STANDARD if self.moment(rung, self.last.due) <= now]
        self.last.rungs = dict.fromkeys(late, "skipped_late")

    def revise(self, now: datetime, due: date | None = None) -> None:
        self.last.rev += 1
        self.last.due = due or self.last.due
        self.last.status = "armed"
        self.plan(now)

    def look(self, now: datetime) -> None:
        for one in self.rounds:
            if one.status == "armed":
                new = [rung for rung in STANDARD if rung not in one.rungs and self.moment(rung, one.due) <= now]
                one.rungs |= dict.fromkeys(new, "collapsed")
                if new:
                    one.rungs[new[-1]] = "fired"


# --- The machine ----------------------------------------------------------------------------------


class Survey(RuleBasedStateMachine):
    """What may be done is asked of the row's state; each rule does it to the product and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.now = at(2019, 6, 3, 11)
        only(row(KEY))
        self.row = signed(row(KEY), self.now)
        self.model = Model(self.row.key, date(2019, 7, 31), at(2019, 6, 1))
        self.officer, self.leader = officer_of(self.row.unit), leader_of(self.row.unit)
        self.office, self.reviewer = person(SUPERVISOR), officer_of(self.row.acceptor)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    @property
    def state(self) -> str:
        return self.row.state

    @property
    def asked(self) -> Extension | None:
        return Extension.objects.undecided().filter(deadline__assignment=self.row).first()

    def main(self) -> Deadline:
        return self.row.deadlines.filter(kind="main").order_by("-round")[0]

    def again(self) -> None:
        self.row = fresh(self.row)

    # Time goes on, with or without anybody looking.

    @rule(days=st.integers(0, 12), hours=st.integers(0, 23))
    def time_goes_on(self, days: int, hours: int) -> None:
        self.now += timedelta(days=days, hours=hours, minutes=7)

    @rule()
    def tick(self) -> None:
        assert tick.run(self.now).failed == 0
        self.model.look(self.now)
        with nothing_written():
            tick.run(self.now)

    @rule()
    def send(self) -> None:
        sender.deliver(self.now)

    # The unit.

    @precondition(lambda self: self.state == "in_progress")
    @rule()
    def send_up(self) -> None:
        self.row = sent_up(self.row, self.now)

    @precondition(lambda self: self.state == "unit_signoff")
    @rule()
    def submit(self) -> None:
        actions.sign_off(self.row, by=self.leader, now=self.now)
        self.model.last.status = "met"
        self.again()

    @precondition(lambda self: self.state == "submitted")
    @rule()
    def withdraw(self) -> None:
        actions.withdraw(self.row, by=self.officer, now=self.now, reason="补充数据。")
        self.model.revise(self.now)
        self.again()

    @precondition(lambda self: self.state in ("in_progress", "unit_signoff") and self.asked is None)
    @rule(days=st.integers(1, 40))
    def ask(self, days: int) -> None:
        to = self.model.last.due + timedelta(days=days)
        try:
            actions.ask_extension(self.row, by=self.officer, now=self.now, to=to, reason="汛期。")
        except WrongMoment:
            assert local_date(self.now) > self.model.last.due
        else:
            assert local_date(self.now) <= self.model.last.due

    # The supervision office.

    @precondition(lambda self: self.asked is not None and self.state != "suspended")
    @rule(days=st.integers(0, 10))
    def grant(self, days: int) -> None:
        asked = self.asked
        assert asked is not None
        to = max(asked.asked_for, local_date(self.now)) + timedelta(days=days)
        actions.grant_extension(asked, by=self.office, now=self.now, to=to, document_no="塔署督〔2019〕9号")
        self.model.revise(self.now, to)

    @precondition(lambda self: self.asked is not None and self.state != "suspended")
    @rule()
    def refuse(self) -> None:
        asked = self.asked
        assert asked is not None
        actions.refuse_extension(asked, by=self.office, now=self.now, opinion="理由不充分。")

    @precondition(lambda self: self.state in ("in_progress", "unit_signoff", "submitted"))
    @rule()
    def suspend(self) -> None:
        actions.suspend(self.row, by=self.office, now=self.now, reason="机构调整。")
        if self.model.last.status == "armed":
            self.model.last.status = "paused"
        self.again()

    @precondition(lambda self: self.state == "suspended")
    @rule()
    def resume(self) -> None:
        actions.resume(self.row, by=self.office, now=self.now, reason="恢复办理。")
        if self.model.last.status == "paused":
            # The plan's own date stays; a term of ours, and a date decided in this case, keep the days they had.
            self.model.revise(self.now, self.main().due_on)
        self.again()

    # The reviewer.

    @precondition(lambda self: self.state == "submitted")
    @rule()
    def send_back(self) -> None:
        actions.send_back(self.row, by=self.reviewer, now=self.now, reason="漏了两户。")
        # The later of the date it had and three working days on (ours).
        correction = self.model.days.shift(local_date(self.now), 3)
        self.model.begin(max(self.model.last.due, correction), self.now)
        self.again()

    @precondition(lambda self: self.state == "submitted")
    @rule()
    def accept(self) -> None:
        actions.accept(self.row, by=self.reviewer, now=self.now)
        self.again()

    @precondition(lambda self: self.state == "accepted")
    @rule()
    def reconsider(self) -> None:
        actions.reconsider(self.row, by=self.reviewer, now=self.now, reason="发现重复登记。")
        self.again()

    # What always holds.

    @invariant()
    def as_the_model_says(self) -> None:
        found = list(self.row.deadlines.filter(kind="main").order_by("round"))
        assert [(one.status, one.rev, one.due_on) for one in found] == [
            (one.status, one.rev, one.due) for one in self.model.rounds
        ]
        for one, expected in zip(found, self.model.rounds, strict=True):
            rungs = one.firings.filter(rev=one.rev, occ=0).values_list("rung_key", "outcome")
            assert dict(rungs) == expected.rungs

    @invariant()
    def every_running_date_knows_where_to_look(self) -> None:
        """I3 and I9: the next look is what a new computation says; nothing else is looked at."""
        for one in self.row.deadlines.select_related("unit__calendar", "assignment__step"):
            if one.status != "armed":
                assert one.next_look_at is None
                continue
            says = deadlines.climb_now(one, deadlines.history_of(one), now=deadlines.LONG_AGO, held=False)
            assert (one.next_look_at, one.next_rung) == (says.next_look_at, says.next_rung)

    @invariant()
    def nothing_fires_before_its_time_or_after_the_end(self) -> None:
        """I4 and I5."""
        for firing in Firing.objects.filter(deadline__assignment=self.row).select_related("deadline"):
            assert firing.planned_at <= firing.fired_at <= self.now
            if firing.outcome == "fired" and firing.deadline.met_at and firing.rev == firing.deadline.rev:
                assert firing.fired_at <= firing.deadline.met_at

    @invariant()
    def nobody_hears_of_a_date_that_has_been_moved(self) -> None:
        """I6: what speaks of an older revision has left or been taken back."""
        for one in self.row.deadlines.all():
            waiting = Message.objects.filter(about=one.about, about_rev__lt=one.rev).exclude(status__in=FINAL)
            assert not waiting.exists()
            if one.status != "armed":
                assert not Message.objects.filter(about=one.about, status="queued").exists()

    @invariant()
    def whoever_is_told_finds_it_in_the_inbox(self) -> None:
        """I2 and I11."""
        for firing in Firing.objects.filter(deadline__assignment=self.row, outcome="fired").select_related("deadline"):
            stem = f"{firing.deadline.about}|{firing.rev}|{firing.rung_key}|{firing.occ}|"
            told = Message.objects.filter(dedupe_key__startswith=stem, channel="inbox")
            assert told.exists() == bool(firing.audiences)
            assert told.values("recipient").distinct().count() == told.count()

    @invariant()
    def every_change_stays_readable(self) -> None:
        """I13: the changes of a date lead from its first date to the present one, without a gap."""
        for one in self.row.deadlines.filter(kind="main"):
            on = None
            for change in DeadlineChange.objects.filter(deadline=one).order_by("id"):
                if change.kind == "create":
                    assert (on, change.new_due_on) == (None, one.original_due_on)
                    on = change.new_due_on
                elif change.new_due_on:
                    assert change.old_due_on == on
                    on = change.new_due_on
            assert on == one.due_on


def test_40_whatever_is_done_in_whatever_order(tacheng: Plan) -> None:
    run_state_machine_as_test(
        Survey,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],  # each step is work in a database: no shrinking
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("late", [False, True])
def test_26_the_last_second_of_the_day_counts(tacheng: Plan, late: bool) -> None:
    """31 July until 23:59:59 is in time; a second later is late by one second, and shown as late."""
    found: Assignment = sent_up(row(KEY), at(2019, 7, 31, 22))
    moment = at(2019, 8, 1) if late else at(2019, 7, 31, 23, 59, 59)
    actions.sign_off(found, by=leader_of(found.unit), now=moment)
    main = found.deadlines.get(kind="main")
    assert (main.status, main.met_at, main.was_late) == ("met", moment, late)
