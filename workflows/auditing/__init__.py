"""The auditor: every five minutes it asks the database whether what the engine promises is true.

It has its own queries and uses nothing of the tick but the pure ladder, so a mistake there does not hide
itself here. It changes nothing; `keep` writes down what it found, for the pages and the next audit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from viewflow.workflow.models import Task

from bureaus import clock
from bureaus.models import Heartbeat
from measures.models import Assignment, Deadline
from workflows.auditing import deciding, sending, steps
from workflows.auditing.deciding import SHOWN
from workflows.auditing.scope import Audit, Found, Scope, sample, walk
from workflows.models import Firing

logger = logging.getLogger(__name__)

COMPONENT = "audit"
FAILURE, WARNING = "failure", "warning"
REMEMBERED = 200  # rows of a check that are looked at again by the next audit

Whole = Callable[[Audit], tuple[int, list[Found]]]
Part = Callable[[Scope, Audit], list[Found]]


@dataclass(frozen=True)
class Check:
    """A promise, and what to do when it is broken. It looks at everything by an index, or at a part of a table."""

    id: str
    title: str | Promise
    cure: str | Promise
    whole: Whole | None = None
    part: Part | None = None
    table: type[models.Model] | None = None
    sampled: bool = False
    level: str = FAILURE


CHECKS = (
    Check(
        "A1",
        _("Running dates are looked at when they are due"),
        _("The tick stands still or cannot keep up: see that the timer and a worker run, and read their logs."),
        whole=deciding.late_looks,
    ),
    Check(
        "A2",
        _("No running date has been forgotten"),
        _("Nobody will be reminded of these dates: report it as a fault, and remind the units by hand."),
        part=deciding.forgotten,
        table=Deadline,
    ),
    Check(
        "A3",
        _("What is being sent comes to an end"),
        _("A sender died and none has tidied up since: see that the sender runs."),
        whole=sending.stuck,
    ),
    Check(
        "A4",
        _("Notices leave within half an hour while the send window is open"),
        _("The sender stands still or a mail server does not answer: read the deliveries in the administration."),
        whole=sending.unsent,
    ),
    Check(
        "A5",
        _("Every reminder that fired is in somebody's inbox"),
        _("Somebody was not told: report it as a fault, and tell the unit by hand."),
        part=sending.untold,
        table=Firing,
    ),
    Check(
        "A6",
        _("Providers tell what became of text messages"),
        _(
            "No receipt has come for days: set the receipt address up with the provider; "
            "see “Whether our notices get through”."
        ),
        whole=sending.unconfirmed,
    ),
    Check(
        "A7",
        _("The holidays of every year that dates reach into are entered"),
        _("Enter the year's holidays once they are published; until then Monday to Friday count."),
        whole=deciding.uncovered,
        level=WARNING,
    ),
    Check(
        "A8",
        _("Computed afresh, every date and next look is what is stored"),
        _("A date was changed past the system, or by a fault in it: compare it with the history of the task."),
        part=deciding.wrong_cursors,
        table=Deadline,
        sampled=True,
    ),
    Check(
        "A9",
        _("Nothing fires for a date that is met"),
        _("Somebody was told too much: report it as a fault."),
        part=deciding.misplaced_firings,
        table=Firing,
    ),
    Check(
        "A10",
        _("Dates are counted with the calendar as it is"),
        _("An edited calendar has not reached these dates after a quarter of an hour: read the worker's log."),
        part=deciding.outdated,
        table=Deadline,
    ),
    Check(
        "A11",
        _("Periods begin when they come"),
        _("Work that comes back was not given out: see that the tick runs, and read its log."),
        whole=deciding.late_periods,
    ),
    Check(
        "A12",
        _("Nothing has failed"),
        _("Read the list of incidents on this page, mend the cause, and have it tried again."),
        whole=sending.incidents,
    ),
    Check(
        "A13",
        _("No open task lies below a finished step"),
        _("These tasks move nothing any more: the supervision office decides whether to accept or cancel them."),
        part=steps.left_behind,
        table=Assignment,
    ),
    Check(
        "A14",
        _("No step stays open when everything in it is settled"),
        _("The run stands still here: report it as a fault."),
        part=steps.hanging,
        table=Task,
    ),
    Check(
        "A15",
        _("Tick and sender give signs of life"),
        _("See that the timer (beat) and a worker run, or manage.py tick --loop; then read their logs."),
        whole=sending.silent,
    ),
    Check(
        "A16",
        _("Nothing is held"),
        _("See whether the server's clock is right, then let an administrator confirm it on this page."),
        whole=sending.held,
    ),
    Check(
        "A17",
        _("The daily test notice gets through"),
        _("Look whether mail server and SMS provider take messages, and whether CANARY_USER is an account in use."),
        whole=sending.canaries,
    ),
    Check(
        "A18",
        _("The log of personal data is as it was written"),
        _("Keep database and second log as they are, run “manage.py verify_audit”, and tell whoever answers for it."),
        whole=sending.tampered,
    ),
)


@dataclass(frozen=True)
class Result:
    """What one check found: how many rows, the first of them, and the error if it could not be made at all."""

    check: Check
    count: int
    rows: tuple[Found, ...]
    error: str = ""
    next: int = 0

    @property
    def failed(self) -> bool:
        return bool(self.error) or (self.count > 0 and self.check.level == FAILURE)

    @property
    def warned(self) -> bool:
        return self.count > 0 and self.check.level == WARNING

    @property
    def shown(self) -> tuple[Found, ...]:
        return self.rows[:SHOWN]

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.check.id,
            "title": str(self.check.title),
            "level": self.check.level,
            "count": self.count,
            "rows": [{"key": row.key, "detail": row.detail} for row in self.shown],
            "error": self.error,
        }


@dataclass(frozen=True)
class Report:
    """One audit, finished."""

    now: datetime
    real: datetime
    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> list[str]:
        return [result.check.id for result in self.results if result.failed]

    @property
    def warnings(self) -> list[str]:
        return [result.check.id for result in self.results if result.warned]

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, "checks": [result.as_json() for result in self.results]}


def run(now: datetime, *, full: bool = False) -> Report:
    """Make every check. Of large tables a part each time, unless `full`. A check that breaks off has failed."""
    last = last_facts()
    audit = Audit(now, clock.real_now())
    results = tuple(_made(check, audit, last.get("checks", {}).get(check.id, {}), full) for check in CHECKS)
    return Report(now, audit.real, results)


def last_facts() -> dict[str, Any]:
    """What the last audit that was kept wrote down; empty before the first."""
    row = Heartbeat.objects.filter(component=COMPONENT).first()
    return row.facts if row else {}


def keep(report: Report) -> Heartbeat:
    """Write down what was found: pages show it, and the next audit goes on from there."""
    before = last_facts()
    facts = {
        "ok": report.ok,
        "at": report.now.isoformat(),
        "failures": report.failures,
        "warnings": report.warnings,
        # Too many to be counted whenever somebody looks.
        "armed": Deadline.objects.armed().count(),
        "checks": {
            result.check.id: {
                "count": result.count,
                "error": result.error,
                "next": result.next,
                "rows": [[row.pk, row.key, row.detail] for row in result.rows],
            }
            for result in report.results
        },
        "since": _since(before.get("since", {}), report),
    }
    values: dict[str, Any] = {"seen_at": report.real, "high": report.real, "facts": facts}
    if report.ok:
        values["well_at"] = report.real
    return Heartbeat.objects.update_or_create(component=COMPONENT, defaults=values)[0]


def _since(before: dict[str, str], report: Report) -> dict[str, str]:
    """Since when each incident has been known, by its key."""
    open_now = next(result.rows for result in report.results if result.check.id == "A12")
    return {row.key: before.get(row.key, report.now.isoformat()) for row in open_now}


def _made(check: Check, audit: Audit, last: dict[str, Any], full: bool) -> Result:
    try:
        # Inside somebody's transaction a savepoint, so that the checks that follow can still ask. None otherwise:
        # on SQLite a transaction would keep writers waiting.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            if check.whole is not None:
                count, rows = check.whole(audit)
                return Result(check, count, tuple(rows))
            return _in_part(check, audit, last, full)
    except Exception as error:
        logger.exception("check %s broke off", check.id)
        return Result(check, 0, (), error=type(error).__name__)


def _in_part(check: Check, audit: Audit, last: dict[str, Any], full: bool) -> Result:
    assert check.part is not None
    assert check.table is not None
    known = [row[0] for row in last.get("rows", [])]
    if check.sampled and not full:
        scope, following = sample(check.table, known), 0
        found = _twice(check.part, scope, audit)
    else:
        scope, following = walk(check.table, 0 if full else last.get("next", 0), known)
        found = _twice(check.part, scope, audit)
        while full and following:
            scope, following = walk(check.table, following)
            found += _twice(check.part, scope, audit)
    single = {row.pk: row for row in found}
    return Result(check, len(single), tuple(single.values())[:REMEMBERED], next=following)


def _twice(look: Part, scope: Scope, audit: Audit) -> list[Found]:
    """What is found, and found again: people act and the tick writes between two questions of one look."""
    found = look(scope, audit)
    if not found:
        return []
    again: Sequence[Found] = look(Scope((), tuple(row.pk for row in found)), audit)
    both = {row.pk for row in again}
    return [row for row in found if row.pk in both]
