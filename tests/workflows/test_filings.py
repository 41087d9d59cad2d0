"""备案: a site plan drafted, reported, checked for form by both receivers, numbered or returned."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils.translation import override

from bureaus.access import NotYours, WrongMoment
from measures.models import Assignment, FormCheck, Plan
from notifications import sender
from tests.make import (
    SUPERVISOR,
    accepted,
    at,
    bureau,
    deadline,
    drafted,
    events,
    fired,
    fresh,
    handed_in,
    inbox,
    last_event,
    nothing_written,
    officer_of,
    only,
    open_steps,
    person,
    row,
    run_of,
    signed,
    tick_through,
)
from workflows import actions

KEY = "filing/654224/朗古特"
DRC, HRSS = "发展改革委·经办人", "人社局·经办人"


def check(found: Assignment, by: str, now: datetime, gaps: str = "") -> FormCheck:
    outcome = "gaps" if gaps else "complete"
    return actions.check_form(fresh(found), by=person(by), now=now, outcome=outcome, gaps=gaps)


def test_what_a_site_plan_must_hold_before_it_can_be_reported(tacheng: Plan) -> None:
    found, now = signed(row(KEY), at(2019, 6, 3, 11)), at(2019, 8, 1, 11)
    officer = officer_of(found.unit)
    empty: dict[str, Any] = {"title": "", "resources": "", "industry": "", "employment": "", "lines": []}
    for missing in empty:
        drafted(found, now, **{missing: empty[missing]})
        with nothing_written(), pytest.raises(ValidationError):
            actions.send_up(fresh(found), by=officer, now=now, result="报备案。")
    drafted(found, now)
    actions.send_up(fresh(found), by=officer, now=now, result="报备案。")
    assert fresh(found).state == "unit_signoff"


def test_a_draft_reports_nothing(tacheng: Plan) -> None:
    found = signed(row(KEY), at(2019, 6, 3, 11))
    drafted(found, at(2019, 8, 1, 11), title="初稿", lines=[])
    drafted(found, at(2019, 8, 2, 11), lines=[actions.Line("护林员", "生态护林", 20, 20)])
    assert (fresh(found).state, deadline(found).status) == ("in_progress", "armed")
    assert found.filing.lines.get().post == "护林员"
    assert found.filing.versions == []


def test_an_unnamed_site_cannot_be_reported(tacheng: Plan) -> None:
    found = signed(row("filing/654226/待确认"), at(2019, 6, 3, 11))
    drafted(found, at(2019, 8, 1, 11))
    with nothing_written(), pytest.raises(ValidationError):
        actions.send_up(fresh(found), by=officer_of(found.unit), now=at(2019, 8, 1, 11), result="报备案。")


def test_complete_for_both_it_is_filed_numbered_and_receipted(tacheng: Plan) -> None:
    found = row(KEY)
    only(found)
    handed_in(found, at(2019, 8, 8, 17))
    assert open_steps(run_of(KEY)) == ["check_drc", "check_hrss"]
    assert {(one.unit.code, one.due_on) for one in found.deadlines.filter(kind="verdict")} == {
        ("drc", date(2019, 8, 13)),
        ("hrss", date(2019, 8, 13)),
    }
    check(found, HRSS, at(2019, 8, 9, 16))
    # One receiver alone files nothing; its own term is met.
    assert (fresh(found).state, open_steps(run_of(KEY))) == ("submitted", ["check_drc"])
    assert (deadline(found, "verdict", unit="hrss").status, deadline(found, "verdict", unit="drc").status) == (
        "met",
        "armed",
    )
    check(found, DRC, at(2019, 8, 12, 16))
    filed = fresh(found)
    assert filed.state == "accepted"
    assert (filed.filing.filed_at, bool(filed.filing.number)) == (at(2019, 8, 12, 16), True)
    assert events(found)[-3:] == ["form_checked", "form_checked", "filed"]
    assert last_event(filed).data == {"number": filed.filing.number}
    assert run_of(KEY).finished is not None
    # The receipt reaches the county, with the number.
    sender.deliver(at(2019, 8, 12, 16))
    for name in ("托里县·经办人", "托里县·分管领导"):
        (receipt,) = [one for one in inbox(person(name)) if one.kind == "filed"]
        assert str(filed.filing.number) in receipt.body
    # Reported by the day, checked in the receivers' time: nobody is late.
    assert not deadline(found).was_late
    assert not fired(tick_through(date(2019, 9, 30)))


def test_numbers_are_given_in_order_and_once(tacheng: Plan) -> None:
    keys = ["filing/654201/二工镇", "filing/654221/喀拉也木勒镇", KEY]
    numbers = []
    for key, language in zip(keys, ("zh-hans", "en", "zh-hans"), strict=True):
        with override(language):  # whoever checks the form, the number is written in the language of the house
            numbers.append(str(accepted(row(key), at(2019, 8, 9, 11)).filing.number))
    assert [re.findall(r"\d+", number.replace("2019", "")) for number in numbers] == [["1"], ["2"], ["3"]]
    assert len({re.sub(r"\d+", "", number) for number in numbers}) == 1


def test_with_gaps_it_comes_back_for_what_was_missing_alone(tacheng: Plan) -> None:
    found = row(KEY)
    only(found)
    handed_in(found, at(2019, 8, 13, 17))
    check(found, DRC, at(2019, 8, 14, 11))
    check(found, HRSS, at(2019, 8, 15, 11), gaps="岗位未落实到项目。")
    returned = fresh(found)
    assert (returned.state, returned.round, returned.filing.number) == ("in_progress", 2, None)
    # 补正: five working days of ours from 15 August; the date that was met stays met.
    assert (deadline(found).status, deadline(found).was_late) == ("met", False)
    assert (deadline(found, round=2).due_on, deadline(found, round=2).basis) == (date(2019, 8, 22), "ours")
    assert open_steps(run_of(KEY)) == ["report"]
    assert "岗位未落实到项目。" in found.events.get(kind="returned").note
    sender.deliver(at(2019, 8, 15, 11))
    (notice,) = [one for one in inbox(person("托里县·经办人")) if one.kind == "returned"]
    assert "岗位未落实到项目。" in notice.body
    assert "2019-08-22" in notice.body

    drafted(returned, at(2019, 8, 19, 11), lines=[actions.Line("服饰加工", "兄弟服装分公司", 40, 40)])
    handed_in(fresh(found), at(2019, 8, 20, 11))
    # Only the receiver that missed something looks again.
    assert open_steps(run_of(KEY)) == ["check_hrss"]
    assert not found.deadlines.filter(kind="verdict", unit__code="drc", round=2).exists()
    assert deadline(found, "verdict", round=2, unit="hrss").due_on == date(2019, 8, 23)
    with nothing_written(), pytest.raises(NotYours):
        check(found, DRC, at(2019, 8, 21, 11))
    check(found, HRSS, at(2019, 8, 21, 11))
    assert fresh(found).state == "accepted"
    assert fresh(found).filing.number
    assert run_of(KEY).finished is not None
    assert [version["round"] for version in fresh(found).filing.versions] == [1, 2]
    assert [one.round for one in FormCheck.objects.filter(filing=found.filing, unit__code="hrss")] == [1, 2]
    # Neither the return nor the completion made the county late.
    assert not any(one.was_late for one in found.deadlines.filter(kind="main"))


def test_gaps_of_both_are_one_list_under_the_name_of_the_receiver_named_first(tacheng: Plan) -> None:
    found = handed_in(row(KEY), at(2019, 8, 13, 17))
    check(found, DRC, at(2019, 8, 14, 11), gaps="缺项目名称。")
    check(found, HRSS, at(2019, 8, 15, 11), gaps="缺户数。")
    event = found.events.get(kind="returned")
    assert event.actor_unit == bureau("drc")
    lines = event.note.splitlines()
    assert ["缺项目名称。" in lines[0], "缺户数。" in lines[1]] == [True, True]
    assert open_steps(run_of(KEY)) == ["report"]
    handed_in(fresh(found), at(2019, 8, 20, 11))
    assert open_steps(run_of(KEY)) == ["check_drc", "check_hrss"]
    check(found, HRSS, at(2019, 8, 21, 11))
    check(found, DRC, at(2019, 8, 21, 12))
    assert run_of(KEY).finished is not None


def test_returned_twice_and_then_filed(tacheng: Plan) -> None:
    found = handed_in(row(KEY), at(2019, 8, 8, 17))
    for day in (9, 13):
        for name in (DRC, HRSS):
            if fresh(found).state == "submitted" and fresh(found).filing.checks.filter(
                outcome="", unit__code="drc" if name == DRC else "hrss"
            ):
                check(found, name, at(2019, 8, day, 11), gaps="缺户数。" if name == HRSS else "")
        handed_in(fresh(found), at(2019, 8, day + 1, 11))
    check(found, HRSS, at(2019, 8, 15, 11))
    assert (fresh(found).state, fresh(found).round) == ("accepted", 3)
    assert run_of(KEY).finished is not None


def test_gaps_are_named(tacheng: Plan) -> None:
    found = handed_in(row(KEY), at(2019, 8, 8, 17))
    with nothing_written(), pytest.raises(ValidationError):
        actions.check_form(found, by=person(DRC), now=at(2019, 8, 9, 11), outcome="gaps", gaps="  ")


def test_each_receiver_checks_once(tacheng: Plan) -> None:
    found = handed_in(row(KEY), at(2019, 8, 8, 17))
    check(found, DRC, at(2019, 8, 9, 11))
    with nothing_written(), pytest.raises(NotYours):
        check(found, "发展改革委·分管领导", at(2019, 8, 9, 12), gaps="再想想。")


def test_withdrawn_before_the_first_check_and_no_later(tacheng: Plan) -> None:
    found = handed_in(row(KEY), at(2019, 8, 8, 17))
    officer = officer_of(found.unit)
    actions.withdraw(found, by=officer, now=at(2019, 8, 9, 9), reason="补附件。")
    assert (fresh(found).state, deadline(found).status) == ("in_progress", "armed")
    handed_in(fresh(found), at(2019, 8, 9, 16))
    check(found, DRC, at(2019, 8, 12, 11))
    with nothing_written(), pytest.raises(WrongMoment):
        actions.withdraw(fresh(found), by=officer, now=at(2019, 8, 12, 12), reason="再补。")
    check(found, HRSS, at(2019, 8, 12, 14))
    assert fresh(found).state == "accepted"
    assert run_of(KEY).finished is not None


def test_never_reported_it_climbs_the_ladder(tacheng: Plan) -> None:
    found = row(KEY)
    only(found)
    lines = tick_through(date(2019, 8, 29))
    assert [(line["rung"], line["at"][5:10], line["slip"]) for line in fired(lines, kind="main")] == [
        ("T-10", "08-01", None),
        ("T-3", "08-12", None),
        ("T", "08-15", None),
        ("T+1", "08-16", "yellow"),
        ("T+5", "08-22", "red"),
        ("T+10", "08-29", "summons"),
    ]


@pytest.mark.parametrize("reported", [False, True])
def test_cancelled_its_run_ends_whatever_it_waited_for(tacheng: Plan, reported: bool) -> None:
    found = row(KEY)
    if reported:
        handed_in(found, at(2019, 8, 8, 17))
        check(found, DRC, at(2019, 8, 9, 11))
    actions.cancel(fresh(found), by=person(SUPERVISOR), now=at(2019, 8, 9, 12), reason="并入另一安置点。")
    assert (run_of(KEY).finished is not None, open_steps(run_of(KEY))) == (True, [])
    assert not found.deadlines.filter(status="armed").exists()


def test_a_countys_site_is_no_other_units_to_file(tacheng: Plan) -> None:
    """A refusal can be overruled, but the plan of a county's own site cannot go to somebody else."""
    found = row(KEY)
    actions.refuse(found, by=officer_of(found.unit), now=at(2019, 6, 3, 11), reason="不承担。")
    with nothing_written(), pytest.raises(ValidationError):
        actions.reassign(
            fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 4, 11), to=bureau("654201"), reason="转塔城市。"
        )
    actions.reissue(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 4, 11), reason="责任主体。")
    assert accepted(fresh(found), at(2019, 8, 8, 11)).state == "accepted"
