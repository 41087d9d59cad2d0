"""When a light changes by itself: asked of `changes_at` once, and of `light_of` moment by moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import chinese_calendar.constants as table
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bureaus.clock import start_of
from bureaus.working_days import MONDAY_TO_FRIDAY, WorkingDays
from measures.lights import changes_at, light_of
from measures.models import Assignment, Deadline
from tests.make import at

NATIONAL = WorkingDays(frozenset(table.holidays), frozenset(table.workdays), frozenset(range(2004, 2027)))
FREE_SUMMER = WorkingDays(
    frozenset(date(2019, 7, 20) + timedelta(days=n) for n in range(25)), frozenset(), frozenset({2019})
)
FIRST = date(2019, 5, 1)
days = st.integers(0, 420).map(lambda n: FIRST + timedelta(days=n))


@st.composite
def deadlines(draw: st.DrawFn) -> Deadline:
    starts, due = draw(days), draw(days)
    return Deadline(
        kind=draw(st.sampled_from(["main", "main", "checkup", "receipt", "verdict"])),
        status=draw(st.sampled_from(["armed", "armed", "armed", "met", "paused", "cancelled"])),
        starts_on=min(starts, due),
        due_on=due,
        due_at=start_of(due + timedelta(days=1)),
    )


rows = st.builds(
    Assignment, state=st.sampled_from(sorted(Assignment.State.values)), progress=st.integers(0, 100)
)  # fmt: skip
moments = st.builds(
    lambda day, seconds: start_of(day) + timedelta(seconds=seconds), days, st.integers(0, 24 * 3600 - 1)
)
calendars = st.sampled_from([NATIONAL, MONDAY_TO_FRIDAY, FREE_SUMMER])


@settings(max_examples=400)
@given(rows, st.lists(deadlines(), max_size=4), moments, calendars)
def test_between_now_and_then_the_light_is_the_same_and_then_it_is_not(
    row: Assignment, dates: list[Deadline], now: datetime, calendar: WorkingDays
) -> None:
    light = light_of(row, dates, now, calendar).light
    until = changes_at(row, dates, now, calendar)
    end = until or start_of(FIRST + timedelta(days=900))
    assert end > now
    # Every midnight between, the last instant before each, and the last instant of all.
    day = start_of(now.astimezone(end.tzinfo).date() + timedelta(days=1))
    while day < end:
        assert light_of(row, dates, day, calendar).light == light
        day += timedelta(days=1)
    assert light_of(row, dates, end - timedelta(microseconds=1), calendar).light == light
    if until is not None:
        assert light_of(row, dates, until, calendar).light != light
        assert until.astimezone(UTC) == start_of(until.astimezone(end.tzinfo).date())


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (at(2019, 6, 3), at(2019, 7, 26)),  # the third working day before Wednesday 31 July
        (at(2019, 7, 25, 23, 59, 59), at(2019, 7, 26)),
        (at(2019, 7, 26), at(2019, 8, 1)),
        (at(2019, 8, 1), None),  # red for good
    ],
)
def test_a_short_term(now: datetime, then: datetime | None) -> None:
    main = Deadline(
        kind="main",
        status="armed",
        starts_on=date(2019, 6, 3),
        due_on=date(2019, 7, 31),
        due_at=at(2019, 8, 1),
    )
    assert changes_at(Assignment(state="in_progress"), [main], now, NATIONAL) == then


def test_a_long_term_falls_behind_on_the_day_its_share_says() -> None:
    """Of 579 days, 10 points are 57.9: the 58th day after 1 June 2019; 20 points are the 116th."""
    main = Deadline(
        kind="main",
        status="armed",
        starts_on=date(2019, 6, 1),
        due_on=date(2020, 12, 31),
        due_at=at(2021, 1, 1),
    )
    for progress, then in ((0, at(2019, 7, 29)), (10, at(2019, 9, 25)), (95, at(2020, 12, 28))):
        row = Assignment(state="in_progress", progress=progress)
        assert changes_at(row, [main], at(2019, 6, 3), NATIONAL) == then
