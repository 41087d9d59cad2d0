"""Writes a plan file to the database: once, again without effect, or edited, saying what changes.

Not in `actions`: that moves work and writes its history, one verb at a time; this writes reference
rows in bulk and touches no assignment, deadline or event. Running work is brought to the file by
`workflows.plan_edits`. Steps and bodies that work hangs on are never deleted.

Three voices may speak of a row: the file, the file as last loaded (kept in `Plan.content`), and the
database. What the file never said (an alias an administrator added, a site a county named, a body
the supervision office added to an open list) loading never takes away.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from bureaus.models import User
from measures.loading.bodies import Bodies
from measures.loading.changes import ADDED, Change, Rows
from measures.loading.plans import Plans
from measures.models import Plan, Step
from measures.plan_file import PlanFile

__all__ = ["Change", "LoadResult", "load", "preview"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadResult:
    plan: Plan
    changes: tuple[Change, ...]
    created: bool
    added: tuple[Step, ...] = ()
    edited: Mapping[Step, Sequence[str]] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        return any(change.is_made for change in self.changes)

    @property
    def worth_telling(self) -> tuple[Change, ...]:
        """Everything, but of a new plan only what it changes of rows that were there before."""
        return tuple(change for change in self.changes if not self.created or change.kind != ADDED)

    @property
    def needs_consent(self) -> bool:
        """Whether somebody should see the changes first. A new plan that only adds rows needs nobody."""
        return any(change.is_made for change in self.worth_telling)


@transaction.atomic
def load(file: PlanFile, *, by: User | None = None, now: datetime) -> LoadResult:
    """Write the plan, all or nothing. Loading the same file again changes nothing."""
    result = _write(file)
    if result.needs_consent:
        entry = {
            "at": now.isoformat(),
            "by": by.get_username() if by else "",
            "changes": [change.as_dict() for change in result.worth_telling],
        }
        result.plan.content["loads"] = [*result.plan.content.get("loads", []), entry]
        result.plan.save(update_fields=["content"])
    logger.info("plan %s loaded: %s changes", file.code, sum(change.is_made for change in result.changes))
    return result


def preview(file: PlanFile) -> LoadResult:
    """What loading would change: it is done and undone, so that what is shown is what would happen."""
    with transaction.atomic():
        result = _write(file)
        transaction.set_rollback(True)
    return result


def _write(file: PlanFile) -> LoadResult:
    found = Plan.objects.select_for_update().filter(code=file.code).first()
    plan = found or Plan(code=file.code)
    rows = Rows()
    bodies = Bodies(file, plan.content, rows)
    bodies.write()
    plans = Plans(file, plan, rows)
    plans.write()
    bodies.drop_gone(plan)
    return LoadResult(plan, tuple(rows.changes), found is None, tuple(plans.added), plans.edited)
