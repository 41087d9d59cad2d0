"""Every address of the project: who gets in without signing in, and by which method it is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from django.contrib.admin import site
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.pages import web

READ, WRITE, BOTH = {"GET"}, {"POST"}, {"GET", "POST"}
# Takes a form; whoever comes by a link is led to the page the form stands on.
SENT = BOTH
NO_UID = "00000000-0000-4000-8000-000000000000"  # of nothing
# name → (the arguments of an example, the methods it answers to). A new address needs a line here.
URLS: dict[str, tuple[tuple[Any, ...], set[str]]] = {
    "sign-in": ((), BOTH),
    "enter": ((), SENT),
    "help": ((), READ),
    "tour": ((1,), READ),
    "leave-tour": ((), READ),
    "sign-out": ((), SENT),
    "password": ((), BOTH),
    "set_language": ((), BOTH),
    "desk": ((), READ),
    "sign-many": ((), SENT),
    "desk-section": (("overdue",), READ),
    "assignment": ((1,), READ),
    "told": ((1,), READ),
    "told-sheet": ((1,), READ),
    "act": ((1, "sign"), SENT),
    "extension": ((1, "grant"), SENT),
    "attachment": ((1,), READ),
    "attachment-preview": ((1,), READ),
    "attachment-inline": ((1,), READ),
    "search": ((), READ),
    "review": ((), READ),
    "plan": (("tacheng-2019",), READ),
    "start-plan": (("tacheng-2019",), SENT),
    "units": (("tacheng-2019",), READ),
    "unit": (("tacheng-2019", "654224"), READ),
    "measure": (("tacheng-2019", 1), READ),
    "add-body": (("tacheng-2019", 6), SENT),
    "diagram": ((1,), READ),
    "filings": ((), READ),
    "filing-print": ((1,), READ),
    "filing-receipt": ((1,), READ),
    "rounds": ((1,), READ),
    "months": ((), READ),
    "month": (("2019-06",), READ),
    "overdue": ((), READ),
    "overdue-sheet": ((), READ),
    "overdue-urge": ((), SENT),
    "board": ((), READ),
    "slips": ((), READ),
    "slip": ((1,), READ),
    "slip-print": ((1,), READ),
    "decide-slip": ((1, "issue"), SENT),
    "notices": ((), READ),
    "notices-read": ((), SENT),
    "notice": ((1,), READ),
    "preferences": ((), BOTH),
    "unsubscribe": (("no-such-token",), BOTH),
    "make-calendar-link": ((), SENT),
    "revoke-calendar-link": ((), SENT),
    "calendar-feed": (("no-such-token",), READ),
    "absences": ((), READ),
    "record-absence": ((), SENT),
    "withdraw-absence": ((1,), SENT),
    "clock": ((), SENT),
    "log": ((), READ),
    "health": ((), READ),
    "confirm-clock": ((), SENT),
    "retry": (("deadline", 1), SENT),
    "delivery": ((), READ),
    "deal": (("again", 1), SENT),
    "receipts": (("gateway", "x" * 24), WRITE),
    "healthz": ((), READ),
    "metrics": ((), READ),
    "exports": ((), READ),
    "take-export": ((), SENT),
    "ask-export": ((), SENT),
    "download-export": ((NO_UID,), BOTH),
    "decide-export": ((NO_UID, "approve"), SENT),
    "figures-sheet": ((), READ),
    "ledger-template": ((), READ),
    "ledger": ((), READ),
    "indicator": (("M1a",), READ),
    "worklists": ((), READ),
    "worklist": (("survey",), READ),
    "checks": ((), READ),
    "sites": ((), READ),
    "facilities": ((1,), READ),
    "record-facility": ((1,), SENT),
    "baseline": ((), READ),
    "explain-baseline": ((), SENT),
    "employers": ((), READ),
    "enter-work": (("employer",), BOTH),
    "change-work": (("employer", 1), BOTH),
    "imports": ((), READ),
    "upload-workbook": ((), SENT),
    "import": ((NO_UID,), READ),
    "import-mistakes": ((NO_UID,), READ),
    "import-row": ((NO_UID, 1), SENT),
    "import-act": ((NO_UID, "commit"), SENT),
    "households": ((), READ),
    "find-person": ((), SENT),
    "enter-household": ((), BOTH),
    "household": ((NO_UID,), READ),
    "edit-household": ((NO_UID,), BOTH),
    "confirm-household": ((NO_UID,), SENT),
    "enter-person": ((NO_UID,), BOTH),
    "person": ((NO_UID,), READ),
    "edit-person": ((NO_UID,), BOTH),
    "reveal": ((NO_UID,), SENT),
    "reveal-address": ((NO_UID, 1), SENT),
    "person-log": ((NO_UID,), READ),
    "person-print": ((NO_UID,), BOTH),
    "ask-correction": ((NO_UID,), BOTH),
    "disagree": ((NO_UID, 1), SENT),
    "add-record": (("persons", NO_UID, "spell"), BOTH),
    "propose": (("persons", NO_UID, "leave"), BOTH),
    "change-record": (("spell", 1), BOTH),
    "proposals": ((), READ),
    "decide-proposal": ((NO_UID, "approve"), SENT),
    "corrections": ((), READ),
    "answer-correction": ((NO_UID, "corrected"), SENT),
    "samples": ((), BOTH),
    "sample": ((NO_UID,), READ),
    "sample-finding": ((NO_UID, 1), SENT),
    "confirmations": ((), READ),
    "ask-again": ((1,), SENT),
    "recording": ((), READ),
    "retention": ((), BOTH),
    "notice-text": ((), BOTH),
    "notice-print": ((1,), READ),
    "audit-log": ((), READ),
    "verify-log": ((), SENT),
}
# Whoever has not signed in must reach these, and nothing else: people to sign in, machines to watch the system,
# calendars, SMS providers and mail programs what a secret or signed address opens.
OPEN = {"sign-in", "enter", "set_language", "receipts", "healthz", "metrics", "calendar-feed", "unsubscribe"}
# Django's own pages, which take some methods as others.
DJANGO = {"sign-in", "sign-out", "password", "set_language"}


def _named(resolver: URLResolver, namespaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from _named(entry, inner)
        else:
            assert entry.name or namespaces, f"{entry.pattern} has no name"
            yield ":".join((*namespaces, entry.name or "")), entry


def test_every_address_is_in_the_table() -> None:
    names = [name for name, _entry in _named(get_resolver()) if not name.startswith("admin:")]
    assert sorted(names) == sorted(URLS)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("name", sorted(set(URLS) - OPEN))
def test_nothing_is_shown_or_done_without_signing_in(name: str, method: str, db: None) -> None:
    url = reverse(name, args=URLS[name][0])
    answer = Client().generic(method, url)
    assert answer.status_code == 302
    found = urlparse(answer.headers["Location"])
    assert found.path == reverse("sign-in")
    assert parse_qs(found.query)["next"] == [url]


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_is_open_is_open(name: str, db: None) -> None:
    arguments, methods = URLS[name]
    answer = Client().generic("GET" if "GET" in methods else "POST", reverse(name, args=arguments))
    # Nothing runs here, which is what `healthz` says to whoever asks; a wrong secret leads nowhere, and not to sign in.
    wanted = {
        "healthz": (503,),
        "receipts": (404,),
        "calendar-feed": (404,),
        "unsubscribe": (404,),
        "enter": (404,),
    }.get(name, (200, 302))
    assert answer.status_code in wanted
    assert not answer.headers.get("Location", "").startswith(reverse("sign-in"))


def test_an_unknown_address_says_nothing_to_a_stranger(db: None) -> None:
    page = web.read(Client(), "/assignments/no-such/", 404)
    assert page.all("nav", id="nav") == []


def _administration() -> list[str]:
    """Every address of the administration, with arguments that look like some."""
    found = []
    for name, entry in _named(get_resolver()):
        if not name.startswith("admin:"):
            continue
        # Every group and converter by something that fits it, the rest of the pattern as it is.
        route = str(entry.pattern)
        if route.startswith("^"):
            route = re.sub(r"\(\?P<app_label>([^|)]*)[^)]*\)", r"\1", route)
            route = re.sub(r"\(\?P<\w+>[^)]*\)", "no-such-page", route).strip("^$")
        else:
            route = re.sub(r"<\w+:\w+>|<\w+>", "1", route)
        model = name.removeprefix("admin:").rsplit("_", 1)[0]
        below = next((f"{m._meta.app_label}/{m._meta.model_name}/" for m in site._registry if _code(m) == model), "")
        found.append(reverse("admin:index") + below + route)
    return sorted(set(found))


def _code(model: type[Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


@pytest.mark.parametrize("url", _administration())
def test_the_administration_is_shut(url: str, issued: Any) -> None:
    """To strangers it shows the way to sign in; to people of other posts nothing."""
    answer = Client().get(url)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith((reverse("sign-in"), reverse("admin:login")))
    if url in (reverse("admin:logout"), reverse("admin:login")):
        return
    for name in ("督查室·督查人员", "人社局·经办人", "督查室·审计员"):
        answer = web.signed_in(name).get(url, follow=True)
        assert answer.status_code in (403, 404, 405), f"{name}: {answer.status_code}"


@pytest.mark.parametrize("name", sorted(URLS))
def test_methods(name: str, issued: Any) -> None:
    """What only reads is not to be sent to, and what writes is not done by following a link."""
    args, methods = URLS[name]
    url = reverse(name, args=args)
    client = web.signed_in("督查室·督查人员")
    for method in ("GET", "POST"):
        answer = client.generic(method, url)
        assert (answer.status_code == 405) == (method not in methods), (method, answer.status_code)
    if name not in DJANGO | {"enter"}:  # outside the demonstration there is no such address
        for method in ("PUT", "DELETE", "PATCH"):
            assert client.generic(method, url).status_code == 405
