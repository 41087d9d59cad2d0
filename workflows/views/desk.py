"""My desk: what the person's unit has to do, the most urgent first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from workflows import queries
from workflows.views.base import standing_of


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
    sections = queries.desk(standing, now)
    counts = {section.code: len(section.items) for section in sections}
    return render(
        request,
        "workflows/desk.html",
        {
            "sections": sections,
            "titles": section_titles(),
            "counts": counts,
            "review_count": len(queries.review(standing, now)),
            "slips": queries.open_slips().filter(unit__in=standing.unit_ids, state="issued"),
            "one_unit": len(standing.units) == 1,
            "works": bool(standing.units),
            "stands_in_for": {post.user_id: post.user for post in standing.lent}.values(),
            "now": now,
        },
    )
