"""`manage.py pictures --out DIR`: every page of the demonstration as each kind of person, on a desktop and on a phone.

The product is started as anybody starts it, in a data folder that is thrown away; people sign in by the form, and
of every kind of page that links lead them to, the first is opened and photographed. DIR/index.html shows them all.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import urlopen

from django.core.management.base import BaseCommand, CommandError
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from config.bootstrap import ROOT, die_with_parent
from config.pipeline import clean_environment
from workflows.demonstration import SHOWN_FIRST

WIDTHS = {"desktop": 1360, "phone": 390}
# Beside those who are shown first.
MORE = ("督查室·负责人", "督查室·审计员")
STARTS_WITHIN = 240.0  # seconds; the demonstration is lived through first
SHOWN = (200, 404)  # a page that says no is a page too


class Command(BaseCommand):
    help = _("Picture every page of the demonstration as each kind of person, at desktop and phone width.")
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=_("where the pictures go"))
        parser.add_argument("--as", nargs="+", dest="people", metavar="NAME", help=_("only as these people"))

    def handle(self, *args: Any, out: Path, people: list[str] | None, **options: Any) -> None:
        try:
            from playwright.sync_api import sync_playwright
        except ImportError as error:
            raise CommandError(_("Pictures need Playwright, which comes with requirements-dev.txt.")) from error
        out.mkdir(parents=True, exist_ok=True)
        taken: dict[str, dict[str, list[str]]] = {}
        with _demonstration() as (base, passwords), sync_playwright() as playwright:
            browser = _chromium(playwright)
            for name in people or (*SHOWN_FIRST, *MORE):
                if name not in passwords:
                    raise CommandError(_("Nobody called %(name)s can sign in.") % {"name": name})
                for device, width in WIDTHS.items():
                    found = _pictures_of(browser, base, name, passwords[name], width, out / name / device)
                    taken.setdefault(name, {})[device] = found
                    self.stderr.write(f"{name} {device} {len(found)}")
            browser.close()
        (out / "index.html").write_text(_index(taken), encoding="utf-8")
        count = sum(len(found) for devices in taken.values() for found in devices.values())
        self.stdout.write(_("%(count)d pictures: %(path)s") % {"count": count, "path": out / "index.html"})


@contextmanager
def _demonstration() -> Iterator[tuple[str, dict[str, str]]]:
    """The product, running for itself: its address, and the passwords of those who can sign in."""
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="duban-pictures-") as var:
        command = [sys.executable, str(ROOT / "manage.py"), "run", "--port", str(port)]
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment(var),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent(),
        )
        base = f"http://127.0.0.1:{port}"
        try:
            _wait_for(base + "/sign-in/", server)
            lines = (Path(var) / "demo-sign-ins.txt").read_text(encoding="utf-8").splitlines()
            yield base, dict(line.split("\t") for line in lines)
        finally:
            server.terminate()
            try:
                server.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[str]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if server.poll() is not None:
            raise CommandError(_("The demonstration did not start: %(said)s") % {"said": server.communicate()[1]})
        try:
            with urlopen(url, timeout=5):  # our own address
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise CommandError(_("The demonstration did not start: %(said)s") % {"said": url})


def _chromium(playwright: Any) -> Any:
    """The browser of the system where there is one, else Playwright's own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def _pictures_of(browser: Any, base: str, name: str, password: str, width: int, folder: Path) -> list[str]:
    """The first page of every kind that links lead this person to; the names of the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto(base + "/sign-in/")
    page.screenshot(path=folder / "sign-in.png", full_page=True)
    page.fill("#id_username", name)
    page.fill("#id_password", password)
    with page.expect_navigation():
        page.click(".signin button[type=submit]")
    taken, waiting, known = ["sign-in"], ["/"], {"/"}
    while waiting:
        path = waiting.pop(0)
        kind = _kind(path)
        if kind is None or kind in taken:
            continue
        answer = _opened(page, base + path)
        if answer is None or answer.status not in SHOWN or "text/html" not in answer.headers.get("content-type", ""):
            continue
        landed = _kind(urlsplit(page.url).path) or kind
        if landed not in taken:
            page.screenshot(path=folder / f"{landed}.png", full_page=True)
            taken.append(landed)
        for link in page.eval_on_selector_all("a[href]", "all => all.map(one => one.getAttribute('href'))"):
            target = urlsplit(urljoin(page.url, link))
            there = target.path + (f"?{target.query}" if target.query else "")
            if f"{target.scheme}://{target.netloc}" == base and there not in known:
                known.add(there)
                waiting.append(there)
    context.close()
    return taken


def _opened(page: Any, url: str) -> Any:
    """What the server answered; None where it hands out a file, which no browser shows."""
    from playwright.sync_api import Error

    try:
        return page.goto(url)
    except Error as error:
        if "Download is starting" in error.message:
            return None
        raise


def _kind(path: str) -> str | None:
    """The name of the page an address leads to, as a file may be called; None for what is no page of ours."""
    try:
        name = resolve(urlsplit(path).path).view_name
    except Resolver404:
        return None
    if name.startswith("admin:") and not name.endswith(("index", "_changelist", "_change", "_add")):
        return None
    return None if name.endswith(("-sheet", "diagram", "attachment")) else name.replace(":", "-")


def _index(taken: dict[str, dict[str, list[str]]]) -> str:
    sections = []
    for name, devices in taken.items():
        for device, found in devices.items():
            pictures = "".join(
                f'<figure><a href="{escape(f"{name}/{device}/{kind}.png")}">'
                f'<img loading="lazy" src="{escape(f"{name}/{device}/{kind}.png")}" alt=""></a>'
                f"<figcaption>{escape(kind)}</figcaption></figure>"
                for kind in found
            )
            sections.append(f"<h2>{escape(name)} · {device}</h2><div>{pictures}</div>")
    style = "img{width:320px;height:240px;object-fit:cover;object-position:top;border:1px solid #ccc}"
    style += "figure{display:inline-block;margin:6px}"
    return f'<!doctype html><meta charset="utf-8"><title>Duban</title><style>{style}</style>{"".join(sections)}'
