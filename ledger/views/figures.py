"""Figures: every indicator as n of d, with what is not known and what people answered beside it; the rows behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import Standing
from bureaus.models import Bureau
from bureaus.pages import number, only, person, standing_of
from ledger import access, naming, reading, terms
from ledger.actions import looking
from ledger.indicators import INDICATORS, Indicator, Result, explained, whole_and_parts
from ledger.views.base import reach_of, unkept
from measures.models import Measure, Plan

A_PAGE = 50
_NOBODY = Result(frozenset(), frozenset())
SIDES = ("gap", "n", "d", "unknown")


@dataclass(frozen=True)
class Row:
    """An indicator, its result for all counties one may see figures of, and for each."""

    indicator: Indicator
    whole: Result
    parts: list[tuple[Bureau, Result | None]]


def shown_counties(standing: Standing) -> list[Bureau]:
    """Whose figures stand beside the prefecture's: all for who sees all or works in a bureau, else one's own."""
    found = access.counties()
    own = {unit.pk for unit in standing.units if unit.is_county}
    if standing.sees_all or any(not unit.is_county for unit in standing.units):
        return found
    return [one for one in found if one.pk in own]


@require_GET
@unkept
def figures(request: HttpRequest) -> HttpResponse:
    """All indicators by measure."""
    standing = standing_of(request)
    only(access.sees_figures(standing))
    today, facts, current = clock.today(), reading.facts(), terms.current()
    counties = shown_counties(standing)
    groups: dict[int, list[Row]] = {}
    for one in INDICATORS.values():
        whole, parts = whole_and_parts(one, facts, today, current)
        row = Row(one, whole, [(county, parts.get(county.code)) for county in counties])
        groups.setdefault(one.measure, []).append(row)
    titles = {measure.number: measure for measure in Measure.objects.filter(plan=Plan.objects.current())}
    context = {
        "groups": [(number, titles.get(number), rows) for number, rows in sorted(groups.items())],
        "counties": counties,
        "today": today,
        "is_empty": not facts.households,
        "opens": reach_of(request).sees_rows,
    }
    return render(request, "ledger/figures.html", context)


@require_GET
@unkept
def indicator(request: HttpRequest, code: str) -> HttpResponse:
    """One indicator: its formula, its terms, its counties, and the rows behind a number, as far as one may see them."""
    standing = standing_of(request)
    only(access.sees_figures(standing) and code in INDICATORS)
    one, today, current = INDICATORS[code], clock.today(), terms.current()
    counties = shown_counties(standing)
    county = next((unit for unit in counties if unit.code == request.GET.get("county")), None)
    whole, parts = whole_and_parts(one, reading.facts(), today, current)
    side = request.GET.get("side", "")
    side = side if side in SIDES else SIDES[0]
    result = parts.get(county.code) if county else whole
    page: Any = None
    rows: list[naming.Named] = []
    if may_open(request, one):
        page, rows = _rows(request, one, whole, parts, county, side)
    context = {
        "one": one,
        "whole": whole,
        "result": result,
        "parts": [(unit, parts.get(unit.code)) for unit in counties],
        "county": county,
        "side": side,
        "sides": [
            ("gap", _("not reached")),
            ("n", _("counted")),
            ("d", _("all that count")),
            ("unknown", _("not known")),
        ],
        "page": page,
        "rows": rows,
        "opens": may_open(request, one),
        "terms": [term for term in explained(current) if term.code in one.terms],
        "today": today,
        "measure": Measure.objects.filter(plan=Plan.objects.current(), number=one.measure).first(),
    }
    return render(request, "ledger/indicator.html", context)


# Indicator → the part of the ledger its rows belong to, where it is not the roster.
_PARTS = {"M2": access.TRAINING, "M3": access.WORK, "M4": access.OFFERS, "M5": access.RIGHTS, "M7": access.HOMES}


def may_open(request: HttpRequest, one: Indicator) -> bool:
    """Whether this person may see the rows behind it: who sees the part of the ledger it counts."""
    reach = reach_of(request)
    if one.subject == "site":
        return access.sees_figures(standing_of(request))
    return reach.sees_rows and reach.sees(_PARTS.get(one.code[:2], access.ROSTER))


def _rows(
    request: HttpRequest,
    one: Indicator,
    whole: Result,
    parts: dict[str, Result],
    county: Bureau | None,
    side: str,
) -> tuple[Any, list[naming.Named]]:
    """Within the viewer's own counties, whatever the figures beside show."""
    standing, reach = standing_of(request), reach_of(request)
    if county is None and reach.counties is not None and len(reach.counties) == 1 and one.subject != "site":
        county_seen: Bureau | None = Bureau.objects.get(pk__in=reach.counties)
    else:
        county_seen = county
    found = parts.get(county_seen.code, _NOBODY) if county_seen else whole
    ids = sorted({"gap": found.gap, "n": found.numerator, "d": found.denominator, "unknown": found.unknown}[side])
    page = Paginator(ids, A_PAGE).get_page(number(request.GET.get("page", "1")))
    rows = naming.named(one.subject, list(page.object_list), standing)
    if one.subject != "site":
        looking.listed(f"indicator-{one.code.lower()}", by=person(request), now=clock.now(), n=len(rows), county=county)
    return page, rows
