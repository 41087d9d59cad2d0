"""The board: every number counted again here by hand, the lights' precedence, the time axis measured."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

import pytest

from bureaus import calendars, clock
from bureaus.models import Bureau, Membership, User
from measures.models import Assignment, Deadline, Measure, Plan, Responsibility
from tests import make
from tests.make import at
from tests.pages import web
from workflows import actions

TODAY = date(2019, 8, 20)
SUPERVISOR = make.SUPERVISOR


def _light(row: Assignment, today: date = TODAY) -> str:
    """What light a row has, from its dates alone, in the order the plan of this product says."""
    if row.state in ("accepted", "closed"):
        return "done"
    dates = Deadline.objects.filter(assignment=row, status="armed")
    days = calendars.days_for(row.unit)
    mains = [deadline for deadline in dates if deadline.kind == "main"]
    if any(deadline.due_on < today for deadline in mains):
        return "red"
    if any(deadline.kind == "checkup" and deadline.due_on < today for deadline in dates):
        return "amber"
    for deadline in mains:
        left, soon = deadline.due_on, today
        for _day in range(3):
            soon = days.shift(soon, 1)
        if left <= soon:
            return "amber"
        term = (deadline.due_on - deadline.starts_on).days
        passed = (today - deadline.starts_on).days * 100 // term
        if days.between(deadline.starts_on, deadline.due_on) > 60 and passed - row.progress >= 10:
            return "amber"
    if mains or row.state == "submitted":
        return "green"
    return "grey"


def _board(who: str = SUPERVISOR) -> web.Page:
    return web.read(web.signed_in(who), "/board/")


def _matrix(page: web.Page) -> dict[str, list[str]]:
    """unit → its cells as "lead red", "sup green" or nothing; the last is how much of it is overdue."""
    table = page.one("table", cls="mx")
    found = {}
    for row in table.one("tbody").all("tr"):
        cells = row.all("td")
        shown = [" ".join(cell.all("a")[0].classes[1:]) if cell.all("a", cls="c") else "" for cell in cells[1:-1]]
        found[cells[0].text] = [*shown, cells[-1].text]
    return found


def test_every_cell_shows_the_worst_light_of_its_rows(lived: Plan) -> None:
    rows = Assignment.objects.exclude(state="cancelled").select_related("unit", "measure")
    lights = defaultdict(list)
    for row in rows:
        lights[str(row.unit), row.measure.number if row.measure else 0].append(_light(row))
    leads = {
        (str(found.bureau), found.measure.number)
        for found in Responsibility.objects.filter(kind="lead").select_related("bureau", "measure")
    }
    wanted = {}
    for unit in {str(row.unit) for row in rows}:
        cells = []
        for number in [1, 2, 3, 4, 5, 6, 7, 0]:
            held = lights[unit, number]
            worst = next((light for light in ("red", "amber", "green", "grey", "done") if light in held), "")
            cells.append(f"{'lead' if (unit, number) in leads else 'sup'} {worst}" if worst else "")
        red = sum(light == "red" for number in range(8) for light in lights[unit, number])
        wanted[unit] = [*cells, str(red)]
    assert _matrix(_board()) == wanted
    assert Counter(cell.split()[-1] for cells in wanted.values() for cell in cells[:-1] if cell)["red"] >= 2


def test_the_numbers_on_top_are_those_of_the_rows(lived: Plan) -> None:
    rows = list(Assignment.objects.exclude(state="cancelled").select_related("unit"))
    lights = Counter(_light(row) for row in rows)
    closed = ("accepted", "closed")
    first = Deadline.objects.filter(kind="main", round=1)
    met = [row for row in first if row.status == "met" and row.met_at]
    in_time = sum(clock.local_date(row.met_at) <= row.due_on for row in met if row.met_at)
    late = len(met) - in_time + sum(row.status == "armed" and row.due_on < TODAY for row in first)
    page = _board()
    kpis = [part.one(cls="n").text for part in page.all(cls="kpi")]
    assert kpis[0].startswith(f"{sum(row.state not in closed for row in rows)} ")
    assert kpis[1].startswith(f"{lights['red']} ")
    assert kpis[2].startswith(f"{lights['amber']} ")
    assert kpis[3].split()[0] == f"{in_time}"
    assert f"{late}" in kpis[3].split("/")[1]
    assert kpis[4].startswith(f"{sum(row.state in closed for row in rows)} ")
    overdue = Deadline.objects.filter(status="armed", due_on__lt=TODAY).count()
    listed = page.all("section")[0]
    said = listed.one(cls="sub").text
    assert f"{overdue}" in said
    # What the red number above counts, and what the list holds besides.
    kinds = Counter(row.get_kind_display() for row in Deadline.objects.filter(status="armed", due_on__lt=TODAY))
    assert len(kinds) > 1
    assert all(f"{kind} {count}" in said for kind, count in kinds.items())
    assert kinds["办理"] == lights["red"]
    assert len(listed.one("tbody").all("tr")) == min(8, overdue)


def test_a_row_put_right_changes_every_place_that_counts_it(lived: Plan) -> None:
    before = _matrix(_board())
    row = make.row("survey/654226")
    assert before["和布克赛尔县"][0] == "sup red"
    make.handed_in(row, clock.now())
    after = _matrix(_board())
    assert after["和布克赛尔县"][0] == "sup green"
    assert int(after["和布克赛尔县"][-1]) == int(before["和布克赛尔县"][-1]) - 1
    assert {unit: cells for unit, cells in after.items() if unit != "和布克赛尔县"} == {
        unit: cells for unit, cells in before.items() if unit != "和布克赛尔县"
    }


def test_a_number_leads_to_the_rows_it_counts(lived: Plan) -> None:
    client = web.signed_in(SUPERVISOR)
    page = _board()
    for row in page.one("table", cls="mx").one("tbody").all("tr"):
        counted = row.all("td")[-1]
        for link in counted.links:
            shown = web.read(client, link)
            assert len(shown.one("tbody").all("tr")) == int(counted.text)
    heads = page.one("table", cls="mx").one("thead").links
    assert [link.split("/")[-2] for link in heads] == list("1234567")


def test_a_cell_opens_the_rows_behind_it_and_no_others(lived: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    for row in _board(make.INSPECTOR).one("table", cls="mx").one("tbody").all("tr"):
        name, *cells, _overdue = row.all("td")
        mine = Assignment.objects.filter(unit__short_name=name.text).exclude(state="cancelled")
        behind = {f"/assignments/{pk}/" for pk in mine.values_list("pk", flat=True)}
        assert _listed(client, name.links[0]) == behind
        for number, cell in zip([1, 2, 3, 4, 5, 6, 7, None], cells, strict=True):
            wanted = {f"/assignments/{found.pk}/" for found in mine.filter(measure__number=number)}
            assert (_listed(client, cell.links[0]) if cell.links else set()) == wanted


def _listed(client: web.Client, url: str) -> set[str]:
    """The tasks a page lists; the most urgent must come first."""
    table = web.read(client, url).one("table", cls="rows").one("tbody")
    lights = [lamp.classes[1] for lamp in table.all(cls="light")]
    assert lights == sorted(lights, key=["red", "amber", "green", "grey", "done"].index)
    return {link for link in table.links if link.startswith("/assignments/")}


def test_the_rows_of_a_unit_are_its_own_and_its_reviewers(lived: Plan) -> None:
    url = "/plans/tacheng-2019/units/654224/"
    assert _listed(web.signed_in("托里县·经办人"), url)
    assert web.signed_in("塔城市·经办人").get(url).status_code == 404
    assert web.signed_in(make.AUDITOR).get(url).status_code == 404
    # A bureau sees of a county what it leads or reviews, as everywhere.
    led = _listed(web.signed_in("人社局·经办人"), url)
    assert led
    assert led < _listed(web.signed_in(SUPERVISOR), url)
    assert web.read(web.signed_in(SUPERVISOR), url + "?measure=99").one(cls="empty")


def test_every_post_that_sees_the_board_sees_the_same(lived: Plan) -> None:
    seen = [_matrix(_board(who)) for who in (SUPERVISOR, make.INSPECTOR, make.PREFECTURE_LEADER)]
    assert seen[0] == seen[1] == seen[2]


# --- Lights ---------------------------------------------------------------------------------------


def _lamp(row: Assignment, now: datetime) -> str:
    with clock.standing_at(now):
        page = web.read(web.signed_in(SUPERVISOR), f"/assignments/{row.pk}/")
    return page.one(cls="headline").one(cls="light").classes[1]


@pytest.fixture
def row(issued: Plan) -> Assignment:
    return make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))


def test_the_light_of_one_task_through_its_life(row: Assignment) -> None:
    assert _lamp(row, at(2019, 7, 25, 12)) == "green"
    assert _lamp(row, at(2019, 7, 26, 0)) == "amber", "three working days are left"
    assert _lamp(row, at(2019, 7, 31, 23, 59)) == "amber"
    assert _lamp(row, at(2019, 8, 1, 0)) == "red"
    row = make.handed_in(row, at(2019, 8, 1, 10))
    assert _lamp(row, at(2019, 8, 5, 10)) == "green", "the reviewer's time is the reviewer's"
    make.accepted(row, at(2019, 8, 6, 10))
    assert _lamp(row, at(2019, 9, 1, 10)) == "done"


def test_red_stands_before_yellow(issued: Plan) -> None:
    """A date missed, a checkup missed and a schedule missed at once: red."""
    row = make.signed(make.row("m3-workshops/654224"), at(2019, 6, 3, 9))
    assert {deadline.kind for deadline in row.deadlines.filter(status="armed")} == {"main", "checkup"}
    assert _lamp(row, at(2021, 1, 4, 9)) == "red"
    assert _lamp(row, at(2020, 1, 6, 9)) == "amber", "the year's checkup is past"


def test_a_missed_checkup_of_endless_work_is_yellow_and_never_red(issued: Plan) -> None:
    row = make.signed(make.row("m7-watch/land"), at(2019, 6, 3, 9))
    checkup = make.deadline(row, "checkup").due_on
    assert _lamp(row, clock.start_of(checkup)) == "grey"
    assert _lamp(row, clock.start_of(checkup + timedelta(days=1))) == "amber"
    assert _lamp(row, at(2025, 1, 1)) == "amber"


def test_an_unsigned_receipt_is_no_red_light(issued: Plan) -> None:
    row = make.row("m3-workshops/654224")
    assert make.deadline(row, "receipt").due_on == date(2019, 6, 3)
    assert _lamp(row, at(2019, 6, 10, 9)) == "green"


def test_suspended_work_has_no_light_of_its_own(row: Assignment) -> None:
    actions.suspend(row, by=make.person(SUPERVISOR), now=at(2019, 6, 3, 10), reason="待批。")
    assert _lamp(row, at(2019, 9, 1)) == "grey"


# --- The time axis --------------------------------------------------------------------------------


def _number(element: web.Element, name: str) -> float:
    return float(element.attrs[name])


def _chart(url: str) -> web.Element:
    return web.read(web.signed_in(SUPERVISOR), url).one("svg", cls="gantt")


@pytest.mark.parametrize("url", ["/board/", "/plans/tacheng-2019/"])
def test_every_bar_begins_and_ends_on_its_days(url: str, lived: Plan) -> None:
    svg = _chart(url)
    measures = list(Measure.objects.order_by("number"))
    bars = [rect for rect in svg.all("rect") if rect.attrs.get("opacity") == ".18"]
    assert len(bars) == len(measures) == 7
    # Two known days fix the scale: measure two begins on 1 January 2019 and ends on 31 December 2020.
    known = bars[1]
    left, width = _number(known, "x"), _number(known, "width")
    scale = width / (date(2020, 12, 31) - date(2019, 1, 1)).days

    def x(day: date) -> float:
        return left + (day - date(2019, 1, 1)).days * scale

    for measure, bar in zip(measures, bars, strict=True):
        begins, ends = measure.starts_on or date(2019, 6, 1), measure.due_on or date(2020, 12, 31)
        assert _number(bar, "x") == pytest.approx(x(begins), abs=0.6)
        assert _number(bar, "x") + _number(bar, "width") == pytest.approx(x(ends), abs=0.6)
        assert ("stroke-dasharray" in bar.attrs) == (measure.due_on is None)
    rows = {_number(bar, "y") for bar in bars}
    assert len(rows) == 7

    # The dark part is the mean progress reported, and never longer than the bar.
    for measure, bar in zip(measures, bars, strict=True):
        (dark,) = [r for r in svg.all("rect") if r.attrs["y"] == bar.attrs["y"] and "opacity" not in r.attrs]
        parts = list(Assignment.objects.filter(measure=measure).exclude(state="cancelled"))
        mean = sum(part.progress for part in parts) // len(parts)
        assert _number(dark, "width") == pytest.approx(_number(bar, "width") * mean / 100, abs=0.6)
        assert dark.attrs["class"] == bar.attrs["class"]

    # Today's line crosses what is running, right of what is past.
    (line,) = [found for found in svg.all("line") if found.attrs["stroke"] == "#124a8a"]
    today = _number(line, "x1")
    assert line.attrs["x1"] == line.attrs["x2"]
    assert today == pytest.approx(x(TODAY), abs=0.6)
    for measure, bar in zip(measures, bars, strict=True):
        right = _number(bar, "x") + _number(bar, "width")
        assert (today > right) == (measure.due_on is not None and measure.due_on < TODAY)
        assert today > _number(bar, "x")
    # 15 August lies a little before it.
    flag = next(found for found in svg.all("path") if found.attrs["fill"] == "#b4232a")
    moved = float(flag.attrs["transform"].removeprefix("translate(").split()[0])
    assert moved == pytest.approx(x(date(2019, 8, 15)), abs=0.6)

    _x, _y, wide, high = (float(number) for number in svg.attrs["viewbox"].split())
    for found in svg.walk():
        if "x" in found.attrs:
            assert 0 <= _number(found, "x") <= wide
        if "y" in found.attrs:
            assert 0 <= _number(found, "y") <= high


def test_the_bars_have_the_light_of_their_worst_row(lived: Plan) -> None:
    bars = [rect for rect in _chart("/board/").all("rect") if rect.attrs.get("opacity") == ".18"]
    for measure, bar in zip(Measure.objects.order_by("number"), bars, strict=True):
        held = [_light(row) for row in Assignment.objects.filter(measure=measure).exclude(state="cancelled")]
        worst = next(light for light in ("red", "amber", "green", "grey", "done") if light in held)
        assert bar.attrs["class"] == f"g-{worst}"


def test_a_day_outside_the_axis_stays_on_its_edge(lived: Plan) -> None:
    for now in (at(2017, 1, 1), at(2023, 1, 1)):
        with clock.standing_at(now):
            svg = _chart("/board/")
        (line,) = [found for found in svg.all("line") if found.attrs["stroke"] == "#124a8a"]
        assert 190 <= _number(line, "x1") <= 1300


def test_before_a_plan_is_loaded_every_page_opens_and_says_so(db: None) -> None:
    office = Bureau.objects.create(code="supervision", name="督查室", short_name="督查室", level="organ")
    user = User.objects.create(username="督查人员")
    for role in ("supervisor", "inspector", "auditor"):
        Membership.objects.create(user=user, bureau=office, role=role)
    client = web.signed_in(user)
    for url in ("/", "/review/", "/board/", "/overdue/", "/filings/", "/monthly/", "/slips/", "/notices/", "/log/"):
        assert web.read(client, url).one("main").all(cls="empty"), url
    assert client.get("/overdue/export.xlsx").status_code == 200
