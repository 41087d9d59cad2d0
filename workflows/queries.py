"""Page-sized reads over several tables: rows with their lights, the review queue, slips, the board."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.db.models import Case, Count, Exists, F, Min, Model, OuterRef, Q, QuerySet, Subquery, When

from bureaus import calendars
from bureaus.access import Standing
from bureaus.clock import local_date
from bureaus.models import Bureau
from measures.lights import SEVERITY, Light, Shown, expected_progress, light_of
from measures.models import (
    Assignment,
    Deadline,
    Event,
    Extension,
    FormCheck,
    LightCount,
    Measure,
    Plan,
    Responsibility,
    Step,
)
from measures.models.work import AssignmentQuerySet
from workflows import counters
from workflows.models import Slip

State = Assignment.State
PAGE = 50


@dataclass(frozen=True)
class Item:
    """An assignment as a list shows it: with its light, the date that matters, and how far off it is."""

    row: Assignment
    shown: Shown
    main: Deadline | None
    days: int | None  # calendar days left; negative: days late
    expected: int | None = None  # 序时进度 in per cent, in long terms
    asked_for: date | None = None  # the date of an extension that is asked for and undecided

    @property
    def light(self) -> Light:
        return self.shown.light

    @property
    def late(self) -> int:
        return -self.days if self.days is not None and self.days < 0 else 0

    @property
    def due_on(self) -> date | None:
        deadline = self.shown.deadline or self.main
        return deadline.due_on if deadline else None


def items(rows: Iterable[Assignment], now: datetime) -> list[Item]:
    """Rows with their lights; two queries however many rows there are."""
    rows = list(rows)
    running: dict[int, list[Deadline]] = defaultdict(list)
    armed = Q(status=Deadline.Status.ARMED) | Q(status=Deadline.Status.MET, kind=Deadline.Kind.MAIN)
    asked = Extension.objects.undecided().filter(deadline=OuterRef("pk")).values("asked_for")[:1]
    found_deadlines = Deadline.objects.filter(armed, assignment__in=rows).annotate(asked_for=Subquery(asked))
    for deadline in found_deadlines.select_related("unit").order_by("round"):
        running[deadline.assignment_id].append(deadline)
    today = local_date(now)
    found = []
    with calendars.one_pass():
        for row in rows:
            deadlines = running[row.pk]
            shown = light_of(row, deadlines, now)
            main = next((d for d in reversed(deadlines) if d.kind == Deadline.Kind.MAIN), None)
            matters = shown.deadline or main
            runs = matters is not None and matters.status == Deadline.Status.ARMED
            days = (matters.due_on - today).days if matters and runs else None
            expected = expected_progress(main, today) if shown.why == "behind" and main else None
            found.append(Item(row, shown, main, days, expected, getattr(main, "asked_for", None)))
    return found


# --- What waits for a verdict ----------------------------------------------------------------


@dataclass(frozen=True)
class Review:
    """What waits for this person's verdict or decision, of each sort what has waited longest.

    `waiting` says how much there is of each sort, by the names of the lists.
    """

    submitted: list[Item]
    checks: list[FormCheck]
    extensions: list[Extension]
    refused: list[Item]
    slips: list[Slip]
    waiting: dict[str, int]

    def __len__(self) -> int:
        return sum(self.waiting.values())


def review(standing: Standing, now: datetime) -> Review:
    """The supervisor's queue: submitted work, form checks, requests, refusals, slips proposed; PAGE of each."""
    waiting = _waiting_for(standing)
    submitted, submitted_in_all = _page_of(waiting[0])
    checks, checks_in_all = _page_of(waiting[1])
    extensions, extensions_in_all = _page_of(waiting[2])
    refused, refused_in_all = _page_of(waiting[3])
    slips, slips_in_all = _page_of(waiting[4])
    in_all = {
        "submitted": submitted_in_all,
        "checks": checks_in_all,
        "extensions": extensions_in_all,
        "refused": refused_in_all,
        "slips": slips_in_all,
    }
    return Review(items(submitted, now), checks, extensions, items(refused, now), slips, in_all)


Row = TypeVar("Row", bound=Model)


def _page_of(rows: QuerySet[Row]) -> tuple[list[Row], int]:
    """The first PAGE, and how many there are: only what fills its page is counted for itself."""
    shown = list(rows[:PAGE])
    return shown, len(shown) if len(shown) < PAGE else rows.count()


def review_count(standing: Standing) -> int:
    """How much stands in it."""
    return sum(rows.count() for rows in _waiting_for(standing))


@dataclass
class Waiter:
    """A unit that waits for this person: with how much of each sort of the review queue, and since when."""

    unit: Bureau
    counts: dict[str, int]
    since: datetime


def who_waits(standing: Standing) -> list[Waiter]:
    """The units whose work stands in the queue, who has waited longest first. A slip proposed is nobody's wait."""
    submitted, checks, extensions, refused, slips = _waiting_for(standing)
    refusals = Min("events__at", filter=Q(events__kind=Event.Kind.REFUSED))
    filed = "filing__assignment"
    sorts: list[tuple[str, QuerySet[Any], str, Any]] = [
        ("submitted", submitted, "unit", Min("submitted_at")),
        ("checks", checks, f"{filed}__unit", Min(f"{filed}__submitted_at")),
        ("extensions", extensions, "deadline__assignment__unit", Min("asked_at")),
        ("refused", refused, "unit", refusals),
        ("answers", slips.filter(state=Slip.State.ANSWERED), "unit", Min("answered_at")),
    ]
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    since: dict[int, datetime] = {}
    for sort, rows, unit, earliest in sorts:
        for pk, count, first in rows.order_by().values_list(unit).annotate(Count("pk", distinct=True), first=earliest):
            counts[pk][sort] = count
            since[pk] = min(first, since.get(pk, first))
    units = Bureau.objects.in_bulk(counts)
    found = [Waiter(units[pk], counts[pk], since[pk]) for pk in counts]
    return sorted(found, key=lambda waiter: (waiter.since, waiter.unit.order))


def _waiting_for(
    standing: Standing,
) -> tuple[AssignmentQuerySet, QuerySet[FormCheck], QuerySet[Extension], AssignmentQuerySet, QuerySet[Slip]]:
    submitted = (
        Assignment.objects.filter(state=State.SUBMITTED, acceptor__in=standing.unit_ids)
        .exclude(step__kind=Step.Kind.FILING)
        .exclude(unit__in=standing.unit_ids)
        .select_related("unit", "step", "measure", "lead", "acceptor", "site", "handler", "leader")
        .order_by("submitted_at")
    )
    checks = (
        FormCheck.objects.filter(unit__in=standing.unit_ids, outcome="", filing__assignment__state=State.SUBMITTED)
        .select_related("filing__assignment__unit", "filing__site", "unit")
        .order_by("filing__assignment__submitted_at", "unit__order")
    )
    extensions: QuerySet[Extension] = Extension.objects.none()
    refused: AssignmentQuerySet = Assignment.objects.none()
    slips: QuerySet[Slip] = Slip.objects.none()
    if standing.supervises:
        extensions = _undecided().exclude(deadline__assignment__unit__code="supervision")
        refused = (
            Assignment.objects.filter(state=State.REFUSED)
            .select_related("unit", "step", "measure", "lead", "acceptor", "site")
            .order_by("issued_at", "pk")
        )
        # One proposal of a task at a time: the latest. An inspector's can stand beside the engine's.
        later = Slip.objects.filter(assignment=OuterRef("assignment"), state=Slip.State.PROPOSED, pk__gt=OuterRef("pk"))
        waits = Q(state=Slip.State.ANSWERED) | Q(state=Slip.State.PROPOSED) & ~Exists(later)
        slips = with_handing_in(open_slips().filter(waits))
    elif "leader" in standing.roles:
        extensions = _undecided().filter(deadline__assignment__unit__code="supervision")
    return submitted, checks, extensions, refused, slips


def _undecided() -> QuerySet[Extension]:
    return (
        Extension.objects.undecided()
        .select_related("deadline__assignment__unit", "deadline__assignment__measure", "asked_by")
        .order_by("asked_at")
    )


def open_slips() -> QuerySet[Slip]:
    return Slip.objects.select_related("assignment__unit", "assignment__measure", "unit", "firing").order_by(
        "-proposed_at", "-id"
    )


def with_handing_in(slips: QuerySet[Slip]) -> QuerySet[Slip]:
    """`handed_in_at`: when the work was handed in for the date a slip is about, None if it was not.

    A slip of the engine names the date it is about; of an inspector's only the day is known.
    """
    of_that_day = Deadline.objects.main().filter(assignment=OuterRef("assignment"), due_on=OuterRef("due_on"))
    return slips.annotate(
        handed_in_at=Case(
            When(firing__isnull=True, then=Subquery(of_that_day.order_by("-round").values("met_at")[:1])),
            default=F("firing__deadline__met_at"),
        )
    )


def visible_slips(standing: Standing) -> QuerySet[Slip]:
    """Those who see all work see all slips; a unit sees its own once they are issued."""
    if standing.sees_all:
        return open_slips()
    return open_slips().filter(
        unit__in=standing.unit_ids, state__in=[Slip.State.ISSUED, Slip.State.ANSWERED, Slip.State.CLOSED]
    )


# --- Board -----------------------------------------------------------------------------------


# What every light but one stands for: work that somebody still has to do something about.
OPEN_LIGHTS = tuple(light for light in SEVERITY if light != Light.DONE)


@dataclass(frozen=True)
class Cell:
    """One unit in one measure: its worst light, and how much stands behind it."""

    role: str  # lead, support, or empty where it has no part
    light: Light | None
    open: int
    overdue: int


@dataclass(frozen=True)
class BoardRow:
    unit: Bureau
    cells: list[Cell]
    orders: Cell  # what 五 orders
    overdue: int


@dataclass(frozen=True)
class Board:
    measures: list[Measure]
    rows: list[BoardRow]
    lights: dict[str, int]
    open: int
    done: int
    on_time: int
    late: int


def board(plan: Plan) -> Board:
    """Units × measures with their worst lights, read from the counts: as few rows as there are cells."""
    measures = list(plan.measures.order_by("number"))
    roles = {
        (unit, number): kind
        for unit, number, kind in Responsibility.objects.filter(measure__plan=plan).values_list(
            "bureau", "measure__number", "kind"
        )
    }
    cells: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for unit, number, what, count in _counts(plan):
        cells[unit, number][what] += count
        total[what] += count
    shown = {unit for (unit, _number), held in cells.items() if _lights(held)}
    rows = []
    for bureau in Bureau.objects.filter(pk__in=shown).order_by("order", "code"):
        held = [
            _cell(cells[bureau.pk, measure.number], roles.get((bureau.pk, measure.number), "")) for measure in measures
        ]
        orders = _cell(cells[bureau.pk, 0], "")
        rows.append(BoardRow(bureau, held, orders, sum(cell.overdue for cell in [*held, orders])))
    return Board(
        measures,
        rows,
        {light.value: total[light] for light in SEVERITY},
        open=sum(total[light] for light in OPEN_LIGHTS),
        done=total[Light.DONE],
        on_time=total[counters.ON_TIME],
        late=total[counters.LATE],
    )


def measure_progress(plan: Plan) -> dict[int, dict[str, Any]]:
    """For each measure its worst light and the mean progress of its parts, by its number."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for _unit, number, what, count in _counts(plan):
        if number:
            found[number][what] += count
    return {
        number: {
            "light": _lights(held)[0],
            "progress": held[counters.PROGRESS] // parts,
            "done": held[Light.DONE],
            "all": parts,
        }
        for number, held in found.items()
        if (parts := sum(held[light] for light in SEVERITY))
    }


def latest_events(plan: Plan, size: int = 12) -> list[Event]:
    """What was done last in a plan, the newest first. Issuing is left out: it comes by the hundred.

    The log is read from its end: joined, SQLite begins with the plan's tasks and reads the whole log.
    """
    of_plan = Assignment.objects.filter(pk=OuterRef("assignment"), plan=plan).order_by()
    found = Event.objects.exclude(kind=Event.Kind.ISSUED).filter(Exists(of_plan)).order_by("-id")
    ids = list(found.values_list("pk", flat=True)[:size])
    return list(Event.objects.filter(pk__in=ids).select_related("assignment__unit", "actor").order_by("-id"))


def _counts(plan: Plan) -> Iterable[tuple[int, int, str, int]]:
    return LightCount.objects.filter(plan=plan).exclude(count=0).values_list("unit", "measure_number", "what", "count")


def _lights(held: Counter[str]) -> list[Light]:
    """The lights there are, the worst first."""
    return [light for light in SEVERITY if held[light]]


def _cell(held: Counter[str], role: str) -> Cell:
    lights = _lights(held)
    if not lights:
        return Cell(role, None, 0, 0)
    return Cell(role or "support", lights[0], sum(held[light] for light in OPEN_LIGHTS), held[Light.RED])
