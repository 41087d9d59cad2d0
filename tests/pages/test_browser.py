"""The main journey in a real browser, on a desk and on a phone, with scripts and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, expect

from bureaus import clock
from measures.models import Assignment, FilingLine, Plan, Report
from tests import make
from tests.make import at
from tests.pages import people
from tests.pages.browsing import DESKTOP, PHONE, Window

pytestmark = pytest.mark.browser

Open = Callable[..., Window]
OFFICER, LEADER, REVIEWER = "托里县·经办人", "托里县·分管领导", "人社局·经办人"
PASSWORD = "zhaoshui-4711-lu"
widths = pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])


@pytest.fixture
def monday(tacheng_committed: Plan) -> Assignment:
    """The first working day; the survey of 托里县 lies before its officer."""
    clock.set_made(at(2019, 6, 3, 10))
    for name in (OFFICER, LEADER):
        user = make.person(name)
        user.set_password(PASSWORD)
        user.save()
    return make.row("survey/654224")


def _unfold(window: Window, act: str) -> str:
    """Open the fold of an act if it is closed; the form's selector."""
    form = f"form[action$='/{act}/']"
    fold = window.page.locator("details", has=window.page.locator(form))
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    expect(window.page.locator(form)).to_be_visible()
    return form


def _send(window: Window, form: str) -> None:
    with window.page.expect_navigation():
        window.page.click(f"{form} button[type=submit]")
    window.fits()


@widths
def test_a_task_goes_from_the_county_through_its_leader_to_the_reviewer(
    width: int, monday: Assignment, window: Open
) -> None:
    row = monday
    officer = window(width)
    officer.sign_in_by_form(OFFICER, PASSWORD)
    officer.fits()
    page = officer.page
    expect(page.locator("#to_sign")).to_be_visible()
    with page.expect_navigation():
        page.click(f"#to_sign a[href='/assignments/{row.pk}/']")
    officer.fits()
    expect(page.locator("h1")).to_have_text(row.title)
    expect(page.locator("blockquote")).to_contain_text(row.step.quote[:20])

    form = _unfold(officer, "sign")
    assert page.input_value(f"{form} select[name=handler]") == str(make.person(OFFICER).pk)
    _send(officer, form)
    assert make.fresh(row).state == "in_progress"
    expect(page.locator(".flash.success")).to_be_visible()

    form = _unfold(officer, "report")
    page.fill(f"{form} [name=text]", "入户过半。")
    page.fill(f"{form} [name=progress]", "55")
    page.set_input_files(
        f"{form} [name=uploads]",
        files=FilePayload(name="首次摸底台账.pdf", mimeType="application/pdf", buffer=b"%PDF-1.4 x"),
    )
    _send(officer, form)
    assert Report.objects.get().progress == 55
    expect(page.locator("ul.files")).to_contain_text("首次摸底台账.pdf")

    form = _unfold(officer, "send_up")
    page.fill(f"{form} [name=result]", "首次摸底完成。")
    _send(officer, form)
    assert make.fresh(row).state == "unit_signoff"

    leader = window(width)
    leader.sign_in_by_form(LEADER, PASSWORD)
    leader.fits()
    with leader.page.expect_navigation():
        leader.page.click(f"#to_sign_off a[href='/assignments/{row.pk}/']")
    expect(leader.page.locator("main")).to_contain_text("首次摸底完成。")
    _send(leader, _unfold(leader, "sign_off"))
    assert make.fresh(row).state == "submitted"

    reviewer = window(width)
    reviewer.sign_in(REVIEWER)
    reviewer.open("/review/")
    _accept = f"form[action='/assignments/{row.pk}/accept/']"
    with reviewer.page.expect_navigation():
        reviewer.page.click(f"{_accept} button")
    reviewer.fits()
    assert make.fresh(row).state == "accepted"
    assert reviewer.page.url.endswith("/review/")
    assert reviewer.page.locator(_accept).count() == 0


@widths
def test_an_inspector_reads_the_overdue_list_and_takes_it_along(
    width: int, lived_committed: Plan, window: Open
) -> None:
    inspector = window(width)
    inspector.sign_in(make.INSPECTOR)
    inspector.open("/")
    page = inspector.page
    expect(page.locator("svg.gantt")).to_be_visible()
    inspector.open("/overdue/")
    rows = page.locator("tbody tr")
    everything = rows.count()
    assert everything > 3
    page.select_option("select[name=unit]", "654224")
    with page.expect_navigation():
        page.click("form.filters button")
    inspector.fits()
    assert 0 < rows.count() < everything
    with page.expect_download() as download:
        page.click("a[href*='export.xlsx']")
    assert download.value.suggested_filename.endswith("2019-08-20.xlsx")
    with page.expect_navigation():
        page.click("tbody tr a.ttl >> nth=0")
    inspector.fits()
    expect(page.locator("h1")).to_be_visible()


def test_the_menu_of_a_phone_opens_and_closes(lived_committed: Plan, window: Open) -> None:
    phone = window(PHONE)
    phone.sign_in(OFFICER)
    phone.open("/")
    page = phone.page
    menu, button = page.locator("#nav"), page.locator(".menu-toggle")
    expect(menu).to_be_hidden()
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(menu).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    phone.fits()
    button.click()
    expect(menu).to_be_hidden()
    button.click()
    page.click("#nav a[href='/overdue/']")
    page.wait_for_url("**/overdue/")
    # What a finger has to hit is large enough.
    page.locator(".menu-toggle").click()
    for link in page.locator("#nav a").all():
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 40


@widths
def test_a_row_is_added_to_the_table_of_posts(width: int, monday: Assignment, window: Open) -> None:
    row = make.signed(make.row("filing/654224/朗古特"), at(2019, 6, 3, 10))
    officer = window(width)
    officer.sign_in(OFFICER)
    officer.open(f"/assignments/{row.pk}/")
    page = officer.page
    rows = page.locator("#posts tr")
    expect(rows).to_have_count(5)
    page.click("[data-add-row=posts]")
    page.click("[data-add-row=posts]")
    expect(rows).to_have_count(7)
    names = [field.get_attribute("name") for field in page.locator("#posts input").all()]
    assert len(set(names)) == 28
    assert page.evaluate("document.activeElement.name") == "post6", "one can write on at once"
    officer.fits()
    for name, value in (("post6", "护边员"), ("project6", "边境管护"), ("persons6", "13"), ("households6", "13")):
        page.fill(f"[name={name}]", value)
    with page.expect_navigation():
        page.click("form[action$='/save_draft/'] button[type=submit]")
    assert list(FilingLine.objects.values_list("post", "persons")) == [("护边员", 13)]


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_same_without_scripts(width: int, monday: Assignment, window: Open) -> None:
    officer = window(width, script=False)
    officer.sign_in_by_form(OFFICER, PASSWORD)
    page = officer.page
    expect(page.locator("#nav")).to_be_visible()
    with page.expect_navigation():
        page.click(f"#to_sign a[href='/assignments/{monday.pk}/']")
    with page.expect_navigation():
        page.click("form[action$='/sign/'] button[type=submit]")
    assert make.fresh(monday).state == "in_progress"
    fold = page.locator("details", has=page.locator("form[action$='/report/']"))
    fold.locator("summary").click()
    page.fill("form[action$='/report/'] [name=text]", "入户过半。")
    with page.expect_navigation():
        page.click("form[action$='/report/'] button[type=submit]")
    assert Report.objects.count() == 1


def test_a_double_click_sends_once(monday: Assignment, window: Open) -> None:
    for script in (True, False):
        Report.objects.all().delete()
        row = make.fresh(monday)
        if row.state == "issued":
            row = make.signed(row, at(2019, 6, 3, 10))
        officer = window(DESKTOP, script=script)
        officer.sign_in(OFFICER)
        officer.page.goto(f"{officer.base}/assignments/{row.pk}/")
        page = officer.page
        form = "form[action$='/report/']"
        page.locator("details", has=page.locator(form)).locator("summary").click()
        page.fill(f"{form} [name=text]", "入户过半。")
        # Without scripts the second click cuts off the answer to the first: what counts is where it all ends.
        page.locator(f"{form} button[type=submit]").dblclick(no_wait_after=True)
        expect(page.locator("ul.feed").first).to_contain_text("入户过半。")
        assert Report.objects.count() == 1


MAIN_PAGES = {
    OFFICER: ["/", "/review/", "/overdue/", "/filings/", "/monthly/2019-07/", "/slips/", "/notices/", "/password/"],
    REVIEWER: ["/", "/review/", "/monthly/2019-07/", "/filings/"],
    make.SUPERVISOR: ["/", "/review/", "/board/", "/overdue/", "/slips/", "/log/", "/monthly/2019-07/"],
    make.INSPECTOR: ["/board/", "/overdue/", "/plans/tacheng-2019/", "/plans/tacheng-2019/measures/6/"],
    make.PREFECTURE_LEADER: ["/board/", "/"],
    make.AUDITOR: ["/log/"],
}
# Work of every kind, by somebody who has something to do there.
TASKS = [
    (OFFICER, "survey/654224"),
    (OFFICER, "filing/654224/朗古特"),
    (OFFICER, "filing/654224/吉也克镇"),
    (OFFICER, "monthly/654224/2019-08"),
    (OFFICER, "roster/654224"),
    ("和布克赛尔县·经办人", "survey/654226"),
    (make.SUPERVISOR, "filing/654224/朗古特"),
    ("人社局·经办人", "m4-gate/hrss"),
    ("托里县·分管领导", "m1-rectification/654224/1"),
]


def test_no_page_is_wider_than_a_phone(lived_committed: Plan, window: Open) -> None:
    """At 390 points nothing is pushed sideways; what must be wide scrolls inside its own frame."""
    phone = window(PHONE)
    phone.page.goto(phone.base + "/sign-in/")
    phone.fits()
    for who, urls in MAIN_PAGES.items():
        phone.context.clear_cookies()
        phone.sign_in(who)
        for url in urls:
            phone.open(url)
    for who, key in TASKS:
        phone.context.clear_cookies()
        phone.sign_in(who)
        phone.open(f"/assignments/{make.row(key).pk}/")
        phone.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
        phone.fits()


def test_no_page_is_wider_than_a_screen(lived_committed: Plan, window: Open) -> None:
    screen = window(DESKTOP)
    for who, urls in MAIN_PAGES.items():
        screen.context.clear_cookies()
        screen.sign_in(who)
        for url in urls:
            screen.open(url)
    for who, key in TASKS:
        screen.context.clear_cookies()
        screen.sign_in(who)
        screen.open(f"/assignments/{make.row(key).pk}/")


def test_everybody_is_tried() -> None:
    tried = set(MAIN_PAGES) | {who for who, _key in TASKS}
    assert {people.PEOPLE[role] for role in ("unit", "unit_leader", "lead", "supervisor", "inspector")} <= tried
