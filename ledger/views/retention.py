"""Who left the ledger long ago and is to be anonymised."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bureaus import clock
from bureaus.models import Bureau
from bureaus.pages import only, person, standing_of
from ledger import access
from ledger.actions import looking, retention
from ledger.views.base import personal, takes_form


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
