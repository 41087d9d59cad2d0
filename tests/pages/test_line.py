"""A line that drops: said on the page, nobody loses the page they are at, and it is over by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Page, expect

from bureaus import clock
from measures.models import Assignment, Event, Plan, Report
from tests import make
from tests.make import at
from tests.pages.browsing import DESKTOP, PHONE, Window
from tests.pages.test_typed import OFFICER, REPORT, TEXT, WORDS, _kept, _send, _type, _url

pytestmark = pytest.mark.browser

Open = Callable[..., Window]
LINE = "#line .banner"
PROBE = "**/crest*.svg"


@pytest.fixture
def row(tacheng_committed: Plan) -> Assignment:
    clock.set_made(at(2019, 6, 3, 10))
    return make.signed(make.row("survey/654224"), at(2019, 6, 3, 10))


def _forgive(window: Window) -> None:
    """Browsers note down what could not be reached."""
    words = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_CONNECTION_RESET")
    window.problems[:] = [text for text in window.problems if not any(word in text for word in words)]


def _cut(page: Page) -> None:
    """The server cannot be reached, though the browser knows nothing of it."""
    page.route("**/*", lambda route: route.abort("connectionreset"))


def _writing_for_a_while(row: Assignment, window: Open) -> Window:
    """A form with words in it that has been open so long that the line is doubted."""
    officer = window(DESKTOP)
    officer.sign_in(OFFICER)
    officer.page.clock.install()
    officer.open(_url(row))
    _type(officer.page)
    officer.page.clock.fast_forward(61_000)
    return officer


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_it_is_said_and_goes_by_itself(width: int, row: Assignment, window: Open) -> None:
    officer = window(width)
    officer.sign_in(OFFICER)
    officer.open(_url(row))
    page = officer.page
    expect(page.locator("#line")).to_be_empty()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    officer.context.set_offline(True)
    expect(page.locator(LINE)).to_be_in_viewport()
    assert len(page.locator(LINE).inner_text()) > 10
    officer.fits()
    # What one types now is kept, and comes back should the tab be closed.
    _type(page)
    assert len(_kept(page)) == 1
    officer.context.set_offline(False)
    expect(page.locator("#line")).to_be_empty()
    expect(page.locator(TEXT)).to_have_value(WORDS)
    _send(page)
    assert Report.objects.get().progress == 55
    _forgive(officer)


def test_a_link_and_a_button_wait_on_the_page_until_the_line_is_back(row: Assignment, window: Open) -> None:
    officer = window(DESKTOP)
    officer.sign_in(OFFICER)
    officer.open(_url(row))
    page = officer.page
    officer.context.set_offline(True)
    expect(page.locator(LINE)).to_be_visible()
    page.click(".crumb a >> nth=0")
    expect(page.locator("h1")).to_have_text(row.title)
    _type(page)
    page.click(f"{REPORT} button[type=submit]")
    expect(page.locator(f"{REPORT} .typed.offline")).to_be_visible()
    expect(page.locator(TEXT)).to_have_value(WORDS)
    assert Report.objects.count() == 0
    # Signing out would forget what was typed, and cannot be done now: nobody is asked, nothing is forgotten.
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    page.click(".who form button")
    assert len(_kept(page)) == 1
    officer.context.set_offline(False)
    expect(page.locator("#line")).to_be_empty()
    expect(page.locator(".typed.offline")).to_have_count(0)
    assert asked == []
    _send(page)
    assert Report.objects.count() == 1
    with page.expect_navigation():
        page.click(".crumb a >> nth=0")
    _forgive(officer)


def test_a_drop_that_the_browser_does_not_notice(row: Assignment, window: Open) -> None:
    """A form that was open for a while is not sent blindly; the line is asked for until it is back."""
    officer = _writing_for_a_while(row, window)
    page = officer.page
    _cut(page)
    page.click(f"{REPORT} button[type=submit]")
    expect(page.locator(LINE)).to_be_visible()
    expect(page.locator(f"{REPORT} .typed.offline")).to_be_visible()
    assert page.url == officer.base + _url(row)
    page.clock.fast_forward(6_000)
    expect(page.locator(LINE)).to_be_visible()
    page.unroute("**/*")
    page.clock.fast_forward(6_000)
    expect(page.locator("#line")).to_be_empty()
    expect(page.locator(".typed.offline")).to_have_count(0)
    _send(page)
    assert Report.objects.get().text.replace("\r\n", "\n") == WORDS
    assert _kept(page) == []
    _forgive(officer)


def test_the_button_that_was_pressed_is_what_is_sent(lived_committed: Plan, window: Open) -> None:
    """A form with two buttons, sent after a long while: the server reads which of them it was."""
    administrator = window(DESKTOP)
    administrator.sign_in(make.ADMINISTRATOR)
    page = administrator.page
    page.clock.install()
    administrator.open("/health/")
    page.clock.fast_forward(61_000)
    before = clock.now()
    with page.expect_request("**/clock/") as sent, page.expect_navigation():
        page.click("form[action='/clock/'] button[value=day]")
    assert "to=day" in (sent.value.post_data or "")
    assert clock.now() > before


def test_a_double_click_after_a_long_while_sends_once(row: Assignment, window: Open) -> None:
    officer = _writing_for_a_while(row, window)
    page = officer.page
    page.locator(f"{REPORT} button[type=submit]").dblclick(no_wait_after=True)
    expect(page.locator(".flash.success")).to_be_visible()
    assert Event.objects.filter(kind=Event.Kind.REPORTED).count() == 1


def test_before_signing_in_too(row: Assignment, window: Open) -> None:
    """The form with the password is neither given away for an error page nor kept."""
    stranger = window(PHONE)
    stranger.page.goto(stranger.base + "/sign-in/")
    page = stranger.page
    page.fill("#id_username", OFFICER)
    page.fill("#id_password", "zhaoshui-4711-lu")
    stranger.context.set_offline(True)
    expect(page.locator(LINE)).to_be_visible()
    page.click(".signin button[type=submit]")
    expect(page.locator("#id_password")).to_have_value("zhaoshui-4711-lu")
    stranger.fits()
    stranger.context.set_offline(False)
    expect(page.locator("#line")).to_be_empty()
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"
    _forgive(stranger)
