"""The stages pages are looked at on: the plan just issued, and the demonstration as it stands on 20 August.

The demonstration takes seconds to live through, so it is done once a session and kept, as the plan is.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.apps import apps
from django.db import connection, transaction
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from bureaus import calendars, clock
from measures import loading, plan_file
from measures.models import Plan
from tests import make
from tests.conftest import _has_rows, bring_back, edits_are_applied, put_aside
from tests.measures.plan_command import TACHENG
from tests.pages.browsing import Window
from workflows import actions, demonstration, ladders

LIVED = "lived_"
# Copied for every test: far fewer than the demonstration's, of every county some.
HOUSEHOLDS, PERSONS = 40, 150


@pytest.fixture(scope="session")
def _lived_tables(_kept_tables: list[str], django_db_blocker: DjangoDbBlocker) -> list[str]:
    """Live through the demonstration, put every row aside, and leave the database as empty as it was."""
    tables = list(dict.fromkeys(model._meta.db_table for model in apps.get_models(include_auto_created=True)))
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        empty = [table for table in tables if not _has_rows(cursor, table)]
        demonstration.prepare(_load, lambda month: None, households=HOUSEHOLDS, persons=PERSONS)
        edits_are_applied()
        filled = [table for table in empty if _has_rows(cursor, table)]
        put_aside(cursor, filled, LIVED)
    calendars.forget()
    ladders.forget()
    return filled


def _load() -> None:
    loading.load(plan_file.read(TACHENG), now=demonstration.BEGINS)
    actions.load_ladders()


@pytest.fixture
def lived(_lived_tables: list[str], db: None) -> Iterator[Plan]:
    """The demonstration as people find it, the clock held at Tuesday 20 August 2019, 09:00."""
    bring_back(_lived_tables, LIVED)
    with clock.standing_at(demonstration.STANDS):
        yield Plan.objects.get()


@pytest.fixture
def running(_lived_tables: list[str], db: None) -> Plan:
    """The demonstration with its made clock, which stands at 09:00 and runs on."""
    bring_back(_lived_tables, LIVED)
    clock.set_made(demonstration.STANDS)
    return Plan.objects.get()


@pytest.fixture
def lived_committed(_lived_tables: list[str], transactional_db: None) -> Plan:
    """The same for a live server: committed, its made clock standing at 09:00 and running on."""
    bring_back(_lived_tables, LIVED)
    clock.set_made(demonstration.STANDS)
    return Plan.objects.get()


@pytest.fixture
def issued(tacheng: Plan) -> Iterator[Plan]:
    """The plan on its first working day, the clock held at Monday 3 June 2019, 10:00. Nobody has acted yet."""
    with clock.standing_at(make.at(2019, 6, 3, 10)):
        yield tacheng


# --- A real browser ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the session. Its driver keeps a loop running, which Django must not mind."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Chromium")
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def window(chromium: Browser, live_server: LiveServer) -> Iterator[Callable[..., Window]]:
    """Opens windows of a width; nothing may have gone wrong in any of them."""
    with ExitStack() as windows:
        opened: list[Window] = []

        def open_window(width: int, **options: bool) -> Window:
            found = Window(chromium, live_server.url, width, **options)
            windows.callback(found.close)
            opened.append(found)
            return found

        yield open_window
        problems = [problem for found in opened for problem in found.problems]
        assert problems == []
