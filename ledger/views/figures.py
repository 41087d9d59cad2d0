"""Figures: every indicator as n of d, with what is not known and what people answered beside it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import only, standing_of
from ledger import access, reading, terms
from ledger.indicators import INDICATORS
from ledger.views.base import unkept


@require_GET
@unkept
def figures(request: HttpRequest) -> HttpResponse:
    only(access.sees_figures(standing_of(request)))
    today, facts, current = clock.today(), reading.facts(), terms.current()
    rows = [(one, one.evaluate(facts, today, current)) for one in INDICATORS.values()]
    return render(request, "ledger/figures.html", {"rows": rows, "today": today})
