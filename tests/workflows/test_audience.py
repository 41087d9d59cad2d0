"""Whom a rung reaches when a post is empty, held by several, or held by somebody who has left."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bureaus import absences
from bureaus.models import Bureau, Membership, Role, User
from measures.models import Assignment, Plan
from notifications.models import Message
from tests.make import PLAN, at, bureau, fired, inbox, only, person, row, signed, tick_through
from workflows import tick
from workflows.models import Firing

SURVEY = "survey/654224"


def survey() -> Assignment:
    found = row(SURVEY)
    only(found)
    return found


def emptied(*names: str) -> None:
    Membership.objects.filter(user__username__in=names).update(until=date(2019, 6, 2))


def told(rung: str, lines: list[dict[str, Any]], kind: str = "main") -> list[tuple[str, str, str]]:
    (line,) = fired(lines, rung=rung, kind=kind)
    return [(group["role"], group["unit"], group.get("instead_of", "")) for group in line["to"]]


def test_a_missing_leader_is_passed_over_upwards_and_it_is_said(tacheng: Plan) -> None:
    survey()
    emptied("托里县·分管领导")
    lines = tick_through(date(2019, 7, 31))
    assert told("T", lines) == [("chief", "654224", "unit_leader")]
    assert told("T-3", lines) == [("section_head", "654224", "")]
    assert "due" in [one.kind for one in inbox(person("托里县·主要领导"))]
    assert inbox(person("托里县·分管领导")) == []


def test_a_unit_with_nobody_at_all_falls_to_the_supervision_office(tacheng: Plan) -> None:
    survey()
    emptied("托里县·经办人", "托里县·科室负责人", "托里县·分管领导", "托里县·主要领导")
    lines = tick_through(date(2019, 7, 17))
    assert told("T-10", lines) == [("supervisor", "supervision", "officer")]


def test_nobody_anywhere_is_recorded_as_such(tacheng: Plan) -> None:
    survey()
    Membership.objects.update(until=date(2019, 6, 2))
    tick_through(date(2019, 7, 17))
    firings = Firing.objects.filter(deadline__kind="main", deadline__assignment__key=f"{PLAN}/{SURVEY}")
    firing = firings.get(rung_key="T-10")
    assert firing.outcome == "no_recipient"
    # The ladder climbs on all the same.
    tick_through(date(2019, 7, 26))
    assert firings.filter(rung_key="T-3").exists()


def test_what_a_pass_remembers_of_people_is_what_is_true_now(tacheng: Plan) -> None:
    """Two tasks of one county come to the same rung a month apart; in between somebody comes, leaves, is away."""
    only(row("m4-scattered/654224"), row(SURVEY))
    mayor = bureau("654224")

    def told_at(moment: datetime) -> dict[str, str]:
        (firing,) = [one for one in tick.run(moment).firings if one.rung_key == "T-10"]
        found = Message.objects.filter(about=firing.deadline.about, channel="inbox")
        return {message.recipient.username: message.reason for message in found}

    first = told_at(at(2019, 6, 17, 11))
    assert list(first) == ["托里县·经办人"]
    other = User.objects.create(username="托里县·经办人乙", email="b@duban.invalid", phone="10009990001")
    Membership.objects.create(user=other, bureau=mayor, role=Role.OFFICER)
    emptied("托里县·经办人")
    Bureau.objects.filter(pk=mayor.pk).update(short_name="托里")
    second = told_at(at(2019, 7, 17, 11))
    assert list(second) == ["托里县·经办人乙"]
    assert "托里县" in first["托里县·经办人"]
    assert "托里县" not in second["托里县·经办人乙"]


def test_an_absence_is_seen_by_the_next_pass(tacheng: Plan) -> None:
    only(row("m4-scattered/654224"), row(SURVEY))
    tick.run(at(2019, 6, 17, 11))
    absences.record(
        person("托里县·经办人"),
        by=person("托里县·经办人"),
        now=at(2019, 7, 1, 9),
        first_day=date(2019, 7, 15),
        last_day=date(2019, 7, 19),
        deputy=person("托里县·科室负责人"),
    )
    (firing,) = [one for one in tick.run(at(2019, 7, 17, 11)).firings if one.rung_key == "T-10"]
    mails = Message.objects.filter(about=firing.deadline.about, channel="email")
    assert [message.recipient.username for message in mails] == ["托里县·科室负责人"]


def test_everybody_in_the_post_is_told(tacheng: Plan) -> None:
    survey()
    other = User.objects.create(username="托里县·经办人乙", email="b@duban.invalid", phone="10009990001")
    Membership.objects.create(user=other, bureau=bureau("654224"), role=Role.OFFICER)
    tick_through(date(2019, 7, 17))
    for name in ("托里县·经办人", "托里县·经办人乙"):
        assert [one.kind for one in inbox(person(name))] == ["reminder"]


def test_once_a_handler_is_named_the_handler_alone_is_told(tacheng: Plan) -> None:
    other = User.objects.create(username="托里县·经办人乙", email="b@duban.invalid", phone="10009990001")
    Membership.objects.create(user=other, bureau=bureau("654224"), role=Role.OFFICER)
    signed(row(SURVEY), at(2019, 6, 3, 11))
    survey()
    tick_through(date(2019, 7, 17))
    assert [one.kind for one in inbox(person("托里县·经办人"))] == ["reminder"]
    assert inbox(other) == []


def test_a_handler_who_left_hands_over_to_the_post(tacheng: Plan) -> None:
    signed(row(SURVEY), at(2019, 6, 3, 11))
    survey()
    emptied("托里县·经办人")
    other = User.objects.create(username="托里县·经办人乙", email="b@duban.invalid", phone="10009990001")
    Membership.objects.create(user=other, bureau=bureau("654224"), role=Role.OFFICER)
    tick_through(date(2019, 7, 17))
    assert [one.kind for one in inbox(other)] == ["reminder"]
    assert inbox(person("托里县·经办人")) == []


def test_those_told_at_an_earlier_rung_hear_again_in_the_inbox_only(tacheng: Plan, mailoutbox: list) -> None:
    survey()
    tick_through(date(2019, 7, 26))
    mailoutbox.clear()
    lines = tick_through(date(2019, 7, 31))
    channels = {
        (line["recipient"], line["channel"])
        for line in lines
        if line["event"] == "sent" and line["at"][:10] == "2019-07-31"
    }
    assert channels == {
        ("托里县·分管领导", "inbox"),
        ("托里县·分管领导", "email"),
        ("托里县·分管领导", "sms"),
        ("托里县·科室负责人", "inbox"),
        ("托里县·经办人", "inbox"),
    }
    assert {address for mail in mailoutbox for address in mail.to} == {person("托里县·分管领导").email}


def test_a_lead_with_an_empty_desk(tacheng: Plan) -> None:
    survey()
    emptied("人社局·经办人")
    lines = tick_through(date(2019, 8, 1))
    assert told("T+1", lines) == [("unit_leader", "654224", ""), ("section_head", "hrss", "officer")]


def test_the_offices_own_empty_desk(tacheng: Plan) -> None:
    survey()
    emptied("督查室·督查人员")
    lines = tick_through(date(2019, 8, 7))
    assert ("supervision_head", "supervision", "supervisor") in told("T+5", lines)
