"""督办单: proposed by a rung or an inspector, issued by the office with a number, answered, closed."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from measures.models import Assignment, Plan
from notifications import outbox
from tests.make import (
    INSPECTOR,
    SUPERVISION_HEAD,
    SUPERVISOR,
    at,
    fresh,
    handed_in,
    inbox,
    last_event,
    nothing_written,
    officer_of,
    only,
    person,
    row,
    signed,
    tick_through,
)
from workflows import actions
from workflows.models import Slip

NOW = at(2019, 8, 1, 16)


def missed() -> Assignment:
    """托里县's survey, never handed in: yellow on 1 August, red on the 7th, a summons on the 14th."""
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    only(found)
    return found


def proposed() -> Slip:
    return actions.propose_slip(
        row("m2-courses/654201"), by=person(INSPECTOR), now=NOW, colour="yellow", reason="进度滞后。"
    )


def test_a_rung_proposes_and_sends_nothing(tacheng: Plan) -> None:
    found = missed()
    tick_through(date(2019, 8, 14))
    slips = Slip.objects.order_by("id")
    assert [(one.colour, one.state, one.number, one.due_on, one.unit.code) for one in slips] == [
        ("yellow", "proposed", None, date(2019, 7, 31), "654224"),
        ("red", "proposed", None, date(2019, 7, 31), "654224"),
        ("summons", "proposed", None, date(2019, 7, 31), "654224"),
    ]
    assert [(one.firing.rung_key, one.proposed_by) for one in slips if one.firing] == [
        ("T+1", None),
        ("T+5", None),
        ("T+10", None),
    ]
    assert "slip" not in {one.kind for name in ("托里县·经办人", "托里县·主要领导") for one in inbox(person(name))}
    assert fresh(found).state == "in_progress"


def test_handed_in_late_but_before_red_only_yellow_is_proposed(tacheng: Plan) -> None:
    handed_in(missed(), at(2019, 8, 1, 9))
    assert not Slip.objects.exists()
    tick_through(date(2019, 8, 30))
    assert not Slip.objects.exists()


def test_blue_only_behind_schedule(tacheng: Plan) -> None:
    """m5-checks runs from June 2019 to the end of 2020: three working days before, 99 per cent have gone by."""
    behind, in_time = (
        signed(row("m5-checks/654201"), at(2019, 6, 3, 11)),
        signed(row("m5-checks/654221"), at(2019, 6, 3, 11)),
    )
    for found, progress in ((behind, 80), (in_time, 95)):
        actions.report(found, by=officer_of(found.unit), now=at(2020, 12, 1, 11), text="推进。", progress=progress)
    only(behind, in_time)
    tick_through(date(2020, 12, 28))
    assert [(one.assignment, one.colour) for one in Slip.objects.all()] == [(behind, "blue")]


def test_issued_it_is_numbered_and_told_to_the_unit_up_to_its_chief(tacheng: Plan) -> None:
    slip = proposed()
    actions.issue_slip(slip, by=person(SUPERVISOR), now=NOW, demand="限期整改。", answer_by=date(2019, 8, 6))
    slip.refresh_from_db()
    assert (slip.state, slip.number, slip.decided_by, slip.decided_at) == (
        "issued",
        "〔2019〕1号",
        person(SUPERVISOR),
        NOW,
    )
    outbox.deliver(NOW)
    for name in ("塔城市·经办人", "塔城市·分管领导", "塔城市·主要领导"):
        (notice,) = [one for one in inbox(person(name)) if one.kind == "slip"]
        assert "限期整改。" in notice.body
    assert last_event(slip.assignment).data == {"slip": "〔2019〕1号", "colour": "yellow"}


def test_numbers_run_through_the_year(tacheng: Plan) -> None:
    numbers = []
    for now in (NOW, NOW, at(2020, 1, 6, 10)):
        slip = proposed()
        actions.issue_slip(slip, by=person(SUPERVISOR), now=now, demand="限期整改。", answer_by=date(2020, 2, 1))
        slip.refresh_from_db()
        numbers.append(slip.number)
    assert numbers == ["〔2019〕1号", "〔2019〕2号", "〔2020〕1号"]


def test_answered_and_closed(tacheng: Plan) -> None:
    slip = proposed()
    actions.issue_slip(slip, by=person(SUPERVISOR), now=NOW, demand="限期整改。", answer_by=date(2019, 8, 6))
    with nothing_written(), pytest.raises(ValidationError):
        actions.answer_slip(slip, by=person("塔城市·经办人"), now=NOW, answer=" ")
    actions.answer_slip(slip, by=person("塔城市·分管领导"), now=at(2019, 8, 6, 11), answer="已增派工作组。")
    actions.close_slip(slip, by=person(SUPERVISION_HEAD), now=at(2019, 8, 8, 11))
    slip.refresh_from_db()
    assert (slip.state, slip.answer, slip.answered_by, slip.closed_at) == (
        "closed",
        "已增派工作组。",
        person("塔城市·分管领导"),
        at(2019, 8, 8, 11),
    )


def test_not_issued_with_a_reason(tacheng: Plan) -> None:
    slip = proposed()
    with nothing_written(), pytest.raises(ValidationError):
        actions.dismiss_slip(slip, by=person(SUPERVISOR), now=NOW, reason=" ")
    actions.dismiss_slip(slip, by=person(SUPERVISOR), now=NOW, reason="已报送。")
    slip.refresh_from_db()
    assert (slip.state, slip.decision_note, slip.number) == ("dismissed", "已报送。", None)


@pytest.mark.parametrize(("demand", "answer_by"), [(" ", date(2019, 8, 6)), ("限期整改。", date(2019, 7, 31))])
def test_a_slip_demands_something_by_a_day_to_come(tacheng: Plan, demand: str, answer_by: date) -> None:
    slip = proposed()
    with nothing_written(), pytest.raises(ValidationError):
        actions.issue_slip(slip, by=person(SUPERVISOR), now=NOW, demand=demand, answer_by=answer_by)
