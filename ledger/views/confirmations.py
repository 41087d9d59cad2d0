"""Was this your answer? The county's drawn refusals, and how the offices fare."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import only, person, press, sent_from, standing_of
from ledger import terms
from ledger.actions import confirming, looking
from ledger.models import StatementCheck
from ledger.views.base import personal, reach_of, unkept


@require_GET
@unkept
def listed(request: HttpRequest) -> HttpResponse:
    """A county sees whom to ask; the supervision office sees offices and figures, nobody's name."""
    standing, reach, me = standing_of(request), reach_of(request), person(request)
    only(bool(reach.keeps) or standing.supervises)
    rows = list(confirming.waiting(reach.keeps)) if reach.keeps else []
    if rows:
        looking.listed("statements", by=me, now=clock.now(), n=len(rows))
    context = {
        "rows": [(row, row.statement.recorded_by_id != me.pk) for row in rows],
        "keeps": bool(reach.keeps),
        "offices": confirming.by_office(None if standing.supervises else reach.keeps),
        "outcomes": StatementCheck.Outcome.choices,
        "percent": terms.current().sample_percent,
    }
    return render(request, "ledger/confirmations.html", context)


@sent_from("confirmations")
@personal
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(StatementCheck, pk=pk, statement__person__county__in=reach_of(request).keeps)
    outcome = request.POST.get("outcome", "")
    done = (
        _("Recorded. Enter what they say now as a statement of its own, on the person's page.")
        if outcome == StatementCheck.Outcome.DIFFERENT
        else _("Recorded.")
    )
    press(request, lambda: confirming.ask(row, by=person(request), now=clock.now(), outcome=outcome), done)
    return redirect("confirmations")
