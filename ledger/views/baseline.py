"""The document's figures beside the ledger's, with what people said about the difference."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import attempt, only, person, sent_from, standing_of
from ledger import access, reading, terms
from ledger import baseline as figures
from ledger.actions import places
from ledger.forms.places import ExplanationForm
from ledger.models import ReconciliationNote
from ledger.views.base import reach_of, unkept
from ledger.views.figures import shown_counties
from measures.models import Plan


@require_GET
@unkept
def baseline(request: HttpRequest) -> HttpResponse:
    only(access.sees_figures(standing_of(request)))
    return _page(request, ExplanationForm(shown_counties(standing_of(request))))


def _page(request: HttpRequest, form: ExplanationForm, status: int = 200) -> HttpResponse:
    plan, today = Plan.objects.current(), clock.today()
    only(plan is not None)
    assert plan is not None
    counties = shown_counties(standing_of(request))
    content = plan.content.get("baseline", {})
    names = {county.code: county for county in counties}
    context = {
        "plan": plan,
        "today": today,
        "as_of": content.get("as_of"),
        "lines": figures.lines(plan, counties, reading.facts(), today, terms.current()),
        "sum_households": figures.sum_of_counties(plan, "households"),
        "sum_employed": figures.sum_of_counties(plan, "employed"),
        "counties": [(names[row["code"]], row) for row in content.get("county", []) if row["code"] in names],
        "planned": [(names[row["county"]], row) for row in content.get("planned", []) if row.get("county") in names],
        "notes": ReconciliationNote.objects.filter(Q(county=None) | Q(county__in=counties), plan=plan).select_related(
            "county", "by"
        ),
        "explains": bool(reach_of(request).parts),
        "form": form,
    }
    return render(request, "ledger/baseline.html", context, status=status)


@sent_from("baseline")
@unkept
def explain(request: HttpRequest) -> HttpResponse:
    """Say why the two differ; both figures stay as they are."""
    plan = Plan.objects.current()
    only(plan is not None and bool(reach_of(request).parts))
    assert plan is not None
    counties = shown_counties(standing_of(request))
    only(request.POST.get("county", "") in {"", *(county.code for county in counties)})
    form = ExplanationForm(counties, request.POST)
    status = attempt(
        request,
        form,
        lambda: places.explain_difference(plan, by=person(request), now=clock.now(), **form.cleaned_data),
        _("The explanation stands beside the figures."),
    )
    return redirect("baseline") if status == 302 else _page(request, form, status)
