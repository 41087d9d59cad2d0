"""The life of an assignment: what each act leaves behind, in history, dates and notices."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from bureaus.access import WrongMoment
from measures.models import Assignment, Deadline, Plan
from notifications import sender
from notifications.models import Message
from tests.make import (
    SUPERVISION_HEAD,
    SUPERVISOR,
    accepted,
    at,
    bureau,
    chief_of,
    day_of,
    deadline,
    events,
    fired,
    fired_on,
    fresh,
    handed_in,
    inbox,
    last_event,
    leader_of,
    nothing_written,
    officer_of,
    only,
    person,
    row,
    sent_up,
    signed,
    tick_through,
)
from workflows import actions


def kinds_in_inbox(name: str, found: Assignment) -> list[str]:
    return [message.kind for message in inbox(person(name)) if message.data["assignment"] == found.key]


def changes(found: Deadline) -> list[tuple[str, int]]:
    return [(change.kind, change.rev) for change in found.changes.order_by("id")]


# --- Receiving ------------------------------------------------------------------------------------


def test_signing_names_who_handles_it_and_who_answers(tacheng: Plan) -> None:
    found, now = row("survey/654224"), at(2019, 6, 3, 10, 30)
    officer, chief = person("托里县·经办人"), person("托里县·主要领导")
    actions.sign(found, by=officer, now=now, handler=officer, leader=chief)
    found = fresh(found)
    assert (found.state, found.handler, found.leader, found.signed_at) == ("in_progress", officer, chief, now)
    assert events(found) == ["issued", "signed"]
    event = found.events.get(kind="signed")
    assert (event.actor, event.actor_unit, event.at) == (officer, found.unit, now)
    assert event.data == {"handler": "托里县·经办人", "leader": "托里县·主要领导"}
    receipt = deadline(found, "receipt")
    assert (receipt.status, receipt.met_at, receipt.was_late) == ("met", now, False)
    assert changes(receipt) == [("create", 1), ("meet", 1)]


def test_whoever_is_named_must_hold_a_post_in_the_unit(tacheng: Plan) -> None:
    found, officer = row("survey/654224"), person("托里县·经办人")
    for handler, leader in [("塔城市·经办人", "托里县·分管领导"), ("托里县·经办人", "督查室·负责人")]:
        with nothing_written(), pytest.raises(ValidationError):
            actions.sign(found, by=officer, now=at(2019, 6, 3, 11), handler=person(handler), leader=person(leader))


def test_what_is_signed_for_is_reminded_of_no_more(tacheng: Plan) -> None:
    found, other = row("survey/654224"), row("survey/654225")
    only(found, other)
    signed(found, at(2019, 6, 3, 16))
    lines = tick_through(date(2019, 6, 10))
    assert not fired(lines, assignment="survey/654224", kind="receipt")
    assert len(fired(lines, assignment="survey/654225", kind="receipt")) == 2


def test_those_named_are_told_instead_of_the_post(tacheng: Plan) -> None:
    found = row("survey/654224")
    only(found)
    section_head, chief = person("托里县·科室负责人"), person("托里县·主要领导")
    actions.sign(found, by=chief, now=at(2019, 6, 3, 11), handler=section_head, leader=chief)
    tick_through(date(2019, 7, 31))
    assert kinds_in_inbox("托里县·经办人", found) == []
    assert "reminder" in kinds_in_inbox("托里县·科室负责人", found)
    assert "due" in kinds_in_inbox("托里县·主要领导", found)
    # Named anew, those of today are told what they take over, and of the next rung.
    actions.name_people(
        fresh(found),
        by=chief,
        now=at(2019, 7, 31, 16),
        handler=person("托里县·经办人"),
        leader=person("托里县·分管领导"),
    )
    tick_through(date(2019, 8, 1))
    assert kinds_in_inbox("托里县·分管领导", found) == ["taken_over", "overdue"]
    assert events(found)[-1] == "named"


def test_a_refusal_goes_to_the_office_and_is_made_once(tacheng: Plan) -> None:
    found, officer = row("m2-share/science"), person("科技局·经办人")
    only(found)
    actions.refuse(found, by=officer, now=at(2019, 6, 3, 11), reason="我局不承担培训班次。")
    sender.deliver(at(2019, 6, 3, 11))
    assert (fresh(found).state, deadline(found, "receipt").status) == ("refused", "met")
    assert kinds_in_inbox(SUPERVISOR, found) == ["refused"]
    actions.reissue(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 6, 16), reason="方案列有科技局。")
    again = deadline(found, "receipt", round=2)
    # The Dragon Boat holiday and a weekend lie between.
    assert (again.due_on, again.status) == (date(2019, 6, 10), "armed")
    sender.deliver(at(2019, 6, 6, 16))
    assert kinds_in_inbox("科技局·经办人", found) == ["reissued"]
    with nothing_written(), pytest.raises(WrongMoment):
        actions.refuse(fresh(found), by=officer, now=at(2019, 6, 6, 17), reason="仍不承担。")
    lines = tick_through(date(2019, 6, 14))
    assert fired_on(lines, "m2-share/science", "receipt") == {
        "receipt+1": date(2019, 6, 11),
        "receipt+3": date(2019, 6, 13),
    }


def test_a_refusal_granted_gives_the_task_to_another_unit(tacheng: Plan) -> None:
    found = row("m2-needs/654226")
    only(found)
    actions.refuse(found, by=person("和布克赛尔县·经办人"), now=at(2019, 6, 3, 11), reason="请教育局承担。")
    actions.reassign(
        fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 5, 10), to=bureau("education"), reason="同意。"
    )
    new = row("m2-needs/education")
    assert (new.state, new.unit.code, new.lead, new.acceptor) == (
        "issued",
        "education",
        bureau("hrss"),
        bureau("hrss"),
    )
    # A term of ours runs from the day it is given.
    assert deadline(new).due_on == date(2019, 6, 27)
    assert deadline(new, "receipt").due_on == date(2019, 6, 6)
    assert (fresh(found).state, events(found)[-1]) == ("cancelled", "cancelled")
    assert "同意。" in last_event(found).note
    assert set(found.deadlines.values_list("status", flat=True)) == {"met", "cancelled"}
    assert not fired(tick_through(date(2019, 7, 10)), assignment="m2-needs/654226")


@pytest.mark.parametrize("to", ["654226", "hrss", "654201"])
def test_it_cannot_be_given_to_the_same_unit_its_reviewer_or_one_that_has_it(tacheng: Plan, to: str) -> None:
    found = row("m2-needs/654226")
    actions.refuse(found, by=person("和布克赛尔县·经办人"), now=at(2019, 6, 3, 11), reason="不承担。")
    with nothing_written(), pytest.raises(ValidationError):
        actions.reassign(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 5, 10), to=bureau(to), reason="转。")


def test_passing_on_inside_the_unit_with_an_earlier_date(tacheng: Plan) -> None:
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    officer, now = person("托里县·经办人"), at(2019, 6, 4, 11)
    for due_on in (date(2019, 6, 3), date(2019, 8, 1)):
        with nothing_written(), pytest.raises(ValidationError):
            actions.pass_on(found, by=officer, now=now, to_name="县人社局", due_on=due_on)
    with nothing_written(), pytest.raises(ValidationError):
        actions.pass_on(found, by=officer, now=now, to_name=" ", due_on=date(2019, 7, 1))
    passed = actions.pass_on(found, by=officer, now=now, to_name="县人社局", due_on=date(2019, 7, 31))
    assert (passed.to_name, passed.due_on) == ("县人社局", date(2019, 7, 31))
    assert (fresh(found).state, events(found)[-1]) == ("in_progress", "passed_on")
    # The unit still answers as one: its own date has not moved.
    assert deadline(found).due_on == date(2019, 7, 31)


# --- Working --------------------------------------------------------------------------------------


def test_a_report_is_kept_with_its_figures_and_files(tacheng: Plan) -> None:
    found, officer = signed(row("survey/654224"), at(2019, 6, 3, 11)), person("托里县·经办人")
    pdf = actions.Upload("调查表.pdf", b"%PDF-1.4 ...")
    actions.report(
        found, by=officer, now=at(2019, 6, 20, 11), text="过半。", progress=60, figures={"n": 1, "m": 2}, uploads=[pdf]
    )
    actions.report(
        fresh(found), by=officer, now=at(2019, 7, 1, 11), text="将完。", progress=90, figures={"m": 3}, problems="车辆"
    )
    found = fresh(found)
    assert (found.progress, found.figures) == (90, {"n": 1, "m": 3})
    reports = found.reports.order_by("id").values_list("text", "progress", "problems")
    assert list(reports) == [("过半。", 60, ""), ("将完。", 90, "车辆")]
    (attachment,) = found.attachments.all()
    assert (attachment.name, attachment.file.read()) == ("调查表.pdf", b"%PDF-1.4 ...")
    assert attachment.event is not None
    assert attachment.event.kind == "reported"
    # Reporting is no submission.
    assert (found.state, deadline(found).status) == ("in_progress", "armed")


@pytest.mark.parametrize(("text", "progress"), [("  ", 50), ("过半。", 101), ("过半。", -1)])
def test_an_empty_report_and_an_impossible_progress_are_no_reports(tacheng: Plan, text: str, progress: int) -> None:
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    with nothing_written(), pytest.raises(ValidationError):
        actions.report(found, by=officer_of(found.unit), now=at(2019, 6, 20), text=text, progress=progress)


def test_what_was_done_before_the_issue_is_entered_afterwards(tacheng: Plan) -> None:
    found, now = signed(row("m4-visits/654201/2019"), at(2019, 6, 3, 11)), at(2019, 6, 20, 11)
    officer = officer_of(found.unit)
    actions.report(found, by=officer, now=now, text="2018年回访。", progress=10, done_on=date(2018, 11, 1))
    actions.report(fresh(found), by=officer, now=now, text="本年回访。", progress=20, done_on=date(2019, 6, 19))
    reports = found.events.filter(kind="reported").order_by("id")
    assert [event.data["entered_afterwards"] for event in reports] == [True, False]
    assert not deadline(found).is_overdue(now)


@pytest.mark.parametrize("result", ["", "   \n"])
def test_an_empty_result_is_no_submission(tacheng: Plan, result: str) -> None:
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    with nothing_written(), pytest.raises(ValidationError):
        actions.send_up(found, by=officer_of(found.unit), now=at(2019, 7, 20), result=result)


def test_the_leader_hands_it_back_inside_the_unit(tacheng: Plan) -> None:
    found = sent_up(row("survey/654224"), at(2019, 7, 25, 11))
    assert kinds_after(found, "托里县·分管领导", at(2019, 7, 25, 11)) == ["sent_up"]
    actions.hand_back(found, by=leader_of(found.unit), now=at(2019, 7, 25, 16), reason="缺两个村。")
    assert (fresh(found).state, events(found)[-1]) == ("in_progress", "handed_back")
    assert "handed_back" in kinds_after(found, "托里县·经办人", at(2019, 7, 25, 16))
    # Nothing has left the unit: its date runs on.
    assert deadline(found).status == "armed"


def kinds_after(found: Assignment, name: str, now: Any) -> list[str]:
    sender.deliver(now)
    return kinds_in_inbox(name, found)


def test_the_sign_off_needs_a_second_person_or_a_stated_exception(tacheng: Plan) -> None:
    found, leader = signed(row("survey/654224"), at(2019, 6, 3, 11)), person("托里县·分管领导")
    actions.send_up(found, by=leader, now=at(2019, 7, 25, 11), result="完成。")
    for exception in ("", "  "):
        with nothing_written(), pytest.raises(ValidationError):
            actions.sign_off(found, by=leader, now=at(2019, 7, 25, 12), exception=exception)
    actions.sign_off(found, by=leader, now=at(2019, 7, 25, 12), exception="科室只有一人。")
    assert fresh(found).state == "submitted"
    assert found.events.get(kind="submitted").data == {"exception": "科室只有一人。"}


def test_another_leader_needs_no_exception(tacheng: Plan) -> None:
    found, leader = signed(row("survey/654224"), at(2019, 6, 3, 11)), person("托里县·分管领导")
    actions.send_up(found, by=leader, now=at(2019, 7, 25, 11), result="完成。")
    actions.sign_off(found, by=chief_of(found.unit), now=at(2019, 7, 25, 12))
    assert found.events.get(kind="submitted").data == {}


@pytest.mark.parametrize(
    ("now", "late"),
    [(at(2019, 7, 31, 23, 59, 59), False), (at(2019, 8, 1), True)],
)
def test_the_day_itself_still_counts_until_midnight(tacheng: Plan, now: Any, late: bool) -> None:
    found = sent_up(row("survey/654224"), at(2019, 7, 25, 11))
    main = deadline(found)
    assert main.is_overdue(now) is late
    actions.sign_off(found, by=leader_of(found.unit), now=now)
    main.refresh_from_db()
    assert (main.status, main.met_at, main.was_late) == ("met", now, late)


def test_the_reviewers_time_is_the_reviewers(tacheng: Plan) -> None:
    """Handed in on the last day; the review takes until it is long past, and the unit is not late."""
    found = row("survey/654224")
    only(found)
    handed_in(found, at(2019, 7, 31, 16))
    verdict = deadline(found, "verdict")
    assert (verdict.unit, verdict.due_on, verdict.basis) == (bureau("hrss"), date(2019, 8, 5), "ours")
    lines = tick_through(date(2019, 8, 20))
    assert {line["kind"] for line in lines if "rung" in line} == {"verdict"}
    told = {line["rung"]: (day_of(line), line["to"]) for line in fired(lines)}
    assert told == {
        "T": (date(2019, 8, 5), [{"role": "officer", "unit": "hrss", "channels": ["inbox", "email"]}]),
        "T+1": (
            date(2019, 8, 6),
            [{"role": "unit_leader", "unit": "hrss", "channels": ["inbox", "email", "sms"]}],
        ),
        "T+3": (
            date(2019, 8, 8),
            [{"role": "supervisor", "unit": "supervision", "channels": ["inbox", "email", "sms"]}],
        ),
    }
    assert all(line["unit"] == "hrss" and line["slip"] is None for line in fired(lines))
    accepted(fresh(found), at(2019, 8, 21, 10))
    assert (deadline(found).was_late, deadline(found, "verdict").was_late) == (False, True)


def test_once_handed_in_no_rung_of_the_date_fires_and_none_already_written_leaves(tacheng: Plan) -> None:
    found = row("survey/654224")
    only(found)
    tick_through(at(2019, 7, 31, 10, 30))  # T has fired at 10:14; its notice waits until eleven
    waiting = Message.objects.filter(about=deadline(found).about, status="queued")
    assert waiting.filter(recipient=person("托里县·分管领导")).count() == 3
    handed_in(found, at(2019, 7, 31, 10, 45))
    assert not waiting.exists()
    lines = tick_through(date(2019, 8, 2))
    assert not fired(lines, kind="main")
    assert "due" not in kinds_in_inbox("托里县·分管领导", found)


def test_the_reviewer_hears_at_once_and_only_in_office_hours(tacheng: Plan) -> None:
    found, evening = row("survey/654224"), row("survey/654225")
    only(found, evening)
    handed_in(found, at(2019, 7, 26, 16, 5))
    handed_in(evening, at(2019, 7, 26, 21))  # a Friday evening
    sender.deliver(at(2019, 7, 26, 16, 5))
    sender.deliver(at(2019, 7, 28, 12))
    assert kinds_in_inbox("人社局·经办人", found) == ["submitted"]
    assert kinds_in_inbox("人社局·经办人", evening) == []
    sender.deliver(at(2019, 7, 29, 10))
    assert kinds_in_inbox("人社局·经办人", evening) == ["submitted"]


# --- Reviewing ------------------------------------------------------------------------------------


def test_accepting(tacheng: Plan) -> None:
    found = accepted(row("survey/654224"), at(2019, 7, 26, 16))
    assert (found.state, found.accepted_at, found.progress) == ("accepted", at(2019, 7, 26, 16), 100)
    assert events(found) == ["issued", "signed", "sent_up", "submitted", "accepted"]
    assert last_event(found).actor_unit == bureau("hrss")
    assert set(found.deadlines.values_list("kind", "status")) == {
        ("receipt", "met"),
        ("main", "met"),
        ("verdict", "met"),
    }
    assert "accepted" in kinds_after(found, "托里县·经办人", at(2019, 7, 26, 16))


def test_a_return_makes_a_new_round_and_leaves_the_met_date_alone(tacheng: Plan) -> None:
    found = row("survey/654225")
    only(found)
    handed_in(found, at(2019, 7, 30, 16))
    actions.send_back(fresh(found), by=person("人社局·经办人"), now=at(2019, 8, 1, 16), reason="两个村空缺。")
    assert (fresh(found).state, fresh(found).round) == ("in_progress", 2)
    first, second = deadline(found), deadline(found, round=2)
    assert (first.status, first.was_late) == ("met", False)
    # Three working days from Thursday 1 August.
    assert (second.status, second.due_on, second.basis) == ("armed", date(2019, 8, 6), "ours")
    assert last_event(found).data == {"round": 2, "correct_by": "2019-08-06"}
    assert deadline(found, "verdict").status == "met"
    sender.deliver(at(2019, 8, 1, 16))
    assert kinds_in_inbox("裕民县·经办人", found) == ["returned"]
    # Only missing the correction is late.
    lines = tick_through(date(2019, 8, 7))
    assert fired_on(lines, "survey/654225") == {"T": date(2019, 8, 6), "T+1": date(2019, 8, 7)}
    handed_in(fresh(found), at(2019, 8, 7, 16))
    assert (deadline(found).was_late, deadline(found, round=2).was_late) == (False, True)
    assert deadline(found, "verdict", round=2).due_on == date(2019, 8, 12)


def test_a_correction_never_shortens_what_was_left(tacheng: Plan) -> None:
    found = handed_in(row("survey/654225"), at(2019, 6, 20, 16))
    reviewer = person("人社局·经办人")
    with nothing_written(), pytest.raises(ValidationError):
        actions.send_back(found, by=reviewer, now=at(2019, 6, 21, 10), reason="不全。", correct_by=date(2019, 7, 30))
    actions.send_back(found, by=reviewer, now=at(2019, 6, 21, 10), reason="不全。")
    assert deadline(found, round=2).due_on == date(2019, 7, 31)


def test_the_reviewer_may_give_longer(tacheng: Plan) -> None:
    found = handed_in(row("survey/654225"), at(2019, 7, 31, 16))
    actions.send_back(
        found, by=person("人社局·经办人"), now=at(2019, 8, 1, 10), reason="不全。", correct_by=date(2019, 8, 20)
    )
    assert (deadline(found, round=2).due_on, deadline(found, round=2).basis) == (date(2019, 8, 20), "decided")


def test_a_return_of_open_ended_work_brings_no_date(tacheng: Plan) -> None:
    found = handed_in(row("m7-register/654201"), at(2019, 7, 10, 16))
    assert deadline(found, "checkup").status == "met"
    actions.send_back(found, by=person("自然资源局·经办人"), now=at(2019, 7, 12, 10), reason="缺例外清单。")
    assert not found.deadlines.filter(kind="main").exists()
    # Somebody looks in again at the next quarter's end.
    assert found.deadlines.filter(kind="checkup", status="armed").get().due_on >= date(2019, 9, 30)


def test_withdrawn_before_the_verdict_the_date_runs_again(tacheng: Plan) -> None:
    found = row("survey/654224")
    only(found)
    handed_in(found, at(2019, 7, 30, 21))  # in the evening: the reviewer will hear tomorrow
    actions.withdraw(fresh(found), by=person("托里县·经办人"), now=at(2019, 7, 30, 22), reason="附件有误。")
    assert (fresh(found).state, fresh(found).submitted_at) == ("in_progress", None)
    main = deadline(found)
    assert (main.status, main.met_at, main.rev, main.due_on) == ("armed", None, 2, date(2019, 7, 31))
    assert changes(main) == [("create", 1), ("meet", 1), ("reopen", 2)]
    assert deadline(found, "verdict").status == "cancelled"
    lines = tick_through(date(2019, 8, 1))
    # Rungs that were past are not said again; the reviewer has nothing to review and hears nothing.
    assert fired_on(lines, "survey/654224") == {"T": date(2019, 7, 31), "T+1": date(2019, 8, 1)}
    assert "submitted" not in kinds_in_inbox("人社局·经办人", found)
    handed_in(fresh(found), at(2019, 8, 1, 16))
    assert deadline(found).was_late
    assert deadline(found, "verdict", round=2).status == "armed"


def test_a_mistaken_acceptance_is_taken_back_openly(tacheng: Plan) -> None:
    found, reviewer = accepted(row("survey/654224"), at(2019, 7, 26, 16)), person("人社局·经办人")
    actions.reconsider(found, by=reviewer, now=at(2019, 7, 29, 11), reason="抽查发现漏户。")
    found = fresh(found)
    assert (found.state, found.accepted_at) == ("submitted", None)
    assert (deadline(found).status, deadline(found, "verdict", round=2).due_on) == ("met", date(2019, 8, 1))
    assert events(found)[-2:] == ["accepted", "reconsidered"]
    assert "reconsidered" in kinds_after(found, "托里县·经办人", at(2019, 7, 29, 11))
    actions.send_back(found, by=reviewer, now=at(2019, 7, 29, 12), reason="漏户。")
    assert deadline(found, round=2).due_on == date(2019, 8, 1)


def test_a_mistaken_return_is_taken_back_and_its_date_binds_nobody(tacheng: Plan) -> None:
    found, reviewer = handed_in(row("survey/654224"), at(2019, 7, 26, 16)), person("人社局·经办人")
    actions.send_back(found, by=reviewer, now=at(2019, 7, 29, 10), reason="看错。")
    actions.reconsider(fresh(found), by=reviewer, now=at(2019, 7, 29, 11), reason="看错了县。")
    assert (fresh(found).state, deadline(found, round=2).status) == ("submitted", "cancelled")
    only(found)
    assert not fired(tick_through(date(2019, 8, 30)), kind="main")
    assert accepted(fresh(found), at(2019, 9, 2, 10)).state == "accepted"


def test_what_the_unit_took_back_itself_is_no_verdict_to_correct(tacheng: Plan) -> None:
    found, reviewer = handed_in(row("survey/654224"), at(2019, 7, 22, 16)), person("人社局·经办人")
    actions.send_back(found, by=reviewer, now=at(2019, 7, 23, 10), reason="看错。")
    actions.reconsider(fresh(found), by=reviewer, now=at(2019, 7, 23, 11), reason="看错了县。")
    actions.withdraw(fresh(found), by=officer_of(found.unit), now=at(2019, 7, 24, 10), reason="再核一遍。")
    with nothing_written(), pytest.raises(WrongMoment):
        actions.reconsider(fresh(found), by=reviewer, now=at(2019, 7, 24, 11), reason="再看。")


def test_a_verdict_others_have_built_on_stands(tacheng: Plan) -> None:
    found = accepted(row("m3-division/hrss"), at(2019, 6, 10, 16))
    assert row("m3-a/hrss").state == "issued"  # the tracks have opened
    with nothing_written(), pytest.raises(WrongMoment):
        actions.reconsider(found, by=person(SUPERVISOR), now=at(2019, 6, 11, 10), reason="误判。")


# --- The supervision office -----------------------------------------------------------------------


def test_struck_off_the_list_the_evidence_stands(tacheng: Plan) -> None:
    found = accepted(row("survey/654224"), at(2019, 7, 26, 16))
    actions.close(found, by=person(SUPERVISION_HEAD), now=at(2019, 7, 29, 10), note="销号。")
    found = fresh(found)
    assert (found.state, found.closed_at, found.result) == ("closed", at(2019, 7, 29, 10), "按要求完成。")
    assert events(found)[-1] == "closed"


def test_suspended_no_clock_runs_and_a_term_keeps_the_working_days_it_had_left(tacheng: Plan) -> None:
    found = row("m4-scattered/654224")  # twenty working days of ours: 1 July
    only(found)
    signed(found, at(2019, 6, 3, 11))
    # On Monday 17 June ten working days are left.
    actions.suspend(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 17, 16), reason="机构调整。")
    assert deadline(found).status == "paused"
    assert not fired(tick_through(date(2019, 8, 1)))
    # Resumed on Monday 30 September, into the holiday week: ten working days on.
    actions.resume(fresh(found), by=person(SUPERVISOR), now=at(2019, 9, 30, 9), reason="调整完成。")
    main = deadline(found)
    assert (main.status, main.due_on, main.rev) == ("armed", date(2019, 10, 18), 2)
    assert fresh(found).state == "in_progress"
    assert changes(main) == [("create", 1), ("pause", 1), ("resume", 2)]
    assert fired_on(tick_through(date(2019, 10, 22)), "m4-scattered/654224") == {
        "T-10": date(2019, 9, 30),
        "T-3": date(2019, 10, 15),
        "T": date(2019, 10, 18),
        "T+1": date(2019, 10, 21),
    }


def test_a_date_the_plan_names_stays_where_it_is(tacheng: Plan) -> None:
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    only(found)
    actions.suspend(found, by=person(SUPERVISOR), now=at(2019, 6, 17, 16), reason="机构调整。")
    actions.resume(fresh(found), by=person(SUPERVISOR), now=at(2019, 7, 29, 9), reason="调整完成。")
    assert deadline(found).due_on == date(2019, 7, 31)
    # What lay in the suspension tells nobody; what comes does.
    lines = tick_through(date(2019, 8, 1))
    assert fired_on(lines, "survey/654224") == {"T": date(2019, 7, 31), "T+1": date(2019, 8, 1)}


def test_resumed_long_after_its_date_nobody_above_hears_before_the_unit_had_a_working_day(tacheng: Plan) -> None:
    """T+5 is 7 August: the work begins to run again that morning, and its unit has heard nothing of T and T+1."""
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    only(found)
    actions.suspend(found, by=person(SUPERVISOR), now=at(2019, 6, 17, 16), reason="机构调整。")
    actions.resume(fresh(found), by=person(SUPERVISOR), now=at(2019, 8, 7, 9), reason="调整完成。")
    lines = tick_through(date(2019, 8, 8))
    assert not [line for line in fired(lines) if day_of(line) == date(2019, 8, 7) and line["to"]]
    (told,) = fired(lines, rung="T+5", occ=1)
    assert (day_of(told), [group["role"] for group in told["to"]]) == (date(2019, 8, 8), ["chief", "supervisor"])


@pytest.mark.parametrize("state", ["issued", "refused", "in_progress", "unit_signoff", "submitted"])
def test_resumed_it_stands_where_it_stood(tacheng: Plan, state: str) -> None:
    found = row("survey/654224")
    made = {"in_progress": signed, "unit_signoff": sent_up, "submitted": handed_in}
    if state in made:
        made[state](found, at(2019, 6, 4, 10))
    elif state == "refused":
        actions.refuse(found, by=officer_of(found.unit), now=at(2019, 6, 4, 10), reason="不属本单位职责。")
    actions.suspend(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 5, 10), reason="机构调整。")
    armed = found.deadlines.filter(status="armed")
    assert not armed.exists()
    actions.resume(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 12, 10), reason="调整完成。")
    assert fresh(found).state == state
    assert {one.kind for one in armed} == {
        "issued": {"receipt", "main"},
        "refused": {"main"},
        "in_progress": {"main"},
        "unit_signoff": {"main"},
        "submitted": {"verdict"},
    }[state]
    if state == "submitted":
        # Two of the reviewer's three days were left on 5 June.
        assert deadline(found, "verdict").due_on == date(2019, 6, 14)


def test_cancelled_it_binds_nobody_and_stays_visible(tacheng: Plan) -> None:
    found = row("survey/654224")
    only(found)
    actions.cancel(found, by=person(SUPERVISOR), now=at(2019, 6, 4, 9), reason="已并入其他任务。")
    assert (fresh(found).state, last_event(found).note) == ("cancelled", "已并入其他任务。")
    assert set(found.deadlines.values_list("status", flat=True)) == {"cancelled"}
    assert not fired(tick_through(date(2019, 8, 30)))
    assert kinds_in_inbox("托里县·经办人", found) == ["cancelled"]


def test_a_request_still_undecided_ends_with_the_task(tacheng: Plan) -> None:
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    asked = actions.ask_extension(
        found, by=officer_of(found.unit), now=at(2019, 6, 4, 9), to=date(2019, 8, 20), reason="汛期。"
    )
    actions.cancel(fresh(found), by=person(SUPERVISOR), now=at(2019, 6, 4, 10), reason="已并入其他任务。")
    asked.refresh_from_db()
    assert asked.state == "withdrawn"


@pytest.mark.parametrize("act", ["suspend", "cancel"])
def test_the_office_gives_its_reason(tacheng: Plan, act: str) -> None:
    found = row("survey/654224")
    with nothing_written(), pytest.raises(ValidationError):
        getattr(actions, act)(found, by=person(SUPERVISOR), now=at(2019, 6, 4, 9), reason=" ")


def test_urging_once_a_working_day(tacheng: Plan) -> None:
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    only(found)
    friday, lead = at(2019, 7, 12, 16), person("人社局·经办人")
    actions.urge(found, by=lead, now=friday, text="请抓紧入户。")
    sender.deliver(friday)
    for name in ("托里县·经办人", "托里县·分管领导"):
        assert kinds_in_inbox(name, found) == ["urged"]
    assert Message.objects.filter(kind="urged", channel="sms").count() == 2
    for again in (friday + timedelta(hours=3), at(2019, 7, 13, 11), at(2019, 7, 14, 11)):
        with nothing_written(), pytest.raises(WrongMoment):
            actions.urge(found, by=person(SUPERVISOR), now=again, text="请抓紧。")
    actions.urge(found, by=person(SUPERVISOR), now=at(2019, 7, 15, 9), text="请抓紧。")
    assert events(found).count("urged") == 2
