"""督办单: proposed by a rung or an inspector, issued by the office with a number, answered, closed."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.core.exceptions import ValidationError

from bureaus import calendars, clock
from bureaus.access import Standing
from bureaus.models import Calendar, CalendarDay
from measures.models import Assignment, Plan
from notifications import sender
from tests.make import (
    INSPECTOR,
    SUPERVISION_HEAD,
    SUPERVISOR,
    accepted,
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
from workflows import actions, queries, slips, tick
from workflows.models import Slip
from workflows.templatetags.duban import handed_in as handed_in_words

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
    found_slips = Slip.objects.order_by("id")
    assert [(one.colour, one.state, one.number, one.due_on, one.unit.code) for one in found_slips] == [
        ("yellow", "dismissed", None, date(2019, 7, 31), "654224"),
        ("red", "dismissed", None, date(2019, 7, 31), "654224"),
        ("summons", "proposed", None, date(2019, 7, 31), "654224"),
    ]
    assert [(one.firing.rung_key, one.proposed_by) for one in found_slips if one.firing] == [
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


@pytest.mark.parametrize(
    ("now", "fits"),
    [
        (at(2019, 7, 31, 23), "blue"),
        (at(2019, 8, 1), "yellow"),
        (at(2019, 8, 6, 23), "yellow"),
        (at(2019, 8, 7), "red"),
        (at(2019, 8, 14), "summons"),
        (at(2019, 9, 30), "summons"),
    ],
)
def test_by_hand_the_colour_of_the_days_late_is_proposed_first(now: datetime, fits: str, tacheng: Plan) -> None:
    """托里县's survey is due on 31 July: five working days late on 7 August, ten on the 14th."""
    colours = slips.colours_for(row("survey/654224"), now)
    assert colours[0] == fits
    assert {"yellow", "red", "summons"} <= set(colours)
    assert ("blue" in colours) == (fits == "blue")


def test_work_handed_in_late_is_as_late_as_it_came(tacheng: Plan) -> None:
    found = handed_in(row("survey/654224"), at(2019, 8, 2, 9))
    assert slips.colours_for(found, at(2019, 8, 30)) == ["yellow", "red", "summons"]


def test_no_blue_slip_is_proposed_once_the_date_has_passed(tacheng: Plan) -> None:
    with nothing_written(), pytest.raises(ValidationError) as refused:
        actions.propose_slip(row("survey/654224"), by=person(INSPECTOR), now=NOW, colour="blue", reason="进度滞后。")
    assert list(refused.value.message_dict) == ["colour"]


# --- Proposals nobody has decided ---------------------------------------------------------------


def waiting() -> list[str]:
    """Colours of what the office is asked to decide."""
    return [one.colour for one in queries.review(Standing(person(SUPERVISOR)), NOW).slips]


def test_a_later_rung_takes_the_place_of_what_is_undecided(tacheng: Plan) -> None:
    missed()
    tick_through(date(2019, 8, 14))
    yellow, red, summons = Slip.objects.order_by("id")
    assert waiting() == ["summons"]
    for gone, by in ((yellow, red), (red, summons)):
        assert (gone.decided_by, gone.decided_at) == (None, by.proposed_at)
        assert gone.decision_note == slips.superseded() != ""
    assert (summons.decided_at, summons.decision_note) == (None, "")


def test_what_has_been_issued_stays_issued(tacheng: Plan) -> None:
    missed()
    tick_through(date(2019, 8, 1))
    actions.issue_slip(Slip.objects.get(), by=person(SUPERVISOR), now=NOW, demand="整改。", answer_by=date(2019, 8, 6))
    tick_through(date(2019, 8, 7))
    assert [one.state for one in Slip.objects.order_by("id")] == ["issued", "proposed"]


def test_what_an_inspector_proposed_is_left_to_people_and_the_queue_holds_one_of_a_task(tacheng: Plan) -> None:
    found = missed()
    actions.propose_slip(found, by=person(INSPECTOR), now=NOW, colour="yellow", reason="现场未见动静。")
    tick_through(date(2019, 8, 7))
    assert list(Slip.objects.filter(state="proposed").order_by("id").values_list("colour", flat=True)) == [
        "yellow",
        "red",
    ]
    assert waiting() == ["red"]
    assert queries.review_count(Standing(person(SUPERVISOR))) == len(queries.review(Standing(person(SUPERVISOR)), NOW))
    actions.dismiss_slip(Slip.objects.get(colour="red"), by=person(SUPERVISOR), now=NOW, reason="另行处理。")
    assert waiting() == ["yellow"]


def test_rungs_released_together_leave_one_proposal(tacheng: Plan) -> None:
    """A monthly return due on 5 July, an extension asked and refused on the 10th: T+1 and T+3 in one sweep."""
    found = signed(row("monthly/654224/2019-06"), at(2019, 6, 3, 11))
    only(found)
    officer = officer_of(found.unit)
    extension = actions.ask_extension(
        found, by=officer, now=at(2019, 7, 5, 9), to=date(2019, 7, 19), reason="数据未齐。"
    )
    tick_through(at(2019, 7, 10, 18))
    actions.refuse_extension(extension, by=person(SUPERVISOR), now=at(2019, 7, 10, 19), opinion="不同意。")
    tick_through(date(2019, 7, 10))
    assert list(Slip.objects.order_by("id").values_list("colour", "state", "decision_note")) == [
        ("yellow", "dismissed", slips.superseded()),
        ("red", "proposed", ""),
    ]
    assert Slip.objects.get(colour="red").decided_at is None


def test_handed_in_late_the_proposal_stays_and_says_so(tacheng: Plan) -> None:
    found = missed()
    tick_through(date(2019, 8, 1))
    handed_in(found, at(2019, 8, 5, 11))
    (slip,) = queries.review(Standing(person(SUPERVISOR)), NOW).slips
    assert slip.state == "proposed"
    said = handed_in_words(slip)
    assert "2019年8月5日" in said
    assert "5" in said.split("日")[-1], "five days late"


def test_handed_in_on_time_a_warning_ends(tacheng: Plan) -> None:
    """m5-checks is behind schedule three working days before its date."""
    found = signed(row("m5-checks/654201"), at(2019, 6, 3, 11))
    only(found)
    tick_through(date(2020, 12, 28))
    assert waiting() == ["blue"]
    accepted(found, at(2020, 12, 29, 11))
    slip = Slip.objects.get()
    assert (slip.state, slip.decided_by, slip.decided_at) == ("dismissed", None, at(2020, 12, 29, 11))
    assert "2020年12月29日" in slip.decision_note


def test_a_warning_ends_also_when_the_work_came_late(tacheng: Plan) -> None:
    found = signed(row("m5-checks/654201"), at(2019, 6, 3, 11))
    only(found)
    tick_through(date(2020, 12, 31))
    handed_in(found, at(2021, 1, 1, 9))
    assert list(Slip.objects.values_list("colour", "state")) == [("blue", "dismissed")]


def test_extended_after_all_the_proposal_ends(tacheng: Plan) -> None:
    """Asked in time and not decided: the slip waits three working days, then the office has both before it."""
    found = missed()
    officer = officer_of(found.unit)
    extension = actions.ask_extension(
        found, by=officer, now=at(2019, 7, 31, 9), to=date(2019, 8, 30), reason="牧民转场。"
    )
    tick_through(date(2019, 8, 6))
    assert waiting() == ["yellow"]
    now = at(2019, 8, 7, 9)
    actions.grant_extension(
        extension, by=person(SUPERVISOR), now=now, to=date(2019, 8, 30), document_no="塔督〔2019〕3号"
    )
    slip = Slip.objects.get()
    assert (slip.state, slip.decided_by, slip.decided_at) == ("dismissed", None, now)
    assert "2019年8月30日" in slip.decision_note


def test_cancelled_the_proposal_ends_with_the_reason(tacheng: Plan) -> None:
    found = missed()
    tick_through(date(2019, 8, 1))
    actions.cancel(found, by=person(SUPERVISOR), now=at(2019, 8, 2, 11), reason="并入其他工作。")
    slip = Slip.objects.get()
    assert slip.state == "dismissed"
    assert "并入其他工作。" in slip.decision_note


def test_a_date_brought_later_by_the_calendar_ends_the_proposal(tacheng: Plan) -> None:
    """A return due on 5 July, a Friday; afterwards the county's calendar makes that day free: the 8th."""
    found = signed(row("monthly/654224/2019-06"), at(2019, 6, 3, 11))
    only(found)
    tick_through(date(2019, 7, 8))
    assert waiting() == ["yellow"]
    with clock.standing_at(at(2019, 7, 8, 19)):
        calendar = Calendar.objects.get(code="national")
        CalendarDay.objects.create(calendar=calendar, date=date(2019, 7, 5), kind="off", note="演示")
        calendars.changed(calendar)
        tick.run(at(2019, 7, 8, 19))
    slip = Slip.objects.get(colour="yellow")
    assert slip.state == "dismissed"
    assert "2019年7月8日" in slip.decision_note


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
    sender.deliver(NOW)
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
