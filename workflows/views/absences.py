"""Absences: my own and, for whoever heads a unit, those of its people; and for whom I stand in."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.absences import people_of, posts_of
from bureaus.models import Absence, User
from bureaus.pages import attempt, only, person, press, sent_from
from workflows import actions
from workflows.forms import AbsenceForm


@require_GET
def absences(request: HttpRequest) -> HttpResponse:
    only(_works(request))
    return _page(request, AbsenceForm(person(request)))


@sent_from("absences")
def record(request: HttpRequest) -> HttpResponse:
    only(_works(request))
    me = person(request)
    form = AbsenceForm(me, request.POST)
    status = attempt(
        request,
        form,
        lambda: actions.record_absence(by=me, now=clock.now(), **({"user": me} | form.cleaned_data)),
        _("The absence is recorded. The deputy is told from its first day on."),
    )
    return redirect("absences") if status == 302 else _page(request, form, status)


@sent_from("absences")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    only(_works(request))
    me = person(request)
    absence = get_object_or_404(_mine(me), pk=pk)
    status = press(
        request,
        lambda: actions.withdraw_absence(absence, by=me, now=clock.now()),
        _("The absence has been taken back."),
    )
    return redirect("absences") if status == 302 else _page(request, AbsenceForm(me), status)


def _works(request: HttpRequest) -> bool:
    """Whoever holds a post of their own in a unit; one lent by an absence is no post to be away from."""
    return bool(posts_of(person(request)))


def _mine(me: User) -> QuerySet[Absence]:
    return Absence.objects.filter(Q(user=me) | Q(user__in=people_of(me))).select_related(
        "user", "deputy", "recorded_by"
    )


def _page(request: HttpRequest, form: AbsenceForm, status: int = 200) -> HttpResponse:
    me, today = person(request), clock.today()
    coming = Absence.objects.ending_from(today)
    context = {
        "form": form,
        "rows": _mine(me).filter(pk__in=coming.values("pk")).order_by("first_day", "id"),
        "today": today,
        "stands_in": coming.filter(deputy=me).select_related("user").order_by("first_day", "id"),
        "of_others": "user" in form.fields,
    }
    return render(request, "workflows/absences.html", context, status=status)
