"""Counters: the board's numbers, a cache of the lights that `measures.lights` asks of dates.

Each assignment keeps its light, the moment until which that light is right (`light_until`), and what the
counts hold of it (`counted`); `LightCount` is the sum over a unit's rows in a measure. All of it is written
here, under the assignment's lock: at the end of every transaction that changed the row (`keeping`, `touch`),
and by the tick's sweep when `light_until` has come. The counts are locked last of all, in the order of
their keys, so that two passes cannot wait for each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from math import inf
from time import monotonic
from typing import NamedTuple

from django.db import connection, models, transaction
from django.db.models import Count, Q

from bureaus import calendars
from bureaus.models import Bureau
from bureaus.working_days import WorkingDays
from measures.lights import changes_at, light_of
from measures.models import Assignment, Deadline, LightCount, Measure, Plan

BATCH = 500
# A row with this `light_until` is taken by the next sweep: what nothing has counted yet.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
# When a row is asked whether it keeps its promise: just before its moment, or long after everybody's.
INSTANT = timedelta(microseconds=1)
LATER_THAN_ALL = datetime(2200, 1, 1, tzinfo=UTC)
# What is counted besides each light: first rounds by how they came, and reported progress summed up.
ON_TIME, LATE, PROGRESS = "on_time", "late", "progress"

# By plan, unit, number of the measure (0: what the plan orders besides), and what is counted.
Changes = Counter[tuple[int, int, int, str]]

_touched: ContextVar[set[int] | None] = ContextVar("assignments_touched", default=None)


# --- What a row counts for -------------------------------------------------------------------


class Share(NamedTuple):
    """What one row adds to the counts, until when; a cancelled row has no light and no progress."""

    light: str
    first: str
    progress: int
    until: datetime | None

    @property
    def counted(self) -> str:
        return f"{self.light},{self.first},{self.progress}"


def share_of(row: Assignment, deadlines: list[Deadline], now: datetime, days: WorkingDays) -> Share:
    """From its state, progress and dates at `now`; the running ones, and the first main one, are enough."""
    first = next((one for one in deadlines if one.kind == Deadline.Kind.MAIN and one.round == 1), None)
    moments = [changes_at(row, deadlines, now, days)]
    if first is not None and first.status == Deadline.Status.ARMED and first.due_at > now:
        moments.append(first.due_at)
    until = min((moment for moment in moments if moment is not None), default=None)
    came = _came(first, now)
    if row.state == Assignment.State.CANCELLED:
        return Share("", came, 0, until)
    return Share(light_of(row, deadlines, now, days).light.value, came, row.progress, until)


def _came(first: Deadline | None, now: datetime) -> str:
    if first is None:
        return ""
    if first.status == Deadline.Status.MET:
        return LATE if first.was_late else ON_TIME
    return LATE if first.is_overdue(now) else ""


def _weights(counted: str) -> Counter[str]:
    """What a row's own words add to the counts; words that cannot be read have added nothing."""
    light, first, progress = words if len(words := counted.split(",")) == 3 else ("", "", "")
    weights = Counter({what: 1 for what in (light, first) if what})
    weights[PROGRESS] += int(progress) if progress.isdecimal() else 0
    return weights


# --- Kept by whoever changes a row -----------------------------------------------------------


@contextmanager
def keeping(now: datetime) -> Iterator[None]:
    """Around what a transaction does: counts at its end what was touched in it. Inside another, that one counts."""
    if _touched.get() is not None:
        yield
        return
    ids: set[int] = set()
    token = _touched.set(ids)
    try:
        yield
        refresh(ids, now)
    finally:
        _touched.reset(token)


def touch(pk: int) -> None:
    """This row, or a date of it, changes in this transaction.

    Without effect where nothing is kept: a tick that sets the next checkup of a row holds a deadline and may not
    wait for the row. It need not: that checkup comes after one that runs, so the light the row has stays right.
    """
    ids = _touched.get()
    if ids is not None:
        ids.add(pk)


def hold(ids: Iterable[int]) -> set[int]:
    """Lock those of these rows that nobody holds, before any of their deadlines, and say which."""
    rows = Assignment.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("pk")
    return set(rows.filter(pk__in=set(ids)).values_list("pk", flat=True))


def refresh(ids: Iterable[int], now: datetime) -> None:
    """Count these rows anew. Locks those that are not locked yet; the last thing a transaction does."""
    changes: Changes = Counter()
    with calendars.one_pass():
        for chunk in _chunks(sorted(ids)):
            changes.update(_count(_locked(chunk), now))
    _add(changes)


# --- Kept by the tick ------------------------------------------------------------------------


def sweep(now: datetime, *, batch: int = BATCH, budget: float = inf) -> int:
    """Turn the lights whose moment has come, each batch in a transaction of its own. Returns how many rows.

    Rows somebody is at work on are passed by: that work counts them, or the next sweep does. After `budget`
    seconds no further batch is begun: the next sweep goes on.
    """
    swept, ends = 0, monotonic() + budget
    while taken := _sweep_batch(now, batch):
        swept += taken
        if taken < batch or monotonic() >= ends:
            break
    return swept


def _sweep_batch(now: datetime, batch: int) -> int:
    due = Assignment.objects.filter(light_until__lte=now)
    if not due.exists():
        return 0
    with transaction.atomic(), calendars.one_pass():
        free = due.select_for_update(no_key=True, skip_locked=True, of=("self",))
        rows = _bare(free.order_by("light_until")[:batch])
        _add(_count(rows, now))
    return len(rows)


# --- Once in a while -------------------------------------------------------------------------


def rebuild(now: datetime) -> None:
    """Count everything anew, rows first, then their sums. Work goes on meanwhile."""
    for ids in _all_ids():
        done = _count_again(ids, now, skip_locked=True)
        # One at a time: who waits for a row with others in hand may be waited for.
        for pk in ids:
            if pk not in done:
                _count_again([pk], now)
    with transaction.atomic():
        # The plans before the counts: a new count refers to its plan, and who issues one holds it.
        list(Plan.objects.select_for_update(no_key=True).order_by("pk"))
        _hold_counts()
        LightCount.objects.all().delete()
        _add(_sums())


class Difference(NamedTuple):
    """Something that is not as a count of everything would have it."""

    what: str  # key of an assignment, or "plan/unit/number what" of a count
    kept: str
    asked: str

    def __str__(self) -> str:
        return f"{self.what}: {self.kept} ≠ {self.asked}"


def differences() -> Iterator[Difference]:
    """Where rows are not what their dates say of them, or counts not the sum of their rows.

    A row promises its light until a moment, and is asked just before that moment: so this needs no clock.
    What the sweep has yet to turn is not wrong, only waiting (see `waiting`).
    """
    for ids in _all_ids():
        suspects = _broken(_bare(Assignment.objects.filter(pk__in=ids)))
        if suspects:
            # Read while somebody was at work on it? Asked again under its lock.
            with transaction.atomic():
                suspects = _broken(_locked(list(suspects)))
            yield from suspects.values()
    with transaction.atomic():
        _hold_counts()
        kept, asked = _kept(), _sums()
    codes = dict(Bureau.objects.values_list("pk", "code"))
    plans = dict(Plan.objects.values_list("pk", "code"))
    for key in sorted(kept.keys() | asked.keys()):
        if kept[key] != asked[key]:
            plan, unit, number, what = key
            yield Difference(f"{plans[plan]}/{codes[unit]}/{number} {what}", str(kept[key]), str(asked[key]))


def waiting(now: datetime) -> int:
    """How many rows the sweep has to turn now."""
    return Assignment.objects.filter(light_until__lte=now).count()


# --- Parts -----------------------------------------------------------------------------------


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _all_ids() -> Iterator[list[int]]:
    last = 0
    while ids := list(Assignment.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _count_again(ids: list[int], now: datetime, *, skip_locked: bool = False) -> set[int]:
    with transaction.atomic(), calendars.one_pass():
        rows = _locked(ids, skip_locked=skip_locked)
        _add(_count(rows, now))
    return {row.pk for row in rows}


def _locked(ids: list[int], *, skip_locked: bool = False) -> list[Assignment]:
    rows = Assignment.objects.select_for_update(no_key=True, skip_locked=skip_locked, of=("self",))
    return _bare(rows.filter(pk__in=ids).order_by("pk"))


def _bare(rows: models.QuerySet[Assignment]) -> list[Assignment]:
    """Without joins: what a batch needs of other tables is a handful of rows, read once."""
    return list(rows.only("key", "plan", "measure", "unit", "state", "progress", "light", "light_until", "counted"))


def _dates(rows: list[Assignment]) -> dict[int, list[Deadline]]:
    """Running deadlines and first main ones, by assignment."""
    found: dict[int, list[Deadline]] = defaultdict(list)
    wanted = Q(status=Deadline.Status.ARMED) | Q(kind=Deadline.Kind.MAIN, round=1)
    deadlines = Deadline.objects.filter(wanted, assignment__in=[row.pk for row in rows]).only(
        "assignment", "kind", "round", "status", "starts_on", "due_on", "due_at", "met_at"
    )
    for deadline in deadlines:
        found[deadline.assignment_id].append(deadline)
    return found


def _count(rows: list[Assignment], now: datetime) -> Changes:
    """Set what these locked rows show at `now`. Returns what their counts change by."""
    dates, changes = _dates(rows), Changes()
    units = Bureau.objects.in_bulk({row.unit_id for row in rows})
    numbers = _numbers(rows)
    changed = []
    for row in rows:
        share = share_of(row, dates[row.pk], now, calendars.days_for(units[row.unit_id]))
        if (share.light, share.until, share.counted) == (row.light, row.light_until, row.counted):
            continue
        changed.append((row.pk, share.light, share.until, share.counted))
        difference = _weights(share.counted)
        difference.subtract(_weights(row.counted))
        for what, count in difference.items():
            changes[row.plan_id, row.unit_id, numbers[row.measure_id], what] += count
    _write(changed)
    return changes


def _numbers(rows: list[Assignment]) -> dict[int | None, int]:
    measures = Measure.objects.filter(pk__in={row.measure_id for row in rows if row.measure_id})
    return {None: 0, **dict(measures.values_list("pk", "number"))}


def _write(changed: list[tuple[int, str, datetime | None, str]]) -> None:
    if not changed:
        return
    table = connection.ops.quote_name(Assignment._meta.db_table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"UPDATE {table} SET light = new.light, light_until = new.until, counted = new.counted"
                " FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::text[])"
                f" AS new (id, light, until, counted) WHERE {table}.id = new.id",
                [list(column) for column in zip(*changed, strict=True)],
            )
        else:
            moment = connection.ops.adapt_datetimefield_value
            cursor.executemany(
                f"UPDATE {table} SET light = %s, light_until = %s, counted = %s WHERE id = %s",
                [(light, moment(until), counted, pk) for pk, light, until, counted in changed],
            )


def _add(changes: Changes) -> None:
    """Add to the counts, in the order of their keys: whoever comes second waits, and nobody in a circle."""
    table = connection.ops.quote_name(LightCount._meta.db_table)
    wanted = sorted((*key, count) for key, count in changes.items() if count)
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), BATCH):
            some = wanted[start : start + BATCH]
            cursor.execute(
                f"INSERT INTO {table} (plan_id, unit_id, measure_number, what, count)"
                f" VALUES {', '.join(['(%s, %s, %s, %s, %s)'] * len(some))}"
                " ON CONFLICT (plan_id, unit_id, measure_number, what)"
                f" DO UPDATE SET count = {table}.count + excluded.count",
                [value for row in some for value in row],
            )


def _hold_counts() -> None:
    """Until the transaction ends nobody adds to the counts; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'LOCK TABLE "{LightCount._meta.db_table}" IN SHARE ROW EXCLUSIVE MODE')


def _sums() -> Changes:
    """The counts as the rows' own words add up to them."""
    sums = Changes()
    groups = Assignment.objects.order_by().values_list("plan", "unit", "measure__number", "counted")
    for plan, unit, number, counted, rows in groups.annotate(rows=Count("pk")):
        for what, count in _weights(counted).items():
            sums[plan, unit, number or 0, what] += count * rows
    return sums


def _kept() -> Changes:
    return Changes(
        {
            (plan, unit, number, what): count
            for plan, unit, number, what, count in LightCount.objects.values_list(
                "plan", "unit", "measure_number", "what", "count"
            )
        }
    )


def _broken(rows: list[Assignment]) -> dict[int, Difference]:
    dates = _dates(rows)
    units = Bureau.objects.in_bulk({row.unit_id for row in rows})
    broken = {}
    with calendars.one_pass():
        for row in rows:
            if row.light_until == AT_ONCE:
                continue
            asked_at = row.light_until - INSTANT if row.light_until else LATER_THAN_ALL
            share = share_of(row, dates[row.pk], asked_at, calendars.days_for(units[row.unit_id]))
            kept = (row.light, row.counted, row.light_until)
            asked = (share.light, share.counted, share.until)
            if kept != asked:
                broken[row.pk] = Difference(row.key, _said(*kept), _said(*asked))
    return broken


def _said(light: str, counted: str, until: datetime | None) -> str:
    return f"{light or '—'} ({counted or '—'}) until {until.isoformat() if until else '—'}"
