"""月调度: five returns a month, prefilled from the last, checked by the lead, locked by its round."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from measures.models import Assignment, MonthlyRound, Plan
from tests.make import (
    COUNTIES,
    SUPERVISOR,
    accepted,
    at,
    deadline,
    events,
    fresh,
    handed_in,
    leader_of,
    nothing_written,
    officer_of,
    only,
    open_steps,
    person,
    reported_figures,
    return_fields,
    row,
    run_of,
    sent_up,
    signed,
    tick_through,
)
from workflows import actions

HRSS = "人社局·经办人"


def returned(county: str, period: str = "2019-06", **figures: int) -> Assignment:
    """The county's return of the month, handed in on 4 July with the figures given and zeros else."""
    found = row(f"monthly/{county}/{period}")
    if found.state == "issued":
        found = signed(found, at(2019, 6, 3, 11))
    reported_figures(found, at(2019, 7, 4, 11), **figures)
    actions.send_up(fresh(found), by=officer_of(found.unit), now=at(2019, 7, 4, 12), result="已核对。")
    actions.sign_off(fresh(found), by=leader_of(found.unit), now=at(2019, 7, 4, 13))
    return fresh(found)


def test_every_field_is_filled_in_or_it_is_no_return(tacheng: Plan) -> None:
    found, officer, now = signed(row("monthly/654201/2019-06"), at(2019, 6, 3, 11)), None, at(2019, 7, 4, 11)
    officer = officer_of(found.unit)
    codes = [field["code"] for field in return_fields(found)]
    assert len(codes) == 14
    for missing in codes:
        actions.save_return(
            found, by=officer, now=now, figures={code: None if code == missing else 0 for code in codes}
        )
        with nothing_written(), pytest.raises(ValidationError):
            actions.send_up(found, by=officer, now=now, result="已核对。")
    # Zero is a figure.
    actions.save_return(found, by=officer, now=now, figures=dict.fromkeys(codes, 0))
    actions.send_up(fresh(found), by=officer, now=now, result="已核对。")
    assert fresh(found).state == "unit_signoff"


@pytest.mark.parametrize("value", [-1, 1.5, "12"])
def test_figures_are_whole_numbers_from_zero(tacheng: Plan, value: object) -> None:
    found = signed(row("monthly/654201/2019-06"), at(2019, 6, 3, 11))
    with nothing_written(), pytest.raises(ValidationError):
        actions.save_return(
            found, by=officer_of(found.unit), now=at(2019, 7, 4, 11), figures={"courses": 1, "trained": value}
        )


def test_what_is_saved_in_parts_adds_up_and_unknown_fields_are_left_out(tacheng: Plan) -> None:
    found = signed(row("monthly/654201/2019-06"), at(2019, 6, 3, 11))
    officer, now = officer_of(found.unit), at(2019, 7, 4, 11)
    actions.save_return(found, by=officer, now=now, figures={"courses": 2}, problems="转场。")
    actions.save_return(found, by=officer, now=now, figures={"trained": 31, "names": 5}, problems="转场，车辆不足。")
    kept = fresh(found).monthly_return
    assert (kept.figures, kept.problems) == ({"courses": 2, "trained": 31}, "转场，车辆不足。")
    assert deadline(found).status == "armed"


def test_a_month_begins_with_last_months_standing_figures_and_its_people(tacheng: Plan) -> None:
    returned(
        "654201", ledger_households=40, ledger_persons=160, trained_total=18, employed=122, businesses=3, trained=18
    )
    officer = officer_of(row("monthly/654201/2019-06").unit)
    only(periods=["monthly", "round"])
    tick_through(at(2019, 7, 1))
    july = row("monthly/654201/2019-07")
    assert july.monthly_return.figures == {
        "ledger_households": 40,
        "ledger_persons": 160,
        "trained_total": 18,
        "employed": 122,
        "businesses": 3,
    }
    assert (july.state, july.handler, july.leader) == ("in_progress", officer, leader_of(july.unit))
    assert not july.deadlines.filter(kind="receipt").exists()
    assert deadline(july).due_on == date(2019, 8, 5)
    # A county that never signed has nobody to copy, and nothing to carry.
    other = row("monthly/654226/2019-07")
    assert (other.state, other.handler, other.leader, other.monthly_return.figures) == ("in_progress", None, None, {})
    # Prefilled is not filled in.
    with pytest.raises(ValidationError):
        actions.send_up(july, by=officer, now=at(2019, 8, 1), result="已核对。")


def test_the_round_locks_the_month_and_names_who_is_missing(tacheng: Plan) -> None:
    for county in COUNTIES[:3]:
        accepted(returned(county, trained=int(county[-1])), at(2019, 7, 8, 11))
    returned("654225", trained=7)  # handed in, not accepted
    handed_in(row("round/hrss/2019-06"), at(2019, 7, 10, 16))
    locked = MonthlyRound.objects.get()
    assert (locked.locked_at, locked.locked_by, locked.missing) == (
        at(2019, 7, 10, 16),
        person("人社局·分管领导"),
        ["654225", "654226"],
    )
    assert {county: figures["trained"] for county, figures in locked.figures.items()} == {
        "654201": 1,
        "654221": 1,
        "654224": 4,
    }
    assert row("round/hrss/2019-06").events.get(kind="locked").data == {"missing": ["654225", "654226"]}
    # What is accepted later changes nothing in what was locked.
    accepted(row("monthly/654225/2019-06"), at(2019, 7, 11, 11))
    locked.refresh_from_db()
    assert "654225" not in locked.figures


def test_nothing_locks_by_itself(tacheng: Plan) -> None:
    for county in COUNTIES:
        accepted(returned(county), at(2019, 7, 8, 11))
    only(row("round/hrss/2019-06"))
    tick_through(date(2019, 8, 30))
    assert not MonthlyRound.objects.exists()
    assert row("round/hrss/2019-06").state == "issued"


def test_withdrawn_the_month_is_unlocked_and_locked_anew_with_what_came_meanwhile(tacheng: Plan) -> None:
    accepted(returned("654201"), at(2019, 7, 8, 11))
    the_round = handed_in(row("round/hrss/2019-06"), at(2019, 7, 10, 16))
    accepted(returned("654221"), at(2019, 7, 10, 17))
    actions.withdraw(the_round, by=person(HRSS), now=at(2019, 7, 10, 18), reason="额敏县已补报。")
    assert not MonthlyRound.objects.exists()
    handed_in(fresh(the_round), at(2019, 7, 11, 10))
    assert set(MonthlyRound.objects.get().figures) == {"654201", "654221"}
    assert events(the_round).count("locked") == 2


def test_returned_by_the_office_the_month_is_unlocked(tacheng: Plan) -> None:
    the_round = handed_in(row("round/hrss/2019-06"), at(2019, 7, 10, 16))
    actions.send_back(the_round, by=person(SUPERVISOR), now=at(2019, 7, 11, 10), reason="请催报。")
    assert not MonthlyRound.objects.exists()
    # A return taken back as mistaken leaves the month locked, as it was handed in.
    actions.reconsider(fresh(the_round), by=person(SUPERVISOR), now=at(2019, 7, 11, 11), reason="误退。")
    assert MonthlyRound.objects.get().missing == COUNTIES
    assert accepted(fresh(the_round), at(2019, 7, 11, 12)).state == "accepted"


def test_a_return_given_back_is_checked_again(tacheng: Plan) -> None:
    found = returned("654201", trained=18)
    actions.send_back(found, by=person(HRSS), now=at(2019, 7, 5, 10), reason="累计数不符。")
    assert deadline(found, round=2).due_on == date(2019, 7, 10)
    # Its correction climbs the short ladder too.
    assert deadline(found, round=2).ladder_code == "short"
    reported_figures(fresh(found), at(2019, 7, 8, 10), trained=18, trained_total=18)
    handed_in_again = sent_up(fresh(found), at(2019, 7, 8, 11))
    assert handed_in_again.state == "unit_signoff"


def test_the_months_run_ends_with_its_returns_and_its_round(tacheng: Plan) -> None:
    for county in COUNTIES:
        accepted(returned(county), at(2019, 7, 8, 11))
    run = run_of("monthly/2019-06")
    assert open_steps(run) == ["round"]
    accepted(row("round/hrss/2019-06"), at(2019, 7, 10, 16))
    run.refresh_from_db()
    assert run.finished is not None
    # The next month has a run of its own.
    only(periods=["monthly", "round"])
    tick_through(at(2019, 7, 1))
    assert open_steps(run_of("monthly/2019-07")) == ["monthly", "round"]
