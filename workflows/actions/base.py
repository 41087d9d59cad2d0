"""What every act shares: one transaction, the locks in their order, the row read anew, the permission.

A wrong moment raises WrongMoment (409), a wrong person NotYours (404); either way nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django_fsm import ConcurrentTransition, TransitionNotAllowed

from bureaus.access import NotYours, Standing, WrongMoment
from bureaus.clock import local_date
from bureaus.models import User
from measures import access
from measures.models import Assignment
from workflows import counters
from workflows.advance import advance, locked
from workflows.audience import Roster
from workflows.models import Run


@dataclass
class Act:
    """An act in progress: the locked row, who acts and when, and on behalf of which absent person, if of one."""

    row: Assignment
    by: User
    now: datetime
    standing: Standing
    roster: Roster
    on_behalf_of: User | None = None


def moved_on() -> WrongMoment:
    return WrongMoment(_("This task has changed meanwhile. Please reload the page and look again."))


@contextmanager
def acting(name: str, row: Assignment, *, by: User, now: datetime) -> Iterator[Act]:
    """Lock the run and the row, ask whether `by` may do `name` now, and move the run on afterwards."""
    run = Run.objects.select_related("parent_task__process").get(pk=row.process_id)
    try:
        with transaction.atomic(), counters.keeping(now), locked(run) as run:
            fresh = (
                Assignment.objects.select_for_update(no_key=True, of=("self",))
                .select_related("unit__calendar", "step", "measure", "lead", "acceptor", "site", "handler", "leader")
                .get(pk=row.pk)
            )
            today = local_date(now)
            standing = Standing(by, today)
            _permit(name, fresh, standing)
            counters.touch(fresh.pk)
            absent = standing.on_behalf_of(lambda one: access.ACTS[name][1](one, fresh))
            yield Act(fresh, by, now, standing, Roster(today), absent)
            advance(run, now=now, by=by)
    except (TransitionNotAllowed, ConcurrentTransition) as error:
        raise moved_on() from error


def _permit(name: str, row: Assignment, standing: Standing) -> None:
    states, test = access.ACTS[name]
    if not access.visible_assignments(standing).filter(pk=row.pk).exists() or not test(standing, row):
        raise NotYours(name)
    if row.state not in states or not access.fits(name, row):
        raise moved_on()
