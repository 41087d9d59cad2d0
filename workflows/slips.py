"""Supervision slips: when the engine proposes one, and of which colour.

Colours are apart from lights: yellow the day after, red after five, a summons after ten; blue only for
work behind its schedule before the date. Only people of the supervision office issue one.
"""

from __future__ import annotations

from datetime import datetime

from bureaus.clock import local_date
from measures.lights import behind_schedule
from measures.models import Deadline
from workflows.ladder import Rung
from workflows.models import Firing, Slip


def colour_for(deadline: Deadline, rung: Rung, now: datetime) -> str:
    """The slip a rung proposes; none for anything but a main deadline."""
    if deadline.kind != Deadline.Kind.MAIN:
        return ""
    if rung.slip == Slip.Colour.BLUE:
        behind = behind_schedule(deadline.assignment, deadline, local_date(now))
        return rung.slip if behind else ""
    return rung.slip


def propose(firing: Firing, *, now: datetime) -> Slip:
    """Lay a slip before the supervision office."""
    deadline = firing.deadline
    return Slip.objects.create(
        assignment=deadline.assignment,
        unit=deadline.unit,
        firing=firing,
        colour=firing.slip,
        due_on=deadline.due_on,
        proposed_at=now,
    )
