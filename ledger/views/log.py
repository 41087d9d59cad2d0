"""Who looked: at one person, for the leaders of the county; everything, for the auditor and nobody else."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import number, only, person, sent_from, standing_of
from ledger import access, logbook, watching
from ledger.actions import looking
from ledger.forms.privacy import LogFilter
from ledger.management.commands.verify_audit import WORDS
from ledger.models import AuditEvent
from ledger.views.base import personal, unkept

A_PAGE = 100


def _lines(rows: list[AuditEvent]) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "act": logbook.in_words(row),
            "names": logbook.names(row),
            "kind": logbook.kind(row),
            "why": logbook.why(row),
        }
        for row in rows
    ]


@require_GET
@personal
def of_person(request: HttpRequest, uid: str) -> HttpResponse:
    """For those who may decide in the person's county: who looked, when, and why."""
    row = get_object_or_404(access.visible_persons(standing_of(request)), uid=uid)
    only(access.decides(standing_of(request), row.county_id))
    looking.read_log(row, by=person(request), now=clock.now())
    events = logbook.of_person(row)
    if before := number(request.GET.get("before", "")):
        events = events.filter(seq__lt=before)
    found = list(events[: A_PAGE + 1])
    context = {
        "row": row,
        "lines": _lines(found[:A_PAGE]),
        "following": found[A_PAGE - 1].seq if len(found) > A_PAGE else None,
        "often": logbook.too_often(clock.now(), [row.county_id]),
    }
    return render(request, "ledger/person_log.html", context)


@require_GET
@unkept
def whole(request: HttpRequest) -> HttpResponse:
    """The whole log, for the auditor: narrowed down, with the state of its chain."""
    only(standing_of(request).audits)
    acts = logbook.acts()
    form = LogFilter(acts, request.GET)
    form.is_valid()
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    before = number(request.GET.get("before", ""))
    if not before:
        looking.read_log(None, by=person(request), now=clock.now())
    found = list(logbook.narrowed(**chosen, before=before)[: A_PAGE + 1])
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {
        "form": form,
        "lines": _lines(found[:A_PAGE]),
        "following": found[A_PAGE - 1].seq if len(found) > A_PAGE else None,
        "kept": kept.urlencode(),
        "often": logbook.too_often(clock.now()),
        "chain": _chain(),
    }
    return render(request, "ledger/log.html", context)


def _chain() -> dict[str, Any] | None:
    beat = watching.last()
    if beat is None:
        return None
    said = [WORDS[one["kind"]] % {"seq": one["seq"], "detail": one["detail"]} for one in beat.facts["problems"][:20]]
    return {"at": beat.seen_at, "well_at": beat.well_at, "facts": beat.facts, "said": said}


@sent_from("audit-log")
@unkept
def verify(request: HttpRequest) -> HttpResponse:
    """Look through the whole log now."""
    only(standing_of(request).audits)
    beat = watching.verify(clock.real_now())
    if beat.facts["ok"]:
        messages.success(request, _("Looked through: every entry is as it was written."))
    else:
        messages.error(request, _("The log is not as it was written. See below."))
    return redirect("audit-log")
