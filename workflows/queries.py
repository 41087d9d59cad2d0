"""Page-sized reads over several tables: rows with their lights, desks, the overdue list, the board."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from bureaus import calendars
from bureaus.clock import local_date
from bureaus.models import Bureau
from measures.access import Standing, visible_assignments
from measures.lights import SEVERITY, Light, Shown, expected_progress, light_of
from measures.models import Assignment, Deadline, Extension, FormCheck, Measure, Plan, Responsibility, Step
from measures.models.work import AssignmentQuerySet
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
    for deadline in Deadline.objects.filter(armed, assignment__in=rows).select_related("unit").order_by("round"):
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
            found.append(Item(row, shown, main, days, expected))
    return found


# --- My desk ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Section:
    code: str
    items: list[Item]


SECTIONS = ("overdue", "returned", "to_sign_off", "to_sign", "due_soon", "in_hand", "waiting")


def desk(standing: Standing, now: datetime) -> list[Section]:
    """What this person's units have to do, each row in the most urgent section it belongs to."""
    rows = visible_assignments(standing).filter(unit__in=standing.unit_ids, state__in=Assignment.OPEN)
    sections: dict[str, list[Item]] = defaultdict(list)
    for item in items(rows, now):
        sections[_section(item, standing)].append(item)
    for found in sections.values():
        found.sort(key=lambda item: (item.due_on or date.max, item.row.key))
    return [Section(code, sections[code]) for code in SECTIONS if sections.get(code)]


def _section(item: Item, standing: Standing) -> str:
    row = item.row
    if row.state == State.SUBMITTED or row.state in (State.SUSPENDED, State.REFUSED):
        return "waiting"
    if row.state == State.UNIT_SIGNOFF:
        return "to_sign_off" if standing.leads_in(row.unit_id) else "waiting"
    if item.light == Light.RED:
        return "overdue"
    if row.state == State.ISSUED:
        return "to_sign"
    if row.round > 1:
        return "returned"
    if item.light == Light.AMBER:
        return "due_soon"
    return "in_hand"


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
        slips = open_slips().filter(state__in=[Slip.State.PROPOSED, Slip.State.ANSWERED])
    elif "leader" in standing.roles:
        extensions = _undecided().filter(deadline__assignment__unit__code="supervision")
    return Review(items(submitted, now), list(checks), list(extensions), items(refused, now), list(slips))


def _undecided() -> QuerySet[Extension]:
    return Extension.objects.undecided().select_related("deadline__assignment__unit", "asked_by").order_by("asked_at")


def open_slips() -> QuerySet[Slip]:
    return Slip.objects.select_related("assignment__unit", "assignment__measure", "unit", "firing").order_by(
        "-proposed_at", "-id"
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


@dataclass(frozen=True)
class OverdueFilter:
    """What an inspector narrows the list by; empty means all."""

    unit: str = ""
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
    def light(self) -> Light:
        """Red only for work itself; a receipt, a verdict or a checkup that is late shows yellow."""
        return Light.RED if self.deadline.kind == Deadline.Kind.MAIN else Light.AMBER


def overdue(standing: Standing, wanted: OverdueFilter, now: datetime) -> QuerySet[Deadline]:
    """Everything past its date and not met, oldest first. Never OFFSET: see `overdue_page`."""
    found = (
        Deadline.objects.overdue(now)
        .filter(assignment__in=visible_assignments(standing).values("pk"))
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
    if wanted.unit:
        found = found.filter(unit__code=wanted.unit)
    if wanted.measure == "0":
        found = found.filter(assignment__measure__isnull=True)
    elif wanted.measure:
        found = found.filter(assignment__measure__number=wanted.measure)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.min_days:
        found = found.filter(due_on__lte=date.fromordinal(local_date(now).toordinal() - wanted.min_days))
    return found


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
        moment, pk = after
        found = found.filter(Q(due_at__gt=moment) | Q(due_at=moment, id__gt=pk))
    rows = list(found[: size + 1])
    more = (rows[size - 1].due_at, rows[size - 1].pk) if len(rows) > size else None
    return _overdue_rows(rows[:size], now, standing), more


def _overdue_rows(rows: Sequence[Deadline], now: datetime, standing: Standing) -> list[OverdueRow]:
    today = local_date(now)
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
    return _overdue_rows(list(found), now, standing)


# --- Board -----------------------------------------------------------------------------------


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


def board(plan: Plan, now: datetime) -> Board:
    """Units × measures with their worst lights, counted from the rows themselves."""
    measures = list(plan.measures.order_by("number"))
    roles = {(row.bureau_id, row.measure_id): row.kind for row in Responsibility.objects.filter(measure__plan=plan)}
    everything = items(
        Assignment.objects.filter(plan=plan).select_related("unit", "measure", "step").exclude(state=State.CANCELLED),
        now,
    )
    by_cell: dict[tuple[int, int | None], list[Item]] = defaultdict(list)
    for item in everything:
        by_cell[item.row.unit_id, item.row.measure_id].append(item)
    units = {item.row.unit_id: item.row.unit for item in everything}
    rows = []
    for unit in sorted(units.values(), key=lambda unit: (unit.order, unit.code)):
        cells = [_cell(by_cell[unit.pk, measure.pk], roles.get((unit.pk, measure.pk), "")) for measure in measures]
        orders = _cell(by_cell[unit.pk, None], "support" if by_cell[unit.pk, None] else "")
        rows.append(BoardRow(unit, cells, orders, sum(cell.overdue for cell in [*cells, orders])))
    lights = {light.value: sum(item.light == light for item in everything) for light in SEVERITY}
    first = Deadline.objects.filter(assignment__plan=plan, kind=Deadline.Kind.MAIN, round=1, status="met")
    met = list(first.values_list("met_at", "due_at"))
    on_time = sum(met_at is not None and met_at < due_at for met_at, due_at in met)
    late = len(met) - on_time + Deadline.objects.overdue(now).main().filter(assignment__plan=plan, round=1).count()
    return Board(
        measures,
        rows,
        lights,
        open=sum(item.row.is_open for item in everything),
        done=sum(item.row.state in Assignment.DONE for item in everything),
        on_time=on_time,
        late=late,
    )


def _cell(found: list[Item], role: str) -> Cell:
    if not found:
        return Cell(role, None, 0, 0)
    light = min((item.light for item in found), key=SEVERITY.index)
    return Cell(
        role or "support",
        light,
        sum(item.row.is_open for item in found),
        sum(item.light == Light.RED for item in found),
    )


def measure_progress(plan: Plan, now: datetime) -> dict[int, dict[str, Any]]:
    """For each measure its worst light and the mean progress of its parts, by its number."""
    found: dict[int, list[Item]] = defaultdict(list)
    rows = Assignment.objects.filter(plan=plan, measure__isnull=False).exclude(state=State.CANCELLED)
    for item in items(rows.select_related("unit", "measure", "step"), now):
        found[item.row.measure.number].append(item)  # type: ignore[union-attr]
    return {
        number: {
            "light": min((item.light for item in group), key=SEVERITY.index),
            "progress": sum(item.row.progress for item in group) // len(group),
            "done": sum(item.row.state in Assignment.DONE for item in group),
            "all": len(group),
        }
        for number, group in found.items()
    }
