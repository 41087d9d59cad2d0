"""Rows by the million: written past the ORM, in the words both databases read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connection, models, transaction

CHUNK = 5_000
Value = str | int | None


def stamp(moment: datetime) -> str:
    """A moment as SQLite stores it and PostgreSQL reads it in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def columns(model: type[models.Model]) -> list[str]:
    """The table's columns, the number first."""
    return [str(field.column) for field in fields(model)]


def fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return list(model._meta.concrete_fields)


class Shape:
    """Rows of one model that differ in a few columns only: `shape(id=7, key="…")` is one of them."""

    def __init__(self, row: models.Model) -> None:
        self.model = type(row)
        self._same = {str(field.column): self._plain(field, row) for field in fields(self.model)}

    def __call__(self, **different: Value) -> tuple[Value, ...]:
        return tuple((self._same | different).values())

    @staticmethod
    def _plain(field: models.Field[Any, Any], row: models.Model) -> Value:
        value = getattr(row, field.attname)
        if isinstance(value, datetime):
            return stamp(value)
        if isinstance(value, bool):
            return int(value)
        if isinstance(field, models.JSONField):
            return json.dumps(value, ensure_ascii=False)
        return value if value is None or isinstance(value, int) else str(value)


def write(model: type[models.Model], rows: Iterable[tuple[Value, ...]]) -> int:
    """Put them all into the table. Nothing is checked: the rows are whole as they are."""
    table, names = model._meta.db_table, ", ".join(f'"{name}"' for name in columns(model))
    remaining, count = iter(rows), 0
    with transaction.atomic(), _without_indexes(table), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                while chunk := list(islice(remaining, CHUNK)):
                    copy.write("".join(map(_line, chunk)))
                    count += len(chunk)
            cursor.execute("SET LOCAL session_replication_role = origin")
        else:
            marks = ", ".join("?" * len(fields(model)))
            while chunk := list(islice(remaining, CHUNK)):
                connection.connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", chunk)
                count += len(chunk)
    return count


def _line(row: tuple[Value, ...]) -> str:
    """One line of COPY's text format; none of our values holds a tab or a new line."""
    return "\t".join("\\N" if value is None else str(value) for value in row) + "\n"


@contextmanager
def _without_indexes(table: str) -> Iterator[None]:
    """Indexes that hold no constraint are built once, afterwards."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexdef LIKE 'CREATE INDEX%%'",
                [table],
            )
        else:
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s"
                " AND sql LIKE 'CREATE INDEX%%'",
                [table],
            )
        found = cursor.fetchall()
        for name, _definition in found:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, definition in found:
            cursor.execute(definition)


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """Nothing waits for the disk while rows are being made; what was made is on it at the end."""
    slow, fast, settled = (
        ("SET synchronous_commit = on", "SET synchronous_commit = off", ["VACUUM ANALYZE", "CHECKPOINT"])
        if connection.vendor == "postgresql"
        else ("PRAGMA synchronous = NORMAL", "PRAGMA synchronous = OFF", ["PRAGMA wal_checkpoint(TRUNCATE)"])
    )
    with connection.cursor() as cursor:
        cursor.execute(fast)
        yield
        cursor.execute(slow)
        for statement in settled:
            cursor.execute(statement)


def settle_indexes(*tables: str) -> None:
    """Give back what deleted rows and their index entries hold, and empty SQLite's log: never timed."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in tables:
                cursor.execute(f"VACUUM (INDEX_CLEANUP ON) {table}")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
