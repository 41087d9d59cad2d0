"""Offices and how they stand in a plan: one unit's dossier with its tasks, and offices beside their like."""

from __future__ import annotations

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.models import Bureau
from bureaus.pages import only, standing_of
from measures.access import visible_assignments
from measures.lights import SEVERITY
from measures.models import Plan
from workflows import dossier, league, queries


@require_GET
def unit(request: HttpRequest, code: str, unit: str) -> HttpResponse:
    """One unit's part of the plan, in all or in one measure (0: what 五 orders): what a cell of the board counts."""
    found = get_object_or_404(Plan, code=code)
    bureau = get_object_or_404(Bureau, code=unit)
    standing, now = standing_of(request), clock.now()
    visible = visible_assignments(standing).filter(plan=found, unit=bureau)
    items = queries.items(visible.exclude(state="cancelled"), now)
    only(standing.sees_all or bool(items))
    lines, total = dossier.lines(found, bureau, visible, items, standing, now)
    choices = [(str(line.number), line.measure.short_title if line.measure else "") for line in lines]
    wanted = request.GET.get("measure", "")
    if wanted not in dict(choices):
        wanted = wanted and "none"
    if wanted:
        items = [item for item in items if str(item.row.measure.number if item.row.measure else 0) == wanted]
        lines = [line for line in lines if str(line.number) == wanted]
    items.sort(key=lambda item: (SEVERITY.index(item.light), item.due_on or date.max, item.row.key))
    return render(
        request,
        "workflows/unit.html",
        {
            "plan": found,
            "unit": bureau,
            "items": items,
            "lines": lines,
            "total": total,
            "choices": [
                ("", _("All"), ""),
                *((number, number, title) for number, title in choices if title),
                ("0", _("5*"), _("what the plan orders besides")),
            ],
            "wanted": wanted,
            "sees_all": standing.sees_all,
            "in_part": not (standing.sees_all or bureau.pk in standing.unit_ids),
            "now": now,
        },
    )


@require_GET
def units(request: HttpRequest, code: str) -> HttpResponse:
    """Counties beside counties and bureaus beside bureaus, for those who see all of it."""
    only(standing_of(request).sees_all)
    found = get_object_or_404(Plan, code=code)
    now = clock.now()
    names = {Bureau.Level.COUNTY: _("Counties"), Bureau.Level.PREFECTURE: _("Prefecture bureaus")}
    return render(
        request,
        "workflows/units.html",
        {
            "plan": found,
            "groups": [(names[Bureau.Level(group.level)], group) for group in league.league(found, now)],
            "then": clock.local_date(league.ends_before(now)) - timedelta(days=1),
            "now": now,
        },
    )
