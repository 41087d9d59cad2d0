"""Employers with places set aside and filled, and courses with who took part: in numbers."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.models import Bureau
from bureaus.pages import attempt, number, only, person
from ledger import access
from ledger.actions import places
from ledger.forms.places import TITLES, form_for
from ledger.models import Course, Employer, Post
from ledger.views.base import own_county, reach_of, takes_form, unkept


@require_GET
@unkept
def work(request: HttpRequest) -> HttpResponse:
    """Of all counties one may see."""
    reach = reach_of(request)
    only(reach.sees(access.WORK) or reach.sees(access.TRAINING))
    today = clock.today()
    now_there = Q(spells__started_on__lte=today) & (Q(spells__ended_on=None) | Q(spells__ended_on__gte=today))
    posts = Post.objects.select_related("employer__county").annotate(filled=Count("spells", filter=now_there))
    courses = Course.objects.select_related("county", "organiser").annotate(
        took_part=Count("participations"),
        completed=Count("participations", filter=Q(participations__result="completed")),
    )
    employers = Employer.objects.select_related("county").annotate(set_aside=Sum("posts__places"))
    if reach.counties is not None:
        posts = posts.filter(employer__county__in=reach.counties)
        courses = courses.filter(Q(county__in=reach.counties) | Q(county=None))
        employers = employers.filter(county__in=reach.counties)
    context = {
        "posts": posts.order_by("employer__county__order", "employer__name", "title")
        if reach.sees(access.WORK)
        else [],
        "without_posts": employers.filter(posts=None) if reach.sees(access.WORK) else [],
        "sees_work": reach.sees(access.WORK),
        "courses": courses.order_by("-starts_on", "title"),
        "keeps": reach.keeps,
    }
    return render(request, "ledger/work.html", context)


@takes_form
@unkept
def enter(request: HttpRequest, kind: str) -> HttpResponse:
    only(kind in places.KINDS)
    county = own_county(request)
    form = form_for(kind, county, request.POST or None)
    status = attempt(
        request,
        form,
        lambda: places.enter(kind, county, by=person(request), now=clock.now(), values=form.values()),
        _("Entered."),
    )
    if status == 302:
        return redirect("employers")
    return _form(request, form, kind, county, status)


@takes_form
@unkept
def change(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    only(kind in places.KINDS)
    row = get_object_or_404(places.KINDS[kind], pk=pk)
    county = places.county_of(row)
    only(county is not None and county.pk in reach_of(request).keeps)
    assert county is not None
    form = form_for(kind, county, request.POST or None, row)
    seen = number(request.POST.get("seen", ""))
    status = attempt(
        request,
        form,
        lambda: places.change(kind, row, by=person(request), now=clock.now(), values=form.values(), seen=seen),
        _("Saved."),
    )
    if status == 302:
        return redirect("employers")
    return _form(request, form, kind, county, status, row.version)


def _form(request: HttpRequest, form: Any, kind: str, county: Bureau, status: int, seen: int = 0) -> HttpResponse:
    context = {"form": form, "title": TITLES[kind], "county": county, "back": "employers", "seen": seen}
    return render(request, "ledger/form.html", context, status=status)
