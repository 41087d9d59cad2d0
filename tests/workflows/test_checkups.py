"""Open-ended and long work: somebody looks in at regular dates (定期检查), and a report answers."""

from __future__ import annotations

from datetime import date, datetime

from measures.lights import Light, light_of
from measures.models import Assignment, Plan
from tests.make import (
    SUPERVISOR,
    at,
    day_of,
    fired,
    fresh,
    handed_in,
    last_event,
    officer_of,
    only,
    person,
    row,
    signed,
    tick_through,
)
from workflows import actions, tick

QUARTERS = [
    date(2019, 9, 30), date(2019, 12, 31), date(2020, 3, 31), date(2020, 6, 30), date(2020, 9, 30), date(2020, 12, 31)
]  # fmt: skip


def checkups(found: Assignment) -> list[tuple[date, str]]:
    return list(found.deadlines.filter(kind="checkup").order_by("round").values_list("due_on", "status"))


def reported(found: Assignment, now: datetime) -> None:
    actions.report(fresh(found), by=officer_of(found.unit), now=now, text="有序推进。", progress=10)


def register() -> Assignment:
    """裕民县 registering titles site by site: measure seven, no end date, a checkup each quarter."""
    found = signed(row("m7-register/654225"), at(2019, 6, 3, 11))
    only(found)
    return found


def test_a_report_in_its_quarter_meets_the_checkup_and_the_next_one_is_set(tacheng: Plan) -> None:
    found = register()
    reported(found, at(2019, 9, 20, 11))
    assert checkups(found) == [(QUARTERS[0], "met"), (QUARTERS[1], "armed")]
    # Nobody is reminded of the quarter that was answered.
    assert not fired(tick_through(date(2019, 10, 31)))
    # A second report in the same quarter meets nothing more.
    reported(found, at(2019, 9, 25, 11))
    assert checkups(found) == [(QUARTERS[0], "met"), (QUARTERS[1], "armed")]


def test_reporting_each_quarter_to_the_end_leaves_nothing_open(tacheng: Plan) -> None:
    found = register()
    for number, due_on in enumerate(QUARTERS, start=1):
        reported(found, at(due_on.year, due_on.month, 15, 11))
        expected = [(day, "met") for day in QUARTERS[:number]]
        expected += [(day, "armed") for day in QUARTERS[number : number + 1]]
        assert checkups(found) == expected
    # With the plan at its end the unit goes on reporting, and no further date is made up.
    reported(found, at(2020, 12, 28, 11))
    assert len(checkups(found)) == 6


def test_a_checkup_that_passes_makes_the_next_and_stays_to_be_answered(tacheng: Plan) -> None:
    found = register()
    lines = tick_through(at(2019, 9, 30, 12))
    assert [(line["rung"], day_of(line)) for line in fired(lines)] == [
        ("T-5", date(2019, 9, 24)),  # Sunday 29 September is worked
        ("T", date(2019, 9, 30)),
    ]
    assert checkups(found) == [(QUARTERS[0], "armed"), (QUARTERS[1], "armed")]


def test_a_late_report_sets_one_next_date_and_not_two(tacheng: Plan) -> None:
    """The quarter before was missed; one report is made in the quarter after it."""
    found = register()
    tick_through(date(2019, 10, 9))
    reported(found, at(2019, 10, 10, 11))
    armed = [due_on for due_on, status in checkups(found) if status == "armed"]
    assert len(armed) == 1
    missed = found.deadlines.get(kind="checkup", round=1)
    assert (missed.status, missed.was_late) == ("met", True)


def test_an_overdue_checkup_is_yellow_and_never_red(tacheng: Plan) -> None:
    found = register()
    tick_through(date(2019, 12, 1))
    shown = light_of(found, found.deadlines.all(), at(2019, 12, 1, 10))
    assert (shown.light, shown.why) == (Light.AMBER, "checkup")
    assert not Assignment.objects.overdue(at(2019, 12, 1)).filter(pk=found.pk).exists()
    assert not found.slips.exists()


def test_a_rule_that_was_waited_for_answers_the_checkup(tacheng: Plan) -> None:
    found = signed(row("m7-watch/land"), at(2019, 6, 3, 11))
    actions.record_rule(
        found,
        by=person("自然资源局·经办人"),
        now=at(2019, 9, 5, 11),
        title="易地扶贫搬迁安置住房不动产登记办法",
        document_no="自然资发〔2019〕0号",
        issued_on=date(2019, 9, 1),
    )
    assert checkups(found) == [(QUARTERS[0], "met"), (QUARTERS[1], "armed")]
    event = last_event(found)
    assert (event.kind, event.data) == (
        "rule_issued",
        {"document_no": "自然资发〔2019〕0号", "issued_on": "2019-09-01"},
    )


def test_handing_in_ends_the_checkups_and_a_withdrawal_brings_the_next(tacheng: Plan) -> None:
    found = register()
    handed_in(found, at(2019, 9, 20, 11))
    assert checkups(found) == [(QUARTERS[0], "met")]
    actions.withdraw(fresh(found), by=officer_of(found.unit), now=at(2019, 9, 23, 11), reason="再核。")
    assert checkups(found) == [(QUARTERS[0], "met"), (QUARTERS[1], "armed")]


def test_long_work_is_looked_at_each_year_and_each_quarter_before_its_date(tacheng: Plan) -> None:
    found = signed(row("m2-courses/654201"), at(2019, 6, 3, 11))
    only(found)
    for due_on in QUARTERS[:-1]:
        reported(found, at(due_on.year, due_on.month, 20, 11))
    assert checkups(found) == [(day, "met") for day in QUARTERS[:-1]]
    assert found.deadlines.get(kind="main").due_on == date(2020, 12, 31)


def test_suspended_work_is_not_looked_at(tacheng: Plan) -> None:
    found = register()
    actions.suspend(found, by=person(SUPERVISOR), now=at(2019, 9, 2, 10), reason="办法待出台。")
    assert not fired(tick_through(date(2019, 11, 1)))
    actions.resume(fresh(found), by=person(SUPERVISOR), now=at(2019, 11, 4, 9), reason="恢复。")
    # Twenty working days were left on 2 September; as a date of ours it moves that far on.
    assert checkups(found)[0] == (date(2019, 12, 2), "armed")


def test_after_an_outage_the_next_date_is_made_all_the_same(tacheng: Plan) -> None:
    """T and T+5 come due together at one late look."""
    found = register()
    tick.run(at(2019, 10, 18, 15))
    assert checkups(found) == [(QUARTERS[0], "armed"), (QUARTERS[1], "armed")]
