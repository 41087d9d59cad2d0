"""Page-sized reads over several tables: rows with their lights, the review queue, the overdue list, the board."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When

from bureaus import calendars
from bureaus.clock import local_date
from bureaus.models import Bureau
from measures.access import Standing, visible_assignments
from measures.lights import SEVERITY, Light, Shown, expected_progress, light_of
from measures.models import (
    Assignment,
    Deadline,
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
    """What waits for this person's verdict or decision."""

    submitted: list[Item]
    checks: list[FormCheck]
    extensions: list[Extension]
    refused: list[Item]
    slips: list[Slip]

    def __len__(self) -> int:
        return len(self.submitted) + len(self.checks) + len(self.extensions) + len(self.refused) + len(self.slips)


def review(standing: Standing, now: datetime) -> Review:
    """The supervisor's queue: submitted work, form checks, requests, refusals, slips proposed."""
    submitted, checks, extensions, refused, slips = _waiting_for(standing)
    return Review(items(submitted, now), list(checks), list(extensions), items(refused, now), list(slips))


def review_count(standing: Standing) -> int:
    """How much stands in it."""
    return sum(rows.count() for rows in _waiting_for(standing))


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
        refused = Assignment.objects.filter(state=State.REFUSED).select_related(
            "unit", "step", "measure", "lead", "acceptor", "site"
        )
        # One proposal of a task at a time: the latest. An inspector's can stand beside the engine's.
        later = Slip.objects.filter(assignment=OuterRef("assignment"), state=Slip.State.PROPOSED, pk__gt=OuterRef("pk"))
        waits = Q(state=Slip.State.ANSWERED) | Q(state=Slip.State.PROPOSED) & ~Exists(later)
        slips = with_handing_in(open_slips().filter(waits))
    elif "leader" in standing.roles:
        extensions = _undecided().filter(deadline__assignment__unit__code="supervision")
    return submitted, checks, extensions, refused, slips


def _undecided() -> QuerySet[Extension]:
    return Extension.objects.undecided().select_related("deadline__assignment__unit", "asked_by").order_by("asked_at")


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


# --- Overdue list ----------------------------------------------------------------------------

KINDS = ("main", "receipt", "verdict", "checkup")
PAGE = 50
EXPORTED_AT_ONCE = 500


@dataclass(frozen=True)
class OverdueFilter:
    """What an inspector narrows the list by; empty means all.

    `unit` is who is late; `county` whose work it is, also where somebody else is late with a verdict on it.
    """

    unit: str = ""
    county: str = ""
    measure: str = ""
    kind: str = ""
    min_days: int = 0


@dataclass(frozen=True)
class OverdueRow:
    deadline: Deadline
    days: int
    slip: Slip | None

    @property
    def row(self) -> Assignment:
        return self.deadline.assignment

    @property
    def county(self) -> Bureau | None:
        """Whose work it is, if a county's."""
        unit = self.row.unit
        return unit if unit.level == Bureau.Level.COUNTY else None

    @property
    def light(self) -> Light:
        """Red only for work itself; a receipt, a verdict or a checkup that is late shows yellow."""
        return Light.RED if self.deadline.kind == Deadline.Kind.MAIN else Light.AMBER


def overdue(standing: Standing, wanted: OverdueFilter, now: datetime) -> QuerySet[Deadline]:
    """Everything past its date and not met, oldest first. Never OFFSET: see `overdue_page`.

    Nothing is joined: the list is read along the index of what is overdue, and each row asked what it belongs to.
    Joined, SQLite begins with the tasks as soon as it has statistics, and reads all of them.
    """
    found = Deadline.objects.overdue(now).order_by("due_at", "id")
    of_it = Assignment.objects.filter(pk=OuterRef("assignment")).order_by()
    if not standing.sees_all:
        found = found.filter(Exists(visible_assignments(standing).filter(pk=OuterRef("assignment"))))
    if wanted.unit:
        found = found.filter(unit__in=list(Bureau.objects.filter(code=wanted.unit).values_list("pk", flat=True)))
    if wanted.county:
        found = found.filter(Exists(of_it.filter(unit__in=list(_counties().filter(code=wanted.county)))))
    if wanted.measure == "0":
        found = found.filter(Exists(of_it.filter(measure__isnull=True)))
    elif wanted.measure:
        found = found.filter(Exists(of_it.filter(measure__number=wanted.measure)))
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.min_days:
        found = found.filter(due_on__lte=date.fromordinal(local_date(now).toordinal() - wanted.min_days))
    return found


def counties(standing: Standing) -> QuerySet[Bureau]:
    """Those whose work this person may see."""
    if standing.sees_all:
        return _counties()
    return _counties().filter(Exists(visible_assignments(standing).filter(unit=OuterRef("pk")).order_by()))


def _counties() -> QuerySet[Bureau]:
    return Bureau.objects.filter(level=Bureau.Level.COUNTY)


def overdue_page(
    found: QuerySet[Deadline],
    now: datetime,
    *,
    standing: Standing,
    after: tuple[datetime, int] | None = None,
    size: int = PAGE,
) -> tuple[list[OverdueRow], tuple[datetime, int] | None]:
    """A page of the list and where the next one begins (None: this is the last)."""
    if after:
        found = from_here_on(found, after)
    keys = list(found.values_list("due_at", "pk")[: size + 1])
    more = keys[size - 1] if len(keys) > size else None
    return _overdue_rows([pk for _due_at, pk in keys[:size]], now, standing), more


def from_here_on(found: QuerySet[Deadline], after: tuple[datetime, int]) -> QuerySet[Deadline]:
    """What comes after a row of the list, by its date and number. The first half is where an index can begin."""
    moment, pk = after
    return found.filter(Q(due_at__gte=moment), Q(due_at__gt=moment) | Q(id__gt=pk))


def _overdue_rows(ids: Sequence[int], now: datetime, standing: Standing) -> list[OverdueRow]:
    today = local_date(now)
    rows = (
        Deadline.objects.filter(pk__in=ids)
        .select_related(
            "unit",
            "assignment__unit",
            "assignment__measure",
            "assignment__step",
            "assignment__lead",
            "assignment__handler",
            "assignment__site",
        )
        .order_by("due_at", "id")
    )
    slips: dict[int, Slip] = {}
    of_these = visible_slips(standing).filter(assignment__in=[row.assignment_id for row in rows])
    for slip in of_these.order_by("id"):
        if slip.state != Slip.State.DISMISSED:
            slips[slip.assignment_id] = slip
    return [
        OverdueRow(row, (today - row.due_on).days, slips.get(row.assignment_id) if row.kind == "main" else None)
        for row in rows
    ]


def all_overdue(found: QuerySet[Deadline], now: datetime, *, standing: Standing) -> list[OverdueRow]:
    """The whole list, for an export."""
    ids = list(found.values_list("pk", flat=True))
    rows: list[OverdueRow] = []
    for start in range(0, len(ids), EXPORTED_AT_ONCE):
        rows += _overdue_rows(ids[start : start + EXPORTED_AT_ONCE], now, standing)
    return rows


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
