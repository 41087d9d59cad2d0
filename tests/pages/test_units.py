"""A unit's dossier and offices beside their like: every number counted again from the rows themselves."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

from bureaus import calendars, clock
from bureaus.models import Bureau
from measures.models import Assignment, Deadline, Event, Extension, Plan, Responsibility
from tests import make
from tests.make import at
from tests.pages import web
from workflows import actions, league
from workflows.models import Slip

TODAY = date(2019, 8, 20)
MONTH = date(2019, 8, 1)
LEAGUE = "/plans/tacheng-2019/units/"


def _url(unit: Bureau | str, measure: int | None = None) -> str:
    code = unit if isinstance(unit, str) else unit.code
    return f"{LEAGUE}{code}/" + (f"?measure={measure}" if measure is not None else "")


def _cells(row: web.Element) -> list[str]:
    return [cell.text for cell in row.all("td")]


def _lines(page: web.Page) -> list[list[str]]:
    """The dossier's lines, the sum last."""
    table = page.one("section", cls="dossier").one("table")
    return [_cells(row) for part in ("tbody", "tfoot") for row in table.one(part).all("tr")]


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _mine(unit: Bureau, number: int | None) -> list[Assignment]:
    rows = Assignment.objects.filter(unit=unit).exclude(state="cancelled").select_related("measure", "step")
    return [row for row in rows if number is None or (row.measure.number if row.measure else 0) == number]


def _wanted(unit: Bureau, number: int | None) -> list[str]:
    """Open, overdue, done, next date, in time, extended, returned, by going through the rows one by one."""
    rows = _mine(unit, number)
    if not rows:
        return ["—"] * 7
    dates = [deadline for row in rows for deadline in row.deadlines.all()]
    late = [one for one in dates if one.kind == "main" and one.status == "armed" and one.due_on < TODAY]
    ahead = [
        one.due_on
        for one in dates
        if one.kind in ("main", "checkup") and one.status == "armed" and one.due_on >= TODAY and one.unit == unit
    ]
    first = [one for one in dates if one.kind == "main" and one.round == 1]
    met = [one for one in first if one.status == "met"]
    in_time = [one for one in met if one.met_at and clock.local_date(one.met_at) <= one.due_on]
    came = len(met) + sum(one.status == "armed" and one.due_on < TODAY for one in first)
    done = sum(row.state in ("accepted", "closed") for row in rows)
    extended = sum(Extension.objects.filter(deadline=one, state="granted").count() for one in dates)
    returned = sum(row.events.filter(kind="returned").count() for row in rows)
    return [
        f"{len(rows) - done}",
        f"{len({one.assignment_id for one in late})}",
        f"{done}",
        f"{min(ahead)}" if ahead else "—",
        f"{len(in_time)}/{came}" if came else "—",
        f"{extended}",
        f"{returned}",
    ]


def _pace(unit: Bureau, number: int | None) -> tuple[float, float] | None:
    """Mean progress and mean share of the term gone by, of running dates in terms of over sixty working days."""
    days = calendars.days_for(unit)
    found = [
        (row.progress, min(100, (TODAY - one.starts_on).days * 100 // (one.due_on - one.starts_on).days))
        for row in _mine(unit, number)
        for one in row.deadlines.all()
        if one.kind == "main" and one.status == "armed" and days.between(one.starts_on, one.due_on) > 60
    ]
    if not found:
        return None
    return sum(one for one, _two in found) / len(found), sum(two for _one, two in found) / len(found)


@pytest.fixture
def eventful(lived: Plan) -> Plan:
    """An extension granted and a slip issued besides what the demonstration has."""
    row = make.row("filing/654224/朗古特")
    extension = make.deadline(row).extensions.get()
    by = make.person(make.SUPERVISOR)
    actions.grant_extension(
        extension, by=by, now=clock.now(), to=date(2019, 8, 26), document_no="塔行督〔2019〕9号", opinion=""
    )
    slip = Slip.objects.filter(assignment=make.row("filing/654224/乌雪特乡"), state="proposed").latest("id")
    actions.issue_slip(slip, by=by, now=clock.now(), demand="请速办。", answer_by=date(2019, 8, 23))
    return lived


def test_the_dossier_counts_what_the_rows_say(eventful: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    roles = {
        (row.bureau_id, row.measure.number): row.kind for row in Responsibility.objects.select_related("measure").all()
    }
    extended, gaps = 0, 0
    for code in ("654224", "654226", "hrss", "police"):
        unit = make.bureau(code)
        shown = _lines(web.read(client, _url(unit)))
        for number, cells in zip([1, 2, 3, 4, 5, 6, 7, 0, None], shown, strict=True):
            place = (code, number)
            assert [*cells[2:6], cells[7], *cells[9:]] == _wanted(unit, number), place
            rows = _mine(unit, number)
            if number:
                role = roles.get((unit.pk, number), "support" if rows else "")
                assert cells[1].startswith({"lead": "牵头", "support": "责任", "": "—"}[role]), place
                for row in rows:
                    assert row.step.title in cells[1], place
            pace = _pace(unit, number)
            if pace is None:
                assert cells[6] == "—", place
            else:
                # Where it is as it should be, no number of points stands there.
                progress, expected, gap = (*_numbers(cells[6]), 0)[:3]
                assert abs(progress - pace[0]) <= 0.5 and abs(expected - pace[1]) <= 0.5, place
                assert gap == abs(progress - expected)
                gaps += 1
        extended += _numbers(shown[-1][9])[0]
    assert extended == Extension.objects.filter(state="granted").count() == 1
    assert gaps > 10
    assert Event.objects.filter(kind="returned").exists()


def test_slips_in_force_stand_in_the_line_of_their_measure(eventful: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    for code in ("654224", "654226"):
        page = web.read(client, _url(code))
        in_force = Slip.objects.filter(assignment__unit__code=code, state__in=["issued", "answered"])
        links = page.one("section", cls="dossier").one("tbody").links
        assert sorted(link for link in links if "/slips/" in link) == sorted(f"/slips/{slip.pk}/" for slip in in_force)
        assert _lines(page)[-1][8] == f"{in_force.count()}"
        assert in_force.exists()


def test_a_number_of_the_dossier_leads_to_the_rows_it_counts(lived: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    table = web.read(client, _url("654226")).one("section", cls="dossier")
    counted = [link for link in table.all("a") if "overdue" in link.attrs["href"]]
    assert len(counted) > 2
    for link in counted:
        assert len(web.read(client, link.attrs["href"]).one("tbody").all("tr")) == int(link.text)


def test_a_unit_without_items_shows_nothing_and_never_a_hundred_per_cent(lived: Plan) -> None:
    idle = Bureau.objects.create(code="idle", name="无任务局", short_name="无任务局", level="prefecture", order=999)
    page = web.read(web.signed_in(make.INSPECTOR), _url(idle))
    assert all(set(cells[2:]) == {"—"} for cells in _lines(page))
    assert {part.one(cls="n").text for part in page.all(cls="kpi")} == {"—"}
    assert "100" not in page.one("main").text
    # In the league it stands last, without a rank and without a figure.
    rows = web.read(web.signed_in(make.INSPECTOR), LEAGUE).all("table", cls="league")[1].one("tbody").all("tr")
    assert _cells(rows[-1]) == ["—", "无任务局", "—", "—", "—", "—", "—"]
    assert web.signed_in("托里县·经办人").get(_url(idle)).status_code == 404


def test_a_bureau_sees_of_a_county_what_it_leads_or_reviews_and_is_told_so(lived: Plan) -> None:
    whole = _lines(web.read(web.signed_in("托里县·经办人"), _url("654224")))
    part = _lines(web.read(web.signed_in("人社局·经办人"), _url("654224")))
    assert whole == _lines(web.read(web.signed_in(make.INSPECTOR), _url("654224")))
    assert 0 < int(part[-1][2]) < int(whole[-1][2])
    assert part[0][2:6] == whole[0][2:6], "it leads measure one, and sees all of it"


def test_of_one_measure_only_its_line_is_shown(lived: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    every = _lines(web.read(client, _url("654224")))
    for place, number in enumerate([1, 2, 3, 4, 5, 6, 7, 0]):
        page = web.read(client, _url("654224", number))
        (line,) = page.one("section", cls="dossier").one("tbody").all("tr")
        assert _cells(line) == every[place]
        assert page.all("tfoot") == []


# --- Like with like -------------------------------------------------------------------------------


def _late_at(unit: Bureau, day: date) -> int:
    """How many dates of work were past and not met when that day began."""
    return sum(
        row.due_on < day
        and clock.local_date(row.assignment.issued_at) < day
        and (row.status == "armed" or (row.met_at is not None and clock.local_date(row.met_at) >= day))
        for row in Deadline.objects.filter(kind="main", unit=unit).select_related("assignment")
    )


def test_offices_stand_beside_their_like_with_numbers_of_their_own(lived: Plan) -> None:
    client = web.signed_in(make.SUPERVISOR)
    tables = web.read(client, LEAGUE).all("table", cls="league")
    moved = set()
    for table, level in zip(tables, ("county", "prefecture"), strict=True):
        units = {str(unit): unit for unit in Bureau.objects.filter(level=level)}
        rows = table.one("tbody").all("tr")
        assert sorted(_cells(row)[1] for row in rows) == sorted(units)
        for row in rows:
            _rank, name, late, before, trend, share, open_ = _cells(row)
            wanted = _wanted(units[name], None)
            assert [open_, late] == wanted[:2], name
            assert share.split()[0] == wanted[4], name
            then = _late_at(units[name], MONTH)
            assert int(before) == then, name
            assert _numbers(trend) == ([abs(int(late) - then)] if int(late) != then else []), name
            assert ("▲" in trend, "▼" in trend) == (int(late) > then, int(late) < then)
            moved.add((int(late) > then) - (int(late) < then))
            for link in row.links:
                shown = web.read(client, link)
                if "overdue" in link:
                    assert len(shown.one("tbody").all("tr")) == int(late)
    assert moved == {-1, 0, 1}


def test_ranks_are_by_overdue_then_by_share_and_those_who_are_equal_share_one(lived: Plan) -> None:
    for table in web.read(web.signed_in(make.SUPERVISOR), LEAGUE).all("table", cls="league"):
        shown = [_cells(row) for row in table.one("tbody").all("tr")]
        ranked = [cells for cells in shown if cells[0] != "—"]
        assert shown[: len(ranked)] == ranked, "those without a rank stand below"
        keys = []
        for cells in ranked:
            met, came = _numbers(cells[5])[:2]
            keys.append((int(cells[2]), -met / came))
        assert keys == sorted(keys)
        assert [int(cells[0]) for cells in ranked] == [1 + sum(other < key for other in keys) for key in keys]
        assert all(cells[5] == "—" for cells in shown[len(ranked) :])


def _place(number: int, **figures: int) -> league.Place:
    return league.Place(Bureau(code=f"{number}", short_name=f"{number}"), **figures)


def test_ties_share_a_rank_and_the_next_is_skipped() -> None:
    places = [
        _place(1, items=0),
        _place(2, items=4, came=0),
        _place(3, items=9, overdue=2, in_time=9, came=9),
        _place(4, items=9, in_time=1, came=3),
        _place(5, items=9, in_time=2, came=6),
        _place(6, items=9, in_time=5, came=6),
    ]
    found = [(place.unit.code, place.rank) for place in league.ranked(places)]
    assert found == [("6", 1), ("4", 2), ("5", 2), ("3", 4), ("2", None), ("1", None)]


def test_no_person_is_named_beside_an_office(lived: Plan) -> None:
    text = web.read(web.signed_in(make.INSPECTOR), LEAGUE).one("main").text
    assert "经办人" not in text and "1000" not in text


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (at(2019, 8, 1), date(2019, 7, 31)),
        (at(2019, 8, 31, 23), date(2019, 7, 31)),
        (at(2020, 1, 1), date(2019, 12, 31)),
    ],
)
def test_last_month_ends_where_this_one_begins(now: datetime, then: date) -> None:
    moment = league.ends_before(now)
    assert clock.local_date(moment) - timedelta(days=1) == then
    assert clock.start_of(clock.local_date(moment)) == moment
