"""County site plans: the list by county and site, and the paper itself with its number and receipt."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import Standing
from bureaus.models import Bureau
from bureaus.pages import number, only, standing_of
from measures.access import visible_assignments
from measures.models import Assignment, FormCheck, Plan, Site, Step
from workflows import queries, rounds
from workflows.views.monthly import REPORTED


def paper_title(row: Assignment, standing: Standing) -> str:
    """Its title, as far as `paper_of` goes."""
    if reads_it_as_it_stands(row, standing):
        return row.filing.title
    return row.filing.versions[-1]["title"] if row.filing.versions else ""


def paper_of(row: Assignment, standing: Standing) -> dict[str, Any] | None:
    """What this person may read of a site plan: the unit its draft, others what was reported last (None: nothing)."""
    if reads_it_as_it_stands(row, standing):
        return row.filing.content()
    return row.filing.versions[-1] if row.filing.versions else None


def reads_it_as_it_stands(row: Assignment, standing: Standing) -> bool:
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
    plan = Plan.objects.current()
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


def _filing(request: HttpRequest, pk: int) -> Assignment:
    """A site plan, if this person may see it; otherwise it does not exist."""
    rows = visible_assignments(standing_of(request)).filter(step__kind=Step.Kind.FILING)
    return get_object_or_404(rows.select_related("filing", "plan"), pk=pk)


@require_GET
def print_filing(request: HttpRequest, pk: int) -> HttpResponse:
    """The site plan on A4, and the receipt of its filing once it has a number."""
    row = _filing(request, pk)
    told = {"row": row, "paper": paper_of(row, standing_of(request)), "receipt": receipt_of(row)}
    return render(request, "workflows/filing_print.html", told)


@require_GET
def print_receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt alone, on one page; before there is a number there is none."""
    row = _filing(request, pk)
    only(bool(row.filing.number))
    return render(request, "workflows/filing_print.html", {"row": row, "receipt": receipt_of(row), "alone": True})


def receipt_of(row: Assignment) -> dict[str, Any] | None:
    """What the receipt certifies: number and day, what was reported when, and when each receiver found it complete."""
    filing = row.filing
    if not filing.number:
        return None
    last = rounds.versions(filing)[-1]
    return {
        "number": filing.number,
        "filed_at": filing.filed_at,
        "reported_at": last.at,
        "round": last.round,
        "paper": last.paper,
        "checks": [(unit, checks[-1]) for unit, checks in filing.checks_by_unit()],
        "persons": sum(line["persons"] for line in last.paper["lines"]),
        "households": sum(line["households"] for line in last.paper["lines"]),
    }


@require_GET
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Two versions of a site plan beside each other: what was reported, and for the unit its draft as well."""
    standing = standing_of(request)
    row = _filing(request, pk)
    checks = row.filing.checks_by_unit()
    versions = rounds.versions(row.filing)
    if row.state not in REPORTED and reads_it_as_it_stands(row, standing):
        versions.append(rounds.draft(row, list(row.attachments.values_list("name", flat=True))))
    chosen = _two_of(versions, number(request.GET.get("a", "")), number(request.GET.get("b", "")))
    gaps = rounds.by_section(rounds.gaps(row, checks))
    sections = rounds.compare(chosen[0].paper, chosen[1].paper) if chosen else []
    for section in sections:
        section.gaps = gaps[section.code]
    return render(
        request,
        "workflows/rounds.html",
        {
            "row": row,
            "versions": versions,
            "outcomes": [(version, _outcomes(version, versions, checks)) for version in versions],
            "receivers": [unit for unit, _checks in checks],
            "old": chosen[0] if chosen else None,
            "new": chosen[1] if chosen else None,
            "sections": sections,
            "changed": [section for section in sections if section.is_changed],
            "on_the_whole": gaps[rounds.WHOLE],
        },
    )


def _two_of(versions: list[rounds.Version], a: int, b: int) -> tuple[rounds.Version, rounds.Version] | None:
    """The two that were asked for, the older first; else the last two, or the only one twice."""
    if not versions:
        return None
    by_number = {version.number: version for version in versions}
    old, new = sorted((a, b))
    if old in by_number and new in by_number:
        return by_number[old], by_number[new]
    return versions[-2:][0], versions[-1]


def _outcomes(
    version: rounds.Version, versions: list[rounds.Version], checks: list[tuple[Bureau, list[FormCheck]]]
) -> list[FormCheck | None]:
    """What each receiver found in a version: of two in one round the later was looked at."""
    looked_at = [other for other in versions if other.round == version.round and other.at][-1:]
    if version not in looked_at:
        return [None for _unit in checks]
    return [next((check for check in of if check.round == version.round), None) for _unit, of in checks]
