"""What a month's report asks, counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from ledger.indicators import months
from ledger.indicators.facts import MembershipFact
from ledger.indicators.months import Month
from ledger.indicators.terms import Terms
from tests.ledger.worlds import World

FIRST, LAST = date(2019, 6, 1), date(2019, 6, 30)
MAY, JUNE, JULY = date(2019, 5, 31), date(2019, 6, 12), date(2019, 7, 1)


def counted(what: Callable[[Month], int], w: World, **more: object) -> int:
    return what(Month(w.facts(), FIRST, LAST, Terms(), **more))  # type: ignore[arg-type]


def test_households_and_persons_are_those_of_the_last_day() -> None:
    w = World()
    w.person()
    gone = w.household(status="exited", status_on=JUNE)
    w.person(gone)
    leaves_later = w.household(status="exited", status_on=JULY)
    w.person(leaves_later)
    w.person(status="deceased", status_on=JUNE)
    assert (counted(months.households, w), counted(months.persons, w)) == (3, 2)


def test_changes_are_counted_each_time_and_leaving_once() -> None:
    w = World()
    w.person(since=JUNE)  # joined
    w.person(since=MAY)  # before
    who = w.person()
    w.works(who, JUNE)  # began
    w.works(who, date(2019, 1, 1), LAST)  # ended
    gone = w.person(status="moved_out", status_on=JUNE)
    w.rows["memberships"] = [row for row in w.rows["memberships"] if row.person != gone]
    home = w.household()
    w.rows["memberships"].append(MembershipFact(gone, home, None, JUNE))  # away, with the end of its membership
    w.person(status="duplicate", since=JUNE)
    assert counted(months.changes, w) == 4


def test_courses_and_posts_of_the_month() -> None:
    w = World()
    assert counted(months.courses, w, courses=[MAY, FIRST, LAST, JULY]) == 2
    assert counted(months.posts, w, posts=[(MAY, 5), (FIRST, 3), (LAST, 4), (JULY, 9)]) == 7


def test_who_completed_a_course_counts_once() -> None:
    w = World()
    twice, before = w.person(), w.person()
    w.trained(twice, JUNE)
    w.trained(twice, LAST, kind="business")
    w.trained(before, MAY)
    w.trained(w.person(), JUNE, kind="adaptation")
    w.trained(w.person(), JUNE, result="dropped")
    w.trained(w.person(), JULY)
    assert (counted(months.trained, w), counted(months.trained_so_far, w)) == (1, 2)


def test_work_begun_is_new_where_there_was_none_before() -> None:
    w = World()
    w.works(w.person(), JUNE)
    changed = w.person()
    w.works(changed, date(2019, 1, 1), date(2019, 6, 11))
    w.works(changed, JUNE)
    back = w.person()
    w.works(back, date(2018, 1, 1), date(2018, 12, 31))
    w.works(back, LAST)
    w.works(w.person(), MAY)
    w.works(w.person(), JUNE, primary=False)
    assert (counted(months.newly_employed, w), counted(months.employed, w)) == (2, 4)


def test_unemployment_and_help() -> None:
    w = World()
    w.registered(w.person(), JUNE, help_dates=(JUNE, LAST))
    w.registered(w.person(), MAY, help_dates=(MAY, LAST))
    w.registered(w.person(), MAY, help_dates=(MAY, JULY))
    assert (counted(months.lost_work, w), counted(months.helped, w)) == (1, 2)


def test_businesses_by_household_loans_and_offers_by_number() -> None:
    w = World()
    home = w.household()
    wife, man = w.person(home), w.person(home)
    for who in (wife, man):
        w.works(who, MAY, kind="business")
    w.works(w.person(), MAY, JUNE, kind="business")  # given up
    w.supported(wife, JUNE, kind="loan")
    w.supported(wife, LAST, kind="loan")
    w.supported(man, JUNE)
    w.offered(man, JUNE, "declined")
    w.offered(man, LAST)
    w.offered(man, JULY)
    assert counted(months.businesses, w) == 1
    assert counted(months.loans, w) == 2
    assert counted(months.matches, w) == 2


@pytest.mark.parametrize("what", [months.changes, months.trained, months.lost_work, months.helped, months.matches])
def test_an_empty_county_has_done_nothing(what: Callable[[Month], int]) -> None:
    assert counted(what, World()) == 0
