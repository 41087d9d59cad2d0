"""The one writer of deadlines: armed, met, moved, paused, cancelled; each change a row that stays.

Every change that moves a date raises its revision, takes back notices of the older one that have not
left, and plans the ladder afresh. Callers hold the assignment's lock and a transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from bureaus import calendars
from bureaus.clock import local_date, start_of
from bureaus.models import Bureau, User
from measures.due import Due
from measures.models import Assignment, Deadline, DeadlineChange, Extension
from measures.models.deadline import DeadlineQuerySet
from notifications import outbox
from workflows.ladder import Climb, Past, climb
from workflows.ladders import newest, rungs_for
from workflows.models import Firing

Change = DeadlineChange.Kind
ALL_KINDS = tuple(Deadline.Kind.values)
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
        basis=basis or due.basis,
        rule=due.rule,
        trail=due.trail,
    )
    _plan(deadline, now)
    DeadlineChange.objects.create(deadline=deadline, rev=1, kind=Change.CREATE, new_due_on=due.on, by=by, at=now)
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
    """End one deadline, as met or cancelled. A request to move it that is still undecided ends with it."""
    for extension in Extension.objects.undecided().filter(deadline=deadline):
        extension.withdraw()
        extension.decided_at = now
        extension.save()
    deadline.status = status
    deadline.met_at = now if status == Deadline.Status.MET else None
    deadline.next_look_at = None
    deadline.next_rung = ""
    deadline.save(update_fields=["status", "met_at", "next_look_at", "next_rung"])
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
    _next_revision(deadline, now)
    _note(deadline, kind, now=now, by=by, reason=reason, old=old, new=to, document_no=document_no)


def reopen(deadline: Deadline, *, now: datetime, by: User | None, reason: str) -> None:
    """What met it was taken back (withdrawn, or a mistaken verdict): the same date runs again."""
    deadline.status = Deadline.Status.ARMED
    deadline.met_at = None
    _next_revision(deadline, now)
    _note(deadline, Change.REOPEN, now=now, by=by, reason=reason)


def pause(row: Assignment, *, now: datetime, by: User | None, reason: str) -> None:
    """The work is suspended: nothing is counted and nobody is told. What was left is remembered."""
    today = local_date(now)
    for deadline in _running(row, ALL_KINDS):
        left = calendars.days_for(deadline.unit).between(today, deadline.due_on)
        deadline.status = Deadline.Status.PAUSED
        deadline.next_look_at = None
        deadline.trail = deadline.trail | {"working_days_left": left}
        deadline.save(update_fields=["status", "next_look_at", "trail"])
        _note(deadline, Change.PAUSE, now=now, by=by, reason=reason)
        outbox.cancel(deadline.about, deadline.rev + 1, now=now)


def resume(row: Assignment, *, now: datetime, by: User | None, reason: str) -> None:
    """A term keeps the working days it had left; a date the plan names stays where it is."""
    for deadline in row.deadlines.select_for_update(no_key=True).filter(status=Deadline.Status.PAUSED):
        old = deadline.due_on
        left = deadline.trail.pop("working_days_left", None)
        if deadline.basis != Deadline.Basis.PLAN and left is not None and left > 0:
            _set_date(deadline, calendars.days_for(deadline.unit).shift(local_date(now), left))
        deadline.status = Deadline.Status.ARMED
        _next_revision(deadline, now)
        _note(deadline, Change.RESUME, now=now, by=by, reason=reason, old=old, new=deadline.due_on)


def look_again(deadline: Deadline) -> None:
    """Compute the next look anew, after something it depends on has changed (an extension refused)."""
    plan = climb_now(deadline, history_of(deadline), now=LONG_AGO, held=False)
    deadline.next_look_at, deadline.next_rung, deadline.next_occ = (
        plan.next_look_at,
        plan.next_rung,
        plan.next_occ,
    )
    deadline.save(update_fields=["next_look_at", "next_rung", "next_occ"])


def climb_now(
    deadline: Deadline,
    history: Sequence[Past],
    *,
    now: datetime,
    held: bool,
    arming: bool = False,
) -> Climb:
    """One look at the deadline, by the ladder version it keeps and its unit's calendar."""
    return climb(
        rungs_for(deadline),
        due_on=deadline.due_on,
        key=deadline.assignment.key,
        calendar=calendars.days_for(deadline.unit),
        now=now,
        past=history,
        arming=arming,
        held=held,
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


def _next_revision(deadline: Deadline, now: datetime) -> None:
    deadline.rev += 1
    outbox.cancel(deadline.about, deadline.rev, now=now)
    _plan(deadline, now)


def _plan(deadline: Deadline, now: datetime) -> None:
    """Save the deadline with its next look; rungs already past are recorded at once."""
    plan = climb_now(deadline, [], now=now, held=False, arming=True)
    deadline.next_look_at, deadline.next_rung, deadline.next_occ = (
        plan.next_look_at,
        plan.next_rung,
        plan.next_occ,
    )
    deadline.save()
    Firing.objects.bulk_create(
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
    )


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
) -> None:
    DeadlineChange.objects.create(
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
