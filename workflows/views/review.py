"""The supervisor's review queue: verdicts, form checks, requests, refusals, slips."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bureaus import clock
from workflows import queries
from workflows.views.base import only, standing_of


@require_GET
def review(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(bool(standing.units))
    now = clock.now()
    return render(request, "workflows/review.html", {"review": queries.review(standing, now), "now": now})
