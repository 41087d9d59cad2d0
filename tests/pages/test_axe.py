"""Every page is fit for a keyboard, a reader of screens and weak eyes, as far as axe can tell (WCAG 2.2, A and AA)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from measures.models import Plan
from tests.pages import people, web
from tests.pages.browsing import DESKTOP, PHONE, Window
from tests.pages.test_crawl import _crawl

pytestmark = pytest.mark.browser
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def pages_of(role: str) -> list[str]:
    """One page of every kind that this person reaches by links."""
    client = web.signed_in(people.person(role))
    start = "/health/" if role == "administrator" else "/"  # Django's own pages are Django's
    found = _crawl(client, start, of_a_kind=1)
    return [url for _source, url, answer in found if answer.headers.get("Content-Type", "").startswith("text/html")]


def wrong(seen: Window, axe: Axe) -> list[str]:
    results: dict[str, Any] = axe.run(seen.page, options=RULES).response
    return [
        f"{seen.page.url} {found['id']}: {node['target']} {node['html'][:160]}"
        for found in results["violations"]
        for node in found["nodes"]
    ]


@pytest.mark.parametrize(
    ("role", "width"),
    [
        ("unit", DESKTOP),
        ("unit_leader", PHONE),
        ("lead", DESKTOP),
        ("supervisor", DESKTOP),
        ("head", PHONE),
        ("inspector", DESKTOP),
        ("administrator", DESKTOP),
        ("auditor", PHONE),
    ],
)
def test_no_page_has_a_barrier(role: str, width: int, lived_committed: Plan, window: Callable[..., Window]) -> None:
    urls = pages_of(role)
    assert len(urls) > 3
    seen, axe, barriers = window(width), Axe(), []
    seen.sign_in(people.PEOPLE[role])
    for url in urls:
        seen.page.goto(seen.base + url)
        barriers += wrong(seen, axe)
    assert barriers == []


def test_the_door_and_the_pages_that_say_no_have_none(lived_committed: Plan, window: Callable[..., Window]) -> None:
    seen, axe = window(DESKTOP), Axe()
    barriers = []
    for url in ("/sign-in/", "/no-such-page/"):
        seen.page.goto(seen.base + url)
        barriers += wrong(seen, axe)
    seen.problems.clear()  # a page that does not exist is a 404
    assert barriers == []
