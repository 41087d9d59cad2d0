"""What inspectors read: the overdue list, as a page and as Excel, and the board of units × measures."""

from __future__ import annotations

import io
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import NotYours, Standing
from bureaus.models import Bureau
from bureaus.pages import number, only, person, sent_from, standing_of
from measures.models import Deadline, Plan
from workflows import actions, gantt, overdue, queries, sheets
from workflows.forms import UrgeManyForm

SELECTS = ("unit", "county", "measure")  # chosen from lists; the other filters are links


@require_GET
def overdue_list(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(standing.sees_all or bool(standing.units))
    return _list_page(request, standing, UrgeManyForm(standing))


@sent_from("overdue")
def urge_many(request: HttpRequest) -> HttpResponse:
    """Urge the tasks ticked in the list; what was chosen of it stays chosen, as its link says."""
    standing = standing_of(request)
    only(standing.sees_all or bool(standing.units))
    form = UrgeManyForm(standing, request.POST)
    if not form.is_valid():
        return _list_page(request, standing, form, status=422)
    try:
        urged = actions.urge_many(form.keys, by=person(request), now=clock.now(), **form.cleaned_data)
    except NotYours as error:
        raise Http404 from error
    if done := len(urged.done):
        said = ngettext("%(count)s task has been urged.", "%(count)s tasks have been urged.", done)
        messages.success(request, said % {"count": done}, extra_tags=request.path)
    for why, rows in urged.left.items():
        names = "；".join(f"{row.unit} · {row.title}" for row in rows)
        said = ngettext("%(count)s task was not urged. %(why)s", "%(count)s tasks were not urged. %(why)s", len(rows))
        messages.warning(request, said % {"count": len(rows), "why": why} + _(" (%(text)s)") % {"text": names})
    return redirect(f"{reverse('overdue')}?{_kept_query(request)}")


def _list_page(request: HttpRequest, standing: Standing, form: UrgeManyForm, *, status: int = 200) -> HttpResponse:
    now = clock.now()
    wanted = _wanted(request)
    found = overdue.found_by(standing, wanted, now)
    rows, following = overdue.page(found, now, standing=standing, after=_cursor(request.GET.get("after", "")))
    everything = overdue.extent(overdue.found_by(standing, overdue.Filter(), now))
    extent = everything if wanted == overdue.Filter() else overdue.extent(found)
    # Of a list that is longer than it is counted, any unit may be in it.
    units = Bureau.objects.all() if everything.is_more else Bureau.objects.filter(pk__in=everything.units)
    return render(
        request,
        "workflows/overdue.html",
        {
            "rows": rows,
            "extent": extent,
            "wanted": wanted,
            "units": units,
            "counties": overdue.counties(standing),
            "measures": _measures(),
            "choices": [
                (_("Kind of lateness"), _links(wanted, "kind", _kinds())),
                (_("Days late"), _links(wanted, "late", _bands(wanted))),
                (_("Slip"), _links(wanted, "slip", _slips())),
            ],
            "kept": [(name, value) for name, value in _given(wanted).items() if name not in SELECTS],
            "query": urlencode(_given(wanted)),
            "form": form,
            # On the page that answers a form, links must not lead to where the form was sent.
            "base": "" if status == 200 else reverse("overdue"),
            "may_urge": any(row.may_urge for row in rows),
            "all_ticked": "all" in request.GET,
            # Where the ticked ones are sent, and what leads back from there: a list in which nothing is ticked.
            "sent_as": _kept_query(request),
            "following": _cursor_text(following),
            "is_first": "after" not in request.GET,
            "now": now,
        },
        status=status,
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
    plan = Plan.objects.current()
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
    late, slip = given.get("late", ""), given.get("slip", "")
    return overdue.Filter(
        unit=given.get("unit", "").replace("\x00", ""),
        county=given.get("county", "").replace("\x00", ""),
        measure=measure if measure.isdecimal() else "",
        kind=kind if kind in overdue.KINDS else "",
        min_days=min(number(given.get("min_days", "")), 10_000),
        late=late if late in overdue.BANDS else "",
        slip=slip if slip in ("with", "without") else "",
    )


def _kept_query(request: HttpRequest) -> str:
    """The query of the page one is at, without what ticks its boxes."""
    kept = request.GET.copy()
    kept.pop("all", None)
    return kept.urlencode()


def _given(wanted: overdue.Filter) -> dict[str, str | int]:
    """What a link to the list carries."""
    return {name: value for name, value in asdict(wanted).items() if value}


Link = tuple[str, str, bool]  # what it says, its query, whether it is what is shown


def _links(wanted: overdue.Filter, name: str, choices: list[tuple[str, str]]) -> list[Link]:
    """Each value of one filter as a link to the list, with everything else as it is."""
    given = _given(wanted)
    chosen = given.pop(name, "")
    if name == "late" and "min_days" in given:
        # Two ways to say how late: a link of the one drops the other.
        chosen = given.pop("min_days")
    return [(label, urlencode(given | {name: value} if value else given), value == chosen) for value, label in choices]


def _kinds() -> list[tuple[str, str]]:
    return [("", _("All")), *((code, str(Deadline.Kind(code).label)) for code in overdue.KINDS)]


def _bands(wanted: overdue.Filter) -> list[tuple[str, str]]:
    found = [("", _("All"))]
    for name, (least, most) in overdue.BANDS.items():
        if most:
            found.append((name, _("%(least)s to %(most)s days") % {"least": least, "most": most}))
        else:
            found.append((name, _("more than %(days)s days") % {"days": least - 1}))
    return found


def _slips() -> list[tuple[str, str]]:
    return [("", _("All")), ("with", _("with a slip")), ("without", _("without a slip"))]


def _measures() -> list[tuple[str, str]]:
    plan = Plan.objects.current()
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
