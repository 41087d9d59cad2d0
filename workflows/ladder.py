"""When a rung fires and whom it may tell: pure, without database or clock.

The date itself is not counted; offset 0 falls on it, or on the last working day before it if it is
free. A rung fires at 10:00 Asia/Shanghai plus up to 59 minutes by the assignment's key, so that what
shares a date does not share an instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

from bureaus.working_days import WorkingDays

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = time(10)

# How high an audience stands. A level above is told only after the one below had a working day.
LEVELS = {
    "officer": 1,
    "section_head": 2,
    "unit_leader": 3,
    "lead": 3,
    "chief": 4,
    "supervision": 4,
    "supervision_head": 5,
    "leader": 5,
}
# Those above or beside the unit, who wait while an extension asked in time is undecided.
OUTSIDE_THE_UNIT = frozenset({"lead", "supervision", "supervision_head", "leader"})
# Those who hear of a date that was brought forward when it is: nobody above them does before a working day later.
HEARS_OF_A_NEW_DATE = frozenset({"officer", "section_head", "unit_leader"})
EXTENSION_HOLDS = 3  # working days, from the rung's planned date

FIRED, COLLAPSED, SKIPPED_LATE = "fired", "collapsed", "skipped_late"


@dataclass(frozen=True)
class Rung:
    """One rung of a ladder: `offset` in working days from the date, `audiences` out of LEVELS."""

    key: str
    offset: int
    audiences: tuple[str, ...]
    sms: bool = False
    slip: str = ""


@dataclass(frozen=True)
class Past:
    """What a rung already did, as remembered in its firing row."""

    rung_key: str
    occ: int
    outcome: str
    planned_at: datetime
    fired_at: datetime
    audiences: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    withheld_until: datetime | None = None
    proposed: bool = False


@dataclass(frozen=True)
class Decision:
    """A firing to be written: who is told now, who later as the next occurrence, and whether a slip may be proposed."""

    rung: Rung
    occ: int
    planned_at: datetime
    outcome: str
    audiences: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    withheld_until: datetime | None = None
    proposes: bool = False


@dataclass(frozen=True)
class Climb:
    """What one look at a deadline decides, and when to look next (None: the ladder is used up)."""

    decisions: tuple[Decision, ...]
    next_look_at: datetime | None
    next_rung: str = ""
    next_occ: int = 0


@dataclass(frozen=True, order=True)
class _Pending:
    at: datetime
    seq: int
    occ: int
    rung: Rung = field(compare=False)
    audiences: tuple[str, ...] = field(compare=False)


def moment(day: date, key: str) -> datetime:
    """The time of day at which everything about `key` fires."""
    return datetime.combine(day, MORNING, ZONE) + timedelta(minutes=crc32(key.encode()) % 60)


def planned_at(rung: Rung, due_on: date, key: str, calendar: WorkingDays) -> datetime:
    """When the rung fires for a date, if nothing holds it."""
    return moment(calendar.shift(due_on, rung.offset), key)


def climb(
    rungs: Sequence[Rung],
    *,
    due_on: date,
    key: str,
    calendar: WorkingDays,
    now: datetime,
    past: Iterable[Past] = (),
    arming: bool = False,
    held: bool = False,
    told_on: date | None = None,
) -> Climb:
    """Which rungs fire at `now`, and the next moment to look.

    1. Rungs that are already past when a date is set (`arming`) are recorded and tell nobody.
    2. Of several that have come due together, as after an outage, only the latest fires.
    3. `held`: an extension asked in time is undecided, so those outside the unit hear three working
       days later, or at the refusal, as occurrence 1; not at all if it is granted (a new revision).
       A slip, which goes to the supervision office, waits with them; one before the date is left out.
    4. A level above the one told last waits until that one has had a working day, also after an
       outage: those folded away hear first, one level a working day. So does everybody above the unit's
       leader after `told_on`, the day on which the unit was told of an earlier date.
    """
    history = list(past)
    decisions = []
    due = [entry for entry in _pending(rungs, due_on, key, calendar, history) if entry.at <= now]
    # A second occurrence may come after a higher rung; it does not fold that one away.
    latest = max(due, key=lambda entry: (entry.seq, entry.occ), default=None)
    # What is folded away comes first, so that what fires knows who has been left out.
    for entry in sorted(due, key=lambda entry: latest is not None and entry.at == latest.at):
        if arming:
            decision = Decision(entry.rung, entry.occ, entry.at, SKIPPED_LATE)
        elif latest is not None and entry.at != latest.at:
            decision = Decision(entry.rung, entry.occ, entry.at, COLLAPSED)
        else:
            decision = _fire(entry, rungs, due_on, key, calendar, now, history, held, told_on)
        decisions.append(decision)
        history.append(
            Past(
                entry.rung.key,
                entry.occ,
                decision.outcome,
                entry.at,
                now,
                decision.audiences,
                decision.withheld,
                decision.withheld_until,
                decision.proposes,
            )
        )
    rest = _pending(rungs, due_on, key, calendar, history)
    if not rest:
        return Climb(tuple(decisions), None)
    return Climb(tuple(decisions), rest[0].at, rest[0].rung.key, rest[0].occ)


def _pending(
    rungs: Sequence[Rung], due_on: date, key: str, calendar: WorkingDays, history: Sequence[Past]
) -> list[_Pending]:
    """Everything of the ladder that has not happened yet, in order of time."""
    seen = {(row.rung_key, row.occ) for row in history}
    by_key = {rung.key: (seq, rung) for seq, rung in enumerate(rungs)}
    entries = [
        _Pending(planned_at(rung, due_on, key, calendar), seq, 0, rung, rung.audiences)
        for seq, rung in enumerate(rungs)
        if (rung.key, 0) not in seen
    ]
    for row in history:
        if row.withheld_until and (row.rung_key, row.occ + 1) not in seen:
            seq, rung = by_key[row.rung_key]
            entries.append(_Pending(row.withheld_until, seq, row.occ + 1, rung, row.withheld))
    return sorted(entries)


def _fire(
    entry: _Pending,
    rungs: Sequence[Rung],
    due_on: date,
    key: str,
    calendar: WorkingDays,
    now: datetime,
    history: Sequence[Past],
    held: bool,
    told_on: date | None,
) -> Decision:
    """Split the rung's audience, and whom an outage has left out below it, into those told now and later."""
    today = now.astimezone(ZONE).date()
    planned_on = planned_at(entry.rung, due_on, key, calendar).astimezone(ZONE).date()
    held_until = moment(calendar.shift(planned_on, EXTENSION_HOLDS), key)
    waits = held and now < held_until
    missed, later = _never_told(rungs, history), _told_later(history, entry)
    height = max((LEVELS[name] for name in entry.audiences), default=0)
    below = (name for name in missed if name not in later and LEVELS[name] <= height)
    everybody = dict.fromkeys((*entry.audiences, *below))
    wait = OUTSIDE_THE_UNIT if waits else frozenset()
    untold = [name for name in (*missed, *later) if name not in wait]
    told = tuple(
        name
        for name in everybody
        if name not in wait and _level_below_had_its_day(name, rungs, history, today, calendar, untold, told_on)
    )
    withheld = tuple(name for name in entry.audiences if name not in told)
    proposed = any(row.rung_key == entry.rung.key and row.proposed for row in history)
    proposes = bool(entry.rung.slip) and not waits and not proposed
    until = None
    if not wait.issuperset(withheld):
        until = moment(calendar.shift(today, 1), key)
    elif withheld or (waits and entry.rung.slip and entry.rung.offset > 0):
        until = held_until
    return Decision(entry.rung, entry.occ, entry.at, FIRED, told, withheld, until, proposes)


def _never_told(rungs: Sequence[Rung], history: Sequence[Past]) -> list[str]:
    """Audiences of rungs folded away by an outage who have not been told since."""
    told = {name for row in history if row.outcome == FIRED for name in row.audiences}
    names = {rung.key: rung.audiences for rung in rungs}
    folded = [name for row in history if row.outcome == COLLAPSED for name in names[row.rung_key]]
    return [name for name in dict.fromkeys(folded) if name not in told]


def _told_later(history: Sequence[Past], entry: _Pending) -> list[str]:
    """Audiences that wait for the next occurrence of another rung."""
    happened = {(row.rung_key, row.occ) for row in history} | {(entry.rung.key, entry.occ)}
    return [name for row in history if (row.rung_key, row.occ + 1) not in happened for name in row.withheld]


def _level_below_had_its_day(
    name: str,
    rungs: Sequence[Rung],
    history: Sequence[Past],
    today: date,
    calendar: WorkingDays,
    untold: Sequence[str],
    told_on: date | None,
) -> bool:
    level = LEVELS[name]
    names = {rung.key: rung.audiences for rung in rungs}
    if any(LEVELS[other] < level for other in untold):
        return False
    days = [told_on] if told_on and name not in HEARS_OF_A_NEW_DATE else []
    for row in history:
        told = row.audiences if row.outcome == FIRED else names[row.rung_key] if row.outcome == SKIPPED_LATE else ()
        if any(LEVELS[other] < level for other in told):
            when = row.planned_at if row.outcome == SKIPPED_LATE else row.fired_at
            days.append(when.astimezone(ZONE).date())
    return not days or calendar.between(max(days), today) >= 1
