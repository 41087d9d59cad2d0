"""A site plan's rounds beside each other, and what both receivers miss in one list."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils.translation import override

from bureaus import clock
from measures.models import Assignment, FormCheck, Plan
from tests import make
from tests.make import at
from tests.pages import people, web
from tests.pages.browsing import DESKTOP, PHONE, Window
from tests.pages.test_axe import wrong
from workflows import actions
from workflows.rounds import SECTIONS

NOW = at(2019, 6, 3, 9)
OFFICER, LEADER = "托里县·经办人", "托里县·分管领导"
KEEPER, RECEIVER = "发展改革委·经办人", "人社局·经办人"
FIRST: dict[str, Any] = {
    "title": "朗古特安置点就业工作方案",
    "resources": "草畜资源。",
    "industry": "2019年底前引进企业2家。",
    "employment": "劳动力156人。",
    "lines": [actions.Line("服饰加工", "卫星工厂", 60, 55), actions.Line("养殖", "合作社", 12, 12)],
}
SECOND = FIRST | {
    "industry": "2019年底前引进企业3家。",
    "lines": [actions.Line("服饰加工", "卫星工厂", 66, 55), actions.Line("环卫", "镇区", 8, 8)],
}
THIRD = SECOND | {"employment": "劳动力162人。"}


def _report(row: Assignment, words: dict[str, Any], *files: str) -> Assignment:
    make.drafted(make.fresh(row), NOW, **words)
    for name in files:
        actions.attach(make.fresh(row), by=make.person(OFFICER), now=NOW, uploads=[actions.Upload(name, b"%PDF-1.4 x")])
    actions.send_up(make.fresh(row), by=make.person(OFFICER), now=NOW, result="现报备案。")
    actions.sign_off(make.fresh(row), by=make.person(LEADER), now=NOW)
    return make.fresh(row)


def _check(row: Assignment, who: str, gaps: str = "", **points: str) -> None:
    outcome = "gaps" if gaps or points else "complete"
    actions.check_form(make.fresh(row), by=make.person(who), now=NOW, outcome=outcome, gaps=gaps, remarks=points)


def _twice_reported(row: Assignment) -> Assignment:
    """Both receivers found gaps in the first round; the second has been reported."""
    _report(row, FIRST, "岗位清单.pdf")
    _check(row, KEEPER, "缺县政府意见。", industry="企业名称未写明。")
    _check(row, RECEIVER, industry="企业数与台账不符。", employment="劳动力总数有误。")
    return _report(row, SECOND, "县政府意见.pdf")


@pytest.fixture
def row(issued: Plan) -> Assignment:
    return make.signed(make.row("filing/654224/朗古特"), NOW)


def _page(row: Assignment, who: str, query: str = "") -> web.Page:
    return web.read(web.signed_in(who), f"/assignments/{row.pk}/rounds/{query}")


def _marks(part: web.Element, tag: str) -> list[str]:
    """The words marked, each without the word that says what the mark means."""
    found = []
    for mark in part.all(tag):
        said = mark.one("small").text
        assert said, "not by a line or a colour alone"
        found.append(mark.text.removeprefix(said).strip())
    return found


# --- Beside each other ----------------------------------------------------------------------------


@pytest.mark.parametrize("who", [OFFICER, KEEPER, RECEIVER, make.SUPERVISOR, make.INSPECTOR])
def test_the_last_two_rounds_stand_beside_each_other(who: str, row: Assignment) -> None:
    page = _page(_twice_reported(row), who)
    sides = [part for part in page.one(id="industry").one(cls="rounds").children if isinstance(part, web.Element)]
    assert [_marks(side, "del") for side in sides] == [["2"], []]
    assert [_marks(side, "ins") for side in sides] == [[], ["3"]]
    assert "2019年底前引进企业" in sides[0].text
    # The table row by row: a number that changed, a row that went, a row that came.
    sides = [part for part in page.one(id="lines").one(cls="rounds").children if isinstance(part, web.Element)]
    assert _marks(sides[0], "del") == ["60", "养殖", "合作社", "12", "12"]
    assert _marks(sides[1], "ins") == ["66", "环卫", "镇区", "8", "8"]
    assert _marks(page.one(id="attachments"), "ins") == ["县政府意见.pdf"]
    # What has not changed is folded, and says so; it can be unfolded without scripts.
    for code in ("title", "resources", "employment"):
        fold = page.one(id=code).one("details")
        assert "open" not in fold.attrs
        assert not fold.all("del")
    changed = [link.removeprefix("#") for link in page.one("p", cls="said").links]
    assert changed == ["industry", "lines", "attachments"]


def test_any_two_can_be_chosen_and_the_older_is_always_first(row: Assignment) -> None:
    _twice_reported(row)
    for who in (KEEPER, RECEIVER):
        _check(row, who, employment="劳动力总数有误。")
    _report(row, THIRD)
    assert _page(row, KEEPER).one("p", cls="said").links == ["#employment"]
    for query in ("?a=1&b=3", "?a=3&b=1"):
        page = _page(row, KEEPER, query)
        assert page.one("p", cls="said").links == ["#industry", "#employment", "#lines", "#attachments"]
        chosen = [option.attrs["value"] for option in page.all("option") if "selected" in option.attrs]
        assert chosen == ["1", "3"]
    for query in ("?a=9&b=1", "?a=x&b=", "?a=0&b=0", "?a=1", "?a=99999999999999999999&b=2"):
        assert _page(row, KEEPER, query).one("p", cls="said").links == ["#employment"], query
    same = _page(row, KEEPER, "?a=2&b=2")
    assert not same.all("del") + same.all("ins")
    assert "2019年底前引进企业3家。" in same.text


def test_before_there_are_two_the_page_says_so(row: Assignment) -> None:
    make.drafted(row, NOW, **FIRST)
    for who in (KEEPER, make.SUPERVISOR):
        page = _page(row, who)
        assert len(page.all(cls="empty")) == 1
        assert FIRST["industry"] not in page.text
    _report(row, FIRST)
    page = _page(row, KEEPER)
    assert FIRST["industry"] in page.text
    assert not page.all("form", method="get")


def test_the_draft_is_compared_by_those_who_write_it_alone(row: Assignment) -> None:
    """Whoever may read the paper as it stands sees what has been changed since the return."""
    row = _twice_reported(row)
    _check(row, KEEPER, lines="缺用人单位。")
    _check(row, RECEIVER)
    make.drafted(make.fresh(row), NOW, **THIRD)
    for who in (OFFICER, LEADER):
        page = _page(row, who)
        assert page.one("p", cls="said").links == ["#employment"]
        assert _marks(page.one(id="employment"), "ins") == ["162"]
    for who in (KEEPER, RECEIVER, make.SUPERVISOR, make.INSPECTOR, make.PREFECTURE_LEADER):
        for query in ("", "?a=2&b=3"):
            page = _page(row, who, query)
            assert "162" not in page.text
            assert page.one("p", cls="said").links == ["#industry", "#lines", "#attachments"]


def test_withdrawn_and_reported_again_a_round_has_two_versions(row: Assignment) -> None:
    row = _report(row, FIRST)
    actions.withdraw(row, by=make.person(OFFICER), now=NOW, reason="补充。")
    row = _report(row, SECOND)
    page = _page(row, KEEPER)
    assert page.one("p", cls="said").links == ["#industry", "#lines"]
    lines = page.all("tbody")[0].all("tr")
    assert len(lines) == 2
    # The one that was taken back was looked at by nobody.
    assert [cell.text for cell in lines[0].all("td")[2:]] == ["—", "—"]
    assert "—" not in [cell.text for cell in lines[1].all("td")[2:]]


def test_who_does_not_see_the_filing_finds_no_rounds(row: Assignment) -> None:
    row = _twice_reported(row)
    sees = people.SEES_ALL | {"unit", "unit_leader", "lead", "keeper"}
    for role in people.EVERYBODY:
        answer = web.signed_in(people.person(role)).get(f"/assignments/{row.pk}/rounds/")
        assert answer.status_code == (200 if role in sees else 404), role
    survey = make.row("survey/654224")
    assert web.signed_in(OFFICER).get(f"/assignments/{survey.pk}/rounds/").status_code == 404


def test_what_was_written_is_shown_as_words(row: Assignment) -> None:
    script = "<script>alert('岗位')</script>"
    _report(row, FIRST | {"industry": "甲。"})
    for who in (KEEPER, RECEIVER):
        _check(row, who, script, industry=script)
    row = _report(row, FIRST | {"industry": script, "lines": [actions.Line(script, script, 1, 1)]})
    for url in ("rounds/", ""):
        assert "<script>alert" not in web.read(web.signed_in(KEEPER), f"/assignments/{row.pk}/{url}").html
    assert script in _page(row, KEEPER).text


def test_the_rounds_are_reached_from_where_one_works(row: Assignment) -> None:
    url = f"/assignments/{row.pk}/rounds/"
    assert url not in web.read(web.signed_in(OFFICER), f"/assignments/{row.pk}/").links
    row = _twice_reported(row)
    for who, page in (
        (OFFICER, f"/assignments/{row.pk}/"),
        (KEEPER, f"/assignments/{row.pk}/"),
        (OFFICER, "/filings/"),
        (KEEPER, "/review/"),
        (RECEIVER, "/review/"),
    ):
        assert url in web.read(web.signed_in(who), page).links, page


# --- One list of gaps -----------------------------------------------------------------------------


def _list(row: Assignment, who: str) -> list[tuple[str, str, str, str]]:
    """Section, what is missing, who asked and when, what became of it."""
    [found] = web.read(web.signed_in(who), f"/assignments/{row.pk}/").all(cls="gaps")
    return [tuple(cell.text for cell in line.all("td")) for line in found.one("tbody").all("tr")]  # type: ignore[misc]


def _named(code: str) -> str:
    with override("zh-hans"):
        return str(SECTIONS[code])


def _statuses(row: Assignment, who: str) -> dict[str, str]:
    """In English, so that the words of this page are not what is tested."""
    client = web.signed_in(who)
    client.post("/language/", {"language": "en"})
    [found] = web.read(client, f"/assignments/{row.pk}/").all(cls="gaps")
    lines = [line.all("td") for line in found.one("tbody").all("tr")]
    return {f"{line[1].text} {re.findall('round [0-9]', line[2].text)[0]}": line[3].text for line in lines}


def test_both_receivers_gaps_are_one_list_by_section(row: Assignment) -> None:
    _report(row, FIRST)
    _check(row, KEEPER, "缺县政府意见。", industry="企业名称未写明。")
    _check(row, RECEIVER, industry="企业数与台账不符。", employment="劳动力总数有误。")
    for who in (OFFICER, LEADER, KEEPER, RECEIVER, make.SUPERVISOR):
        lines = _list(row, who)
        assert [line[1] for line in lines] == [
            "企业名称未写明。",
            "企业数与台账不符。",
            "劳动力总数有误。",
            "缺县政府意见。",
        ]
        assert [line[0] for line in lines[:3]] == [_named("industry"), _named("industry"), _named("employment")]
        assert ["发展改革委" in line[2] for line in lines] == [True, False, False, True]
    # The return says the same, section by section, in the receivers' order.
    returned = [event.note for event in row.events.filter(kind="returned")]
    assert len(returned) == 1
    assert returned[0].index("企业名称未写明。") < returned[0].index("企业数与台账不符。")


def test_the_list_says_what_has_become_of_each(row: Assignment) -> None:
    row = _report(row, FIRST)
    _check(row, KEEPER, industry="企业名称未写明。")
    _check(row, RECEIVER, industry="企业数不符。", employment="劳动力总数有误。")
    keys = ("企业名称未写明。 round 1", "企业数不符。 round 1", "劳动力总数有误。 round 1")
    assert _statuses(row, OFFICER) == dict.fromkeys(keys, "still open")
    _report(row, SECOND)
    assert _statuses(row, KEEPER) == dict.fromkeys(keys, "reported again in round 2, not checked yet")
    _check(row, KEEPER)
    _check(row, RECEIVER, employment="劳动力总数仍有误。")
    assert _statuses(row, OFFICER) == {
        keys[0]: "put right in round 2",
        keys[1]: "put right in round 2",
        keys[2]: "asked for again in round 2",
        "劳动力总数仍有误。 round 2": "still open",
    }
    _report(row, THIRD)
    _check(row, RECEIVER)
    assert make.fresh(row).state == "accepted"
    assert _statuses(row, KEEPER)["劳动力总数仍有误。 round 2"] == "put right in round 3"


def test_a_gap_stands_beside_the_field_it_is_about(row: Assignment) -> None:
    """For the county while it writes; and for a receiver where the next check is written."""
    row = _report(row, FIRST)
    _check(row, KEEPER, industry="企业名称未写明。", lines="缺用人单位。")
    _check(row, RECEIVER, "缺县政府意见。")

    def beside(parts: list[web.Element]) -> dict[str, str]:
        found = {}
        for part in parts:
            names = [inside.attrs["name"] for inside in part.walk() if "name" in inside.attrs]
            notes = " ".join(note.text for note in part.all(cls="gap"))
            if names and notes:
                found[names[0]] = notes
        return found

    def draft(page: web.Page) -> list[web.Element]:
        return page.form("/save_draft/").element.all(cls="field")

    page = web.read(web.signed_in(OFFICER), f"/assignments/{row.pk}/")
    assert list(beside(draft(page))) == ["industry"]
    assert "企业名称未写明。" in beside(draft(page))["industry"]
    assert "缺用人单位。" in page.form("/save_draft/").element.text, "above the table"
    row = _report(row, SECOND)
    page = web.read(web.signed_in(KEEPER), f"/assignments/{row.pk}/")
    of_the_whole = beside(page.form("/check_form/").element.all(cls="field"))
    assert set(beside(page.all(cls="part")) | of_the_whole) == {"remark-industry", "remark-lines", "gaps"}
    _check(row, KEEPER, lines="仍缺用人单位。")
    _check(row, RECEIVER)
    page = web.read(web.signed_in(OFFICER), f"/assignments/{row.pk}/")
    assert beside(draft(page)) == {}, "what has been put right is in the list alone"


def test_a_receiver_names_gaps_by_section_in_the_form(row: Assignment) -> None:
    row = _report(row, FIRST)
    client = web.signed_in(KEEPER)
    page = web.read(client, f"/assignments/{row.pk}/")
    form = page.form("/check_form/")
    beside = [area.attrs["name"] for area in page.all("textarea", form="act-check_form")]
    assert [name for name in beside if name != "remark-result"] == [f"remark-{code}" for code in SECTIONS if code]
    before = web.written()
    # Nothing named, or named and called complete: neither is a check.
    web.post(client, form.action, form.values | {"outcome": "gaps", "remark-industry": "  "}, status=422)
    page = web.post(client, form.action, form.values | {"outcome": "complete", "remark-lines": "缺项目。"}, status=422)
    assert "outcome" in page.form("/check_form/").bad
    assert page.one("textarea", name="remark-lines").text == "缺项目。"
    assert web.written() == before
    web.post(client, form.action, form.values | {"outcome": "gaps", "remark-lines": "缺项目。", "gaps": "缺盖章页。"})
    kept = FormCheck.objects.get(filing__assignment=row, unit__code="drc")
    assert kept.points == {"lines": "缺项目。", "": "缺盖章页。"}
    assert kept.gaps.endswith("缺盖章页。")
    assert _named("lines") in kept.gaps


def test_a_remark_on_the_result_is_about_the_whole(row: Assignment) -> None:
    """The result is handed in with the plan and is no section of it."""
    row = _report(row, FIRST)
    client = web.signed_in(KEEPER)
    form = web.read(client, f"/assignments/{row.pk}/").form("/check_form/")
    web.post(client, form.action, form.values | {"outcome": "gaps", "remark-result": "未写明报送日期。"})
    [line] = _list(row, OFFICER)
    assert "未写明报送日期。" in line[1]


def test_gaps_named_before_there_were_sections_are_about_the_whole(row: Assignment) -> None:
    row = _report(row, FIRST)
    _check(row, KEEPER, "缺岗位来源。")
    FormCheck.objects.filter(gaps="缺岗位来源。").update(points={})
    [line] = _list(row, RECEIVER)
    assert line[1] == "缺岗位来源。"


# --- Number and receipt ---------------------------------------------------------------------------


def test_the_receipt_names_both_receivers_and_what_was_filed(row: Assignment) -> None:
    row = _twice_reported(row)
    url = f"/filings/{row.pk}/receipt/"
    for who in (OFFICER, KEEPER, make.SUPERVISOR):
        assert web.signed_in(who).get(url).status_code == 404, "there is none before there is a number"
    _check(row, KEEPER)
    with clock.standing_at(at(2019, 6, 4, 9)):
        actions.check_form(make.fresh(row), by=make.person(RECEIVER), now=at(2019, 6, 4, 9), outcome="complete")
    number = make.fresh(row).filing.number
    assert number
    page = web.read(web.signed_in(OFFICER), url)
    receipt = page.one("article")
    for words in (
        number,
        "2019年6月4日",  # filed when the second had found it complete
        "2019年6月3日",  # the first
        "地区发展改革委",
        "地区人力资源社会保障局",
        row.unit.name,
        "朗古特",
        FIRST["title"],
        "第2轮",
        "74人",
        "63户",
        "县政府意见.pdf",
        row.plan.title,
        row.step.clause,
    ):
        assert str(words) in receipt.text, words
    assert len(receipt.one(cls="seals").all("div")) == 2
    for who in ("塔城市·经办人", "公安局·经办人"):
        assert web.signed_in(who).get(url).status_code == 404
    assert url in web.read(web.signed_in(OFFICER), f"/assignments/{row.pk}/").links


# --- In a browser ---------------------------------------------------------------------------------

Open = Callable[..., Window]


@pytest.fixture
def reported_row(tacheng_committed: Plan) -> Assignment:
    clock.set_made(NOW)
    return _twice_reported(make.signed(make.row("filing/654224/朗古特"), NOW))


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_beside_on_a_desk_and_below_on_a_phone(
    width: int, script: bool, reported_row: Assignment, window: Open
) -> None:
    seen = window(width, script=script)
    seen.sign_in(KEEPER)
    seen.open(f"/assignments/{reported_row.pk}/rounds/")
    page = seen.page
    old, new = (page.locator(f"#industry .rounds > div >> nth={place}").bounding_box() for place in (0, 1))
    assert old is not None
    assert new is not None
    if width == PHONE:
        assert new["y"] >= old["y"] + old["height"]
    else:
        assert (new["y"], new["x"] >= old["x"] + old["width"]) == (old["y"], True)
    # Folded, and unfolded by a click without any script.
    words = page.locator("#resources .pre")
    assert not words.is_visible()
    page.click("#resources summary")
    assert words.is_visible()
    page.select_option("#a", "1")
    with page.expect_navigation():
        page.click("form[method=get] button")
    assert "a=1&b=2" in page.url
    seen.fits()


def _pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.mark.browser
def test_the_receipt_is_one_sheet_and_the_plan_begins_on_the_next(reported_row: Assignment, window: Open) -> None:
    """However much it names: a long title, many long names of files."""
    row = reported_row
    for who in (KEEPER, RECEIVER):
        _check(row, who, "缺附件。")
    _report(row, SECOND | {"title": "朗古特" * 40}, *(f"{'很长的附件名' * 12}{number}.pdf" for number in range(9)))
    for who in (KEEPER, RECEIVER):
        _check(row, who)
    seen = window(DESKTOP)
    seen.sign_in(OFFICER)
    seen.open(f"/filings/{row.pk}/receipt/")
    assert _pages_of(seen.page.pdf(prefer_css_page_size=True)) == 1
    seen.open(f"/filings/{row.pk}/print/")
    assert _pages_of(seen.page.pdf(prefer_css_page_size=True)) == 2
    phone = window(PHONE)
    phone.sign_in(OFFICER)
    for page in ("receipt", "print"):
        phone.open(f"/filings/{row.pk}/{page}/")


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_marks_lists_and_previews_are_no_barrier(width: int, reported_row: Assignment, window: Open) -> None:
    row = reported_row
    seen, axe, barriers = window(width), Axe(), []
    seen.sign_in(KEEPER)
    file = row.attachments.get(name="县政府意见.pdf")
    for url in (f"/assignments/{row.pk}/rounds/", f"/assignments/{row.pk}/", f"/attachments/{file.pk}/preview/"):
        seen.open(url)
        barriers += wrong(seen, axe)
    for who in (KEEPER, RECEIVER):
        _check(row, who)
    seen.open(f"/filings/{row.pk}/receipt/")
    barriers += wrong(seen, axe)
    assert barriers == []


@pytest.mark.browser
def test_printed_the_rounds_stay_beside_each_other(reported_row: Assignment, window: Open) -> None:
    seen = window(DESKTOP)
    seen.sign_in(KEEPER)
    seen.open(f"/assignments/{reported_row.pk}/rounds/")
    seen.page.set_viewport_size({"width": 718, "height": 1000})  # A4 without its margins
    seen.page.emulate_media(media="print")
    old, new = (seen.page.locator(f"#industry .rounds > div >> nth={place}").bounding_box() for place in (0, 1))
    assert old is not None
    assert new is not None
    assert old["y"] == new["y"]
    assert not seen.page.locator(".top").is_visible()
    line = seen.page.eval_on_selector("#industry ins", "mark => getComputedStyle(mark).textDecorationLine")
    assert line == "underline"
