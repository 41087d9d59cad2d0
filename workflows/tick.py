"""One sweep: begin the periods that have come, and climb the ladders of the deadlines that are due.

Deciding is database work in short transactions, so it happens exactly once however often it is called:
a firing's key is unique, a row is taken by one pass at a time, and one bad row stops no other.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from bureaus import calendars
from measures.models import Deadline, Extension, Recurrence
from workflows import deadlines, issuing, notices, slips
from workflows.audience import Roster
from workflows.ladder import FIRED, Decision, Past
from workflows.models import Firing

logger = logging.getLogger(__name__)

BATCH = 200


@dataclass
class Swept:
    """What one sweep did: firings in order, how many assignments it made, how many rows failed."""

    firings: list[Firing] = field(default_factory=list)
    made: int = 0
    failed: int = 0


def run(now: datetime, *, roster: Roster | None = None) -> Swept:
    """Everything that is due at `now`. Safe to run twice, and by two processes at once."""
    swept = Swept()
    _begin_periods(now, swept)
    with calendars.one_pass():
        while _sweep_batch(now, swept, roster) == BATCH:
            pass
    return swept


def _begin_periods(now: datetime, swept: Swept) -> None:
    tried: set[int] = set()
    while True:
        due = Recurrence.objects.filter(next_on__lte=now).exclude(pk__in=tried).order_by("next_on", "id").first()
        if due is None:
            return
        try:
            with transaction.atomic():
                again = _begin_period(due.pk, now, swept)
        except Exception:
            logger.exception("recurrence %s could not begin its period", due.pk)
            swept.failed += 1
            again = False
        if not again:
            tried.add(due.pk)


def _begin_period(pk: int, now: datetime, swept: Swept) -> bool:
    """Begin one period, unless another pass or an act is at it. Returns whether there may be one more."""
    due = Recurrence.objects.select_related("step__plan", "step__measure__plan").filter(pk=pk, next_on__lte=now)
    found = due.first()
    if found is None or not issuing.free_to_begin(found):
        return False
    recurrence = due.select_for_update(skip_locked=True, of=("self",)).first()
    if recurrence is None:
        return False
    swept.made += len(issuing.begin_period(recurrence, now=now))
    return recurrence.next_on is not None and recurrence.next_on <= now


def _sweep_batch(now: datetime, swept: Swept, roster: Roster | None) -> int:
    """Take up to BATCH due deadlines and look at each in a savepoint. Returns how many were taken."""
    if not Deadline.objects.to_look_at(now).values_list("pk", flat=True).first():
        return 0
    with transaction.atomic():
        rows = list(
            Deadline.objects.to_look_at(now)
            .select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related(
                "unit__calendar",
                "assignment__unit",
                "assignment__lead",
                "assignment__step",
                "assignment__handler",
                "assignment__leader",
            )[:BATCH]
        )
        if not rows:
            return 0
        history = _history(rows)
        held = _held(rows)
        roster = roster or Roster()
        for row in rows:
            try:
                with transaction.atomic():
                    swept.firings += look_at(row, history[row.pk], held=row.pk in held, roster=roster, now=now)
            except Exception as error:
                logger.exception("deadline %s could not be looked at", row.pk)
                swept.failed += 1
                _back_off(row, error, now)
        return len(rows)


def look_at(deadline: Deadline, history: list[Past], *, held: bool, roster: Roster, now: datetime) -> list[Firing]:
    """One look at one deadline: write what fires, tell its audience, and set the next look."""
    climb = deadlines.climb_now(deadline, history, now=now, held=held)
    firings = []
    for decision in climb.decisions:
        firing = Firing(
            deadline=deadline,
            rev=deadline.rev,
            rung_key=decision.rung.key,
            occ=decision.occ,
            planned_at=decision.planned_at,
            fired_at=now,
            outcome=decision.outcome,
            audiences=list(decision.audiences),
            withheld=list(decision.withheld),
            withheld_until=decision.withheld_until,
        )
        if decision.outcome == FIRED:
            _tell(firing, decision, history, roster, now)
        firing.save(force_insert=True)
        if firing.slip:
            slips.propose(firing, now=now)
        firings.append(firing)
    deadline.next_look_at, deadline.next_rung, deadline.next_occ = (
        climb.next_look_at,
        climb.next_rung,
        climb.next_occ,
    )
    deadline.fail_count, deadline.last_error = 0, ""
    deadline.save(update_fields=["next_look_at", "next_rung", "next_occ", "fail_count", "last_error"])
    if deadline.kind == Deadline.Kind.CHECKUP and any(d.rung.offset == 0 for d in climb.decisions):
        issuing.arm_next_checkup(deadline.assignment, after=deadline.due_on, now=now)
    return firings


def _tell(firing: Firing, decision: Decision, history: list[Past], roster: Roster, now: datetime) -> None:
    deadline, rung = firing.deadline, decision.rung
    row = deadline.assignment
    groups = roster.groups(decision.audiences, deadline)
    earlier = [
        name for past in history if past.outcome == FIRED for name in past.audiences if name not in decision.audiences
    ]
    again = roster.groups(dict.fromkeys(earlier), deadline)
    channels = list(notices.ALL if rung.sms else notices.BOTH)
    firing.told = [
        {"role": group.role, "unit": group.unit, "channels": channels}
        | ({"instead_of": group.instead_of} if group.instead_of else {})
        for group in groups
    ]
    if decision.audiences and not any(group.users for group in groups):
        firing.outcome = Firing.Outcome.NO_RECIPIENT
        logger.error("nobody can be told of %s %s", row.key, rung.key)
    firing.slip = slips.colour_for(deadline, rung, now) if decision.proposes else ""
    firing.explain = {
        "due_on": deadline.due_on.isoformat(),
        "offset": rung.offset,
        "ladder": deadline.ladder_code,
        "version": deadline.ladder_version,
    }
    notices.tell_rung(deadline, rung, firing.occ, groups, again, planned_at=decision.planned_at, now=now)


def _history(rows: list[Deadline]) -> dict[int, list[Past]]:
    revs = {row.pk: row.rev for row in rows}
    found: dict[int, list[Past]] = defaultdict(list)
    for firing in Firing.objects.filter(deadline__in=revs).order_by("id"):
        if firing.rev == revs[firing.deadline_id]:
            found[firing.deadline_id].append(deadlines.as_past(firing))
    return found


def _held(rows: list[Deadline]) -> set[int]:
    """Deadlines whose extension was asked for in time and is not decided."""
    return set(Extension.objects.undecided().filter(deadline__in=rows).values_list("deadline_id", flat=True))


def _back_off(row: Deadline, error: Exception, now: datetime) -> None:
    """A bad row tries again later: after 1, 2, 4 … minutes, at most an hour."""
    row.fail_count = min(row.fail_count + 1, 30)
    delay = min(timedelta(hours=1), timedelta(minutes=2 ** (row.fail_count - 1)))
    Deadline.objects.filter(pk=row.pk).update(
        fail_count=row.fail_count,
        last_error=f"{type(error).__name__}: {error}"[:2000],
        next_look_at=now + delay,
    )
