"""Where the ledger contradicts itself: a county's rows, and how the offices record."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import Standing
from bureaus.pages import number, only, person, standing_of
from ledger import access, naming, reading, terms
from ledger.actions import looking
from ledger.indicators import explained
from ledger.indicators.consistency import CHECKS, COUNTY_LEAD, SUPERVISOR, Finding, check
from ledger.models import Statement
from ledger.views.base import own_county, personal, unkept

A_PAGE = 50


def _named(findings: list[Finding], standing: Standing) -> list[naming.Named]:
    rows: list[naming.Named] = []
    for subject in dict.fromkeys(finding.subject for finding in findings):
        if subject in naming.SUBJECTS:
            ids = dict.fromkeys(finding.id for finding in findings if finding.subject == subject)
            rows += naming.named(subject, list(ids), standing)
    return rows


@require_GET
@personal
def checks(request: HttpRequest) -> HttpResponse:
    """Where the county's ledger contradicts itself; what concerns children is shown to its leaders alone."""
    county, today = own_county(request), clock.today()
    facts, current = reading.facts(county.pk, compared=True), terms.current()
    leads = access.decides(standing_of(request), county.pk)
    found: list[dict[str, Any]] = []
    for one in CHECKS.values():
        if one.audience == COUNTY_LEAD and not leads:
            continue
        if one.audience == SUPERVISOR:
            continue
        findings = check(one.code, facts, today, current)
        if findings:
            found.append({"of": one, "n": len(findings), "rows": _named(findings[:A_PAGE], standing_of(request))})
    looking.listed(
        "checks", by=person(request), now=clock.now(), n=sum(len(one["rows"]) for one in found), county=county
    )
    return render(request, "ledger/checks.html", {"county": county, "found": found, "today": today})


@require_GET
@unkept
def recording(request: HttpRequest) -> HttpResponse:
    """Days on which an office wrote down very many answers alike (check C25), for the supervision office alone."""
    only(standing_of(request).supervises)
    current, counties, one = terms.current(), access.counties(), CHECKS["C25"]
    found: dict[str, list[Any]] = {county.code: [] for county in counties}
    for finding in check(one.code, reading.recorded(), clock.today(), current):
        found[str(finding.id)].append(finding.params)
    # Counties in their own order and the latest day first: nobody is put above another by what was counted.
    rows = [
        {
            **params,
            "county": county,
            "about": Statement.Kind(params["kind"]).label if params["kind"] else "",
            "said": Statement.Answer(params["answer"]).label if params["answer"] else "",
        }
        for county in counties
        for params in sorted(found[county.code], key=lambda params: params["on"], reverse=True)
    ]
    context = {
        "one": one,
        "page": Paginator(rows, A_PAGE).get_page(number(request.GET.get("page", "1"))),
        "calm": [county for county in counties if not found[county.code]],
        "terms": [term for term in explained(current) if term.code in one.terms],
    }
    return render(request, "ledger/recording.html", context)
