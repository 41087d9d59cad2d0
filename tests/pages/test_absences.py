"""Absences: recorded, seen and taken back on their page; what a deputy finds on the days of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from bureaus import clock
from bureaus.models import Absence
from measures.models import Assignment, Plan
from tests import make
from tests.make import at
from tests.pages import web
from tests.pages.browsing import PHONE, Window
from workflows import actions

OFFICER, HEAD, LEADER, CHIEF = "托里县·经办人", "托里县·科室负责人", "托里县·分管领导", "托里县·主要领导"
DAYS = {"first_day": "2019-06-04", "last_day": "2019-06-06"}


def _record(client: web.Client, *, status: int = 302, **values: str) -> web.Page:
    form = web.read(client, "/absences/").form("/absences/record/")
    return web.post(client, form.action, form.values | DAYS | values, status=status)


def _rows(client: web.Client) -> list[str]:
    page = web.read(client, "/absences/")
    (panel, *_rest) = page.all("section", cls="panel")
    return web.texts(panel.all("tr")[1:])


def test_my_own_absence(issued: Plan) -> None:
    client = web.signed_in(OFFICER)
    page = web.read(client, "/absences/")
    form = page.form("/absences/record/")
    assert "user" not in form.values
    deputies = [option.text for option in form.element.one("select", name="deputy").all("option")[1:]]
    assert deputies == [HEAD, LEADER, CHIEF]
    _record(client, deputy=HEAD, note="出差")
    absence = Absence.objects.get()
    assert (str(absence.user), str(absence.deputy), absence.note) == (OFFICER, HEAD, "出差")
    (row,) = _rows(client)
    assert all(word in row for word in (OFFICER, "2019-06-04", "2019-06-06", HEAD, "出差"))
    web.post(client, f"/absences/{absence.pk}/withdraw/")
    assert _rows(client) == []
    # A second click, or a page left open, is told so.
    before = web.written()
    page = web.post(client, f"/absences/{absence.pk}/withdraw/", status=409)
    assert page.one(cls="error").text
    assert web.written() == before


def test_what_is_over_is_not_shown_any_more(issued: Plan) -> None:
    client = web.signed_in(OFFICER)
    _record(client, deputy=HEAD)
    with clock.standing_at(at(2019, 6, 6, 23)):
        assert len(_rows(client)) == 1
    with clock.standing_at(at(2019, 6, 7)):
        assert _rows(client) == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"first_day": "2019-06-02"}, "first_day"),
        ({"last_day": "2019-06-03"}, "last_day"),
        ({"deputy": "塔城市·经办人"}, "deputy"),
        ({"deputy": OFFICER}, "deputy"),
        ({"deputy": ""}, "deputy"),
        ({"first_day": "9999-01-01"}, "first_day"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(values: dict[str, str], field: str, issued: Plan) -> None:
    before = Absence.objects.count()
    page = _record(web.signed_in(OFFICER), status=422, **({"deputy": HEAD, "note": "出差"} | values))
    form = page.form("/absences/record/")
    assert list(form.bad) == [field]
    assert form.values["note"] == "出差"
    assert Absence.objects.count() == before


def test_a_leader_records_it_for_their_people_and_for_nobody_else(issued: Plan) -> None:
    client = web.signed_in(LEADER)
    form = web.read(client, "/absences/").form("/absences/record/")
    names = [option.text for option in form.element.one("select", name="user").all("option")[1:]]
    assert sorted(names) == sorted([OFFICER, HEAD, LEADER])
    assert form.values["user"] == LEADER
    _record(client, user=OFFICER, deputy=HEAD)
    assert str(Absence.objects.get().recorded_by) == LEADER
    (row,) = _rows(web.signed_in(OFFICER))
    assert LEADER in row
    assert list(_record(client, user=CHIEF, deputy=HEAD, status=422).form("/absences/record/").bad) == ["user"]
    # An officer cannot slip a name in.
    _record(web.signed_in("塔城市·经办人"), user=OFFICER, deputy="塔城市·科室负责人")
    assert str(Absence.objects.latest("id").user) == "塔城市·经办人"


def test_others_find_nothing(issued: Plan) -> None:
    absence = actions.record_absence(
        make.person(OFFICER),
        by=make.person(OFFICER),
        now=clock.now(),
        first_day=clock.today(),
        last_day=clock.today(),
        deputy=make.person(HEAD),
    )
    before = web.written()
    for name in (HEAD, "塔城市·主要领导", make.SUPERVISION_HEAD, make.INSPECTOR, make.AUDITOR):
        web.post(web.signed_in(name), f"/absences/{absence.pk}/withdraw/", status=404)
    for name in (make.INSPECTOR, make.AUDITOR, make.ADMINISTRATOR):
        client = web.signed_in(name)
        web.read(client, "/absences/", 404)
        web.post(client, "/absences/record/", DAYS | {"deputy": HEAD}, status=404)
    assert web.written() == before


# --- What a deputy finds --------------------------------------------------------------------------


def _leader_away(row: Assignment) -> None:
    for name in (LEADER, CHIEF):
        actions.record_absence(
            make.person(name),
            by=make.person(name),
            now=clock.now(),
            first_day=clock.today(),
            last_day=clock.today(),
            deputy=make.person(HEAD),
        )


def test_a_deputy_signs_off_and_it_is_said_for_whom(issued: Plan) -> None:
    row = make.sent_up(make.row("survey/654224"), at(2019, 6, 3, 9))
    client = web.signed_in(HEAD)
    assert "sign_off" not in web.read(client, f"/assignments/{row.pk}/").acts
    _leader_away(row)
    desk = web.read(client, "/")
    assert row.title in desk.one(id="to_sign_off").text
    assert LEADER in " ".join(web.texts(desk.all(cls="flash")))
    page = web.read(client, f"/assignments/{row.pk}/")
    summary = next(part for part in page.all("details") if part.all("form", action=page.form("/sign_off/").action))
    assert LEADER in summary.one("summary").text
    form = page.form("/sign_off/")
    web.post(client, form.action, form.values)
    assert make.fresh(row).state == "submitted"
    (said, *_rest) = web.read(web.signed_in(OFFICER), f"/assignments/{row.pk}/").all("ul", cls="feed")[0].all("li")
    assert HEAD in said.text
    assert LEADER in said.text
    web.read(client, "/")  # what was said of the act just done is gone with it
    with clock.standing_at(at(2019, 6, 4, 9)):
        assert web.read(client, "/").all(cls="flash") == []


def test_a_deputy_who_sent_it_up_is_answered_on_the_page(issued: Plan) -> None:
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    actions.send_up(row, by=make.person(HEAD), now=at(2019, 6, 3, 9), result="完成。")
    _leader_away(row)
    client = web.signed_in(HEAD)
    form = web.read(client, f"/assignments/{row.pk}/").form("/sign_off/")
    page = web.post(client, form.action, form.values | {"exception": "无他人"}, status=422)
    assert LEADER in page.form("/sign_off/").flash
    assert make.fresh(row).state == "unit_signoff"


def test_the_next_reminder_names_the_deputy_of_its_day(issued: Plan) -> None:
    """T-10 falls on 17 July."""
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    page = f"/assignments/{row.pk}/"
    client = web.signed_in(OFFICER)
    assert HEAD not in web.read(client, page).one("aside").text
    _record(client, deputy=HEAD, first_day="2019-07-17", last_day="2019-07-17")
    aside = web.read(client, page).one("aside").text
    assert HEAD in aside
    assert OFFICER in aside


# --- In a browser ---------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, PHONE], ids=["desk", "phone"])
def test_a_leader_records_an_absence_and_takes_it_back(
    width: int, tacheng_committed: Plan, window: Callable[..., Window]
) -> None:
    clock.set_made(at(2019, 6, 3, 10))
    leader = window(width)
    leader.sign_in(LEADER)
    leader.open("/absences/")
    page = leader.page
    page.select_option("select[name=user]", OFFICER)
    page.select_option("select[name=deputy]", HEAD)
    page.fill("[name=first_day]", "2019-06-03")
    page.fill("[name=last_day]", "2019-06-06")
    page.fill("[name=note]", "参加地区培训")
    with page.expect_navigation():
        page.click("form[action='/absences/record/'] button[type=submit]")
    leader.fits()
    expect(page.locator("td.ttl").first).to_contain_text(OFFICER)
    deputy = window(width)
    deputy.sign_in(HEAD)
    deputy.open("/")
    expect(deputy.page.locator(".flash")).to_contain_text(OFFICER)
    deputy.open("/absences/")
    with page.expect_navigation():
        page.click("form[action$='/withdraw/'] button")
    leader.fits()
    expect(page.locator("td.ttl")).to_have_count(0)
