"""The county's monthly return while it is being written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bureaus.models import User
from measures.models import Assignment, MonthlyReturn
from workflows import ledger_figures
from workflows.actions.base import acting
from workflows.actions.followups import return_fields


def save_return(
    row: Assignment, *, by: User, now: datetime, figures: dict[str, Any], problems: str = "", take_over: bool = False
) -> MonthlyReturn:
    """Keep the figures written so far: whole numbers, or empty. Nothing is reported by it.

    `take_over`: with the ledger's figures in place of those it counts.
    """
    with acting("attach", row, by=by, now=now) as act:
        known = {field["code"]: field["label"] for field in return_fields(act.row)}
        errors = {}
        kept: dict[str, int | None] = {}
        taken = ledger_figures.counted(act.row, now) if take_over else {}
        for code, value in (figures | taken).items():
            if code not in known:
                continue
            if value is not None and (not isinstance(value, int) or value < 0):
                errors[code] = _("“%(label)s” is a whole number from 0 on.") % {"label": known[code]}
            kept[code] = value
        if errors:
            raise ValidationError(errors)
        filed = act.row.monthly_return
        filed.figures = filed.figures | kept
        filed.problems = problems
        filed.save()
    return filed
