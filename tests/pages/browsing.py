"""A real browser on a live server: one for the session, a fresh window for every person."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlparse

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import make

DESKTOP, PHONE = 1360, 390
# How long something may take to appear, in ms: no measure of speed, since the other tests run beside this one.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


class Window:
    """A person's browser window. What goes wrong in it, loudly or silently, is kept in `problems`."""

    def __init__(self, browser: Browser, base: str, width: int, *, script: bool = True) -> None:
        self.base, self.width = base, width
        self.problems: list[str] = []
        options: dict[str, Any] = {"is_mobile": True, "has_touch": True} if width == PHONE else {}
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 844 if width == PHONE else 900},
            java_script_enabled=script,
            locale="zh-CN",
            **options,
        )
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda said: self._note(said.type in ("error", "warning"), f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self._note(True, f"script: {error}"))
        self.page.on("request", lambda asked: self._note(not self._ours(asked.url), f"elsewhere: {asked.url}"))
        self.page.on("response", lambda got: self._note(got.status >= 400, f"{got.status}: {got.url}"))

    def _note(self, wrong: bool, text: str) -> None:
        if wrong:
            self.problems.append(text)

    def _ours(self, url: str) -> bool:
        return url.startswith(self.base) or urlparse(url).scheme in ("data", "blob")

    def sign_in_by_form(self, name: str, password: str) -> None:
        self.page.goto(self.base + "/sign-in/")
        self.page.fill("#id_username", name)
        self.page.fill("#id_password", password)
        with self.page.expect_navigation():
            self.page.click(".signin button[type=submit]")

    def sign_in(self, name: str) -> None:
        """Quicker, where signing in is not what is looked at."""
        client = Client()
        client.force_login(make.person(name))
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.base}])

    def open(self, path: str) -> None:
        self.page.goto(self.base + path)
        self.fits()

    def fits(self) -> None:
        """Nothing is wider than the window: a page is never pushed sideways."""
        self.page.wait_for_load_state("load")
        wide = self.page.evaluate("document.scrollingElement.scrollWidth")
        # Not `innerWidth`: a phone zooms out until everything fits, and would call that its width.
        if wide > self.width:
            self.problems.append(f"{self.page.url} is {wide} wide in {self.width}: {self._widest()}")

    def _widest(self) -> str:
        return str(
            self.page.evaluate(
                """wide => {
                const inside = element => { for (let e = element.parentElement; e; e = e.parentElement)
                    { const o = getComputedStyle(e).overflowX; if (o === 'auto' || o === 'scroll' || o === 'hidden')
                        return true; } return false; };
                return [...document.querySelectorAll('body *')]
                    .filter(e => e.getBoundingClientRect().right > wide + 1 && !inside(e))
                    .slice(0, 4).map(e => e.tagName + '.' + e.className + ' '
                        + Math.round(e.getBoundingClientRect().right)).join(' | ') }""",
                self.width,
            )
        )

    def close(self) -> None:
        self.context.close()
