"""延期: asked before the date, decided whenever; while it is undecided nobody outside the unit is told."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.core.exceptions import ValidationError

from bureaus.access import WrongMoment
from measures.models import Assignment, Extension, Plan
from notifications import sender
from notifications.models import Message
from tests.make import (
    SUPERVISION_HEAD,
    SUPERVISOR,
    at,
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
    signed,
    tick_through,
)
from workflows import actions
from workflows.models import Slip

KEY = "filing/654224/朗古特"
SURVEY = "survey/654224"


def asked(found: Assignment, now: datetime, to: date = date(2019, 8, 26)) -> Extension:
    return actions.ask_extension(
        fresh(found), by=officer_of(found.unit), now=now, to=to, reason="汛期。", present_progress="论证完成。"
    )


def granted(extension: Extension, now: datetime, to: date = date(2019, 8, 26)) -> None:
    actions.grant_extension(extension, by=person(SUPERVISOR), now=now, to=to, document_no="塔行督〔2019〕7号")


def refused(extension: Extension, now: datetime) -> None:
    actions.refuse_extension(extension, by=person(SUPERVISOR), now=now, opinion="理由不充分。")


def survey() -> Assignment:
    """The survey of 托里县, led by the prefecture's HRSS, due on 31 July. Its minute is 14."""
    found = signed(row(SURVEY), at(2019, 6, 3, 11))
    only(found)
    return found


def told(lines: list, rung: str, occ: int = 0) -> list[tuple[str, str]]:
    (line,) = fired(lines, rung=rung, occ=occ, kind="main")
    return [(group["role"], group["unit"]) for group in line["to"]]


# --- Asking ---------------------------------------------------------------------------------------


def test_asked_in_the_last_minute_of_the_day(tacheng: Plan) -> None:
    found = survey()
    extension = asked(found, at(2019, 7, 31, 23, 59), to=date(2019, 8, 12))
    assert (extension.state, extension.asked_for, extension.present_progress) == (
        "asked",
        date(2019, 8, 12),
        "论证完成。",
    )
    event = last_event(found)
    assert (event.kind, event.note, event.data) == (
        "extension_asked",
        "汛期。",
        {"from": "2019-07-31", "to": "2019-08-12"},
    )
    # The date stands until it is decided.
    assert (deadline(found).due_on, deadline(found).rev) == (date(2019, 7, 31), 1)
    sender.deliver(at(2019, 8, 1, 10))
    assert [message.kind for message in inbox(person(SUPERVISOR))] == ["extension_asked"]


def test_at_midnight_it_is_too_late_and_reasons_can_be_noted(tacheng: Plan) -> None:
    found = survey()
    with nothing_written(), pytest.raises(WrongMoment, match="2019"):
        asked(found, at(2019, 8, 1), to=date(2019, 8, 12))
    actions.note_reasons(found, by=officer_of(found.unit), now=at(2019, 8, 1), reason="牧区转场。")
    assert (events(found)[-1], last_event(found).note) == ("noted", "牧区转场。")
    assert deadline(found).is_overdue(at(2019, 8, 1))


@pytest.mark.parametrize(
    ("to", "reason"),
    [(date(2019, 7, 31), "汛期。"), (date(2019, 7, 1), "汛期。"), (date(2019, 8, 12), " ")],
)
def test_it_needs_a_later_date_and_a_reason(tacheng: Plan, to: date, reason: str) -> None:
    found = survey()
    with nothing_written(), pytest.raises(ValidationError):
        actions.ask_extension(found, by=officer_of(found.unit), now=at(2019, 7, 20), to=to, reason=reason)


def test_one_request_at_a_time(tacheng: Plan) -> None:
    found = survey()
    first = asked(found, at(2019, 7, 20, 11))
    with nothing_written(), pytest.raises(WrongMoment):
        asked(found, at(2019, 7, 20, 12))
    refused(first, at(2019, 7, 22, 11))
    assert asked(found, at(2019, 7, 23, 11)).state == "asked"


def test_work_without_a_date_has_nothing_to_extend(tacheng: Plan) -> None:
    found = signed(row("m7-register/654225"), at(2019, 6, 3, 11))
    with nothing_written(), pytest.raises(WrongMoment):
        asked(found, at(2019, 7, 20, 12))


# --- Granted --------------------------------------------------------------------------------------


def test_granted_before_the_date_the_ladder_climbs_from_the_new_one(tacheng: Plan) -> None:
    found = row(KEY)
    only(found)
    signed(found, at(2019, 6, 3, 11))
    lines = tick_through(at(2019, 8, 13, 12))
    extension = asked(found, at(2019, 8, 13, 16))
    granted(extension, at(2019, 8, 14, 16))
    main = deadline(found)
    assert (main.due_on, main.original_due_on, main.basis, main.rev) == (
        date(2019, 8, 26),
        date(2019, 8, 15),
        "decided",
        2,
    )
    change = main.changes.get(kind="extend")
    assert (change.old_due_on, change.new_due_on, change.document_no, change.by) == (
        date(2019, 8, 15),
        date(2019, 8, 26),
        "塔行督〔2019〕7号",
        person(SUPERVISOR),
    )
    lines += tick_through(date(2019, 9, 30))
    assert [(line["rung"], line["at"][:10]) for line in fired(lines, kind="main")] == [
        ("T-10", "2019-08-01"),
        ("T-3", "2019-08-12"),
        # T-10 of the new date lies before the decision: recorded, told to nobody.
        ("T-3", "2019-08-21"),
        ("T", "2019-08-26"),
        ("T+1", "2019-08-27"),
        ("T+5", "2019-09-02"),
        ("T+10", "2019-09-09"),
    ]
    assert found.events.filter(kind="extension_granted").get().data == {
        "to": "2019-08-26",
        "document_no": "塔行督〔2019〕7号",
    }
    kinds = [message.kind for message in inbox(person("托里县·分管领导"))]
    assert "extension_granted" in kinds


def test_granted_after_the_date_it_was_never_late_and_nobody_outside_hears_that_it_was(tacheng: Plan) -> None:
    found = survey()
    tick_through(at(2019, 7, 31, 9))
    extension = asked(found, at(2019, 7, 31, 9, 30), to=date(2019, 8, 12))
    lines = tick_through(at(2019, 8, 2, 12))
    assert told(lines, "T") == [("unit_leader", "654224")]
    assert told(lines, "T+1") == [("unit_leader", "654224")]
    granted(extension, at(2019, 8, 5, 16), to=date(2019, 8, 12))
    assert not deadline(found).is_overdue(at(2019, 8, 5, 16))
    handed_in(fresh(found), at(2019, 8, 9, 16))
    lines += tick_through(date(2019, 8, 30))
    assert not deadline(found).was_late
    assert not [line for line in fired(lines, kind="main") if line["occ"]]
    for name in ("人社局·经办人", SUPERVISOR, SUPERVISION_HEAD):
        about = [message.kind for message in inbox(person(name)) if message.data["assignment"] == found.key]
        assert not {"due", "overdue", "reminder"} & set(about)
    assert not Slip.objects.exists()


def test_the_new_date_is_exact_later_than_the_old_and_not_past(tacheng: Plan) -> None:
    found = survey()
    extension = asked(found, at(2019, 7, 31, 9, 30), to=date(2019, 8, 12))
    now = at(2019, 8, 5, 16)
    for to, number in [
        (date(2019, 7, 31), "1号"),
        (date(2019, 8, 4), "1号"),
        (date(2019, 8, 12), "  "),
    ]:
        with nothing_written(), pytest.raises(ValidationError):
            actions.grant_extension(extension, by=person(SUPERVISOR), now=now, to=to, document_no=number)
    granted(extension, now, to=date(2019, 8, 5))
    assert deadline(found).due_on == date(2019, 8, 5)


def test_a_notice_of_the_old_date_that_has_not_left_leaves_no_more(tacheng: Plan) -> None:
    found = survey()
    extension = asked(found, at(2019, 7, 25, 9), to=date(2019, 8, 12))
    tick_through(at(2019, 7, 26, 10, 30))  # T-3 at 10:14; its mail would leave at eleven
    waiting = Message.objects.filter(status="queued", about=deadline(found).about)
    assert waiting.exists()
    granted(extension, at(2019, 7, 26, 10, 45))
    assert not waiting.exists()
    lines = tick_through(at(2019, 7, 26, 12))
    assert not [line for line in lines if any(part["rung"] == "T-3" for part in line.get("about", []))]


def test_a_second_extension_of_the_same_date(tacheng: Plan) -> None:
    found = survey()
    granted(asked(found, at(2019, 7, 25, 9)), at(2019, 7, 26, 9), to=date(2019, 8, 12))
    granted(asked(found, at(2019, 8, 9, 9)), at(2019, 8, 9, 16), to=date(2019, 8, 26))
    main = deadline(found)
    assert (main.original_due_on, main.due_on, main.rev) == (date(2019, 7, 31), date(2019, 8, 26), 3)
    assert [change.new_due_on for change in main.changes.filter(kind="extend")] == [
        date(2019, 8, 12),
        date(2019, 8, 26),
    ]


# --- Undecided, refused, withdrawn ----------------------------------------------------------------


def test_undecided_those_outside_hear_three_working_days_later(tacheng: Plan) -> None:
    found = survey()
    asked(found, at(2019, 7, 31, 9))
    lines = tick_through(date(2019, 8, 30))
    on = {key: day for key, day in fired_on(lines, SURVEY).items() if key.startswith("T+")}
    assert on == {
        "T+1": date(2019, 8, 1),
        "T+1#1": date(2019, 8, 6),
        "T+5": date(2019, 8, 7),
        "T+5#1": date(2019, 8, 12),
        "T+10": date(2019, 8, 14),
        "T+10#1": date(2019, 8, 19),
    }
    assert told(lines, "T+1") == [("unit_leader", "654224")]
    assert told(lines, "T+1", 1) == [("officer", "hrss")]
    assert told(lines, "T+5") == [("chief", "654224")]
    assert told(lines, "T+5", 1) == [("supervisor", "supervision")]
    assert told(lines, "T+10") == []
    assert told(lines, "T+10", 1) == [("supervision_head", "supervision"), ("leader", "prefecture")]
    # The slip goes to the office, so it waits with it.
    slips = [(line["rung"], line["occ"], line["slip"]) for line in fired(lines, kind="main") if line["slip"]]
    assert slips == [("T+1", 1, "yellow"), ("T+5", 1, "red"), ("T+10", 1, "summons")]


def test_refused_before_any_rung_waits_nothing_is_held(tacheng: Plan) -> None:
    found = survey()
    refused(asked(found, at(2019, 7, 31, 9)), at(2019, 7, 31, 16))
    lines = tick_through(date(2019, 8, 9))
    assert told(lines, "T+1") == [("unit_leader", "654224"), ("officer", "hrss")]
    assert not [line for line in fired(lines) if line["occ"]]
    assert events(found)[-1] == "extension_refused"


def test_refused_while_they_wait_they_hear_at_once(tacheng: Plan) -> None:
    found = survey()
    extension = asked(found, at(2019, 7, 31, 9))
    lines = tick_through(date(2019, 8, 1))
    refused(extension, at(2019, 8, 2, 15, 30))
    lines += tick_through(date(2019, 8, 2))
    (released,) = fired(lines, rung="T+1", occ=1)
    assert released["at"] == "2019-08-02T15:30:00+08:00"
    assert told(lines, "T+1", 1) == [("officer", "hrss")]
    assert released["slip"] == "yellow"
    (mail,) = [line for line in lines if line["event"] == "sent" and line["recipient"] == "人社局·经办人"][:1]
    assert mail["at"] == "2019-08-02T15:30:00+08:00"
    # And not once more three working days after the plan.
    assert not fired(tick_through(date(2019, 8, 6)), rung="T+1")


def test_refused_while_only_the_slip_waits_it_is_proposed_at_once(tacheng: Plan) -> None:
    """A bureau that leads itself: of T+1 nobody has to wait, and the yellow slip comes with the refusal."""
    found = signed(row("m1-division/hrss"), at(2019, 6, 3, 11))  # due on Monday 17 June
    only(found)
    extension = asked(found, at(2019, 6, 17, 9))
    (late,) = fired(tick_through(date(2019, 6, 18)), rung="T+1")
    assert (late["occ"], late["slip"]) == (0, None)
    refused(extension, at(2019, 6, 19, 15))
    (released,) = fired(tick_through(date(2019, 6, 19)), rung="T+1", occ=1)
    assert (released["at"], released["to"], released["slip"]) == ("2019-06-19T15:00:00+08:00", [], "yellow")


def test_withdrawn_by_the_unit_the_date_stands_and_those_who_waited_hear(tacheng: Plan) -> None:
    found = survey()
    extension = asked(found, at(2019, 7, 31, 9))
    tick_through(date(2019, 8, 1))
    actions.withdraw_extension(extension, by=officer_of(found.unit), now=at(2019, 8, 2, 11))
    lines = tick_through(date(2019, 8, 2))
    assert told(lines, "T+1", 1) == [("officer", "hrss")]
    extension.refresh_from_db()
    assert (extension.state, events(found)[-1]) == ("withdrawn", "extension_withdrawn")


def test_two_rungs_of_the_short_ladder_wait_at_once_and_are_released_together(tacheng: Plan) -> None:
    """A monthly return due on 5 July: T+1 waits until the 11th, T+3 until the 15th."""
    found = signed(row("monthly/654224/2019-06"), at(2019, 6, 3, 11))
    only(found)
    extension = asked(found, at(2019, 7, 5, 9), to=date(2019, 7, 19))
    lines = tick_through(at(2019, 7, 10, 18))
    key = "monthly/654224/2019-06"
    assert {rung: str(day) for rung, day in fired_on(lines, key).items() if rung in ("T+1", "T+3")} == {
        "T+1": "2019-07-08",
        "T+3": "2019-07-10",
    }
    refused(extension, at(2019, 7, 10, 19))
    lines = tick_through(date(2019, 7, 19))
    assert [(line["rung"], line["occ"], line["at"][:16]) for line in fired(lines, kind="main")] == [
        ("T+1", 1, "2019-07-10T19:00"),
        ("T+3", 1, "2019-07-10T19:00"),
        ("T+3", 2, "2019-07-11T10:40"),
    ]
    assert told(lines, "T+1", 1) == [("officer", "hrss")]
    # The office hears when the lead has had its working day.
    assert told(lines, "T+3", 1) == []
    assert told(lines, "T+3", 2) == [("supervisor", "supervision")]
    assert [line["slip"] for line in fired(lines, kind="main")] == ["yellow", "red", None]


def test_undecided_on_the_short_ladder(tacheng: Plan) -> None:
    found = signed(row("monthly/654224/2019-06"), at(2019, 6, 3, 11))
    only(found)
    tick_through(at(2019, 7, 3, 9))
    asked(found, at(2019, 7, 3, 9), to=date(2019, 7, 19))
    lines = tick_through(date(2019, 7, 19))
    assert [(line["rung"], line["occ"], line["at"][5:10]) for line in fired(lines, kind="main")] == [
        # A slip before the date is left out: there is nothing to wait for.
        ("T-2", 0, "07-03"),
        ("T", 0, "07-05"),
        ("T+1", 0, "07-08"),
        ("T+3", 0, "07-10"),
        ("T+1", 1, "07-11"),
        ("T+3", 1, "07-15"),
    ]


def test_a_submission_overtakes_the_request(tacheng: Plan) -> None:
    found = survey()
    extension = asked(found, at(2019, 7, 30, 9))
    handed_in(fresh(found), at(2019, 7, 31, 16))
    extension.refresh_from_db()
    assert (extension.state, extension.decided_at) == ("withdrawn", at(2019, 7, 31, 16))
    with nothing_written(), pytest.raises(WrongMoment):
        granted(extension, at(2019, 8, 1, 10))
    assert not fired(tick_through(date(2019, 8, 30)), kind="main")


def test_a_refusal_says_why(tacheng: Plan) -> None:
    found = survey()
    extension = asked(found, at(2019, 7, 30, 9))
    with nothing_written(), pytest.raises(ValidationError):
        actions.refuse_extension(extension, by=person(SUPERVISOR), now=at(2019, 7, 30, 10), opinion=" ")


def test_a_correction_can_be_extended_too(tacheng: Plan) -> None:
    found = survey()
    handed_in(fresh(found), at(2019, 7, 31, 16))
    actions.send_back(fresh(found), by=person("人社局·经办人"), now=at(2019, 8, 1, 10), reason="不全。")
    granted(asked(found, at(2019, 8, 6, 9), to=date(2019, 8, 12)), at(2019, 8, 6, 16), to=date(2019, 8, 12))
    assert deadline(found, round=2).due_on == date(2019, 8, 12)
    assert deadline(found).due_on == date(2019, 7, 31)
    # The leader was told of the new date in words.
    sender.deliver(at(2019, 8, 6, 16))
    (message,) = [one for one in inbox(leader_of(found.unit)) if one.kind == "extension_granted"]
    assert "2019-08-12" in message.body
