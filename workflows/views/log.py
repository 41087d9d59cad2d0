"""The log of what was done, for the auditor: who, when, what; newest first."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bureaus.pages import number, only, standing_of
from measures.models import Event

PAGE = 100


@require_GET
def log(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(standing.audits or standing.supervises)
    events = Event.objects.select_related("assignment__unit", "actor", "actor_unit").order_by("-id")
    if before := number(request.GET.get("before", "")):
        events = events.filter(pk__lt=before)
    rows = list(events[: PAGE + 1])
    return render(
        request,
        "workflows/log.html",
        {"audits": standing.audits, "rows": rows[:PAGE], "following": rows[PAGE - 1].pk if len(rows) > PAGE else None},
    )
