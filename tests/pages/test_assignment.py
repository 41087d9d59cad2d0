"""One assignment's page: what, why, when and how that came about, who hears next, and what one can do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from django.utils.translation import override

from bureaus import clock
from measures.models import Assignment, Deadline, Plan
from tests import make
from tests.make import at
from tests.pages import people, web
from workflows import actions

OFFICER, LEADER = "托里县·经办人", "托里县·分管领导"
KEY = "survey/654224"


def page(row: Assignment, who: str = OFFICER, now: datetime | None = None) -> web.Page:
    with clock.standing_at(now or clock.now()):
        return web.read(web.signed_in(who), f"/assignments/{row.pk}/")


# --- What it says ---------------------------------------------------------------------------------


def test_what_and_why_in_the_words_of_the_plan(lived: Plan) -> None:
    """Every kind of work shows its clause and the sentence of the document it comes from."""
    seen = set()
    for row in Assignment.objects.select_related("step", "unit").order_by("pk"):
        if row.step.code in seen:
            continue
        seen.add(row.step.code)
        found = page(row, make.SUPERVISOR)
        assert found.one("h1").text == row.title
        assert found.one("blockquote").text == row.step.quote
        assert row.step.clause in found.text
        assert row.unit.name in found.text
        assert row.step.quote
        assert row.step.clause
    assert len(seen) > 40


def how(found: web.Page, deadline: Deadline) -> tuple[str, bool, str]:
    """What stands about a date: its line, whether it is marked as ours, and how it was computed."""
    body = [section.one(cls="body") for section in found.all("section") if section.all("ul", cls="how")][0]
    with override("zh-hans"):
        kind = deadline.get_kind_display()
    parts = [part for part in body.children if isinstance(part, web.Element)]
    for place, part in enumerate(parts):
        if part.tag == "p" and part.text.startswith(kind) and f"{deadline.due_on}" in part.text:
            return part.text, bool(part.all(cls="ours")), parts[place + 1].text
    raise AssertionError(f"{kind} {deadline.due_on} is not on the page")


def test_a_date_of_the_plan_is_shown_with_its_words(issued: Plan) -> None:
    row = make.row(KEY)
    line, ours, computed = how(page(row), make.deadline(row))
    assert "2019-07-31" in line
    assert not ours
    assert "7月底前完成首次调查摸底" in computed
    assert "2019-07-31" in computed


def test_a_term_of_ours_is_marked_and_shown_with_its_arithmetic(issued: Plan) -> None:
    row = make.row("roster/654224")
    deadline = make.deadline(row)
    line, ours, computed = how(page(row), deadline)
    assert ours
    # Ten working days from Saturday 1 June, Friday 7 June (端午) being free.
    assert deadline.due_on == date(2019, 6, 17)
    assert "2019-06-01" in computed
    assert "10" in computed


def test_a_date_of_ours_on_a_free_day_says_that_it_moved(tacheng: Plan) -> None:
    make.tick_through(date(2019, 9, 1))
    row = make.row("monthly/654224/2019-09")
    line, ours, computed = how(page(row, now=at(2019, 9, 2, 9)), make.deadline(row))
    assert ours
    assert "2019-10-08" in line
    assert "2019-10-05" in computed


def test_a_granted_date_says_what_it_was_before_and_which_document_moved_it(issued: Plan) -> None:
    row = make.signed(make.row(KEY), at(2019, 6, 3, 11))
    extension = actions.ask_extension(
        row, by=make.person(OFFICER), now=at(2019, 7, 20, 10), to=date(2019, 8, 9), reason="汛期道路中断。"
    )
    actions.grant_extension(
        extension,
        by=make.person(make.SUPERVISOR),
        now=at(2019, 7, 22, 10),
        to=date(2019, 8, 8),
        document_no="塔行督〔2019〕3号",
    )
    found = page(row, now=at(2019, 7, 23, 9))
    line, ours, computed = how(found, make.deadline(row))
    assert "2019-08-08" in line
    assert ours
    for said in ("2019-07-31", "2019-08-08", "塔行督〔2019〕3号", "汛期道路中断。"):
        assert said in computed
    assert "2019-08-08" in found.one(cls="headline").text or "16" in found.one(cls="headline").text


def test_work_without_an_end_says_so_instead_of_a_date(issued: Plan) -> None:
    row = make.row("m7-watch/land")
    found = page(row, "自然资源局·经办人")
    kinds = {deadline.kind for deadline in row.deadlines.all()}
    assert kinds == {"receipt", "checkup"}
    assert found.one(cls="headline").one(cls="light").classes == ["light", "grey"]


def _reminders(found: web.Page) -> list[str]:
    aside = found.one("aside")
    return [part.text for part in aside.all("p", cls="mb-2")]


def test_the_next_reminder_names_the_people_it_will_reach(tacheng: Plan) -> None:
    row = make.row(KEY)
    make.only(row)
    receipt, main = _reminders(page(row, now=at(2019, 6, 3, 9)))
    # Receipt due Monday 3 June: the section head hears on Tuesday. The work: ten working days before 31 July.
    assert receipt.startswith("2019-06-04 10:")
    assert "托里县·科室负责人" in receipt
    assert main.startswith("2019-07-17 10:")
    assert "托里县·经办人" in main

    # The one who was named at the signing is reminded, not whoever else holds the post.
    actions.sign(
        row,
        by=make.person(OFFICER),
        now=at(2019, 6, 3, 11),
        handler=make.person("托里县·科室负责人"),
        leader=make.person(LEADER),
    )
    (only,) = _reminders(page(row, now=at(2019, 6, 3, 12)))
    assert only.startswith("2019-07-17 10:")
    assert "托里县·科室负责人" in only
    assert "托里县·经办人" not in only

    make.tick_through(date(2019, 7, 17))
    (only,) = _reminders(page(row, now=at(2019, 7, 18, 9)))
    assert only.startswith("2019-07-26 10:")
    assert "托里县·科室负责人" in only


def test_history_is_newest_first_with_who_when_and_why(issued: Plan) -> None:
    row = make.sent_up(make.row(KEY), at(2019, 6, 3, 11))
    actions.hand_back(row, by=make.person(LEADER), now=at(2019, 6, 4, 15, 30), reason="附表缺第三页。")
    lines = web.texts(page(row, now=at(2019, 6, 4, 16)).all("ul", cls="feed")[0].all("li"))
    assert len(lines) == row.events.count() == 4
    assert lines[0].startswith("2019-06-04 15:30")
    assert LEADER in lines[0]
    assert "附表缺第三页。" in lines[0]
    assert "按要求完成。" in lines[1]
    assert f"经办人：{OFFICER} · 分管领导：{LEADER}" in lines[2]
    assert lines[3].startswith("2019-06-01")


def test_the_line_of_its_life(issued: Plan) -> None:
    def line(row: Assignment) -> list[str]:
        return [" ".join(step.classes) for step in page(row).one("ol", cls="steps").all("li")]

    row = make.row(KEY)
    assert line(row) == ["now", "", "", "", "", ""]
    row = make.handed_in(row, at(2019, 6, 3, 10))
    assert line(row) == ["past", "past", "past", "now", "", ""]
    actions.suspend(row, by=make.person(make.SUPERVISOR), now=at(2019, 6, 3, 10), reason="待批。")
    assert line(row) == ["now"]


def test_what_people_wrote_is_shown_as_words_only(issued: Plan) -> None:
    """Nothing that was typed becomes part of the page."""
    bad = "<script>alert(1)</script><b>&amp;</b>{{ 7|add:7 }}"
    row = make.signed(make.row(KEY), at(2019, 6, 3, 10))
    by = make.person(OFFICER)
    actions.report(row, by=by, now=at(2019, 6, 3, 10), text=bad, progress=5, problems=bad, next_step=bad)
    actions.ask_extension(row, by=by, now=at(2019, 6, 3, 11), to=date(2019, 8, 9), reason=bad, present_progress=bad)
    actions.urge(row, by=make.person(make.SUPERVISOR), now=at(2019, 6, 3, 12), text=bad)
    actions.send_up(row, by=by, now=at(2019, 6, 3, 13), result=bad)
    for who in (OFFICER, make.SUPERVISOR, "人社局·经办人"):
        found = page(row, who)
        assert bad in found.text
        assert "<script>alert" not in found.html
        assert "<b>&amp;" not in found.html


# --- What one can do ------------------------------------------------------------------------------


def _overdue(row: Assignment) -> Assignment:
    return make.signed(row, at(2019, 6, 3, 11))


def _returned(row: Assignment) -> Assignment:
    row = make.handed_in(row, at(2019, 6, 3, 11))
    actions.send_back(row, by=make.officer_of(row.acceptor), now=at(2019, 6, 4, 11), reason="请补齐。")
    return make.fresh(row)


def _by_the_office(name: str) -> Callable[[Assignment], Assignment]:
    def do(row: Assignment) -> Assignment:
        row = make.signed(row, at(2019, 6, 3, 11))
        getattr(actions, name)(row, by=make.person(make.SUPERVISOR), now=at(2019, 6, 3, 12), reason="经研究。")
        return make.fresh(row)

    return do


def _refused(row: Assignment) -> Assignment:
    actions.refuse(row, by=make.officer_of(row.unit), now=at(2019, 6, 3, 11), reason="不属我县职责。")
    return make.fresh(row)


def _reissued(row: Assignment) -> Assignment:
    row = _refused(row)
    actions.reissue(row, by=make.person(make.SUPERVISOR), now=at(2019, 6, 3, 12), reason="属责任部门。")
    return make.fresh(row)


def _asked(row: Assignment) -> Assignment:
    row = make.signed(row, at(2019, 6, 3, 11))
    actions.ask_extension(
        row, by=make.officer_of(row.unit), now=at(2019, 6, 3, 12), to=date(2019, 8, 9), reason="汛期。"
    )
    return make.fresh(row)


def _closed(row: Assignment) -> Assignment:
    row = make.accepted(row, at(2019, 6, 3, 11))
    actions.close(row, by=make.person(make.SUPERVISOR), now=at(2019, 6, 3, 12))
    return make.fresh(row)


IN_HAND = {"send_up", "report", "name_people", "pass_on", "ask_extension"}
# (state, how it comes about, the day of looking, {person: what is offered}). Who is not named is offered nothing.
STORIES: list[tuple[str, Callable[[Assignment], Assignment], datetime, dict[str, set[str]]]] = [
    (
        "issued",
        lambda row: row,
        at(2019, 6, 3, 14),
        {
            "unit": {"sign", "refuse", "ask_extension"},
            "unit_leader": {"sign", "refuse", "ask_extension"},
            "lead": {"urge"},
            "supervisor": {"urge", "shorten", "suspend", "cancel"},
            "head": {"urge", "shorten", "suspend", "cancel"},
            "inspector": {"urge", "propose_slip"},
        },
    ),
    (
        "refused",
        _refused,
        at(2019, 6, 3, 14),
        {
            "supervisor": {"reissue", "reassign", "suspend", "cancel"},
            "head": {"reissue", "reassign", "suspend", "cancel"},
            "inspector": {"propose_slip"},
        },
    ),
    (
        "issued again, and not to be refused twice",
        _reissued,
        at(2019, 6, 3, 14),
        {
            "unit": {"sign", "ask_extension"},
            "unit_leader": {"sign", "ask_extension"},
            "lead": {"urge"},
            "supervisor": {"urge", "shorten", "suspend", "cancel"},
            "head": {"urge", "shorten", "suspend", "cancel"},
            "inspector": {"urge", "propose_slip"},
        },
    ),
    (
        "in progress",
        _overdue,
        at(2019, 7, 31, 23, 59),
        {
            "unit": IN_HAND,
            "unit_leader": IN_HAND,
            "lead": {"urge"},
            "supervisor": {"urge", "suspend", "cancel"},
            "head": {"urge", "suspend", "cancel"},
            "inspector": {"urge", "propose_slip"},
        },
    ),
    (
        "in progress after its date: reasons instead of an extension",
        _overdue,
        at(2019, 8, 1),
        {
            "unit": IN_HAND - {"ask_extension", "pass_on"} | {"note_reasons"},
            "unit_leader": IN_HAND - {"ask_extension", "pass_on"} | {"note_reasons"},
            "lead": {"urge"},
            "supervisor": {"urge", "suspend", "cancel"},
            "head": {"urge", "suspend", "cancel"},
            "inspector": {"urge", "propose_slip"},
        },
    ),
    (
        "in progress with a request undecided: no second one",
        _asked,
        at(2019, 6, 3, 14),
        {
            "unit": IN_HAND - {"ask_extension"},
            "unit_leader": IN_HAND - {"ask_extension"},
            "lead": {"urge"},
            "supervisor": {"urge", "suspend", "cancel"},
            "head": {"urge", "suspend", "cancel"},
            "inspector": {"urge", "propose_slip"},
        },
    ),
    (
        "unit sign-off",
        lambda row: make.sent_up(row, at(2019, 6, 3, 11)),
        at(2019, 6, 3, 14),
        {
            "unit": {"name_people", "ask_extension"},
            "unit_leader": {"sign_off", "hand_back", "name_people", "ask_extension"},
            "lead": {"urge"},
            "supervisor": {"urge", "shorten", "suspend", "cancel"},
            "head": {"urge", "shorten", "suspend", "cancel"},
            "inspector": {"urge", "propose_slip"},
        },
    ),
    (
        "submitted",
        lambda row: make.handed_in(row, at(2019, 6, 3, 11)),
        at(2019, 6, 3, 14),
        {
            "unit": {"withdraw"},
            "unit_leader": {"withdraw"},
            "lead": {"accept", "send_back"},
            "supervisor": {"suspend", "cancel"},
            "head": {"suspend", "cancel"},
            "inspector": {"propose_slip"},
        },
    ),
    (
        "returned",
        _returned,
        at(2019, 6, 4, 14),
        {
            "unit": IN_HAND,
            "unit_leader": IN_HAND,
            "lead": {"urge", "reconsider"},
            "supervisor": {"urge", "shorten", "suspend", "cancel"},
            "head": {"urge", "shorten", "suspend", "cancel"},
            "inspector": {"urge", "propose_slip"},
        },
    ),
    (
        "accepted",
        lambda row: make.accepted(row, at(2019, 6, 3, 11)),
        at(2019, 6, 3, 14),
        {"lead": {"reconsider"}, "supervisor": {"close"}, "head": {"close"}},
    ),
    ("closed", _closed, at(2019, 6, 3, 14), {}),
    (
        "suspended",
        _by_the_office("suspend"),
        at(2019, 6, 3, 14),
        {"supervisor": {"resume", "cancel"}, "head": {"resume", "cancel"}, "inspector": {"propose_slip"}},
    ),
    ("cancelled", _by_the_office("cancel"), at(2019, 6, 3, 14), {}),
]
WHO = ("unit", "unit_leader", "lead", "supervisor", "head", "leader", "inspector")

# What each act is sent with when it is done at once, beyond what the page has filled in already.
GIVEN: dict[str, dict[str, str]] = {
    "report": {"text": "过半。", "progress": "50"},
    "send_up": {"result": "按要求完成。"},
    "name_people": {},
    "pass_on": {"to_name": "县人社局", "due_on": "2019-08-20"},
    "ask_extension": {"to": "2019-08-30", "reason": "汛期。"},
    "urge": {"text": "请抓紧。"},
    "shorten": {"to": "2019-07-15", "reason": "汛期将至。", "document_no": "塔行督〔2019〕8号"},
    "reassign": {"to": "education", "reason": "转交。"},
    "propose_slip": {"reason": "进度不实。"},
    "sign_off": {"exception": ""},
    "accept": {},
    "check_form": {"outcome": "complete"},
    "confirm_division": {"agrees": "yes"},
    "record_rule": {"title": "不动产登记办法", "issued_on": "2019-06-01"},
    "record_finding": {"text": "核查发现遗漏。"},
}


@pytest.mark.parametrize(("name", "prepare", "now", "offered"), STORIES, ids=[story[0] for story in STORIES])
def test_the_acts_offered(
    name: str,
    prepare: Callable[[Assignment], Assignment],
    now: datetime,
    offered: dict[str, set[str]],
    issued: Plan,
) -> None:
    """Exactly these, for each person; and each of them can be done as the page offers it."""
    row = prepare(make.row(KEY))
    with clock.standing_at(now):
        for role in WHO:
            client = web.signed_in(people.person(role))
            found = web.read(client, f"/assignments/{row.pk}/")
            assert found.acts == offered.get(role, set()), role


@pytest.mark.parametrize(
    ("name", "role", "act"),
    [(name, role, act) for name, _p, _n, offered in STORIES for role in offered for act in sorted(offered[role])],
)
def test_what_is_offered_can_be_done(name: str, role: str, act: str, issued: Plan) -> None:
    """The form as the page gives it, with the few words it asks for, is answered with "done"."""
    prepare, now = next((prepare, now) for found, prepare, now, _offered in STORIES if found == name)
    row = prepare(make.row(KEY))
    client = web.signed_in(people.person(role))
    with clock.standing_at(now):
        form = web.read(client, f"/assignments/{row.pk}/").form(f"/{act}/")
        values = form.values | GIVEN.get(act, {"reason": "经研究。"})
        if act == "ask_extension":
            values["to"] = "2019-09-30"
        if act == "pass_on":
            values["due_on"] = f"{clock.today()}"
        web.post(client, form.action, values)


def test_only_whoever_sent_it_up_is_asked_why_nobody_else_signs_it_off(issued: Plan) -> None:
    row = make.sent_up(make.row(KEY), at(2019, 6, 3, 9))
    leader = make.leader_of(row.unit)
    assert "exception" not in page(row, leader.username).form("/sign_off/").values
    Assignment.objects.filter(pk=row.pk).update(sent_up_by=leader)
    assert "exception" in page(row, leader.username).form("/sign_off/").values


def test_the_working_paper_stands_before_what_is_done_with_it(issued: Plan) -> None:
    row = make.signed(make.row("filing/654224/朗古特"), at(2019, 6, 3, 9))
    ways = [action.split("/")[3] for action in page(row, "托里县·经办人").forms if action.startswith("/assignments/")]
    assert ways[0] == "save_draft"
    assert "send_up" in ways


# --- Special kinds --------------------------------------------------------------------------------


def acts(row: Assignment, who: str, now: datetime | None = None) -> set[str]:
    return page(row, who, now).acts


def test_a_filing_is_checked_by_its_receivers_each_once(issued: Plan) -> None:
    row = make.handed_in(make.row("filing/654224/朗古特"), at(2019, 6, 3, 11))
    assert acts(row, "发展改革委·经办人") == acts(row, "人社局·经办人") == {"check_form"}
    assert acts(row, make.SUPERVISOR) == {"suspend", "cancel"}
    actions.check_form(row, by=make.person("发展改革委·经办人"), now=at(2019, 6, 3, 12), outcome="complete")
    assert acts(row, "发展改革委·经办人") == set()
    assert acts(row, "人社局·经办人") == {"check_form"}


def test_a_share_can_be_confirmed_once_the_division_is_accepted(issued: Plan) -> None:
    share = make.signed(make.row("m1-share/drc"), at(2019, 6, 3, 11))
    assert "confirm_division" not in acts(share, "发展改革委·经办人")
    make.accepted(make.row("m1-division/hrss"), at(2019, 6, 3, 12))
    assert "confirm_division" in acts(share, "发展改革委·经办人")
    actions.confirm_division(share, by=make.person("发展改革委·经办人"), now=at(2019, 6, 3, 13), agrees=True)
    assert "confirm_division" not in acts(share, "发展改革委·经办人")


def test_the_division_is_shown_to_those_it_divides_the_work_among(issued: Plan) -> None:
    share = make.row("m1-share/drc")
    division = make.in_hand(make.row("m1-division/hrss"), at(2019, 6, 3, 11))
    actions.send_up(division, by=make.officer_of(division.unit), now=at(2019, 6, 3, 11), result="发改委提供基础数据。")
    actions.sign_off(division, by=make.leader_of(division.unit), now=at(2019, 6, 3, 11))
    assert "发改委提供基础数据。" not in page(share, "发展改革委·经办人").text
    make.accepted(make.fresh(division), at(2019, 6, 3, 12))
    found = page(share, "发展改革委·经办人", at(2019, 6, 6, 10))
    assert "发改委提供基础数据。" in found.text
    # Three working days of silence are no objection: Thursday 6 June is the third, Monday 10 June the next.
    assert "2019-06-06" in found.text


def test_a_rule_is_recorded_where_it_is_watched_for(issued: Plan) -> None:
    row = make.signed(make.row("m7-watch/land"), at(2019, 6, 3, 11))
    assert "record_rule" in acts(row, "自然资源局·经办人")
    assert "record_rule" not in acts(make.signed(make.row("m7-register/land"), at(2019, 6, 3, 11)), "自然资源局·经办人")
    # Nothing can be extended where nothing ends.
    assert "ask_extension" not in acts(row, "自然资源局·经办人")


def test_findings_are_recorded_where_work_is_checked(issued: Plan) -> None:
    row = make.signed(make.row("m5-checks/medical"), at(2019, 6, 3, 11))
    assert "record_finding" in acts(row, "医保局·经办人")
    assert "record_finding" in acts(row, make.SUPERVISOR)
    form = page(row, "医保局·经办人").form("/record_finding/")
    units = {option.attrs["value"] for option in form.element.one("select", name="unit").all("option")}
    assert {"654201", "654224", "land"} <= units
    assert "police" not in units, "no body of this measure"


def test_a_county_finds_nothing_about_another(issued: Plan) -> None:
    row = make.signed(make.row("m5-checks/654224"), at(2019, 6, 3, 11))
    client = web.signed_in(OFFICER)
    form = page(row).form("/record_finding/")
    units = {option.attrs["value"] for option in form.element.one("select", name="unit").all("option")}
    assert units - {""} == {"654224"}
    values = form.values | {"unit": "654201", "text": "别县的问题"}
    again = web.post(client, form.action, values, status=422).form("/record_finding/")
    assert "unit" in again.bad
    assert "别县的问题" in again.values["text"]
    assert not Assignment.objects.filter(step__kind="rectification").exists()


def test_a_rectification_stands_on_the_page_of_the_check_that_found_it(lived: Plan) -> None:
    check, lapse = make.row("m1-spot-check/poverty"), make.row("m1-rectification/654224/1")
    assert f"/assignments/{lapse.pk}/" in page(check, make.SUPERVISOR).links


def test_the_diagram_marks_the_open_steps_in_words_too(lived: Plan) -> None:
    found = page(make.row("survey/654226"), "和布克赛尔县·经办人")
    picture = found.one("img")
    assert picture.attrs["src"].startswith("/runs/")
    assert make.row("survey/654226").step.title in picture.attrs["alt"]


def test_forms_are_filled_in_with_what_is_known(lived: Plan) -> None:
    form = page(make.row("m6-share/police"), "公安局·经办人").form("/sign/").values
    assert form["handler"] == str(make.person("公安局·经办人").pk)
    assert form["leader"] == str(make.person("公安局·分管领导").pk)

    row = make.row("survey/654226")
    forms = page(row, "和布克赛尔县·经办人")
    assert forms.form("/report/").values["progress"] == "79"
    assert forms.form("/name_people/").values["handler"] == str(row.handler_id)

    returned = make.row("filing/654221/杰勒阿尕什镇")
    assert page(returned, "额敏县·经办人").form("/send_up/").values["result"] == "经县政府审定，现报备案。"

    asked = page(make.row("filing/654224/朗古特"), make.SUPERVISOR)
    assert asked.form("/grant/").values["to"] == "2019-08-26"
    assert "卫星工厂岗位数尚待企业书面确认" in asked.text


def test_who_was_told_is_seen_by_the_unit_and_the_office_alone(lived: Plan) -> None:
    row = make.row("survey/654226")
    titles = [
        len(page(row, who).one("aside").all("ul", cls="feed"))
        for who in ("和布克赛尔县·经办人", make.SUPERVISOR, make.INSPECTOR, "人社局·经办人")
    ]
    assert titles == [1, 1, 1, 0]
