"""The firing core beside the raw statement and the naive form, on the same rows, in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any

from django.db import connections

from measures.models import Deadline
from workflows import rehearsal, tick
from workflows.bench import floor, naive, seed
from workflows.bench.decided import WRITTEN, Decided, Values, Written
from workflows.bench.measuring import listening, middle, milliseconds, spent
from workflows.bench.rows import settle_indexes

NAIVE_SHARE = 100  # the naive form does so many of the due deadlines, and is scaled up
IDLE_PASSES = 21
# Fewest and most armed deadlines between which growth is told.
GROWTH = {"postgres": (10_000, 1_000_000), "sqlite": (100_000, 1_000_000)}


class NotTheSameWork(Exception):
    """Two forms wrote different rows: their times cannot be compared."""


@dataclass
class Field:
    """One database with so many armed deadlines."""

    items: int
    due: int
    database: Any
    kept: Decided
    order: list[int]
    values: dict[int, Values]
    rows: Written
    statements: int
    changed: set[str]
    times: dict[str, list[float]] = field(default_factory=dict)
    worked: dict[str, list[float]] = field(default_factory=dict)


def run(
    db: str,
    entry: Callable[..., dict[str, Any]],
    say: Callable[[str], None],
    *,
    items: int,
    due: int,
    repetitions: int,
    growth: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Measure. `entry` gives the settings of a new database by name, empty or like another; `say` hears how it goes."""
    smallest, largest = growth or GROWTH[db]
    rehearsal.forget()
    with ExitStack() as stack:
        stack.callback(rehearsal.forget)
        say("migrations, the plan and its people")
        with rehearsal.throw_away_database(entry("stage")):
            stage = seed.build_stage()
        fields = {
            size: stack.enter_context(_prepared(stage, size, due, entry(f"items_{size}", "stage"), say))
            for size in sorted({smallest, items, largest})
        }
        for number in range(1, repetitions + 1):
            for size, place in fields.items():
                forms = ("floor", "core", "naive") if size == items else ("floor", "core")
                for form in forms:
                    timed(place, form)
            say(f"{number}/{repetitions}: " + "  ".join(_latest(place) for place in fields.values()))
        clean, clean_cpu, first, idle_statements = _idle(fields[largest])
    place, small, large = fields[items], fields[smallest], fields[largest]
    batches = ceil(due / tick.BATCH)
    core, raw = middle(place.times["core"]), middle(place.times["floor"])
    slow = round(middle(place.times["naive"]) * due / min(due, NAIVE_SHARE), 3)
    return {
        "core_over_floor": round(core / raw, 2),
        "naive_over_core": round(slow / core, 2),
        "growth": round(middle(large.times["core"]) / middle(small.times["core"]), 2),
        "idle_ms_1m": clean,
        "statements_per_batch": round((place.statements - idle_statements) / batches, 2),
        "db": db,
        "items": items,
        "due": due,
        "repetitions": repetitions,
        "floor_ms": raw,
        "core_ms": core,
        "naive_ms": slow,
        # The same by the time processors worked, ours and the server's, which a busy machine does not stretch.
        "core_over_floor_cpu": round(middle(place.worked["core"]) / middle(place.worked["floor"]), 2),
        "growth_cpu": round(middle(large.worked["core"]) / middle(small.worked["core"]), 2),
        "idle_cpu_ms": clean_cpu,
        "floor_cpu_ms": middle(place.worked["floor"]),
        "core_cpu_ms": middle(place.worked["core"]),
        "naive_cpu_ms": round(middle(place.worked["naive"]) * due / min(due, NAIVE_SHARE), 3),
        "naive_measured_on": min(due, NAIVE_SHARE),
        "smallest": smallest,
        "largest": largest,
        "core_ms_smallest": middle(small.times["core"]),
        "core_ms_largest": middle(large.times["core"]),
        "floor_ms_smallest": middle(small.times["floor"]),
        "floor_ms_largest": middle(large.times["floor"]),
        "floor_growth": round(middle(large.times["floor"]) / middle(small.times["floor"]), 2),
        "idle_first_after_sweep_ms": first,
        "idle_statements": idle_statements,
        "batch": tick.BATCH,
        "statements": place.statements,
        "rows": asdict(place.rows),
        # Tables the core changes and the floor does not: while there are any, the ratio is too high.
        "changed_by_core_alone": sorted(place.changed - set(WRITTEN)),
    }


@contextmanager
def _prepared(
    stage: seed.Stage, items: int, due: int, entry: dict[str, Any], say: Callable[[str], None]
) -> Iterator[Field]:
    say(f"{items} armed deadlines are being made")
    database = rehearsal.opened(entry)
    try:
        with rehearsal.working_on(database):
            place = seeded(stage, items, due)
        yield place
    finally:
        database.close()


def seeded(stage: seed.Stage, items: int, due: int) -> Field:
    """In the database in use: seed, let the core run once to see what it writes, make everything due again."""
    seed.armed(stage, items, due)
    order = list(Deadline.objects.to_look_at(seed.NOW).values_list("pk", flat=True))
    kept = Decided(order)
    statements, hearing = listening()
    with hearing:
        swept = tick.run(seed.NOW)
    if swept.failed or len(order) != due:
        raise NotTheSameWork(f"{len(order)} of {due} deadlines were due, {swept.failed} failed")
    kept.keep()
    rows, values = kept.written(), kept.values()
    kept.rearm()
    database = connections["default"]
    return Field(items, due, database, kept, order, values, rows, len(statements), statements.changed)


def timed(place: Field, form: str) -> None:
    """One form once, from the same start; what it wrote is checked against what the core wrote first."""
    share = min(place.due, NAIVE_SHARE) if form == "naive" else place.due
    work: dict[str, Callable[[], Any]] = {
        "floor": lambda: floor.fire(seed.NOW, place.due),
        "core": lambda: tick.run(seed.NOW),
        "naive": lambda: naive.fire(seed.NOW, share, place.values),
    }
    with rehearsal.working_on(place.database):
        took, worked = spent(work[form])
        place.times.setdefault(form, []).append(took)
        place.worked.setdefault(form, []).append(worked)
        wanted = place.rows if form != "naive" else _of_first(place, share)
        if place.kept.written() != wanted or Deadline.objects.to_look_at(seed.NOW).count() != place.due - share:
            raise NotTheSameWork(f"{form} wrote {place.kept.written()}, the core {wanted}")
        place.kept.rearm()


def _of_first(place: Field, share: int) -> Written:
    first = [place.values[pk] for pk in place.order[:share]]
    return Written(
        sum(len(values.firings) for values in first),
        sum(len(values.messages) for values in first),
        sum(len(values.slips) for values in first),
    )


def _idle(place: Field) -> tuple[float, float, float, int]:
    """Of passes with nothing due: (their median, in processor time, the first right after a sweep, statements)."""
    with rehearsal.working_on(place.database):
        tick.run(seed.NOW)
        first = milliseconds(lambda: tick.run(seed.NOW))
        settle_indexes(*WRITTEN)
        passes = [spent(lambda: tick.run(seed.NOW)) for _pass in range(IDLE_PASSES)]
        statements, hearing = listening()
        with hearing:
            tick.run(seed.NOW)
    times, worked = zip(*passes, strict=True)
    return middle(times), middle(worked), round(first, 3), len(statements)


def _latest(place: Field) -> str:
    times = ", ".join(f"{form} {times[-1]:.1f} ms" for form, times in place.times.items())
    return f"[{place.items}: {times}]"
