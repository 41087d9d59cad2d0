"""The floor: the fewest raw statements that claim what is due and write the rows the core writes.

Every value stands ready in a table, so the database does nothing but claim, insert and update, with
our own foreign keys, checks and indexes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from notifications.models import Message
from workflows.bench.decided import LOOK
from workflows.bench.rows import columns
from workflows.models import Firing, Slip


def fire(now: datetime, limit: int) -> int:
    """Everything due at `now`, up to `limit`, at once. Returns how many deadlines were claimed."""
    moment = connection.ops.adapt_datetimefield_value(now)
    return _postgres(moment, limit) if connection.vendor == "postgresql" else _sqlite(moment, limit)


def _columns(model: type[Model], of: str = "") -> str:
    """Every column but the number, which the database gives."""
    return ", ".join(of + name for name in columns(model)[1:])


def _slip_columns(firing: str) -> tuple[str, str]:
    """Into which columns, and from where: the firing is the one just written."""
    names = columns(Slip)[1:]
    return ", ".join(names), ", ".join(firing if name == "firing_id" else f"b.{name}" for name in names)


def _postgres(moment: Any, limit: int) -> int:
    slip, from_slip = _slip_columns("fired.id")
    statement = f"""
        WITH due AS (
            SELECT id FROM measures_deadline WHERE next_look_at <= %s
            ORDER BY next_look_at, id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
        ), moved AS (
            UPDATE measures_deadline d SET {", ".join(f"{name} = b.{name}" for name in LOOK)}
            FROM due JOIN bench_deadline b ON b.id = due.id WHERE d.id = due.id RETURNING 1
        ), fired AS (
            INSERT INTO workflows_firing ({_columns(Firing)})
            SELECT {_columns(Firing, "b.")}
            FROM due JOIN bench_firing b ON b.deadline_id = due.id
            ON CONFLICT DO NOTHING RETURNING id, deadline_id, rung_key, occ
        ), told AS (
            INSERT INTO notifications_message ({_columns(Message)})
            SELECT {_columns(Message, "b.")}
            FROM due JOIN bench_message b ON b.of_deadline = due.id
            ON CONFLICT DO NOTHING RETURNING 1
        ), proposed AS (
            INSERT INTO workflows_slip ({slip}) SELECT {from_slip}
            FROM fired JOIN bench_slip b ON (b.of_deadline, b.rung_key, b.occ)
                = (fired.deadline_id, fired.rung_key, fired.occ) RETURNING 1
        )
        SELECT count(*) FROM moved"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [moment, limit])
        return int(cursor.fetchone()[0])


def _sqlite(moment: Any, limit: int) -> int:
    slip, from_slip = _slip_columns("f.id")
    look = ", ".join(LOOK)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS bench_due (id INTEGER PRIMARY KEY)")
        cursor.execute("DELETE FROM bench_due")
        cursor.execute(
            "INSERT INTO bench_due SELECT id FROM measures_deadline WHERE next_look_at <= %s"
            " ORDER BY next_look_at, id LIMIT %s",
            [moment, limit],
        )
        claimed = cursor.rowcount
        cursor.execute(
            f"UPDATE measures_deadline SET ({look}) ="
            f" (SELECT {look} FROM bench_deadline b WHERE b.id = measures_deadline.id)"
            " WHERE id IN (SELECT id FROM bench_due)"
        )
        # CROSS JOIN keeps the order: from the few that are due to what belongs to them.
        for model, kept, key in ((Firing, "bench_firing", "deadline_id"), (Message, "bench_message", "of_deadline")):
            cursor.execute(
                f"INSERT OR IGNORE INTO {model._meta.db_table} ({_columns(model)}) SELECT {_columns(model, 'b.')}"
                f" FROM bench_due CROSS JOIN {kept} b ON b.{key} = bench_due.id"
            )
        cursor.execute(
            f"INSERT INTO workflows_slip ({slip}) SELECT {from_slip}"
            " FROM bench_due CROSS JOIN bench_slip b ON b.of_deadline = bench_due.id"
            " CROSS JOIN workflows_firing f ON f.deadline_id = b.of_deadline AND f.rung_key = b.rung_key"
            " AND f.occ = b.occ AND f.rev = 1"
        )
    return claimed
