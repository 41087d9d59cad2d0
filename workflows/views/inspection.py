"""What inspectors read: the overdue list, as a page and as Excel, and the board of units × measures."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.models import Bureau
from measures.models import Deadline
from workflows import gantt, overdue, queries, sheets
from workflows.views.base import current_plan, number, only, standing_of

DAYS = (1, 5, 10, 30)


@require_GET
def overdue_list(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(standing.sees_all or bool(standing.units))
    now = clock.now()
    wanted = _wanted(request)
    found = overdue.found_by(standing, wanted, now)
    rows, following = overdue.page(found, now, standing=standing, after=_cursor(request.GET.get("after", "")))
    choices = {name: value for name, value in request.GET.items() if name != "after" and value}
    everything = overdue.extent(overdue.found_by(standing, overdue.Filter(), now))
    # Of a list that is longer than it is counted, any unit may be in it.
    units = Bureau.objects.all() if everything.is_more else Bureau.objects.filter(pk__in=everything.units)
    return render(
        request,
        "workflows/overdue.html",
        {
            "rows": rows,
            "extent": everything if wanted == overdue.Filter() else overdue.extent(found),
            "wanted": wanted,
            "units": units,
            "counties": overdue.counties(standing),
            "measures": _measures(),
            "kinds": [(code, Deadline.Kind(code).label) for code in overdue.KINDS],
            "day_choices": DAYS,
            "query": urlencode(choices),
            "following": _cursor_text(following),
            "is_first": "after" not in request.GET,
            "now": now,
        },
    )


@require_GET
def overdue_sheet(request: HttpRequest) -> HttpResponse:
    """The same list as an Excel file, all of it."""
    standing = standing_of(request)
    only(standing.sees_all or bool(standing.units))
    now = clock.now()
    rows = overdue.everything(overdue.found_by(standing, _wanted(request), now), now, standing=standing)
    buffer = io.BytesIO()
    sheets.overdue_sheet(rows, now).save(buffer)
    answer = HttpResponse(buffer.getvalue(), content_type=sheets.XLSX)
    name = _("overdue-%(day)s.xlsx") % {"day": f"{now.astimezone(clock.ZONE):%Y-%m-%d}"}
    answer["Content-Disposition"] = "attachment; " + sheets.filename_header(name)
    return answer


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(standing.sees_all)
    plan = current_plan()
    if plan is None:
        return render(request, "workflows/board_empty.html")
    now = clock.now()
    measures = list(plan.measures.order_by("number"))
    progress = queries.measure_progress(plan)
    late = overdue.found_by(standing, overdue.Filter(), now)
    extent = overdue.extent(late)
    worst, _more = overdue.page(late, now, standing=standing, size=8)
    return render(
        request,
        "workflows/board.html",
        {
            "plan": plan,
            "board": queries.board(plan),
            "chart": gantt.draw(plan, measures, progress, now),
            "worst": worst,
            "extent": extent,
            # The red light stands for handling alone; the list holds what else is late too.
            "late_kinds": [
                (Deadline.Kind(code).label, extent.kinds[code]) for code in overdue.KINDS if extent.kinds[code]
            ],
            "feed": queries.latest_events(plan),
            "now": now,
        },
    )


def _wanted(request: HttpRequest) -> overdue.Filter:
    given = request.GET
    measure = given.get("measure", "")
    kind = given.get("kind", "")
    return overdue.Filter(
        unit=given.get("unit", "").replace("\x00", ""),
        county=given.get("county", "").replace("\x00", ""),
        measure=measure if measure.isdecimal() else "",
        kind=kind if kind in overdue.KINDS else "",
        min_days=min(number(given.get("min_days", "")), 10_000),
    )


def _measures() -> list[tuple[str, str]]:
    plan = current_plan()
    found: list[tuple[str, str]] = []
    if plan:
        found = [(str(measure.number), measure.short_title) for measure in plan.measures.order_by("number")]
    return [*found, ("0", _("what the plan orders besides"))]


def _cursor(text: str) -> tuple[datetime, int] | None:
    """Where the page begins, out of the link; a damaged link begins at the top."""
    try:
        seconds, pk = text.split("-")
        return datetime.fromtimestamp(int(seconds), UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        return None


def _cursor_text(cursor: tuple[datetime, int] | None) -> Any:
    return f"{int(cursor[0].timestamp())}-{cursor[1]}" if cursor else None
