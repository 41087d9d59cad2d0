"""The supervisor's review queue: verdicts, form checks, requests, refusals, slips."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import only, standing_of
from workflows import cases, queries, requests


@require_GET
def review(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(bool(standing.units))
    now = clock.now()
    found = queries.review(standing, now)
    return render(
        request,
        "workflows/review.html",
        {
            "review": found,
            "cases": cases.cases(found.submitted, now),
            "requests": requests.requests(found.extensions),
            "once": get_random_string(12),
            "now": now,
        },
    )
