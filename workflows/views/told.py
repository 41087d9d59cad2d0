"""Who was told what about a task, with proof: every notice, every channel, every try."""

from __future__ import annotations

import io

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import number, only, standing_of
from measures.models import Assignment
from workflows import sheets, told
from workflows.views.assignment import get_row


@require_GET
def proof(request: HttpRequest, pk: int) -> HttpResponse:
    row = _row(request, pk)
    before = number(request.GET.get("before", ""))
    notices, following = told.page(told.about(row), size=told.PAGE, before=before)
    told.prove(notices)
    return render(
        request,
        "workflows/told.html",
        {
            "row": row,
            "occasions": told.occasions(notices),
            "following": following,
            "is_first": not before,
            "now": clock.now(),
        },
    )


@require_GET
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """All of it as an Excel file, a line for each channel, the earliest first."""
    row, now = _row(request, pk), clock.now()
    notices = told.everything(told.about(row))
    buffer = io.BytesIO()
    sheets.told_sheet(row.title, notices, now).save(buffer)
    answer = HttpResponse(buffer.getvalue(), content_type=sheets.XLSX)
    name = _("notices-%(item)s-%(day)s.xlsx") % {
        "item": f"{row.pk:05d}",
        "day": f"{now.astimezone(clock.ZONE):%Y-%m-%d}",
    }
    answer["Content-Disposition"] = "attachment; " + sheets.filename_header(name)
    return answer


def _row(request: HttpRequest, pk: int) -> Assignment:
    standing = standing_of(request)
    row = get_row(standing, pk)
    only(told.sees(standing, row))
    return row
