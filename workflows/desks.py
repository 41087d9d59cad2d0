"""My desk: what a person's units have to do, each row in the most urgent section it belongs to.

A desk of some hundred rows is read whole. A longer one shows the first of each section and how many there
are, by the lights kept with the rows (`workflows.counters`), and leads to the section page by page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Exists, F, OuterRef, Q

from bureaus.access import Standing
from measures.access import visible_assignments
from measures.lights import Light
from measures.models import Assignment, Deadline
from measures.models.deadline import DeadlineQuerySet
from measures.models.work import AssignmentQuerySet
from workflows.queries import PAGE, Item, items

State = Assignment.State

SECTIONS = ("overdue", "returned", "to_sign_off", "to_sign", "due_soon", "in_hand", "waiting")
WHOLE = 300  # rows of a desk that is read whole
FIRST = 20  # rows a section of a longer desk shows


@dataclass(frozen=True)
class Section:
    code: str
    items: list[Item]
    count: int

    @property
    def is_cut(self) -> bool:
        return self.count > len(self.items)


def desk(standing: Standing, now: datetime) -> list[Section]:
    """The sections that hold something, the most urgent first; in each the earliest date first."""
    ids = list(_own(standing).values_list("pk", flat=True)[: WHOLE + 1])
    if len(ids) > WHOLE:
        return _long_desk(standing, now)
    sections: dict[str, list[Item]] = defaultdict(list)
    for item in items(visible_assignments(standing).filter(pk__in=ids), now):
        row = item.row
        sections[_section(standing, row.unit_id, row.state, item.light, row.round > 1)].append(item)
    for found in sections.values():
        found.sort(key=_by_date)
    return [Section(code, sections[code], len(sections[code])) for code in SECTIONS if sections.get(code)]


def page(standing: Standing, code: str, now: datetime, *, after: int = 0) -> tuple[list[Item], int | None]:
    """A page of one section in the order of issue, and where the next begins (None: this is the last)."""
    groups = _groups(standing).get(code)
    if groups is None:
        return [], None
    rows = _own(standing).filter(groups.rows, pk__gt=after).order_by("pk")
    ids = list(rows.values_list("pk", flat=True)[: PAGE + 1])
    return _items(standing, ids[:PAGE], now), ids[PAGE - 1] if len(ids) > PAGE else None


def _section(standing: Standing, unit: int, state: str, light: str, returned: bool) -> str:
    if state in (State.SUBMITTED, State.SUSPENDED, State.REFUSED):
        return "waiting"
    if state == State.UNIT_SIGNOFF:
        return "to_sign_off" if standing.leads_in(unit) else "waiting"
    if light == Light.RED:
        return "overdue"
    if state == State.ISSUED:
        return "to_sign"
    if returned:
        return "returned"
    return "due_soon" if light == Light.AMBER else "in_hand"


def _by_date(item: Item) -> tuple[date, str]:
    return item.due_on or date.max, item.row.key


def dates(standing: Standing) -> DeadlineQuerySet:
    """The running dates that are this person's to meet: of their units' work, and of verdicts they may give."""
    rows = Deadline.objects.armed().filter(unit__in=standing.unit_ids)
    if not standing.lent_unit_ids:
        return rows
    # As `Standing.judges` has it: nobody judges work of their own unit by a lent post.
    own = [post.bureau_id for post in standing.own_posts]
    verdicts = Q(kind=Deadline.Kind.VERDICT, unit__in=standing.lent_unit_ids)
    return rows.exclude(verdicts & Q(assignment__unit__in=own))


# --- Long desks ------------------------------------------------------------------------------


@dataclass
class _Group:
    """Rows of a section: which, and how many."""

    rows: Q
    count: int


def _own(standing: Standing) -> AssignmentQuerySet:
    return Assignment.objects.filter(unit__in=standing.unit_ids, state__in=Assignment.OPEN).order_by()


def _groups(standing: Standing) -> dict[str, _Group]:
    found: dict[str, _Group] = {}
    alike = _own(standing).annotate(returned=Q(round__gt=1)).values_list("unit", "state", "light", "returned")
    for unit, state, light, returned, count in alike.annotate(Count("pk")):
        code = _section(standing, unit, state, light, returned)
        rows = Q(unit=unit, state=state, light=light) & (Q(round__gt=1) if returned else Q(round=1))
        group = found.setdefault(code, _Group(Q(pk__in=[]), 0))
        group.rows, group.count = group.rows | rows, group.count + count
    return found


def _long_desk(standing: Standing, now: datetime) -> list[Section]:
    groups = _groups(standing)
    sections = []
    for code in SECTIONS:
        if group := groups.get(code):
            ids = _first_overdue(standing, group, now) if code == "overdue" else _first(standing, group)
            sections.append(Section(code, _items(standing, ids, now), group.count))
    return sections


def _first(standing: Standing, group: _Group) -> list[int]:
    """Those whose light turns first: for what is yellow that is its date."""
    rows = _own(standing).filter(group.rows).order_by(F("light_until").asc(nulls_last=True), "pk")
    return list(rows.values_list("pk", flat=True)[:FIRST])


def _first_overdue(standing: Standing, group: _Group, now: datetime) -> list[int]:
    of_it = Assignment.objects.filter(group.rows, pk=OuterRef("assignment")).order_by()
    late = Deadline.objects.main().overdue(now).filter(Exists(of_it), unit__in=standing.unit_ids)
    return list(late.order_by("due_at", "id").values_list("assignment", flat=True)[:FIRST])


def _items(standing: Standing, ids: Sequence[int], now: datetime) -> list[Item]:
    return sorted(items(visible_assignments(standing).filter(pk__in=ids), now), key=_by_date)
