"""What only a button does is not done by its address: whoever opens that is led to the button, and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from measures.models import Plan
from tests import make
from tests.pages import people, web
from tests.pages.test_access import DONE
from tests.pages.test_typed import PASSWORD
from tests.pages.test_urls import URLS, _administration, _named

# Told by machines, which read no pages.
MACHINES = {"receipts"}
OFFICER = "托里县·经办人"
Case = tuple[str, Callable[[], tuple[Any, ...]], set[str]]
CASES: list[Case] = [
    ("sign-out", tuple, {"unit"}),
    *((name, args, doers) for name, args, _values, doers in DONE if doers),
]


def _only_buttons() -> set[str]:
    """Addresses that only take forms, as the project's addresses say themselves."""
    return {name for name, entry in _named(get_resolver()) if hasattr(entry.callback, "page")} | {"extension"}


def _work() -> dict[str, list[Any]]:
    """All that is written, but that somebody looked: a page of the ledger that is opened stands in its log."""
    return {table: rows for table, rows in web.written().items() if not table.startswith("ledger_audit")}


@pytest.mark.parametrize("name", sorted(set(URLS) - MACHINES))
def test_no_address_answers_a_link_with_a_bare_refusal(name: str, issued: Plan) -> None:
    """Every address of the project, by GET, as several people: a page, a way to one, or the page that says no."""
    for who in ("督查室·督查人员", "督查室·管理员", OFFICER):
        answer = web.signed_in(who).get(reverse(name, args=URLS[name][0]))
        assert answer.status_code in (200, 302, 404, 503), who


@pytest.mark.parametrize("url", _administration())
def test_nor_does_the_administration(url: str, issued: Plan) -> None:
    assert web.signed_in(make.ADMINISTRATOR).get(url).status_code != 405


def test_each_of_them_is_tried() -> None:
    assert _only_buttons() <= {name for name, _args, _doers in CASES}
    assert len(_only_buttons()) > 14


@pytest.mark.parametrize(
    ("name", "args", "doers"), CASES, ids=[f"{place}-{case[0]}" for place, case in enumerate(CASES)]
)
def test_it_leads_to_the_page_with_the_button_and_says_that_nothing_was_done(
    name: str, args: Callable[[], tuple[Any, ...]], doers: set[str], lived: Plan
) -> None:
    if name not in _only_buttons():
        return
    url = reverse(name, args=args())
    client = web.signed_in(people.person(sorted(doers)[0]))
    before = _work()
    answer = client.get(url, follow=True)
    assert _work() == before
    assert answer.status_code == 200
    assert answer.redirect_chain, "led somewhere"
    page = web.Page(answer.content.decode())
    assert [bool(note.text) for note in page.all(cls="info")] == [True]
    assert web.read(client, answer.request["PATH_INFO"]).all(cls="info") == [], "said once"
    if name in ("clock", "start-plan"):  # not offered here: no made clock, and the plan runs
        return
    wanted = url.replace("/leave/", "/again/")  # what could still be sent again is not to be left at that
    others = [button.attrs["formaction"] for button in page.all("button") if "formaction" in button.attrs]
    assert [action for action in (*page.forms, *others) if action.partition("?")[0] == wanted], list(page.forms)


def test_after_signing_in_again_one_is_at_the_button(issued: Plan) -> None:
    """The sign-in had ended before the button was pressed; what was chosen of the list is still chosen."""
    user = make.person(make.INSPECTOR)
    user.set_password(PASSWORD)
    user.save()
    client = Client()
    led = client.post("/overdue/urge/?kind=main&measure=1", {"task": "x", "text": "x"}).headers["Location"]
    form = web.Form(web.read(client, led).one("main").one("form"))
    answer = client.post(led, form.values | {"username": make.INSPECTOR, "password": PASSWORD}, follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] + "?" + answer.request["QUERY_STRING"] == "/overdue/?kind=main&measure=1"
    assert len(web.Page(answer.content.decode()).all(cls="info")) == 1
