"""A first visit: into the demonstration as one of its cast, three things to try, and a tour that can be left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import expect

from bureaus import clock
from bureaus.access import Standing
from bureaus.models import ClockSetting
from measures.models import Plan
from tests import make
from tests.pages import people, web
from tests.pages.browsing import DESKTOP, PHONE, Window
from tests.pages.test_access import READS
from tests.pages.test_axe import wrong
from workflows import visit

KINDS = {
    "clerk": "托里县·经办人",
    "leader": "托里县·分管领导",
    "supervisor": make.SUPERVISOR,
    "inspector": make.INSPECTOR,
}
ENTER = "/sign-in/as/"
widths = pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])


@pytest.fixture
def demonstration(running: Plan, settings: Any) -> Plan:
    settings.DEMO = True
    return running


def _enter(kind: str) -> tuple[Client, str]:
    """In by the button of the sign-in page; where it leads."""
    client = Client()
    form = web.read(client, "/sign-in/").form(ENTER)
    assert kind in {button.attrs["value"] for button in form.element.all("button", name="as")}
    answer = client.post(form.action, form.values | {"as": kind})
    assert answer.status_code == 302
    return client, answer.headers["Location"]


def _tour(page: web.Page) -> web.Element | None:
    found = page.all("nav", cls="tour")
    return found[0] if found else None


def _link(page: web.Page, part: str) -> str:
    tour = _tour(page)
    assert tour is not None
    (found,) = [link for link in tour.links if part in link]
    return found


# --- Coming in ------------------------------------------------------------------------------------


def test_one_button_for_each_kind_of_person_with_what_they_do_all_day(demonstration: Plan) -> None:
    page = web.read(Client(), "/sign-in/")
    form = page.form(ENTER)
    assert [button.attrs["value"] for button in form.element.all("button")] == list(KINDS)
    said = [part.text for part in form.element.all("p")]
    assert all(name in text and len(text) > len(name) + 10 for name, text in zip(KINDS.values(), said, strict=True))
    assert len(page.all("h1")) == 1
    # Everybody else of the cast still signs in with a password.
    assert page.all("input", name="password")


@pytest.mark.parametrize("kind", KINDS)
def test_entered_as_somebody_one_is_that_person_and_nobody_else(kind: str, demonstration: Plan) -> None:
    client, led = _enter(kind)
    page = web.read(client, led)
    assert KINDS[kind] in page.one(cls="who").text
    assert _tour(page)


def test_only_the_four_can_be_entered_and_by_the_button_alone(demonstration: Plan) -> None:
    for wanted in ("administrator", "督查室·管理员", "", "clerk\x00"):
        client = Client()
        assert client.post(ENTER, {"as": wanted}).status_code == 404
        assert web.where(client.get("/")) == "/sign-in/"
    assert Client(enforce_csrf_checks=True).post(ENTER, {"as": "clerk"}).status_code == 403
    client = Client()
    assert web.where(client.get(ENTER + "?as=clerk")) == "/sign-in/"
    assert web.where(client.get("/")) == "/sign-in/"
    left = make.person(KINDS["inspector"])
    left.is_active = False
    left.save()
    assert client.post(ENTER, {"as": "inspector"}).status_code == 404
    assert len(web.read(client, "/sign-in/").form(ENTER).element.all("button")) == 3


@pytest.mark.parametrize(("demo", "made"), [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("signed_in", [False, True])
def test_a_real_installation_has_no_such_door(
    demo: bool, made: bool, signed_in: bool, running: Plan, settings: Any
) -> None:
    """Neither the settings of a demonstration alone open it, nor a made clock alone; and there is nothing to see."""
    settings.DEMO = demo
    ClockSetting.objects.update(is_made=made)
    page = web.read(Client(), "/sign-in/")
    assert ENTER not in page.forms and ENTER not in page.html
    assert page.all(cls="cast") == []
    client = web.signed_in("人社局·经办人") if signed_in else Client()
    for kind in KINDS:
        assert client.post(ENTER, {"as": kind}).status_code == 404
    assert client.get(ENTER).status_code == 404
    if signed_in:
        assert "人社局·经办人" in web.read(client, "/").one(cls="who").text, "still who they were"
    else:
        assert web.where(client.get("/")) == "/sign-in/"


def test_where_nothing_has_been_installed_as_a_demonstration_settings_say_no() -> None:
    from django.conf import settings

    assert settings.DEMO is False


# --- The tour -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_three_things_to_try_by_plain_links(kind: str, demonstration: Plan) -> None:
    client, led = _enter(kind)
    seen = []
    for at in (1, 2, 3):
        page = web.read(client, led)
        tour = _tour(page)
        assert tour is not None
        assert tour.text.startswith(f"{at}/3")
        assert tour.text not in seen
        seen.append(tour.text)
        assert not [link for link in tour.links if link == f"/help/tour/{at}/"], "one is there already"
        assert page.one("main").all("h1")
        # Elsewhere it stays, and leads back.
        assert _link(web.read(client, "/notices/"), f"/help/tour/{at}/")
        if at < 3:
            led = client.get(_link(page, f"/help/tour/{at + 1}/")).headers["Location"]
    back = client.get(_link(web.read(client, led), "leave"))
    assert web.where(back) == led.partition("?")[0]
    assert _tour(web.read(client, led)) is None


def test_each_leads_to_what_it_speaks_of(demonstration: Plan) -> None:
    """The clerk's task is one of theirs, the dossier their unit's; the overdue list can be ticked."""
    client, _led = _enter("clerk")
    assert web.read(client, client.get("/help/tour/2/").headers["Location"]).acts, "something can be done there"
    client, _led = _enter("leader")
    assert "托里县" in web.read(client, client.get("/help/tour/2/").headers["Location"]).one("h1").text
    client, _led = _enter("inspector")
    assert web.read(client, client.get("/help/tour/2/").headers["Location"]).all("input", name="task")
    client, _led = _enter("supervisor")
    assert web.read(client, "/slips/").all("a")


def test_left_it_never_comes_back_to_this_person(demonstration: Plan) -> None:
    client, led = _enter("clerk")
    client.get(_link(web.read(client, led), "leave"))
    for url in ("/", "/filings/", "/help/"):
        assert _tour(web.read(client, url)) is None
    web.post(client, "/sign-out/")
    answer = client.post(ENTER, {"as": "clerk"})
    assert web.where(answer) == "/"
    assert _tour(web.read(client, "/")) is None
    # Another person at the same browser has not seen it yet; and once they left it too, neither has.
    web.post(client, "/sign-out/")
    led = client.post(ENTER, {"as": "inspector"}).headers["Location"]
    client.get(_link(web.read(client, led), "leave"))
    for kind in ("clerk", "inspector"):
        web.post(client, "/sign-out/")
        client.post(ENTER, {"as": kind})
        assert _tour(web.read(client, "/notices/")) is None
    # Who asks for it has it.
    client.get("/help/tour/1/")
    assert _tour(web.read(client, "/notices/"))


@pytest.mark.parametrize("back", ["https://elsewhere.invalid/", "//elsewhere.invalid/", "javascript:alert(1)", ""])
def test_leaving_never_leads_elsewhere(back: str, demonstration: Plan) -> None:
    client, _led = _enter("clerk")
    assert client.get("/help/tour/leave/", {"back": back}).headers["Location"] == "/"


@pytest.mark.parametrize("cookie", ["x", "1.x..2", "9" * 3000, "²"])
def test_a_cookie_somebody_has_played_with_harms_nothing(cookie: str, demonstration: Plan) -> None:
    client = Client()
    client.cookies["duban_tour_left"] = cookie
    assert client.post(ENTER, {"as": "clerk"}).status_code == 302
    assert client.get("/help/tour/leave/").status_code == 302


@pytest.mark.parametrize("role", sorted(people.EVERYBODY))
def test_nobody_of_a_real_installation_is_led_unless_they_ask(role: str, lived: Plan) -> None:
    client = web.signed_in(people.person(role))
    page = web.Page(client.get("/notices/").content.decode())
    assert _tour(page) is None
    assert "/help/" in page.links
    shown = web.read(client, "/help/")
    assert _tour(shown) is None
    stops = [link for link in shown.one("main").links if not link.startswith("/help/")]
    assert len(stops) == (3 if role in READS else 0)
    for link in stops:
        web.read(client, link)


@pytest.mark.browser
@widths
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_visitor_looks_around(
    script: bool, width: int, lived_committed: Plan, window: Callable[..., Window], settings: Any
) -> None:
    settings.DEMO = True
    visitor = window(width, script=script)
    page = visitor.page
    page.goto(visitor.base + "/sign-in/")
    visitor.fits()
    for kind in KINDS:
        with page.expect_navigation():
            page.click(f".cast button[value={kind}]")
        for at in (1, 2, 3):
            expect(page.locator("nav.tour .tag")).to_have_text(f"{at}/3")
            visitor.fits()
            if script and kind == "clerk":
                assert wrong(visitor, Axe()) == []
            if at < 3:
                with page.expect_navigation():
                    page.click(f"nav.tour a[href='/help/tour/{at + 1}/']")
        with page.expect_navigation():
            page.click("nav.tour a[href*='leave']")
        expect(page.locator("nav.tour")).to_have_count(0)
        with page.expect_navigation():
            page.click(".who form button")
    visitor.fits()


def test_the_three_are_of_this_moment(demonstration: Plan) -> None:
    """Where a clerk's desk is empty, the second leads to the plan."""
    user = make.person("公安局·经办人")
    kind = visit.kind_of(Standing(user))
    assert kind is not None
    found = visit.places(kind, Standing(user), demonstration, clock.now())
    assert len(found) == visit.LENGTH
    assert found[2][0] == "overdue", "site plans are the counties'"
