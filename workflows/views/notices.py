"""My notices: what was sent to me, when, why, and how it went."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import calendar_links, clock
from bureaus.access import Standing
from bureaus.pages import number, person, sent_from, standing_of
from measures.access import visible_assignments
from measures.models import Assignment, Step
from notifications.models import Message
from workflows import told
from workflows.views.base import inbox

PAGE = 50


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    return page(request)


def page(request: HttpRequest, *, new_link: str = "") -> HttpResponse:
    """The page; with the address of a calendar link where one has just been made."""
    mine = inbox(person(request))
    if before := number(request.GET.get("before", "")):
        mine = mine.filter(pk__lt=before)
    rows = list(mine.select_related("on_behalf_of").order_by("-id")[: PAGE + 1])
    by_key: dict[str, list[told.Copy]] = {}
    for copy in told.copies_of(rows[:PAGE]):
        by_key.setdefault(told.stem(copy), []).append(told.Copy(copy))
    return render(
        request,
        "workflows/notices.html",
        {
            "rows": [(row, by_key.get(told.stem(row), [])) for row in rows[:PAGE]],
            "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "link": calendar_links.in_force(person(request)),
            "new_link": new_link,
            "works": bool(standing_of(request).units),
        },
    )


@sent_from("notices")
def read(request: HttpRequest) -> HttpResponse:
    """Everything seen."""
    inbox(person(request)).filter(read_at__isnull=True).update(read_at=clock.now())
    return redirect("notices")


@require_GET
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Open what a notice is about; it counts as read."""
    notice = get_object_or_404(inbox(person(request)), pk=pk)
    if notice.read_at is None:
        Message.objects.filter(pk=notice.pk).update(read_at=clock.now())
    standing = standing_of(request)
    if notice.kind == "no_recipient" and standing.administers:
        return redirect("admin:workflows_firing_changelist")
    row = _about(notice, standing)
    if row is None:
        messages.warning(request, _("The page does not exist, or it is the work of another unit."))
        return redirect("notices")
    return redirect("assignment", pk=row.pk)


def _about(notice: Message, standing: Standing) -> Assignment | None:
    """The task a notice leads to, if its reader may see it. A division of work is answered on one's own share."""
    visible = visible_assignments(standing)
    key = notice.data.get("assignment")
    row = visible.filter(key=key).first()
    if row is None and notice.kind == "division":
        measure = Assignment.objects.filter(key=key).values("measure")
        row = visible.filter(unit__in=standing.unit_ids, measure__in=measure, step__kind=Step.Kind.SHARE).first()
    return row
