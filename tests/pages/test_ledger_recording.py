"""Days on which an office wrote down very many answers alike: for the supervision office alone, and naming nobody."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from bureaus import clock
from bureaus.models import User
from ledger.actions import records
from ledger.imports import checking, committing, undoing, uploading
from ledger.models import ImportBatch, Person, TermSetting
from ledger.workbooks import template, writing
from measures.models import Plan
from tests import make
from tests.ledger import rows, stage
from tests.pages import people, web
from tests.pages.people import EVERYBODY, SUPERVISES

TOLI, CITY = rows.TOWN, "654201"
DAY = "2019-06-03"


@pytest.fixture(autouse=True)
def _stage(issued: Plan, settings: Any, tmp_path: Path) -> None:
    settings.VAR = tmp_path
    stage.notice()


def _limits(noes: int, same: int) -> None:
    for code, value in (("noes_a_day", noes), ("same_a_day", same)):
        TermSetting.objects.create(code=code, value=value, reason="test", at=clock.now())


def _say(who: Person, answers: Sequence[tuple[str, str]], *, by: User, on: date | None = None) -> None:
    for kind, answer in answers:
        values = {"kind": kind, "answer": answer, "stated_on": on or clock.today(), "stated_by": "self"}
        records.add("statement", who, by=by, now=clock.now(), values={**values, "at_own_wish": True})


def _brought_in(n: int) -> ImportBatch:
    """A workbook of 托里县 with what so many people said, on as many days."""
    first = date(2019, 5, 1)
    born = [stage.number(date(1985, 5, 1), 2 * nth) for nth in range(n)]
    who: list[dict[str, Any]] = [{"household_code": f"W-{x}", "name": f"演示{x}", "id_number": x} for x in born]
    wishes: list[dict[str, Any]] = [
        {"id_number": x, "kind": "training", "answer": "no", "stated_on": first + timedelta(days=nth)}
        for nth, x in enumerate(born)
    ]
    sheets = [(template.PEOPLE, who), (template.WISHES, wishes)]
    file = io.BytesIO()
    writing.table(file, sheets, watermark="", meta=writing.Meta(TOLI, clock.now()), masked=None)
    file.seek(0)
    batch = uploading.upload(make.bureau(TOLI), file, "意愿.xlsx", by=rows.second(), now=clock.now())
    checking.check(batch.pk, clock.now())
    committing.begin(batch, by=rows.second(), now=clock.now())
    return committing.commit(batch.pk)


def _read(role: str = "supervisor") -> web.Page:
    return web.read(web.signed_in(people.person(role)), reverse("recording"))


def _lines(page: web.Page) -> list[list[str]]:
    """Every row: county, day, how many recorded, one's answers, noes, alike, from a workbook (figures alone)."""
    lines = [[cell.text for cell in row.all("td")] for table in page.all("tbody") for row in table.all("tr")]
    return [[*line[:2], *(re.split(r"\D", text)[0] for text in line[2:])] for line in lines]


def test_an_office_is_shown_by_county_and_day_and_nobody_is_named() -> None:
    _limits(2, 3)
    who, other = rows.person(), rows.person(CITY, "E-1")
    # The city has more, on an earlier day, and entered first; it stands where it always stands.
    _say(other, [("training", "no")] * 5, by=rows.officer(CITY))
    _say(who, [("job", "no"), ("training", "no"), ("visit", "no"), ("job", "yes")], by=rows.officer())
    _say(who, [("job", "no"), ("job_change", "no")], by=rows.second())  # as many as may be
    with clock.standing_at(make.at(2019, 6, 4, 10)):
        # Entered in one day, whatever days are entered with them.
        for nth in range(4):
            _say(who, [("adaptation", "yes")], by=rows.second(), on=date(2019, 6, 1) + timedelta(days=nth))
        page = _read()
    order = {unit.short_name: unit.order for unit in (who.county, other.county)}
    expected = [
        [str(other.county), DAY, "1", "5", "5", "5", "0"],
        [str(who.county), "2019-06-04", "1", "4", "0", "4", "0"],
        [str(who.county), DAY, "2", "4", "3", "1", "0"],
    ]
    assert order[other.county.short_name] < order[who.county.short_name]
    assert _lines(page) == expected
    marked = [[bool(cell.all(cls="tag")) for cell in row.all("td")[4:6]] for row in page.one("tbody").all("tr")]
    assert marked == [[True, True], [False, True], [True, False]], "which of the two limits was passed"
    main = page.one("main")
    everything = " ".join([main.text, *(value for part in main.walk() for value in part.attrs.values())])
    staff = [rows.officer(), rows.second(), rows.officer(CITY)]
    secret = [rows.NUMBER, rows.PHONE, "T-1", "E-1", *Person.objects.values_list("name", flat=True)]
    secret += [str(uid) for uid in Person.objects.values_list("uid", flat=True)]
    secret += [name for user in staff for name in (user.username, str(user), user.get_full_name())]
    assert [word for word in secret if word and word in everything] == []
    assert page.one("tbody").links == []


def test_a_workbook_is_one_day_of_recording_and_is_said_to_be_one() -> None:
    _limits(2, 40)
    batch = _brought_in(4)
    assert batch.state == "committed"
    assert _lines(_read()) == [[str(make.bureau(TOLI)), DAY, "1", "4", "4", "4", "4"]]
    undoing.undo(batch, by=rows.second(), now=clock.now())
    page = _read()
    assert _lines(page) == []
    assert page.all(cls="empty"), "what was taken back was never said"


def test_within_the_limits_nothing_is_shown_and_the_limits_are_stated() -> None:
    _say(rows.person(), [("job", "no")] * 20, by=rows.officer())
    page = _read()
    assert _lines(page) == []
    assert page.all(cls="empty")
    limits = page.one(cls="headline").text
    assert re.findall(r"\d+", limits) == ["20", "40"]
    assert len(page.one(cls="headline").all(cls="ours")) == 2
    _say(rows.person(), [("job", "no")], by=rows.officer())
    assert [line[3:5] for line in _lines(_read("head"))] == [["21", "21"]]


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_it_is_for_the_supervision_office_alone(role: str) -> None:
    client = web.signed_in(people.person(role))
    url = reverse("recording")
    answer = client.get(url)
    assert answer.status_code == (200 if role in SUPERVISES else 404)
    if role in SUPERVISES:
        assert "no-store" in answer.headers["Cache-Control"]
    shown = client.get(reverse("ledger"))
    assert (url in web.Page(shown.content.decode()).links) == (role in SUPERVISES)
