"""What the core decided, kept: the same rows for the raw statement and for the naive form to write.

The core runs once on the rows that are due; what it wrote is put aside in tables beside ours. So all
three forms write the same rows, down to the byte, whatever the core learns to write.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction

from measures.models import Deadline
from notifications.models import Message
from workflows.bench.rows import columns, fields, settle_indexes
from workflows.models import Firing, Slip

# What a look leaves in the deadline itself.
LOOK = ("next_look_at", "next_rung", "next_occ", "fail_count", "last_error")
WRITTEN = (Deadline._meta.db_table, Firing._meta.db_table, Message._meta.db_table, Slip._meta.db_table)
KEPT = ("bench_before", "bench_deadline", "bench_firing", "bench_message", "bench_slip")


@dataclass(frozen=True)
class Written:
    """How many rows a form wrote."""

    firings: int
    messages: int
    slips: int


class Decided:
    """The rows that are due, and what becomes of them; `rearm` makes them due again."""

    def __init__(self, due: list[int]) -> None:
        """Before the core runs: remember how the due deadlines stand."""
        self._firings_before = Firing.objects.aggregate(last=models.Max("pk"))["last"] or 0
        ids = ", ".join(map(str, due))
        self._keep("bench_before", f"SELECT * FROM measures_deadline WHERE id IN ({ids})", "id")

    def keep(self) -> None:
        """After the core ran: put aside what it wrote."""
        new = self._firings_before
        # A column of no type could not be looked up by its index on SQLite.
        told = f"CAST(data ->> 'deadline' AS {'bigint' if connection.vendor == 'postgresql' else 'integer'})"
        self._keep("bench_deadline", "SELECT * FROM measures_deadline WHERE id IN (SELECT id FROM bench_before)", "id")
        self._keep("bench_firing", f"SELECT * FROM workflows_firing WHERE id > {new}", "deadline_id")
        self._keep("bench_message", f"SELECT *, {told} AS of_deadline FROM notifications_message", "of_deadline")
        self._keep(
            "bench_slip",
            "SELECT s.*, f.deadline_id AS of_deadline, f.rung_key, f.occ"
            " FROM workflows_slip s JOIN workflows_firing f ON f.id = s.firing_id",
            "of_deadline",
        )

    def _keep(self, name: str, query: str, key: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {name} AS {query}")
            cursor.execute(f"CREATE INDEX {name}_key ON {name} ({key})")
            cursor.execute(f"ANALYZE {name}")

    def rearm(self) -> None:
        """As if nothing had happened: dates restored, what was written taken away, no dead rows. Never timed."""
        restored = ", ".join(f"{name} = b.{name}" for name in LOOK)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM workflows_slip")
            cursor.execute("DELETE FROM notifications_message")
            cursor.execute("DELETE FROM workflows_firing WHERE id > %s", [self._firings_before])
            cursor.execute(
                f"UPDATE measures_deadline SET {restored} FROM bench_before b WHERE b.id = measures_deadline.id"
            )
        settle_indexes(*WRITTEN)

    def written(self) -> Written:
        return Written(
            Firing.objects.filter(pk__gt=self._firings_before).count(),
            Message.objects.count(),
            Slip.objects.count(),
        )

    def values(self) -> dict[int, Values]:
        """What the naive form writes for each deadline, in memory."""
        found: dict[int, Values] = defaultdict(lambda: Values({}, [], []))
        for _number, row in _read("bench_firing", Firing):
            found[row["deadline_id"]].firings[row["rung_key"], row["occ"]] = row
        for pk, row in _read("bench_message", Message, "of_deadline"):
            found[pk].messages.append(row)
        for pk, row in _read("bench_slip", Slip, "of_deadline"):
            found[pk].slips.append(row)
        return dict(found)


@dataclass
class Values:
    firings: dict[tuple[str, int], dict[str, Any]]
    messages: list[dict[str, Any]]
    slips: list[dict[str, Any]]


def _read(table: str, model: type[models.Model], key: str = "0") -> list[tuple[int, dict[str, Any]]]:
    """Rows kept aside, as the ORM would read them, without their numbers."""
    raw = model._default_manager.raw(f"SELECT {', '.join(columns(model))}, {key} AS of_whom FROM {table}")
    found = []
    for row in raw:
        values = {field.attname: getattr(row, field.attname) for field in fields(model) if not field.primary_key}
        found.append((getattr(row, "of_whom"), values))  # noqa: B009
    return found
