"""Calendars as tables: seeded, edited, laid over each other, and read anew only after an edit."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bureaus import calendars, cast
from bureaus.models import Bureau, Calendar, CalendarDay, Membership, User
from measures.models import Plan
from tests.bureaus.test_working_days import national
from tests.make import at, bureau, deadline, fired_on, only, row, tick_through

pytestmark = pytest.mark.django_db

EID = date(2019, 8, 12)  # 古尔邦节 2019: a Monday


def xinjiang(*free: date) -> Calendar:
    """The region's own holidays over the national calendar."""
    found = Calendar.objects.create(code="xinjiang", name="新疆", base=Calendar.objects.national())
    CalendarDay.objects.bulk_create(CalendarDay(calendar=found, date=day, kind="off") for day in free)
    return found


def test_seeded_it_counts_as_the_published_table_does() -> None:
    assert calendars.seed_statutory() > 100
    days = calendars.days_for()
    start = date(2018, 1, 1)
    for count in (1, 10, 100, 250, 400, 700):
        assert days.shift(start, count) == national().shift(start, count)
    assert days.is_working(date(2019, 9, 29))
    assert not days.is_working(date(2019, 10, 4))


def test_seeding_again_changes_nothing_and_keeps_what_an_administrator_entered() -> None:
    calendars.seed_statutory()
    calendar = Calendar.objects.national()
    calendar.days.filter(date=date(2019, 9, 29)).update(kind="off", note="改")
    before, version = set(calendar.days.values_list("date", "kind", "note")), calendar.version
    assert calendars.seed_statutory() == 0
    calendar.refresh_from_db()
    assert (set(calendar.days.values_list("date", "kind", "note")), calendar.version) == (before, version)


def test_a_year_nobody_has_entered_counts_monday_to_friday_and_is_named() -> None:
    calendars.seed_statutory()
    assert calendars.uncovered_years(date(2019, 1, 1), date(2020, 12, 31)) == ()
    assert calendars.uncovered_years(date(2019, 6, 1), date(2099, 1, 1))[-1] == 2099
    assert calendars.days_for().shift(date(2099, 9, 30), 1) == date(2099, 10, 1)


def test_an_edit_is_seen_once_the_version_says_so() -> None:
    calendars.seed_statutory()
    assert calendars.days_for().is_working(EID)
    calendar = Calendar.objects.national()
    CalendarDay.objects.create(calendar=calendar, date=EID, kind="off", note="古尔邦节")
    calendars.changed(calendar)
    assert not calendars.days_for().is_working(EID)
    calendar.days.filter(date=EID).delete()
    calendars.changed(calendar)
    assert calendars.days_for().is_working(EID)


def test_an_unedited_table_is_not_read_again() -> None:
    calendars.seed_statutory()
    calendars.days_for()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        calendars.days_for()
    assert not [query for query in queries if "calendarday" in query["sql"]]
    with calendars.one_pass():
        calendars.days_for()
        with CaptureQueriesContext(connection) as queries:
            calendars.days_for()
    assert len(queries) == 0


def test_a_layer_changes_single_days_of_the_calendar_below() -> None:
    calendars.seed_statutory()
    layer = xinjiang(EID, date(2019, 9, 29))
    CalendarDay.objects.create(calendar=layer, date=date(2019, 10, 4), kind="work")
    unit = Bureau.objects.create(code="x", name="某局", short_name="某局", level="county", calendar=layer)
    days, elsewhere = calendars.days_for(unit), calendars.days_for()
    assert [days.is_working(day) for day in (EID, date(2019, 9, 29), date(2019, 10, 4), date(2019, 10, 3))] == [
        False,
        False,  # a make-up day that is free here
        True,
        False,
    ]
    assert elsewhere.is_working(EID)
    # An edit below reaches those above.
    below = Calendar.objects.national()
    CalendarDay.objects.create(calendar=below, date=date(2019, 8, 13), kind="off")
    calendars.changed(below)
    assert not calendars.days_for(unit).is_working(date(2019, 8, 13))


def test_calendars_that_lie_over_each_other_in_a_ring_still_answer() -> None:
    one = Calendar.objects.create(code="one", name="一")
    other = Calendar.objects.create(code="other", name="二", base=one)
    Calendar.objects.filter(pk=one.pk).update(base=other)
    unit = Bureau.objects.create(code="x", name="某局", short_name="某局", level="county", calendar=other)
    assert calendars.days_for(unit).is_working(date(2019, 8, 12))


def test_a_day_stands_in_a_calendar_once() -> None:
    calendar = Calendar.objects.national()
    CalendarDay.objects.create(calendar=calendar, date=EID, kind="off")
    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarDay.objects.create(calendar=calendar, date=EID, kind="work")


def test_rungs_of_a_unit_follow_its_own_calendar(tacheng: Plan) -> None:
    """托里县 has the Monday of the festival free: T-3 of its filing comes on the Friday before."""
    layer = xinjiang(EID, date(2019, 8, 13))
    Bureau.objects.filter(code="654224").update(calendar=layer)
    found = row("filing/654224/朗古特")
    only(found)
    found.deadlines.update(next_look_at=at(2019, 7, 1))  # looked at anew, as after an edit
    on = fired_on(tick_through(date(2019, 8, 29)), "filing/654224/朗古特")
    assert on == {
        "T-10": date(2019, 7, 30),
        "T-3": date(2019, 8, 8),
        "T": date(2019, 8, 15),
        "T+1": date(2019, 8, 16),
        "T+5": date(2019, 8, 22),
        "T+10": date(2019, 8, 29),
    }
    # The named date itself did not move.
    assert deadline(found).due_on == date(2019, 8, 15)


def test_what_has_fired_stays_and_what_comes_is_planned_by_the_edited_calendar(tacheng: Plan) -> None:
    found = row("survey/654224")
    only(found)
    lines = tick_through(date(2019, 7, 17))
    calendar = Calendar.objects.national()
    CalendarDay.objects.create(calendar=calendar, date=date(2019, 7, 26), kind="off", note="演示")
    calendars.changed(calendar)
    found.deadlines.filter(kind="main").update(next_look_at=at(2019, 7, 17, 12))
    lines += tick_through(date(2019, 8, 1))
    assert fired_on(lines, "survey/654224") == {
        "T-10": date(2019, 7, 17),
        "T-3": date(2019, 7, 25),
        "T": date(2019, 7, 31),
        "T+1": date(2019, 8, 1),
    }


def test_the_cast_fills_every_post_once_and_nobody_can_sign_in_yet(tacheng: Plan) -> None:
    posts = Membership.objects.values_list("user__username", "bureau__code", "role")
    assert ("托里县·分管领导", "654224", "unit_leader") in posts
    assert ("督查室·巡查人员", "supervision", "inspector") in posts
    assert ("地区行署·分管领导", "prefecture", "leader") in posts
    # Nineteen units with four posts each, the office with five, the prefecture with one.
    assert len(posts) == 19 * 4 + 5 + 1 == User.objects.count()
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert {user.email.rsplit("@")[1] for user in User.objects.all()} == {"duban.invalid"}
    assert len(set(User.objects.values_list("phone", flat=True))) == User.objects.count()
    cast.make_cast()
    assert Membership.objects.count() == 82
    assert bureau("supervision").memberships.filter(user__is_staff=True).count() == 1
