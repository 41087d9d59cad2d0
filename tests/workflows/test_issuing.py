"""Starting the plan is the issue (交办): who gets what, by when, accepted by whom."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bureaus import clock
from bureaus.access import WrongMoment
from bureaus.models import Calendar
from measures.models import Assignment, Deadline, FormCheck, Measure, MonthlyReturn, Plan
from notifications.models import Message
from tests.make import (
    COUNTIES,
    ISSUED,
    NAMED_SITES,
    SUPERVISION_HEAD,
    at,
    deadline,
    events,
    inbox,
    load_tacheng,
    only,
    open_steps,
    person,
    row,
    run_of,
    tick_through,
)
from workflows import actions

FIVE = len(COUNTIES)
BUREAUS = 14  # prefecture bureaus

# flows.md, read by hand: how many units get each step at the moment of the issue.
AT_THE_START = {
    # 1 Ledger: the counties' survey is their share; of the others, poverty and drc have no step yet.
    "survey": FIVE,
    "m1-share": 2,
    "m1-division": 1,
    "m1-form": 1,
    "m1-closing": 1,
    # 2 Training: poverty has the short courses; agriculture, education, science, drc, finance a share.
    "m2-share": 5,
    "m2-division": 1,
    "m2-needs": FIVE,
    "m2-courses": FIVE,
    "m2-short-courses": 1,
    "m2-coverage": 1,
    # 3 Channels: the counties have the workshops; the tracks wait for the division of work.
    "m3-share": 5,
    "m3-division": 1,
    "m3-workshops": FIVE,
    "m3-goal": 1,
    # 4 Services: lead and counties have the links; visits of 2019 have begun.
    "m4-share": 2,
    "m4-division": 1,
    "m4-offers": FIVE,
    "m4-visits": FIVE,
    "m4-unemployment": FIVE,
    "m4-scattered": FIVE,
    "m4-links": 1 + FIVE,
    "m4-gate": 1,
    # 5 Rights: five bureaus and the counties check; only poverty is left with a share.
    "m5-share": 1,
    "m5-division": 1,
    "m5-checklist": 1,
    "m5-checks": 5 + FIVE,
    "m5-gate": 1,
    # 6 Community: eight bureaus hang on; each county leads, for each of the six sites the text names.
    "m6-share": 8,
    "m6-division": FIVE,
    "m6-organisation": len(NAMED_SITES),
    "m6-premises": len(NAMED_SITES),
    "m6-fitting-in": len(NAMED_SITES),
    "m6-infrastructure": len(NAMED_SITES),
    # 7 Property
    "m7-share": 4,
    "m7-division": 1,
    "m7-watch": 1,
    "m7-register": 1 + FIVE,
    # What (五) orders: a filing for each named site and one 待确认 for each county without any.
    "roster": FIVE,
    "filing": len(NAMED_SITES) + 2,
    "monthly": FIVE,
    "round": 1,
    "money": FIVE,
    "assessment": 1,
}


def test_every_step_gets_its_assignments(tacheng: Plan) -> None:
    made = Counter(Assignment.objects.values_list("step__code", flat=True))
    assert dict(made) == AT_THE_START
    assert sum(AT_THE_START.values()) == 158
    # What waits for something else: tracks and the allowance, spot checks, rectifications, consolidations,
    # and the quarters that begin in July.
    assert {step.code for step in tacheng.steps.all()} - set(made) == {
        "m1-spot-check", "m1-rectification", "m5-rectification",
        "m3-a", "m3-b", "m3-c", "m3-d", "m3-f", "m5-allowance",
        *(f"m{number}-consolidation" for number in range(1, 7)),
        "publicity", "checks",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "lead", "acceptor"),
    [
        ("survey/654201", "hrss", "hrss"),
        ("m1-share/poverty", "hrss", "hrss"),
        ("m1-form/hrss", "hrss", "supervision"),
        ("m5-checks/hrss", "drc", "drc"),
        ("m5-gate/drc", "drc", "supervision"),
        ("m6-share/police", "supervision", "supervision"),
        ("m6-premises/654224/朗古特", None, "supervision"),
        ("m6-division/654225", None, "supervision"),
        ("m7-register/land", "land", "supervision"),
        ("m7-register/654226", "land", "land"),
        ("roster/654221", None, "drc"),
        ("filing/654224/朗古特", None, "drc"),
        ("monthly/654226/2019-06", "hrss", "hrss"),
        ("round/hrss/2019-06", None, "supervision"),
        ("money/654201/2019", None, "supervision"),
        ("assessment/supervision/2019", None, "prefecture"),
    ],
)
def test_who_chases_and_who_accepts(tacheng: Plan, key: str, lead: str | None, acceptor: str) -> None:
    found = row(key)
    assert (found.lead.code if found.lead else None, found.acceptor.code) == (lead, acceptor)


def test_no_body_accepts_its_own_work(tacheng: Plan) -> None:
    only(periods=["monthly", "round", "publicity", "checks", "m1-spot-check"])
    tick_through(date(2019, 8, 1))
    rows = Assignment.objects.select_related("unit", "acceptor")
    # Two more months, the third quarter, the spot checks.
    assert rows.count() == 158 + 2 * (FIVE + 1) + FIVE + BUREAUS + 3
    assert [found.key for found in rows if found.unit_id == found.acceptor_id] == []


@pytest.mark.parametrize(
    ("key", "due_on", "basis"),
    [
        ("survey/654201", date(2019, 7, 31), "plan"),
        ("m1-share/drc", date(2019, 7, 31), "plan"),
        ("filing/654224/朗古特", date(2019, 8, 15), "plan"),
        ("m2-courses/654226", date(2020, 12, 31), "plan"),
        ("m4-visits/654201/2019", date(2019, 12, 31), "plan"),
        # Ours, counted from Saturday 1 June over the Dragon Boat holiday of 7 June.
        ("m1-form/hrss", date(2019, 6, 10), "ours"),
        ("m1-division/hrss", date(2019, 6, 17), "ours"),
        ("roster/654225", date(2019, 6, 17), "ours"),
        ("m2-needs/654224", date(2019, 6, 24), "ours"),
        ("m4-scattered/654224", date(2019, 7, 1), "ours"),
        ("monthly/654201/2019-06", date(2019, 7, 5), "ours"),
        ("round/hrss/2019-06", date(2019, 7, 12), "ours"),
        ("money/654201/2019", date(2019, 12, 31), "ours"),
    ],
)
def test_dates_and_whose_they_are(tacheng: Plan, key: str, due_on: date, basis: str) -> None:
    main = deadline(row(key))
    assert (main.due_on, main.basis, main.status, main.rev) == (due_on, basis, "armed", 1)
    assert main.due_at == clock.start_of(due_on + timedelta(days=1))


def test_everything_is_to_be_signed_for_by_the_next_working_day(tacheng: Plan) -> None:
    receipts = Deadline.objects.filter(kind="receipt")
    assert receipts.count() == Assignment.objects.count()
    assert set(receipts.values_list("due_on", flat=True)) == {date(2019, 6, 3)}


def test_measure_seven_and_standing_work_have_checkups_and_no_date(tacheng: Plan) -> None:
    without = Assignment.objects.exclude(deadlines__kind="main")
    assert set(without.values_list("step__code", flat=True)) == {
        "m4-unemployment",
        "m7-share",
        "m7-division",
        "m7-watch",
        "m7-register",
    }
    for found in without:
        assert deadline(found, "checkup").due_on == (
            date(2019, 6, 17) if found.step.code == "m7-division" else date(2019, 9, 30)
        )


def test_a_filing_waits_for_both_receivers_and_a_return_for_its_figures(tacheng: Plan) -> None:
    filing = row("filing/654225/待确认").filing
    checks = FormCheck.objects.filter(filing=filing).values_list("unit__code", "round", "outcome")
    assert set(checks) == {("drc", 1, ""), ("hrss", 1, "")}
    assert MonthlyReturn.objects.count() == FIVE


def test_the_unit_hears_on_the_first_working_day_in_one_mail(tacheng: Plan, mailoutbox: list) -> None:
    """Issued on a Saturday: what the prefecture's HRSS has to sign for comes folded on Monday at ten."""
    tick_through(at(2019, 6, 3, 9, 59))
    assert mailoutbox == []
    tick_through(at(2019, 6, 3, 10))
    officer = person("人社局·经办人")
    (mail,) = [mail for mail in mailoutbox if mail.to == [officer.email]]
    issued = Assignment.objects.filter(unit__code="hrss")
    assert issued.count() == 13
    assert all(found.title in mail.body for found in issued)
    # In the product each has a row of its own.
    assert len(inbox(officer)) == 13
    assert Message.objects.filter(channel="sms", recipient=officer, kind="digest").count() == 1


def test_the_issue_is_the_first_line_of_every_history(tacheng: Plan) -> None:
    found = row("survey/654201")
    assert events(found) == ["issued"]
    event = found.events.get()
    assert (event.actor, event.at) == (person(SUPERVISION_HEAD), ISSUED)


def test_a_plan_is_issued_once(tacheng: Plan) -> None:
    with pytest.raises(WrongMoment):
        actions.start_plan(tacheng, by=person(SUPERVISION_HEAD), now=at(2019, 6, 4, 10))
    assert Assignment.objects.count() == 158


def test_runs_and_their_open_steps(tacheng: Plan) -> None:
    assert open_steps(run_of("m1")) == ["closing", "division", "form", "rectification", "share", "spot_check", "survey"]
    assert open_steps(run_of("m3")) == ["division", "goal", "share", "workshops"]
    assert open_steps(run_of("m6")) == ["division", "share", "sites"]
    assert open_steps(run_of("m6/654224/朗古特")) == ["fitting_in", "infrastructure", "organisation", "premises"]
    assert open_steps(run_of("m7")) == ["division", "register", "share", "watch"]
    assert open_steps(run_of("filing/654224/朗古特")) == ["report"]
    assert open_steps(run_of("duties")) == ["assessment", "checks", "money", "publicity"]
    assert open_steps(run_of("monthly/2019-06")) == ["monthly", "round"]


def test_every_measure_of_the_plan_runs(tacheng: Plan) -> None:
    assert [run_of(f"m{measure.number}").finished for measure in Measure.objects.all()] == [None] * 7


@pytest.mark.django_db
def test_a_calendar_is_asked_for_its_version_a_few_times_and_not_for_every_row() -> None:
    """The whole issue is one transaction: two hundred assignments read the same days."""
    plan = load_tacheng(ISSUED)
    with CaptureQueriesContext(connection) as asked:
        made = actions.start_plan(plan, by=person(SUPERVISION_HEAD), now=ISSUED)
    calendars = [one for one in asked.captured_queries if f'FROM "{Calendar._meta.db_table}"' in one["sql"]]
    assert made > 150
    assert len(calendars) <= 20


@pytest.mark.django_db
def test_issued_late_the_periods_that_have_begun_are_made_at_once() -> None:
    """As if the plan came to the house only in October."""
    now = at(2019, 10, 9, 10)
    plan = load_tacheng(now)
    actions.start_plan(plan, by=person(SUPERVISION_HEAD), now=now)
    months = Assignment.objects.filter(step__code="monthly", unit__code="654201").values_list("period", flat=True)
    assert sorted(months) == ["2019-06", "2019-07", "2019-08", "2019-09", "2019-10"]
    quarters = Assignment.objects.filter(step__code="checks", unit__code="water").values_list("period", flat=True)
    assert sorted(quarters) == ["2019Q3", "2019Q4"]
    late = deadline(row("monthly/654201/2019-06"))
    assert late.is_overdue(now)
    # Nobody is told of rungs that were past before the work was given.
    assert set(late.firings.values_list("rung_key", "outcome")) == {
        (rung, "skipped_late") for rung in ("T-2", "T", "T+1", "T+3")
    }
