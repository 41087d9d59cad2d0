"""The monthly progress check: a month's returns side by side, against the month before, and the locked figures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import Standing
from bureaus.pages import only, standing_of
from measures import periods
from measures.access import visible_assignments
from measures.models import Assignment, MonthlyRound, Plan, Step
from workflows import ledger_figures, queries
from workflows.issuing import period_name

REPORTED = (Assignment.State.SUBMITTED, *Assignment.DONE)


@require_GET
def months(request: HttpRequest) -> HttpResponse:
    """The newest month there is something to see of."""
    newest = _returns(standing_of(request)).order_by("-period").first()
    if newest is None:
        return render(request, "workflows/monthly_empty.html")
    return redirect("month", period=newest.period)


@require_GET
def month(request: HttpRequest, period: str) -> HttpResponse:
    standing = standing_of(request)
    plan = Plan.objects.current()
    only(plan is not None and periods.MONTH.match(period) is not None)
    assert plan is not None
    now = clock.now()
    rows = _returns(standing).filter(plan=plan)
    found = list(rows.filter(period=period).order_by("unit__order"))
    only(bool(found))
    round_row = visible_assignments(standing).filter(plan=plan, step__kind=Step.Kind.ROUND, period=period).first()
    locked = (
        MonthlyRound.objects.filter(assignment__plan=plan, assignment__period=period)
        .select_related("locked_by")
        .first()
    )
    everybody = standing.sees_all or round_row is not None
    counted = _counted(found, standing, locked, now)
    return render(
        request,
        "workflows/month.html",
        {
            "plan": plan,
            "period": period,
            "name": period_name(period),
            "items": queries.items(found, now),
            "sections": _sections(
                plan,
                found,
                _figures(found, standing, locked),
                figures_before(plan, period, found),
                counted,
            ),
            "has_ledger": any(counted.values()),
            "units": [row.unit for row in found],
            "round": queries.items([round_row], now)[0] if round_row else None,
            "locked": locked,
            "missing": _names(found, locked) if locked and everybody else [],
            "periods": [
                (code, period_name(code))
                for code in rows.values_list("period", flat=True).distinct().order_by("-period")
            ],
        },
    )


def _returns(standing: Standing) -> Any:
    rows = visible_assignments(standing).filter(step__kind=Step.Kind.MONTHLY).select_related("monthly_return")
    return rows.exclude(state=Assignment.State.CANCELLED)


def figures_before(plan: Plan, period: str, found: list[Assignment]) -> dict[int, dict[str, Any]]:
    """What each unit reported last before a month: for the difference beside each figure, and to go on from."""
    previous = (
        Assignment.objects.filter(
            plan=plan,
            step__kind=Step.Kind.MONTHLY,
            period__lt=period,
            unit__in=[row.unit_id for row in found],
            state__in=REPORTED,
        )
        .select_related("monthly_return")
        .order_by("period")
    )
    return {row.unit_id: row.monthly_return.figures for row in previous}


def _figures(found: list[Assignment], standing: Standing, locked: MonthlyRound | None) -> dict[int, dict[str, Any]]:
    """What counts as said, by unit: the locked figures, else what has been reported; a draft only to its writers."""
    if locked:
        return {row.unit_id: locked.figures.get(row.unit.code, {}) for row in found}
    return {
        row.unit_id: row.monthly_return.figures if row.state in REPORTED or standing.works_in(row.unit_id) else {}
        for row in found
    }


def _counted(
    found: list[Assignment], standing: Standing, locked: MonthlyRound | None, now: datetime
) -> dict[int, dict[str, int]]:
    """What the ledger counted, by unit, of figures this person may read, as `_figures` has them."""
    if locked:
        return {row.unit_id: ledger_figures.beside(row, now) for row in found if row.unit.code in locked.figures}
    shown = [row for row in found if row.state in REPORTED or standing.works_in(row.unit_id)]
    return {row.unit_id: ledger_figures.beside(row, now) for row in shown}


def _sections(
    plan: Plan,
    found: list[Assignment],
    figures: dict[int, dict[str, Any]],
    before: dict[int, dict[str, Any]],
    counted: dict[int, dict[str, int]],
) -> list[dict[str, Any]]:
    """Sections of fields, each with a value, its change and the ledger's figure per unit, and the sum of what is
    known."""
    sections = []
    for section in plan.content.get("return_sections", []):
        fields = []
        for field in section["fields"]:
            cells = []
            for row in found:
                value = figures[row.unit_id].get(field["code"])
                old = before.get(row.unit_id, {}).get(field["code"])
                change = None if value is None or old is None else value - old
                cells.append((value, change, counted.get(row.unit_id, {}).get(field["code"])))
            known = [value for value, _change, _counted in cells if value is not None]
            fields.append({"field": field, "cells": cells, "sum": sum(known) if known else None})
        sections.append({"title": section["title"], "fields": fields})
    return sections


def _names(found: list[Assignment], locked: MonthlyRound) -> list[str]:
    return [row.unit.name for row in found if row.unit.code in locked.missing]
