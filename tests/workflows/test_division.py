"""分工方案 and what hangs on it; findings and their rectification; bodies added to an open list."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError

from bureaus.access import NotYours, WrongMoment
from measures.models import Assignment, Measure, Plan
from notifications import sender
from tests.make import (
    INSPECTOR,
    SUPERVISION_HEAD,
    SUPERVISOR,
    accepted,
    at,
    bureau,
    deadline,
    events,
    fired,
    fresh,
    inbox,
    keys,
    last_event,
    nothing_written,
    officer_of,
    only,
    open_steps,
    person,
    row,
    rows,
    run_of,
    sent_up,
    signed,
    tick_through,
)
from workflows import actions

NOW = at(2019, 6, 10, 16)
TRACKS = ("m3-a/", "m3-b/", "m3-c/", "m3-d/", "m3-f/")
OWNERS = {"m3-a": "poverty", "m3-b": "hrss", "m3-c": "drc", "m3-d": "forestry", "m3-f": "finance"}


# --- Division of work -----------------------------------------------------------------------------


def test_the_division_names_the_owners_and_their_tracks_open(tacheng: Plan) -> None:
    assert rows(*TRACKS) == []
    accepted(row("m3-division/hrss"), NOW, owners=OWNERS)
    assert {key: row(f"{key}/{unit}").state for key, unit in OWNERS.items()} == dict.fromkeys(OWNERS, "issued")
    track = row("m3-d/forestry")
    assert (track.lead, track.acceptor.code, deadline(track).due_on) == (bureau("hrss"), "hrss", date(2020, 12, 31))
    assert deadline(track, "receipt").due_on == date(2019, 6, 11)
    # What the lead does itself is accepted by the office.
    assert row("m3-b/hrss").acceptor.code == "supervision"
    assert open_steps(run_of("m3")) == [
        "goal", "share", "track_a", "track_b", "track_c", "track_d", "track_f", "workshops"
    ]  # fmt: skip


def test_a_track_nobody_is_named_for_is_the_leads(tacheng: Plan) -> None:
    accepted(row("m3-division/hrss"), NOW, owners={"m3-a": "poverty"})
    assert [key for key in keys() if key.startswith(TRACKS)] == [
        "m3-a/poverty",
        "m3-b/hrss",
        "m3-c/hrss",
        "m3-d/hrss",
        "m3-f/hrss",
    ]


def test_the_lead_decides_who_cares_for_the_living_allowance(tacheng: Plan) -> None:
    accepted(row("m5-division/drc"), NOW, owners={"m5-allowance": "poverty"})
    assert [one.unit.code for one in rows("m5-allowance")] == ["poverty"]


@pytest.mark.parametrize(
    "owners", [{"m3-a": "nobody"}, {"m3-a": "supervision"}, {"m3-workshops": "poverty"}, {"m5-allowance": "poverty"}]
)
def test_only_listed_parts_and_units_can_be_named(tacheng: Plan, owners: dict[str, str]) -> None:
    found = signed(row("m3-division/hrss"), at(2019, 6, 3, 11))
    with nothing_written(), pytest.raises(ValidationError):
        actions.send_up(found, by=officer_of(found.unit), now=NOW, result="分工。", figures={"owners": owners})


def test_every_body_with_a_share_hears_of_the_division_and_may_say_something(tacheng: Plan) -> None:
    agriculture, finance = row("m2-share/agriculture"), row("m2-share/finance")
    accepted(row("m2-division/hrss"), NOW)
    sender.deliver(NOW)
    for name in ("农业农村局", "教育局", "科技局", "发展改革委", "财政局"):
        assert "division" in [one.kind for one in inbox(person(f"{name}·经办人"))]
    actions.confirm_division(agriculture, by=officer_of(agriculture.unit), now=at(2019, 6, 11, 11), agrees=True)
    with nothing_written(), pytest.raises(ValidationError):
        actions.confirm_division(finance, by=officer_of(finance.unit), now=at(2019, 6, 11, 11), agrees=False)
    actions.confirm_division(
        finance, by=officer_of(finance.unit), now=at(2019, 6, 11, 11), agrees=False, note="班次由人社局核定。"
    )
    assert (events(agriculture)[-1], events(finance)[-1]) == ("confirmed", "objected")


def test_silence_is_no_objection_and_never_late(tacheng: Plan) -> None:
    share = signed(row("m2-share/education"), at(2019, 6, 3, 11))
    accepted(row("m2-division/hrss"), NOW)
    only(share)
    # Months later: no deadline was made for an answer, and no rung fired for want of one.
    assert not fired(tick_through(date(2019, 11, 1)))
    assert set(share.deadlines.values_list("kind", flat=True)) == {"receipt", "main", "checkup"}
    assert events(share) == ["issued", "signed"]


# --- Findings -------------------------------------------------------------------------------------


def finding(on: Assignment, unit: str, by: str = "", text: str = "漏保一户。") -> Assignment:
    who = person(by) if by else officer_of(on.unit)
    return actions.record_finding(fresh(on), by=who, now=NOW, unit=bureau(unit), text=text)


def test_each_lapse_is_a_rectification_of_its_own_numbered_by_unit(tacheng: Plan) -> None:
    medical, county = signed(row("m5-checks/medical"), NOW), signed(row("m5-checks/654224"), NOW)
    finding(medical, "654224", text="漏保一户。")
    finding(medical, "654224", text="断保两人。")
    finding(county, "654224", text="补贴未发。")
    finding(medical, "654201")
    assert [key for key in keys() if key.startswith("m5-rectification")] == [
        "m5-rectification/654201/1",
        "m5-rectification/654224/1",
        "m5-rectification/654224/2",
        "m5-rectification/654224/3",
    ]
    second = row("m5-rectification/654224/2")
    assert (second.state, second.number, second.acceptor.code) == ("issued", 2, "drc")
    # Twenty working days of ours from 10 June.
    assert (deadline(second).due_on, deadline(second).basis) == (date(2019, 7, 8), "ours")
    assert second.events.get().note == "断保两人。"
    event = medical.events.filter(kind="found").order_by("id")[1]
    assert event.data == {"unit": "654224", "rectification": "tacheng-2019/m5-rectification/654224/2"}


def test_the_office_may_record_a_finding_and_others_not(tacheng: Plan) -> None:
    check = signed(row("m5-checks/medical"), NOW)
    finding(check, "654224", by=SUPERVISOR)
    for name in (INSPECTOR, "托里县·经办人", "发展改革委·经办人"):
        with nothing_written(), pytest.raises(NotYours):
            finding(check, "654224", by=name)


def test_a_finding_is_about_a_unit_of_the_measure_and_says_what(tacheng: Plan) -> None:
    check = signed(row("m5-checks/medical"), NOW)
    with nothing_written(), pytest.raises(ValidationError):
        finding(check, "police")
    with nothing_written(), pytest.raises(ValidationError):
        finding(check, "654224", text=" ")


def test_the_spot_check_finds_and_the_survey_stays_accepted(tacheng: Plan) -> None:
    survey = accepted(row("survey/654224"), NOW)
    only(periods=["m1-spot-check"])
    tick_through(date(2019, 8, 1))
    check = signed(row("m1-spot-check/poverty"), at(2019, 8, 2, 11))
    actions.record_finding(
        check, by=officer_of(check.unit), now=at(2019, 8, 8, 12), unit=bureau("654224"), text="在册人数不符。"
    )
    assert deadline(row("m1-rectification/654224/1")).due_on == date(2019, 9, 5)
    assert fresh(survey).state == "accepted"


# --- Bodies of an open list -----------------------------------------------------------------------


def add(code: str, by: str = SUPERVISOR, measure: int = 6, reason: str = "方案列有“等”。") -> Assignment:
    found = Measure.objects.get(number=measure)
    return actions.add_body(found, by=person(by), now=NOW, bureau=bureau(code), reason=reason)


def test_an_open_list_gets_one_more_body_logged_with_the_reason(tacheng: Plan) -> None:
    share = add("agriculture", by=SUPERVISION_HEAD)
    assert (share.key, share.state, share.acceptor.code) == (
        "tacheng-2019/m6-share/agriculture",
        "issued",
        "supervision",
    )
    assert events(share) == ["issued", "body_added"]
    assert last_event(share).note == "方案列有“等”。"
    assert (deadline(share).due_on, deadline(share, "receipt").due_on) == (date(2020, 12, 31), date(2019, 6, 11))
    assert bureau("agriculture").responsibilities.filter(measure__number=6, kind="support").exists()
    sender.deliver(NOW)
    assert "issued" in [one.kind for one in inbox(person("农业农村局·经办人"))]


@pytest.mark.parametrize(
    ("code", "values", "refusal"),
    [
        ("police", {}, ValidationError),  # on the list already
        ("654201", {}, ValidationError),  # leads it
        ("agriculture", {"reason": " "}, ValidationError),
        ("water", {"measure": 2}, WrongMoment),  # a closed list
        ("agriculture", {"by": INSPECTOR}, NotYours),
        ("agriculture", {"by": "塔城市·主要领导"}, NotYours),
    ],
)
def test_what_cannot_be_added(tacheng: Plan, code: str, values: dict, refusal: type[Exception]) -> None:
    with nothing_written(), pytest.raises(refusal):
        add(code, **values)


def test_a_gate_is_passed_with_each_list_empty_or_explained(tacheng: Plan) -> None:
    gate = signed(row("m5-gate/drc"), at(2019, 6, 3, 11))
    officer = officer_of(gate.unit)
    (label,) = gate.step.extras["evidence"]
    for unmet in ({}, {label: "  "}, {"另一张表": "无"}):
        with nothing_written(), pytest.raises(ValidationError):
            actions.send_up(gate, by=officer, now=NOW, result="清零。", figures={"unmet": unmet})
    assert sent_up(gate, NOW).figures["unmet"] == {label: "无"}


def test_what_the_plan_asks_to_be_named_is_named(tacheng: Plan) -> None:
    money = signed(row("money/654201/2019"), at(2019, 6, 3, 11))
    officer = officer_of(money.unit)
    for asked in ({}, {"amount": 100, "document": "塔财〔2019〕1号"}, {"amount": 100, "document": "", "more": "yes"}):
        with nothing_written(), pytest.raises(ValidationError):
            actions.send_up(money, by=officer, now=NOW, result="已安排。", figures={"asked": asked})
    # What was named in a report needs no second naming.
    actions.report(
        money, by=officer, now=NOW, text="已安排。", progress=80, figures={"asked": {"amount": 0, "more": "no"}}
    )
    asked = fresh(money).figures["asked"] | {"document": "塔财〔2019〕1号"}
    actions.send_up(fresh(money), by=officer, now=NOW, result="已安排。", figures={"asked": asked})
    assert fresh(money).state == "unit_signoff"
