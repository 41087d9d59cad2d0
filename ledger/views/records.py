"""Recording, putting right, and changes a second person decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import Standing
from bureaus.pages import attempt, number, only, person, press, sent_from, standing_of
from ledger import access, logbook
from ledger.actions import changes, records
from ledger.actions.base import Root
from ledger.forms.people import ProposalForm
from ledger.forms.records import form_for
from ledger.models import ChangeProposal, Person
from ledger.records import RECORDS, Record
from ledger.views.base import back_to, form_page, personal, reach_of, takes_form

# What an address calls it → what a record hangs from, and which of them one may see.
ROOTS: dict[str, tuple[str, Callable[[Standing], QuerySet[Any]]]] = {
    "persons": ("person", access.visible_persons),
    "households": ("household", access.visible_households),
}


def _root(request: HttpRequest, root: str, uid: str) -> Root:
    only(root in ROOTS)
    found: Root = get_object_or_404(ROOTS[root][1](standing_of(request)), uid=uid)
    return found


@takes_form
@personal
def add(request: HttpRequest, root: str, uid: str, kind: str) -> HttpResponse:
    """One more record of a kind."""
    row, record = _root(request, root, uid), RECORDS.get(kind)
    only(record is not None and record.root == ROOTS[root][0])
    assert record is not None
    rights = _rights(request, record, row)
    form = form_for(record, row, rights, request.POST or None)
    status = attempt(
        request,
        form,
        lambda: records.add(kind, row, by=person(request), now=clock.now(), values=form.values()),
        _("Recorded."),
    )
    if status == 302:
        return back_to(row)
    return form_page(request, form, row, record.title, status)


@takes_form
@personal
def change(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Put a record right."""
    record = RECORDS.get(kind)
    only(record is not None and not record.is_final)
    assert record is not None
    old = get_object_or_404(record.model._default_manager, pk=pk)
    row = records.root_of(record, old)
    only(row is not None)
    row = _root(request, "persons" if isinstance(row, Person) else "households", str(row.uid))
    rights = _rights(request, record, row)
    only(getattr(old, "right", "") in {"", *rights})
    form = form_for(record, row, rights, request.POST or None, old)
    seen = number(request.POST.get("seen", ""))
    status = attempt(
        request,
        form,
        lambda: records.change(kind, old, by=person(request), now=clock.now(), values=form.values(), seen=seen),
        _("Saved."),
    )
    if status == 302:
        return back_to(row)
    return form_page(request, form, row, record.title, status, seen=old.version)  # type: ignore[attr-defined]


def _rights(request: HttpRequest, record: Record, row: Root) -> frozenset[str]:
    """Those this person may record; a page that is not theirs does not exist."""
    standing, reach = standing_of(request), reach_of(request)
    only(reach.sees(record.part))
    if record.part != access.RIGHTS:
        only(row.county_id in reach.keeps)
        return frozenset()
    found = frozenset(right for right in reach.rights if access.checks_right(standing, row.county_id, right))
    only(bool(found))
    return found


# --- Changes -----------------------------------------------------------------------------------


@takes_form
@personal
def propose(request: HttpRequest, root: str, uid: str, kind: str) -> HttpResponse:
    """Lay a change before a second person."""
    row = _root(request, root, uid)
    only(kind in ChangeProposal.Kind.values and (kind in changes.OF_PERSONS) == isinstance(row, Person))
    only(row.county_id in reach_of(request).keeps)
    form = ProposalForm(kind, row, request.POST or None)
    status = attempt(
        request,
        form,
        lambda: changes.propose(
            kind,
            row,
            by=person(request),
            now=clock.now(),
            reason=form.cleaned_data["reason"],
            details=form.details(),
            seen=number(request.POST.get("seen", "")),
        ),
        _("Proposed. A second person of the county decides."),
    )
    if status == 302:
        return back_to(row)
    return form_page(request, form, row, ChangeProposal.Kind(kind).label, status)


@require_GET
@personal
def proposals(request: HttpRequest) -> HttpResponse:
    """What waits for a decision in one's county, and what was decided last."""
    reach, me = reach_of(request), person(request)
    only(bool(reach.keeps))
    rows = ChangeProposal.objects.filter(county__in=reach.keeps).select_related(
        "county", "household", "person", "created_by", "decided_by"
    )
    waiting = [
        (row, changes.in_words(row), row.created_by_id != me.pk and access.decides(standing_of(request), row.county_id))
        for row in rows.filter(state=ChangeProposal.State.PROPOSED)
    ]
    done = rows.filter(~Q(state=ChangeProposal.State.PROPOSED)).order_by("-decided_at")[:30]
    led = [pk for pk in reach.keeps if access.decides(standing_of(request), pk)]
    often = logbook.too_often(clock.now(), led) if led else []
    return render(request, "ledger/proposals.html", {"waiting": waiting, "done": done, "me": me, "often": often})


@sent_from("proposals")
@personal
def decide(request: HttpRequest, uid: str, name: str) -> HttpResponse:
    row = get_object_or_404(ChangeProposal, uid=uid, county__in=reach_of(request).keeps)
    only(name in ("approve", "refuse", "withdraw"))
    by, now, words = person(request), clock.now(), request.POST.get("decision", "")[:200]
    acts = {
        "approve": (lambda: changes.approve(row, by=by, now=now, decision=words), _("Done as proposed.")),
        "refuse": (lambda: changes.refuse(row, by=by, now=now, decision=words), _("Refused; nothing was changed.")),
        "withdraw": (lambda: changes.withdraw(row, by=by, now=now), _("Taken back; nothing was changed.")),
    }
    act, done = acts[name]
    press(request, act, done)
    return redirect("proposals")
