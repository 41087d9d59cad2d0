"""No typed word is lost: by a dropped line, a closed tab, an ended sign-in; and nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Dialog, Page, expect

from bureaus import clock
from measures.models import Assignment, FilingLine, Plan, Report
from tests import make
from tests.make import at
from tests.pages import web
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows.models import Slip

pytestmark = pytest.mark.browser

Open = Callable[..., Window]
OFFICER, LEADER, LATE = "托里县·经办人", "托里县·分管领导", "和布克赛尔县·经办人"
PASSWORD = "zhaoshui-4711-lu"
WORDS = "入户过半，\n还有两个村。"
REPORT = "form[action$='/report/']"
TEXT = f"{REPORT} [name=text]"
AGAIN = f"{REPORT} .typed.again"


@pytest.fixture
def row(tacheng_committed: Plan) -> Assignment:
    """The survey of 托里县, signed for, on the first working day."""
    clock.set_made(at(2019, 6, 3, 10))
    for name in (OFFICER, LEADER):
        user = make.person(name)
        user.set_password(PASSWORD)
        user.save()
    return make.signed(make.row("survey/654224"), at(2019, 6, 3, 10))


def _url(row: Assignment) -> str:
    return f"/assignments/{row.pk}/"


def _type(page: Page, words: str = WORDS) -> None:
    fold = page.locator("details", has=page.locator(REPORT))
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    page.fill(TEXT, words)
    page.fill(f"{REPORT} [name=progress]", "55")


def _start(window: Window, row: Assignment, who: str = OFFICER) -> Page:
    window.sign_in(who)
    window.open(_url(row))
    return window.page


def _send(page: Page, form: str = REPORT) -> None:
    with page.expect_navigation():
        page.click(f"{form} button:not([type=button])")


def _kept(page: Page) -> list[str]:
    found: list[str] = page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('typed:'))")
    return found


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_sign_in_that_ended_in_the_middle_of_a_form(width: int, row: Assignment, window: Open) -> None:
    """Sent too late, it comes back to the page of the task with every word, and is sent from there."""
    officer = window(width)
    page = _start(officer, row)
    _type(page)
    Session.objects.all().delete()
    _send(page)
    assert "/sign-in/" in page.url
    officer.fits()
    page.fill("#id_username", OFFICER)
    page.fill("#id_password", PASSWORD)
    with page.expect_navigation():
        page.click(".signin button[type=submit]")
    assert page.url == officer.base + _url(row)
    expect(page.locator(TEXT)).to_be_visible()
    expect(page.locator(TEXT)).to_have_value(WORDS)
    expect(page.locator(f"{REPORT} [name=progress]")).to_have_value("55")
    expect(page.locator(AGAIN)).to_be_visible()
    officer.fits()
    assert Report.objects.count() == 0
    _send(page)
    expect(page.locator(".flash.success")).to_be_visible()
    assert Report.objects.get().text.replace("\r\n", "\n") == WORDS
    assert _kept(page) == [], "the server has it"
    page.reload()
    expect(page.locator(TEXT)).to_have_value("")


def test_a_line_that_drops_at_the_moment_of_sending(row: Assignment, window: Open) -> None:
    """It is said on the page; the words stay, through a reload too, and are sent once the line is back."""
    officer = window(DESKTOP)
    page = _start(officer, row)
    _type(page)
    officer.context.set_offline(True)
    page.click(f"{REPORT} button[type=submit]")
    expect(page.locator(f"{REPORT} .typed.offline")).to_be_visible()
    expect(page.locator(TEXT)).to_have_value(WORDS)
    officer.context.set_offline(False)
    page.reload()
    expect(page.locator(TEXT)).to_have_value(WORDS)
    _send(page)
    assert Report.objects.get().progress == 55
    assert _kept(page) == []
    assert [text for text in officer.problems if "ERR_INTERNET_DISCONNECTED" not in text] == []
    officer.problems.clear()


def test_a_line_that_drops_unnoticed(row: Assignment, window: Open) -> None:
    """The browser shows its own error; going back shows the words, and so does opening the page anew."""
    officer = window(DESKTOP)
    page = _start(officer, row)
    _type(page)
    page.route("**/report/", lambda route: route.abort("connectionreset"))
    with page.expect_event("requestfailed"):
        page.click(f"{REPORT} button[type=submit]", no_wait_after=True)
    page.wait_for_url("chrome-error://**")
    page.go_back()
    expect(page.locator(TEXT)).to_have_value(WORDS)
    page.goto(officer.base + _url(row))
    expect(page.locator(AGAIN)).to_be_visible()
    expect(page.locator(TEXT)).to_have_value(WORDS)
    assert Report.objects.count() == 0
    officer.problems.clear()


def test_a_tab_that_is_closed_and_words_that_are_discarded(row: Assignment, window: Open) -> None:
    officer = window(DESKTOP)
    _type(_start(officer, row))
    officer.page.close(run_before_unload=False)
    page = officer.page = officer.context.new_page()
    page.goto(officer.base + _url(row))
    expect(page.locator(TEXT)).to_have_value(WORDS)
    page.click(f"{AGAIN} button")
    expect(page.locator(TEXT)).to_have_value("")
    expect(page.locator(AGAIN)).to_have_count(0)
    assert _kept(page) == []


def test_a_click_elsewhere(row: Assignment, window: Open) -> None:
    """Nothing is asked, since nothing is lost: the words are there when one comes back."""
    officer = window(DESKTOP)
    page, asked = _start(officer, row), []

    def note(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", note)
    _type(page)
    with page.expect_navigation():
        page.click(".crumb a >> nth=0")
    assert asked == []
    expect(page.locator("main .typed")).to_have_count(0)
    officer.open(_url(row))
    expect(page.locator(TEXT)).to_have_value(WORDS)


def test_what_the_server_did_not_take_is_kept(row: Assignment, window: Open) -> None:
    """Refused for one field, the page has all words; left and opened again, it has them still."""
    officer = window(DESKTOP)
    page = _start(officer, row)
    _type(page)
    page.eval_on_selector(f"{REPORT} [name=progress]", "field => { field.removeAttribute('max') }")
    page.fill(f"{REPORT} [name=progress]", "455")
    _send(page)
    expect(page.locator(TEXT)).to_have_value(WORDS)
    expect(page.locator(AGAIN)).to_have_count(0)
    page.goto(officer.base + _url(row))
    expect(page.locator(TEXT)).to_have_value(WORDS)
    expect(page.locator(f"{REPORT} [name=progress]")).to_have_value("455")
    officer.problems = [text for text in officer.problems if "422" not in text]


def test_signing_out_leaves_nothing_behind(row: Assignment, window: Open) -> None:
    """It asks first; who stays keeps the words."""
    officer = window(DESKTOP)
    page, said = _start(officer, row), []
    _type(page)

    def answer(dialog: Dialog) -> None:
        said.append(dialog.type)
        if len(said) == 1:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", answer)
    page.click(".who form button")
    expect(page.locator(TEXT)).to_have_value(WORDS)
    assert len(_kept(page)) == 1
    with page.expect_navigation():
        page.click(".who form button")
    assert said == ["confirm", "confirm"]
    assert "/sign-in/" in page.url
    assert page.evaluate("JSON.stringify(localStorage)") == "{}"


def test_another_person_at_the_same_computer_sees_nothing_of_it(row: Assignment, window: Open) -> None:
    computer = window(DESKTOP)
    page = _start(computer, row)
    _type(page)
    computer.context.clear_cookies()
    computer.sign_in(LEADER)
    computer.open(_url(row))
    assert WORDS not in (page.text_content("body") or "")
    expect(page.locator(TEXT)).to_have_value("")
    expect(page.locator("main .typed")).to_have_count(0)
    # Whose words they are finds them again.
    computer.context.clear_cookies()
    computer.sign_in(OFFICER)
    computer.open(_url(row))
    expect(page.locator(TEXT)).to_have_value(WORDS)


def test_words_whose_form_is_gone_can_still_be_copied(row: Assignment, window: Open) -> None:
    officer = window(PHONE)
    page = _start(officer, row)
    _type(page)
    make.handed_in(row, at(2019, 6, 3, 11))
    officer.open(_url(row))
    expect(page.locator(REPORT)).to_have_count(0)
    left = page.locator("main .typed.left .pre").inner_text()
    assert WORDS in left
    assert "55" in left
    officer.fits()
    page.click("main .typed.left button")
    assert _kept(page) == []


def test_rows_added_to_a_table_come_back(row: Assignment, window: Open) -> None:
    filing = make.signed(make.row("filing/654224/朗古特"), at(2019, 6, 3, 10))
    officer = window(DESKTOP)
    page = _start(officer, filing)
    page.click("[data-add-row=posts]")
    page.click("[data-add-row=posts]")
    for name, value in (("post6", "护边员"), ("project6", "边境管护"), ("persons6", "13"), ("households6", "13")):
        page.fill(f"[name={name}]", value)
    page.reload()
    expect(page.locator("#posts tr")).to_have_count(7)
    expect(page.locator("[name=post6]")).to_have_value("护边员")
    _send(page, "form[action$='/save_draft/']")
    assert list(FilingLine.objects.values_list("post", "persons")) == [("护边员", 13)]
    assert _kept(page) == []


def test_papers_and_answers_come_back_too(lived_committed: Plan, window: Open) -> None:
    """A monthly return, a site plan, the answer to a slip: there after a reload, and dropped once they are taken."""
    slip = Slip.objects.get(assignment__key__endswith="survey/654226", state="issued")
    cases = [
        (OFFICER, _url(make.row("monthly/654224/2019-08")), "save_return", "[name=problems]", "资金未到位。"),
        (OFFICER, _url(make.row("filing/654224/朗古特")), "save_draft", "[name=resources]", "已清查资源。"),
        (LATE, f"/slips/{slip.pk}/", "answer", "[name=answer]", "正在办，本周内报。"),
    ]
    for who, url, act, field, said in cases:
        officer = window(DESKTOP)
        officer.sign_in(who)
        officer.open(url)
        page, form = officer.page, f"form[action$='/{act}/']"
        page.fill(f"{form} {field}", said)
        officer.open("/slips/")
        expect(page.locator("main .typed")).to_have_count(0)
        officer.open(url)
        expect(page.locator(f"{form} .typed.again")).to_be_visible()
        expect(page.locator(f"{form} {field}")).to_have_value(said)
        _send(page, form)
        expect(page.locator(".flash.success")).to_be_visible()
        expect(page.locator("main .typed")).to_have_count(0)
        assert _kept(page) == []


def test_what_is_kept_and_for_how_long(row: Assignment, window: Open) -> None:
    """The words alone: no token, no hidden field; gone after 14 days."""
    officer = window(DESKTOP)
    page = _start(officer, row)
    _type(page)
    [key] = _kept(page)
    assert key == f"typed:{make.person(OFFICER).pk}:{_url(row)}report/"
    assert sorted(page.evaluate("key => Object.keys(JSON.parse(localStorage[key]).fields)", key)) == [
        "progress",
        "text",
    ]
    page.evaluate(
        """key => { const entry = JSON.parse(localStorage[key]); entry.at -= 14 * 86400000 + 1000;
        localStorage[key] = JSON.stringify(entry) }""",
        key,
    )
    page.reload()
    expect(page.locator(TEXT)).to_have_value("")
    assert _kept(page) == []
    page.goto(officer.base + "/password/")
    page.fill("input[type=password] >> nth=0", PASSWORD)
    assert _kept(page) == []


def test_a_chosen_file_cannot_be_kept_so_the_browser_asks(row: Assignment, window: Open) -> None:
    officer = window(DESKTOP)
    page, asked = _start(officer, row), []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    _type(page)
    page.set_input_files(
        f"{REPORT} [name=uploads]", files={"name": "台账.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"}
    )
    page.click(".crumb a >> nth=0", no_wait_after=True)
    expect(page.locator(TEXT)).to_have_value(WORDS)
    assert asked == ["beforeunload"]
    _send(page)
    assert asked == ["beforeunload"]
    assert Report.objects.count() == 1


def test_where_a_form_sent_too_late_leads_after_signing_in(lived: Plan) -> None:
    """Without scripts too: to the page the form stands on, not to an address that takes forms only."""
    survey = make.row("survey/654224")
    client = web.signed_in(OFFICER)
    assert web.where(client.get(f"{_url(survey)}report/")) == _url(survey)
    assert web.where(client.get("/absences/record/")) == "/absences/"
    assert client.get(f"{_url(make.row('survey/654225'))}report/", follow=True).status_code == 404
