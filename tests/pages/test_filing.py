"""County site plans: the paper while it is written, the two form checks, the number and the receipt."""

from __future__ import annotations

import pytest
from django.utils.translation import gettext, override

from measures.models import Assignment, Event, FilingLine, FormCheck, Plan
from tests import make
from tests.make import at
from tests.pages import web
from workflows import actions

EARLIER = at(2019, 6, 3, 9)
OFFICER, LEADER = "托里县·经办人", "托里县·分管领导"
KEEPER, RECEIVER = "发展改革委·经办人", "人社局·经办人"
TEXTS = {
    "title": "朗古特安置点就业工作方案",
    "resources": "草畜资源。\n第二行。",
    "industry": "服饰加工。",
    "employment": "劳动力总量与意愿。",
}
SCRIPT = "<script>alert('岗位')</script>"


@pytest.fixture
def row(issued: Plan) -> Assignment:
    return make.signed(make.row("filing/654224/朗古特"), EARLIER)


def _page(row: Assignment, who: str = OFFICER) -> web.Page:
    return web.read(web.signed_in(who), f"/assignments/{row.pk}/")


def _line(number: int, post: str = "", project: str = "", persons: str = "", households: str = "") -> dict[str, str]:
    return {
        f"post{number}": post,
        f"project{number}": project,
        f"persons{number}": persons,
        f"households{number}": households,
    }


def _save(row: Assignment, values: dict[str, str], status: int = 302) -> web.Page:
    client = web.signed_in(OFFICER)
    form = web.read(client, f"/assignments/{row.pk}/").form("/save_draft/")
    return web.post(client, form.action, form.values | values, status=status)


def _lines(row: Assignment) -> list[tuple[str, str, int, int]]:
    rows = FilingLine.objects.filter(filing__assignment=row)
    return list(rows.values_list("post", "project", "persons", "households"))


# --- Writing it -----------------------------------------------------------------------------------


def test_a_draft_is_kept_however_little_has_been_written(row: Assignment) -> None:
    """Nothing is reported by it: neither state nor history nor date moves."""
    before = make.events(row)
    _save(row, {"title": TEXTS["title"]})
    kept = _page(row).form("/save_draft/").values
    assert (kept["title"], kept["resources"]) == (TEXTS["title"], "")
    _save(row, TEXTS | _line(0, "服饰加工", "扶贫卫星工厂", "60", "55"))
    kept = _page(row).form("/save_draft/").values
    assert {name: kept[name] for name in TEXTS} == TEXTS
    assert (kept["post0"], kept["persons0"]) == ("服饰加工", "60")
    assert make.events(row) == before
    assert make.fresh(row).state == "in_progress"
    assert make.deadline(row).status == "armed"


def test_there_is_always_an_empty_row_and_as_many_as_were_sent_are_kept(row: Assignment) -> None:
    assert [name for name in _page(row).form("/save_draft/").values if name.startswith("post")] == [
        f"post{number}" for number in range(5)
    ]
    many: dict[str, str] = {}
    for number in range(8):
        many |= _line(number, f"岗位{number}", "项目", str(number), "1")
    _save(row, many)
    assert [line[0] for line in _lines(row)] == [f"岗位{number}" for number in range(8)]
    values = _page(row).form("/save_draft/").values
    assert values["post7"] == "岗位7"
    assert values["post8"] == ""
    # A row that has been emptied is gone, and the others keep their order.
    _save(row, _line(3))
    assert [line[0] for line in _lines(row)] == [f"岗位{number}" for number in range(8) if number != 3]


def test_a_character_no_database_takes_is_left_out(row: Assignment) -> None:
    _save(row, _line(0, "护\x00边员", "边境管护", "13", "12"))
    assert _lines(row) == [("护边员", "边境管护", 13, 12)]


def test_digits_as_a_chinese_keyboard_writes_them_are_numbers(row: Assignment) -> None:
    _save(row, _line(0, "护边员", "边境管护", "１３", " 12 "))
    assert _lines(row) == [("护边员", "边境管护", 13, 12)]


@pytest.mark.parametrize(
    "wrong",
    [
        _line(1, "护林员", "生态护林", "二十", "20"),
        _line(1, "护林员", "生态护林", "-1", "20"),
        _line(1, "护林员", "生态护林", "1.5", "20"),
        _line(1, "护林员", "生态护林", "1e3", "20"),
        _line(1, "护林员", "生态护林", "", "20"),
        _line(1, "护林员", "", "20", "20"),
        _line(1, "", "生态护林", "20", "20"),
        _line(1, "护林员", "生态护林", "20", "99999999"),
        _line(1, "护林员", "生态护林", "9" * 5000, "1"),
        _line(1, "护林员"),
    ],
    ids=["word", "negative", "fraction", "float", "empty", "no project", "no post", "huge", "endless", "half"],
)
def test_a_row_that_is_wrong_is_named_and_everything_typed_stays(wrong: dict[str, str], row: Assignment) -> None:
    good = _line(0, "服饰加工", "扶贫卫星工厂", "60", "55")
    before = web.written()
    page = _save(row, TEXTS | good | wrong, status=422)
    assert web.written() == before, "not even the rows that were right"
    form = page.form("/save_draft/")
    assert "2" in form.flash
    assert "1" not in form.flash.replace("1,000,000", "").replace("1000000", "")
    typed = TEXTS | good | wrong
    assert {name: form.values[name] for name in typed} == typed


def test_what_was_typed_is_shown_as_words(row: Assignment) -> None:
    bad = _line(0, SCRIPT, SCRIPT, "1", "1")
    _save(row, dict.fromkeys(TEXTS, SCRIPT) | bad)
    pages = [
        _page(row),
        _page(row, KEEPER),
        web.read(web.signed_in(OFFICER), f"/filings/{row.pk}/print/"),
        web.read(web.signed_in(OFFICER), "/filings/"),
        _save(row, bad | _line(1, SCRIPT, "", "x", "x"), status=422),
    ]
    for page in pages:
        assert "<script>alert" not in page.html
    assert _page(row).form("/save_draft/").values["post0"] == SCRIPT
    assert SCRIPT in pages[2].text


def test_a_draft_sent_after_the_paper_has_left_keeps_its_words(row: Assignment) -> None:
    client = web.signed_in(OFFICER)
    form = web.read(client, f"/assignments/{row.pk}/").form("/save_draft/")
    make.sent_up(row, EARLIER)
    before = web.written()
    late = TEXTS | _line(0, "迟到的岗位", "项目", "1", "1")
    page = web.post(client, form.action, form.values | late, status=409)
    assert web.written() == before
    kept = page.form("/save_draft/").values
    assert {name: kept[name] for name in late} == late
    # Opened afresh, the paper is read only.
    assert "save_draft" not in str(_page(row).forms)


def test_an_unfinished_plan_cannot_be_sent_up_and_the_page_says_what_is_missing(row: Assignment) -> None:
    _save(row, {"title": TEXTS["title"], "industry": TEXTS["industry"]})
    client = web.signed_in(OFFICER)
    form = web.read(client, f"/assignments/{row.pk}/").form("/send_up/")
    page = web.post(client, form.action, form.values | {"result": "现报备案。"}, status=422)
    again = page.form("/send_up/")
    with override("zh-hans"):
        named = {name: gettext(f"{name} examined") in again.flash for name in ("resources", "industry", "employment")}
        assert gettext("posts, projects and households") in again.flash
    assert named == {"resources": True, "industry": False, "employment": True}
    assert again.values["result"] == "现报备案。"
    assert make.fresh(row).state == "in_progress"


def test_a_site_nobody_has_named_yet_cannot_be_filed(issued: Plan) -> None:
    row = make.in_hand(make.row("filing/654226/待确认"), EARLIER)
    client = web.signed_in("和布克赛尔县·经办人")
    form = web.read(client, f"/assignments/{row.pk}/").form("/send_up/")
    page = web.post(client, form.action, form.values | {"result": "现报备案。"}, status=422)
    assert page.form("/send_up/").flash


# --- Checking it ----------------------------------------------------------------------------------


def _checks(page: web.Page) -> list[str]:
    """What each receiver has said, side by side: the keeper first."""
    side = next(part for part in page.all("div", cls="side") if part.all("b"))
    return [part.text for part in side.children if isinstance(part, web.Element)]


def _check(row: Assignment, who: str, values: dict[str, str]) -> None:
    client = web.signed_in(who)
    form = web.read(client, f"/assignments/{row.pk}/").form("/check_form/")
    web.post(client, form.action, form.values | values)


def test_both_receivers_check_side_by_side_and_gaps_come_back_as_one_list(row: Assignment) -> None:
    row = make.handed_in(row, EARLIER)
    for who in (KEEPER, RECEIVER, OFFICER, make.SUPERVISOR):
        keeper, receiver = _checks(_page(row, who))
        assert keeper.startswith("地区发展改革委")
        assert receiver.startswith("地区人力资源社会保障局")
    _check(row, KEEPER, {"outcome": "gaps", "gaps": "缺岗位来源。"})
    page = _page(row, RECEIVER)
    keeper, receiver = _checks(page)
    assert KEEPER in keeper
    assert KEEPER not in receiver
    assert "缺岗位来源。" in page.one(cls="gaps").text
    assert make.fresh(row).state == "submitted", "the other has its say first"
    _check(row, RECEIVER, {"outcome": "complete"})
    row = make.fresh(row)
    assert (row.state, row.round) == ("in_progress", 2)
    assert "缺岗位来源。" in _page(row).text

    # Put right, it goes back to the one who found the gap, and to nobody else.
    row = make.handed_in(row, EARLIER)
    assert _page(row, KEEPER).acts == {"check_form"}
    assert _page(row, RECEIVER).acts == set()
    _check(row, KEEPER, {"outcome": "complete"})
    assert make.fresh(row).state == "accepted"


def test_a_receiver_cannot_check_twice_or_for_the_other(row: Assignment) -> None:
    row = make.handed_in(row, EARLIER)
    _check(row, KEEPER, {"outcome": "complete"})
    before = web.written()
    web.post(web.signed_in(KEEPER), f"/assignments/{row.pk}/check_form/", {"outcome": "complete"}, status=404)
    assert web.written() == before


def test_the_number_and_the_receipt_appear_when_both_have_found_it_complete(row: Assignment) -> None:
    url = f"/filings/{row.pk}/print/"
    row = make.in_hand(row, EARLIER)
    title = row.filing.title
    page = web.read(web.signed_in(OFFICER), url)
    assert len(page.all("article")) == 1
    assert page.one("article").one("h1").text == title
    assert "服饰加工" in page.text
    row = make.handed_in(row, EARLIER)
    _check(row, RECEIVER, {"outcome": "complete"})
    assert len(web.read(web.signed_in(OFFICER), url).all("article")) == 1
    _check(row, KEEPER, {"outcome": "complete"})
    number = make.fresh(row).filing.number
    for who in (OFFICER, KEEPER, RECEIVER, make.INSPECTOR):
        receipt, plan = web.read(web.signed_in(who), url).all("article")
        assert str(number) in receipt.text
        assert "2019年6月3日" in receipt.text
        assert row.unit.name in receipt.text
        assert plan.one("h1").text == title
    listed = web.read(web.signed_in(OFFICER), "/filings/")
    assert [link.text for link in listed.all("a", href=url)] == [number]


def test_the_list_counts_what_has_been_filed(lived: Plan) -> None:
    page = web.read(web.signed_in(KEEPER), "/filings/")
    rows = Assignment.objects.filter(step__kind="filing")
    done, counted = rows.filter(state__in=["accepted", "closed"]).count(), rows.exclude(state="cancelled").count()
    assert f"{done}" in page.one(cls="headline").text
    assert f"{counted}" in page.one(cls="headline").text
    shown = [link.text for link in page.all("section")[0].all("a", cls="ttl")]
    assert sorted(shown) == sorted(row.site.name for row in rows.select_related("site") if row.site)
    county = web.read(web.signed_in("塔城市·经办人"), "/filings/")
    assert [link.text for link in county.all("section")[0].all("a", cls="ttl")] == ["二工镇"]


def test_filings_are_numbered_one_by_one(issued: Plan) -> None:
    rows = [make.accepted(make.row(f"filing/654221/{site}"), EARLIER) for site in ("喀拉也木勒镇", "杰勒阿尕什镇")]
    numbers = [row.filing.number for row in rows]
    assert len(set(numbers)) == 2
    assert ["1" in (numbers[0] or ""), "2" in (numbers[1] or "").replace("2019", "")] == [True, True]


def test_the_leader_can_read_the_paper_before_signing_it_off(row: Assignment) -> None:
    make.drafted(row, EARLIER, **TEXTS, lines=[actions.Line("服饰加工", "扶贫卫星工厂", 60, 55)])
    actions.send_up(row, by=make.person(OFFICER), now=EARLIER, result="现报备案。")
    page = _page(row, LEADER)
    assert page.acts >= {"sign_off", "hand_back"}
    for words in ("草畜资源。", "服饰加工", "扶贫卫星工厂", "60", "55"):
        assert words in page.text


def test_until_it_is_reported_the_paper_is_the_units_own(row: Assignment) -> None:
    url = f"/filings/{row.pk}/print/"
    others = (KEEPER, RECEIVER, make.SUPERVISOR, make.INSPECTOR, make.PREFECTURE_LEADER)

    def read_by(who: str, words: str) -> list[bool]:
        client = web.signed_in(who)
        return [words in client.get(page).content.decode() for page in (f"/assignments/{row.pk}/", url)]

    make.drafted(row, EARLIER, **(TEXTS | {"title": "第一稿"}), lines=[actions.Line("绣娘", "扶贫卫星工厂", 60, 55)])
    for words in ("第一稿", TEXTS["industry"], "绣娘"):
        assert read_by(OFFICER, words) == [True, True]
        assert {who: read_by(who, words) for who in others} == {who: [False, False] for who in others}
    assert "第一稿" not in web.read(web.signed_in(make.SUPERVISOR), "/filings/").text
    assert "第一稿" in web.read(web.signed_in(OFFICER), "/filings/").text

    actions.send_up(row, by=make.person(OFFICER), now=EARLIER, result="现报备案。")
    assert read_by(KEEPER, "第一稿") == [False, False], "not before its own leader has signed it off"
    actions.sign_off(make.fresh(row), by=make.person(LEADER), now=EARLIER)
    for who in others:
        assert read_by(who, "绣娘") == [True, True]

    # Returned, the unit works on it anew; the others go on reading what was reported.
    for who in (KEEPER, RECEIVER):
        _check(row, who, {"outcome": "gaps", "gaps": "缺岗位来源。"})
    make.drafted(make.fresh(row), EARLIER, **(TEXTS | {"title": "第二稿"}))
    for who in others:
        assert (read_by(who, "第一稿"), read_by(who, "第二稿")) == ([True, True], [False, False])
    assert read_by(OFFICER, "第二稿") == [True, True]


def test_history_says_what_a_receiver_found_and_who_was_named_as_what(row: Assignment) -> None:
    row = make.handed_in(row, EARLIER)
    _check(row, KEEPER, {"outcome": "gaps", "gaps": "缺岗位来源。"})
    _check(row, RECEIVER, {"outcome": "complete"})
    lines = [line.text for line in _page(row).all("ul", cls="feed")[0].all("li")]
    checked = [line for line in lines if str(Event.Kind.FORM_CHECKED.label) in line]
    for code, line in zip(("complete", "gaps"), checked, strict=True):
        assert str(FormCheck.Outcome(code).label) in line
    assert any(f"经办人：{OFFICER}" in line and f"分管领导：{LEADER}" in line for line in lines)
