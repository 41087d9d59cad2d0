"""安置点名录: each county says which sites it has; filings and site runs follow its word."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from bureaus.access import NotYours
from measures.models import Assignment, Plan, Site
from tests.make import (
    SUPERVISOR,
    accepted,
    all_accepted,
    at,
    concentrated,
    deadline,
    events,
    fresh,
    handed_in,
    last_event,
    nothing_written,
    officer_of,
    open_steps,
    person,
    row,
    rows,
    run_of,
    signed,
)
from workflows import actions

SIGNED, SAVED, SAID, HEARD = at(2019, 6, 3, 11), at(2019, 6, 13, 11), at(2019, 6, 14, 17), at(2019, 6, 17, 16)
SITE_STEPS = ("m6-organisation", "m6-premises", "m6-fitting-in", "m6-infrastructure")


def said(county: str, *sites: str, **others: str) -> Assignment:
    """The county's roster as it says, handed in and accepted by the DRC on 17 June."""
    found = signed(row(f"roster/{county}"), SIGNED)
    concentrated(found, SAVED, *sites, **others)
    actions.send_up(found, by=officer_of(found.unit), now=SAID, result="已确认。")
    actions.sign_off(found, by=person(f"{found.unit}·分管领导"), now=SAID)
    return accepted(fresh(found), HEARD)


def states(*keys: str) -> dict[str, str]:
    return {key: row(key).state for key in keys}


def test_saying_it_changes_nothing_before_it_is_accepted(tacheng: Plan) -> None:
    found = signed(row("roster/654225"), SIGNED)
    concentrated(found, SAVED, "木呼尔村")
    assert Site.objects.get(name="木呼尔村").kind == "concentrated"
    assert [one.key for one in rows("filing/654225")] == ["tacheng-2019/filing/654225/待确认"]


def test_a_place_of_which_nothing_is_said_holds_the_roster_back(tacheng: Plan) -> None:
    found = signed(row("roster/654224"), SIGNED)
    officer = officer_of(found.unit)
    lines = [actions.SiteLine(name, "concentrated") for name in ("吉也克镇", "朗古特", "乌雪特乡")]
    actions.save_roster(found, by=officer, now=SAVED, sites=lines)
    with nothing_written(), pytest.raises(ValidationError, match="金塔区"):
        actions.send_up(found, by=officer, now=SAID, result="已确认。")
    actions.save_roster(found, by=officer, now=SAVED, sites=[actions.SiteLine("金塔区", "scattered")])
    actions.send_up(found, by=officer, now=SAID, result="已确认。")
    assert fresh(found).state == "unit_signoff"


@pytest.mark.parametrize(("name", "kind"), [(" ", "concentrated"), ("待确认", "concentrated"), ("新点", "sacttered")])
def test_a_line_that_says_nothing(tacheng: Plan, name: str, kind: str) -> None:
    found = signed(row("roster/654225"), SIGNED)
    with nothing_written(), pytest.raises(ValidationError):
        actions.save_roster(found, by=officer_of(found.unit), now=SAVED, sites=[actions.SiteLine(name, kind)])


def test_a_site_named_late_has_a_filing_and_a_run_of_its_own(tacheng: Plan) -> None:
    said("654225", "木呼尔村")
    filing = row("filing/654225/木呼尔村")
    # The later of 15 August and twenty working days on (ours).
    assert (deadline(filing).due_on, deadline(filing).basis) == (date(2019, 8, 15), "plan")
    assert (filing.state, deadline(filing, "receipt").due_on) == ("issued", date(2019, 6, 18))
    assert set(filing.filing.checks.values_list("unit__code", flat=True)) == {"drc", "hrss"}
    assert open_steps(run_of("filing/654225/木呼尔村")) == ["report"]
    assert {step: row(f"{step}/654225/木呼尔村").state for step in SITE_STEPS} == dict.fromkeys(SITE_STEPS, "issued")
    assert len(open_steps(run_of("m6/654225/木呼尔村"))) == 4
    # The row that stood for it is struck off, with the reason.
    placeholder = row("filing/654225/待确认")
    assert (placeholder.state, events(placeholder)[-1]) == ("cancelled", "cancelled")
    assert last_event(placeholder).note
    assert run_of("filing/654225/待确认").finished is not None
    assert not placeholder.deadlines.filter(status="armed").exists()


def test_a_roster_accepted_late_gives_twenty_working_days(tacheng: Plan) -> None:
    found = signed(row("roster/654226"), SIGNED)
    concentrated(found, at(2019, 8, 1, 11), "夏孜盖")
    actions.send_up(found, by=officer_of(found.unit), now=at(2019, 8, 1, 12), result="已确认。")
    actions.sign_off(found, by=person("和布克赛尔县·分管领导"), now=at(2019, 8, 1, 13))
    accepted(fresh(found), at(2019, 8, 2, 11))
    main = deadline(row("filing/654226/夏孜盖"))
    assert (main.due_on, main.basis) == (date(2019, 8, 30), "ours")


def test_what_the_plan_called_a_site_stays_as_it_is(tacheng: Plan) -> None:
    before = {key: deadline(row(key)).pk for key in ("filing/654224/朗古特", "filing/654224/吉也克镇")}
    said("654224", "吉也克镇", "朗古特", "乌雪特乡")
    assert {key: deadline(row(key)).pk for key in before} == before
    assert {one.state for one in rows("filing/654224")} == {"issued"}
    # A place said to be scattered gets nothing.
    assert not Assignment.objects.filter(site__name="金塔区").exists()


@pytest.mark.parametrize("kind", ["scattered", "not_a_site"])
def test_what_is_no_concentrated_site_is_struck_off(tacheng: Plan, kind: str) -> None:
    signed(row("filing/654224/朗古特"), SIGNED)
    handed_in(row("m6-premises/654224/朗古特"), SAVED)
    said("654224", "吉也克镇", "乌雪特乡", 朗古特=kind)
    assert states("filing/654224/朗古特", *(f"{step}/654224/朗古特" for step in SITE_STEPS)) == {
        "filing/654224/朗古特": "cancelled",
        **{f"{step}/654224/朗古特": "cancelled" for step in SITE_STEPS},
    }
    assert run_of("filing/654224/朗古特").finished is not None
    assert run_of("m6/654224/朗古特").finished is not None
    assert not Assignment.objects.filter(site__name="朗古特", deadlines__status="armed").exists()
    assert {one.state for one in rows("filing/654224/吉也克镇", "filing/654224/乌雪特乡")} == {"issued"}


def test_what_was_filed_already_is_not_struck_off(tacheng: Plan) -> None:
    filed = accepted(row("filing/654224/朗古特"), SAVED)
    said("654224", "吉也克镇", "乌雪特乡", 朗古特="scattered")
    assert (fresh(filed).state, bool(fresh(filed).filing.number)) == ("accepted", True)


def test_a_filing_under_review_when_its_site_is_struck_off(tacheng: Plan) -> None:
    handed_in(row("filing/654224/朗古特"), SAVED)
    said("654224", "吉也克镇", "乌雪特乡", 朗古特="scattered")
    assert row("filing/654224/朗古特").state == "cancelled"
    assert run_of("filing/654224/朗古特").finished is not None


def test_a_county_is_done_when_its_roster_is_accepted_and_its_sites_are_through(tacheng: Plan) -> None:
    """塔城市 has one site the text names."""
    all_accepted([row(f"{step}/654201/二工镇") for step in SITE_STEPS], SIGNED)
    assert run_of("m6/654201/二工镇").finished is not None
    # What is through counts only when the county has said that there is no other.
    assert rows("m6-consolidation") == []
    said("654201", "二工镇")
    (consolidation,) = rows("m6-consolidation")
    assert (consolidation.unit.code, consolidation.acceptor.code) == ("654201", "supervision")
    # Five working days of ours, from the day the last thing was accepted.
    assert deadline(consolidation).due_on == date(2019, 6, 24)


def test_a_county_without_any_concentrated_site_is_done_with_its_roster(tacheng: Plan) -> None:
    said("654226")
    assert states("filing/654226/待确认") == {"filing/654226/待确认": "cancelled"}
    assert [one.unit.code for one in rows("m6-consolidation")] == ["654226"]


def test_the_roster_run_ends_with_the_fifth_county(tacheng: Plan) -> None:
    for county, sites in [
        ("654201", ["二工镇"]),
        ("654221", ["喀拉也木勒镇", "杰勒阿尕什镇"]),
        ("654224", ["吉也克镇", "朗古特", "乌雪特乡"]),
        ("654225", ["木呼尔村"]),
    ]:
        said(county, *sites)
    assert run_of("roster").finished is None
    said("654226")
    assert run_of("roster").finished is not None


def test_a_return_leaves_everything_as_it_was(tacheng: Plan) -> None:
    found = signed(row("roster/654225"), SIGNED)
    concentrated(found, SAVED, "木呼尔村")
    actions.send_up(found, by=officer_of(found.unit), now=SAID, result="已确认。")
    actions.sign_off(found, by=person("裕民县·分管领导"), now=SAID)
    actions.send_back(fresh(found), by=person("发展改革委·经办人"), now=HEARD, reason="请核实。")
    assert [one.key for one in rows("filing/654225")] == ["tacheng-2019/filing/654225/待确认"]
    assert deadline(found, round=2).due_on == date(2019, 6, 20)


def test_the_supervision_office_is_not_a_county(tacheng: Plan) -> None:
    found = signed(row("roster/654225"), SIGNED)
    with nothing_written(), pytest.raises(NotYours):
        actions.save_roster(
            found, by=person(SUPERVISOR), now=SAVED, sites=[actions.SiteLine("木呼尔村", "concentrated")]
        )
