"""Who sees which work: the one door from a person to rows."""

from __future__ import annotations

import pytest

from bureaus.access import Standing
from measures.access import visible_assignments
from measures.models import Assignment, Plan
from tests.make import (
    ADMINISTRATOR,
    AUDITOR,
    INSPECTOR,
    PREFECTURE_LEADER,
    SUPERVISION_HEAD,
    SUPERVISOR,
    at,
    bureau,
    person,
    row,
)
from workflows import actions


def sees(name: str) -> set[str]:
    """Keys without the plan's code."""
    found = visible_assignments(Standing(person(name)))
    return {one.key.split("/", 1)[1] for one in found}


def every() -> list[Assignment]:
    return list(Assignment.objects.select_related("unit", "acceptor", "lead"))


@pytest.mark.parametrize("name", [SUPERVISOR, SUPERVISION_HEAD, PREFECTURE_LEADER, INSPECTOR])
def test_the_office_the_prefecture_and_inspectors_see_all_work(tacheng: Plan, name: str) -> None:
    assert len(sees(name)) == 158


@pytest.mark.parametrize("name", [ADMINISTRATOR, AUDITOR])
def test_who_keeps_the_house_sees_no_work(tacheng: Plan, name: str) -> None:
    assert sees(name) == set()


@pytest.mark.parametrize("post", ["经办人", "科室负责人", "分管领导", "主要领导"])
def test_a_county_sees_its_own_and_nothing_else(tacheng: Plan, post: str) -> None:
    found = sees(f"托里县·{post}")
    assert found == {one.key.split("/", 1)[1] for one in every() if one.unit.code == "654224"}
    assert "survey/654224" in found
    assert not any("654221" in key or "654201" in key for key in found)


def test_a_bureau_sees_its_own_what_it_leads_and_what_it_reviews(tacheng: Plan) -> None:
    found = sees("自然资源局·经办人")
    expected = {
        one.key.split("/", 1)[1]
        for one in every()
        if "land" in (one.unit.code, one.acceptor.code, one.lead.code if one.lead else "")
    }
    assert found == expected
    assert {"m5-checks/land", "m7-register/654226", "m7-share/estate", "m7-watch/land"} <= found
    # Work of a measure it only supports stays the lead's and the units' own.
    assert not {"m5-checks/medical", "m5-gate/drc"} & found


def test_a_supporting_bureau_sees_only_its_share(tacheng: Plan) -> None:
    assert sees("公安局·经办人") == {"m6-share/police"}


def test_receivers_see_the_filings_of_all_counties(tacheng: Plan) -> None:
    filings = {one.key.split("/", 1)[1] for one in every() if one.step.code == "filing"}
    assert len(filings) == 8
    assert filings <= sees("发展改革委·经办人")
    assert filings <= sees("人社局·经办人")
    assert not filings & sees("扶贫办·经办人")
    # Each once, though both receivers check it.
    found = visible_assignments(Standing(person("人社局·经办人"))).filter(step__code="filing")
    assert len(found) == 8


def test_somebody_in_two_posts_sees_both(tacheng: Plan) -> None:
    both = person("公安局·经办人")
    both.memberships.create(bureau=bureau("water"), role="officer")
    assert sees("公安局·经办人") == {"m6-share/police", "m6-share/water"}
    standing = Standing(both)
    assert {unit.code for unit in standing.units} == {"police", "water"}


def test_a_post_given_up_shows_nothing_any_more(tacheng: Plan) -> None:
    former = person("公安局·经办人")
    former.memberships.update(until=at(2019, 6, 30).date())
    assert sees("公安局·经办人") == set()


def test_a_clerk_belongs_to_the_unit_and_an_inspector_works_in_none(tacheng: Plan) -> None:
    clerk = person("公安局·科室负责人")
    clerk.memberships.update(role="clerk")
    assert Standing(clerk).works_in(bureau("police").pk)
    inspector = Standing(person(INSPECTOR))
    assert (inspector.units, inspector.inspects, inspector.supervises) == ((), True, False)
    assert not Standing(person("公安局·经办人")).leads_in(bureau("police").pk)
    assert Standing(person("公安局·主要领导")).leads_in(bureau("police").pk)
    assert not Standing(person("公安局·主要领导")).leads_in(bureau("water").pk)


def test_a_task_given_to_another_unit_goes_out_of_sight(tacheng: Plan) -> None:
    found = row("m2-needs/654226")
    actions.refuse(found, by=person("和布克赛尔县·经办人"), now=at(2019, 6, 3, 11), reason="不承担。")
    actions.reassign(found, by=person(SUPERVISOR), now=at(2019, 6, 4, 11), to=bureau("science"), reason="同意。")
    assert "m2-needs/science" in sees("科技局·经办人")
    assert "m2-needs/science" not in sees("和布克赛尔县·经办人")
