"""The counts are a cache of the lights: kept by acts and by the sweep, never lost, never doubled, made anew."""

from __future__ import annotations

from collections import Counter
from datetime import date
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bureaus import calendars, clock
from bureaus.access import NotYours
from bureaus.models import Calendar, CalendarDay
from measures.lights import light_of
from measures.models import Assignment, Deadline, LightCount, Plan, Recurrence
from tests.make import (
    SUPERVISOR,
    accepted,
    at,
    bureau,
    deadline,
    fresh,
    handed_in,
    leader_of,
    officer_of,
    only,
    person,
    row,
    rows,
    sent_up,
    signed,
    tick_through,
)
from tests.workflows.child import at_one_lock, beside, elsewhere, held, together, until_waiting
from workflows import actions, counters, issuing, queries, recounting, tick

NOW = at(2019, 6, 10, 11)


def counts(unit: str, number: int) -> dict[str, int]:
    found = LightCount.objects.filter(unit__code=unit, measure_number=number).exclude(count=0)
    return dict(found.values_list("what", "count"))


def changed(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {what: n for what in before | after if (n := after.get(what, 0) - before.get(what, 0))}


def lamp(found: Assignment) -> str:
    return fresh(found).light


def verify(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    try:
        call_command("rebuild_counters", "--verify")
    except SystemExit as ended:
        return int(str(ended.code)), capsys.readouterr().out
    return 0, capsys.readouterr().out


def reported(found: Assignment, progress: int) -> object:
    return actions.report(found, by=officer_of(found.unit), now=NOW, text="推进。", progress=progress)


# --- Acts -----------------------------------------------------------------------------------------


def test_one_share_through_its_life(tacheng: Plan) -> None:
    """Each act changes exactly what it changes: light, first round in time, progress."""
    found, was = row("survey/654224"), counts("654224", 1)

    def change() -> dict[str, int]:
        nonlocal was
        before, was = was, counts("654224", 1)
        return changed(before, was)

    found = signed(found, NOW)
    assert change() == {}
    actions.report(found, by=officer_of(found.unit), now=NOW, text="推进。", progress=40)
    assert change() == {"progress": 40}
    found = handed_in(fresh(found), at(2019, 7, 31, 23, 59))  # two working days left: it had been green until now
    assert change() == {"on_time": 1}
    actions.send_back(found, by=person("人社局·经办人"), now=at(2019, 8, 1, 10), reason="不全。")
    assert change() == {"green": -1, "amber": 1}
    counters.sweep(at(2019, 8, 7))
    assert lamp(found) == "red"
    change()
    accepted(fresh(found), at(2019, 8, 8, 10))
    assert change() == {"red": -1, "done": 1, "progress": 60}
    actions.reconsider(fresh(found), by=person("人社局·经办人"), now=at(2019, 8, 8, 11), reason="误。")
    assert change() == {"done": -1, "green": 1}
    actions.suspend(fresh(found), by=person(SUPERVISOR), now=at(2019, 8, 8, 12), reason="待批。")
    assert change() == {"green": -1, "grey": 1}
    actions.cancel(fresh(found), by=person(SUPERVISOR), now=at(2019, 8, 8, 13), reason="撤销。")
    # It stays visible on no board; that it once came in time stays counted.
    assert change() == {"grey": -1, "progress": -100}
    assert counts("654224", 1)["on_time"] == 1


def test_late_once_and_taken_back(tacheng: Plan) -> None:
    """A first round that is past counts as late before it comes, and as late when it has come."""
    found = signed(row("survey/654224"), NOW)
    counters.sweep(at(2019, 8, 1))
    late = counts("654224", 1)["late"]
    found = handed_in(found, at(2019, 8, 2, 10))
    assert counts("654224", 1)["late"] == late
    # Withdrawn before the verdict, the same date runs again, and is past.
    actions.withdraw(found, by=officer_of(found.unit), now=at(2019, 8, 2, 11), reason="有误。")
    assert (lamp(found), counts("654224", 1)["late"]) == ("red", late)


def test_an_extension_turns_a_light_back(tacheng: Plan) -> None:
    found = signed(row("survey/654224"), NOW)
    asked = actions.ask_extension(
        found, by=officer_of(found.unit), now=at(2019, 7, 30, 10), to=date(2019, 8, 20), reason="汛期。"
    )
    counters.sweep(at(2019, 8, 1))
    assert lamp(found) == "red"
    actions.grant_extension(asked, by=person(SUPERVISOR), now=at(2019, 8, 1, 9), to=date(2019, 8, 20), document_no="1")
    assert (lamp(found), fresh(found).light_until) == ("green", at(2019, 8, 15))
    assert counts("654224", 1).get("late", 0) == sum(lamp(one) == "red" for one in rows("") if of_cell(one))


def of_cell(one: Assignment) -> bool:
    return one.unit.code == "654224" and one.measure is not None and one.measure.number == 1


def test_what_an_act_does_to_other_rows_is_counted(tacheng: Plan) -> None:
    """A finding makes a row for another unit; the lead's own count does not move."""
    check = signed(row("m5-checks/medical"), NOW)
    before = counts("654224", 5)
    actions.record_finding(
        check, by=officer_of(check.unit), now=NOW, unit=bureau("654224"), text="漏保。"
    )  # fmt: skip
    assert sum(changed(before, counts("654224", 5)).values()) == 1


def test_a_period_is_counted_in_the_transaction_that_begins_it(tacheng: Plan) -> None:
    """Not by the sweep that follows: were that to fail, the board would show a month without its returns."""
    made = issuing.begin_period(Recurrence.objects.get(step__code="monthly"), now=at(2019, 7, 1))
    assert {lamp(one) for one in made} == {"green"}
    assert not Assignment.objects.filter(light_until=counters.AT_ONCE).exists()


def test_an_act_that_fails_counts_nothing(tacheng: Plan) -> None:
    found, before = signed(row("survey/654224"), NOW), counts("654224", 1)
    with transaction.atomic():
        actions.report(found, by=officer_of(found.unit), now=NOW, text="推进。", progress=40)
        assert counts("654224", 1) != before
        transaction.set_rollback(True)
    with pytest.raises(NotYours):
        actions.report(found, by=person("塔城市·经办人"), now=NOW, text="推进。", progress=40)
    assert counts("654224", 1) == before


@pytest.mark.uncounted
def test_a_change_that_is_not_announced_is_noticed(tacheng: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard every test has at its end: without `touch` it complains."""
    found = signed(row("survey/654224"), NOW)
    assert list(counters.differences()) == []
    monkeypatch.setattr("workflows.counters.touch", lambda pk: None)
    handed_in(found, NOW)
    assert {one.what for one in counters.differences()} == {found.key}


# --- The sweep ------------------------------------------------------------------------------------


def test_the_sweep_turns_every_light_at_its_moment(tacheng: Plan) -> None:
    """Nobody acts for twenty months; looked at on many days, the kept lights are those of the dates."""
    for now in (at(2019, 7, 26), at(2019, 8, 1), at(2019, 10, 1), at(2020, 3, 1, 12), at(2021, 1, 15)):
        counters.sweep(now)
        wrong = [one.key for one in rows("") if light_of(one, one.deadlines.all(), now).light != one.light]
        assert wrong == []
        assert counters.sweep(now) == counters.waiting(now) == 0
        assert queries.board(tacheng).late == Deadline.objects.main().overdue(now).filter(round=1).count()


def test_more_than_a_batch_at_one_moment_and_none_starves(tacheng: Plan) -> None:
    now = at(2021, 1, 15)
    due = counters.waiting(now)
    assert due > 100
    assert counters.sweep(now, batch=7) == due
    assert counters.waiting(now) == 0


def test_a_sweep_is_few_questions_however_many_rows(tacheng: Plan) -> None:
    def asked(now: Any) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            swept = counters.sweep(now)
        return swept, len([one for one in queries.captured_queries if "SAVEPOINT" not in one["sql"]])

    few, many = asked(at(2019, 7, 10)), asked(at(2021, 1, 15))
    assert 0 < 2 * few[0] < many[0]
    assert many[1] <= few[1] + 3 <= 14  # one more calendar or measure, not one more row
    assert asked(at(2021, 1, 15)) == (0, 1)


def test_a_checkup_the_tick_sets_leaves_the_light_right(tacheng: Plan) -> None:
    """The one date set without the row's lock: the row waits for an earlier one already."""
    found = signed(row("m7-register/654225"), at(2019, 6, 3, 11))
    only(found)
    tick_through(date(2019, 9, 30))  # its T has fired, and set the next one
    assert found.deadlines.filter(kind="checkup", status="armed").count() == 2
    assert (lamp(found), fresh(found).light_until) == ("grey", at(2019, 10, 1))
    counters.sweep(at(2019, 10, 1))
    assert (lamp(found), fresh(found).light_until) == ("amber", None)


def test_a_tick_turns_the_lights_whose_moment_has_come(tacheng: Plan) -> None:
    found = row("survey/654224")
    only()  # no deadline to look at and no period: lights alone
    tick.run(at(2019, 7, 31, 23, 59))
    assert lamp(found) == "amber"
    tick.run(at(2019, 8, 1))
    assert lamp(found) == "red"


def test_an_edited_calendar_turns_lights_with_its_dates(tacheng: Plan) -> None:
    """Friday 26 July becomes free: Thursday is the third working day before the 31st, without any date moving."""
    found, now = row("survey/654224"), at(2019, 7, 25, 12)
    counters.sweep(now)
    assert lamp(found) == "green"
    calendar = Calendar.objects.national()
    CalendarDay.objects.create(calendar=calendar, date=date(2019, 7, 26), kind="off", note="演示")
    calendars.changed(calendar)
    recounting.recount(now)
    assert (lamp(found), fresh(found).light_until) == ("amber", at(2019, 8, 1))


@pytest.mark.postgres
def test_an_edited_calendar_passes_by_what_an_act_has_in_hand(tacheng_committed: Plan) -> None:
    """Else the act could read a date before it moves, and its light be kept for it."""
    found, now = signed(row("survey/654224"), NOW), at(2019, 7, 25, 12)
    counters.sweep(now)
    calendar = Calendar.objects.national()
    CalendarDay.objects.create(calendar=calendar, date=date(2019, 7, 26), kind="off", note="演示")
    calendars.changed(calendar)
    edition = deadline(found).calendar_edition
    with held(lambda: list(Assignment.objects.select_for_update(of=("self",)).filter(pk=found.pk))):
        elsewhere(lambda: recounting.recount(now))
        assert (deadline(found).calendar_edition, lamp(found)) == (edition, "green")
    recounting.recount(now)
    assert deadline(found).calendar_edition > edition
    assert lamp(found) == "amber"


# --- Anew -----------------------------------------------------------------------------------------


def everything() -> tuple[list[Any], list[Any]]:
    kept = LightCount.objects.exclude(count=0).order_by("plan", "unit", "measure_number", "what")
    return (
        list(Assignment.objects.order_by("pk").values_list("pk", "light", "light_until", "counted")),
        list(kept.values_list("plan", "unit", "measure_number", "what", "count")),
    )


def test_rebuilt_it_is_what_it_was(tacheng: Plan) -> None:
    accepted(row("survey/654224"), NOW)
    counters.sweep(at(2019, 8, 1))
    before = everything()
    counters.rebuild(at(2019, 8, 1))
    assert everything() == before
    Assignment.objects.update(light="", light_until=None, counted="")
    LightCount.objects.all().delete()
    counters.rebuild(at(2019, 8, 1))
    assert everything() == before


def test_verify_says_what_differs_and_rebuild_puts_it_right(
    tacheng: Plan, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    with clock.standing_at(NOW):
        counters.sweep(NOW)
        assert verify(capsys)[0] == 0
        found = row("survey/654224")
        Assignment.objects.filter(pk=found.pk).update(light="red", counted="broken")
        LightCount.objects.filter(unit__code="654201", measure_number=1, what="green").update(count=99)
        code, said = verify(capsys)
        assert code == 1
        assert found.key in said and "tacheng-2019/654201/1 green: 99" in said
        call_command("rebuild_counters")
        capsys.readouterr()
        assert verify(capsys)[0] == 0


def test_verify_says_when_no_tick_comes(tacheng: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    """Whose moment is long past shows that nobody sweeps; that is no difference that a rebuild would explain."""
    with clock.standing_at(at(2019, 8, 1, 0, 5)):
        counters.sweep(at(2019, 7, 31))
        assert counters.waiting(at(2019, 8, 1)) > 0
        assert verify(capsys)[0] == 0
    with clock.standing_at(at(2019, 8, 1, 0, 11)):
        assert verify(capsys)[0] == 1


def test_what_was_issued_before_lights_were_kept_is_found_once(tacheng: Plan) -> None:
    """As the migration leaves the rows of an earlier version."""
    before = everything()
    Assignment.objects.update(light="", light_until=None, counted="")
    LightCount.objects.all().delete()
    import_module("measures.migrations.0004_what_is_counted").leave_to_the_sweep(apps, None)
    assert counters.sweep(at(2019, 6, 1)) == len(before[0])
    assert everything() == before
    assert counters.sweep(at(2019, 6, 1)) == 0


# --- Together -------------------------------------------------------------------------------------


def outcomes(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ if isinstance(result, Exception) else "done" for result in results)


def lock_counts() -> list[LightCount]:
    return list(LightCount.objects.select_for_update().order_by("pk"))


def test_two_acts_in_one_cell_count_both(tacheng_committed: Plan) -> None:
    """Both come to the same numbers at once; with "read, add, write" one of the two would be lost."""
    one, other = [signed(one, NOW) for one in rows("filing/654224")][:2]  # runs of their own
    reported(one, 10)  # so that the count is there to be waited for
    before = counts("654224", 0)
    acts = [lambda: reported(one, 30), lambda: reported(other, 20)]
    assert outcomes(at_one_lock(lock_counts, *acts)) == {"done": 2}
    assert changed(before, counts("654224", 0)) == {"progress": 40}


def test_two_sweeps_at_once_turn_each_light_once(tacheng_committed: Plan) -> None:
    now = at(2021, 1, 15)
    due = counters.waiting(now)
    swept = together(*[lambda: counters.sweep(now, batch=20)] * 3)
    assert outcomes(swept) == {"done": 3}
    counters.sweep(now)  # what one had in hand while another came by
    assert sum(swept) <= due
    assert counters.waiting(now) == 0


def test_acts_and_sweeps_in_many_cells_do_not_lock_each_other_out(tacheng_committed: Plan) -> None:
    """Each changes several counts of the same cells; taken in another order they would wait in a circle."""
    now = at(2021, 1, 15)
    found = [signed(one, NOW) for one in rows("survey/", "m3-")][:6]
    results = together(
        lambda: counters.sweep(now, batch=9),
        lambda: counters.sweep(now, batch=9),
        *[
            lambda one=one: actions.report(one, by=officer_of(one.unit), now=NOW, text="推进。", progress=9)
            for one in found
        ],
    )
    assert outcomes(results) == {"done": 8}


@pytest.mark.postgres
def test_a_sweep_passes_by_what_somebody_is_at_work_on(tacheng_committed: Plan) -> None:
    found, now = row("survey/654224"), at(2019, 8, 1)
    due = counters.waiting(now)
    with held(lambda: list(Assignment.objects.select_for_update(of=("self",)).filter(pk=found.pk))):
        assert elsewhere(lambda: counters.sweep(now)) == due - 1
    assert counters.sweep(now) == 1
    assert lamp(found) == "red"


def test_handed_in_while_the_light_turns_red(tacheng_committed: Plan) -> None:
    found, now = sent_up(row("survey/654224"), NOW), at(2019, 8, 1)
    results = together(
        lambda: counters.sweep(now), lambda: actions.sign_off(found, by=leader_of(found.unit), now=now)
    )  # fmt: skip
    assert outcomes(results) == {"done": 2}
    counters.sweep(now)
    assert (lamp(found), counts("654224", 1)["late"] > 0) == ("green", True)


@pytest.mark.postgres
def test_rebuilding_waits_for_acts_and_loses_none(tacheng_committed: Plan) -> None:
    """An act has changed its row and waits to add it up, while everything is added up anew."""
    found = signed(row("survey/654224"), NOW)
    reported(found, 10)
    before = counts("654224", 1)
    with held(lock_counts) as let_go, beside(lambda: reported(found, 40)) as acted:
        until_waiting(1)
        with beside(lambda: counters.rebuild(NOW)) as rebuilt:
            until_waiting(2)
            let_go()
    assert outcomes([*acted, *rebuilt]) == {"done": 2}
    assert changed(before, counts("654224", 1)) == {"progress": 30}
