"""The overdue list: everything past its date and not met, by the page, narrowed, counted, and whole for an export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from bureaus.access import Standing
from bureaus.clock import local_date, start_of
from bureaus.models import Bureau
from measures.access import may, visible_assignments
from measures.lights import Light
from measures.models import Assignment, Deadline, Event
from workflows.models import Slip
from workflows.queries import PAGE, visible_slips

KINDS = ("main", "receipt", "verdict", "checkup")
# How late, in days: name → from and to, both counted in; the last has no end.
BANDS: dict[str, tuple[int, int | None]] = {"1-5": (1, 5), "6-20": (6, 20), "21-": (21, None)}
# Whoever is late with these is the unit itself: it can be urged. A verdict is late with its reviewer.
URGED_FOR = (Deadline.Kind.MAIN, Deadline.Kind.RECEIPT)
# What a unit may do after it has been urged. Once a date is past no extension can be asked for, only reasons noted.
ANSWERS = (
    Event.Kind.SIGNED,
    Event.Kind.REPORTED,
    Event.Kind.SENT_UP,
    Event.Kind.SUBMITTED,
    Event.Kind.EXTENSION_ASKED,
    Event.Kind.NOTED,
)
COUNTED = 1000
EXPORTED_AT_ONCE = 500


@dataclass(frozen=True)
class Filter:
    """What an inspector narrows the list by; empty means all.

    `unit` is who is late; `county` whose work it is, also where somebody else is late with a verdict on it.
    """

    unit: str = ""
    county: str = ""
    measure: str = ""
    kind: str = ""
    min_days: int = 0
    late: str = ""  # one of BANDS
    slip: str = ""  # "with" or "without" a slip this person may see; only work itself ever has one


@dataclass(frozen=True)
class Row:
    deadline: Deadline
    days: int
    slip: Slip | None
    may_urge: bool = False
    urged_at: datetime | None = None
    answer: Event | None = None  # the first sign of the unit since it was urged last

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


def found_by(standing: Standing, wanted: Filter, now: datetime) -> QuerySet[Deadline]:
    """Everything past its date and not met, oldest first. Never OFFSET: see `page`.

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
    if wanted.late:
        # By the moment and not by the day: that is what the index is ordered by.
        least, most = BANDS[wanted.late]
        today = local_date(now)
        found = found.filter(due_at__lte=start_of(today - timedelta(days=least - 1)))
        if most:
            found = found.filter(due_at__gte=start_of(today - timedelta(days=most - 1)))
    if wanted.slip:
        slips = shown_slips(standing).filter(assignment=OuterRef("assignment")).order_by()
        has_one = Q(Exists(slips), kind=Deadline.Kind.MAIN)
        found = found.filter(has_one) if wanted.slip == "with" else found.exclude(has_one)
    return found


def shown_slips(standing: Standing) -> QuerySet[Slip]:
    """Those a row of the list shows: what was not issued after all is no slip."""
    return visible_slips(standing).exclude(state=Slip.State.DISMISSED)


def counties(standing: Standing) -> QuerySet[Bureau]:
    """Those whose work this person may see."""
    if standing.sees_all:
        return _counties()
    return _counties().filter(Exists(visible_assignments(standing).filter(unit=OuterRef("pk")).order_by()))


def _counties() -> QuerySet[Bureau]:
    return Bureau.objects.filter(level=Bureau.Level.COUNTY)


def page(
    found: QuerySet[Deadline],
    now: datetime,
    *,
    standing: Standing,
    after: tuple[datetime, int] | None = None,
    size: int = PAGE,
) -> tuple[list[Row], tuple[datetime, int] | None]:
    """A page of the list and where the next one begins (None: this is the last)."""
    if after:
        found = from_here_on(found, after)
    keys = list(found.values_list("due_at", "pk")[: size + 1])
    more = keys[size - 1] if len(keys) > size else None
    return _rows([pk for _due_at, pk in keys[:size]], now, standing), more


def from_here_on(found: QuerySet[Deadline], after: tuple[datetime, int]) -> QuerySet[Deadline]:
    """What comes after a row of the list, by its date and number. The first half is where an index can begin."""
    moment, pk = after
    return found.filter(Q(due_at__gte=moment), Q(due_at__gt=moment) | Q(id__gt=pk))


def _rows(ids: Sequence[int], now: datetime, standing: Standing) -> list[Row]:
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
    of_these = shown_slips(standing).filter(assignment__in=[row.assignment_id for row in rows])
    for slip in of_these.order_by("id"):
        slips[slip.assignment_id] = slip
    urged = _urged([row.assignment_id for row in rows if row.kind in URGED_FOR])
    return [
        Row(row, (today - row.due_on).days, None)
        if row.kind not in URGED_FOR
        else Row(
            row,
            (today - row.due_on).days,
            slips.get(row.assignment_id) if row.kind == Deadline.Kind.MAIN else None,
            may(standing, "urge", row.assignment),
            *urged.get(row.assignment_id, (None, None)),
        )
        for row in rows
    ]


def _urged(ids: Sequence[int]) -> dict[int, tuple[datetime, Event | None]]:
    """When each of these tasks was urged last, and the first that came of it since; one query for all."""
    found: dict[int, tuple[datetime, Event | None]] = {}
    kinds = [Event.Kind.URGED, *ANSWERS]
    for event in (
        Event.objects.filter(assignment__in=ids, kind__in=kinds).only("assignment", "kind", "at").order_by("id")
    ):
        if event.kind == Event.Kind.URGED:
            found[event.assignment_id] = event.at, None
        elif event.assignment_id in found and found[event.assignment_id][1] is None:
            found[event.assignment_id] = found[event.assignment_id][0], event
    return found


def everything(found: QuerySet[Deadline], now: datetime, *, standing: Standing) -> list[Row]:
    """The whole list, for an export."""
    ids = list(found.values_list("pk", flat=True))
    rows: list[Row] = []
    for start in range(0, len(ids), EXPORTED_AT_ONCE):
        rows += _rows(ids[start : start + EXPORTED_AT_ONCE], now, standing)
    return rows


@dataclass(frozen=True)
class Extent:
    """How much a list holds, by kind, and whose it is. Of a very long one only the first COUNTED: `is_more`."""

    count: int
    kinds: Counter[str]
    units: set[int]
    is_more: bool


def extent(found: QuerySet[Deadline]) -> Extent:
    """Counted to a bound: nobody reads on what page a thousand ends, and everybody waits for the count."""
    rows = list(found.values_list("kind", "unit")[: COUNTED + 1])
    first = rows[:COUNTED]
    return Extent(
        len(first), Counter(kind for kind, _unit in first), {unit for _kind, unit in first}, len(rows) > COUNTED
    )
