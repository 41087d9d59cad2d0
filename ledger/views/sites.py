"""Sites and what each has: the windows, the premises, water and power (四（六）)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import attempt, only, person, sent_from, standing_of
from ledger import access
from ledger.actions import places
from ledger.forms.places import FacilityForm
from ledger.models import FacilityCheck
from ledger.views.base import reach_of, unkept
from measures.models import Site
from measures.models.filing import SiteQuerySet


def _may(request: HttpRequest) -> bool:
    return reach_of(request).sees(access.SITES) or standing_of(request).sees_all


@require_GET
@unkept
def sites(request: HttpRequest) -> HttpResponse:
    """All sites, with how many facilities are in service of those wanted."""
    only(_may(request))
    found = []
    for row in _sites(request).for_households():
        latest = _latest(row)
        wanted = [check for check in latest.values() if check.required]
        found.append(
            {
                "site": row,
                "served": sum(check.state == FacilityCheck.State.IN_SERVICE for check in wanted),
                "wanted": len(wanted),
                "unsaid": len(FacilityCheck.Item) - len(latest),
                "on": max((check.on for check in latest.values()), default=None),
            }
        )
    return render(request, "ledger/sites.html", {"rows": found})


def _sites(request: HttpRequest) -> SiteQuerySet:
    """A county's own; all of them for who watches over them and for bureaus."""
    rows, reach = Site.objects.filter(is_placeholder=False).select_related("county"), reach_of(request)
    if standing_of(request).sees_all or reach.counties is None:
        return rows
    return rows.filter(county__in=reach.counties)


def _latest(site: Site) -> dict[str, FacilityCheck]:
    return {row.item: row for row in FacilityCheck.objects.filter(site=site).order_by("on", "id")}


@require_GET
@unkept
def facilities(request: HttpRequest, pk: int) -> HttpResponse:
    only(_may(request))
    site = get_object_or_404(_sites(request), pk=pk)
    return _page(request, site, FacilityForm())


def _page(request: HttpRequest, site: Site, form: FacilityForm, status: int = 200) -> HttpResponse:
    latest = _latest(site)
    context = {
        "site": site,
        "items": [(item.label, latest.get(item.value)) for item in FacilityCheck.Item],
        "history": FacilityCheck.objects.filter(site=site).select_related("created_by").order_by("-on", "-id")[:20],
        "keeps": site.county_id in reach_of(request).keeps,
        "form": form,
    }
    return render(request, "ledger/facilities.html", context, status=status)


@sent_from("facilities", "pk")
@unkept
def record(request: HttpRequest, pk: int) -> HttpResponse:
    site = get_object_or_404(_sites(request), pk=pk)
    only(site.county_id in reach_of(request).keeps)
    form = FacilityForm(request.POST)
    status = attempt(
        request,
        form,
        lambda: places.record_facility(site, by=person(request), now=clock.now(), values=form.values()),
        _("Recorded."),
    )
    return redirect("facilities", pk=pk) if status == 302 else _page(request, site, form, status)
