"""The main acts of the four kinds of users in a real browser without scripts, on a desk and on a phone.

Signing and reporting without scripts: `test_browser`; urging many: `test_urging`; the first visit: `test_visit`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from bureaus import clock
from measures.models import Event, Extension, FormCheck, Plan
from tests import make
from tests.make import at
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows.models import Slip

pytestmark = pytest.mark.browser

Open = Callable[..., Window]
OFFICER, LEADER = "托里县·经办人", "托里县·分管领导"
REVIEWER, KEEPER = "人社局·经办人", "发展改革委·经办人"
widths = pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])


class Desk:
    """Somebody at their own window, which runs no scripts."""

    def __init__(self, window: Open, width: int, who: str) -> None:
        self.window = window(width, script=False)
        self.window.sign_in(who)
        self.page = self.window.page

    def open(self, url: str) -> None:
        self.window.open(url)

    def follow(self, link: str) -> None:
        with self.page.expect_navigation():
            self.page.click(f"{link} >> nth=0")
        self.window.fits()

    def send(self, act: str, **typed: str) -> None:
        """Open the fold of an act if it is closed, fill in its form, and send it."""
        form = self.page.locator(f"form[action$='/{act}/']").first
        fold = self.page.locator("details", has=form)
        if fold.count() and fold.get_attribute("open") is None:
            fold.locator("summary").click()
        for name, words in typed.items():
            form.locator(f"[name={name}]").fill(words)
        with self.page.expect_navigation():
            form.locator("button:not([type=button])").first.click()
        self.window.fits()
        expect(self.page.locator(".flash.success")).to_be_visible()


@pytest.fixture
def june(tacheng_committed: Plan) -> Plan:
    """The first working day: nobody has acted yet."""
    clock.set_made(at(2019, 6, 3, 10))
    return tacheng_committed


@widths
def test_submitted_signed_off_returned_and_accepted(width: int, june: Plan, window: Open) -> None:
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 10))
    url = f"/assignments/{row.pk}/"
    officer = Desk(window, width, OFFICER)
    officer.open("/")
    officer.follow(f"main a[href='{url}']")
    officer.send("send_up", result="首次摸底完成。")
    leader = Desk(window, width, LEADER)
    leader.open("/")
    leader.follow(f"#to_sign_off a[href='{url}']")
    leader.send("sign_off")
    assert make.fresh(row).state == "submitted"
    reviewer = Desk(window, width, REVIEWER)
    reviewer.open("/review/")
    reviewer.follow(f"main a.ttl[href='{url}']")
    reviewer.send("send_back", reason="请补两个村。", correct_by="2019-07-31")
    assert make.fresh(row).state == "in_progress"
    officer.open("/")
    officer.follow(f"#returned a[href='{url}']")
    expect(officer.page.locator("main")).to_contain_text("请补两个村。")
    officer.send("send_up", result="已补齐。")
    leader.open(url)
    leader.send("sign_off")
    reviewer.open("/review/")
    with reviewer.page.expect_navigation():
        reviewer.page.click(f"form[action='{url}accept/'] button")
    assert make.fresh(row).state == "accepted"


@widths
def test_more_time_is_asked_for_and_granted(width: int, june: Plan, window: Open) -> None:
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 10))
    url = f"/assignments/{row.pk}/"
    officer = Desk(window, width, OFFICER)
    officer.open(url)
    officer.send("ask_extension", to="2019-08-09", reason="汛期道路中断。")
    asked = Extension.objects.get()
    assert str(asked.asked_for) == "2019-08-09"
    office = Desk(window, width, make.SUPERVISOR)
    office.open("/review/")
    office.follow(f"main a[href='{url}']")
    expect(office.page.locator("main")).to_contain_text("汛期道路中断。")
    office.send("grant", to="2019-08-07", document_no="塔行督〔2019〕9号")
    assert str(make.deadline(row).due_on) == "2019-08-07"
    officer.open(url)
    expect(officer.page.locator("main")).to_contain_text("塔行督〔2019〕9号")


@widths
def test_a_site_plan_is_checked_by_both_receivers(width: int, june: Plan, window: Open) -> None:
    row = make.handed_in(make.row("filing/654224/朗古特"), at(2019, 6, 3, 11))
    for who in (REVIEWER, KEEPER):
        receiver = Desk(window, width, who)
        receiver.open("/review/")
        receiver.follow(f"main a[href='/assignments/{row.pk}/']")
        form = receiver.page.locator("form[action$='/check_form/']")
        fold = receiver.page.locator("details", has=form)
        if fold.get_attribute("open") is None:
            fold.locator("summary").click()
        form.locator("[name=outcome][value=complete]").check()
        receiver.send("check_form")
    assert set(FormCheck.objects.filter(filing=row.filing).values_list("outcome", flat=True)) == {"complete"}
    filed = make.fresh(row)
    assert filed.filing.number
    officer = Desk(window, width, OFFICER)
    officer.open("/filings/")
    expect(officer.page.locator("main")).to_contain_text(filed.filing.number)


@widths
def test_one_task_is_urged_and_a_slip_issued_answered_and_closed(
    width: int, lived_committed: Plan, window: Open
) -> None:
    row = make.row("filing/654226/演示安置点")
    inspector = Desk(window, width, make.INSPECTOR)
    inspector.open("/board/")
    inspector.open("/overdue/?kind=main")
    inspector.follow(f"main a.ttl[href='/assignments/{row.pk}/']")
    inspector.send("urge", text="请于本周五前报送。")
    assert row.events.filter(kind=Event.Kind.URGED, note="请于本周五前报送。").exists()

    slip = Slip.objects.get(assignment=row, state="proposed")
    office = Desk(window, width, make.SUPERVISOR)
    office.open("/slips/")
    office.follow(f"main a[href='/slips/{slip.pk}/']")
    office.send("issue", demand="请于三日内报送。", answer_by="2019-08-23")
    county = Desk(window, width, "和布克赛尔县·经办人")
    county.open("/slips/")
    county.follow(f"main a[href='/slips/{slip.pk}/']")
    county.send("answer", answer="正在办，本周内报。")
    office.open(f"/slips/{slip.pk}/")
    expect(office.page.locator("main")).to_contain_text("正在办，本周内报。")
    office.send("close")
    slip.refresh_from_db()
    assert slip.state == "closed"
