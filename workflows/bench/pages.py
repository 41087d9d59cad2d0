"""Pages over very many assignments: their queries, the hand-written one beside them, the whole request."""

from __future__ import annotations

import multiprocessing
import re
import resource
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings

from bureaus import calendars, clock
from bureaus.models import Membership, Role, User
from measures.lights import SOON
from measures.models import Deadline
from workflows import rehearsal
from workflows.bench import hand, seed
from workflows.bench.measuring import Statements, listening, middle, milliseconds

# A page that takes more than this is stopped, and said to be.
SECONDS, BYTES = 180, 6 * 2**30
SLOW = 5_000  # ms: such a request is not repeated
DEEP = 0.8  # how far down the overdue list
LARGE = ("measures_assignment", "measures_deadline", "measures_event", "notifications_message", "workflows_slip")
LONG = 5  # ms: such a query's plan is shown even if it scans nothing
SCAN = re.compile(r"(?:Seq Scan on|\bSCAN) (\w+)")
READS = re.compile(r"Scan|Sort|SCAN|SEARCH|TEMP B-TREE")
ALIAS = re.compile(r"[UV]\d+$")


@dataclass(frozen=True)
class Page:
    name: str
    url: str
    user: int
    query: str
    params: list[Any]


def run(
    db: str,
    entry: Callable[..., dict[str, Any]],
    say: Callable[[str], None],
    *,
    items: int,
    repetitions: int,
) -> dict[str, Any]:
    """Measure. `entry` gives the settings of a new database by name; `say` hears how it goes."""
    say(f"{items} assignments are being made")
    with rehearsal.throw_away_database(entry("lived")):
        seed.lived(seed.build_stage(), items)
        found: dict[str, Any] = {}
        scans: list[dict[str, Any]] = []
        for page in _pages():
            found[page.name] = _apart(page, repetitions)
            scans += found[page.name].pop("scans", [])
            say(f"{page.name}: {found[page.name]}")
    return found | {"db": db, "items": items, "repetitions": repetitions, "scans": scans}


def _pages() -> list[Page]:
    late = Deadline.objects.overdue(seed.NOW).order_by("due_at", "id")
    after = late[int(late.count() * DEEP)]
    soon = calendars.days_for().shift(seed.TODAY, SOON)
    now = connection.ops.adapt_datetimefield_value(seed.NOW)
    due_at = connection.ops.adapt_datetimefield_value(after.due_at)
    inspector = Membership.objects.get(role=Role.INSPECTOR).user_id
    clerk = Membership.objects.get(bureau__code=f"b{1:03}", role=Role.OFFICER)
    plan = after.assignment.plan_id
    cursor = f"{int(after.due_at.timestamp())}-{after.pk}"
    return [
        Page("overdue_first", "/overdue/", inspector, hand.OVERDUE, [now]),
        Page("overdue_deep", f"/overdue/?after={cursor}", inspector, hand.OVERDUE_AFTER, [now, due_at, after.pk]),
        Page("board", "/board/", inspector, hand.BOARD, [now, now, str(soon), plan]),
        Page("desk", "/", clerk.user_id, hand.DESK, [clerk.bureau_id]),
    ]


def _apart(page: Page, repetitions: int) -> dict[str, Any]:
    """Measure a page in a process of its own, which may not take all the machine's time and memory."""
    connection.close()
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_child, args=(page, repetitions, theirs))
    process.start()
    theirs.close()
    found: dict[str, Any] = {}
    ends = monotonic() + SECONDS
    try:
        while ours.poll(max(0, ends - monotonic())):
            found |= ours.recv()
        found["error"] = f"stopped after {SECONDS} s"
        process.kill()
    except EOFError:
        pass
    process.join()
    if process.exitcode and "error" not in found:
        found["error"] = f"ended with {process.exitcode}"
    return found


def _child(page: Page, repetitions: int, results: Connection) -> None:
    warnings.simplefilter("ignore")  # no collected files, which nobody asks for here
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    try:
        with clock.standing_at(seed.NOW), _without_collected_files():
            _measure(page, repetitions, results.send)
    except Exception as error:
        results.send({"error": " ".join(f"{type(error).__name__}: {error}".split())[:200]})
    finally:
        connection.close()
        results.close()


@contextmanager
def _without_collected_files() -> Iterator[None]:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


def _measure(page: Page, repetitions: int, send: Callable[[dict[str, Any]], None]) -> None:
    send({"hand_ms": middle([milliseconds(lambda: _rows(page.query, page.params)) for _n in range(repetitions)])})
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(pk=page.user))
    first = milliseconds(lambda: _get(client, page.url))
    statements, hearing = listening()
    send({"request_ms": round(first, 3)})
    with hearing:
        _get(client, page.url)
    send({"queries": len(statements)})
    if first > SLOW:
        repetitions = 1
    else:
        send({"request_ms": middle([milliseconds(lambda: _get(client, page.url)) for _n in range(repetitions)])})
    _explain(page, statements, repetitions, send)


def _get(client: Client, url: str) -> None:
    answer = client.get(url)
    if answer.status_code != 200:
        raise AssertionError(f"{url} answers {answer.status_code}")


def _rows(sql: str, params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _explain(page: Page, statements: Statements, repetitions: int, send: Callable[[dict[str, Any]], None]) -> None:
    """Each query again by itself, all its rows fetched; and the plans of those that scan or take long."""
    total, scans = 0.0, []
    for sql, params in statements.sent:
        if not sql.startswith("SELECT"):
            continue
        took = middle([milliseconds(lambda: _rows(sql, params)) for _n in range(repetitions)])  # noqa: B023
        total += took
        prefix = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = [str(row[-1]).strip() for row in _rows(prefix + sql, params)]
        scanned = sorted({name for line in plan for name in SCAN.findall(line) if name in LARGE or ALIAS.match(name)})
        if scanned or (took > LONG and any(name in sql for name in LARGE)):
            reads = [line[:90].split("  (cost")[0] for line in plan if READS.search(line)]
            query = sql[sql.find(" FROM ") + 1 :][:160]
            scans.append({"page": page.name, "ms": took, "scans": scanned, "query": query, "plan": reads[:8]})
    send({"query_ms": round(total, 3), "scans": scans})
