"""Offices beside their like: counties among counties, bureaus among bureaus. Never persons.

What was overdue at a moment is asked of the dates as they stand now (`due_at`, `met_at`), not of a snapshot: a date
that was moved or suspended since counts as if it had been so then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db.models import Count, F, Q

from bureaus.clock import local_date, start_of
from bureaus.models import Bureau
from measures.models import Assignment, Deadline, Plan

LIKE_WITH_LIKE = (Bureau.Level.COUNTY, Bureau.Level.PREFECTURE)


@dataclass(frozen=True)
class Place:
    """One office; `rank` is None where nothing has come due yet that could be compared."""

    unit: Bureau
    items: int = 0
    open: int = 0
    overdue: int = 0
    before: int = 0  # overdue at the end of last month
    in_time: int = 0  # of the first dates that came, how many were met in time
    came: int = 0
    rank: int | None = None

    @property
    def share(self) -> Fraction | None:
        return Fraction(self.in_time, self.came) if self.came else None

    @property
    def per_cent(self) -> int | None:
        return None if self.share is None else int(self.share * 100)

    @property
    def change(self) -> int:
        return self.overdue - self.before


@dataclass(frozen=True)
class Group:
    level: str
    places: list[Place]

    @property
    def overdue(self) -> int:
        return sum(place.overdue for place in self.places)

    @property
    def before(self) -> int:
        return sum(place.before for place in self.places)

    @property
    def change(self) -> int:
        return self.overdue - self.before


def ends_before(now: datetime) -> datetime:
    """The end of last month: the first moment of this one."""
    return start_of(local_date(now).replace(day=1))


def league(plan: Plan, now: datetime) -> list[Group]:
    """Both groups, the best first; three queries however many rows there are."""
    dates, tasks = _dates(plan, now), _tasks(plan)
    found: dict[str, list[Place]] = {level: [] for level in LIKE_WITH_LIKE}
    for unit in Bureau.objects.filter(level__in=LIKE_WITH_LIKE).order_by("order", "code"):
        found[unit.level].append(Place(unit, **tasks.get(unit.pk, {}), **dates.get(unit.pk, {})))
    return [Group(level, ranked(places)) for level, places in found.items()]


def ranked(places: Sequence[Place]) -> list[Place]:
    """Fewest overdue first, then the larger share met in time; who is equal shares a rank, and the next are skipped.

    Behind them, without a rank, those of whom nothing has come due, and last those who have nothing to do here.
    """

    def key(place: Place) -> tuple[int, Fraction]:
        return place.overdue, -(place.share or Fraction(0))

    compared = sorted((place for place in places if place.share is not None), key=key)
    first: dict[tuple[int, Fraction], int] = {}
    for number, place in enumerate(compared, start=1):
        first.setdefault(key(place), number)
    rest = [place for place in places if place.share is None]
    return [replace(place, rank=first[key(place)]) for place in compared] + sorted(rest, key=lambda one: not one.items)


def _dates(plan: Plan, now: datetime) -> dict[int, dict[str, Any]]:
    armed, met = Q(status=Deadline.Status.ARMED), Q(status=Deadline.Status.MET)
    past = armed & Q(due_at__lte=now)
    then = ends_before(now)
    was_open = armed | met & Q(met_at__gte=then)
    first = Q(round=1)
    in_time = first & met & Q(met_at__lt=F("due_at"))
    counted = (
        Deadline.objects.main()
        .filter(assignment__plan=plan)
        .order_by()
        .values("unit")
        .annotate(
            overdue=Count("pk", filter=past),
            before=Count("pk", filter=was_open & Q(due_at__lte=then, assignment__issued_at__lt=then)),
            in_time=Count("pk", filter=in_time),
            came=Count("pk", filter=first & (met | past)),
        )
    )
    return {row["unit"]: {name: row[name] for name in ("overdue", "before", "in_time", "came")} for row in counted}


def _tasks(plan: Plan) -> dict[int, dict[str, Any]]:
    counted = (
        Assignment.objects.filter(plan=plan)
        .exclude(state=Assignment.State.CANCELLED)
        .order_by()
        .values("unit")
        .annotate(items=Count("pk"), open=Count("pk", filter=Q(state__in=Assignment.OPEN)))
    )
    return {row["unit"]: {name: row[name] for name in ("items", "open")} for row in counted}
