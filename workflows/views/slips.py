"""Supervision slips: proposed, issued, answered; and the slip itself on A4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_GET

from bureaus import calendars, clock
from bureaus.access import Standing
from bureaus.clock import local_date
from bureaus.pages import attempt, only, person, sent_from, standing_of
from workflows import actions, queries
from workflows.forms import AnswerSlipForm, DismissSlipForm, IssueSlipForm
from workflows.models import Slip

ANSWER_DAYS = 3  # working days proposed for the answer; ours


@require_GET
def slips(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(standing.sees_all or bool(standing.units))
    found = visible_slips(standing)
    return render(
        request,
        "workflows/slips.html",
        {
            "proposed": found.filter(state=Slip.State.PROPOSED) if standing.sees_all else [],
            "running": found.filter(state__in=[Slip.State.ISSUED, Slip.State.ANSWERED]),
            "ended": found.filter(state__in=[Slip.State.CLOSED, Slip.State.DISMISSED])[:100],
            "standing": standing,
        },
    )


@require_GET
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    standing = standing_of(request)
    return _page(request, standing, get_object_or_404(visible_slips(standing), pk=pk))


@sent_from("slip", "pk")
def decide(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Issue, dismiss, answer or close a slip."""
    standing = standing_of(request)
    found = get_object_or_404(visible_slips(standing), pk=pk)
    kinds: dict[str, tuple[type[forms.Form], Callable[..., Any], str]] = {
        "issue": (IssueSlipForm, actions.issue_slip, _("The slip has been issued.")),
        "dismiss": (DismissSlipForm, actions.dismiss_slip, _("The slip is not issued.")),
        "answer": (AnswerSlipForm, actions.answer_slip, _("The answer has been given.")),
        "close": (forms.Form, actions.close_slip, _("The slip is closed.")),
    }
    if name not in kinds:
        raise Http404
    form_class, perform, done = kinds[name]
    form = form_class(request.POST)
    status = attempt(
        request, form, lambda: perform(found, by=person(request), now=clock.now(), **form.cleaned_data), done
    )
    if status == 302:
        return redirect("slip", pk=pk)
    fresh = get_object_or_404(visible_slips(standing), pk=pk)
    return _page(request, standing, fresh, failed=(name, form), status=status)


@require_GET
def print_slip(request: HttpRequest, pk: int) -> HttpResponse:
    """The slip as a document: GB/T 9704 margins, no seal drawn."""
    found = get_object_or_404(visible_slips(standing_of(request)).exclude(number=None), pk=pk)
    return render(request, "workflows/slip_print.html", {"slip": found, "row": found.assignment})


def visible_slips(standing: Standing) -> QuerySet[Slip]:
    """With what the slip itself shows of the work."""
    found = queries.with_handing_in(queries.visible_slips(standing))
    return found.select_related("assignment__step", "assignment__plan", "assignment__lead", "decided_by")


def _page(
    request: HttpRequest,
    standing: Standing,
    found: Slip,
    *,
    failed: tuple[str, forms.Form] | None = None,
    status: int = 200,
) -> HttpResponse:
    offers: dict[str, forms.Form] = {}
    if standing.supervises and found.state == Slip.State.PROPOSED:
        offers["issue"] = IssueSlipForm(initial=_proposal(found), auto_id="issue-%s")
        offers["dismiss"] = DismissSlipForm(auto_id="dismiss-%s")
    if standing.works_in(found.unit_id) and found.state == Slip.State.ISSUED:
        offers["answer"] = AnswerSlipForm(auto_id="answer-%s")
    if failed:
        # Also when it has been decided meanwhile: what was typed is not lost.
        offers[failed[0]] = failed[1]
    return render(
        request,
        "workflows/slip.html",
        {
            "slip": found,
            "row": found.assignment,
            "offers": offers,
            "others": _proposed_besides(found) if standing.sees_all else [],
            "may_close": standing.supervises and found.state == Slip.State.ANSWERED,
        },
        status=status,
    )


def _proposed_besides(found: Slip) -> QuerySet[Slip]:
    """What else waits to be decided about the same task, while this does."""
    waiting = Slip.objects.filter(assignment=found.assignment_id, state=Slip.State.PROPOSED)
    return waiting.exclude(pk=found.pk) if found.state == Slip.State.PROPOSED else waiting.none()


def _proposal(found: Slip) -> dict[str, Any]:
    """The wording laid before the office, to be changed by it."""
    answer_by = calendars.days_for(found.unit).shift(local_date(clock.now()), ANSWER_DAYS)
    with override(settings.LANGUAGE_CODE):  # the words of the slip, whoever reads the page
        due = date_format(found.due_on, "DATE_FORMAT") if found.due_on else "—"
        words = {"title": found.assignment.title, "due": due}
        demand = _("“%(title)s” was due on %(due)s. Finish it at once, report the result and say why it was late.")
        return {"demand": demand % words, "answer_by": answer_by}
