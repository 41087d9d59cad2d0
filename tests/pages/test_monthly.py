"""The monthly return and the month: figures kept, missing figures shown as missing, locked ones left alone."""

from __future__ import annotations

from typing import Any

import pytest

from bureaus import clock
from measures.models import Assignment, Plan
from tests import make
from tests.make import at
from tests.pages import web
from workflows import actions, issuing

EARLIER = at(2019, 6, 3, 9)
OFFICER = "托里县·经办人"
JUNE = "monthly/654224/2019-06"


@pytest.fixture
def row(issued: Plan) -> Assignment:
    return make.signed(make.row(JUNE), EARLIER)


def _codes(row: Assignment) -> list[str]:
    return [field["code"] for field in make.return_fields(row)]


def _form(row: Assignment, who: str = OFFICER) -> web.Form:
    return web.read(web.signed_in(who), f"/assignments/{row.pk}/").form("/save_return/")


def _save(row: Assignment, values: dict[str, str], status: int = 302) -> web.Page:
    form = _form(row)
    return web.post(web.signed_in(OFFICER), form.action, form.values | values, status=status)


def _kept(row: Assignment) -> dict[str, Any]:
    return {code: value for code, value in make.fresh(row).monthly_return.figures.items() if value is not None}


def test_every_figure_of_the_plan_is_asked_for_with_its_unit(row: Assignment) -> None:
    form = _form(row)
    labels = {label.attrs["for"]: label.text for label in form.element.all("label")}
    for field in make.return_fields(row):
        assert labels[f"save_return-{field['code']}"] == f"{field['label']}（{field['unit']}）"
    assert [legend.text for legend in form.element.all("legend")] == [
        section["title"] for section in row.plan.content["return_sections"]
    ]


def test_figures_are_kept_and_an_empty_field_is_not_a_zero(row: Assignment) -> None:
    _save(row, {"courses": "2", "trained": "0", "problems": "车辆不足。"})
    assert _kept(row) == {"courses": 2, "trained": 0}
    values = _form(row).values
    assert (values["courses"], values["trained"], values["employed"]) == ("2", "0", "")
    assert values["problems"] == "车辆不足。"
    # What is emptied again is unknown again.
    _save(row, {"courses": ""})
    assert _kept(row) == {"trained": 0}
    assert make.fresh(row).state == "in_progress"


def test_an_unfinished_return_cannot_be_sent_up_a_zero_can(row: Assignment) -> None:
    client = web.signed_in(OFFICER)
    codes = _codes(row)
    _save(row, dict.fromkeys(codes[:-1], "0"))
    form = web.read(client, f"/assignments/{row.pk}/").form("/send_up/")
    page = web.post(client, form.action, form.values | {"result": "已核对。"}, status=422)
    missing = make.return_fields(row)[-1]["label"]
    assert missing in page.form("/send_up/").flash
    assert make.return_fields(row)[0]["label"] not in page.form("/send_up/").flash
    _save(row, {codes[-1]: "0"})
    form = web.read(client, f"/assignments/{row.pk}/").form("/send_up/")
    web.post(client, form.action, form.values | {"result": "已核对。"})


@pytest.mark.parametrize("value", ["-1", "一百", "12.5", "1e3", "99999999999", "<b>1</b>", "9" * 400, "NaN"])
def test_a_figure_that_is_none_is_refused_beside_its_field(value: str, row: Assignment) -> None:
    before = web.written()
    page = _save(row, {"courses": "2", "trained": value, "problems": "车辆不足。"}, status=422)
    assert web.written() == before
    form = page.form("/save_return/")
    assert list(form.bad) == ["trained"]
    assert (form.values["courses"], form.values["trained"], form.values["problems"]) == ("2", value, "车辆不足。")


def test_figures_sent_after_the_return_has_left_are_kept_on_the_page(row: Assignment) -> None:
    form = _form(row)
    make.sent_up(row, EARLIER)
    before = web.written()
    page = web.post(web.signed_in(OFFICER), form.action, form.values | {"courses": "77"}, status=409)
    assert page.form("/save_return/").values["courses"] == "77"
    assert web.written() == before


def _july() -> None:
    """The next month begins early: nothing else moves."""
    for code in ("monthly", "round"):
        recurrence = Plan.objects.get().recurrences.get(step__code=code)
        while recurrence.next_period <= "2019-07":
            issuing.begin_period(recurrence, now=clock.now())


def test_standing_numbers_are_carried_over_counts_of_a_month_are_not(row: Assignment) -> None:
    make.reported_figures(row, EARLIER, ledger_persons=2380, trained=120, trained_total=120, employed=1672)
    actions.send_up(row, by=make.person(OFFICER), now=EARLIER, result="已核对。")
    _july()
    values = _form(make.row("monthly/654224/2019-07")).values
    carried = {field["code"] for field in make.return_fields(row) if field.get("carry")}
    assert (values["ledger_persons"], values["trained_total"], values["employed"]) == ("2380", "120", "1672")
    assert {code for code in _codes(row) if values[code] != ""} == carried
    assert values["trained"] == ""


def test_they_are_carried_over_from_a_return_made_after_the_month_began(row: Assignment) -> None:
    """As it always is: June is reported in the first days of July, when July's own return is there already."""
    _july()
    july = make.row("monthly/654224/2019-07")
    assert _form(july).values["ledger_persons"] == ""
    make.reported_figures(row, EARLIER, ledger_persons=2380, trained=120)
    assert _form(july).values["ledger_persons"] == "", "a draft is nothing to go on from"
    actions.send_up(make.fresh(row), by=make.person(OFFICER), now=EARLIER, result="已核对。")
    actions.sign_off(make.fresh(row), by=make.leader_of(row.unit), now=EARLIER)
    values = _form(july).values
    assert (values["ledger_persons"], values["trained"]) == ("2380", "")
    # It is an offer: kept when the officer keeps it, and what was emptied on purpose stays empty.
    assert july.monthly_return.figures == {}
    _save(july, {**values, "ledger_persons": ""})
    assert _form(july).values["ledger_persons"] == ""
    _save(july, {"ledger_persons": "2391"})
    assert _form(july).values["ledger_persons"] == "2391"


# --- The month ------------------------------------------------------------------------------------


def _figures(who: str, period: str = "2019-06") -> dict[str, list[str]]:
    """label of a figure → the cells of its line."""
    page = web.read(web.signed_in(who), f"/monthly/{period}/")
    table = page.all("section")[1].one("table")
    lines = [row.all("td") for body in table.all("tbody") for row in body.all("tr")]
    return {cells[0].text: [cell.text for cell in cells[1:]] for cells in lines if cells}


LEAD = "人社局·经办人"


def test_a_draft_is_nobody_elses_to_read(row: Assignment) -> None:
    """Nothing has been reported while the officer still writes; the county itself sees what it has."""
    _save(row, {"trained": "12"})
    assert _figures(OFFICER)["本月培训人数 人"] == ["12"]
    for who in (LEAD, make.SUPERVISOR):
        assert set(_figures(who)["本月培训人数 人"]) == {"—"}
        paper = web.read(web.signed_in(who), f"/assignments/{row.pk}/")
        assert "本月培训人数" not in paper.one("main").text
    make.handed_in(make.fresh(row), EARLIER)
    assert _figures(LEAD)["本月培训人数 人"].count("0") >= 1


def test_the_month_adds_up_what_is_reported_and_shows_what_is_not(issued: Plan) -> None:
    for code, trained in (("654201", 5), ("654224", 7)):
        found = make.signed(make.row(f"monthly/{code}/2019-06"), EARLIER)
        make.reported_figures(found, EARLIER, trained=trained)
        actions.send_up(found, by=make.officer_of(found.unit), now=EARLIER, result="已核对。")
        actions.sign_off(make.fresh(found), by=make.leader_of(found.unit), now=EARLIER)
    page = web.read(web.signed_in(LEAD), "/monthly/2019-06/")
    heads = [cell.text for cell in page.all("section")[1].one("thead").all("th")]
    assert heads[1:6] == ["塔城市", "额敏县", "托里县", "裕民县", "和布克赛尔县"]
    assert _figures(LEAD)["本月培训人数 人"] == ["5", "—", "7", "—", "—", "12"]
    assert _figures(LEAD)["本月开班 期"] == ["0", "—", "0", "—", "—", "0"], "a zero is a zero"


def test_changes_against_the_month_before(lived: Plan) -> None:
    """托里县 trained 120 in June and 190 in July."""
    cells = _figures(LEAD, "2019-07")["本月培训人数 人"]
    assert cells[2] == "190 (+70)"
    june = _figures(LEAD, "2019-06")["本月培训人数 人"]
    assert june[2] == "120", "there is no month before"
    assert _figures("托里县·经办人", "2019-07")["本月培训人数 人"] == ["190 (+70)"]


def test_locked_figures_stand_whatever_comes_later(issued: Plan) -> None:
    """One county is accepted, one has only reported, three are missing; then the round is handed in."""
    for code, trained in (("654201", 5), ("654224", 7)):
        found = make.signed(make.row(f"monthly/{code}/2019-06"), EARLIER)
        make.reported_figures(found, EARLIER, trained=trained)
        actions.send_up(found, by=make.officer_of(found.unit), now=EARLIER, result="已核对。")
        actions.sign_off(make.fresh(found), by=make.leader_of(found.unit), now=EARLIER)
    actions.accept(make.row("monthly/654201/2019-06"), by=make.person(LEAD), now=EARLIER)
    assert _figures(LEAD)["本月培训人数 人"][-1] == "12"
    make.handed_in(make.row("round/hrss/2019-06"), EARLIER)
    locked = ["5", "—", "—", "—", "—", "5"]
    assert _figures(LEAD)["本月培训人数 人"] == locked
    page = web.read(web.signed_in(LEAD), "/monthly/2019-06/")
    warned = page.one(cls="warning").text
    for county in ("额敏县", "托里县", "裕民县", "和布克赛尔"):
        assert county in warned
    assert "塔城市" not in warned
    # Later returns change nothing here.
    make.accepted(make.row("monthly/654224/2019-06"), EARLIER)
    make.accepted(make.row("monthly/654225/2019-06"), EARLIER, trained=9)
    assert _figures(LEAD)["本月培训人数 人"] == locked
    # Whom a county was missing beside is not its business.
    assert web.read(web.signed_in("塔城市·经办人"), "/monthly/2019-06/").all(cls="warning") == []


def test_a_round_that_comes_back_unlocks_its_month(issued: Plan) -> None:
    found = make.signed(make.row(JUNE), EARLIER)
    make.reported_figures(found, EARLIER, trained=7)
    actions.send_up(found, by=make.person(OFFICER), now=EARLIER, result="已核对。")
    actions.sign_off(make.fresh(found), by=make.leader_of(found.unit), now=EARLIER)
    round = make.handed_in(make.row("round/hrss/2019-06"), EARLIER)
    assert _figures(LEAD)["本月培训人数 人"][2] == "—"
    actions.send_back(round, by=make.person(make.SUPERVISOR), now=EARLIER, reason="未齐。")
    assert _figures(LEAD)["本月培训人数 人"][2] == "7"


def test_the_newest_month_opens_first_and_every_month_can_be_reached(lived: Plan) -> None:
    client = web.signed_in(LEAD)
    assert client.get("/monthly/").headers["Location"] == "/monthly/2019-08/"
    recurrence = Plan.objects.get().recurrences.get(step__code="monthly")
    while recurrence.next_on:
        issuing.begin_period(recurrence, now=clock.now())
    page = web.read(client, "/monthly/2019-08/")
    months = [f"/monthly/2019-{month:02d}/" for month in range(6, 13)]
    months += [f"/monthly/2020-{month:02d}/" for month in range(1, 13)]
    assert set(months) <= set(page.links)
    current = [link.attrs["href"] for link in page.all("a") if link.attrs.get("aria-current") == "true"]
    assert current == ["/monthly/2019-08/"]


def test_somebody_without_returns_is_told_so(lived: Plan) -> None:
    for who in ("公安局·经办人", make.AUDITOR):
        page = web.read(web.signed_in(who), "/monthly/")
        assert page.one(cls="empty").text
