"""Who acts next: steps open and close exactly when they should, and every run reaches its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

import pytest

from bureaus.cast import make_cast
from measures.models import Assignment, Measure, Plan
from tests.make import (
    COUNTIES,
    NAMED_SITES,
    SUPERVISION_HEAD,
    SUPERVISOR,
    accepted,
    all_accepted,
    at,
    bureau,
    deadline,
    fresh,
    handed_in,
    keys,
    officer_of,
    only,
    open_steps,
    person,
    row,
    rows,
    run_of,
    signed,
    tick_through,
)
from tests.measures.plan_command import WETLAND, load_plan
from workflows import actions, tick
from workflows.flows import FLOWS
from workflows.models import Run

NOW = at(2019, 6, 10, 11)


def finished(key: str) -> bool:
    return run_of(key).finished is not None


def consolidation(number: int) -> list[str]:
    return [key for key in keys() if key.startswith(f"m{number}-consolidation")]


# --- Measure one ----------------------------------------------------------------------------------


def test_the_ledger_from_the_survey_to_its_closing_check(tacheng: Plan) -> None:
    surveys = rows("survey/")
    all_accepted(surveys[:4], NOW)
    assert open_steps(run_of("m1")) == ["closing", "division", "form", "rectification", "share", "spot_check", "survey"]
    only(periods=["m1-spot-check"])
    tick.run(at(2019, 6, 10, 12))
    assert rows("m1-spot-check") == []

    # The fifth survey brings the spot check forward: the next tick makes it, and its term runs from there.
    accepted(surveys[4], at(2019, 6, 12, 11))
    assert "survey" not in open_steps(run_of("m1"))
    tick.run(at(2019, 6, 12, 11, 1))
    assert [one.unit.code for one in rows("m1-spot-check")] == ["drc", "hrss", "poverty"]
    assert deadline(rows("m1-spot-check")[0]).due_on == date(2019, 6, 26)
    tick.run(at(2019, 8, 1, 12))
    assert len(rows("m1-spot-check")) == 3

    # The shares are in with the last of them; the consolidation then has five working days.
    first, last = rows("m1-share")
    accepted(first, at(2019, 6, 13, 11))
    assert consolidation(1) == []
    accepted(last, at(2019, 6, 14, 11))
    assert consolidation(1) == ["m1-consolidation/hrss"]
    report = row("m1-consolidation/hrss")
    assert (deadline(report).due_on, deadline(report).basis) == (date(2019, 6, 21), "ours")
    assert "consolidation" in open_steps(run_of("m1"))
    handed_in(report, at(2019, 6, 18, 11))
    assert "consolidation" not in open_steps(run_of("m1"))
    assert "verdict" in open_steps(run_of("m1"))
    # Three working days for the office.
    assert (deadline(report, "verdict").unit, deadline(report, "verdict").due_on) == (
        bureau("supervision"),
        date(2019, 6, 21),
    )

    # A finding keeps the rectification open until it is put right.
    check = signed(rows("m1-spot-check")[0], at(2019, 6, 18, 11))
    actions.record_finding(
        check, by=officer_of(check.unit), now=at(2019, 6, 18, 12), unit=bureau("654224"), text="漏户。"
    )
    all_accepted([fresh(report), *rows("m1-spot-check", "m1-division", "m1-form", "m1-closing")], at(2019, 6, 19, 11))
    assert open_steps(run_of("m1")) == ["rectification"]
    accepted(row("m1-rectification/654224/1"), at(2019, 6, 20, 11))
    assert open_steps(run_of("m1")) == []
    assert finished("m1")


def test_a_returned_consolidation_is_corrected_while_the_verdict_waits(tacheng: Plan) -> None:
    all_accepted([*rows("survey/"), *rows("m1-share")], NOW)
    report = handed_in(row("m1-consolidation/hrss"), NOW)
    actions.send_back(report, by=person(SUPERVISOR), now=at(2019, 6, 11, 11), reason="缺数。")
    assert "verdict" in open_steps(run_of("m1"))
    assert "consolidation" not in open_steps(run_of("m1"))
    accepted(fresh(report), at(2019, 6, 12, 11))
    assert "verdict" not in open_steps(run_of("m1"))


def test_a_cancelled_share_holds_nobody_up(tacheng: Plan) -> None:
    all_accepted([*rows("survey/"), row("m1-share/drc")], NOW)
    assert consolidation(1) == []
    actions.cancel(row("m1-share/poverty"), by=person(SUPERVISOR), now=NOW, reason="并入抽查。")
    assert consolidation(1) == ["m1-consolidation/hrss"]


@pytest.mark.parametrize("act", ["suspend", "refuse"])
def test_what_is_suspended_or_refused_is_not_through(tacheng: Plan, act: str) -> None:
    all_accepted([*rows("survey/"), row("m1-share/drc")], NOW)
    by = SUPERVISOR if act == "suspend" else "扶贫办·经办人"
    getattr(actions, act)(row("m1-share/poverty"), by=person(by), now=NOW, reason="暂缓。")
    assert consolidation(1) == []


# --- Every other measure, driven through ----------------------------------------------------------


def settled(some: Iterable[Assignment], now: datetime = NOW) -> None:
    """Of each step one is accepted, the others are cancelled: that is through as well, and quicker."""
    seen = set()
    for one in some:
        if one.step_id in seen:
            actions.cancel(one, by=person(SUPERVISOR), now=now, reason="合并。")
        elif one.is_open:
            accepted(one, now)
        seen.add(one.step_id)


def through(*prefixes: str, now: datetime = NOW) -> None:
    settled([one for one in rows(*prefixes) if one.is_open], now)


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_a_measure_led_by_one_body_reaches_its_end(tacheng: Plan, number: int) -> None:
    only(periods=["m4-visits"])
    if number == 4:
        tick_through(at(2020, 1, 1))  # the second year's visits have begun
        assert len(rows("m4-visits/")) == 10
    gates = {2: "m2-coverage", 3: "m3-goal", 4: "m4-gate", 5: "m5-gate"}
    work = [one for one in rows(f"m{number}-") if one.step.code not in (gates[number], f"m{number}-division")]
    *most, last = work
    if number == 2:
        all_accepted(most, NOW)
    else:
        settled(most)
    assert consolidation(number) == []
    accepted(last, NOW)
    if number in (3, 5):
        # What the division of work will name is part of the shares.
        assert consolidation(number) == []
    through(f"m{number}-division")
    if number in (3, 5):
        assert consolidation(number) == []
        through(f"m{number}-", now=at(2019, 6, 12, 11))
    (key,) = consolidation(number)
    through(f"m{number}-")
    assert row(key).state == "accepted"
    assert (open_steps(run_of(f"m{number}")), finished(f"m{number}")) == ([], True)


def test_a_lapse_in_the_rights_keeps_the_consolidation_waiting(tacheng: Plan) -> None:
    check = signed(row("m5-checks/medical"), NOW)
    actions.record_finding(check, by=officer_of(check.unit), now=NOW, unit=bureau("654201"), text="漏保。")
    for code in ("m5-checks", "m5-share", "m5-checklist", "m5-division", "m5-allowance"):
        through(code)
    assert consolidation(5) == []
    accepted(row("m5-rectification/654201/1"), at(2019, 6, 12, 11))
    assert consolidation(5) == ["m5-consolidation/drc"]


def test_standing_work_with_a_year_to_come_is_not_through(tacheng: Plan) -> None:
    through("m4-")
    assert "visits" in open_steps(run_of("m4"))
    assert consolidation(4) == []


def test_measure_six_site_by_site_county_by_county(tacheng: Plan) -> None:
    """Site done → county done → all five → verdict."""
    all_accepted(rows("roster/"), NOW)
    # 654225 and 654226 said they have no concentrated site.
    assert consolidation(6) == ["m6-consolidation/654225", "m6-consolidation/654226"]
    *most, last = [one for one in rows("m6-") if one.site and one.unit.code == "654224"]
    settled(most)
    assert not finished(f"m6/654224/{last.site}")
    assert "m6-consolidation/654224" not in keys()
    accepted(last, NOW)
    assert all(finished(f"m6/654224/{site}") for county, site in NAMED_SITES if county == "654224")
    assert "m6-consolidation/654224" in keys()

    settled([one for one in rows("m6-") if one.site and one.state == "issued"])
    assert len(consolidation(6)) == 5
    through("m6-division", "m6-share")
    *most, last = rows("m6-consolidation")
    for one in most:
        handed_in(one, NOW)
    assert open_steps(run_of("m6")) == ["consolidation"]
    handed_in(last, NOW)
    assert open_steps(run_of("m6")) == ["verdict"]
    all_accepted(rows("m6-consolidation"), at(2019, 6, 12, 11))
    assert finished("m6")


def test_measure_seven_has_no_consolidation_and_ends_when_the_office_has_accepted_all(tacheng: Plan) -> None:
    *most, last = rows("m7-")
    settled(most)
    assert not finished("m7")
    accepted(last, NOW)
    assert finished("m7")
    assert consolidation(7) == []
    actions.close(fresh(last), by=person(SUPERVISOR), now=NOW)


def test_the_duties_end_with_their_last_period(tacheng: Plan) -> None:
    steps = ["publicity", "checks", "money", "assessment"]
    only(periods=steps)
    for first in (at(2019, 7, 1), at(2019, 10, 1), at(2020, 1, 1), at(2020, 4, 1), at(2020, 7, 1), at(2020, 10, 1)):
        through(*(f"{step}/" for step in steps), now=first)
        assert not finished("duties")
        tick_through(first)
    assert open_steps(run_of("duties")) == ["checks", "publicity"]
    through(*(f"{step}/" for step in steps), now=at(2020, 12, 31, 11))
    assert finished("duties")
    assert len(rows("publicity/")) == 6 * len(COUNTIES)


def test_every_flow_of_the_house_is_driven_to_its_end_here() -> None:
    """The others: the monthly check in test_monthly, rosters in test_rosters, filings in test_filings."""
    assert set(FLOWS) == {
        "ledger", "training", "channels", "services", "rights", "community", "site", "property", "duties", "general",
        "monthly", "roster", "filing",
    }  # fmt: skip


# --- A plan of another kind -----------------------------------------------------------------------


@pytest.fixture
def wetland(tacheng: Plan) -> Plan:
    """A second plan beside the first, issued on 12 April 2021."""
    assert load_plan(WETLAND, "--yes").code == 0
    plan = Plan.objects.get(code="wetland-2021")
    make_cast()
    only()
    actions.start_plan(plan, by=person(SUPERVISION_HEAD), now=at(2021, 4, 12, 10))
    return plan


def of(plan: Plan, prefix: str = "") -> list[Assignment]:
    found = Assignment.objects.filter(plan=plan, key__startswith=f"{plan.code}/{prefix}").order_by("key")
    return [fresh(one) for one in found]


def test_a_general_measure_from_shares_to_the_verdict(wetland: Plan) -> None:
    run = Run.objects.get(data__key="wetland-2021/m1")
    environment, water = of(wetland, "m1-share")
    assert (environment.unit.code, water.unit.code) == ("environment", "water")
    assert {deadline(one).due_on for one in (environment, water)} == {date(2021, 9, 30)}
    assert open_steps(run) == ["share"]
    accepted(water, at(2021, 9, 1, 11))
    assert of(wetland, "m1-consolidation") == []
    accepted(environment, at(2021, 9, 2, 11))
    (report,) = of(wetland, "m1-consolidation")
    assert (report.unit.code, report.acceptor.code) == ("forestry", "supervision")
    # Five working days from Thursday 2 September 2021.
    assert deadline(report).due_on == date(2021, 9, 9)
    accepted(report, at(2021, 9, 8, 11))
    assert Run.objects.get(pk=run.pk).finished is not None


def test_a_measure_without_a_lead_whose_work_comes_back(wetland: Plan) -> None:
    """「按职责分工」: no consolidation; each quarter's share, and the run ends with the last of them."""
    key = "wetland-2021/m2"
    assert [one.key for one in of(wetland, "m2")] == [
        "wetland-2021/m2-share/environment/2021Q2",
        "wetland-2021/m2-share/forestry/2021Q2",
        "wetland-2021/m2-share/water/2021Q2",
    ]
    assert {deadline(one).due_on for one in of(wetland, "m2")} == {date(2021, 6, 30)}
    all_accepted(of(wetland, "m2"), at(2021, 6, 28, 11))
    # The quarters to come are part of it.
    assert Run.objects.get(data__key=key).finished is None
    assert open_steps(Run.objects.get(data__key=key)) == ["share"]
    for quarter, first in (("2021Q3", at(2021, 7, 1)), ("2021Q4", at(2021, 10, 1))):
        tick.run(first)
        made = [one for one in of(wetland, "m2") if one.period == quarter]
        assert len(made) == 3
        assert Run.objects.get(data__key=key).finished is None
        all_accepted(made, first)
    assert Run.objects.get(data__key=key).finished is not None


def test_the_second_plan_leaves_the_first_alone(wetland: Plan) -> None:
    assert Assignment.objects.filter(plan__code="tacheng-2019").count() == 158
    assert Measure.objects.filter(plan=wetland).count() == 2
