"""One sweep: begin the periods that have come, and climb the ladders of the deadlines that are due.

Deciding is database work in short transactions, so it happens exactly once however often it is called:
a firing's key is unique, a row is taken by one pass at a time, and one bad row stops no other.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, models, transaction
from django.db.models import F, Q

from bureaus import calendars, faults
from measures.models import Assignment, Deadline, Recurrence
from notifications import mailings
from workflows import batches, counters, issuing, notices, recounting
from workflows.audience import Roster
from workflows.batches import Due, Kept, Next
from workflows.deciding import Decider
from workflows.models import Firing

logger = logging.getLogger(__name__)

BATCH = 1000
LIGHTS = 20.0  # seconds for turning lights; the rest is the next pass's, so that reminders do not wait for it


@dataclass
class Swept:
    """What one sweep did: the firings' ids in order and their outcomes, how many assignments it made, how many
    rows failed, how many dates it counted again after an edit of a calendar.

    `held`: why it did nothing at all.
    """

    fired: list[int] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    made: int = 0
    failed: int = 0
    recounted: int = 0
    held: str = ""

    def add(self, other: Swept) -> None:
        self.fired += other.fired
        self.outcomes += other.outcomes
        self.failed += other.failed

    @property
    def firings(self) -> list[Firing]:
        return list(Firing.objects.filter(pk__in=self.fired).order_by("pk"))


def run(now: datetime, *, roster: Roster | None = None) -> Swept:
    """Everything that is due at `now`. Safe to run twice, and by two processes at once."""
    swept = Swept()
    periods, looks, lights, calendar = _due(now)
    if calendar:
        try:
            swept.recounted = recounting.recount(now)
        except Exception:
            logger.exception("running dates could not be brought to an edited calendar")
            swept.failed += 1
    if periods:
        _begin_periods(now, swept)
    if looks or periods:
        with calendars.one_pass():
            decider = Decider(now, roster)
            while _sweep_batch(decider, swept) == BATCH:
                pass
    if lights or swept.made or swept.recounted:
        try:
            counters.sweep(now, budget=LIGHTS)
        except Exception:
            logger.exception("lights could not be turned")
            swept.failed += 1
    return swept


def _due(now: datetime) -> tuple[bool, ...]:
    """Whether a period, a deadline, the turn of a light and an edited calendar wait: all that an idle pass asks."""
    moment = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM measures_recurrence WHERE next_on <= %s), "
            "EXISTS (SELECT 1 FROM measures_deadline WHERE next_look_at <= %s), "
            "EXISTS (SELECT 1 FROM measures_assignment WHERE light_until <= %s), "
            f"EXISTS ({recounting.EDITED})",
            [moment, moment, moment],
        )
        return tuple(bool(found) for found in cursor.fetchone())


def is_behind(now: datetime) -> bool:
    """Whether something due is still to be looked at: another pass, or an act, has it in hand."""
    return Deadline.objects.to_look_at(now).exists() or _periods_due(now).exists()


# --- Periods --------------------------------------------------------------------------------------


def _begin_periods(now: datetime, swept: Swept) -> None:
    tried: set[int] = set()
    while True:
        due = _periods_due(now).exclude(pk__in=tried).order_by("next_on", "id").first()
        if due is None:
            return
        try:
            with transaction.atomic():
                again = _begin_period(due.pk, now, swept)
        except Exception as error:
            logger.exception("recurrence %s could not begin its period", due.pk)
            swept.failed += 1
            Recurrence.objects.filter(pk=due.pk).update(
                fail_count=F("fail_count") + 1, last_error=_said(error), retry_at=now + _back_off(due.fail_count)
            )
            again = False
        if not again:
            tried.add(due.pk)


def _periods_due(now: datetime) -> models.QuerySet[Recurrence]:
    may_try = Q(retry_at__isnull=True) | Q(retry_at__lte=now)
    return Recurrence.objects.filter(may_try, next_on__lte=now)


def _begin_period(pk: int, now: datetime, swept: Swept) -> bool:
    """Begin one period, unless another pass or an act is at it. Returns whether there may be one more."""
    due = _periods_due(now).select_related("step__plan", "step__measure__plan").filter(pk=pk)
    found = due.first()
    if found is None or not issuing.free_to_begin(found):
        return False
    recurrence = due.select_for_update(skip_locked=True, of=("self",)).first()
    if recurrence is None:
        return False
    swept.made += len(issuing.begin_period(recurrence, now=now))
    if recurrence.fail_count:
        Recurrence.objects.filter(pk=pk).update(fail_count=0, last_error="", retry_at=None)
    return recurrence.next_on is not None and recurrence.next_on <= now


# --- Deadlines ------------------------------------------------------------------------------------


def _sweep_batch(decider: Decider, swept: Swept) -> int:
    """Take up to BATCH due deadlines, decide about each, and write it down together. Returns how many were taken.

    Should the database refuse what is written together, each of them is looked at by itself.
    """
    taken: list[Due] = []
    try:
        with transaction.atomic():
            taken = batches.claim(decider.now, BATCH)
            written = _decide_and_write(decider, taken)
            faults.hit("tick.after_inserts")
    except Exception:
        if not taken:
            raise
        logger.exception("%s deadlines could not be written together", len(taken))
        written = _one_by_one(decider, taken)
    faults.hit("tick.after_commit")
    swept.add(written)
    return len(taken)


def _one_by_one(decider: Decider, taken: list[Due]) -> Swept:
    swept = Swept()
    for due in taken:
        try:
            with transaction.atomic():
                # Claimed again: it may have been looked at, or settled, meanwhile.
                swept.add(_decide_and_write(decider, batches.claim(decider.now, 1, only=due.pk)))
        except Exception as error:
            _set_aside(due, error, decider.now)
            swept.failed += 1
    return swept


def _decide_and_write(decider: Decider, taken: list[Due]) -> Swept:
    """What fired, and how many rows could not be looked at; those are set aside."""
    swept = Swept()
    decider.prepare(taken)
    firings: list[tuple[Due, Kept]] = []
    matters: list[mailings.Matter] = []
    looks: list[tuple[Due, Next]] = []
    at_checkup: list[Due] = []
    missed: list[tuple[int, str, int]] = []
    for due in taken:
        try:
            look = decider.look(due)
        except Exception as error:
            _set_aside(due, error, decider.now)
            swept.failed += 1
            continue
        for kept, mailing in look.firings:
            firings.append((due, kept))
            swept.outcomes[kept.outcome] += 1
            if kept.missed:
                logger.error("an audience of %s %s cannot be told", due.key, kept.rung)
                missed.append((due.pk, kept.rung, kept.occ))
            if mailing is not None:
                matters.append(decider.matter(due, mailing))
        looks.append((due, look.next))
        if look.reaches_its_date and due.kind == Deadline.Kind.CHECKUP:
            at_checkup.append(due)
    swept.fired = batches.write_firings(firings, decider.now)
    mailings.put(matters, decider.now)
    batches.write_looks(looks)
    if missed:
        found = Firing.objects.filter(pk__in=swept.fired).select_related("deadline__assignment", "deadline__unit")
        notices.tell_nobody(
            (one for one in found if (one.deadline_id, one.rung_key, one.occ) in missed), now=decider.now
        )
    for due in at_checkup:
        # Its date has passed, so the next one is set whether it was met or not.
        issuing.arm_next_checkup(Assignment.objects.get(pk=due.row), after=due.due_on, now=decider.now)
    return swept


def _set_aside(due: Due, error: Exception, now: datetime) -> None:
    """A bad row tries again later, and is on the list of incidents until it has come through."""
    logger.error("deadline %s of %s could not be looked at", due.pk, due.key, exc_info=error)
    found = Deadline.objects.filter(pk=due.pk)
    fails = found.values_list("fail_count", flat=True).first() or 0
    found.filter(next_look_at__isnull=False).update(
        fail_count=fails + 1, last_error=_said(error), next_look_at=now + _back_off(fails)
    )


def _back_off(fails: int) -> timedelta:
    """After 1, 2, 4 … minutes, at most an hour."""
    return min(timedelta(hours=1), timedelta(minutes=2 ** min(fails, 10)))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]
