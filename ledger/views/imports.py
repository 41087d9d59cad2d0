"""Workbooks of a county: uploaded, checked by the machine, looked at, and taken over by a person."""

from __future__ import annotations

import tempfile
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import NotYours, WrongMoment
from bureaus.pages import number, only, person, sent_from
from ledger import tasks
from ledger.encryption import CannotDecrypt
from ledger.imports import checking, committing, mistakes, undoing, uploading
from ledger.models import ImportBatch, ImportRow
from ledger.views.base import own_county, personal, reach_of
from ledger.workbooks import template as sheets
from ledger.workbooks.problems import Refused

A_PAGE = 50
A_CODE = 20  # mistakes of one kind that are shown; the workbook of mistakes has them all
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
State = ImportBatch.State


def _mine(request: HttpRequest) -> QuerySet[ImportBatch]:
    return ImportBatch.objects.filter(county__in=reach_of(request).keeps).select_related(
        "county", "uploaded_by", "committed_by", "undone_by"
    )


@require_GET
@personal
def imports(request: HttpRequest) -> HttpResponse:
    county = own_county(request)
    page = Paginator(_mine(request), A_PAGE).get_page(number(request.GET.get("page", "1")))
    return render(request, "ledger/imports.html", {"county": county, "page": page})


@sent_from("imports")
@personal
def upload(request: HttpRequest) -> HttpResponse:
    """The file is looked over at once, and row by row in the background."""
    county, file = own_county(request), request.FILES.get("file")
    if file is None:
        messages.error(request, _("Choose a file first."))
        return redirect("imports")
    try:
        batch = uploading.upload(county, file, file.name or "", by=person(request), now=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("imports")
    if batch.state == State.UPLOADED:
        transaction.on_commit(partial(tasks.check_workbook.delay, batch.pk))
    return redirect("import", uid=batch.uid)


def _sent(file: Any, name: str) -> HttpResponse:
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)  # type: ignore[return-value]


@require_GET
@personal
def one(request: HttpRequest, uid: str) -> HttpResponse:
    """How far it is; then what each row would do, and what is wrong, by kind of mistake."""
    batch = get_object_or_404(_mine(request), uid=uid)
    wanted = request.GET.get("outcome", "")
    rows = batch.rows.filter(outcome=wanted) if wanted in ImportRow.Outcome.values else batch.rows.all()
    page = Paginator(rows.defer("values", "before"), A_PAGE).get_page(number(request.GET.get("page", "1")))
    is_checked = batch.state in (State.CHECKED, State.COMMITTED, State.UNDONE, State.COMMITTING)
    blocking = sum(batch.counts.get(outcome, 0) for outcome in committing.BLOCKING)
    context = {
        "batch": batch,
        "waits": batch.state in (State.UPLOADED, State.CHECKING, State.COMMITTING),
        "is_checked": is_checked,
        "counts": [(code, label, batch.counts.get(code, 0)) for code, label in ImportRow.Outcome.choices],
        "wanted": wanted,
        "page": page if is_checked else None,
        "sheets": {one.code: one.title for one in sheets.SHEETS},
        "issues": _issues(batch) if is_checked else [],
        "blocking": blocking,
        "good": batch.counts.get("new", 0) + batch.counts.get("changed", 0),
        "refusal": checking.why_refused(batch) if batch.state == State.REFUSED else None,
        "has_file": bool(batch.stored_as),
    }
    answer = render(request, "ledger/import.html", context)
    if context["waits"]:
        answer.headers["Refresh"] = "2"  # looks again by itself, without a script as well
    return answer


def _issues(batch: ImportBatch) -> list[dict[str, Any]]:
    """By kind of mistake: how many in all, what to do, and where the first ones are."""
    found: dict[str, dict[str, Any]] = {}
    for issue in batch.issues.order_by("code", "id"):
        message, hint = mistakes.words_of(issue)
        many = batch.issue_counts.get(issue.code, 0)
        group = found.setdefault(issue.code, {"hint": hint, "severity": issue.severity, "n": many, "cells": []})
        if len(group["cells"]) < A_CODE:
            group["cells"].append({"issue": issue, "message": message})
    return sorted(found.values(), key=lambda group: (group["severity"] != "error", -group["n"]))


@require_GET
@personal
def mistaken(request: HttpRequest, uid: str) -> HttpResponse:
    """The rows that were not taken over, with red cells, to be put right and uploaded again."""
    batch = get_object_or_404(_mine(request), uid=uid)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the answer
    try:
        mistakes.workbook(batch, file, now=clock.now())
    except (FileNotFoundError, CannotDecrypt) as gone:
        raise Http404 from gone
    return _sent(file, _("Rows to correct.xlsx"))


@sent_from("import", "uid")
@personal
def act(request: HttpRequest, uid: str, name: str) -> HttpResponse:
    """Take over, take back, discard."""
    batch = get_object_or_404(_mine(request), uid=uid)
    by, now = person(request), clock.now()
    only(name in ("commit", "commit-valid", "undo", "discard"))
    try:
        if name == "undo":
            undoing.undo(batch, by=by, now=now)
            messages.success(request, _("Taken back. The ledger is as it was before this workbook."))
        elif name == "discard":
            uploading.discard(batch, by=by, now=now)
            messages.success(request, _("Discarded; nothing of it is in the ledger."))
            return redirect("imports")
        else:
            committing.begin(batch, by=by, now=now, valid_only=name == "commit-valid")
            transaction.on_commit(partial(tasks.commit_workbook.delay, batch.pk))
    except NotYours as error:
        raise Http404 from error
    except (WrongMoment, ValidationError) as error:
        messages.error(request, str(error))
    return redirect("import", uid=uid)


@sent_from("import", "uid")
@personal
def enter_nevertheless(request: HttpRequest, uid: str, pk: int) -> HttpResponse:
    """Somebody who looks entered already is somebody else."""
    batch = get_object_or_404(_mine(request), uid=uid)
    row = get_object_or_404(batch.rows.select_related("batch"), pk=pk)
    try:
        committing.enter_nevertheless(row, by=person(request), now=clock.now())
    except WrongMoment as error:
        messages.error(request, str(error))
    return redirect("import", uid=uid)
