"""County site plans: the list by county and site, and the paper itself with its number and receipt."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.models import Bureau
from measures.access import Standing, visible_assignments
from measures.models import Assignment, FormCheck, Site, Step
from workflows import queries
from workflows.views.base import current_plan, standing_of
from workflows.views.monthly import REPORTED


def paper_title(row: Assignment, standing: Standing) -> str:
    """Its title, as far as `paper_of` goes."""
    if _reads_it_as_it_stands(row, standing):
        return row.filing.title
    return row.filing.versions[-1]["title"] if row.filing.versions else ""


def paper_of(row: Assignment, standing: Standing) -> dict[str, Any] | None:
    """What this person may read of a site plan: the unit its draft, others what was reported last (None: nothing)."""
    if _reads_it_as_it_stands(row, standing):
        return row.filing.content()
    return row.filing.versions[-1] if row.filing.versions else None


def _reads_it_as_it_stands(row: Assignment, standing: Standing) -> bool:
    return row.state in REPORTED or standing.works_in(row.unit_id)


@require_GET
def filings(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    now = clock.now()
    visible = visible_assignments(standing)
    rosters = queries.items(visible.filter(step__kind=Step.Kind.ROSTER).order_by("unit__order"), now)
    rows = (
        visible.filter(step__kind=Step.Kind.FILING)
        .select_related("filing")
        .order_by("unit__order", "site__order", "id")
    )
    found = queries.items(rows, now)
    checks = _checks([item.row for item in found])
    counties = {item.row.unit_id for item in [*rosters, *found]}
    plan = current_plan()
    return render(
        request,
        "workflows/filings.html",
        {
            "rosters": rosters,
            "filings": [(item, paper_title(item.row, standing), checks[item.row.pk]) for item in found],
            "sites": Site.objects.filter(plan=plan, county__in=counties, is_placeholder=False).select_related("county"),
            "filed": sum(item.row.state in item.row.DONE for item in found),
            "counted": sum(item.row.state != "cancelled" for item in found),
            "now": now,
        },
    )


def _checks(rows: list[Assignment]) -> dict[int, list[tuple[Bureau, list[FormCheck]]]]:
    """For each filing its receivers, the keeper first, each with its checks of all rounds: one query for all."""
    found: dict[int, dict[Bureau, list[FormCheck]]] = {row.pk: {} for row in rows}
    checks = FormCheck.objects.filter(filing__assignment__in=rows).select_related("unit", "filing")
    for check in checks.order_by("round", "id"):
        found[check.filing.assignment_id].setdefault(check.unit, []).append(check)
    keepers = {row.pk: row.acceptor_id for row in rows}
    return {pk: sorted(units.items(), key=lambda unit: unit[0].pk != keepers[pk]) for pk, units in found.items()}


@require_GET
def print_filing(request: HttpRequest, pk: int) -> HttpResponse:
    """The site plan on A4, and the receipt of its filing once it has a number."""
    standing = standing_of(request)
    rows = visible_assignments(standing).filter(step__kind=Step.Kind.FILING)
    row = get_object_or_404(rows.select_related("filing", "plan"), pk=pk)
    return render(request, "workflows/filing_print.html", {"row": row, "paper": paper_of(row, standing)})
