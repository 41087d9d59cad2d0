"""Stopwatch and counter."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

from django.db import connection

# Not the locking clause FOR … UPDATE, nor ON CONFLICT DO UPDATE.
CHANGES = re.compile(r'(?:INSERT(?: OR \w+)? INTO|(?<!FOR )(?<!KEY )(?<!DO )\bUPDATE)\s+"?(\w+)"?')


def milliseconds(work: Callable[[], Any]) -> float:
    """How long the work took. The collector of garbage runs before, not in between."""
    gc.collect()
    gc.disable()
    try:
        began = perf_counter()
        work()
        return (perf_counter() - began) * 1000
    finally:
        gc.enable()


def middle(times: list[float]) -> float:
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
