"""My desk: what the person's unit has to do, the most urgent first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from workflows import desks, queries
from workflows.views.base import number, only, standing_of


def section_titles() -> dict[str, str]:
    return {
        "overdue": _("Overdue"),
        "returned": _("Returned, to be corrected"),
        "to_sign_off": _("Waiting for your sign-off"),
        "to_sign": _("To sign for"),
        "due_soon": _("Due soon, or behind schedule"),
        "in_hand": _("In hand"),
        "waiting": _("Waiting on others"),
    }


@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    if not standing.units:
        if standing.inspects:
            return redirect("board")
        if standing.audits:
            return redirect("log")
        if standing.administers:
            return redirect("admin:index")
    now = clock.now()
    sections = desks.desk(standing, now)
    counts = {section.code: section.count for section in sections}
    return render(
        request,
        "workflows/desk.html",
        {
            "sections": sections,
            "titles": section_titles(),
            "counts": counts,
            "review_count": queries.review_count(standing),
            "slips": queries.open_slips().filter(unit__in=standing.unit_ids, state="issued"),
            "one_unit": len(standing.units) == 1,
            "works": bool(standing.units),
            "stands_in_for": {post.user_id: post.user for post in standing.lent}.values(),
            "now": now,
        },
    )


@require_GET
def section(request: HttpRequest, code: str) -> HttpResponse:
    """All of one section, page by page: for desks too long to be shown whole."""
    standing = standing_of(request)
    only(code in desks.SECTIONS and bool(standing.units))
    now = clock.now()
    rows, following = desks.page(standing, code, now, after=number(request.GET.get("after", "")))
    return render(
        request,
        "workflows/desk_section.html",
        {
            "title": section_titles()[code],
            "items": rows,
            "following": following,
            "is_first": "after" not in request.GET,
            "one_unit": len(standing.units) == 1,
            "now": now,
        },
    )
