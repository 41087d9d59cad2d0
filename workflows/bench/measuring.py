"""Stopwatch and counter."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from django.db import connection

# Not the locking clause FOR … UPDATE, nor ON CONFLICT DO UPDATE.
# Tables of a connection alone, in which lists are laid on their way, are not counted.
CHANGES = re.compile(r'(?:INSERT(?: OR \w+)? INTO|(?<!FOR )(?<!KEY )(?<!DO )\bUPDATE)\s+(?!temp\.)"?(\w+)"?')


def milliseconds(work: Callable[[], Any]) -> float:
    """How long the work took. The collector of garbage runs before, not in between."""
    return spent(work)[0]


def spent(work: Callable[[], Any]) -> tuple[float, float]:
    """(how long the work took, how long processors worked on it), in milliseconds.

    The second is what can be compared on a machine that others use too.
    """
    server = server_process()
    gc.collect()
    gc.disable()
    try:
        busy, began = process_time() + worked(server), perf_counter()
        work()
        took = perf_counter() - began
        return took * 1000, (process_time() + worked(server) - busy) * 1000
    finally:
        gc.enable()


def timed(name: str, work: Callable[[], Any]) -> dict[str, float]:
    """Seconds of processors, and of the clock (`_wall`): for long work. The collector of garbage works as in use."""
    gc.collect()
    server = server_process()
    busy, began = process_time() + worked(server), perf_counter()
    work()
    took = perf_counter() - began
    return {name: round(process_time() + worked(server) - busy, 3), f"{name}_wall": round(took, 3)}


def server_process() -> Path | None:
    """Where Linux counts the time of our connection's own process on a PostgreSQL of this machine."""
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        process = Path(f"/proc/{cursor.fetchone()[0]}")
    try:
        return process / "schedstat" if (process / "comm").read_text().startswith("postgres") else None
    except OSError:  # a server on another machine, or not Linux
        return None


def worked(process: Path | None) -> float:
    return int(process.read_text().split()[0]) / 1e9 if process else 0.0


def middle(times: Sequence[float]) -> float:
    return round(median(times), 3)


@dataclass
class Statements:
    """Every statement that goes through the connection while it is open, in order, with its arguments."""

    sent: list[tuple[str, Any]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.sent.append((sql, params))
        self.changed.update(CHANGES.findall(sql))
        return execute(sql, params, many, context)

    def __len__(self) -> int:
        return len(self.sent)


def listening() -> tuple[Statements, Any]:
    """(what is sent, the context in which it is heard)."""
    statements = Statements()
    return statements, connection.execute_wrapper(statements)
