"""Going to a page as somebody, and reading what stands on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test import Client as Client

from bureaus.models import User
from tests import make

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    """A tag with its attributes, what is inside it, and its text."""

    tag: str
    attrs: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """Everything inside, but what a script may show one day (`<template>`): nobody sees that."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                if child.tag != "template":
                    yield from child.walk()

    def all(self, tag: str = "", *, cls: str = "", **attrs: str) -> list[Element]:
        """The elements inside with this tag, class and attributes."""
        return [
            found
            for found in self.walk()
            if tag in ("", found.tag)
            and (not cls or cls in found.classes)
            and all(found.attrs.get(name.rstrip("_")) == value for name, value in attrs.items())
        ]

    def one(self, tag: str = "", *, cls: str = "", **attrs: str) -> Element:
        found = self.all(tag, cls=cls, **attrs)
        assert len(found) == 1, f"{len(found)} × <{tag} {cls} {attrs}>"
        return found[0]

    @property
    def classes(self) -> list[str]:
        return self.attrs.get("class", "").split()

    @property
    def text(self) -> str:
        """All words inside, with single spaces between them."""
        return " ".join(" ".join(self._words()).split())

    def _words(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in ("script", "style"):
                yield from child._words()

    @property
    def links(self) -> list[str]:
        return [found.attrs["href"] for found in self.all("a") if "href" in found.attrs]


class Page(Element):
    """A page as it was answered."""

    def __init__(self, html: str) -> None:
        super().__init__("page", {})
        self.html = html
        reader = _Reader(self)
        reader.feed(html)
        reader.close()

    @property
    def forms(self) -> dict[str, Form]:
        """The forms that send something, by where they send it."""
        return {found.attrs["action"]: Form(found) for found in self.all("form") if "action" in found.attrs}

    @property
    def acts(self) -> set[str]:
        """The names of the acts offered about an assignment."""
        panels = self.all("section", cls="acts")
        return {form.attrs["action"].split("/")[3] for panel in panels for form in panel.all("form")}

    def form(self, ending: str) -> Form:
        """The one form whose address ends so."""
        found = [form for action, form in self.forms.items() if action.endswith(ending)]
        assert len(found) == 1, f"{len(found)} forms end in {ending}: {list(self.forms)}"
        return found[0]


@dataclass
class Form:
    """A form with the values a browser would send if nobody touched it."""

    element: Element

    @property
    def action(self) -> str:
        return self.element.attrs["action"]

    @property
    def values(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for part in self.element.walk():
            name = part.attrs.get("name")
            if not name or name == "csrfmiddlewaretoken" or part.attrs.get("type") == "file":
                continue
            if part.tag == "input":
                if part.attrs.get("type") in ("radio", "checkbox") and "checked" not in part.attrs:
                    continue
                found[name] = part.attrs.get("value", "")
            elif part.tag == "textarea":
                # The parser drops the newline after <textarea>, as browsers do.
                found[name] = "".join(child for child in part.children if isinstance(child, str)).removeprefix("\n")
            elif part.tag == "select":
                options = part.all("option")
                chosen = [option for option in options if "selected" in option.attrs] or options[:1]
                found[name] = chosen[0].attrs.get("value", chosen[0].text) if chosen else ""
        return found

    @property
    def bad(self) -> dict[str, str]:
        """name of a field → the sentences beside it."""
        found = {}
        for part in self.element.all(cls="field"):
            said = " ".join(sentence.text for sentence in part.all("ul", cls="errorlist"))
            names = [inside.attrs["name"] for inside in part.walk() if "name" in inside.attrs]
            if said and names:
                found[names[0]] = said
        return found

    @property
    def flash(self) -> str:
        """What is said about the form as a whole."""
        return " ".join(part.text for part in self.element.all(cls="flash"))


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Element] = [page]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        for place in range(len(self.open) - 1, 0, -1):
            if self.open[place].tag == tag:
                del self.open[place:]
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


# --- Going there ---------------------------------------------------------------------------------


def signed_in(who: User | str) -> Client:
    """A browser in which this person has signed in."""
    client = Client()
    client.force_login(make.person(who) if isinstance(who, str) else who)
    return client


def read(client: Client, url: str, status: int = 200) -> Page:
    answer = client.get(url)
    assert answer.status_code == status, f"{url}: {answer.status_code}"
    return Page(answer.content.decode())


def post(client: Client, url: str, values: dict[str, Any] | None = None, *, status: int = 302) -> Page:
    """Send a form and see how it is answered; the page of a redirect is empty."""
    answer = client.post(url, values or {})
    assert answer.status_code == status, f"{url}: {answer.status_code} {_said(answer.content)}"
    return Page(answer.content.decode())


def _said(content: bytes) -> str:
    page = Page(content.decode(errors="replace"))
    return " | ".join(part.text for part in page.all(cls="flash") + page.all(cls="errorlist"))


def where(answer: Any) -> str:
    """Where a redirect leads, without its query."""
    return str(answer.headers["Location"]).partition("?")[0]


# --- What is written -----------------------------------------------------------------------------

# Reading a page may write these: who is signed in, and when.
NOT_WORK = {"django_session", "bureaus_user", "django_migrations"}


def written() -> dict[str, list[Any]]:
    """Every row of every table of work, to see whether anything was written."""
    tables = [
        table
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False)
        if table not in NOT_WORK
    ]
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"SELECT * FROM {table}")
            found[table] = sorted(cursor.fetchall(), key=repr)
    return found


def texts(elements: Iterable[Element]) -> list[str]:
    return [element.text for element in elements]
