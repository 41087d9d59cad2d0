"""One assignment: its page, the acts done there, its extensions and its files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from bureaus import clock
from bureaus.access import Standing, WrongMoment
from bureaus.pages import attempt, led_back, person, sent_from, standing_of
from measures.access import visible_assignments
from measures.models import Assignment, Extension, Step
from workflows import actions
from workflows.forms import FORMS, ActForm, GrantForm, OpinionForm
from workflows.views.assignment_page import DRAFTS, page


def get_row(standing: Standing, pk: int) -> Assignment:
    """The assignment, if this person may see it; otherwise it does not exist."""
    rows = visible_assignments(standing).select_related("plan", "measure", "recurrence", "sent_up_by")
    return get_object_or_404(rows, pk=pk)


@require_GET
def show(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, get_row(standing_of(request), pk))


@sent_from("assignment", "pk")
def act(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """One act. Whatever it is, it answers with the page: 302 when done, 409 or 422 with all that was typed."""
    standing = standing_of(request)
    row = get_row(standing, pk)
    if name not in FORMS or not _belongs(name, row):
        raise Http404
    form = FORMS[name](row, request.POST, request.FILES)
    perform = getattr(actions, name)
    status = attempt(
        request,
        form,
        lambda: _once(request, row, lambda: perform(row, by=person(request), now=clock.now(), **form.values())),
        _done(name),
    )
    if status == 302:
        return _led(request, _after(request, standing, row, name))
    if request.FILES and "uploads" in form.fields:
        form.add_error("uploads", _("Please choose the files again; a page that comes back cannot keep them."))
    return page(request, get_row(standing, pk), failed=(name, form), status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def decide_extension(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Grant, refuse or take back a request to extend a date."""
    standing = standing_of(request)
    found = Extension.objects.select_related("deadline__assignment").filter(
        deadline__assignment__in=visible_assignments(standing).values("pk")
    )
    extension = get_object_or_404(found, pk=pk)
    row = get_row(standing, extension.deadline.assignment_id)
    if request.method != "POST":
        return led_back(request, "assignment", pk=row.pk)  # as `sent_from` does
    forms: dict[str, type[ActForm]] = {"grant": GrantForm, "refuse": OpinionForm, "withdraw": ActForm}
    if name not in forms:
        raise Http404
    form = forms[name](row, request.POST)
    perform = getattr(actions, f"{name}_extension")
    status = attempt(
        request,
        form,
        lambda: _once(request, row, lambda: perform(extension, by=person(request), now=clock.now(), **form.values())),
        _("The request has been decided.") if name != "withdraw" else _("The request has been taken back."),
    )
    if status == 302:
        return _after(request, standing, row, name)
    return page(request, row, failed=(f"{name}_extension", form), status=status, extension=extension)


class _SentTwice(Exception):
    """The same words came twice from one page, and the first have been written."""


def _once(request: HttpRequest, row: Assignment, perform: Callable[[], Any]) -> None:
    """A second click is no second act: what one page sends twice is written the first time only.

    The event carries the mark of what was sent; it is looked for under the lock the act has taken.
    """
    mark = _mark(request)
    written = row.events.filter(data__once=mark)
    if mark and written.exists():
        return
    try:
        with transaction.atomic():
            perform()
            if mark and written.exists():
                raise _SentTwice
            event = row.events.filter(actor=person(request)).order_by("-id").first()
            if mark and event is not None:
                event.data = event.data | {"once": mark}
                event.save(update_fields=["data"])
    except _SentTwice:
        return
    except WrongMoment:
        if not (mark and written.exists()):
            raise


def _mark(request: HttpRequest) -> str:
    """What a page sent, in short; nothing if the page has no number of its own."""
    if not request.POST.get("once"):
        return ""
    given = [(name, request.POST.getlist(name)) for name in sorted(request.POST) if name != "csrfmiddlewaretoken"]
    files = [(file.name, file.size) for name in request.FILES for file in request.FILES.getlist(name)]
    return hashlib.sha256(repr((request.path, given, files)).encode()).hexdigest()


def _belongs(name: str, row: Assignment) -> bool:
    """Whether such a paper exists for this kind of work at all."""
    if name in DRAFTS.values():
        return DRAFTS.get(row.step.kind) == name
    return name != "check_form" or row.step.kind == Step.Kind.FILING


def _after(request: HttpRequest, standing: Standing, row: Assignment, name: str) -> HttpResponseRedirect:
    """Back to the assignment; to the desk when it is no longer this person's to see."""
    if (back := request.POST.get("back")) in ("review", "desk"):
        return redirect(back)
    if visible_assignments(standing).filter(pk=row.pk).exists():
        return redirect("assignment", pk=row.pk)
    return redirect("desk")


def _led(request: HttpRequest, answer: HttpResponseRedirect) -> HttpResponse:
    """Where to go next. A script that sent the files (`upload.js`) goes there itself: a redirect it would follow
    unseen, and what is said there once would be lost."""
    if "X-Upload" not in request.headers:
        return answer
    return HttpResponse(status=201, headers={"Location": answer.url})


def _done(name: str) -> str:
    said = {
        "sign": _("Signed for. The task is in hand."),
        "send_up": _("Sent up. The leader of the unit has been told."),
        "sign_off": _("Submitted. The reviewer has been told."),
        "accept": _("Accepted."),
        "send_back": _("Returned. The unit has been told."),
        "check_form": _("The form check is recorded."),
        "report": _("Progress is recorded."),
        "save_draft": _("The draft is kept. Nothing has been reported yet."),
        "save_return": _("The figures are kept. Nothing has been reported yet."),
        "save_roster": _("The roster is kept. Nothing has been reported yet."),
        "ask_extension": _("The request has been made; the date runs on until it is decided."),
        "propose_slip": _("The slip has been laid before the supervision office."),
    }
    return said.get(name, _("Done."))
