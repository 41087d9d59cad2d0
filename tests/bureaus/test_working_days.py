"""Counting in working days, on the real calendar of 2019 and the years around it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from time import perf_counter

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bureaus.working_days import MONDAY_TO_FRIDAY, WorkingDays


@cache
def national(first: int = 2018, last: int = 2026) -> WorkingDays:
    """The State Council's arrangement of holidays and make-up days, as the package has it."""
    years = range(first, last + 1)
    return WorkingDays(
        off=frozenset(day for day in chinese_calendar.holidays if day.year in years and day.weekday() < 5),
        work=frozenset(day for day in chinese_calendar.workdays if day.year in years and day.weekday() >= 5),
        years=frozenset(years),
    )


def test_a_make_up_sunday_is_worked_and_the_dragon_boat_friday_is_free():
    assert national().is_working(date(2019, 9, 29))
    assert national().is_working(date(2019, 10, 12))
    assert not national().is_working(date(2019, 6, 7))
    assert not national().is_working(date(2019, 10, 5))


def test_every_day_of_nine_years_agrees_with_the_published_table():
    day = date(2018, 1, 1)
    while day.year < 2027:
        assert national().is_working(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        # Seven days out of the Friday before the national holiday: 9-29, 9-30, 10-8 … and a Saturday.
        (date(2019, 9, 27), 7, date(2019, 10, 12)),
        (date(2019, 8, 15), -3, date(2019, 8, 12)),
        # Back from inside the holiday: Monday 9-30, make-up Sunday 9-29, Friday 9-27.
        (date(2019, 10, 5), -1, date(2019, 9, 30)),
        (date(2019, 10, 5), -2, date(2019, 9, 29)),
        (date(2019, 10, 5), -3, date(2019, 9, 27)),
        (date(2019, 10, 5), 1, date(2019, 10, 8)),
        (date(2019, 10, 5), 0, date(2019, 9, 30)),
        (date(2019, 8, 15), 0, date(2019, 8, 15)),
        # Across a new year, with 1 January free on both sides.
        (date(2019, 12, 31), 1, date(2020, 1, 2)),
    ],
)
def test_steps_of_a_ladder_fall_on_working_days(start, count, expected):
    assert national().shift(start, count) == expected


def test_the_return_of_september_is_due_after_the_holiday():
    assert national().roll(date(2019, 10, 5)) == date(2019, 10, 8)
    assert national().roll(date(2019, 8, 5)) == date(2019, 8, 5)


def test_between_counts_the_last_day_and_not_the_first():
    assert national().between(date(2019, 9, 27), date(2019, 10, 12)) == 7
    assert national().between(date(2019, 10, 12), date(2019, 9, 27)) == -7
    assert national().between(date(2019, 10, 1), date(2019, 10, 7)) == 0
    assert national().between(date(2019, 8, 15), date(2019, 8, 15)) == 0


def test_a_year_without_data_counts_monday_to_friday():
    calendar = national()
    assert calendar.is_working(date(2027, 10, 1))  # a Friday nobody has arranged yet
    assert not calendar.is_working(date(2027, 10, 2))
    assert calendar.shift(date(2027, 10, 1), 1) == date(2027, 10, 4)
    assert calendar.uncovered(date(2026, 12, 1), date(2028, 1, 15)) == (2027, 2028)
    assert calendar.uncovered(date(2019, 1, 1), date(2020, 12, 31)) == ()
    assert MONDAY_TO_FRIDAY.uncovered(date(2019, 6, 1), date(2019, 7, 1)) == (2019,)


def test_a_weekend_among_the_holidays_is_not_counted_twice():
    with_weekends = WorkingDays(
        frozenset(chinese_calendar.holidays),
        frozenset(chinese_calendar.workdays),
        frozenset(range(2004, 2027)),
    )
    assert with_weekends.between(date(2019, 1, 1), date(2020, 1, 1)) == 250
    assert national().between(date(2019, 1, 1), date(2020, 1, 1)) == 250


def test_the_ends_of_time_are_walls_not_errors():
    assert MONDAY_TO_FRIDAY.shift(date.max, 3) == date.max
    assert MONDAY_TO_FRIDAY.shift(date.min, -3) == date.min
    walled = WorkingDays(frozenset({date.max, date.min}), frozenset(), frozenset())
    assert walled.roll(date.max) == date.max
    assert walled.shift(date.min, 0) == date.min
    assert MONDAY_TO_FRIDAY.between(date.min, date.max) > 2_600_000


def test_counting_three_years_costs_no_more_than_counting_three_days():
    calendar = national()
    calendar.between(date(2018, 1, 1), date(2018, 1, 4))
    started = perf_counter()
    for _ in range(1000):
        calendar.between(date(2018, 1, 1), date(2020, 12, 31))
    assert perf_counter() - started < 0.5  # about 3 ms here; a walk over the days takes a hundred times that


DAYS = st.dates(date(2017, 1, 1), date(2028, 12, 31))
COUNTS = st.integers(1, 300)
CALENDARS = st.sampled_from([national(), MONDAY_TO_FRIDAY, national(2019, 2019)])


@given(DAYS, COUNTS, CALENDARS)
def test_shift_and_between_undo_each_other(day, count, calendar):
    later, earlier = calendar.shift(day, count), calendar.shift(day, -count)
    assert calendar.is_working(later)
    assert calendar.is_working(earlier)
    assert calendar.between(day, later) == count
    assert calendar.between(earlier, day) == count - (not calendar.is_working(day))


@given(DAYS, COUNTS, CALENDARS)
def test_there_and_back_again_from_a_working_day(day, count, calendar):
    day = calendar.roll(day)
    assert calendar.shift(calendar.shift(day, count), -count) == day


@given(DAYS, DAYS, st.integers(-30, 30), CALENDARS)
def test_a_later_start_never_ends_earlier(one, other, count, calendar):
    first, second = sorted((one, other))
    assert calendar.shift(first, count) <= calendar.shift(second, count)
    assert calendar.roll(first) <= calendar.roll(second)
    assert calendar.between(first, second) == -calendar.between(second, first) >= 0


@given(DAYS, DAYS, CALENDARS)
def test_between_equals_a_count_on_the_fingers(one, other, calendar):
    start, end = sorted((one, other))
    fingers = sum(calendar.is_working(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))
    assert calendar.between(start, end) == fingers


@given(DAYS, CALENDARS)
def test_a_rolled_day_is_worked_and_stays(day, calendar):
    rolled = calendar.roll(day)
    assert calendar.is_working(rolled)
    assert calendar.roll(rolled) == rolled >= day >= calendar.shift(day, 0)


@given(st.dates(), st.integers(-50, 50), CALENDARS)
def test_no_day_a_date_can_hold_raises(day, count, calendar):
    calendar.shift(day, count)
    calendar.roll(day)
    calendar.between(day, date.max)
    calendar.uncovered(day, day)
