"""Sending files on a slow line: how far it is can be seen, it can be stopped, and nothing typed is ever lost."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Any
from urllib.parse import urlparse

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from bureaus import clock
from measures.models import Assignment, Attachment, Plan, Report
from tests import make
from tests.make import at
from tests.pages import web
from tests.pages.browsing import DESKTOP, PHONE, Window

pytestmark = pytest.mark.browser

Open = Callable[..., Window]
OFFICER = "托里县·经办人"
WORDS = "入户过半，\n还有两个村。"
REPORT = "form[action$='/report/']"
FILES, BAR, NOTE = f"{REPORT} [name=uploads]", f"{REPORT} .uploading progress", f"{REPORT} .uploading [role=alert]"
PDF = b"%PDF-1.7\n"
KB = 1024


@pytest.fixture
def row(tacheng_committed: Plan) -> Assignment:
    clock.set_made(at(2019, 6, 3, 10))
    return make.signed(make.row("survey/654224"), at(2019, 6, 3, 10))


def _file(name: str, size: int = 0, content: bytes = PDF) -> Any:
    return {"name": name, "mimeType": "application/pdf", "buffer": content.ljust(size, b".")}


def _start(window: Window, row: Assignment, *files: Any) -> Page:
    window.sign_in(OFFICER)
    window.open(f"/assignments/{row.pk}/")
    page = window.page
    fold = page.locator("details", has=page.locator(REPORT))
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    page.fill(f"{REPORT} [name=text]", WORDS)
    page.fill(f"{REPORT} [name=progress]", "55")
    page.set_input_files(FILES, files=list(files))
    return page


def _slow(window: Window, bytes_a_second: int) -> None:
    session = window.context.new_cdp_session(window.page)
    session.send("Network.enable")
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    session.send("Network.emulateNetworkConditions", conditions)


class Relay:
    """A line between the browser and the server that can be cut, as a shaky line is: in the middle of anything."""

    def __init__(self, server: str) -> None:
        self.there = (urlparse(server).hostname, urlparse(server).port)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://{self.there[0]}:{self.door.getsockname()[1]}"
        self.ends: list[socket.socket] = []
        self.is_cut = False
        Thread(target=self._open, daemon=True).start()

    def _open(self) -> None:
        with suppress(OSError):
            while True:
                here, _address = self.door.accept()
                if self.is_cut:
                    here.close()
                    continue
                there = socket.create_connection(self.there)
                self.ends += [here, there]
                for source, target in ((here, there), (there, here)):
                    Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while found := source.recv(64 * KB):
                target.sendall(found)
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        self.is_cut = True
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self.ends.clear()

    def mend(self) -> None:
        self.is_cut = False

    def close(self) -> None:
        self.door.close()
        self.cut()


@pytest.fixture
def relay(live_server: LiveServer) -> Iterator[Relay]:
    found = Relay(live_server.url)
    yield found
    found.close()


def _press(page: Page) -> None:
    page.click(f"{REPORT} button[type=submit]", no_wait_after=True)


def _under_way(page: Page) -> None:
    """Some of it has left, and not all."""
    page.wait_for_function(
        """bar => { const found = document.querySelector(bar);
            return found && found.value > 0 && found.value < found.max }""",
        arg=BAR,
    )


def _as_it_was(page: Page, files: int = 1) -> None:
    """Everything typed and chosen is there, and can be sent."""
    expect(page.locator(f"{REPORT} [name=text]")).to_have_value(WORDS)
    expect(page.locator(f"{REPORT} [name=progress]")).to_have_value("55")
    assert page.eval_on_selector(FILES, "field => field.files.length") == files
    expect(page.locator(f"{REPORT} button[type=submit]")).to_be_enabled()
    expect(page.locator(BAR)).to_have_count(0)


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_how_far_it_is_can_be_seen(width: int, row: Assignment, window: Open) -> None:
    officer = window(width)
    page = _start(officer, row, _file("台账.pdf", 400 * KB), _file("照片.pdf", 200 * KB))
    _slow(officer, 300 * KB)
    _press(page)
    _under_way(page)
    officer.fits()
    expect(page.locator(f"{REPORT} .far")).to_contain_text("%")
    assert page.locator(BAR).get_attribute("aria-label")
    assert "%" in str(page.text_content(f"{REPORT} .uploading [role=status]")), "read aloud, too"
    expect(page.locator(f"{REPORT} button[type=submit]")).to_be_disabled()
    page.wait_for_selector(".flash.success")
    assert page.url == f"{officer.base}/assignments/{row.pk}/"
    report = Report.objects.get()
    assert (report.text.replace("\r\n", "\n"), report.progress) == (WORDS, 55)
    assert list(Attachment.objects.values_list("name", "size")) == [("台账.pdf", 400 * KB), ("照片.pdf", 200 * KB)]
    assert page.evaluate("JSON.stringify(localStorage)") == "{}", "the server has it"


def test_it_can_be_stopped_and_sent_again(row: Assignment, window: Open) -> None:
    officer = window(DESKTOP)
    page = _start(officer, row, _file("台账.pdf", 200 * KB))
    _slow(officer, 40 * KB)
    _press(page)
    _under_way(page)
    page.click(f"{REPORT} .uploading button")
    expect(page.locator(NOTE)).to_be_visible()
    _as_it_was(page)
    assert not Report.objects.exists()
    _press(page)
    page.wait_for_selector(".flash.success")
    assert Attachment.objects.get().size == 200 * KB


def test_a_line_that_drops_on_the_way_says_what_to_do_and_keeps_everything(
    row: Assignment, window: Open, relay: Relay
) -> None:
    officer = window(PHONE)
    officer.base = relay.url
    page = _start(officer, row, _file("台账.pdf", 200 * KB))
    _slow(officer, 40 * KB)
    _press(page)
    _under_way(page)
    relay.cut()
    expect(page.locator(NOTE)).to_be_visible()
    officer.fits()
    _as_it_was(page)
    assert not Report.objects.exists()
    relay.mend()
    _press(page)
    page.wait_for_selector(".flash.success")
    assert Attachment.objects.get().size == 200 * KB
    officer.problems = [text for text in officer.problems if "net::ERR_" not in text]


def test_sent_again_after_its_answer_was_lost_it_is_recorded_once(row: Assignment, window: Open) -> None:
    """The server had taken it when the line dropped: nobody can know, and it does no harm."""
    officer = window(DESKTOP)
    page = _start(officer, row, _file("台账.pdf"))

    def lose_the_answer(route: Any) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/report/", lose_the_answer, times=1)
    _press(page)
    expect(page.locator(NOTE)).to_be_visible()
    _as_it_was(page)
    _press(page)
    page.wait_for_selector(".flash.success")
    assert (Report.objects.count(), Attachment.objects.count()) == (1, 1)
    officer.problems = [text for text in officer.problems if "ERR_CONNECTION_RESET" not in text]


def test_what_the_server_refuses_is_said_on_the_page_with_everything_typed(row: Assignment, window: Open) -> None:
    """Only its content tells that this is no PDF: the server's sentence stands beside the field."""
    officer = window(DESKTOP)
    page = _start(officer, row, _file("假.pdf", content=b"<html>"))
    _press(page)
    field = page.locator(f"{REPORT} .field.bad", has=page.locator("[name=uploads]"))
    expect(field.locator(".errorlist")).to_contain_text("假.pdf")
    expect(page.locator(f"{REPORT} [name=text]")).to_have_value(WORDS)
    expect(page.locator(FILES)).to_be_focused()
    assert page.url == f"{officer.base}/assignments/{row.pk}/"
    assert not Report.objects.exists()
    page.set_input_files(FILES, files=[_file("真.pdf")])
    _press(page)
    page.wait_for_selector(".flash.success")
    assert Attachment.objects.get().name == "真.pdf"
    officer.problems = [text for text in officer.problems if "422" not in text]


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ([_file("程序.exe")], "程序.exe"),
        ([{"name": "空.pdf", "mimeType": "", "buffer": b""}], "空.pdf"),
        ([_file("大.pdf", 1024 * KB + 1)], "大.pdf"),
        ([_file(f"第{number}份.pdf") for number in range(1, 12)], "第11份.pdf"),
    ],
    ids=["kind", "empty", "size", "number"],
)
def test_what_will_be_refused_is_said_when_it_is_chosen_and_never_sent(
    files: list[Any], named: str, row: Assignment, window: Open, settings: Any
) -> None:
    settings.ATTACHMENT_MAX_MB = 1
    officer = window(PHONE)
    page, asked = _start(officer, row, _file("好的.pdf")), []
    page.set_input_files(FILES, files=files)
    page.on("request", lambda request: asked.append(request.url))
    said = page.locator(f"{REPORT} .field.bad .errorlist li")
    expect(said).to_have_count(1)
    expect(said).to_contain_text(named)
    officer.fits()
    _press(page)
    expect(page.locator(FILES)).to_be_focused()
    assert asked == []
    assert not Report.objects.exists()
    # Something else chosen, it is said no more, and goes.
    page.set_input_files(FILES, files=[_file("好的.pdf")])
    expect(said).to_have_count(0)
    _press(page)
    page.wait_for_selector(".flash.success")
    assert Attachment.objects.get().name == "好的.pdf"


def test_a_sign_in_that_ended_meanwhile_leads_to_the_door_and_back(row: Assignment, window: Open) -> None:
    officer = window(DESKTOP)
    page = _start(officer, row, _file("台账.pdf"))
    Session.objects.all().delete()
    _press(page)
    page.wait_for_url("**/sign-in/**")
    assert not Report.objects.exists()
    officer.sign_in(OFFICER)
    officer.open(f"/assignments/{row.pk}/report/")
    assert page.url == f"{officer.base}/assignments/{row.pk}/"
    expect(page.locator(f"{REPORT} [name=text]")).to_have_value(WORDS)


def test_without_scripts_the_form_is_sent_as_any_other(row: Assignment, window: Open) -> None:
    officer = window(DESKTOP, script=False)
    page = _start(officer, row, _file("台账.pdf"))
    with page.expect_navigation():
        _press(page)
    expect(page.locator(".flash.success")).to_be_visible()
    assert Attachment.objects.get().name == "台账.pdf"


def test_a_page_that_takes_no_files_fetches_no_script_for_them(row: Assignment) -> None:
    for who, takes in ((OFFICER, True), (make.INSPECTOR, False)):
        page = web.read(web.signed_in(who), f"/assignments/{row.pk}/")
        assert any("upload.js" in script.attrs["src"] for script in page.all("script")) == takes
