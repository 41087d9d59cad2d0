"""The one writer of deadlines: armed, met, moved, paused, cancelled; each change a row that stays.

Every change that moves a date raises its revision, takes back notices of the older one that have not
left, and plans the ladder afresh. Callers hold the assignment's lock and a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypedDict

from bureaus import calendars
from bureaus.clock import local_date, start_of
from bureaus.models import Bureau, User
from bureaus.working_days import WorkingDays
from measures import due as dates
from measures.due import Due
from measures.models import Assignment, Deadline, DeadlineChange, Extension
from measures.models.deadline import DeadlineQuerySet
from notifications import outbox
from workflows import counters, slips
from workflows.ladder import Climb, Past, climb
from workflows.ladders import newest, rungs_for
from workflows.models import Firing

Change = DeadlineChange.Kind
ALL_KINDS = tuple(Deadline.Kind.values)
PAUSE = ("working_days_left", "paused_on")  # what the trail remembers while a deadline is paused
TOLD_ON = "told_on"  # and the day on which the unit heard of a date that is nearer than it knew
# Asked at this moment a ladder fires nothing and only says what comes next.
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


def arm(
    row: Assignment,
    kind: str,
    unit: Bureau,
    due: Due,
    *,
    now: datetime,
    round: int = 1,
    by: User | None = None,
    basis: str | None = None,
) -> Deadline:
    """Set a deadline. Rungs that are already past are recorded as skipped and tell nobody."""
    code = row.step.ladder if kind == Deadline.Kind.MAIN else kind
    ladder = newest(code)
    # Counted again with the very edition that is written down: an edit may have come since the caller counted.
    counted = calendars.with_edition(unit)
    due = dates.recounted(replace(due, basis=basis or due.basis), counted[0])
    deadline = Deadline(
        assignment=row,
        kind=kind,
        unit=unit,
        round=round,
        starts_on=local_date(now),
        due_on=due.on,
        due_at=start_of(due.on + timedelta(days=1)),
        original_due_on=due.on,
        ladder_code=ladder.code,
        ladder_version=ladder.version,
        source_text=due.text,
        basis=due.basis,
        rule=due.rule,
        trail=due.trail,
    )
    _plan(deadline, now, counted)
    _note(deadline, Change.CREATE, now=now, by=by, new=due.on)
    return deadline


def meet(row: Assignment, kinds: Iterable[str], *, now: datetime, by: User | None, unit: Bureau | None = None) -> int:
    """What was asked for is there. How late it came, if late, stays readable in `met_at`."""
    found = _running(row, kinds)
    if unit is not None:
        found = found.filter(unit=unit)
    count = 0
    for deadline in found:
        settle(deadline, Deadline.Status.MET, Change.MEET, now=now, by=by)
        count += 1
    return count


def cancel(row: Assignment, kinds: Iterable[str], *, now: datetime, by: User | None, reason: str = "") -> None:
    """The date no longer binds anybody."""
    for deadline in _running(row, kinds):
        settle(deadline, Deadline.Status.CANCELLED, Change.CANCEL, now=now, by=by, reason=reason)


def settle(deadline: Deadline, status: str, change: str, *, now: datetime, by: User | None, reason: str = "") -> None:
    """End one deadline, as met or cancelled. A request to move it, or a slip for it, ends undecided with it."""
    for extension in Extension.objects.undecided().filter(deadline=deadline):
        extension.withdraw()
        extension.decided_at = now
        extension.save()
    deadline.status = status
    deadline.met_at = now if status == Deadline.Status.MET else None
    deadline.next_look_at = None
    deadline.next_rung = ""
    deadline.save(update_fields=["status", "met_at", "next_look_at", "next_rung"])
    slips.end_with(deadline, now=now, reason=reason)
    _note(deadline, change, now=now, by=by, reason=reason)
    outbox.cancel(deadline.about, deadline.rev + 1, now=now)


def move(deadline: Deadline, to: date, *, now: datetime, by: User | None, reason: str, document_no: str = "") -> None:
    """An exact new date, later or earlier: a new revision that climbs its ladder afresh."""
    kind = Change.EXTEND if to > deadline.due_on else Change.SHORTEN
    old = deadline.due_on
    _set_date(deadline, to)
    deadline.basis = Deadline.Basis.DECIDED
    deadline.rule = "decided"
    deadline.trail = {"from": old.isoformat()}
    if kind == Change.SHORTEN:
        deadline.trail[TOLD_ON] = local_date(now).isoformat()
    if kind == Change.EXTEND:
        slips.put_off([deadline], now=now)
    _next_revision(deadline, now)
    _note(deadline, kind, now=now, by=by, reason=reason, old=old, new=to, document_no=document_no)


def reopen(deadline: Deadline, *, now: datetime, by: User | None, reason: str) -> None:
    """What met it was taken back (withdrawn, or a mistaken verdict): the same date runs again.

    Meanwhile nobody recounted it, so that is done here.
    """
    old = deadline.due_on
    counted = calendars.with_edition(deadline.unit)
    if deadline.calendar_edition != counted[1]:
        _set_due(deadline, dates.recounted(dates.due_of(deadline), counted[0], today=local_date(now)))
    deadline.status = Deadline.Status.ARMED
    deadline.met_at = None
    _next_revision(deadline, now, counted)
    _note(deadline, Change.REOPEN, now=now, by=by, reason=reason, **_moved(old, deadline.due_on))


def pause(row: Assignment, *, now: datetime, by: User | None, reason: str) -> None:
    """The work is suspended: nothing is counted and nobody is told. What was left is remembered."""
    today = local_date(now)
    for deadline in _running(row, ALL_KINDS):
        left = calendars.days_for(deadline.unit).between(today, deadline.due_on)
        deadline.status = Deadline.Status.PAUSED
        deadline.next_look_at = None
        deadline.trail = deadline.trail | {"working_days_left": left, "paused_on": today.isoformat()}
        deadline.save(update_fields=["status", "next_look_at", "trail"])
        _note(deadline, Change.PAUSE, now=now, by=by, reason=reason)
        outbox.cancel(deadline.about, deadline.rev + 1, now=now)


def resume(row: Assignment, *, now: datetime, by: User | None, reason: str) -> None:
    """What was counted keeps the working days it had left; a date that was named or decided stays where it is."""
    paused = row.deadlines.select_for_update(no_key=True, of=("self",)).select_related("unit")
    for deadline in paused.filter(status=Deadline.Status.PAUSED):
        old, today = deadline.due_on, local_date(now)
        counted = calendars.with_edition(deadline.unit)
        left = _left(deadline, counted[0])
        deadline.trail = {name: value for name, value in deadline.trail.items() if name not in PAUSE}
        if dates.is_counted(deadline.rule, deadline.basis) and left > 0:
            trail = {"days": left, "from": today.isoformat(), "before": old.isoformat()}
            on = counted[0].shift(today, left)
            _set_due(deadline, dates.recounted(Due(on, "resumed", deadline.basis, "", trail), counted[0]))
        if deadline.due_on <= today:
            # What has passed meanwhile was told to nobody: those above wait until the unit has had a day.
            deadline.trail = deadline.trail | {TOLD_ON: today.isoformat()}
        deadline.status = Deadline.Status.ARMED
        _next_revision(deadline, now, counted)
        _note(deadline, Change.RESUME, now=now, by=by, reason=reason, old=old, new=deadline.due_on)


def _left(deadline: Deadline, calendar: WorkingDays) -> int:
    """The working days it had left when it was paused, also if the calendar has been edited since."""
    if "paused_on" not in deadline.trail:
        return int(deadline.trail.get("working_days_left", 0))
    due = dates.recounted(dates.due_of(deadline), calendar)
    return calendar.between(date.fromisoformat(deadline.trail["paused_on"]), due.on)


def follow_plan(
    deadline: Deadline, due: Due, ladder: str, *, now: datetime, by: User | None, reason: str
) -> list[DeadlineChange]:
    """An edited plan file says another date or another ladder: its words, its rule, one new revision.

    Returns the changes it made; none if the file says nothing new. A paused deadline keeps resting.
    """
    counted = calendars.with_edition(deadline.unit)
    due = dates.recounted(due, counted[0])
    old, kinds = deadline.due_on, []
    if due.on != old:
        kinds.append(Change.EXTEND if due.on > old else Change.SHORTEN)
    if ladder != deadline.ladder_code:
        deadline.ladder_code, deadline.ladder_version = ladder, newest(ladder).version
        kinds.append(Change.LADDER)
    kept = {name: deadline.trail[name] for name in (*PAUSE, TOLD_ON) if name in deadline.trail}
    if due.on != old:
        kept.pop(TOLD_ON, None)
    if due.on < old:
        kept[TOLD_ON] = local_date(now).isoformat()
    deadline.basis, deadline.source_text = due.basis, due.text
    _set_due(deadline, replace(due, trail=due.trail | kept))
    if not kinds:
        deadline.save(update_fields=["basis", "source_text", "due_on", "due_at", "rule", "trail"])
        return []
    if Change.EXTEND in kinds:
        slips.put_off([deadline], now=now)
    if due.on == old:
        _climb_another(deadline, now, counted)
    else:
        _next_revision(deadline, now, counted)
    moved = _moved(old, due.on)
    return [_note(deadline, kind, now=now, by=by, reason=reason, **moved) for kind in kinds]


def change_ladder(deadline: Deadline, version: int, *, now: datetime, by: User | None, reason: str) -> None:
    """Climb another version of its ladder from now on. What is past by it has been told by the older one."""
    deadline.ladder_version = version
    _climb_another(deadline, now)
    _note(deadline, Change.LADDER, now=now, by=by, reason=reason)


@dataclass(frozen=True)
class Recount:
    """What an edited calendar makes of one running deadline: its date, and when it is looked at next."""

    deadline: Deadline
    due: Due
    climb: Climb | None  # None while it is paused

    @property
    def moves(self) -> bool:
        return self.due.on != self.deadline.due_on

    @property
    def replans(self) -> bool:
        """Whether the next look of a date that stays is another one."""
        return not self.moves and self._looks_otherwise

    @property
    def changes_nothing(self) -> bool:
        return self.due == dates.due_of(self.deadline) and not self._looks_otherwise

    @property
    def _looks_otherwise(self) -> bool:
        row, plan = self.deadline, self.climb
        return plan is not None and (plan.next_look_at, plan.next_rung, plan.next_occ) != (
            row.next_look_at,
            row.next_rung,
            row.next_occ,
        )


def recount(deadline: Deadline, history: Sequence[Past], calendar: WorkingDays, *, now: datetime) -> Recount:
    """What the calendar makes of a running deadline; nothing is written. Preview and job both ask this.

    A date that moves climbs its ladder afresh, as with any new date. Of one that stays, rungs that have
    fired stay fired, and the next is planned anew.
    """
    due = dates.recounted(dates.due_of(deadline), calendar, today=local_date(now))
    if not deadline.calendar_edition and due.on != deadline.due_on:
        # Set before editions were written down: what it was counted with cannot be known, so it stands.
        due = Due(deadline.due_on, "kept", deadline.basis, deadline.source_text, {})
    if deadline.status != Deadline.Status.ARMED:
        left = {"working_days_left": _left(deadline, calendar)} if "paused_on" in deadline.trail else {}
        return Recount(deadline, replace(due, trail=due.trail | left), None)
    if due.on != deadline.due_on:
        plan = climb_now(deadline, [], now=now, held=False, arming=True, calendar=calendar, due_on=due.on)
    else:
        plan = climb_now(deadline, history, now=LONG_AGO, held=False, calendar=calendar)
    return Recount(deadline, due, plan)


def write_recounts(
    recounts: Sequence[Recount], edition: int, *, now: datetime, reasons: dict[int, str]
) -> list[DeadlineChange]:
    """Write a batch of recounts, whose rows are locked. `reasons`: why, by key of the deadline that moves."""
    changes, skipped, later = [], [], []
    same = [one.deadline.pk for one in recounts if one.changes_nothing]
    Deadline.objects.filter(pk__in=same).update(calendar_edition=edition)
    changed = [one for one in recounts if not one.changes_nothing]
    for one in changed:
        row = one.deadline
        if one.moves:
            row.rev += 1
            changes.append(
                DeadlineChange(
                    deadline=row,
                    rev=row.rev,
                    kind=Change.CALENDAR,
                    old_due_on=row.due_on,
                    new_due_on=one.due.on,
                    reason=reasons[row.pk],
                    at=now,
                )
            )
            outbox.cancel(row.about, row.rev, now=now)
            if one.due.on > row.due_on:
                later.append(row)
            if one.climb:
                skipped += _skipped(row, one.climb, now)
        _set_due(row, one.due)
        if one.climb:
            _look_next(row, one.climb)
        row.calendar_edition = edition
    columns = ["due_on", "due_at", "rule", "trail", "rev", "next_look_at", "next_rung", "next_occ", "calendar_edition"]
    Deadline.objects.bulk_update([one.deadline for one in changed], columns, batch_size=250)
    Firing.objects.bulk_create(skipped)
    slips.put_off(later, now=now)
    return DeadlineChange.objects.bulk_create(changes)


def look_again(deadline: Deadline) -> None:
    """Compute the next look anew, after something it depends on has changed (an extension refused)."""
    _look_next(deadline, climb_now(deadline, history_of(deadline), now=LONG_AGO, held=False))
    deadline.save(update_fields=["next_look_at", "next_rung", "next_occ"])


def climb_now(
    deadline: Deadline,
    history: Sequence[Past],
    *,
    now: datetime,
    held: bool,
    arming: bool = False,
    calendar: WorkingDays | None = None,
    due_on: date | None = None,
) -> Climb:
    """One look at the deadline, by the ladder version it keeps and its unit's calendar."""
    return climb(
        rungs_for(deadline),
        due_on=due_on or deadline.due_on,
        key=deadline.assignment.key,
        calendar=calendar or calendars.days_for(deadline.unit),
        now=now,
        past=history,
        arming=arming,
        held=held,
        told_on=date.fromisoformat(told_on) if (told_on := deadline.trail.get(TOLD_ON)) else None,
    )


def history_of(deadline: Deadline) -> list[Past]:
    """What the present revision has already done."""
    return [as_past(firing) for firing in deadline.firings.filter(rev=deadline.rev)]


def as_past(firing: Firing) -> Past:
    return Past(
        firing.rung_key,
        firing.occ,
        "fired" if firing.outcome == Firing.Outcome.NO_RECIPIENT else firing.outcome,
        firing.planned_at,
        firing.fired_at,
        tuple(firing.audiences),
        tuple(firing.withheld),
        firing.withheld_until,
        bool(firing.slip),
    )


def _running(row: Assignment, kinds: Iterable[str]) -> DeadlineQuerySet:
    return (
        row.deadlines.select_for_update(no_key=True, of=("self",))
        .select_related("unit", "assignment")
        .filter(kind__in=list(kinds), status__in=[Deadline.Status.ARMED, Deadline.Status.PAUSED])
        .order_by("id")
    )


def _set_date(deadline: Deadline, on: date) -> None:
    deadline.due_on = on
    deadline.due_at = start_of(on + timedelta(days=1))


class _Dates(TypedDict, total=False):
    old: date
    new: date


def _moved(old: date, new: date) -> _Dates:
    """What a change says of the date: nothing if it stayed."""
    return {"old": old, "new": new} if old != new else {}


def _set_due(deadline: Deadline, due: Due) -> None:
    _set_date(deadline, due.on)
    deadline.rule, deadline.trail = due.rule, due.trail


def _next_revision(deadline: Deadline, now: datetime, counted: calendars.Counted | None = None) -> None:
    deadline.rev += 1
    outbox.cancel(deadline.about, deadline.rev, now=now)
    _plan(deadline, now, counted)


def _climb_another(deadline: Deadline, now: datetime, counted: calendars.Counted | None = None) -> None:
    """The same date by another ladder: what was told of it stays true, and who waits for a rung still waits."""
    before = list(deadline.firings.filter(rev=deadline.rev))
    deadline.rev += 1
    _plan(deadline, now, counted)
    happened = {(row.rung_key, row.occ) for row in before}
    slips = {row.rung_key: row.slip for row in before if row.slip}
    moved = 0
    for row in before:
        if row.withheld_until and (row.rung_key, row.occ + 1) not in happened:
            past = Firing.objects.filter(deadline=deadline, rev=deadline.rev, rung_key=row.rung_key, occ=0)
            moved += past.update(
                withheld=row.withheld, withheld_until=row.withheld_until, slip=slips.get(row.rung_key, "")
            )
    if moved:
        look_again(deadline)


def _plan(deadline: Deadline, now: datetime, counted: calendars.Counted | None = None) -> None:
    """Save the deadline with its next look; rungs already past are recorded at once."""
    calendar, deadline.calendar_edition = counted or calendars.with_edition(deadline.unit)
    if deadline.status == Deadline.Status.PAUSED:
        deadline.save()
        return
    plan = climb_now(deadline, [], now=now, held=False, arming=True, calendar=calendar)
    _look_next(deadline, plan)
    deadline.save()
    Firing.objects.bulk_create(_skipped(deadline, plan, now))


def _look_next(deadline: Deadline, plan: Climb) -> None:
    deadline.next_look_at, deadline.next_rung, deadline.next_occ = plan.next_look_at, plan.next_rung, plan.next_occ


def _skipped(deadline: Deadline, plan: Climb, now: datetime) -> list[Firing]:
    return [
        Firing(
            deadline=deadline,
            rev=deadline.rev,
            rung_key=decision.rung.key,
            occ=decision.occ,
            planned_at=decision.planned_at,
            fired_at=now,
            outcome=Firing.Outcome.SKIPPED_LATE,
        )
        for decision in plan.decisions
    ]


def _note(
    deadline: Deadline,
    kind: str,
    *,
    now: datetime,
    by: User | None,
    reason: str = "",
    old: date | None = None,
    new: date | None = None,
    document_no: str = "",
) -> DeadlineChange:
    """Every change leaves a row, and what the assignment shows is counted anew."""
    counters.touch(deadline.assignment_id)
    return DeadlineChange.objects.create(
        deadline=deadline,
        rev=deadline.rev,
        kind=kind,
        old_due_on=old,
        new_due_on=new,
        reason=reason,
        document_no=document_no,
        by=by,
        at=now,
    )
