"""Urging many tasks with one text: each is an act of its own, and what cannot be urged holds up nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from bureaus.access import NotYours, Standing, WrongMoment
from bureaus.clock import local_date
from bureaus.models import User
from measures.access import ACTS, visible_assignments
from measures.models import Assignment, Deadline
from workflows.actions.work import urge
from workflows.overdue import URGED_FOR


@dataclass
class Urged:
    """What became of the tasks chosen: which were urged, and by the sentence that says why, which were not."""

    done: list[Assignment] = field(default_factory=list)
    left: dict[str, list[Assignment]] = field(default_factory=dict)


def urge_many(keys: Iterable[str], *, by: User, now: datetime, text: str, urgent: bool = False) -> Urged:
    """催办 of every task of these keys that its unit is late with: the work itself, or signing for it.

    Each is a transaction of its own. Raises NotYours where `by` may urge none of them, whatever their state, or may
    not call it urgent; ValidationError without a text. A task `by` may not see does not exist.
    """
    standing = Standing(by, local_date(now))
    rows = list(visible_assignments(standing).filter(key__in=set(keys)))
    dates = Deadline.objects.overdue(now).filter(assignment__in=rows, kind__in=URGED_FOR)
    late = set(dates.values_list("assignment", flat=True))
    _states, theirs = ACTS["urge"]
    if not any(theirs(standing, row) for row in rows) or (urgent and not standing.supervises):
        raise NotYours("urge")
    found = Urged()
    for row in rows:
        try:
            if row.pk not in late:
                raise WrongMoment(_("Its date is no longer past: something came meanwhile."))
            urge(row, by=by, now=now, text=text, urgent=urgent)
        except WrongMoment as error:
            found.left.setdefault(str(error), []).append(row)
        except NotYours:
            found.left.setdefault(_("It is not yours to urge."), []).append(row)
        else:
            found.done.append(row)
    return found
