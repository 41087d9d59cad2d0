"""Search across what a person may see."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import only, standing_of
from workflows.search import search as find


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Who types an item's number wants that item."""
    standing = standing_of(request)
    only(bool(standing.units) or standing.sees_all)
    text = request.GET.get("q", "").strip()[:200]
    found = find(standing, text, clock.now())
    if text.isdigit() and len(found.items) == 1:
        return redirect("assignment", pk=found.items[0].row.pk)
    return render(request, "workflows/search.html", {"text": text, "found": found})
