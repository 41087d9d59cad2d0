"""Somebody is away: the deputy is told and acts on their behalf, day by day (scenario 27)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from bureaus.access import NotYours, Standing, WrongMoment
from bureaus.models import Absence
from measures.access import may, visible_assignments
from measures.models import Assignment, Plan
from notifications import sender
from notifications.models import Message
from tests.make import (
    PREFECTURE_LEADER,
    SUPERVISION_HEAD,
    SUPERVISOR,
    at,
    bureau,
    fired,
    fresh,
    handed_in,
    last_event,
    nothing_written,
    only,
    person,
    row,
    sent_up,
    signed,
    tick_through,
)
from workflows import actions

SURVEY = "survey/654224"  # due on 31 July: T-10 is 17 July
OFFICER, HEAD, LEADER, CHIEF = "托里县·经办人", "托里县·科室负责人", "托里县·分管领导", "托里县·主要领导"
DAY = date(2019, 7, 17)


def away(name: str, deputy: str, first: date = DAY, last: date = DAY, *, by: str = "") -> Absence:
    return actions.record_absence(
        person(name),
        by=person(by or name),
        now=at(first.year, first.month, first.day, 9),
        first_day=first,
        last_day=last,
        deputy=person(deputy),
    )


def survey() -> Assignment:
    found = row(SURVEY)
    only(found)
    return found


def told(rung: str) -> set[tuple[str, str, str]]:
    """(who, by which channel, on behalf of whom) of everything put for a rung."""
    found = Message.objects.filter(data__rung=rung).exclude(kind="digest").select_related("recipient", "on_behalf_of")
    return {(str(one.recipient), one.channel, str(one.on_behalf_of or "")) for one in found}


# --- Told -----------------------------------------------------------------------------------------


def test_27_the_deputy_is_told_and_the_absent_one_keeps_the_row_in_the_inbox(tacheng: Plan, mailoutbox: list) -> None:
    survey()
    away(OFFICER, HEAD)
    tick_through(date(2019, 7, 16))
    mailoutbox.clear()
    lines = tick_through(DAY)
    assert told("T-10") == {(OFFICER, "inbox", ""), (HEAD, "inbox", OFFICER), (HEAD, "email", OFFICER)}
    (mail,) = mailoutbox
    assert mail.to == [person(HEAD).email]
    assert OFFICER in mail.body
    (line,) = fired(lines, rung="T-10", kind="main")
    assert line["to"] == [
        {"role": "officer", "unit": "654224", "channels": ["inbox", "email"], "on_behalf_of": [OFFICER]}
    ]


def test_27_the_day_before_and_the_day_after_nothing_is_different(tacheng: Plan) -> None:
    survey()
    away(OFFICER, HEAD, date(2019, 7, 15), date(2019, 7, 16))
    away(OFFICER, HEAD, date(2019, 7, 18), date(2019, 7, 19))
    tick_through(DAY)
    assert told("T-10") == {(OFFICER, "inbox", ""), (OFFICER, "email", "")}


def test_27_one_run_over_many_days_asks_each_day_anew(tacheng: Plan) -> None:
    """T-10 lies in the absence of the officer, T-3 in that of the head of the section."""
    survey()
    away(OFFICER, LEADER, DAY, DAY)
    away(HEAD, LEADER, date(2019, 7, 26), date(2019, 7, 26))
    tick_through(date(2019, 7, 26))
    assert (LEADER, "email", OFFICER) in told("T-10")
    assert told("T-3") == {
        (HEAD, "inbox", ""),
        (LEADER, "inbox", HEAD),
        (LEADER, "email", HEAD),
        (LEADER, "sms", HEAD),
        # Told at an earlier rung, and back at the desk.
        (OFFICER, "inbox", ""),
    }


def test_27_an_absent_deputy_hands_on_and_a_circle_ends_at_the_head(tacheng: Plan) -> None:
    survey()
    away(OFFICER, HEAD)
    away(HEAD, LEADER)
    tick_through(at(2019, 7, 17, 10, 30))
    assert told("T-10") == {(OFFICER, "inbox", ""), (LEADER, "inbox", OFFICER), (LEADER, "email", OFFICER)}


def test_27_a_circle_ends_at_the_head_of_the_unit(tacheng: Plan) -> None:
    survey()
    away(OFFICER, HEAD)
    away(HEAD, OFFICER)
    tick_through(DAY)
    assert told("T-10") == {(OFFICER, "inbox", ""), (CHIEF, "inbox", OFFICER), (CHIEF, "email", OFFICER)}


def test_27_where_nobody_is_there_the_absent_one_is_told_in_full(tacheng: Plan) -> None:
    survey()
    for name, deputy in ((OFFICER, HEAD), (HEAD, LEADER), (LEADER, CHIEF), (CHIEF, OFFICER)):
        away(name, deputy)
    tick_through(DAY)
    assert told("T-10") == {(OFFICER, "inbox", ""), (OFFICER, "email", "")}


def test_who_is_told_in_their_own_right_is_not_told_on_behalf_as_well(tacheng: Plan) -> None:
    """T+1 tells the leader; whoever was told before is told again, and the deputy of one of them is the leader."""
    survey()
    away(HEAD, LEADER, date(2019, 7, 31), date(2019, 7, 31))
    tick_through(date(2019, 7, 31))
    assert {one for one in told("T") if one[0] == LEADER} == {
        (LEADER, channel, "") for channel in ("inbox", "email", "sms")
    }
    assert (HEAD, "inbox", "") in told("T")


def test_a_notice_of_an_act_goes_the_same_way(tacheng: Plan) -> None:
    found = signed(row(SURVEY), at(2019, 6, 3, 11))
    away(OFFICER, HEAD)
    only(found)
    actions.urge(found, by=person(SUPERVISOR), now=at(2019, 7, 17, 14), text="请抓紧。")
    sender.deliver(at(2019, 7, 17, 14))
    urged = Message.objects.filter(kind="urged").select_related("recipient", "on_behalf_of")
    got = {(str(one.recipient), one.channel, str(one.on_behalf_of or "")) for one in urged}
    assert {one for one in got if one[0] != LEADER} == {
        (OFFICER, "inbox", ""),
        (HEAD, "inbox", OFFICER),
        (HEAD, "email", OFFICER),
        (HEAD, "sms", OFFICER),
    }


# --- Acting ---------------------------------------------------------------------------------------


def standing(name: str, day: date) -> Standing:
    return Standing(person(name), day)


def test_a_deputy_may_on_these_days_what_the_absent_ones_post_allows(tacheng: Plan) -> None:
    found = sent_up(row(SURVEY), at(2019, 7, 16, 11))
    away(LEADER, HEAD)
    away(CHIEF, HEAD)
    with nothing_written(), pytest.raises(NotYours):
        actions.sign_off(found, by=person(HEAD), now=at(2019, 7, 16, 12))
    assert not may(standing(HEAD, date(2019, 7, 16)), "sign_off", found)
    assert may(standing(HEAD, DAY), "sign_off", found)
    with nothing_written(), pytest.raises(NotYours):
        actions.sign_off(found, by=person(HEAD), now=at(2019, 7, 18, 12))
    actions.sign_off(found, by=person(HEAD), now=at(2019, 7, 17, 12))
    event = last_event(found)
    assert (event.kind, event.actor, event.data["on_behalf_of"]) == ("submitted", person(HEAD), LEADER)


def test_what_the_own_post_allows_is_done_on_nobodys_behalf(tacheng: Plan) -> None:
    found = signed(row(SURVEY), at(2019, 7, 16, 11))
    away(OFFICER, HEAD)
    actions.report(found, by=person(HEAD), now=at(2019, 7, 17, 12), text="过半。", progress=50)
    assert "on_behalf_of" not in last_event(found).data


def test_the_deputy_of_a_deputy_may_and_the_deputy_who_is_away_may_not(tacheng: Plan) -> None:
    found = sent_up(row(SURVEY), at(2019, 7, 16, 11))
    away(LEADER, HEAD)
    away(HEAD, OFFICER)
    assert not may(standing(HEAD, DAY), "sign_off", found)
    assert standing(OFFICER, DAY).leads_in(found.unit_id)


def sent_up_by(name: str, now: datetime) -> Assignment:
    found = signed(row(SURVEY), at(2019, 6, 3, 11))
    actions.send_up(found, by=person(name), now=now, result="完成。")
    return fresh(found)


@pytest.mark.parametrize("exception", ["", "只有一位领导"])
def test_the_deputy_who_sent_it_up_does_not_sign_it_off(exception: str, tacheng: Plan) -> None:
    found = sent_up_by(HEAD, at(2019, 7, 16, 11))
    away(LEADER, HEAD)
    with nothing_written(), pytest.raises(ValidationError):
        actions.sign_off(found, by=person(HEAD), now=at(2019, 7, 17, 12), exception=exception)
    actions.sign_off(found, by=person(CHIEF), now=at(2019, 7, 17, 12))


def test_nor_what_the_one_they_stand_in_for_sent_up(tacheng: Plan) -> None:
    found = sent_up_by(LEADER, at(2019, 7, 16, 11))
    away(LEADER, HEAD)
    with nothing_written(), pytest.raises(ValidationError):
        actions.sign_off(found, by=person(HEAD), now=at(2019, 7, 17, 12))


def test_a_deputy_from_another_unit_sees_the_work_for_these_days(tacheng: Plan) -> None:
    """The prefecture's leader stands in for a county's chief, and the office's head for the prefecture's leader."""
    away(PREFECTURE_LEADER, "公安局·主要领导")
    chief = "公安局·主要领导"
    assert visible_assignments(standing(chief, DAY)).count() == 158
    assert visible_assignments(standing(chief, date(2019, 7, 18))).count() == 1
    assert bureau("prefecture") in standing(chief, DAY).units
    found = signed(row("assessment/supervision/2019"), at(2019, 6, 4, 10))
    extension = actions.ask_extension(
        found, by=person(SUPERVISOR), now=at(2019, 7, 17, 9), to=date(2020, 3, 1), reason="汛期。"
    )
    granted: dict[str, Any] = {"to": date(2020, 2, 28), "document_no": "塔行办〔2019〕1号"}
    actions.grant_extension(extension, by=person(chief), now=at(2019, 7, 17, 12), **granted)
    assert last_event(found).data["on_behalf_of"] == PREFECTURE_LEADER


def test_who_may_record_and_take_back(tacheng: Plan) -> None:
    absence = away(OFFICER, HEAD, by=LEADER)
    assert absence.recorded_by == person(LEADER)
    for name in (HEAD, "塔城市·主要领导", SUPERVISION_HEAD, SUPERVISOR):
        with pytest.raises(NotYours):
            actions.withdraw_absence(absence, by=person(name), now=at(2019, 7, 17, 10))
        with pytest.raises(NotYours):
            away(LEADER, CHIEF, by=name)
    actions.withdraw_absence(absence, by=person(OFFICER), now=at(2019, 7, 17, 10))
    with pytest.raises(WrongMoment):
        actions.withdraw_absence(absence, by=person(OFFICER), now=at(2019, 7, 17, 10))


def test_a_lent_post_lends_no_right_to_record(tacheng: Plan) -> None:
    away(LEADER, HEAD)
    with pytest.raises(NotYours):
        away(OFFICER, HEAD, by=HEAD)


def test_a_deputy_judges_nothing_of_their_own_unit_with_a_lent_post(tacheng: Plan) -> None:
    """The office's head stands in for the prefecture's leader, who accepts the office's work and moves its dates."""
    found = handed_in(row("assessment/supervision/2019"), at(2019, 7, 16, 11))
    away(PREFECTURE_LEADER, SUPERVISION_HEAD)
    with nothing_written(), pytest.raises(NotYours):
        actions.accept(found, by=person(SUPERVISION_HEAD), now=at(2019, 7, 17, 12))
    with nothing_written(), pytest.raises(NotYours):
        actions.send_back(found, by=person(SUPERVISION_HEAD), now=at(2019, 7, 17, 12), reason="补充。")
    actions.withdraw(found, by=person(SUPERVISION_HEAD), now=at(2019, 7, 17, 12), reason="补充。")
    with nothing_written(), pytest.raises(NotYours):
        actions.shorten(
            fresh(found),
            by=person(SUPERVISION_HEAD),
            now=at(2019, 7, 17, 12),
            to=date(2019, 12, 2),
            reason="提前。",
            document_no="1号",
        )
