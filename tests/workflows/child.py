"""Others at work on the tests' database: threads that act together, and processes that die on the way.

For tests with `tacheng_committed`: what they do is committed, and seen by every connection.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from threading import Barrier, Event
from time import monotonic
from typing import Any

from django.db import connection, connections, transaction

from config.bootstrap import ROOT, die_with_parent

PATIENCE = 30.0  # seconds; nothing here waits for time to pass


def on_its_own(act: Callable[[], Any]) -> Any:
    """In a thread: do it on a connection of its own; what it returned, or raised."""
    try:
        return act()
    except Exception as error:
        return error
    finally:
        connections.close_all()


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Do these at the same time, each on its own connection."""
    barrier = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE)
        return on_its_own(act)

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(one, act) for act in acts]]


@contextmanager
def beside(*acts: Callable[[], Any]) -> Iterator[list[Any]]:
    """Begin these and go on here; the list holds what they came to after the block."""
    results: list[Any] = []
    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(on_its_own, act) for act in acts]
        yield results
        results += [future.result(PATIENCE) for future in futures]


def elsewhere(act: Callable[[], Any]) -> Any:
    """Do this to its end on another connection, whatever is locked here."""
    (result,) = together(act)
    if isinstance(result, Exception):
        raise result
    return result


@contextmanager
def held(lock: Callable[[], Any], *, keep: bool = False) -> Iterator[Callable[[], None]]:
    """Another connection does this in a transaction that ends when told to, or after the block: taken back, or kept."""
    taken, let_go = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            lock()
            taken.set()
            let_go.wait(PATIENCE)
            transaction.set_rollback(not keep)

    with beside(hold) as results:
        assert taken.wait(PATIENCE)
        try:
            yield let_go.set
        finally:
            let_go.set()
    assert results == [None]


def until_waiting(count: int) -> None:
    """Until that many connections wait for a lock (PostgreSQL)."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline, pause = monotonic() + PATIENCE, Event()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(query)
            if cursor.fetchone()[0] >= count:
                return
        assert monotonic() < deadline, f"{count} never came to wait"
        pause.wait(0.005)


def at_one_lock(lock: Callable[[], Any], *acts: Callable[[], Any]) -> list[Any]:
    """Let all of these run into a lock, then let it go. On SQLite they meet at the one writer anyway."""
    if connection.vendor != "postgresql":
        return together(*acts)
    with held(lock) as let_go, beside(*acts) as results:
        until_waiting(len(acts))
        let_go()
    return results


# --- Processes that die ---------------------------------------------------------------------------


def database_url() -> str:
    """Where another process finds the tests' database."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    return f"postgres://{values['USER']}@/{values['NAME']}?host={values['HOST'] or values['OPTIONS'].get('host', '')}"


def die_at(place: str, call: int = 1) -> None:
    """In the child: kill -9 itself when a function is called for the n-th time."""
    module, name = place.rsplit(".", 1)
    original, calls = getattr(import_module(module), name), 0

    def counted(*args: Any, **values: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **values)

    setattr(import_module(module), name, counted)


BEGINNING = """
import django
django.setup()
from tests.make import *
from tests.workflows.child import die_at
from notifications import sender
from workflows import actions, tick
"""


def child(program: str, **env: str) -> int:
    """Run these lines in a process of its own; its exit code, negative for the signal that ended it."""
    done = subprocess.run(
        [sys.executable, "-c", BEGINNING + program],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url(), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=die_with_parent(),
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode
