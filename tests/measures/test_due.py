"""When work of a step is due: dates of the plan stand, dates of ours roll, terms are counted out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bureaus import calendars
from bureaus.working_days import WorkingDays
from measures import due
from measures.explanations import how_computed
from measures.models import Deadline, Plan, Step
from tests.bureaus.test_working_days import national
from tests.make import deadline, row


def step(**values: Any) -> Step:
    return Step(**({"code": "x", "due": "none", "due_basis": "plan"} | values))


def main(made: Step, opened_on: date = date(2019, 6, 1), period: str = "") -> due.Due | None:
    return due.main_due(made, opened_on=opened_on, period=period, calendar=national())


def test_a_named_date_stands_even_on_a_free_day() -> None:
    found = main(step(due="fixed", due_on=date(2019, 10, 5), due_text="10月5日前"))
    assert found == due.Due(date(2019, 10, 5), "fixed", "plan", "10月5日前", {})


@pytest.mark.parametrize(
    ("days", "opened_on", "expected"),
    [
        (1, date(2019, 6, 1), date(2019, 6, 3)),  # a Saturday is not counted itself
        (5, date(2019, 6, 3), date(2019, 6, 11)),  # the Dragon Boat Friday is free
        (3, date(2019, 9, 27), date(2019, 10, 8)),  # a Sunday is worked, a week is free
        (10, date(2019, 6, 1), date(2019, 6, 17)),
    ],
)
def test_a_term_ends_on_a_working_day_its_first_day_not_counted(days: int, opened_on: date, expected: date) -> None:
    found = main(step(due="working_days", due_days=days, due_basis="ours"), opened_on=opened_on)
    assert found is not None
    assert (found.on, found.basis) == (expected, "ours")
    assert found.trail == {"days": days, "from": opened_on.isoformat()}


@pytest.mark.parametrize(
    ("period", "basis", "expected", "rolled"),
    [
        ("2019Q3", "ours", date(2019, 9, 30), None),
        ("2020Q1", "ours", date(2020, 3, 31), None),
        ("2020-05", "ours", date(2020, 6, 1), "2020-05-31"),  # a Sunday rolls
        ("2020-05", "plan", date(2020, 5, 31), None),  # and does not where the plan says so
        ("2019", "plan", date(2019, 12, 31), None),
    ],
)
def test_the_last_day_of_a_period(period: str, basis: str, expected: date, rolled: str | None) -> None:
    found = main(step(due="period_end", due_basis=basis), period=period)
    assert found is not None
    assert (found.on, found.trail.get("rolled_from")) == (expected, rolled)


@pytest.mark.parametrize(
    ("period", "expected", "rolled"),
    [
        ("2019-06", date(2019, 7, 5), None),
        ("2019-09", date(2019, 10, 8), "2019-10-05"),
        ("2019-12", date(2020, 1, 6), "2020-01-05"),
    ],
)
def test_the_fifth_of_the_following_month_is_ours_and_rolls(period: str, expected: date, rolled: str | None) -> None:
    found = main(step(due="next_month_day", due_days=5, due_basis="ours"), period=period)
    assert found is not None
    assert (found.on, found.trail.get("rolled_from"), found.trail["period"]) == (expected, rolled, period)


def test_work_without_an_end_has_none() -> None:
    assert main(step(due="none")) is None


def test_checkups_that_lie_before_the_work_was_given_are_left_out() -> None:
    made = step(
        checkups=[
            {"on": "2019-06-30", "basis": "ours"},  # a Sunday: ours, so it rolls to the Monday
            {"on": "2019-12-31", "basis": "plan"},
            {"on": "2020-05-31", "basis": "plan"},  # a Sunday of the plan's stands
        ]
    )
    found = due.checkup_dues(made, opened_on=date(2019, 6, 1), calendar=national())
    assert [one.on for one in found] == [date(2019, 7, 1), date(2019, 12, 31), date(2020, 5, 31)]
    late = due.checkup_dues(made, opened_on=date(2019, 12, 31), calendar=national())
    assert [one.on for one in late] == [date(2020, 5, 31)]


def test_one_checkup_some_days_after_opening() -> None:
    (found,) = due.checkup_dues(step(checkup_days=10), opened_on=date(2019, 6, 1), calendar=national())
    assert (found.on, found.basis) == (date(2019, 6, 17), "ours")


def test_a_correction_is_the_later_of_two_dates() -> None:
    term = due.working_days(3, date(2019, 8, 1), national(), basis="ours")
    for earlier in (date(2019, 7, 31), date(2019, 8, 6)):
        found = due.later_of(term, earlier)
        assert (found.on, found.rule) == (term.on, term.rule)
    longer = due.later_of(term, date(2019, 8, 15))
    assert (longer.on, longer.rule, longer.trail["instead_of"]) == (date(2019, 8, 15), "original_date", "2019-08-06")


def test_the_round_counts_from_the_day_the_returns_are_due(tacheng: Plan) -> None:
    made = tacheng.steps.get(code="round")
    found = main(made, period="2019-09")
    assert found is not None
    # Returns on 8 October; Saturday 12 October is worked.
    assert (found.on, found.trail["days"], found.trail["from"]) == (date(2019, 10, 14), 5, "2019-10-08")
    # It goes with the returns, should a holiday be added.
    assert found.trail["from_day"] == "2019-10-05"


# --- Counted again --------------------------------------------------------------------------------


def test_counted_again_with_the_same_calendar_every_date_of_the_plan_stays(tacheng: Plan) -> None:
    """I9: whatever the day, recounting is nothing where nothing was edited."""
    for found in Deadline.objects.select_related("unit__calendar"):
        written = due.due_of(found)
        for today in (None, date(2019, 6, 1), found.due_on, date(2021, 1, 1)):
            assert due.recounted(written, calendars.days_for(found.unit), today=today) == written


SPRING = date(2019, 1, 1)
some_days = st.dates(SPRING, date(2020, 12, 31))
some_calendars = st.builds(
    lambda off, work: WorkingDays(frozenset(off), frozenset(work), frozenset((2019, 2020))),
    st.sets(some_days, max_size=60),
    st.sets(some_days, max_size=30),
)
some_dues = st.one_of(
    st.builds(
        lambda days, start: due.Due(start, "working_days", "ours", "", {"days": days, "from": start.isoformat()}),
        st.integers(1, 30),
        some_days,
    ),
    st.builds(
        lambda days, start, other: due.Due(
            start,
            "working_days",
            "ours",
            "",
            {"days": days, "from": start.isoformat(), "not_before": other.isoformat()},
        ),
        st.integers(1, 30),
        some_days,
        some_days,
    ),
    st.builds(
        lambda days, start: due.Due(
            start, "after_returns", "ours", "", {"days": days, "from_day": start.isoformat(), "from": start.isoformat()}
        ),
        st.integers(1, 10),
        some_days,
    ),
    st.builds(lambda day: due.Due(day, "next_month_day", "ours", "", {}), some_days),
    st.builds(lambda day: due.Due(day, "fixed", "plan", "", {}), some_days),
    st.builds(lambda day: due.Due(day, "decided", "decided", "", {}), some_days),
)


@given(some_dues, some_calendars, some_calendars, some_days)
def test_counted_twice_is_counted_once_and_an_edit_taken_back_leaves_no_trace(
    written: due.Due, one: WorkingDays, other: WorkingDays, today: date
) -> None:
    first = due.recounted(written, one)
    assert due.recounted(first, one) == first
    assert due.recounted(first, one, today=today) == first
    assert due.recounted(due.recounted(first, other), one) == first
    edited = due.recounted(first, other, today=today)
    assert due.recounted(edited, other, today=today) == edited
    assert due.recounted(edited, other) == edited
    # No day that has come is taken away: nothing that ran becomes late by an edit.
    assert edited.on >= min(first.on, other.shift(today, 1))
    if written.rule in due.STANDING:
        assert edited == written
    elif edited.on != first.on and "by_calendar" not in edited.trail:
        assert due.edited_days(first, edited)


def test_every_date_of_the_plan_can_be_told_in_words(tacheng: Plan) -> None:
    """Each deadline of the issue has its sentences, with the date and, where it is ours, a word of it."""
    for found in Deadline.objects.select_related("assignment"):
        said = how_computed(found)
        assert f"{found.due_on:%Y-%m-%d}" in "".join(said), found
        assert len(said) >= (2 if found.basis == "ours" or found.kind == "main" else 1)


def test_the_words_of_a_rolled_date_name_the_free_day(tacheng: Plan) -> None:
    survey = how_computed(deadline(row("survey/654201")))
    assert any("2019年7月底前完成首次调查摸底" in sentence for sentence in survey)
    filing = how_computed(deadline(row("filing/654224/朗古特")))
    assert any("8月15日前" in sentence for sentence in filing)
