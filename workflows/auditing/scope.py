"""What one audit knows and which rows it looks at.

A table of millions is not read whole every five minutes: each audit reads its newest rows, the next
stretch of a walk through all of them, and whatever was found bad before, so that a finding stays until
it is mended. A small table is read whole each time.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Max, Min, Model, Q

from bureaus.models import Calendar
from bureaus.working_days import MONDAY_TO_FRIDAY, WorkingDays
from workflows.ladder import Rung
from workflows.models import Rung as RungRow

SMALL = 7_000  # primary keys: so many are read whole
STRETCH, NEWEST = 5_000, 2_000
SAMPLE, SPOTS = 1_000, 20


@dataclass(frozen=True)
class Found:
    """A row that breaks a promise: its natural key, and the figures that say so (no words, no personal data)."""

    pk: int
    key: str
    detail: str = ""


@dataclass(frozen=True)
class Scope:
    """Stretches of primary keys, and single ones."""

    stretches: tuple[tuple[int, int], ...] = ()
    single: tuple[int, ...] = ()

    def q(self) -> Q:
        chosen = Q(pk__in=self.single)
        for first, last in self.stretches:
            chosen |= Q(pk__range=(first, last))
        return chosen


@dataclass(frozen=True)
class Counted:
    """A calendar as it is now: its days, its edition, and when it or one below it was last edited."""

    code: str
    days: WorkingDays
    edition: int
    applied: int
    edited_at: datetime | None


@dataclass(frozen=True)
class Audit:
    """One audit: the domain's moment, the database's, and what is read once for all of it."""

    now: datetime
    real: datetime

    @cached_property
    def calendars(self) -> dict[int, Counted]:
        rows = {row.pk: row for row in Calendar.objects.all()}
        found = {}
        for row in rows.values():
            layers, below = [row], row.base_id
            while below is not None and rows[below] not in layers:
                layers.append(rows[below])
                below = rows[below].base_id
            edits = [layer.edited_at for layer in layers if layer.edited_at]
            edition = sum(layer.version for layer in layers)
            found[row.pk] = Counted(row.code, row.working_days(), edition, row.applied, max(edits, default=None))
        return found

    def calendar(self, pk: int | None) -> Counted:
        """Of a unit that names none: the national one."""
        if pk is not None:
            return self.calendars[pk]
        national = (counted for counted in self.calendars.values() if counted.code == "national")
        return next(national, Counted("national", MONDAY_TO_FRIDAY, 0, 0, None))

    @cached_property
    def ladders(self) -> dict[tuple[str, int], Sequence[Rung]]:
        """Every version of every ladder. When a rung comes does not depend on whom it tells."""
        found: dict[tuple[str, int], list[Rung]] = {}
        for row in RungRow.objects.select_related("ladder").order_by("ladder", "seq"):
            found.setdefault((row.ladder.code, row.ladder.version), []).append(Rung(row.key, row.offset, ()))
        return dict(found)


def walk(table: type[Model], cursor: int, single: Sequence[int] = ()) -> tuple[Scope, int]:
    """The next part of a table from `cursor` on, and where the part after it begins (0: at the beginning)."""
    rows = table._default_manager.order_by("pk").values_list("pk", flat=True)
    ends = rows.aggregate(lowest=Min("pk"), highest=Max("pk"))
    lowest, highest = ends["lowest"], ends["highest"]
    if lowest is None:
        return Scope((), tuple(single)), 0
    if highest - lowest < SMALL:
        return Scope(((lowest, highest),), tuple(single)), 0
    first = cursor if lowest <= cursor <= highest else lowest
    last = rows.filter(pk__gte=first)[STRETCH - 1 : STRETCH].first() or highest
    newest = rows.reverse()[NEWEST - 1 : NEWEST].first() or lowest
    return Scope(((first, last), (newest, highest)), tuple(single)), last + 1 if last < highest else 0


def sample(table: type[Model], single: Sequence[int] = ()) -> Scope:
    """SAMPLE rows out of SPOTS places taken at random; of a small table every row."""
    rows = table._default_manager.order_by("pk").values_list("pk", flat=True)
    ends = rows.aggregate(lowest=Min("pk"), highest=Max("pk"))
    lowest, highest = ends["lowest"], ends["highest"]
    if lowest is None:
        return Scope((), tuple(single))
    if highest - lowest < SMALL:
        return Scope(((lowest, highest),), tuple(single))
    each = SAMPLE // SPOTS
    stretches = []
    for _spot in range(SPOTS):
        first = random.randint(lowest, highest)
        last = rows.filter(pk__gte=first)[each - 1 : each].first() or highest
        stretches.append((first, last))
    return Scope(tuple(stretches), tuple(single))
