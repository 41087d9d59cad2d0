"""Every door of an assignment's life: in which state it stands open, and to whom.

A wrong person gets NotYours, a wrong moment WrongMoment; either way nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.db import transaction

from bureaus.access import NotYours, WrongMoment
from bureaus.models import User
from measures.models import Assignment, Extension, Plan
from tests.make import (
    ADMINISTRATOR,
    AUDITOR,
    INSPECTOR,
    PREFECTURE_LEADER,
    SUPERVISION_HEAD,
    SUPERVISOR,
    accepted,
    at,
    bureau,
    fresh,
    handed_in,
    leader_of,
    nothing_written,
    officer_of,
    person,
    row,
    sent_up,
    signed,
)
from workflows import actions

NOW = at(2019, 6, 5, 10)
Act = Callable[[Assignment, User, datetime], object]

PDF = actions.Upload("进度.pdf", b"%PDF-1.4 ...")

DOORS: dict[str, Act] = {
    "sign": lambda row, by, now: actions.sign(
        row, by=by, now=now, handler=officer_of(row.unit), leader=leader_of(row.unit)
    ),
    "refuse": lambda row, by, now: actions.refuse(row, by=by, now=now, reason="职责不符。"),
    "reissue": lambda row, by, now: actions.reissue(row, by=by, now=now, reason="职责明确。"),
    "reassign": lambda row, by, now: actions.reassign(row, by=by, now=now, to=bureau("education"), reason="转交。"),
    "name_people": lambda row, by, now: actions.name_people(
        row, by=by, now=now, handler=officer_of(row.unit), leader=leader_of(row.unit)
    ),
    "pass_on": lambda row, by, now: actions.pass_on(row, by=by, now=now, to_name="县人社局", due_on=date(2019, 9, 1)),
    "report": lambda row, by, now: actions.report(row, by=by, now=now, text="过半。", progress=50),
    "attach": lambda row, by, now: actions.attach(row, by=by, now=now, uploads=[PDF]),
    "ask_extension": lambda row, by, now: actions.ask_extension(
        row, by=by, now=now, to=date(2021, 1, 31), reason="汛期。"
    ),
    "note_reasons": lambda row, by, now: actions.note_reasons(row, by=by, now=now, reason="人手不足。"),
    "shorten": lambda row, by, now: actions.shorten(
        row, by=by, now=now, to=date(2020, 6, 30), reason="提前。", document_no="塔行督〔2019〕8号"
    ),
    "send_up": lambda row, by, now: actions.send_up(row, by=by, now=now, result="完成。"),
    "hand_back": lambda row, by, now: actions.hand_back(row, by=by, now=now, reason="补充。"),
    "sign_off": lambda row, by, now: actions.sign_off(row, by=by, now=now),
    "withdraw": lambda row, by, now: actions.withdraw(row, by=by, now=now, reason="有误。"),
    "accept": lambda row, by, now: actions.accept(row, by=by, now=now),
    "send_back": lambda row, by, now: actions.send_back(row, by=by, now=now, reason="不全。"),
    "reconsider": lambda row, by, now: actions.reconsider(row, by=by, now=now, reason="误判。"),
    "close": lambda row, by, now: actions.close(row, by=by, now=now),
    "suspend": lambda row, by, now: actions.suspend(row, by=by, now=now, reason="待批。"),
    "resume": lambda row, by, now: actions.resume(row, by=by, now=now, reason="已批。"),
    "cancel": lambda row, by, now: actions.cancel(row, by=by, now=now, reason="取消。"),
    "urge": lambda row, by, now: actions.urge(row, by=by, now=now, text="请抓紧。"),
}
# Each state, and the doors open in it.
OPEN_IN = {
    "issued": {"sign", "refuse", "ask_extension", "note_reasons", "shorten", "suspend", "cancel", "urge"},
    "refused": {"reissue", "reassign", "suspend", "cancel"},
    "in_progress": {
        "name_people", "pass_on", "report", "attach", "ask_extension", "note_reasons", "shorten", "send_up",
        "suspend", "cancel", "urge",
    },
    "unit_signoff": {
        "name_people", "ask_extension", "note_reasons", "shorten", "hand_back", "sign_off", "suspend", "cancel",
        "urge",
    },
    "submitted": {"withdraw", "accept", "send_back", "suspend", "cancel"},
    "accepted": {"reconsider", "close"},
    "closed": set(),
    "suspended": {"resume", "cancel"},
    "cancelled": set(),
}  # fmt: skip

UNIT = {"塔城市·经办人", "塔城市·科室负责人", "塔城市·分管领导", "塔城市·主要领导"}
UNIT_LEADERS = {"塔城市·分管领导", "塔城市·主要领导"}
LEAD = {"人社局·经办人", "人社局·科室负责人", "人社局·分管领导", "人社局·主要领导"}
OFFICE = {SUPERVISOR, SUPERVISION_HEAD}
OTHERS = {
    "托里县·经办人",
    "托里县·分管领导",
    "教育局·经办人",
    "发展改革委·分管领导",
    PREFECTURE_LEADER,
    INSPECTOR,
    ADMINISTRATOR,
    AUDITOR,
}
EVERYBODY = UNIT | LEAD | OFFICE | OTHERS
WHO = {
    **dict.fromkeys(
        (
            "sign", "refuse", "name_people", "pass_on", "report", "attach", "ask_extension", "note_reasons",
            "send_up", "withdraw",
        ),
        UNIT,
    ),
    **dict.fromkeys(("hand_back", "sign_off"), UNIT_LEADERS),
    **dict.fromkeys(("accept", "send_back", "reconsider"), LEAD),
    **dict.fromkeys(("reissue", "reassign", "close", "shorten", "suspend", "resume", "cancel"), OFFICE),
    "urge": OFFICE | LEAD | {INSPECTOR},
}  # fmt: skip


def in_state(state: str) -> Assignment:
    """塔城市's courses, due at the end of 2020, led and accepted by the prefecture's HRSS."""
    found, earlier = row("m2-courses/654201"), at(2019, 6, 4, 10)
    made: dict[str, Callable[[], object]] = {
        "issued": lambda: found,
        "refused": lambda: DOORS["refuse"](found, officer_of(found.unit), earlier),
        "in_progress": lambda: signed(found, earlier),
        "unit_signoff": lambda: sent_up(found, earlier),
        "submitted": lambda: handed_in(found, earlier),
        "accepted": lambda: accepted(found, earlier),
        "closed": lambda: DOORS["close"](accepted(found, earlier), person(SUPERVISOR), earlier),
        "suspended": lambda: DOORS["suspend"](signed(found, earlier), person(SUPERVISOR), earlier),
        "cancelled": lambda: DOORS["cancel"](found, person(SUPERVISOR), earlier),
    }
    made[state]()
    found = fresh(found)
    assert found.state == state
    return found


def outcome(act: Act, row: Assignment, by: User) -> str:
    """What trying it comes to; whatever it does is taken back."""
    try:
        with transaction.atomic():
            act(row, by, NOW)
            transaction.set_rollback(True)
    except NotYours:
        return "not yours"
    except WrongMoment as error:
        return "wrong moment" if str(error) else "wrong moment, without a word"
    return "done"


@pytest.mark.parametrize("state", OPEN_IN)
def test_which_doors_are_open_and_to_whom(tacheng: Plan, state: str) -> None:
    found = in_state(state)
    people = {name: person(name) for name in EVERYBODY}
    with nothing_written():
        for door, act in DOORS.items():
            if door in OPEN_IN[state]:
                got = {name: outcome(act, found, by) for name, by in people.items()}
                expected = {name: "done" if name in WHO[door] else "not yours" for name in people}
                assert got == expected, door
            else:
                right = people[min(WHO[door])]
                assert outcome(act, found, right) == "wrong moment", door


def test_a_page_offers_what_the_doors_allow(tacheng: Plan) -> None:
    """`may` is what pages ask; the door asks the same table again."""
    from bureaus.access import Standing
    from measures.access import may

    found = in_state("in_progress")
    for door in DOORS:
        for name in sorted(EVERYBODY):
            allowed = door in OPEN_IN["in_progress"] and name in WHO[door]
            if door != "reconsider":  # whether there is a verdict to correct only the door itself can say
                assert may(Standing(person(name)), door, found) == allowed, (door, name)


def test_somebody_who_left_can_do_nothing(tacheng: Plan) -> None:
    found, officer = in_state("in_progress"), person("塔城市·经办人")
    officer.memberships.update(until=date(2019, 6, 4))
    with nothing_written():
        assert outcome(DOORS["report"], found, officer) == "not yours"
    officer.memberships.update(until=None)
    User.objects.filter(pk=officer.pk).update(is_active=False)
    with nothing_written():
        assert outcome(DOORS["report"], found, person("塔城市·经办人")) == "not yours"


def test_a_body_that_reviews_its_own_unit_may_not(tacheng: Plan) -> None:
    """Were a row ever to name its own unit as acceptor, nobody of it could accept."""
    found = in_state("submitted")
    Assignment.objects.filter(pk=found.pk).update(acceptor=found.unit)
    with nothing_written():
        for name in UNIT:
            assert outcome(DOORS["accept"], found, person(name)) == "not yours"


def test_the_doors_of_an_extension(tacheng: Plan) -> None:
    found = in_state("in_progress")
    asked = DOORS["ask_extension"](found, officer_of(found.unit), at(2019, 6, 4, 11))
    assert isinstance(asked, Extension)
    doors: dict[str, tuple[Act, set[str]]] = {
        "grant": (
            lambda row, by, now: actions.grant_extension(
                asked, by=by, now=now, to=date(2021, 1, 31), document_no="塔行督〔2019〕1号"
            ),
            OFFICE,
        ),
        "refuse": (lambda row, by, now: actions.refuse_extension(asked, by=by, now=now, opinion="不准。"), OFFICE),
        "withdraw": (lambda row, by, now: actions.withdraw_extension(asked, by=by, now=now), UNIT),
    }
    with nothing_written():
        for door, (act, who) in doors.items():
            for name in EVERYBODY:
                expected = "done" if name in who else "not yours"
                assert outcome(act, found, person(name)) == expected, (door, name)
    # Decided once and for all.
    doors["refuse"][0](found, person(SUPERVISOR), NOW)
    with nothing_written():
        for door, (act, who) in doors.items():
            assert outcome(act, found, person(min(who))) == "wrong moment", door


def test_the_offices_own_dates_are_the_prefectures_to_move(tacheng: Plan) -> None:
    found = signed(row("assessment/supervision/2019"), at(2019, 6, 4, 10))
    asked = DOORS["ask_extension"](found, person(SUPERVISOR), at(2019, 6, 4, 11))
    assert isinstance(asked, Extension)

    def grant(row: Assignment, by: User, now: datetime) -> object:
        return actions.grant_extension(asked, by=by, now=now, to=date(2020, 1, 31), document_no="塔行办〔2019〕1号")

    with nothing_written():
        assert outcome(grant, found, person(SUPERVISION_HEAD)) == "not yours"
        assert outcome(grant, found, person(PREFECTURE_LEADER)) == "done"


def test_acts_that_belong_to_one_kind_of_work_only(tacheng: Plan) -> None:
    earlier = at(2019, 6, 4, 10)
    courses, check = in_state("in_progress"), signed(row("m5-checks/654201"), earlier)
    watch, share = signed(row("m7-watch/land"), earlier), signed(row("m2-share/education"), earlier)
    filing = handed_in(row("filing/654201/二工镇"), earlier)

    def finding(row: Assignment, by: User, now: datetime) -> object:
        return actions.record_finding(row, by=by, now=now, unit=bureau("654201"), text="漏保一户。")

    def rule(row: Assignment, by: User, now: datetime) -> object:
        return actions.record_rule(row, by=by, now=now, title="登记办法", document_no="1号", issued_on=date(2019, 6, 1))

    def confirm(row: Assignment, by: User, now: datetime) -> object:
        return actions.confirm_division(row, by=by, now=now, agrees=True)

    def form_check(row: Assignment, by: User, now: datetime) -> object:
        return actions.check_form(row, by=by, now=now, outcome="complete")

    with nothing_written():
        for act in (finding, rule, confirm):
            assert outcome(act, courses, officer_of(courses.unit)) == "wrong moment"
        assert outcome(finding, check, officer_of(check.unit)) == "done"
        assert outcome(finding, check, person("农业农村局·经办人")) == "not yours"
        assert outcome(rule, watch, officer_of(watch.unit)) == "done"
        assert outcome(rule, watch, person("塔城市·经办人")) == "not yours"
        # The division of work is not accepted yet.
        assert outcome(confirm, share, officer_of(share.unit)) == "wrong moment"
        # A filing is checked by its two receivers, and not accepted like other work.
        assert outcome(form_check, filing, person("发展改革委·经办人")) == "done"
        assert outcome(form_check, filing, person("人社局·经办人")) == "done"
        for name in ("塔城市·经办人", "扶贫办·经办人", SUPERVISOR, INSPECTOR):
            assert outcome(form_check, filing, person(name)) == "not yours"
        for door in ("accept", "send_back", "reconsider"):
            assert outcome(DOORS[door], filing, person("发展改革委·经办人")) == "wrong moment"


def test_slips_are_issued_by_the_office_alone(tacheng: Plan) -> None:
    found = in_state("in_progress")

    def propose(row: Assignment, by: User, now: datetime) -> object:
        return actions.propose_slip(row, by=by, now=now, colour="yellow", reason="进度滞后。")

    with nothing_written():
        for name in EVERYBODY:
            allowed = name in OFFICE | LEAD | {INSPECTOR}
            assert outcome(propose, found, person(name)) == ("done" if allowed else "not yours"), name
    slip = actions.propose_slip(found, by=person(INSPECTOR), now=NOW, colour="yellow", reason="进度滞后。")
    steps: list[tuple[Act, set[str]]] = [
        (lambda row, by, now: actions.answer_slip(slip, by=by, now=now, answer="整改。"), UNIT),
        (
            lambda row, by, now: actions.issue_slip(
                slip, by=by, now=now, demand="限期整改。", answer_by=date(2019, 6, 10)
            ),
            OFFICE,
        ),
        (lambda row, by, now: actions.dismiss_slip(slip, by=by, now=now, reason="已改。"), OFFICE),
        (lambda row, by, now: actions.close_slip(slip, by=by, now=now), OFFICE),
    ]
    answer, issue, dismiss, close = steps
    with nothing_written():
        for name in EVERYBODY:
            assert outcome(issue[0], found, person(name)) == ("done" if name in OFFICE else "not yours"), name
            assert outcome(dismiss[0], found, person(name)) == ("done" if name in OFFICE else "not yours"), name
        assert outcome(answer[0], found, person("塔城市·经办人")) == "wrong moment"
        assert outcome(close[0], found, person(SUPERVISOR)) == "wrong moment"
    issue[0](found, person(SUPERVISOR), NOW)
    with nothing_written():
        for name in EVERYBODY:
            assert outcome(answer[0], found, person(name)) == ("done" if name in UNIT else "not yours"), name
        for act, _who in (issue, dismiss, close):
            assert outcome(act, found, person(SUPERVISOR)) == "wrong moment"
