"""One whole journey by the keyboard alone: what has the focus is seen, the order is that of the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from bureaus import clock
from measures.models import Assignment, Plan, Report
from tests import make
from tests.make import at
from tests.pages.browsing import DESKTOP, Window
from tests.pages.test_typed import PASSWORD
from workflows import actions

pytestmark = pytest.mark.browser

OFFICER = "托里县·经办人"
STEPS = 400  # presses of Tab, at the most, from the beginning of a page to anything on it
# Where the focus is, and what is wrong about it: it must be on the page, in view, marked, and after what had it before.
FOCUS = """wanted => {
    const now = document.activeElement, before = window.hadFocus, style = getComputedStyle(now);
    const box = now.getBoundingClientRect();
    const wrong = [];
    // A date has parts of its own to tab through; the browser marks each of them.
    const same = now === before;
    if (!same && (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2)) wrong.push('not marked');
    if (!box.width || !box.height || box.bottom <= 0 || box.top >= innerHeight) wrong.push('out of view');
    if (now.tabIndex > 0) wrong.push('jumps the queue');
    const follows = before && before.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (before && !same && before.isConnected && !follows) wrong.push('goes back');
    window.hadFocus = now;
    return {found: now.matches(wanted), body: now === document.body, in_main: !!now.closest('main'),
            wrong: wrong.length ? now.outerHTML.slice(0, 120) + ': ' + wrong.join(', ') : ''};
}"""


class Keys:
    """Somebody at a keyboard, without a mouse."""

    def __init__(self, window: Window) -> None:
        self.page: Page = window.page
        self.window = window
        # Pages glide to what has the focus; here they jump, so that where it is can be asked at once.
        self.page.emulate_media(reduced_motion="reduce")

    def tab_to(self, wanted: str) -> None:
        for _press in range(STEPS):
            self.page.keyboard.press("Tab")
            seen = self.page.evaluate(FOCUS, wanted)
            assert not seen["body"], f"the page has ended before {wanted}"
            assert not seen["wrong"], seen["wrong"]
            if seen["found"]:
                return
        raise AssertionError(f"{wanted} is not reached in {STEPS} steps")

    def skip_to_the_content(self) -> None:
        """The first thing on every page is the way past its menu."""
        self.tab_to(".skip")
        self.page.keyboard.press("Enter")
        self.page.keyboard.press("Tab")
        seen = self.page.evaluate(FOCUS, "a, button, summary, input, textarea, select, [tabindex]")
        assert seen["found"] and seen["in_main"], "it leads past the menu"
        self.page.keyboard.press("Shift+Tab")
        self.page.evaluate("window.hadFocus = null")
        self.page.evaluate("document.activeElement.blur()")

    def enter(self, key: str = "Enter") -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self.window.fits()

    def write(self, wanted: str, words: str) -> None:
        self.tab_to(wanted)
        self.page.keyboard.type(words)

    def unfold(self, form: str) -> None:
        """Come to an act and open its fold, if it is closed."""
        fold = self.page.locator("details", has=self.page.locator(form))
        index = self.page.locator("details").evaluate_all("(all, one) => all.indexOf(one)", fold.element_handle())
        self.page.evaluate(
            "index => document.querySelectorAll('details')[index].querySelector('summary').id = 'fold'", index
        )
        self.tab_to("#fold")
        if fold.get_attribute("open") is None:
            self.page.keyboard.press("Enter")
        expect(self.page.locator(form)).to_be_visible()


@pytest.fixture
def row(tacheng_committed: Plan) -> Assignment:
    clock.set_made(at(2019, 6, 3, 10))
    for name in (OFFICER, make.SUPERVISOR):
        user = make.person(name)
        user.set_password(PASSWORD)
        user.save()
    return make.row("money/654224/2019")


def _sign_in(window: Window, name: str) -> Keys:
    keys = Keys(window)
    keys.page.goto(window.base + "/sign-in/")
    expect(keys.page.locator("#id_username")).to_be_focused()
    keys.page.keyboard.type(name)
    keys.write("#id_password", PASSWORD)
    keys.tab_to(".signin button")
    keys.enter()
    return keys


def test_a_task_goes_to_the_supervision_office_and_back_by_keyboard_alone(
    row: Assignment, window: Callable[..., Window]
) -> None:
    url = f"/assignments/{row.pk}/"
    officer = _sign_in(window(DESKTOP), OFFICER)
    officer.skip_to_the_content()
    officer.tab_to(f"main a.ttl[href='{url}']")
    officer.enter()

    officer.skip_to_the_content()
    officer.unfold("form[action$='/sign/']")
    officer.tab_to("form[action$='/sign/'] button[type=submit]")
    officer.enter()
    assert make.fresh(row).state == "in_progress"
    expect(officer.page.locator(".flash.success")).to_be_visible()

    officer.unfold("form[action$='/report/']")
    officer.write("form[action$='/report/'] [name=text]", "资金已拨付一半。")
    officer.write("form[action$='/report/'] [name=progress]", "50")
    officer.tab_to("form[action$='/report/'] button[type=submit]")
    officer.enter("Space")
    assert Report.objects.get().progress == 50

    officer.unfold("form[action$='/send_up/']")
    officer.write("form[action$='/send_up/'] [name=result]", "资金全部拨付。")
    officer.write("form[action$='/send_up/'] [name=asked-amount]", "120")
    officer.write("form[action$='/send_up/'] [name=asked-document]", "托财〔2019〕7号")
    officer.tab_to("form[action$='/send_up/'] [name=asked-more]")
    officer.page.keyboard.press("ArrowDown")
    officer.tab_to("form[action$='/send_up/'] button[type=submit]")
    officer.enter()
    assert make.fresh(row).state == "unit_signoff"
    actions.sign_off(make.fresh(row), by=make.leader_of(row.unit), now=clock.now(), note="")

    office = _sign_in(window(DESKTOP), make.SUPERVISOR)
    office.tab_to("#nav a[href='/review/']")
    office.enter()
    office.skip_to_the_content()
    office.tab_to(f"main a.ttl[href='{url}']")
    office.enter()
    office.unfold("form[action$='/send_back/']")
    office.write("form[action$='/send_back/'] [name=reason]", "缺少拨付凭证，请补充。")
    office.tab_to("form[action$='/send_back/'] button[type=submit]")
    office.enter()
    assert make.fresh(row).state == "in_progress"

    officer.page.goto(officer.window.base + "/")
    officer.skip_to_the_content()
    officer.tab_to(f"#returned a.ttl[href='{url}']")
    officer.enter()
    expect(officer.page.locator("main")).to_contain_text("缺少拨付凭证，请补充。")
