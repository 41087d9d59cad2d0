"""The notice to the persons of the ledger: the edition in force, the earlier ones, a new one, and a sheet to print."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import attempt, only, person, standing_of
from ledger import access
from ledger.actions import notice
from ledger.forms.privacy import NoticeForm
from ledger.models import NoticeText
from ledger.views.base import takes_form


@takes_form
def editions(request: HttpRequest) -> HttpResponse:
    """Whoever reads figures may read what people are told; who leads the survey publishes."""
    standing, today = standing_of(request), clock.today()
    only(access.sees_figures(standing))
    may, status = notice.may_publish(standing), 200
    current = notice.in_force(today)
    initial = {"text": current.text if current else "", "valid_from": today}
    form = NoticeForm(request.POST or None, initial=initial) if may else None
    if request.method == "POST":
        only(may)
        assert form is not None
        status = attempt(
            request,
            form,
            lambda: notice.publish(by=person(request), now=clock.now(), **form.cleaned_data),
            _("Published. What was read out before stays as it was."),
        )
        if status == 302:
            return redirect("notice-text")
    context = {"current": current, "rows": NoticeText.objects.select_related("by"), "form": form, "today": today}
    return render(request, "ledger/notice.html", context, status=status)


@require_GET
def printed(request: HttpRequest, number: int) -> HttpResponse:
    only(access.sees_figures(standing_of(request)))
    row = get_object_or_404(NoticeText, number=number)
    heading, _break, rest = row.text.partition("\n")
    return render(request, "ledger/notice_print.html", {"row": row, "heading": heading, "rest": rest.strip()})
