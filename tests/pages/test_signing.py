"""批量签收: many tasks signed for by one form, each for itself, and only one's own unit's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from bureaus import clock
from bureaus.models import Absence
from measures.models import Assignment, Event, Plan
from tests import make
from tests.make import at
from tests.pages import web
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows import actions

OFFICER, LEADER, NEIGHBOUR = "托里县·经办人", "托里县·分管领导", "塔城市·经办人"
URL = "/desk/sign/"


def _to_sign(unit: str = "654224") -> list[Assignment]:
    return list(Assignment.objects.filter(unit__code=unit, state="issued").order_by("pk"))


def _form(rows: list[Assignment], **changes: Any) -> dict[str, Any]:
    names = {"handler": make.person(OFFICER).pk, "leader": make.person(LEADER).pk}
    return {"row": [row.pk for row in rows], **names, **changes}


def _said(client: Client) -> list[tuple[str, str]]:
    flashes = web.read(client, "/").all(cls="flash")
    return [(flash.classes[1], flash.text) for flash in flashes if len(flash.classes) > 1]


def test_those_chosen_are_signed_for_and_no_others(issued: Plan) -> None:
    rows = _to_sign()
    assert len(rows) > 3
    client = web.signed_in(OFFICER)
    form = next(form for form in web.read(client, "/").all("form") if form.attrs.get("action") == URL)
    assert [box.attrs["value"] for box in form.all("input", name="row")] == [
        link.attrs["href"].split("/")[2] for link in form.all("a", cls="ttl")
    ]
    web.post(client, URL, _form(rows[:3]))
    for row in rows[:3]:
        fresh = make.fresh(row)
        assert (fresh.state, fresh.handler, fresh.leader) == (
            "in_progress",
            make.person(OFFICER),
            make.person(LEADER),
        )
        assert make.last_event(row).actor == make.person(OFFICER)
        assert make.deadline(row, "receipt").status == "met"
    assert _to_sign() == rows[3:]
    [(kind, text)] = _said(client)
    assert kind == "success"
    assert "3" in text


def test_sent_twice_nothing_is_done_twice(issued: Plan) -> None:
    rows = _to_sign()[:2]
    client = web.signed_in(OFFICER)
    web.post(client, URL, _form(rows))
    before = web.written()
    web.post(client, URL, _form(rows))
    assert web.written() == before
    assert Event.objects.filter(kind="signed").count() == 2
    kinds = _said(client)
    assert [kind for kind, _text in kinds] == ["success", "warning"]
    assert all(row.title in kinds[1][1] for row in rows)
    assert OFFICER in kinds[1][1], "who was quicker is named"


def test_what_moved_on_meanwhile_stops_none_of_the_others(issued: Plan) -> None:
    gone, other = _to_sign()[:2]
    client = web.signed_in(OFFICER)
    actions.refuse(gone, by=make.person(LEADER), now=clock.now(), reason="不属我县职责。")
    web.post(client, URL, _form([gone, other]))
    assert (make.fresh(gone).state, make.fresh(other).state) == ("refused", "in_progress")
    (done, _one), (warned, text) = _said(client)
    assert (done, warned) == ("success", "warning")
    assert gone.title in text
    assert make.fresh(gone).get_state_display() in text


@pytest.mark.parametrize("wrong", ["neighbour", "both", "nothing there", "two units", "supervisor"])
def test_what_is_not_ones_own_does_not_exist_and_nothing_is_written(wrong: str, issued: Plan) -> None:
    mine, theirs = _to_sign()[:2], _to_sign("654201")[:2]
    # The supervisor sees all work and signs for none of it.
    client = web.signed_in(make.SUPERVISOR if wrong == "supervisor" else OFFICER)
    rows = {"neighbour": theirs, "both": mine + theirs, "two units": mine + theirs}.get(wrong, mine)
    form = _form(rows)
    if wrong == "nothing there":
        form["row"] = [*form["row"], 999_999]
    if wrong == "two units":
        # Both are this person's today: whom they stand in for is away.
        today = clock.today()
        Absence.objects.create(
            user=make.person(NEIGHBOUR),
            deputy=make.person(OFFICER),
            first_day=today,
            last_day=today,
            recorded_by=make.person(NEIGHBOUR),
            recorded_at=clock.now(),
        )
        groups = [one for one in web.read(client, "/").all("form") if one.attrs.get("action") == URL]
        assert len(groups) == 2, "one form for each unit"
    before = web.written()
    web.post(client, URL, form, status=404)
    assert web.written() == before


def test_only_people_of_the_unit_are_named(issued: Plan) -> None:
    rows = _to_sign()[:2]
    client = web.signed_in(OFFICER)
    before = web.written()
    page = web.post(client, URL, _form(rows, handler=make.person(NEIGHBOUR).pk), status=422)
    assert web.written() == before
    form = next(form for form in page.all("form") if form.attrs.get("action") == URL)
    assert form.all(cls="bad")
    ticked = [box.attrs["value"] for box in form.all("input", name="row") if "checked" in box.attrs]
    assert sorted(map(int, ticked)) == [row.pk for row in rows], "what was chosen stays chosen"


def test_nothing_chosen_is_said(issued: Plan) -> None:
    client = web.signed_in(OFFICER)
    web.post(client, URL, _form([]))
    [(kind, _text)] = _said(client)
    assert kind == "warning"


# --- In a browser --------------------------------------------------------------------------------


@pytest.fixture
def monday(tacheng_committed: Plan) -> list[Assignment]:
    clock.set_made(at(2019, 6, 3, 10))
    return _to_sign()


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_signing_for_many(width: int, script: bool, monday: list[Assignment], window: Callable[..., Window]) -> None:
    officer = window(width, script=script)
    officer.sign_in(OFFICER)
    page = officer.page
    page.goto(officer.base + "/")
    form, everything = f"form[action='{URL}']", "[data-check-all]"
    boxes = page.locator(f"{form} [name=row]")
    expect(boxes).to_have_count(len(monday))
    if script:
        officer.fits()
        page.check(everything)
        # What is ticked holds nobody on the page.
        with page.expect_navigation():
            page.click(f"{form} a.ttl >> nth=0")
        page.goto(officer.base + "/")
        page.check(everything)
        assert all(box.is_checked() for box in boxes.all())
        boxes.nth(0).uncheck()
        expect(page.locator(everything)).not_to_be_checked()
        left = int(boxes.nth(0).get_attribute("value") or 0)
    else:
        expect(page.locator(everything)).to_be_hidden()
        for box in boxes.all()[1:]:
            box.check()
        left = int(boxes.nth(0).get_attribute("value") or 0)
    if width == PHONE:
        target = page.locator(f"{form} .pick").nth(0).bounding_box()
        assert target is not None
        assert target["height"] >= 40
    with page.expect_navigation():
        page.click(f"{form} button[type=submit]")
    expect(page.locator(".flash.success")).to_be_visible()
    assert [row.pk for row in _to_sign()] == [left]
