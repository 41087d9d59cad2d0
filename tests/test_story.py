"""The Tacheng plan from its issue to a locked month, played through pages and ticks as its people would.

One story in chapters: a survey late in one county; a site plan returned for completion once and filed in
time, another never reported; an extension granted, one asked too late; measure seven registering while its
rule is awaited; a month's return checked and locked; a unit whose leader is missing.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from bureaus import clock
from bureaus.models import Membership
from measures.lights import Light
from measures.models import Assignment, Deadline, Event, Plan
from tests.make import (
    INSPECTOR,
    SUPERVISION_HEAD,
    SUPERVISOR,
    at,
    day_of,
    deadline,
    fired,
    fired_on,
    inbox,
    open_steps,
    person,
    return_fields,
    row,
    run_of,
    sent,
    tick_through,
)
from workflows import queries
from workflows.models import Slip


class Desk:
    """One person at a browser. Every act is a form sent to a page."""

    def __init__(self, name: str) -> None:
        self.user = person(name)
        self.client = Client()
        self.client.force_login(self.user)

    def does(self, act: str, row: Assignment, when: datetime, /, *, status: int = 302, **given: Any) -> str:
        """Send an act's form; says the page's text."""
        with clock.standing_at(when):
            answer = self.client.post(f"/assignments/{row.pk}/{act}/", given)
        assert answer.status_code == status, (act, row.key, answer.status_code, _messages(answer))
        return answer.content.decode()

    def decides(self, what: str, pk: int, how: str, when: datetime, *, status: int = 302, **given: Any) -> None:
        with clock.standing_at(when):
            answer = self.client.post(f"/{what}/{pk}/{how}/", given)
        assert answer.status_code == status, (what, how, answer.status_code, _messages(answer))

    def reads(self, path: str, when: datetime) -> str:
        with clock.standing_at(when):
            answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.content.decode()

    def signs(self, to: Assignment, when: datetime) -> None:
        unit = to.unit
        handler, leader = person(f"{unit}·经办人"), person(f"{unit}·分管领导")
        self.does("sign", to, when, handler=handler.pk, leader=leader.pk)


def _messages(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]] if answer.context else []


def hands_in(unit: str, to: Assignment, when: datetime, **given: Any) -> None:
    """The officer sends it up, the leader signs it off."""
    Desk(f"{unit}·经办人").does("send_up", to, when, result="按要求完成。", **given)
    Desk(f"{unit}·分管领导").does("sign_off", to, when)


SITE_PLAN: dict[str, Any] = {
    "title": "安置点搬迁劳动力就业工作方案",
    "resources": "草畜资源与场地情况。",
    "industry": "服饰加工与草畜联营情况。",
    "employment": "劳动力总量与就业意愿情况。",
    "post0": "服饰加工",
    "project0": "扶贫卫星工厂",
    "persons0": "60",
    "households0": "55",
}


@pytest.mark.usefixtures("tacheng")
def test_a_survey_is_late_in_one_county_and_in_time_in_another() -> None:
    early, late = row("survey/654201"), row("survey/654226")
    for survey in (early, late):
        Desk(f"{survey.unit}·分管领导").signs(survey, at(2019, 6, 3, 11))
    tick_through(date(2019, 7, 21))
    hands_in("塔城市", early, at(2019, 7, 22, 17))
    Desk("人社局·经办人").does("accept", early, at(2019, 7, 24, 11))
    lines = tick_through(date(2019, 8, 8))

    assert fired(lines, assignment="survey/654201", kind="main") == []
    assert fired_on(lines, "survey/654226") == {
        "T-3": date(2019, 7, 26),
        "T": date(2019, 7, 31),
        "T+1": date(2019, 8, 1),
        "T+5": date(2019, 8, 7),
    }
    yellow = fired(lines, assignment="survey/654226", rung="T+1")[0]
    assert [(group["role"], group["unit"]) for group in yellow["to"]] == [
        ("unit_leader", "654226"),
        ("officer", "hrss"),
    ]

    # The inspector sees it, the office issues the slip, the county answers, the board turns red.
    overdue = Desk(INSPECTOR).reads("/overdue/?kind=main&unit=654226", at(2019, 8, 8, 12))
    assert late.title in overdue
    slip = Slip.objects.get(assignment=late, state="proposed")
    Desk(SUPERVISOR).decides(
        "slips", slip.pk, "issue", at(2019, 8, 8, 12), demand="请立即完成剩余入户。", answer_by="2019-08-13"
    )
    tick_through(date(2019, 8, 8))
    assert any(slip.assignment.title in notice.subject for notice in inbox(person("和布克赛尔县·主要领导")))
    Desk("和布克赛尔县·分管领导").decides("slips", slip.pk, "answer", at(2019, 8, 9, 12), answer="已增派工作组。")
    Desk(SUPERVISOR).decides("slips", slip.pk, "close", at(2019, 8, 9, 16))
    slip.refresh_from_db()
    assert slip.state == Slip.State.CLOSED
    assert slip.number == "〔2019〕1号"
    board = queries.board(Plan.objects.get())
    cells = {found.unit.code: found.cells[0].light for found in board.rows}
    assert cells["654226"] == Light.RED and cells["654201"] == Light.DONE

    # It comes at last: what was late stays readable, and nobody hears of it any more.
    hands_in("和布克赛尔县", late, at(2019, 8, 12, 17))
    assert deadline(late).was_late
    assert fired(tick_through(date(2019, 8, 30)), assignment="survey/654226", kind="main") == []


@pytest.mark.usefixtures("tacheng")
def test_a_site_plan_is_returned_once_and_filed_in_time_and_another_is_never_reported() -> None:
    filed, never = row("filing/654221/杰勒阿尕什镇"), row("filing/654224/乌雪特乡")
    for filing in (filed, never):
        Desk(f"{filing.unit}·分管领导").signs(filing, at(2019, 6, 3, 11))
    officer, leader = Desk("额敏县·经办人"), Desk("额敏县·分管领导")
    drc, hrss = Desk("发展改革委·经办人"), Desk("人社局·经办人")
    tick_through(date(2019, 8, 11))

    # An empty paper is no submission, and the page says what is missing.
    officer.does("send_up", filed, at(2019, 8, 12, 11), status=422, result="现报备案。")
    officer.does("save_draft", filed, at(2019, 8, 12, 11, 30), **SITE_PLAN)
    officer.does("send_up", filed, at(2019, 8, 12, 12), result="经县政府审定，现报备案。")
    leader.does("sign_off", filed, at(2019, 8, 12, 17))
    drc.does("check_form", filed, at(2019, 8, 14, 11), outcome="complete")
    hrss.does("check_form", filed, at(2019, 8, 15, 11), status=422, outcome="gaps", gaps="")
    hrss.does("check_form", filed, at(2019, 8, 15, 11), outcome="gaps", gaps="岗位未落实到具体项目。")

    # In time by the first report; the second round has a term of its own, and only HRSS looks again.
    assert not deadline(filed).was_late
    assert deadline(filed, round=2).due_on == date(2019, 8, 22)
    page = officer.reads(f"/assignments/{filed.pk}/", at(2019, 8, 15, 12))
    assert "岗位未落实到具体项目。" in page and "2019-08-22" in page
    officer.does("send_up", filed, at(2019, 8, 20, 12), result="已补充。")
    leader.does("sign_off", filed, at(2019, 8, 20, 16))
    drc.does("check_form", filed, at(2019, 8, 21, 11), status=404, outcome="complete")
    hrss.does("check_form", filed, at(2019, 8, 21, 11), outcome="complete")
    done = row("filing/654221/杰勒阿尕什镇")
    assert done.state == "accepted" and done.filing.number
    assert done.filing.number in officer.reads(f"/filings/{filed.pk}/print/", at(2019, 8, 21, 12))
    assert run_of("filing/654221/杰勒阿尕什镇").finished

    lines = tick_through(date(2019, 8, 30))
    assert fired(lines, assignment="filing/654221/杰勒阿尕什镇", kind="main") == []
    assert fired_on(lines, "filing/654224/乌雪特乡") == {
        "T-3": date(2019, 8, 12),
        "T": date(2019, 8, 15),
        "T+1": date(2019, 8, 16),
        "T+5": date(2019, 8, 22),
        "T+10": date(2019, 8, 29),
    }
    assert set(Slip.objects.filter(assignment=never).values_list("colour", flat=True)) == {"yellow", "red", "summons"}


@pytest.mark.usefixtures("tacheng")
def test_an_extension_asked_in_time_is_granted_and_one_asked_too_late_is_not_possible() -> None:
    asked, late = row("filing/654224/朗古特"), row("filing/654224/吉也克镇")
    county, office = Desk("托里县·经办人"), Desk(SUPERVISION_HEAD)
    for filing in (asked, late):
        Desk("托里县·分管领导").signs(filing, at(2019, 6, 3, 11))
    tick_through(date(2019, 8, 14))
    county.does("ask_extension", asked, at(2019, 8, 15, 23, 59), to="2019-08-26", reason="岗位数待企业书面确认。")
    said = county.does(
        "ask_extension", late, at(2019, 8, 16), status=409, to="2019-08-26", reason="岗位数待企业书面确认。"
    )
    assert "岗位数待企业书面确认。" in said  # what was typed is not lost
    county.does("note_reasons", late, at(2019, 8, 16, 10), reason="岗位数待企业书面确认。")

    # Undecided: the unit's own leader hears, nobody outside does, and no slip is proposed.
    lines = tick_through(date(2019, 8, 20))
    assert fired_on(lines, "filing/654224/朗古特") == {"T": date(2019, 8, 15), "T+1": date(2019, 8, 16)}
    assert not Slip.objects.filter(assignment=asked).exists()
    assert Slip.objects.filter(assignment=late, colour="yellow").exists()

    extension = deadline(asked).extensions.get()
    office.decides(
        "extensions", extension.pk, "grant", at(2019, 8, 20, 16), status=422, to="2019-08-26", document_no=""
    )
    office.decides(
        "extensions", extension.pk, "grant", at(2019, 8, 20, 16), to="2019-08-26", document_no="塔行督函〔2019〕5号"
    )
    lines = tick_through(date(2019, 8, 28))
    again = fired_on(lines, "filing/654224/朗古特")
    assert again == {"T-3": date(2019, 8, 21), "T": date(2019, 8, 26), "T+1": date(2019, 8, 27)}
    county.does("save_draft", asked, at(2019, 8, 28, 11), **SITE_PLAN)
    page = county.reads(f"/assignments/{asked.pk}/", at(2019, 8, 28, 12))
    assert "塔行督函〔2019〕5号" in page and "2019-08-15" in page and "2019-08-26" in page


@pytest.mark.usefixtures("tacheng")
def test_measure_seven_registers_while_its_rule_is_awaited_and_is_never_overdue_as_a_whole() -> None:
    watch, register = row("m7-watch/land"), row("m7-register/654221")
    for found in (watch, register):
        Desk(f"{found.unit}·分管领导").signs(found, at(2019, 6, 3, 11))
    tick_through(date(2019, 9, 10))
    Desk("额敏县·经办人").does("report", register, at(2019, 9, 11, 11), text="已受理登记四十套。", progress="20")
    lines = tick_through(date(2019, 10, 20))

    # The county reported, so its quarter is met; the watch was not reported and shows yellow, never red.
    assert fired(lines, assignment="m7-register/654221") == []
    assert [line["rung"] for line in fired(lines, assignment="m7-watch/land")] == ["T-5", "T", "T+5"]
    assert deadline(register, kind="checkup", round=1).status == Deadline.Status.MET
    assert deadline(register, kind="checkup", round=2).due_on == date(2019, 12, 31)
    lights = {
        item.row.key: item.light
        for item in queries.items([row("m7-watch/land"), row("m7-register/654221")], at(2019, 10, 20, 12))
    }
    assert lights == {"tacheng-2019/m7-watch/land": Light.AMBER, "tacheng-2019/m7-register/654221": Light.GREY}
    assert not Deadline.objects.filter(assignment__measure__number=7, kind="main").exists()

    Desk("自然资源局·经办人").does(
        "record_rule",
        watch,
        at(2019, 10, 21, 12),
        title="易地扶贫搬迁安置住房不动产登记办法",
        document_no="〔2019〕1号",
        issued_on="2019-10-15",
    )
    assert deadline(watch, kind="checkup", round=1).status == Deadline.Status.MET
    assert Event.objects.filter(assignment=watch, kind="rule_issued").exists()
    assert "watch" in open_steps(run_of("m7"))


@pytest.mark.usefixtures("tacheng")
def test_a_months_return_is_checked_and_the_month_is_locked_with_who_is_missing() -> None:
    county, lead = Desk("塔城市·经办人"), Desk("人社局·经办人")
    june, round_ = row("monthly/654201/2019-06"), row("round/hrss/2019-06")
    Desk("塔城市·分管领导").signs(june, at(2019, 6, 3, 11))
    Desk("人社局·分管领导").signs(round_, at(2019, 6, 3, 11))
    figures: dict[str, Any] = {field["code"]: "7" for field in return_fields(june)}
    county.does("save_return", june, at(2019, 7, 2, 11), status=422, **(figures | {"trained": "-1"}))
    county.does("save_return", june, at(2019, 7, 2, 11), **(figures | {"trained": ""}))
    county.does("send_up", june, at(2019, 7, 2, 12), status=422, result="六月份情况。")
    county.does("save_return", june, at(2019, 7, 2, 12), **(figures | {"trained": "12"}))
    hands_in("塔城市", june, at(2019, 7, 2, 17))
    lead.does("accept", june, at(2019, 7, 3, 11))
    tick_through(date(2019, 7, 9))
    assert "654201" not in {line["unit"] for line in fired(tick_through(date(2019, 7, 9)), step="monthly")}

    hands_in("人社局", round_, at(2019, 7, 10, 16))
    page = lead.reads("/monthly/2019-06/", at(2019, 7, 10, 17))
    locked = row("round/hrss/2019-06").monthly_round
    assert locked.figures["654201"]["trained"] == 12
    assert locked.missing == ["654221", "654224", "654225", "654226"]
    assert all(name in page for name in ("额敏县人民政府", "托里县人民政府"))
    Desk(SUPERVISOR).does("accept", round_, at(2019, 7, 11, 11))

    # July came by itself, with the people of June and its standing numbers.
    july = row("monthly/654201/2019-07")
    assert july.state == "in_progress" and july.handler == person("塔城市·经办人")
    assert july.monthly_return.figures["employed"] == 7 and "trained" not in july.monthly_return.figures
    assert not july.deadlines.filter(kind="receipt").exists()


@pytest.mark.usefixtures("tacheng")
def test_where_a_leader_is_missing_the_next_above_hears_and_the_notice_says_so() -> None:
    Membership.objects.filter(user__username="裕民县·分管领导").update(until=date(2019, 6, 1))
    lines = tick_through(date(2019, 7, 31))
    told = fired(lines, assignment="survey/654225", rung="T", kind="main")[0]["to"]
    assert told == [
        {"role": "chief", "unit": "654225", "channels": ["inbox", "email", "sms"], "instead_of": "unit_leader"}
    ]
    mails = [
        line for line in sent(lines, recipient="裕民县·主要领导", channel="email") if day_of(line) == date(2019, 7, 31)
    ]
    assert len(mails) == 1 and any(part["assignment"].endswith("survey/654225") for part in mails[0]["about"])
    chief = person("裕民县·主要领导")
    assert any(message.to == [chief.email] for message in mail.outbox)
