"""English is complete: whoever chooses it reads no Chinese but what people and the plan have written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.urls import resolve

from measures.models import Assignment, Attachment, Filing, Plan
from tests import make
from tests.pages import ledger_cases, people, web
from tests.pages.test_crawl import _crawl
from tests.pages.test_urls import READ, URLS
from workflows.models import Slip

HAN = re.compile("[\u3400-\u9fff]+")
SPOKEN = ("aria-label", "title", "placeholder", "alt", "content", "data-l", "data-done", "data-forgets")
# The one who reads English must find the way back; the crest is a seal.
OURS = {"中文", "督"}
ROLES = ("unit", "unit_leader", "lead", "keeper", "supervisor", "head", "inspector", "auditor", "administrator")
STARTS = {"administrator": "/health/"}  # Django's own pages are Django's
# What is printed is a Chinese document for whoever prints it; only what stands around it is the reader's.
DOCUMENTS = {"filing-print", "filing-receipt", "slip-print"}
# Pages that nobody reaches by a link, or that are none.
NO_PAGES = {
    "attachment",
    "attachment-inline",
    "diagram",
    "told-sheet",
    "overdue-sheet",
    "figures-sheet",
    "ledger-template",
    "import-mistakes",
    "calendar-feed",
    "healthz",
    "metrics",
    "unsubscribe",
}
NO_PAGES |= {"sign-in", "set_language", "notice", "tour", "leave-tour"}


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value


def _written() -> set[str]:
    """Every run of Chinese that stands in the database: what people and the plan have written, names of units."""
    found: set[str] = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            cursor.execute(f"SELECT * FROM {table}")
            for row in cursor.fetchall():
                for value in row:
                    if not isinstance(value, str):
                        continue
                    texts = [value]
                    if value[:1] in ("{", "["):
                        with suppress(ValueError):
                            texts = list(_leaves(json.loads(value)))
                    for text in texts:
                        found.update(HAN.findall(text))
    return found


def _said(page: web.Element) -> Iterator[str]:
    for child in page.children:
        if isinstance(child, str):
            yield child
        elif child.tag not in ("script", "style"):
            yield from (child.attrs[name] for name in SPOKEN if name in child.attrs)
            if child.tag != "textarea":  # what somebody writes, or the product drafts for a Chinese document
                yield from _said(child)


def _chinese(page: web.Element, written: set[str], all_of_it: str) -> set[str]:
    """The runs of Chinese on a page that nobody has written. Of a text that was cut off, the beginning counts."""
    runs = {run for text in _said(page) for run in HAN.findall(text)}
    return {run for run in runs - written - OURS if len(run) < 4 or run not in all_of_it}


def _english(client: web.Client) -> web.Client:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.fixture
def written(lived: Plan) -> tuple[set[str], str]:
    ledger_cases.lived_in()
    found = _written() | ledger_cases.SEALED
    return found, "\n".join(sorted(found))


def _file_of(row: Assignment) -> Attachment:
    at = {"by": make.officer_of(row.unit), "at": row.issued_at}
    return Attachment.objects.create(assignment=row, name="a.png", content_type="image/png", size=3, **at)


def test_no_page_speaks_chinese_of_its_own(lived: Plan, written: tuple[set[str], str]) -> None:
    """One page of every kind that each kind of person reaches, whichever pages there are."""
    wrong: dict[tuple[str, str], set[str]] = {}
    seen: set[str] = set()
    numbered = Slip.objects.exclude(number=None).earliest("pk")
    reported = Filing.objects.exclude(versions=[]).earliest("pk").assignment
    file = _file_of(reported)
    apart = ("/desk/overdue/", f"/slips/{numbered.pk}/print/", f"/assignments/{reported.pk}/rounds/")
    for role in ROLES:
        client = _english(web.signed_in(people.person(role)))
        found = [(url, answer) for _from, url, answer in _crawl(client, STARTS.get(role, "/"), of_a_kind=3)]
        # Pages that only a longer desk, a later slip, a paper or a file leads to.
        found += [(url, client.get(url)) for url in (*apart, f"/attachments/{file.pk}/preview/")]
        for url, answer in found:
            if not answer.headers.get("Content-Type", "").startswith("text/html") or answer.status_code != 200:
                continue
            page: web.Element = web.Page(answer.content.decode())
            name = resolve(url.partition("?")[0]).view_name
            seen.add(name)
            if name in DOCUMENTS:
                page = page.one(cls="bar")
            else:
                assert page.one("html").attrs["lang"] == "en"
            if left := _chinese(page, *written):
                wrong.setdefault((name, url), left)
    assert wrong == {}
    pages = {name for name, (_args, methods) in URLS.items() if methods == READ} | {"password", "preferences"}
    assert pages - NO_PAGES - seen == set(), "pages that were not reached"


def test_the_door_and_the_pages_that_say_no(lived: Plan, written: tuple[set[str], str]) -> None:
    for client in (_english(web.Client()), _english(web.signed_in("托里县·经办人"))):
        for url, status in (("/sign-in/", 200), ("/no-such-page/", 404), ("/assignments/999999/", 404)):
            answer = client.get(url, follow=True)
            assert answer.status_code in (status, 200)
            assert _chinese(web.Page(answer.content.decode()), *written) == set()


def test_what_is_left_in_chinese_is_seen(lived: Plan, written: tuple[set[str], str]) -> None:
    page = web.Page('<p title="导出表格">Overdue 托里县</p><p>逾期清单</p><p>中文</p>')
    assert _chinese(page, *written) == {"导出表格", "逾期清单"}
