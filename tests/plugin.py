"""How the tests run: a throw-away data folder, SQLite or PostgreSQL, and skips that cannot be missed.

Registered in pyproject.toml with `-p`, so that the environment is set before settings are read.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from config.pipeline import clean_environment
from config.postgres import NoPostgres, postgres

# A test that needs the database has one of these marks or asks, directly or not, for one of these.
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_serialized_rollback", "live_server", "admin_client"}
# In CI the machine has what these need: there a skip of theirs is a failure.
NEEDS_MACHINE = {"redis", "browser", "postgres", "sdk"}

_at_end = ExitStack()
_skipped: list[tuple[str, str, bool]] = []
_left_for_postgres: list[str] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pg", action="store_true", help="run what touches the database, on a real PostgreSQL")


def _on_postgres(config: pytest.Config) -> bool:
    return bool(config.known_args_namespace.pg) or os.environ.get("DUBAN_TEST_DATABASE") == "postgres"


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Before pytest-django reads the settings."""
    var = tempfile.mkdtemp(prefix="duban-test-")
    _at_end.callback(shutil.rmtree, var, ignore_errors=True)
    Path(var, "static").mkdir()
    clean = clean_environment(var)
    for name in set(os.environ) - set(clean):
        del os.environ[name]
    os.environ.update(clean)
    if _on_postgres(early_config):
        try:
            os.environ["DATABASE_URL"] = _at_end.enter_context(postgres())
        except NoPostgres as reason:
            raise pytest.UsageError(f"PostgreSQL: {reason}") from None
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    # A thousand sign-ins a run need no slow hash, and pages need no collected files.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def pytest_unconfigure() -> None:
    _at_end.close()


def _touches_database(item: pytest.Item) -> bool:
    from django.test import TransactionTestCase

    if item.get_closest_marker("django_db") or item.get_closest_marker("postgres"):
        return True
    if DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
        return True
    owner = getattr(item, "cls", None)
    return owner is not None and issubclass(owner, TransactionTestCase)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL only what touches the database; on SQLite all but what is marked `postgres`."""
    on_postgres = _on_postgres(config)
    keep: list[pytest.Item] = []
    leave: list[pytest.Item] = []
    for item in items:
        wanted = _touches_database(item) if on_postgres else not item.get_closest_marker("postgres")
        (keep if wanted else leave).append(item)
    if not on_postgres:
        _left_for_postgres.extend(item.nodeid for item in leave)
    if leave:
        config.hook.pytest_deselected(items=leave)
        items[:] = keep


def _note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    # What is skipped before its marks can be read counts as needing the machine.
    strict = isinstance(report, pytest.CollectReport) or bool(NEEDS_MACHINE & set(report.keywords))
    _skipped.append((report.nodeid, reason.removeprefix("Skipped: "), strict))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note_skip(report)


def _forbidden_skips() -> bool:
    return os.environ.get("DUBAN_CI") == "1" and any(strict for _, _, strict in _skipped)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if _forbidden_skips() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if _skipped and os.environ.get("DUBAN_TEST_SKIPS"):
        with open(os.environ["DUBAN_TEST_SKIPS"], "a", encoding="utf-8") as file:
            file.writelines(f"{name}: {reason}\n" for name, reason, _ in _skipped)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _left_for_postgres:
        terminalreporter.section("left for the run on PostgreSQL")
        for name in _left_for_postgres:
            terminalreporter.line(name)
    if _skipped:
        terminalreporter.section("skipped tests", yellow=True)
        for name, reason, _ in _skipped:
            terminalreporter.line(f"{name}: {reason}", yellow=True)
    if _forbidden_skips():
        terminalreporter.line("DUBAN_CI=1: what needs Redis, a browser, PostgreSQL or an SDK may not skip.", red=True)
