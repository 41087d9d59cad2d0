"""The monthly return beside the ledger: offered, taken over by one button, and both figures kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bureaus import clock
from ledger.models import Course, Participation, Spell
from measures.models import Assignment, Plan
from tests import make
from tests.ledger import stage
from tests.make import at
from tests.pages import web
from workflows import actions, ledger_figures

JUNE = "monthly/654224/2019-06"
ENTERED, REPORTS = at(2019, 6, 20, 9), at(2019, 7, 3, 9)
LEAD = "人社局·经办人"


@pytest.fixture
def row(tacheng: Plan, tmp_path: Path, settings: Any) -> Iterator[Assignment]:
    settings.VAR = tmp_path
    settings.FIELD_KEYS_FILE = tmp_path / "field-keys"
    settings.AUDIT_SINK = str(tmp_path / "audit.jsonl")
    with clock.standing_at(REPORTS):
        yield make.signed(make.row(JUNE), at(2019, 6, 3, 9))


@pytest.fixture
def three(row: Assignment) -> None:
    """Three in two households, since May; one trained in June, one at work since June."""
    home = stage.household("TL-0001", now=ENTERED, expected_members=2)
    one, two = stage.person(home, "演示甲", now=ENTERED), stage.person(home, "演示乙", now=ENTERED)
    stage.person(stage.household("TL-0002", now=ENTERED), "演示丙", now=ENTERED)
    county = stage.county()
    course = Course.objects.create(
        title="演示班", kind="short", county=county, starts_on=date(2019, 6, 10), created_at=ENTERED
    )
    Participation.objects.create(
        person=one, course=course, completed_on=date(2019, 6, 18), result="completed", created_at=ENTERED
    )
    Spell.objects.create(person=two, kind="unit", started_on=date(2019, 6, 17), created_at=ENTERED, employer="演示厂")


def _page(row: Assignment, who: str = stage.CLERK) -> web.Page:
    return web.read(web.signed_in(who), f"/assignments/{row.pk}/")


def _save(row: Assignment, values: dict[str, str], status: int = 302) -> None:
    form = _page(row).form("/save_return/")
    web.post(web.signed_in(stage.CLERK), form.action, form.values | values, status=status)


def _kept(row: Assignment) -> dict[str, int]:
    return {code: value for code, value in make.fresh(row).monthly_return.figures.items() if value is not None}


def _reported(row: Assignment, **figures: int) -> None:
    make.reported_figures(make.fresh(row), REPORTS, **figures)
    actions.send_up(make.fresh(row), by=make.person(stage.CLERK), now=REPORTS, result="已核对。")
    actions.sign_off(make.fresh(row), by=make.leader_of(row.unit), now=REPORTS)


def _month(who: str) -> dict[str, list[str]]:
    table = web.read(web.signed_in(who), "/monthly/2019-06/").all("section")[1].one("table")
    lines = [line.all("td") for body in table.all("tbody") for line in body.all("tr")]
    return {cells[0].text: [cell.text for cell in cells[1:]] for cells in lines if cells}


def test_every_field_of_the_return_can_be_counted(row: Assignment) -> None:
    assert {field["code"] for field in make.return_fields(row)} == set(ledger_figures.FIELDS)


def test_without_a_ledger_nothing_of_it_is_seen(row: Assignment) -> None:
    stage.household("TC-0001", "654201", now=ENTERED)  # another county's
    page = _page(row)
    assert "take_over" not in page.form("/save_return/").values
    assert not page.form("/save_return/").element.all("button")[1:]
    _reported(row)
    assert ledger_figures.KEY not in make.fresh(row).figures
    assert _month(LEAD)["在业人数 人"][2] == "0"


def test_what_the_ledger_counts_is_offered_a_zero_is_not(row: Assignment, three: None) -> None:
    values = _page(row).form("/save_return/").values
    assert (values["ledger_households"], values["ledger_persons"], values["courses"], values["trained"]) == (
        "2",
        "3",
        "1",
        "1",
    )
    assert (values["employed"], values["newly_employed"], values["loans"]) == ("1", "1", "")
    # Offered is not entered: what a person has typed stays.
    _save(row, {"trained": "9", "problems": "车辆不足。"})
    assert _page(row).form("/save_return/").values["trained"] == "9"
    assert _page(row).form("/save_return/").element.text.count("≠") == 1


def test_one_button_takes_over_what_the_ledger_counts(row: Assignment, three: None) -> None:
    """Without a script: the second button of the same form."""
    _save(row, {"trained": "9", "problems": "车辆不足。", "take_over": "1"})
    kept = _kept(row)
    assert (kept["trained"], kept["ledger_persons"], kept["loans"]) == (1, 3, 0)
    assert make.fresh(row).monthly_return.problems == "车辆不足。"
    assert "≠" not in _page(row).form("/save_return/").element.text


def test_both_figures_are_kept_and_read_by_whoever_reads_the_month(row: Assignment, three: None) -> None:
    _reported(row, ledger_households=2, ledger_persons=3, trained=9)
    # What is entered later changes neither.
    stage.person(stage.household("TL-0003"), "演示丁")
    for who in (LEAD, stage.CLERK, make.SUPERVISOR):
        cells = _month(who)
        place = 2 if who != stage.CLERK else 0
        assert cells["本月培训人数 人"][place].split()[:2] == ["9", "≠"]
        assert cells["台账在册人数 人"][place].split()[0] == "3"
        assert "≠" not in cells["台账在册人数 人"][place]
        assert cells["台账在册人数 人"][place].split()[-1] == "3"
    assert make.fresh(row).figures[ledger_figures.KEY]["ledger_households"] == 2
    # The reviewer has both before them as well.
    told = _page(row, LEAD).one("main").text
    assert "9 人 ≠" in told


def test_a_draft_beside_the_ledger_is_its_writers_alone(row: Assignment, three: None) -> None:
    _save(row, {"trained": "9"})
    assert set(_month(LEAD)["本月培训人数 人"]) == {"—"}
    assert "≠" in _month(stage.CLERK)["本月培训人数 人"][0]


def test_a_locked_month_shows_the_ledger_beside_what_was_locked_alone(row: Assignment, three: None) -> None:
    _reported(row, trained=9)
    make.handed_in(make.row("round/hrss/2019-06"), REPORTS)
    assert _month(LEAD)["本月培训人数 人"][2] == "—"
