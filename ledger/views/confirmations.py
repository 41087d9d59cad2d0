"""Was this your answer? The county's drawn refusals, how the offices record and fare; and who is anonymised."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.models import Bureau
from bureaus.pages import number, only, person, press, sent_from, standing_of
from ledger import access, reading, terms
from ledger.actions import confirming, looking, retention
from ledger.indicators import explained
from ledger.indicators.consistency import CHECKS, check
from ledger.models import Statement, StatementCheck
from ledger.views.base import personal, reach_of, takes_form, unkept

A_PAGE = 50


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


@require_GET
@unkept
def recording(request: HttpRequest) -> HttpResponse:
    """Days on which an office wrote down very many answers alike (check C25), for the supervision office alone."""
    only(standing_of(request).supervises)
    current, counties, one = terms.current(), access.counties(), CHECKS["C25"]
    found: dict[str, list[Any]] = {county.code: [] for county in counties}
    for finding in check(one.code, reading.recorded(), clock.today(), current):
        found[str(finding.id)].append(finding.params)
    # Counties in their own order and the latest day first: nobody is put above another by what was counted.
    rows = [
        {
            **params,
            "county": county,
            "about": Statement.Kind(params["kind"]).label if params["kind"] else "",
            "said": Statement.Answer(params["answer"]).label if params["answer"] else "",
        }
        for county in counties
        for params in sorted(found[county.code], key=lambda params: params["on"], reverse=True)
    ]
    context = {
        "one": one,
        "page": Paginator(rows, A_PAGE).get_page(number(request.GET.get("page", "1"))),
        "calm": [county for county in counties if not found[county.code]],
        "terms": [term for term in explained(current) if term.code in one.terms],
    }
    return render(request, "ledger/recording.html", context)


# --- Retention -----------------------------------------------------------------------------------


@takes_form
@personal
def kept_too_long(request: HttpRequest) -> HttpResponse:
    """Who left the county long ago, for those who decide there: approved, they are anonymised."""
    standing, now = standing_of(request), clock.now()
    counties = [one for one in access.counties() if access.decides(standing, one.pk)]
    only(bool(counties))
    if request.method == "POST":
        county = get_object_or_404(Bureau, code=request.POST.get("county", ""), pk__in=[one.pk for one in counties])
        uids = [uid for uid in request.POST.getlist("person") if _is_uid(uid)]
        if not uids:
            messages.error(request, _("Choose at least one."))
        else:
            n = retention.anonymise(county, uids, by=person(request), now=now)
            said = ngettext("%(n)d entry is anonymised.", "%(n)d entries are anonymised.", n) % {"n": n}
            messages.success(request, said)
        return redirect("retention")
    groups = []
    for county in counties:
        rows = list(retention.due(clock.local_date(now), frozenset({county.pk}))[:200])
        if rows:
            looking.listed("retention", by=person(request), now=now, n=len(rows), county=county)
        groups.append((county, rows))
    return render(request, "ledger/retention.html", {"groups": groups, "days": retention.days_kept()})


def _is_uid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
