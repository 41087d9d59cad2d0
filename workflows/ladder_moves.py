"""Running dates move to the newest version of their ladder, when an administrator asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from bureaus import calendars
from bureaus.models import User
from measures.models import Deadline
from measures.models.deadline import DeadlineQuerySet
from workflows import deadlines
from workflows.models import Ladder

BATCH = 1000
BUDGET = 15.0  # seconds of one request; what is left is said, and moved by asking again
RUNNING = (Deadline.Status.ARMED, Deadline.Status.PAUSED)


@dataclass
class Effect:
    """What moving would do: how many dates, and how many rungs lie in the past by the new version."""

    dates: int = 0
    past: int = 0
    used_up: int = 0


def waiting(ladder: Ladder) -> DeadlineQuerySet:
    """Running dates that climb another version of this ladder."""
    found = Deadline.objects.filter(ladder_code=ladder.code, status__in=RUNNING)
    return found.exclude(ladder_version=ladder.version).order_by("pk")


def preview(ladder: Ladder, *, now: datetime) -> Effect:
    """Counted with what `move` does to each; nothing is written."""
    effect = Effect()
    with calendars.one_pass():
        for deadline in waiting(ladder).select_related("unit", "assignment").iterator(BATCH):
            effect.dates += 1
            if deadline.status == Deadline.Status.ARMED:
                deadline.ladder_version = ladder.version
                plan = deadlines.climb_now(deadline, [], now=now, held=False, arming=True)
                effect.past += len(plan.decisions)
                effect.used_up += plan.next_look_at is None
    return effect


def move(ladder: Ladder, *, by: User | None, now: datetime, budget: float = BUDGET) -> int:
    """Move them in batches, each a transaction. Returns how many were moved.

    Rungs whose moment has passed are recorded and tell nobody: a rung that was told by the older version
    and has kept its moment is not told again. A row that somebody holds, and what is left when the time
    is used up or the process died, is moved by asking again.
    """
    ends, last, done = monotonic() + budget, 0, 0
    with override(settings.LANGUAGE_CODE):  # it is kept, whoever reads it
        reason = _("Moved to version %(version)s of “%(ladder)s”.") % {
            "version": ladder.version,
            "ladder": ladder.name,
        }
    while monotonic() < ends:
        with transaction.atomic(), calendars.one_pass():
            rows = list(
                waiting(ladder)
                .filter(pk__gt=last)
                .select_for_update(skip_locked=True, no_key=True, of=("self",))
                .select_related("unit", "assignment")[:BATCH]
            )
            for deadline in rows:
                deadlines.change_ladder(deadline, ladder.version, now=now, by=by, reason=reason)
        if not rows:
            break
        last, done = rows[-1].pk, done + len(rows)
    return done
