"""Search: everything one may see by the words people have for it, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from bureaus.access import Standing
from measures.access import visible_assignments
from measures.models import Assignment, Plan
from tests import make
from tests.pages import people, web
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows.models import Slip

OFFICER = "托里县·经办人"


def found(who: str, text: str) -> list[int]:
    """The rows that are shown, by their numbers."""
    client = web.signed_in(people.person(who) if who in people.PEOPLE else who)
    answer = client.get("/search/", {"q": text})
    if answer.status_code == 302:
        return [int(web.where(answer).split("/")[2])]
    assert answer.status_code == 200
    page = web.Page(answer.content.decode())
    return [int(link.attrs["href"].split("/")[2]) for link in page.all("a", cls="ttl")]


def keys(ids: list[int]) -> set[str]:
    return set(Assignment.objects.filter(pk__in=ids).values_list("key", flat=True))


def test_by_unit_and_task_each_word_narrows_it_down(lived: Plan) -> None:
    both = keys(found("supervisor", "托里 摸底"))
    assert "tacheng-2019/survey/654224" in both
    assert all("654224" in key for key in both)
    assert keys(found("supervisor", "摸底")) > {"tacheng-2019/survey/654224", "tacheng-2019/survey/654225"}
    assert keys(found("supervisor", "摸底 没有这个词")) == set()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("朗古特", "filing/654224/朗古特"),  # a site
        ("托里县，2019-07，月", "monthly/654224/2019-07"),  # a period, with Chinese commas
        ("654224 survey", ""),
    ],
)
def test_by_site_period_and_code(text: str, key: str, lived: Plan) -> None:
    found_keys = keys(found("supervisor", text))
    assert (f"tacheng-2019/{key}" in found_keys) if key else found_keys == set()


def test_an_items_number_leads_to_the_item(lived: Plan) -> None:
    row = make.row("survey/654224")
    client = web.signed_in(OFFICER)
    for text in (f"{row.pk:05d}", str(row.pk)):
        answer = client.get("/search/", {"q": text})
        assert (answer.status_code, web.where(answer)) == (302, f"/assignments/{row.pk}/")
    # One of another county does not exist for this reader.
    assert found("unit", f"{make.row('survey/654225').pk:05d}") == []


def test_by_the_number_of_a_slip_and_of_a_filing_and_by_a_handler(lived: Plan) -> None:
    slip = Slip.objects.exclude(number=None).order_by("id")[0]
    assert slip.assignment_id in found("supervisor", str(slip.number))
    filed = Assignment.objects.exclude(filing__number=None).order_by("id")[0]
    assert filed.pk in found("supervisor", str(filed.filing.number))
    handled = make.row("survey/654224")
    assert handled.pk in found("supervisor", f"{handled.handler} 摸底")


@pytest.mark.parametrize("role", ["unit", "lead", "bureau", "inspector"])
def test_nothing_is_found_that_may_not_be_seen(role: str, lived: Plan) -> None:
    seen = set(visible_assignments(Standing(people.person(role))).values_list("pk", flat=True))
    for text in ("县", "局", "四", "2019", "督查室", "备案"):
        assert set(found(role, text)) <= seen


def test_words_that_mean_something_to_a_database_are_words(lived: Plan) -> None:
    wrong = {
        text: keys(found("supervisor", text))
        for text in ("%", "_", "' OR 1=1 --", '"', "\\", "９９", "²", "9" * 30, "x" * 500, "(", "\x00")
    }
    assert not any(wrong.values()), wrong


def test_what_is_open_comes_first_and_more_than_fifty_are_cut_and_said(lived: Plan) -> None:
    client = web.signed_in(make.SUPERVISOR)
    page = web.read(client, "/search/?q=县")
    assert len(page.all("a", cls="ttl")) == 50
    assert "仅列出前50项" in page.text
    states = dict(Assignment.objects.values_list("pk", "state"))
    order = [states[pk] in Assignment.OPEN for pk in found("supervisor", "方案")]
    assert order == sorted(order, reverse=True)


def test_it_costs_the_same_however_much_is_found(lived: Plan) -> None:
    client = web.signed_in(make.SUPERVISOR)
    client.get("/search/?q=县")
    counts = []
    for text in ("县", "朗古特 备案 托里"):
        with CaptureQueriesContext(connection) as queries:
            client.get("/search/", {"q": text})
        counts.append(len(queries))
    assert abs(counts[0] - counts[1]) <= 2


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_it_is_reached_from_everywhere_and_fits(width: int, window: Any, lived_committed: Plan) -> None:
    seen: Window = window(width)
    seen.sign_in(OFFICER)
    seen.open("/overdue/")
    with seen.page.expect_navigation(url="**/search/"):
        seen.page.get_by_role("link", name="搜索").click()
    # One can write at once: the field has the keyboard as soon as the page is there.
    expect(seen.page.locator("input[name=q]")).to_be_focused()
    seen.page.keyboard.type("朗古特")
    with seen.page.expect_navigation(url="**/search/?q=*"):
        seen.page.keyboard.press("Enter")
    seen.page.locator("a.ttl").first.wait_for()
    seen.fits()
