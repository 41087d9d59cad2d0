"""The reviewer's side: evidence beside the decision, standard reasons, words beside their fields, requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from playwright.sync_api import expect

from bureaus import clock
from bureaus.models import Membership
from measures.models import Assignment, Event, Extension, FormCheck, Plan
from notifications.models import Message
from tests import make
from tests.make import at
from tests.pages import web
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows import actions, reasons

Open = Callable[..., Window]
OFFICER, LEADER, LEAD = "托里县·经办人", "托里县·分管领导", "人社局·经办人"
KEEPER, RECEIVER = "发展改革委·经办人", "人社局·经办人"
REPORT = "摸底完成，共1204户。"
NOW = at(2019, 8, 1, 10)
PDF = actions.Upload("首次摸底台账.pdf", b"%PDF-1.4 x")
AGAIN = actions.Upload("补充台账.pdf", b"%PDF-1.4 y")
widths = pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])


def _hand_in(row: Assignment, now, text: str = REPORT, *uploads: actions.Upload) -> Assignment:
    actions.send_up(row, by=make.person(OFFICER), now=now, result=text, figures=make.named_with(row), uploads=uploads)
    actions.sign_off(row, by=make.person(LEADER), now=now)
    return make.fresh(row)


def _surveyed() -> Assignment:
    """The survey of 托里县, due on 31 July, handed in six days before."""
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    return _hand_in(row, at(2019, 7, 25, 9), REPORT, PDF)


@pytest.fixture
def row(issued: Plan) -> Iterator[Assignment]:
    with clock.standing_at(NOW):
        yield _surveyed()


def _url(row: Assignment) -> str:
    return f"/assignments/{row.pk}/"


def _case(row: Assignment, who: str = LEAD) -> web.Element:
    """Its line in the queue."""
    page = web.read(web.signed_in(who), "/review/")
    return next(line for line in page.all("tr") if _url(row) in line.links)


def _return(row: Assignment, status: int = 302, **values: object) -> web.Page:
    """Send it back as its reviewer; what is about a field goes by `on`, field → words."""
    on = values.pop("on", {})
    assert isinstance(on, dict)
    remarks = {f"remark-{field}": words for field, words in on.items()}
    return web.post(web.signed_in(LEAD), f"{_url(row)}send_back/", values | remarks, status=status)


def _decision(row: Assignment, who: str = LEAD) -> web.Element:
    return web.read(web.signed_in(who), _url(row)).one("section", id="decision")


def _history(page: web.Page) -> web.Element:
    """The newest line comes first."""
    return page.all("ul", cls="feed")[0]


# --- Evidence beside the decision -----------------------------------------------------------------


@pytest.mark.parametrize("where", ["queue", "page"])
def test_the_evidence_stands_beside_the_decision(where: str, row: Assignment) -> None:
    seen = _case(row) if where == "queue" else _decision(row)
    assert row.step.quote in seen.text
    assert REPORT in seen.text
    assert f"/attachments/{row.attachments.get().pk}/" in seen.links
    # Written by whom and when, signed off by whom, and how long before its date.
    for words in (OFFICER, LEADER, "2019-07-25 09:00", "2019-07-31"):
        assert words in seen.text
    assert "6" in seen.one(cls="fewer").text
    assert {form.attrs["action"].split("/")[3] for form in seen.all("form")} == {"accept", "send_back"}


def test_what_came_late_is_called_late(issued: Plan) -> None:
    with clock.standing_at(NOW):
        late = make.signed(make.row("m1-form/hrss"), at(2019, 6, 3, 9))
        late = make.handed_in(late, NOW)
        due_on = make.deadline(late).due_on
        assert str((NOW.date() - due_on).days) in _case(late, make.SUPERVISOR).one(cls="red").text


def test_earlier_rounds_say_what_was_objected_and_what_had_been_handed_in(row: Assignment) -> None:
    actions.send_back(row, by=make.person(LEAD), now=NOW, reason="漏了两个村。", ticked=["files"])
    row = _hand_in(make.fresh(row), at(2019, 8, 2, 9), "已补齐两村。", AGAIN)
    with clock.standing_at(at(2019, 8, 2, 10)):
        for seen in (_case(row), _decision(row)):
            objection = seen.one(cls="objection")
            assert "漏了两个村。" in objection.text
            assert REPORT in objection.text
            assert str(reasons.labels(["files"])[0]) in [tag.text for tag in objection.all(cls="tag")]
            assert "2019-08-06" in objection.text, "the date it was to be corrected by"
            assert "已补齐两村。" in seen.text
        # Only the file of this round is new.
        new = [b.text for b in _case(row).one("ul", cls="files").all("li") if b.all("b")]
        assert len(new) == 1
        assert AGAIN.name in new[0]


def test_a_verdict_that_was_corrected_says_so_and_its_remarks_stand_no_longer(row: Assignment) -> None:
    lead = make.person(LEAD)
    actions.send_back(row, by=lead, now=NOW, reason="看错。", remarks={"result": "户数不对。"})
    assert "户数不对。" in web.read(web.signed_in(OFFICER), _url(row)).one(cls="said").text
    actions.reconsider(make.fresh(row), by=lead, now=NOW, reason="核对后无误。")
    seen = _decision(make.fresh(row))
    assert seen.one(cls="objection").all(cls="tag")
    assert seen.all(cls="said") == []


def test_the_leader_who_signs_off_has_the_evidence_beside_it_too(issued: Plan) -> None:
    row = make.sent_up(make.row("survey/654224"), at(2019, 6, 3, 9))
    seen = _decision(row, LEADER)
    assert row.result in seen.text
    assert {form.attrs["action"].split("/")[3] for form in seen.all("form")} == {"sign_off", "hand_back"}
    assert web.read(web.signed_in(OFFICER), _url(row)).all("section", id="decision") == []


def test_a_month_and_a_roster_lay_out_what_they_say(issued: Plan) -> None:
    month = make.in_hand(make.row("monthly/654224/2019-06"), at(2019, 6, 3, 9))
    first = make.return_fields(month)[0]
    make.reported_figures(month, at(2019, 6, 3, 9), **{first["code"]: 73211})
    actions.send_up(make.fresh(month), by=make.person(OFFICER), now=at(2019, 6, 3, 9), result="月报。")
    actions.sign_off(make.fresh(month), by=make.person(LEADER), now=at(2019, 6, 3, 9))
    part = next(part for part in _decision(month).all(cls="part") if part.text.startswith(first["label"]))
    assert "73,211" in part.text or "73211" in part.text
    roster = make.handed_in(make.row("roster/654224"), at(2019, 6, 3, 9))
    assert any(part.text.startswith("朗古特") for part in _decision(roster, KEEPER).all(cls="part"))


# --- Standard reasons, and the date to correct it by ------------------------------------------------


def test_a_return_from_the_queue_is_ticked_and_kept(row: Assignment) -> None:
    client = web.signed_in(LEAD)
    form = web.read(client, "/review/").form(f"{_url(row)}send_back/")
    assert form.values["correct_by"] == "2019-08-06", "three working days after Thursday 1 August"
    answer = client.post(form.action, form.values | {"ticked": ["files", "unsigned"], "reason": "另缺两村。"})
    assert (answer.status_code, web.where(answer)) == (302, "/review/")
    event = make.last_event(row)
    assert (event.kind, event.data["ticked"]) == ("returned", ["files", "unsigned"])
    sentences = {reason.code: reason.sentence for reason in reasons.reasons_for(row)}
    assert event.note.split("\n") == [sentences["files"], sentences["unsigned"], "另缺两村。"]
    # The date in the form was the rule's own: it is counted, not decided.
    assert make.deadline(row, round=2).basis == "ours"
    # The unit reads it on the page, and in the notice.
    assert sentences["unsigned"] in _history(web.read(web.signed_in(OFFICER), _url(row))).text
    told = Message.objects.filter(recipient__username=OFFICER, channel="email", body__contains="另缺两村。")
    assert sentences["unsigned"] in told.get().body
    # What is to be corrected stands before the form it is corrected with.
    page = web.read(web.signed_in(OFFICER), _url(row))
    assert sentences["unsigned"] in page.one("section", id="to-correct").text
    assert page.html.index('id="to-correct"') < page.html.index('id="act-send_up"')


def test_ticks_alone_are_a_return_and_nothing_at_all_is_none(row: Assignment) -> None:
    page = _return(row, 422, reason=" ")
    assert list(page.form("/send_back/").bad) == ["reason"]
    assert make.fresh(row).state == "submitted"
    _return(row, ticked=["files"])
    assert make.fresh(row).state == "in_progress"


def test_a_later_date_may_be_chosen_and_an_earlier_one_not(row: Assignment) -> None:
    page = _return(row, 422, ticked=["files"], correct_by="2019-08-05")
    form = page.form("/send_back/")
    assert list(form.bad) == ["correct_by"]
    assert [box.attrs["value"] for box in form.element.all("input", name="ticked") if "checked" in box.attrs] == [
        "files"
    ]
    _return(row, ticked=["files"], correct_by="2019-08-09")
    again = make.deadline(row, round=2)
    assert (again.due_on, again.basis) == (date(2019, 8, 9), "decided")


def test_reasons_follow_the_kind_of_work(issued: Plan) -> None:
    month, survey = make.row("monthly/654224/2019-06"), make.row("survey/654224")
    codes = [{reason.code for reason in reasons.reasons_for(one)} for one in (month, survey)]
    assert "running_total" in codes[0] - codes[1]
    assert "nobody_named" in codes[1] - codes[0]
    handed_in = make.handed_in(survey, at(2019, 6, 3, 9))
    _return(handed_in, 422, ticked=["running_total"])
    with pytest.raises(ValidationError), make.nothing_written():
        actions.send_back(handed_in, by=make.person(LEAD), now=at(2019, 6, 3, 9), ticked=["running_total"])


def test_every_kind_of_work_has_reasons_and_each_its_own_words(issued: Plan) -> None:
    for step in issued.steps.all():
        found = reasons.reasons_for(Assignment(step=step))
        assert 4 <= len(found) <= 7
        assert len({reason.label for reason in found}) == len({reason.sentence for reason in found}) == len(found)


# --- The reviewer's words beside the field they are about -------------------------------------------


def _described(element: web.Element, page: web.Page) -> str:
    """What a screen reader says after the field's name."""
    ids = element.attrs.get("aria-describedby", "").split()
    return " ".join(page.one(id=one).text for one in ids)


def test_a_remark_stands_beside_its_field_when_the_clerk_opens_the_form(row: Assignment) -> None:
    file = row.attachments.get()
    remarks = {"result": "户数与上月不符。", f"file-{file.pk}": "第三页缺章。"}
    assert {area.attrs["name"] for area in _decision(row).all("textarea", form="act-send_back")} == {
        f"remark-{field}" for field in remarks
    }
    _return(row, on=remarks)
    page = web.read(web.signed_in(OFFICER), _url(row))
    form = page.form("/send_up/").element
    result, uploads = form.one("textarea", name="result"), form.one("input", name="uploads")
    assert "户数与上月不符。" in _described(result, page)
    assert LEAD in _described(result, page)
    assert "1" in page.one(id=result.attrs["aria-describedby"].split()[-1]).one("b").text, "the round"
    assert "第三页缺章。" in _described(uploads, page)
    assert file.name in _described(uploads, page), "which file"
    assert "第三页缺章。" not in _described(result, page)
    # The whole stands in the history, and with it for whoever comes later.
    event = make.last_event(row)
    assert [said["text"] for said in event.data["remarks"]] == ["户数与上月不符。", "第三页缺章。"]
    history = _history(page).all("li")[0].text
    assert "户数与上月不符。" in history
    assert "第三页缺章。" in history
    # Corrected and handed in again, the reviewer sees beside each field what was said of it.
    again = _hand_in(make.fresh(row), NOW, "户数已核。")
    parts = {part.text.split()[0]: part for part in _decision(again).all(cls="part")}
    assert "户数与上月不符。" in next(iter(parts.values())).one(cls="said").text


def test_remarks_of_an_older_round_no_longer_stand_beside_the_fields(row: Assignment) -> None:
    _return(row, on={"result": "第一轮的话。"})
    again = _hand_in(make.fresh(row), NOW, "户数已核。")
    _return(again, ticked=["files"])
    page = web.read(web.signed_in(OFFICER), _url(row))
    assert page.all(cls="said") == []
    assert "第一轮的话。" in _history(page).text


def test_a_remark_on_a_figure_of_the_month(issued: Plan) -> None:
    month = make.handed_in(make.row("monthly/654224/2019-06"), at(2019, 6, 3, 9))
    code = make.return_fields(month)[1]["code"]
    _return(month, on={code: "比上月少一半，请核。"})
    page = web.read(web.signed_in(OFFICER), _url(month))
    box = page.form("/save_return/").element.one("input", name=code)
    assert "比上月少一半，请核。" in _described(box, page)


def test_a_remark_about_something_else_is_not_taken(row: Assignment) -> None:
    with pytest.raises(ValidationError), make.nothing_written():
        actions.send_back(row, by=make.person(LEAD), now=NOW, remarks={"resources": "没有这一栏。"})


def test_remarks_are_not_lost_when_the_unit_was_quicker(row: Assignment) -> None:
    actions.withdraw(row, by=make.person(OFFICER), now=NOW, reason="补件。")
    page = _return(row, 409, on={"result": "户数与上月不符。"}, ticked=["files"])
    kept = page.form("/send_back/").element.one("textarea", name="remark-result")
    assert "户数与上月不符。" in kept.text
    # Nor when something else in the form was wrong.
    again = _hand_in(make.fresh(row), NOW)
    page = _return(again, 422, on={"result": "户数与上月不符。"}, correct_by="昨天")
    box = page.one("textarea", name="remark-result")
    fold = next(part for part in page.all("details") if part.all("textarea", name="remark-result"))
    assert "户数与上月不符。" in box.text
    assert "open" in fold.attrs


def test_a_section_of_a_site_plan_is_remarked_upon_in_the_form_check(issued: Plan) -> None:
    row = make.handed_in(make.row("filing/654224/朗古特"), at(2019, 6, 3, 9))
    names = {area.attrs["name"] for area in _decision(row, KEEPER).all("textarea", form="act-check_form")}
    assert {"remark-title", "remark-resources", "remark-industry", "remark-employment", "remark-lines"} <= names
    check = f"{_url(row)}check_form/"
    values = {"outcome": "gaps", "ticked": ["unlinked"], "remark-lines": "岗位缺户。", "remark-industry": "缺论证。"}
    # Whoever marks something as missing does not call it complete.
    page = web.post(web.signed_in(KEEPER), check, values | {"outcome": "complete"}, status=422)
    assert list(page.form("/check_form/").bad) == ["outcome"]
    web.post(web.signed_in(KEEPER), check, values)
    web.post(web.signed_in(RECEIVER), check, {"outcome": "gaps", "remark-industry": "无市场分析。"})
    assert FormCheck.objects.filter(round=1).exclude(gaps="").count() == 2
    page = web.read(web.signed_in(OFFICER), _url(row))
    form = page.form("/save_draft/").element
    about = _described(form.one("textarea", name="industry"), page)
    assert "缺论证。" in about
    assert "无市场分析。" in about
    assert KEEPER in about
    assert RECEIVER in about
    assert "岗位缺户。" in _described(form.one("table"), page)
    assert "缺论证。" not in _described(form.one("textarea", name="resources"), page)
    returned = row.events.filter(kind=Event.Kind.RETURNED).get()
    assert "岗位缺户。" in returned.note
    assert "无市场分析。" in returned.note


# --- Requests to extend -----------------------------------------------------------------------------


def _ask(row: Assignment, to: date, now) -> int:
    return actions.ask_extension(
        make.fresh(row), by=make.officer_of(row.unit), now=now, to=to, reason="汛期。", present_progress="六成。"
    ).pk


def test_a_request_stands_with_the_history_that_matters(issued: Plan) -> None:
    supervisor, early = make.person(make.SUPERVISOR), at(2019, 6, 3, 9)
    row, other = make.signed(make.row("survey/654224"), early), make.signed(make.row("filing/654224/朗古特"), early)
    far = make.signed(make.row("survey/654201"), early)
    _ask(far, date(2019, 8, 9), early)  # another county's
    requests = Extension.objects
    actions.grant_extension(
        requests.get(pk=_ask(row, date(2019, 8, 7), early)),
        by=supervisor,
        now=early,
        to=date(2019, 8, 5),
        document_no="3号",
    )
    actions.refuse_extension(
        requests.get(pk=_ask(other, date(2019, 8, 20), early)), by=supervisor, now=early, opinion="理由不足。"
    )
    _ask(row, date(2019, 8, 12), early)
    for seen in (_case(row, make.SUPERVISOR), web.read(web.signed_in(make.SUPERVISOR), _url(row))):
        facts = {
            name.text: said.text
            for facts in seen.all("dl", cls="request")
            for name, said in zip(facts.all("dt"), facts.all("dd"), strict=True)
        }
        assert len(facts) == 5
        before, moved, unit, waiting, moves = facts.values()
        assert "2019-08-05" in before
        assert "2019-07-31 → 2019-08-05" in moved
        assert "3号" in moved
        # This unit's others, whatever became of them; not those of its neighbours.
        assert "2" in unit
        assert len(unit.split()) > 2
        # The surveys and shares of all are waited for before they are consolidated.
        open_others = Assignment.objects.filter(
            process=row.process_id, node=row.node, state__in=Assignment.OPEN
        ).count()
        assert str(open_others - 1) in waiting
        assert "2019-08-12" in moves
        assert "2019-08-05 → 2019-08-12" in seen.text
    # Five working days: Tuesday 6 to Monday 12 August.
    assert "5" in _case(row, make.SUPERVISOR).all("p")[0].text.split("·")[1]


def test_a_first_request_says_that_nothing_came_before(issued: Plan) -> None:
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    _ask(row, date(2019, 8, 12), at(2019, 6, 3, 9))
    facts = [said.text for said in _case(row, make.SUPERVISOR).one("dl", cls="request").all("dd")]
    assert "2019-07-31" in facts[1]
    assert "→" not in facts[0] + facts[1]
    assert not any(digit in facts[2] for digit in "0123456789")


@pytest.mark.parametrize("name", ["grant", "refuse"])
def test_a_request_is_decided_in_the_queue(name: str, issued: Plan) -> None:
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    pk = _ask(row, date(2019, 8, 12), at(2019, 6, 3, 9))
    client = web.signed_in(make.SUPERVISOR)
    form = web.read(client, "/review/").form(f"/extensions/{pk}/{name}/")
    typed = {"grant": {"document_no": "塔行督〔2019〕3号"}, "refuse": {"opinion": "理由不足。"}}[name]
    answer = client.post(form.action, form.values | typed)
    assert (answer.status_code, web.where(answer)) == (302, "/review/")
    assert make.deadline(row).due_on == (date(2019, 8, 12) if name == "grant" else date(2019, 7, 31))


# --- Who has how much in hand -------------------------------------------------------------------------


def _hands(who: str) -> dict[str, list[int]]:
    tables = web.read(web.signed_in(who), "/").all("table", cls="hands")
    return {
        line.all("td")[0].text: [int(cell.text) for cell in line.all("td")[1:]]
        for table in tables
        for line in table.one("tbody").all("tr")
    }


def test_a_leader_sees_who_has_how_much_in_hand(issued: Plan) -> None:
    early = at(2019, 6, 3, 9)
    unit = make.row("survey/654224").unit
    rows = Assignment.objects.filter(unit=unit, state="issued").count()
    make.signed(make.row("survey/654224"), early)
    make.sent_up(make.row("m2-needs/654224"), early)
    found = _hands(LEADER)
    named = [name for name in found if name.startswith("托里县")]
    assert named == sorted(named)
    assert list(found)[:-1] == named, "what nobody is named for comes last"
    assert found[OFFICER] == [1, 0, 0, 1]
    assert list(found.values())[-1][0] == rows - 2
    with clock.standing_at(at(2019, 7, 29, 9)):  # Monday; the survey is due on Wednesday
        assert _hands(LEADER)[OFFICER] == [1, 1, 0, 1]
    with clock.standing_at(at(2019, 8, 1, 9)):
        assert _hands(LEADER)[OFFICER] == [1, 0, 1, 1]


def test_nobody_but_the_units_own_leader_sees_it(issued: Plan) -> None:
    make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    assert _hands(OFFICER) == {}
    for who in (make.SUPERVISOR, make.SUPERVISION_HEAD, make.PREFECTURE_LEADER, "塔城市·分管领导"):
        assert not [name for name in _hands(who) if name.startswith("托里县")]
    # Nor a deputy from elsewhere by a lent post, who acts and does not lead.
    away = make.person(LEADER)
    actions.record_absence(
        by=away,
        now=at(2019, 6, 3, 9),
        user=away,
        first_day=date(2019, 6, 3),
        last_day=date(2019, 6, 7),
        deputy=make.person(OFFICER),
    )
    assert _hands(OFFICER) == {}


def test_who_has_left_is_named_as_long_as_work_hangs_on_them(issued: Plan) -> None:
    make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    Membership.objects.filter(user=make.person(OFFICER)).update(until=date(2019, 6, 2))
    assert any(name.startswith(OFFICER) and name != OFFICER for name in _hands(LEADER))


# --- In a real browser ----------------------------------------------------------------------------


@pytest.fixture
def august(tacheng_committed: Plan) -> Assignment:
    row = _surveyed()
    clock.set_made(NOW)
    return row


@pytest.mark.browser
@widths
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_returned_in_two_clicks_and_read_beside_the_field(
    width: int, script: bool, august: Assignment, window: Open
) -> None:
    row = august
    reviewer = window(width, script=script)
    reviewer.sign_in(LEAD)
    reviewer.open("/review/")
    page = reviewer.page
    with page.expect_navigation():
        page.click(f"main a.ttl[href='{_url(row)}']")
    reviewer.fits()
    # Both decisions lie open beside the evidence.
    form = "#act-send_back"
    expect(page.locator(f"{form} button[type=submit]")).to_be_visible()
    expect(page.locator("#act-accept button[type=submit]")).to_be_visible()
    if width == DESKTOP:
        evidence, deciding = (page.locator(f".verdict .{part}").bounding_box() for part in ("evidence", "deciding"))
        assert evidence
        assert deciding
        assert deciding["x"] >= evidence["x"] + evidence["width"] - 1
        assert abs(deciding["y"] - evidence["y"]) < 2
    else:
        for target in page.locator(f".verdict button, {form} label:has(input[type=checkbox])").all():
            box = target.bounding_box()
            assert box is None or box["height"] >= 40, "a thumb needs room"
    page.locator(".part summary").first.click()
    page.fill("[name=remark-result]", "户数与上月不符。")
    page.check(f"{form} [value=unsigned]")
    with page.expect_navigation():
        page.click(f"{form} button[type=submit]")
    reviewer.fits()
    assert make.fresh(row).state == "in_progress"

    officer = window(width, script=script)
    officer.sign_in(OFFICER)
    officer.open(_url(row))
    fold = officer.page.locator("details", has=officer.page.locator("#act-send_up"))
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    field = officer.page.locator("#act-send_up [name=result]")
    expect(field).to_have_accessible_description(re.compile("户数与上月不符。"))
    officer.fits()


@pytest.mark.browser
@widths
def test_returned_without_leaving_the_queue(width: int, august: Assignment, window: Open) -> None:
    row = august
    reviewer = window(width)
    reviewer.sign_in(LEAD)
    reviewer.open("/review/")
    page = reviewer.page
    fold = page.locator(f"details:has(form[action='{_url(row)}send_back/'])")
    fold.locator("summary").click()
    fold.locator("[value=files]").check()
    reviewer.fits()
    with page.expect_navigation():
        fold.locator("button").click()
    assert page.url.endswith("/review/")
    assert make.fresh(row).state == "in_progress"


@pytest.mark.browser
def test_a_remark_typed_and_not_sent_is_not_lost(august: Assignment, window: Open) -> None:
    """Neither by a closed page, nor by returning the work from the queue, whose form is shorter."""
    row = august
    reviewer = window(DESKTOP)
    reviewer.sign_in(LEAD)
    reviewer.open(_url(row))
    page = reviewer.page
    page.locator(".part summary").first.click()
    page.fill("[name=remark-result]", "户数与上月不符。")
    reviewer.open(_url(row))
    expect(page.locator("[name=remark-result]")).to_be_visible()
    expect(page.locator("[name=remark-result]")).to_have_value("户数与上月不符。")
    reviewer.open("/review/")
    fold = page.locator(f"details:has(form[action='{_url(row)}send_back/'])")
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    fold.locator("[value=files]").check()
    with page.expect_navigation():
        fold.locator("button").last.click()
    assert make.fresh(row).state == "in_progress"
    reviewer.open(_url(row))
    expect(page.locator("main .typed.left")).to_contain_text("户数与上月不符。")
