"""Dates and calendars as the specification's numbered scenarios say it (deadlines.md, section 3)."""

from __future__ import annotations

import signal
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from bureaus import calendars, clock, faults
from bureaus.models import Bureau, Calendar, CalendarDay
from measures import due as dates
from measures.explanations import how_changed, how_computed
from measures.models import Assignment, Deadline, DeadlineChange, Plan
from notifications import sender
from notifications.models import Message
from tests.bureaus.test_working_days import national
from tests.make import (
    SUPERVISOR,
    at,
    bureau,
    deadline,
    fired_on,
    fresh,
    handed_in,
    leader_of,
    only,
    person,
    row,
    signed,
    tick_through,
)
from tests.workflows.child import child, elsewhere, held
from workflows import actions, deadlines, recounting, tick
from workflows.ladder import Rung, planned_at
from workflows.models import Firing

NOW = at(2019, 6, 10, 11)


def edit(day: date, kind: str = "off", *, code: str = "national", note: str = "演示") -> Calendar:
    """A day becomes free or worked, as an administrator's form does it."""
    calendar = Calendar.objects.get(code=code)
    CalendarDay.objects.create(calendar=calendar, date=day, kind=kind, note=note)
    calendars.changed(calendar)
    return calendar


def everything() -> list[list[tuple[Any, ...]]]:
    """Every date, change, firing and notice, without the keys a second run would give otherwise."""
    changes = DeadlineChange.objects.order_by("deadline", "rev", "kind")
    return [
        list(Deadline.objects.order_by("pk").values_list()),
        list(changes.values_list("deadline", "rev", "kind", "old_due_on", "new_due_on", "reason", "at")),
        list(Firing.objects.order_by("deadline", "rev", "rung_key", "occ").values_list("deadline", "rev", "rung_key")),
        list(Message.objects.order_by("pk").values_list("pk", "status", "next_attempt_at")),
    ]


# --- 20: the end of a day, in any zone --------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "ends"),
    [
        ("Asia/Shanghai", date(2019, 3, 31), datetime(2019, 3, 31, 16, tzinfo=UTC)),
        ("Europe/Berlin", date(2019, 3, 30), datetime(2019, 3, 30, 23, tzinfo=UTC)),
        ("Europe/Berlin", date(2019, 3, 31), datetime(2019, 3, 31, 22, tzinfo=UTC)),  # a day of 23 hours
        ("Europe/Berlin", date(2019, 10, 26), datetime(2019, 10, 26, 22, tzinfo=UTC)),
        ("Europe/Berlin", date(2019, 10, 27), datetime(2019, 10, 27, 23, tzinfo=UTC)),  # a day of 25 hours
    ],
)
def test_20_a_day_ends_at_local_midnight_also_when_the_clocks_change(
    zone: str, day: date, ends: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "ZONE", ZoneInfo(zone))
    end = clock.start_of(day + timedelta(days=1))
    assert end.astimezone(UTC) == ends
    second = timedelta(seconds=1)
    assert clock.local_date(end.astimezone(UTC) - second) == day
    assert clock.local_date(end.astimezone(UTC)) == day + timedelta(days=1)


# --- 21: make-up days -------------------------------------------------------------------------------


def test_21_a_make_up_saturday_counts_as_working() -> None:
    """Due Tuesday 15 October 2019: Saturday the 12th is worked, so three working days before is the 11th."""
    rung = Rung("T-3", -3, ("officer",))
    assert planned_at(rung, date(2019, 10, 15), "k", national()).date() == date(2019, 10, 11)
    # Over the holiday week: from 9 October back come the 8th, 30 September and Sunday the 29th, which is worked.
    assert planned_at(rung, date(2019, 10, 9), "k", national()).date() == date(2019, 9, 29)
    assert dates.working_days(3, date(2019, 9, 27), national(), basis="ours").on == date(2019, 10, 8)


# --- 22: an edited calendar -------------------------------------------------------------------------


def test_22_counted_dates_move_named_ones_stay_and_reminders_of_both_are_planned_anew(tacheng: Plan) -> None:
    """On 10 June Friday 28 June becomes free: twenty working days of ours end a day later, 31 July stays."""
    term, named = deadline(row("m4-scattered/654224")), deadline(row("survey/654224"))
    assert (term.due_on, named.due_on) == (date(2019, 7, 1), date(2019, 7, 31))
    edit(date(2019, 6, 28))
    edit(date(2019, 7, 22))  # inside the ten working days before the survey's date
    before = named.next_look_at
    assert before
    recounting.recount(NOW)
    term.refresh_from_db()
    named.refresh_from_db()
    assert (term.due_on, term.rev, term.original_due_on) == (date(2019, 7, 2), 2, date(2019, 7, 1))
    change = term.changes.get(kind="calendar")
    assert (change.rev, change.old_due_on, change.new_due_on) == (2, date(2019, 7, 1), date(2019, 7, 2))
    assert "2019-06-28" in change.reason
    assert "2019-07-22" not in change.reason
    assert (named.due_on, named.rev) == (date(2019, 7, 31), 1)
    assert not named.changes.exclude(kind="create").exists()
    assert clock.local_date(before) == date(2019, 7, 17)
    assert named.next_look_at
    assert clock.local_date(named.next_look_at) == date(2019, 7, 16)


def test_22_run_twice_the_job_changes_nothing(tacheng: Plan) -> None:
    edit(date(2019, 6, 28))
    assert recounting.recount(NOW) > 100
    before = everything()
    assert recounting.recount(NOW) == 0
    assert recounting.recount(NOW + timedelta(days=3)) == 0
    assert everything() == before


def test_22_what_has_fired_stays_and_nobody_hears_of_a_named_date_twice(tacheng: Plan) -> None:
    found = row("survey/654224")
    only(found)
    lines = tick_through(date(2019, 7, 26))
    told = list(Firing.objects.order_by("pk").values_list())
    edit(date(2019, 7, 30))
    recounting.recount(at(2019, 7, 27, 9))
    assert list(Firing.objects.order_by("pk").values_list()) == told
    lines += tick_through(date(2019, 8, 1))
    assert fired_on(lines, "survey/654224") == {
        "T-10": date(2019, 7, 17),
        "T-3": date(2019, 7, 26),
        "T": date(2019, 7, 31),
        "T+1": date(2019, 8, 1),
    }


def test_22_a_date_that_moves_climbs_afresh_and_what_is_past_by_the_new_one_is_not_repeated(tacheng: Plan) -> None:
    """Due on 1 July, T-3 told on 26 June. With 28 June free, T-3 of 2 July is that same 26 June."""
    found = row("m4-scattered/654224")
    only(found)
    lines = tick_through(date(2019, 6, 26))
    assert fired_on(lines, "m4-scattered/654224")["T-3"] == date(2019, 6, 26)
    edit(date(2019, 6, 28))
    recounting.recount(at(2019, 6, 27, 13))
    main = deadline(found)
    assert main.due_on == date(2019, 7, 2)
    again = dict(main.firings.filter(rev=2).values_list("rung_key", "outcome"))
    assert again == {"T-10": "skipped_late", "T-3": "skipped_late"}
    lines = tick_through(date(2019, 7, 3))
    assert fired_on(lines, "m4-scattered/654224") == {"T": date(2019, 7, 2), "T+1": date(2019, 7, 3)}


def test_22_a_rung_that_lies_ahead_for_the_new_date_is_told_for_the_new_date(tacheng: Plan) -> None:
    """The 25th turns out to have been free: T-3 of 2 July is 27 June, which is to come."""
    found = row("m4-scattered/654224")
    only(found)
    tick_through(date(2019, 6, 26))
    edit(date(2019, 6, 25))
    recounting.recount(at(2019, 6, 26, 13))
    main = deadline(found)
    assert main.due_on == date(2019, 7, 2)
    lines = tick_through(date(2019, 7, 2))
    assert fired_on(lines, "m4-scattered/654224") == {"T-3": date(2019, 6, 27), "T": date(2019, 7, 2)}
    (skipped,) = main.firings.filter(rev=2, outcome="skipped_late")
    assert skipped.rung_key == "T-10"


def test_22_a_notice_of_the_old_date_that_has_not_left_is_taken_back(tacheng: Plan) -> None:
    found = row("m4-scattered/654224")
    only(found)
    look = at(2019, 6, 26, 10, 59)
    tick.run(look)
    assert Message.objects.filter(kind="reminder", status="queued", channel="email").exists()
    edit(date(2019, 6, 28))
    recounting.recount(look)
    assert set(Message.objects.filter(kind="reminder").values_list("status", "outcome")) == {("cancelled", "overtaken")}


def test_22_a_queued_reminder_inside_the_new_holiday_is_put_off_to_the_next_opening(tacheng: Plan) -> None:
    """The survey's T-3 fires on Friday 26 July and would leave at eleven; that day has become free."""
    found = row("survey/654224")
    only(found)
    tick.run(at(2019, 7, 26, 10, 59))
    edit(date(2019, 7, 26))
    recounting.recount(at(2019, 7, 26, 10, 59))
    assert sender.deliver(at(2019, 7, 26, 11)) == []
    waiting = Message.objects.filter(kind="reminder", status="queued")
    assert {message.next_attempt_at for message in waiting} == {at(2019, 7, 29, 10)}
    assert sender.deliver(at(2019, 7, 29, 10))


def test_22_an_edit_takes_nobodys_day_away_that_has_come(tacheng: Plan) -> None:
    """Due Monday 1 July; on Friday 28 June two Saturdays past become worked: three days less would be a surprise."""
    found = row("m4-scattered/654224")
    only(found)
    for day in (15, 22):
        edit(date(2019, 6, day), "work")
    recounting.recount(at(2019, 6, 28, 9))
    main = deadline(found)
    assert main.due_on == date(2019, 7, 1)  # 27 June by the calendar
    assert main.rev == 1
    assert any("2019-06-27" in sentence for sentence in how_computed(main))
    edit(date(2019, 7, 1))
    recounting.recount(at(2019, 6, 28, 10))
    assert deadline(found).due_on == date(2019, 7, 1)


def test_22_whoever_has_fewer_days_is_told(tacheng: Plan) -> None:
    found = signed(row("m4-scattered/654224"), NOW)
    only(found)
    edit(date(2019, 6, 15), "work")
    recounting.recount(NOW)
    assert deadline(found).due_on == date(2019, 6, 28)
    told = Message.objects.filter(kind="moved", about=deadline(found).about)
    assert set(told.values_list("recipient__username", "channel")) == {
        (name, channel) for name in ("托里县·经办人", "托里县·分管领导") for channel in ("inbox", "email")
    }
    assert "2019-07-01" in told[0].body
    assert "2019-06-28" in told[0].body


def test_22_a_layer_reaches_its_units_alone_and_an_edit_below_all_above_it(tacheng: Plan) -> None:
    layer = Calendar.objects.create(code="xinjiang", name="新疆工作日历", base=Calendar.objects.national())
    above = calendars.highest_edition()
    Bureau.objects.filter(code="654224").update(calendar=layer)
    calendars.changed(layer, above=above)
    recounting.recount(NOW)
    edit(date(2019, 6, 28), code="xinjiang", note="古尔邦节")
    recounting.recount(NOW)
    own, other = deadline(row("m4-scattered/654224")), deadline(row("m4-scattered/654201"))
    assert (own.due_on, other.due_on) == (date(2019, 7, 2), date(2019, 7, 1))
    said = "".join(how_computed(own))
    assert "新疆工作日历" in said
    assert "2019-06-28" in said
    assert "古尔邦节" in said
    edit(date(2019, 6, 27))
    recounting.recount(NOW)
    assert deadline(row("m4-scattered/654224")).due_on == date(2019, 7, 3)
    assert deadline(row("m4-scattered/654201")).due_on == date(2019, 7, 2)


def test_22_receipt_and_verdict_are_counted_too_and_what_was_decided_stands(tacheng: Plan) -> None:
    survey = row("survey/654224")
    main = deadline(survey)
    extension = actions.ask_extension(
        signed(survey, NOW), by=person("托里县·经办人"), now=NOW, to=date(2019, 8, 9), reason="汛期。"
    )
    actions.grant_extension(extension, by=person(SUPERVISOR), now=NOW, to=date(2019, 8, 9), document_no="1号")
    other = handed_in(row("survey/654201"), NOW)
    verdict, receipt = deadline(other, "verdict"), deadline(row("filing/654221/喀拉也木勒镇"), "receipt")
    assert verdict.due_on == date(2019, 6, 13)
    assert receipt.due_on == date(2019, 6, 3)
    edit(date(2019, 6, 12))
    edit(date(2019, 8, 9))
    edit(date(2019, 6, 3))
    recounting.recount(NOW)
    for one in (main, verdict, receipt):
        one.refresh_from_db()
    assert verdict.due_on == date(2019, 6, 14)
    assert receipt.due_on == date(2019, 6, 4)
    assert main.due_on == date(2019, 8, 9)


def test_22_taken_back_an_edit_leaves_the_first_date(tacheng: Plan) -> None:
    before = dict(Deadline.objects.values_list("pk", "due_on"))
    rules = dict(Deadline.objects.values_list("pk", "rule"))
    calendar = edit(date(2019, 6, 28))
    recounting.recount(NOW)
    assert dict(Deadline.objects.values_list("pk", "due_on")) != before
    CalendarDay.objects.filter(date=date(2019, 6, 28)).delete()
    calendar.refresh_from_db()
    calendars.changed(calendar)
    recounting.recount(NOW)
    assert dict(Deadline.objects.values_list("pk", "due_on")) == before
    assert dict(Deadline.objects.values_list("pk", "rule")) == rules


# --- When an edit has been worked off -----------------------------------------------------------------


def test_an_act_that_began_before_the_edit_and_ends_after_it_is_found(tacheng_committed: Plan) -> None:
    """It counted by the older days: for ten minutes the job looks again, and then no more."""
    edit(date(2019, 6, 28))
    recounting.recount(NOW)
    calendar = Calendar.objects.national()
    assert calendar.applied != calendar.edition
    late = deadline(row("m4-scattered/654224"))
    Deadline.objects.filter(pk=late.pk).update(due_on=date(2019, 7, 1), calendar_edition=calendar.edition - 1)
    recounting.recount(NOW)
    late.refresh_from_db()
    assert late.due_on == date(2019, 7, 2)
    Calendar.objects.update(edited_at=clock.real_now() - timedelta(minutes=11))
    recounting.recount(NOW)
    calendar.refresh_from_db()
    assert calendar.applied == calendar.edition


def test_when_nothing_was_edited_the_job_asks_the_database_once(tacheng: Plan) -> None:
    Calendar.objects.update(edited_at=clock.real_now() - timedelta(minutes=11))
    recounting.recount(NOW)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert recounting.recount(NOW) == 0
    assert len(queries) == 1


def next_look(row: Assignment) -> datetime:
    moment = deadline(row).next_look_at
    assert moment is not None
    return moment


@pytest.mark.uncounted
def test_an_edit_in_the_middle_of_a_long_sweep_reaches_the_batches_after_it(
    tacheng: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T of both falls on 31 July. Between the two, 1 August becomes free, and another worker recounts everything."""
    some = [row("survey/654201"), row("survey/654224")]
    only(*some)
    Deadline.objects.filter(next_look_at=None).update(status="cancelled")
    tick_through(date(2019, 7, 30))
    first, second = sorted(some, key=next_look)
    edits = iter([lambda: (edit(date(2019, 8, 1)), recounting.recount(at(2019, 7, 31, 12)))])

    def meanwhile(point: str) -> None:
        if point == "tick.after_commit" and deadline(first).next_rung == "T+1":
            next(edits, lambda: None)()

    monkeypatch.setattr(tick, "BATCH", 1)
    monkeypatch.setattr(faults, "hit", meanwhile)
    tick.run(at(2019, 7, 31, 12))
    planned = [clock.local_date(next_look(one)) for one in (first, second)]
    assert planned == [date(2019, 8, 2)] * 2


@pytest.mark.postgres
def test_a_row_somebody_holds_is_left_for_the_next_call(tacheng_committed: Plan) -> None:
    edit(date(2019, 6, 28))
    found = deadline(row("m4-scattered/654224"))
    with held(lambda: list(Deadline.objects.select_for_update(no_key=True).filter(pk=found.pk))):
        assert elsewhere(lambda: recounting.recount(NOW)) > 100
        found.refresh_from_db()
        assert found.due_on == date(2019, 7, 1)
    assert recounting.recount(NOW) == 1
    found.refresh_from_db()
    assert found.due_on == date(2019, 7, 2)


def test_a_date_that_cannot_be_counted_stops_no_other(tacheng: Plan) -> None:
    bad, good = deadline(row("m4-scattered/654224")), deadline(row("m4-scattered/654201"))
    Deadline.objects.filter(pk=bad.pk).update(trail={})
    edit(date(2019, 6, 28))
    recounting.recount(NOW)
    bad.refresh_from_db()
    good.refresh_from_db()
    assert good.due_on == date(2019, 7, 2)
    assert (bad.due_on, bad.fail_count) == (date(2019, 7, 1), 1)
    assert "from" in bad.last_error


# --- 23: killed half-way ------------------------------------------------------------------------------

DIES = """
from workflows import recounting
recounting.BATCH = 25
die_at({place!r}, {call})
recounting.recount(at(2019, 6, 10, 11))
"""


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("workflows.recounting._batch", 3),  # between two batches
        ("workflows.deadlines.recount", 60),  # in the middle of one
        ("workflows.deadlines.write_recounts", 2),  # before it is written
        ("workflows.notices.tell_moved", 3),  # after it was written, before it is committed
    ],
)
def test_23_killed_half_way_and_run_again_it_ends_as_one_run_would(
    tacheng_committed: Plan, monkeypatch: pytest.MonkeyPatch, place: str, call: int
) -> None:
    edit(date(2019, 6, 15), "work")
    edit(date(2019, 7, 5))
    died = child(DIES.format(place=place, call=call))
    assert died == -signal.SIGKILL
    stale = Deadline.objects.filter(status="armed").exclude(calendar_edition=Calendar.objects.national().edition)
    assert stale.exists()
    recounting.recount(NOW)
    assert not stale.exists()
    moved = DeadlineChange.objects.filter(kind="calendar")
    assert moved.exists()
    # One run over the same rows says the same: every date is what it is counted to be, changed once, told once.
    for one in Deadline.objects.all():
        counted = dates.recounted(dates.due_of(one), calendars.days_for(one.unit))
        assert counted == dates.due_of(one)
        changes = one.changes.filter(kind="calendar")
        assert changes.count() == one.rev - 1 == int(one.due_on != one.original_due_on)
    earlier = set(moved.filter(new_due_on__lt=F("old_due_on")).values_list("pk", flat=True))
    keys = Message.objects.filter(kind="moved", channel="inbox").values_list("dedupe_key", flat=True)
    assert {int(key.split("|")[1]) for key in keys} == earlier
    before = everything()
    recounting.recount(NOW)
    assert everything() == before


# --- 24: a year nobody has entered --------------------------------------------------------------------


def test_24_across_a_year_without_data_monday_to_friday_count_with_a_warning_and_move_when_it_is_entered(
    tacheng: Plan,
) -> None:
    found = row("m4-scattered/654224")
    now = at(2026, 12, 24, 10)
    due = dates.working_days(10, clock.local_date(now), calendars.days_for(found.unit), basis="ours")
    assert due.on == date(2027, 1, 7)
    armed = deadlines.arm(found, "main", found.unit, due, now=now, round=2)
    assert calendars.uncovered_years(date(2026, 12, 24), date(2027, 12, 24)) == (2027,)
    assert any("2027" in sentence and "2027-" not in sentence for sentence in how_computed(armed))
    edit(date(2027, 1, 1), note="元旦")
    recounting.recount(now)
    armed.refresh_from_db()
    assert (armed.due_on, armed.rev) == (date(2027, 1, 8), 2)
    said = "".join(how_computed(armed))
    assert "元旦" in said
    assert "2027-01-01" in armed.changes.get(kind="calendar").reason
    assert calendars.uncovered_years(date(2026, 12, 24), date(2027, 12, 24)) == ()


# --- 25 and 26: without an end, and the last second ---------------------------------------------------


def test_25_work_without_an_end_is_never_overdue(tacheng: Plan) -> None:
    found = Deadline.objects.filter(kind="checkup").select_related("assignment")
    endless = [one for one in found if not one.assignment.deadlines.filter(kind="main").exists()]
    assert endless
    only(endless[0].assignment)
    lines = tick_through(date(2020, 3, 1))
    assert {line["kind"] for line in lines if line["event"] == "fired"} <= {"checkup", "receipt"}
    assert any(line.get("kind") == "checkup" for line in lines)
    assert not Deadline.objects.main().overdue(at(2020, 3, 1)).filter(assignment=endless[0].assignment).exists()


@pytest.mark.parametrize(("moment", "late"), [(at(2019, 7, 31, 23, 59, 59), False), (at(2019, 8, 1), True)])
def test_26_the_last_second_of_the_day_is_on_time_and_midnight_is_late(
    tacheng: Plan, moment: datetime, late: bool
) -> None:
    handed_in(row("survey/654224"), moment)
    main = deadline(row("survey/654224"))
    assert (main.was_late, main.met_at) == (late, moment)


# --- 39: pause and resume -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["m4-scattered/654224", "monthly/654224/2019-06"])
def test_39_paused_ten_working_days_and_resumed_as_many_are_left(tacheng: Plan, key: str) -> None:
    found = signed(row(key), NOW) if row(key).state == "issued" else row(key)
    only(found)
    days = calendars.days_for(found.unit)
    before = deadline(found).due_on
    left = days.between(date(2019, 6, 12), before)
    actions.suspend(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 12, 16), reason="机构调整。")
    back = days.shift(date(2019, 6, 12), 10)
    actions.resume(fresh(found), by=person(SUPERVISOR), now=at(back.year, back.month, back.day, 9), reason="完成。")
    main = deadline(found)
    assert days.between(back, main.due_on) == left
    assert days.between(before, main.due_on) == 10
    assert main.rule == "resumed"
    assert str(left) in "".join(how_computed(main))
    assert how_changed(main.changes.get(kind="resume"))
    # Resumed, it is counted from the resumption: an edit of the days before it changes nothing.
    edit(date(2019, 6, 11))
    recounting.recount(at(back.year, back.month, back.day, 10))
    assert deadline(found).due_on == main.due_on


def test_39_a_holiday_entered_while_it_rests_takes_no_day_from_what_was_left(tacheng: Plan) -> None:
    found = signed(row("m4-scattered/654224"), NOW)
    only(found)
    actions.suspend(found, by=person(SUPERVISOR), now=at(2019, 6, 17, 16), reason="机构调整。")
    edit(date(2019, 6, 14))  # a day that had been counted as worked
    recounting.recount(at(2019, 6, 18, 9))
    main = deadline(found)
    assert (main.status, main.due_on, main.trail["working_days_left"]) == ("paused", date(2019, 7, 2), 11)
    edit(date(2019, 6, 13))  # and one more that nobody has recounted when it goes on
    actions.resume(fresh(found), by=person(SUPERVISOR), now=at(2019, 7, 1, 9), reason="完成。")
    assert calendars.days_for(found.unit).between(date(2019, 7, 1), deadline(found).due_on) == 12


def test_39_a_date_that_was_decided_stays_where_it_is(tacheng: Plan) -> None:
    found = signed(row("m4-scattered/654224"), NOW)
    extension = actions.ask_extension(found, by=leader_of(found.unit), now=NOW, to=date(2019, 7, 12), reason="汛期。")
    actions.grant_extension(extension, by=person(SUPERVISOR), now=NOW, to=date(2019, 7, 12), document_no="1号")
    actions.suspend(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 17, 16), reason="机构调整。")
    actions.resume(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 25, 9), reason="完成。")
    assert deadline(found).due_on == date(2019, 7, 12)


def test_a_date_met_under_the_older_calendar_runs_again_by_the_newer(tacheng: Plan) -> None:
    found = handed_in(row("m4-scattered/654224"), NOW)
    edit(date(2019, 6, 28))
    recounting.recount(NOW)
    assert deadline(found).due_on == date(2019, 7, 1)
    actions.withdraw(found, by=leader_of(found.unit), now=at(2019, 6, 11, 9), reason="漏项。")
    main = deadline(found)
    assert (main.status, main.due_on) == ("armed", date(2019, 7, 2))
    assert main.calendar_edition == calendars.with_edition(bureau("654224"))[1]
