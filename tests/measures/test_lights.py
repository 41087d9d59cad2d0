"""Lights: asked of dates every time, never kept."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from measures.lights import Light, behind_schedule, expected_progress, light_of, worst
from measures.models import Assignment, Deadline, Plan
from tests.make import SUPERVISOR, accepted, at, fresh, handed_in, officer_of, person, row, signed
from workflows import actions


def light(found: Assignment, now: datetime) -> tuple[str, str]:
    shown = light_of(fresh(found), found.deadlines.all(), now)
    return shown.light.value, shown.why


@pytest.mark.parametrize(
    ("now", "shown"),
    [
        (at(2019, 7, 25, 23, 59), ("green", "")),
        # Due on Wednesday 31 July: yellow from the third working day before.
        (at(2019, 7, 26), ("amber", "soon")),
        (at(2019, 7, 31, 23, 59, 59), ("amber", "soon")),
        (at(2019, 8, 1), ("red", "overdue")),
        (at(2019, 9, 1), ("red", "overdue")),
    ],
)
def test_from_green_over_yellow_to_red(tacheng: Plan, now: datetime, shown: tuple[str, str]) -> None:
    assert light(row("survey/654224"), now) == shown


@pytest.mark.uncounted
@pytest.mark.parametrize(
    ("now", "shown"),
    [
        (at(2019, 9, 26, 12), "green"),  # Sunday 29 September is worked: 8 October is the fourth from here
        (at(2019, 9, 27), "amber"),
        (at(2019, 10, 8, 12), "amber"),
        (at(2019, 10, 9), "red"),
    ],
)
def test_soon_is_counted_in_working_days(tacheng: Plan, now: datetime, shown: str) -> None:
    found = row("survey/654224")
    main = found.deadlines.filter(kind="main")
    main.update(starts_on=date(2019, 9, 2), due_on=date(2019, 10, 8), due_at=at(2019, 10, 9))
    assert light(found, now)[0] == shown


def test_handed_in_is_green_whatever_the_reviewer_does(tacheng: Plan) -> None:
    found = handed_in(row("survey/654224"), at(2019, 7, 31, 16))
    assert light(found, at(2019, 9, 1)) == ("green", "submitted")
    accepted(fresh(found), at(2019, 9, 2, 10))
    assert light(found, at(2019, 9, 3)) == ("done", "")


def test_a_missed_correction_is_red(tacheng: Plan) -> None:
    found = handed_in(row("survey/654224"), at(2019, 7, 31, 16))
    actions.send_back(found, by=person("人社局·经办人"), now=at(2019, 8, 1, 10), reason="不全。")
    assert light(found, at(2019, 8, 6, 12)) == ("amber", "soon")
    assert light(found, at(2019, 8, 7)) == ("red", "overdue")


def test_open_ended_work_is_grey_and_never_red(tacheng: Plan) -> None:
    found = signed(row("m7-register/654224"), at(2019, 6, 3, 11))
    assert light(found, at(2019, 8, 1)) == ("grey", "open")
    assert light(found, at(2019, 9, 30, 23, 59)) == ("grey", "open")
    assert light(found, at(2019, 10, 1)) == ("amber", "checkup")


def test_suspended_and_cancelled_work_is_grey(tacheng: Plan) -> None:
    suspended, cancelled = row("survey/654224"), row("survey/654225")
    actions.suspend(suspended, by=person(SUPERVISOR), now=at(2019, 7, 1, 10), reason="待批。")
    actions.cancel(cancelled, by=person(SUPERVISOR), now=at(2019, 7, 1, 10), reason="撤销。")
    assert light(suspended, at(2019, 9, 1)) == ("grey", "open")
    assert light(cancelled, at(2019, 9, 1)) == ("grey", "cancelled")


def test_long_work_is_yellow_ten_points_behind_its_time(tacheng: Plan) -> None:
    """From 1 June 2019 to the end of 2020 are 579 days; on 1 June 2020, 366 of them have gone by: 63 per cent."""
    found = signed(row("m2-courses/654224"), at(2019, 6, 3, 11))
    found.deadlines.filter(kind="checkup").update(status="cancelled", next_look_at=None)
    now = at(2020, 6, 1, 12)
    main = found.deadlines.get(kind="main")
    assert expected_progress(main, date(2020, 6, 1)) == 63
    for progress, shown in ((53, ("amber", "behind")), (54, ("green", ""))):
        actions.report(
            fresh(found), by=officer_of(found.unit), now=at(2020, 5, 30, 11), text="推进。", progress=progress
        )
        found.deadlines.filter(kind="checkup").update(status="cancelled", next_look_at=None)
        assert light(found, now) == shown


def test_short_work_is_never_behind(tacheng: Plan) -> None:
    """The survey has 42 working days: nothing reported on the day before T-3, and still green."""
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    main = found.deadlines.get(kind="main")
    assert not behind_schedule(found, main, date(2019, 7, 25))
    # More than sixty working days, and not sixty: a quarter of them has to do.
    main.starts_on, main.due_on = date(2019, 7, 1), date(2019, 9, 24)
    assert not behind_schedule(found, main, date(2019, 9, 1))
    main.due_on = date(2019, 9, 25)
    assert behind_schedule(found, main, date(2019, 9, 1))


def test_expected_progress_stays_between_nothing_and_all() -> None:
    main = Deadline(kind="main", starts_on=date(2019, 6, 1), due_on=date(2019, 6, 11))
    days = [date(2019, 5, 1), date(2019, 6, 1), date(2019, 6, 6), date(2019, 6, 11), date(2019, 7, 1)]
    assert [expected_progress(main, day) for day in days] == [0, 0, 50, 100, 100]
    assert expected_progress(Deadline(starts_on=date(2019, 6, 1), due_on=date(2019, 6, 1)), date(2019, 6, 1)) == 100


@pytest.mark.parametrize(
    ("lights", "together"),
    [
        ([], Light.GREY),
        ([Light.DONE, Light.DONE], Light.DONE),
        ([Light.DONE, Light.GREY], Light.GREY),
        ([Light.GREY, Light.GREEN, Light.DONE], Light.GREEN),
        ([Light.GREEN, Light.AMBER], Light.AMBER),
        ([Light.AMBER, Light.RED, Light.GREEN], Light.RED),
    ],
)
def test_several_rows_make_one_light_the_worst(lights: list[Light], together: Light) -> None:
    assert worst(lights) == together


def test_overdue_is_one_word_for_rows_and_dates(tacheng: Plan) -> None:
    """Of the survey on 1 August: the five counties' and the two shares', and what was due before."""
    now = at(2019, 8, 1)
    rows = Assignment.objects.overdue(now)
    assert rows.filter(step__code__in=["survey", "m1-share"]).count() == 7
    assert not rows.filter(measure__number=7).exists()
    assert set(rows) == {one.assignment for one in Deadline.objects.main().overdue(now)}
    assert {light(found, now)[0] for found in rows} == {"red"}
    assert "red" not in {light(found, now)[0] for found in Assignment.objects.exclude(pk__in=rows)}
