"""An edited calendar reaches the dates that run: what it would do to them, and doing it.

An edit in the administration only raises a calendar's edition; the tick asks `recount` to bring the
running deadlines to it. A date that is counted (a term in working days, a date of ours that rolls) moves;
one that the plan names or a person decided stays, and its reminders are planned anew.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import override

from bureaus import calendars, clock
from bureaus.clock import local_date
from bureaus.models import Calendar, Role
from bureaus.working_days import WorkingDays
from measures import due as dates
from measures.explanations import edited
from measures.models import Deadline, DeadlineChange
from measures.models.deadline import DeadlineQuerySet
from workflows import counters, deadlines, notices
from workflows.audience import Roster
from workflows.ladder import Past
from workflows.models import Firing

logger = logging.getLogger(__name__)

BATCH = 1000
BUDGET = 20.0  # seconds of one call; the rest is done by the next tick, so that reminders do not wait for it
SHOWN = 20
# No transaction of ours lasts so long. An act that began before an edit may count by the older days and
# commit after the edit has been worked off: until this has passed the rows are looked at again.
LONGEST_TRANSACTION = timedelta(minutes=10)
RUNNING = (Deadline.Status.ARMED, Deadline.Status.PAUSED)
# Whether a calendar stands in another edition than the one applied (see `Calendar.edition`), for whoever asks
# every minute. UNION and not UNION ALL: calendars that lie over each other in a circle must not go on for ever.
EDITED = """
SELECT 1 FROM bureaus_calendar c WHERE c.applied <> (
    WITH RECURSIVE layer (id, base_id, version) AS (
        SELECT c.id, c.base_id, c.version
        UNION SELECT b.id, b.base_id, b.version FROM layer JOIN bureaus_calendar b ON b.id = layer.base_id
    ) SELECT sum(version) FROM layer)"""


# --- Doing it ------------------------------------------------------------------------------------


def recount(now: datetime, *, budget: float = BUDGET) -> int:
    """Bring the running deadlines to every calendar that was edited. Returns how many were looked at.

    Safe to call at any time, twice, by two at once, and again after it was killed: a row that has been
    done says so by its edition, and a row that somebody holds is left for the next call.
    """
    ends = monotonic() + budget
    done = 0
    for calendar in _all_calendars():
        if calendar.edition == calendar.applied:
            continue
        last = 0
        while monotonic() < ends and _to_do(calendar).filter(pk__gt=last).exists():
            count, last = _batch(calendar, last, now)
            done += count
            if not count:
                break
        _close(calendar)
    return done


def _all_calendars() -> list[Calendar]:
    """Every calendar with those below it, in one statement."""
    found = Calendar.objects.in_bulk()
    for calendar in found.values():
        calendar.base = found[calendar.base_id] if calendar.base_id else None
    return sorted(found.values(), key=lambda calendar: calendar.pk)


def _counted_by(calendar: Calendar) -> DeadlineQuerySet:
    """Running deadlines of the units that count by a calendar, in the order in which they are walked."""
    units = Q(unit__calendar=calendar.pk)
    if calendar.code == "national":
        units |= Q(unit__calendar__isnull=True)
    return Deadline.objects.filter(units, status__in=RUNNING).order_by("pk")


def _to_do(calendar: Calendar) -> DeadlineQuerySet:
    """Those whose date was counted with another edition."""
    return _counted_by(calendar).exclude(calendar_edition=calendar.edition)


@transaction.atomic
def _batch(calendar: Calendar, after: int, now: datetime) -> tuple[int, int]:
    """One batch in one transaction: how many were done, and the last row it came to (0 rows: nothing is left).

    It takes nothing that somebody holds, so it waits for no act. A date is taken with its task, whose light
    is counted by the same days in the same transaction.
    """
    with calendars.one_pass():
        days, edition = calendars.counted_by(calendar.pk)
        to_do = _counted_by(calendar).exclude(calendar_edition=edition).filter(pk__gt=after)
        keys = list(to_do.values_list("pk", "assignment")[:BATCH])
        free = counters.hold(assignment for _pk, assignment in keys)
        rows = list(
            to_do.filter(pk__in=[pk for pk, assignment in keys if assignment in free])
            .select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("unit", "assignment")
        )
        if not rows:
            return 0, after
        found = list(_weighed(rows, days, now))
        reasons = {one.deadline.pk: _reason(dates.due_of(one.deadline), one.due) for one in found if one.moves}
        earlier = {one.deadline.pk for one in found if one.moves and one.due.on < one.deadline.due_on}
        changes = deadlines.write_recounts(found, edition, now=now, reasons=reasons)
        _tell([change for change in changes if change.deadline_id in earlier], now)
        counters.refresh(free, now)
        return len(rows), keys[-1][0]


def _weighed(rows: list[Deadline], days: WorkingDays, now: datetime) -> Iterator[deadlines.Recount]:
    """What the days make of each row; one that cannot be counted is written down and stops no other."""
    history = _histories(rows)
    for row in rows:
        try:
            yield deadlines.recount(row, history[row.pk], days, now=now)
        except Exception as error:
            logger.exception("deadline %s could not be counted again", row.pk)
            said = f"{type(error).__name__}: {error}"[:2000]
            Deadline.objects.filter(pk=row.pk).update(fail_count=max(row.fail_count, 1), last_error=said)


def _histories(rows: list[Deadline]) -> dict[int, list[Past]]:
    revs = {row.pk: row.rev for row in rows}
    found: dict[int, list[Past]] = defaultdict(list)
    for firing in Firing.objects.filter(deadline__in=revs).order_by("id"):
        if firing.rev == revs[firing.deadline_id]:
            found[firing.deadline_id].append(deadlines.as_past(firing))
    return found


def _reason(before: dates.Due, after: dates.Due) -> str:
    with override(settings.LANGUAGE_CODE):  # it is kept, whoever reads it
        return edited(dates.edited_days(before, after))


def _tell(changes: list[DeadlineChange], now: datetime) -> None:
    """Whoever has fewer days than they thought hears of it; who has more hears from the next reminder."""
    if not changes:
        return
    roster = Roster(local_date(now))
    rows = {change.deadline_id: change for change in changes}
    found = Deadline.objects.filter(pk__in=rows, status=Deadline.Status.ARMED).select_related(
        "unit", *(f"assignment__{name}" for name in ("unit", "step", "handler", "leader", "measure"))
    )
    for deadline in found:
        unit, row = deadline.unit.code, deadline.assignment
        groups = [roster.post(role, unit, row) for role in (Role.OFFICER, Role.UNIT_LEADER)]
        notices.tell_moved(deadline, rows[deadline.pk], groups, now=now)


def _close(calendar: Calendar) -> None:
    """Write down that an edition has been worked off, once no act can come any more that knew an older one."""
    edits = [layer.edited_at for layer in calendar.layers if layer.edited_at]
    if edits and clock.real_now() - max(edits) < LONGEST_TRANSACTION:
        return
    if not _to_do(calendar).exists():
        Calendar.objects.filter(pk=calendar.pk).update(applied=calendar.edition)


# --- Looking before ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One running date that an edit would move."""

    unit: str
    task: str
    kind: str
    old: date
    new: date


@dataclass
class Effect:
    """What an edit would do to the running dates, for whoever is about to make it."""

    earlier: int = 0
    later: int = 0
    replanned: int = 0
    first: list[Line] = field(default_factory=list)

    @property
    def moved(self) -> int:
        return self.earlier + self.later

    @property
    def unlisted(self) -> int:
        return self.moved - len(self.first)

    def __bool__(self) -> bool:
        return bool(self.moved or self.replanned)


def preview(tried: Mapping[int, WorkingDays], now: datetime) -> Effect:
    """What `recount` would do if the calendars had these days. Nothing is written and nothing is locked."""
    effect = Effect()
    for calendar in _all_calendars():
        days = tried.get(calendar.pk)
        if days is None or days == calendars.counted_by(calendar.pk)[0]:
            continue
        last = 0
        while rows := list(_counted_by(calendar).filter(pk__gt=last).select_related("unit", "assignment")[:BATCH]):
            history = _histories(rows)
            for row in rows:
                _add(effect, deadlines.recount(row, history[row.pk], days, now=now))
            last = rows[-1].pk
    return effect


def _add(effect: Effect, one: deadlines.Recount) -> None:
    row = one.deadline
    if one.replans:
        effect.replanned += 1
    if not one.moves:
        return
    if one.due.on < row.due_on:
        effect.earlier += 1
    else:
        effect.later += 1
    if len(effect.first) < SHOWN:
        kind = row.get_kind_display()
        effect.first.append(Line(str(row.unit), row.assignment.title, kind, row.due_on, one.due.on))
