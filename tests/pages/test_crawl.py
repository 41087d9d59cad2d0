"""Follow every link of every page as one person of every kind, and look at each page that opens."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlparse

import pytest
from django.test import Client
from django.urls import resolve
from openpyxl import load_workbook

from bureaus.access import Standing
from bureaus.models import Bureau
from measures.access import visible_assignments
from measures.models import Assignment, Plan, Site
from tests.pages import people, web

# Of pages of one kind so many are opened; links to all of them are followed where they are few.
OF_A_KIND = 14


def _crawl(client: Client, start: str = "/", of_a_kind: int = OF_A_KIND) -> Iterator[tuple[str, str, Any]]:
    """(where it was found, address, answer) of every page and picture that can be reached."""
    waiting = [("", start)]
    known = {start}
    counted: dict[str, int] = {}
    while waiting:
        source, url = waiting.pop(0)
        name = resolve(urlparse(url).path).view_name
        counted[name] = counted.get(name, 0) + 1
        if counted[name] > of_a_kind:
            continue
        answer = client.get(url)
        yield source, url, answer
        if answer.status_code == 302:
            found = [answer.headers["Location"]]
        elif answer.headers["Content-Type"].startswith("text/html"):
            page = web.Page(answer.content.decode())
            found = [*page.links, *(image.attrs["src"] for image in page.all("img"))]
        else:
            found = []
        for link in found:
            target = urljoin(url, link).partition("#")[0]
            path = urlparse(target).path
            if target not in known and not path.startswith(("/administration/", "/static/")):
                known.add(target)
                waiting.append((url, target))


ROLES = sorted(people.EVERYBODY)


@pytest.mark.parametrize("role", ROLES)
def test_every_link_leads_somewhere(role: str, lived: Plan) -> None:
    """Nothing is linked or pictured that this person may not see, and nothing fails."""
    client = web.signed_in(people.person(role))
    dead = [
        (source, url, answer.status_code)
        for source, url, answer in _crawl(client)
        if answer.status_code not in (200, 302)
    ]
    assert dead == []


INLINE = re.compile(r"<style|\sstyle\s*=|<script(?![^>]*\ssrc=)|\son[a-z]+\s*=|javascript:", re.IGNORECASE)
ELSEWHERE = re.compile(r"""(?:https?:)?//(?!www\.w3\.org/)[\w.-]+""")


@pytest.mark.parametrize("role", ["unit", "supervisor", "inspector", "nobody"])
def test_what_every_page_has_and_has_not(role: str, lived: Plan) -> None:
    """No inline style or script, no other host, one heading, the language, words for every picture and field."""
    client = web.signed_in(people.person(role))
    wrong: list[tuple[str, str]] = []
    for _source, url, answer in _crawl(client, of_a_kind=8):
        if not answer.headers["Content-Type"].startswith("text/html") or answer.status_code != 200:
            continue
        html = answer.content.decode()
        page = web.Page(html)
        wrong += [(url, f"inline: {found}") for found in INLINE.findall(html)]
        wrong += [(url, f"elsewhere: {found}") for found in ELSEWHERE.findall(unescape(html))]
        if page.one("html").attrs.get("lang") != "zh-Hans":
            wrong.append((url, "language"))
        if not page.all("title") or not page.one("title").text.strip("· "):
            wrong.append((url, "no title"))
        if len(page.all("h1")) != 1 and not page.all(cls="empty"):
            wrong.append((url, f"{len(page.all('h1'))} main headings"))
        wrong += [(url, "a picture without words") for image in page.all("img") if not image.attrs.get("alt")]
        ids = [element.attrs["id"] for element in page.walk() if element.attrs.get("id")]
        wrong += [(url, f"id {name} twice") for name in sorted({name for name in ids if ids.count(name) > 1})]
        wrong += [(url, f"a field without a label: {name}") for name in _unlabelled(page)]
        wrong += [
            (url, f"leads to a part that is not there: {link}")
            for link in page.links
            if link.startswith("#") and link[1:] not in ids
        ]
    assert wrong == []


def _unlabelled(page: web.Page) -> list[str]:
    labelled = {label.attrs.get("for") for label in page.all("label")}
    inside = {id(part) for label in page.all("label") for part in label.walk()}
    found = []
    for field in page.walk():
        if field.tag not in ("input", "select", "textarea") or field.attrs.get("type") in ("hidden", "submit"):
            continue
        if field.attrs.get("id") in labelled or field.attrs.get("aria-label") or id(field) in inside:
            continue
        found.append(field.attrs.get("name", "?"))
    return found


# --- Nothing of other units -----------------------------------------------------------------------


def _words_of_others(plan: Plan, own: str) -> dict[str, str]:
    """Words that only stand where another county's work stands: names of counties, of their sites, their keys."""
    others = Bureau.objects.filter(level=Bureau.Level.COUNTY).exclude(code=own)
    words = {county.short_name: county.name for county in others}
    words |= {county.code: county.name for county in others}
    sites = Site.objects.filter(plan=plan, is_placeholder=False).exclude(county__code=own)
    return words | {site.name: f"site of {site.county}" for site in sites}


# The plan's own text names every county and place, and is everybody's.
PLAN_TEXT = re.compile(r"^/plans/tacheng-2019/($|measures/\d/$)")


@pytest.mark.parametrize("role", ["county", "unit", "late"])
def test_a_county_reads_nothing_of_another(role: str, lived: Plan) -> None:
    """The whole text, every attribute and every address of every page a county's officer can open."""
    user = people.person(role)
    own = Standing(user).units[0]
    words = _words_of_others(lived, own.code)
    client = web.signed_in(user)
    leaks = []
    opened = set()
    for _source, url, answer in _crawl(client, of_a_kind=200):
        opened.add(urlparse(url).path)
        # Who moves a household to another county chooses among them.
        if PLAN_TEXT.match(url) or url.endswith("/propose/transfer/"):
            continue
        if not answer.headers["Content-Type"].startswith("text/html"):
            continue
        main = web.Page(answer.content.decode()).all("main")
        text = " ".join(_everything(part) for part in main)
        leaks += [(url, word) for word in words if word in text]
    assert leaks == [], sorted({url for url, _word in leaks})
    # The crawl has really been everywhere: every row of its own, and every list.
    mine = visible_assignments(Standing(user)).filter(state__in=Assignment.OPEN).values_list("pk", flat=True)
    assert {f"/assignments/{pk}/" for pk in mine} <= opened
    assert {"/", "/review/", "/overdue/", "/filings/", "/monthly/", "/slips/", "/notices/"} <= opened


def _everything(element: web.Element) -> str:
    """Text and attributes, so that a link's address or a picture's words count too."""
    parts = [*element.attrs.values(), element.text]
    return " ".join([*parts, *(value for inside in element.walk() for value in inside.attrs.values())])


@pytest.mark.parametrize("role", ["county", "unit", "late", "bureau"])
def test_measure_pages_show_only_the_rows_of_ones_own(role: str, lived: Plan) -> None:
    user = people.person(role)
    client = web.signed_in(user)
    mine = set(visible_assignments(Standing(user)).values_list("pk", flat=True))
    others = set(Assignment.objects.exclude(pk__in=mine).values_list("process_id", flat=True)) - set(
        Assignment.objects.filter(pk__in=mine).values_list("process_id", flat=True)
    )
    shared = set(Plan.objects.get().measures.values_list("number", flat=True))
    for number in sorted(shared):
        page = web.read(client, f"/plans/tacheng-2019/measures/{number}/")
        rows = {int(link.split("/")[2]) for link in page.links if link.startswith("/assignments/")}
        assert rows <= mine
        pictured = {int(image.attrs["src"].split("/")[2]) for image in page.all("img")[1:]}
        assert not pictured & others, "the run of another unit's site"


def test_the_export_has_only_what_the_page_has(lived: Plan) -> None:
    for role in ("county", "unit", "late", "bureau", "lead"):
        client = web.signed_in(people.person(role))
        page = web.read(client, "/overdue/")
        on_page = [row.all("a", cls="ttl")[0].text for row in page.all("tr") if row.all("a", cls="ttl")]
        book = load_workbook(io.BytesIO(client.get("/overdue/export.xlsx").content))
        in_book = [row[1] for row in book.active.iter_rows(min_row=4, values_only=True)]
        assert in_book == on_page
        units = {option.attrs["value"] for option in page.one("select", name="unit").all("option")} - {""}
        assert len(units) <= len(on_page)
