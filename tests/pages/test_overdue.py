"""The overdue list: each row once and in order whatever happens meanwhile, its filters, its Excel file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from openpyxl import Workbook, load_workbook

from bureaus import clock
from measures.models import Assignment, Deadline, Measure, Plan
from tests import make
from tests.make import at
from tests.pages import web
from workflows import actions, overdue
from workflows.models import Slip

NOW = at(2019, 8, 20, 9)
TODAY = date(2019, 8, 20)


@pytest.fixture
def stage(tacheng: Plan) -> Iterator[Plan]:
    """Nobody has done anything since 1 June: some two hundred dates are past."""
    with clock.standing_at(NOW):
        yield tacheng


def _past() -> list[Deadline]:
    """What is past and not met, by hand: every armed date before today, the oldest first."""
    rows = Deadline.objects.filter(status="armed").select_related("assignment__measure", "unit", "assignment__step")
    return sorted((row for row in rows if row.due_on < TODAY), key=lambda row: (row.due_on, row.pk))


Line = tuple[str, str, str, str]  # title, unit, kind, due


def _lines(page: web.Page) -> list[Line]:
    found = []
    for row in page.one("tbody").all("tr") if page.all("tbody") else []:
        cells = row.all("td")
        found.append((row.all("a", cls="ttl")[0].attrs["href"], *(_first(cells[place]) for place in (2, 3, 4))))
    return found  # type: ignore[return-value]


def _first(cell: web.Element) -> str:
    return next(child.strip() for child in cell.children if isinstance(child, str) and child.strip())


def _wanted(rows: list[Deadline]) -> list[Line]:
    return [
        (f"/assignments/{row.assignment_id}/", str(row.unit), str(row.get_kind_display()), f"{row.due_on}")
        for row in rows
    ]


def _walk(client: web.Client, url: str = "/overdue/") -> Iterator[web.Page]:
    """Page by page by the link at the foot, as a reader goes."""
    while url:
        page = web.read(client, url)
        yield page
        further = [link for link in page.one(cls="pager").links if "after=" in link] if page.all(cls="pager") else []
        url = f"/overdue/{further[0]}" if further else ""


@pytest.fixture
def reader(stage: Plan) -> web.Client:
    return web.signed_in(make.INSPECTOR)


def test_every_row_stands_on_one_page_and_in_order(reader: web.Client) -> None:
    pages = list(_walk(reader))
    assert [len(_lines(page)) for page in pages[:-1]] == [50] * (len(pages) - 1)
    assert len(pages) > 3
    shown = [line for page in pages for line in _lines(page)]
    assert shown == _wanted(_past())
    assert all(f"{len(shown)}" in page.one("section", cls="panel").one(cls="sub").text for page in pages)
    first, second = pages[0], pages[1]
    assert [link for link in first.one(cls="pager").links if "after" not in link] == []
    assert [link for link in second.one(cls="pager").links if "after" not in link] == ["?"]


def test_a_long_list_is_counted_to_a_bound_and_says_so(reader: web.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "COUNTED", 60)
    for page in _walk(reader):
        assert "超过60项" in page.one("section", cls="panel").one(cls="sub").text
    # Any unit may stand further down, so all are offered.
    offered = {option.attrs["value"] for option in page.one("select", name="unit").all("option")} - {""}
    assert {row.unit.code for row in _past()} < offered
    narrowed = web.read(reader, "/overdue/?kind=checkup")
    wanted = [row for row in _past() if row.kind == "checkup"]
    assert f"共{len(wanted)}项" in narrowed.one("section", cls="panel").one(cls="sub").text
    board = web.read(reader, "/board/")
    assert "超过60项" in board.text


def test_rows_that_come_and_go_between_two_pages_neither_hide_nor_repeat_others(reader: web.Client) -> None:
    before = _past()
    pages = _walk(reader)
    shown = _lines(next(pages))
    # Two people sign for their tasks, one on the page that was read and one on the page to come;
    # one date is moved far to the front, and one to the very end.
    for row in (before[3], before[60]):
        Deadline.objects.filter(pk=row.pk).update(status="met", met_at=NOW, next_look_at=None)
    front, end = before[70], before[80]
    Deadline.objects.filter(pk=front.pk).update(due_on=date(2019, 5, 1), due_at=at(2019, 5, 2))
    Deadline.objects.filter(pk=end.pk).update(due_on=date(2019, 8, 19), due_at=at(2019, 8, 20))
    for page in pages:
        shown += _lines(page)
    keys = [line[0] + line[2] + line[1] for line in shown]
    assert len(keys) == len(set(keys)), "shown twice"
    gone = {before[60].pk, front.pk}
    assert len(shown) == len(before) - len(gone), "what stood further on and still stands there is shown"
    assert [line[3] for line in shown[50:]] == sorted(line[3] for line in shown[50:])
    assert shown[-1][0] == f"/assignments/{end.assignment_id}/"


@pytest.mark.parametrize(
    "cursor",
    ["x", "-", "1-2-3", "1565740800", "abc-def", "-5-7", "1e9-3", "9" * 30 + "-1", "1-" + "9" * 30, "0-" + "9" * 5000]
    + ["'; DROP TABLE--1", "１-２", "\x00-1"],
)
def test_a_damaged_link_opens_the_list_somewhere_and_never_breaks(cursor: str, reader: web.Client) -> None:
    web.read(reader, "/overdue/?" + urlencode({"after": cursor}))


@pytest.mark.parametrize(
    "query",
    [
        {"unit": "no-such"},
        {"measure": "99"},
        {"measure": "x"},
        {"measure": "9" * 30},
        {"kind": "no-such"},
        {"min_days": "-1"},
        {"min_days": "9" * 30},
        {"min_days": "viel"},
        {"unit": "654224' OR 1=1"},
        {"unit": "6542\x0024"},
        {"late": "5"},
        {"late": "21-' OR 1=1"},
        {"slip": "maybe"},
        {"county": "hrss"},
        {"county": "6542\x0024"},
        {"county": "654224' OR 1=1"},
    ],
)
def test_filters_nobody_offers_never_break(query: dict[str, str], reader: web.Client) -> None:
    web.read(reader, "/overdue/?" + urlencode(query))
    assert reader.get("/overdue/export.xlsx?" + urlencode(query)).status_code == 200


def _has_slip(row: Deadline) -> bool:
    """One that an inspector sees on the row: of the work itself, and not one that was not issued after all."""
    return row.kind == "main" and any(slip.state != "dismissed" for slip in row.assignment.slips.all())


def _fits(row: Deadline, query: dict[str, str]) -> bool:
    measure = row.assignment.measure
    days = (TODAY - row.due_on).days
    least, _dash, most = query.get("late", "1-").partition("-")
    return (
        int(least) <= days <= int(most or 9999)
        and ("slip" not in query or _has_slip(row) == (query["slip"] == "with"))
        and query.get("unit", row.unit.code) == row.unit.code
        and query.get("county", row.assignment.unit.code) == row.assignment.unit.code
        and query.get("kind", row.kind) == row.kind
        and ("measure" not in query or query["measure"] == (str(measure.number) if measure else "0"))
        and (TODAY - row.due_on).days >= int(query.get("min_days", 0))
    )


FILTERS = [
    {"unit": "654224"},
    {"county": "654224"},
    {"county": "654224", "kind": "receipt", "measure": "6"},
    {"measure": "1"},
    {"measure": "0"},
    {"kind": "main"},
    {"kind": "receipt"},
    {"kind": "checkup"},
    {"min_days": "5"},
    {"min_days": "77"},
    {"unit": "hrss", "kind": "main"},
    {"late": "1-5"},
    {"late": "6-20"},
    {"late": "21-"},
    {"late": "6-20", "kind": "main", "county": "654226"},
    {"slip": "without", "late": "21-"},
    {"unit": "654226", "measure": "6", "kind": "receipt", "min_days": "10"},
    {"unit": "654226", "measure": "6", "min_days": "5000"},
]


@pytest.mark.parametrize("query", FILTERS, ids=[urlencode(query) for query in FILTERS])
def test_a_filter_keeps_what_it_says_on_every_page_and_in_the_file(query: dict[str, str], reader: web.Client) -> None:
    wanted = [row for row in _past() if _fits(row, query)]
    url = "/overdue/?" + urlencode(query)
    pages = list(_walk(reader, url))
    assert [line for page in pages for line in _lines(page)] == _wanted(wanted)
    assert f"{len(wanted)}" in pages[0].one("section", cls="panel").one(cls="sub").text
    # What was chosen stays chosen, and the file is of the same choice.
    for page in pages:
        for name, value in query.items():
            if name in ("kind", "late", "slip"):
                assert f"{name}={value}" in " ".join(_chosen(page))
                continue
            if name == "min_days":
                assert value in page.one(cls="links").one(cls="tag").text
                continue
            chosen = [option for option in page.one("select", name=name).all("option") if "selected" in option.attrs]
            if value in [option.attrs["value"] for option in page.one("select", name=name).all("option")]:
                assert [option.attrs["value"] for option in chosen] == [value]
        (link,) = [link for link in page.links if "export.xlsx" in link]
        assert len(_rows(_book(reader, link))) == len(wanted)


def test_every_choice_of_every_filter_leads_to_rows(reader: web.Client) -> None:
    page = web.read(reader, "/overdue/")
    rows = _past()
    units = [option.attrs["value"] for option in page.one("select", name="unit").all("option")]
    assert set(units) - {""} == {row.unit.code for row in rows}
    counties = [option.attrs["value"] for option in page.one("select", name="county").all("option")]
    assert counties == ["", *make.COUNTIES]
    measures = [option.attrs["value"] for option in page.one("select", name="measure").all("option")]
    assert measures == ["", *(str(number) for number in range(1, 8)), "0"]
    links = [link for nav in page.one(cls="links").all("nav") for link in nav.links]
    assert links == [
        *("?", "?kind=main", "?kind=receipt", "?kind=verdict", "?kind=checkup"),
        *("?", "?late=1-5", "?late=6-20", "?late=21-"),
        *("?", "?slip=with", "?slip=without"),
    ]
    assert _chosen(page) == ["?", "?", "?"]


def _chosen(page: web.Page) -> list[str]:
    """The links of the filters that say what is shown."""
    return [link.attrs["href"] for link in page.one(cls="links").all("a") if "aria-current" in link.attrs]


def test_the_day_itself_does_not_count(tacheng: Plan) -> None:
    survey = make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    url = f"/assignments/{survey.pk}/"
    client = web.signed_in(make.INSPECTOR)

    def days(now: datetime) -> str:
        with clock.standing_at(now):
            page = web.read(client, "/overdue/?kind=main&unit=654224")
        rows = [row for row in page.all("tr") if url in row.links]
        return rows[0].one(cls="days").text if rows else ""

    assert days(at(2019, 7, 31, 23, 59, 59)) == ""
    assert "1" in days(at(2019, 8, 1))
    assert "20" in days(at(2019, 8, 20, 23))


def test_how_late_is_counted_in_days_with_both_ends(tacheng: Plan) -> None:
    survey = make.row("survey/654224")
    client = web.signed_in(make.INSPECTOR)
    found = []
    for days in (1, 5, 6, 20, 21, 200):
        with clock.standing_at(at(2019, 7, 31, 9) + timedelta(days=days)):
            for band in ("1-5", "6-20", "21-"):
                page = web.read(client, f"/overdue/?kind=main&unit=654224&measure=1&late={band}")
                if any(f"/assignments/{survey.pk}/" in row.links for row in page.all("tr")):
                    found.append((days, band))
    assert found == [(1, "1-5"), (5, "1-5"), (6, "6-20"), (20, "6-20"), (21, "21-"), (200, "21-")]


def test_a_slip_is_of_the_work_and_not_of_its_receipt(stage: Plan) -> None:
    row = make.row("survey/654224")
    by = make.person(make.INSPECTOR)
    actions.propose_slip(row, by=by, now=NOW, colour=Slip.Colour.YELLOW, reason="逾期。")
    client = web.signed_in(make.INSPECTOR)
    late = [found for found in _past() if found.assignment_id == row.pk]
    assert {found.kind for found in late} == {"main", "receipt"}
    ours = "unit=654224&measure=1"
    assert _lines(web.read(client, f"/overdue/?{ours}&slip=with")) == _wanted([f for f in late if f.kind == "main"])
    without = _lines(web.read(client, f"/overdue/?{ours}&slip=without"))
    assert _wanted([f for f in late if f.kind == "receipt"])[0] in without
    assert _wanted([f for f in late if f.kind == "main"])[0] not in without


def test_only_late_work_is_red(reader: web.Client) -> None:
    page = web.read(reader, "/overdue/?kind=main")
    assert {row.classes[0] for row in page.one("tbody").all("tr")} == {"is-red"}
    for kind in ("receipt", "checkup"):
        page = web.read(reader, f"/overdue/?kind={kind}")
        assert {row.classes[0] for row in page.one("tbody").all("tr")} == {"is-amber"}
        assert page.one("tbody").all(cls="red") == []


def test_a_verdict_given_late_is_the_reviewers(stage: Plan) -> None:
    row = make.handed_in(make.row("survey/654224"), at(2019, 8, 12, 9))
    verdict = make.deadline(row, "verdict", unit="hrss")
    assert verdict.due_on == date(2019, 8, 15)
    page = web.read(web.signed_in("人社局·经办人"), "/overdue/?kind=verdict")
    assert _lines(page) == _wanted([verdict])
    assert "人社局" in page.one("tbody").text


def test_a_countys_work_is_found_also_where_somebody_else_is_late_with_it(stage: Plan) -> None:
    """The bureau's verdict on 托里县's survey is late: not the county's lateness, but its work."""
    verdict = make.deadline(make.handed_in(make.row("survey/654224"), at(2019, 8, 12, 9)), "verdict", unit="hrss")
    office = web.signed_in(make.SUPERVISOR)
    page = web.read(office, "/overdue/?county=654224&kind=verdict")
    assert _lines(page) == _wanted([verdict])
    assert "托里县" in page.one("tbody").all("td")[2].text, "whose work it is stands beside who is late"
    for query in ("unit=654224&kind=verdict", "county=654225&kind=verdict", "county=hrss&kind=verdict"):
        assert _lines(web.read(office, f"/overdue/?{query}")) == [], query
    (line,) = _rows(_book(office, "/overdue/export.xlsx?county=654224&kind=verdict"))
    assert [line[4], line[5]] == [verdict.unit.name, make.bureau("654224").name]


def test_a_unit_is_offered_the_counties_whose_work_it_sees(stage: Plan) -> None:
    def offered(who: str) -> list[str]:
        page = web.read(web.signed_in(who), "/overdue/")
        return [option.attrs["value"] for option in page.one("select", name="county").all("option")]

    assert offered("托里县·经办人") == ["", "654224"]
    assert offered("人社局·经办人") == ["", *make.COUNTIES]


def test_slips_are_seen_by_those_who_may_read_them(lived: Plan) -> None:
    survey = f"/assignments/{make.row('survey/654226').pk}/"
    filing = f"/assignments/{make.row('filing/654224/乌雪特乡').pk}/"

    def tags(who: str, url: str) -> int:
        page = web.read(web.signed_in(who), "/overdue/")
        return sum(len(row.all("a", cls="tag")) for row in page.all("tr") if url in row.links)

    assert tags(make.INSPECTOR, survey) == tags(make.INSPECTOR, filing) == 1
    assert tags("和布克赛尔县·经办人", survey) == 1
    assert tags("托里县·经办人", filing) == 0, "only proposed: the unit has not been sent it"
    assert tags("人社局·经办人", survey) == 0, "sent to the county, not to the lead"

    # With a slip or without one, the two halves are the whole, and each reader's own.
    for who in (make.INSPECTOR, "托里县·经办人"):
        client = web.signed_in(who)
        everything = sum(len(_lines(page)) for page in _walk(client))
        found = [list(_walk(client, f"/overdue/?slip={which}")) for which in ("with", "without")]
        rows = [[row for page in pages for row in page.all("tr") if row.all("a", cls="ttl")] for pages in found]
        assert all(row.all("a", cls="tag") for row in rows[0])
        assert not any(row.all("a", cls="tag") for row in rows[1])
        assert len(rows[0]) + len(rows[1]) == everything
        assert bool(rows[0]) == (who == make.INSPECTOR)

    # The file says as much as the tag: which colour, and whether it has been issued at all.
    in_file = {row[1]: row[12] for row in _rows(_book(web.signed_in(make.INSPECTOR)))}
    for row in (make.row("survey/654226"), make.row("filing/654224/乌雪特乡")):
        slip = Slip.objects.filter(assignment=row).exclude(state="dismissed").latest("id")
        assert in_file[row.title] == f"{slip.get_colour_display()} · {slip.get_state_display()}"


# --- The file -------------------------------------------------------------------------------------


def _book(client: web.Client, url: str = "/overdue/export.xlsx") -> Workbook:
    answer = client.get(url)
    assert answer.status_code == 200
    return load_workbook(io.BytesIO(answer.content))


def _rows(book: Workbook) -> list[tuple[Any, ...]]:
    assert book.active is not None
    return list(book.active.iter_rows(min_row=4, values_only=True))


def test_the_file_opens_and_holds_the_rows_of_the_list(reader: web.Client) -> None:
    answer = reader.get("/overdue/export.xlsx")
    assert answer.headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert "2019-08-20" in disposition
    assert disposition.isascii()
    rows = _rows(load_workbook(io.BytesIO(answer.content)))
    wanted = _past()
    assert [row[0] for row in rows] == list(range(1, len(wanted) + 1))
    for row, deadline in zip(rows, wanted, strict=True):
        found = deadline.assignment
        assert row[1] == found.title
        assert row[2] == (found.measure.short_title if found.measure else None)
        assert row[3] == found.step.clause
        assert row[4] == deadline.unit.name
        assert row[8].date() == deadline.due_on
        assert row[9] == (TODAY - deadline.due_on).days


def test_where_counties_lead_nobody_else_is_called_the_lead(reader: web.Client) -> None:
    """The supervision office chases the shares of measure six; it leads no measure of the plan."""
    row = make.row("m6-share/police")
    assert str(row.lead) == "督查室"
    page = web.read(reader, "/overdue/?unit=police")
    (cell,) = [cell for cell in page.all("td") if cell.attrs.get("data-l") == "单位"]
    assert cell.text == "公安局"
    assert _rows(_book(reader, "/overdue/export.xlsx?unit=police"))[0][6] is None
    facts = web.read(reader, f"/assignments/{row.pk}/").one("aside").one("dl", cls="facts")
    assert "牵头单位" not in facts.text
    survey = web.read(reader, "/overdue/?unit=654226&measure=1")
    assert "人社局" in next(cell.text for cell in survey.all("td") if cell.attrs.get("data-l") == "单位")


def test_the_file_is_laid_out_as_offices_expect(reader: web.Client) -> None:
    sheet = _book(reader).active
    assert sheet is not None
    assert [str(area) for area in sheet.merged_cells.ranges] == ["A1:O1"]
    assert sheet["A1"].value
    assert "2019-08-20 09:00" in sheet["A2"].value
    assert sheet.freeze_panes == "A4"
    assert sheet.auto_filter.ref == f"A3:O{sheet.max_row}"
    assert sheet.print_title_rows in ("3:3", "$3:$3")
    assert sheet.page_setup.orientation == "landscape"
    assert all(sheet.cell(3, column).value for column in range(1, 16))


def test_an_empty_list_makes_a_file_too(reader: web.Client) -> None:
    book = _book(reader, "/overdue/export.xlsx?unit=no-such")
    assert _rows(book) == []
    assert book.active is not None
    assert book.active.max_row == 3


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_nothing_in_the_file_is_taken_for_a_formula(first: str, stage: Plan) -> None:
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    bad = first + "cmd|' /C calc'!A0"
    Assignment.objects.filter(pk=row.pk).update(title=bad)
    Measure.objects.filter(number=1).update(short_title=bad[:20])
    row.unit.name = bad
    row.unit.save()
    handler = make.officer_of(row.unit)
    handler.name = bad
    handler.save()
    book = _book(web.signed_in(make.INSPECTOR), "/overdue/export.xlsx?kind=main&measure=1")
    assert book.active is not None
    held = [cell for line in book.active.iter_rows(min_row=4) for cell in line if "calc" in str(cell.value)]
    assert len(held) >= 3
    assert {cell.data_type for cell in held} == {"s"}
    assert not [cell.value for cell in held if str(cell.value).startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_files_name_is_chinese_in_chinese_and_english_in_english(reader: web.Client) -> None:
    assert quote("逾期") in reader.get("/overdue/export.xlsx").headers["Content-Disposition"]
    reader.post("/language/", {"language": "en"})
    assert "overdue-2019-08-20.xlsx" in reader.get("/overdue/export.xlsx").headers["Content-Disposition"]
