"""Spot checks: a sample drawn by the system, open for some days, for the bureau that drew it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import attempt, only, person, press, sent_from, standing_of
from ledger import access, id_numbers, terms
from ledger.actions import samples
from ledger.encryption import can_read
from ledger.forms.privacy import SampleForm
from ledger.models import Membership, Person, Sample, SampleItem, Spell, Statement, Survey
from ledger.views.base import personal, reach_of, takes_form


@takes_form
@personal
def drawn(request: HttpRequest) -> HttpResponse:
    """Draw one, and those drawn for one's bureau."""
    standing, today = standing_of(request), clock.today()
    units = samples.checks_for(standing)
    only(bool(units))
    form = SampleForm(units, request.POST or None)
    made: list[Sample] = []
    status = attempt(
        request,
        form,
        lambda: made.append(samples.draw(by=person(request), now=clock.now(), **form.cleaned_data)),
        _("Drawn. The draw stands in the log."),
    )
    if status == 302:
        return redirect("sample", uid=made[0].uid)
    done = Count("items", filter=~Q(items__finding=""))
    rows = samples.visible(standing).annotate(
        total=Count("items"), done=done, differing=Count("items", filter=Q(items__finding__in=["differs", "not_found"]))
    )
    context = {
        "form": form,
        "rows": [(row, samples.is_open(row, today)) for row in rows[:50]],
        "days": terms.current().sample_days,
    }
    return render(request, "ledger/samples.html", context, status=status)


def _open(request: HttpRequest, uid: str) -> Sample:
    row = get_object_or_404(samples.visible(standing_of(request)), uid=uid)
    only(samples.is_open(row, clock.today()))
    return row


@require_GET
@personal
def one(request: HttpRequest, uid: str) -> HttpResponse:
    return _page(request, _open(request, uid))


def _page(request: HttpRequest, row: Sample, status: int = 200, **more: Any) -> HttpResponse:
    """The households and what is recorded of their members, numbers masked."""
    reach = reach_of(request)
    samples.opened(row, by=person(request), now=clock.now())
    members = Membership.objects.filter(until=None).select_related("person").order_by("id")
    work = Spell.objects.filter(ended_on=None).order_by("-is_main", "-started_on")
    said = Statement.objects.filter(withdrawn_at=None).order_by("stated_on", "id")
    items = row.items.select_related("household__site", "by").prefetch_related(
        Prefetch("household__surveys", Survey.objects.order_by("-on", "-id"), to_attr="asked"),
        Prefetch("household__memberships", members, to_attr="members"),
        Prefetch("household__members__person__spells", work, to_attr="work"),
        Prefetch("household__members__person__statements", said, to_attr="said"),
    )
    context = {
        "row": row,
        "items": [
            {
                "item": item,
                "survey": next(iter(home.asked), None),
                "members": [_member(one.person, one, reach) for one in home.members],
            }
            for item, home in _with_homes(items)
        ],
        "findings": SampleItem.Finding.choices,
        "sees_work": reach.sees(access.WORK),
        "sees_wishes": reach.sees(access.WISHES),
    }
    return render(request, "ledger/sample.html", context | more, status=status)


def _with_homes(items: Iterable[SampleItem]) -> Iterator[tuple[SampleItem, Any]]:
    """Each with its household and what was read beside it (`asked`, `members`)."""
    for item in items:
        yield item, item.household


def _member(one: Any, membership: Membership, reach: access.Reach) -> dict[str, Any]:
    """What is recorded of one member, as far as the bureau sees it."""
    who: Person = one
    latest = {said.kind: said for said in one.said}
    number = who.id_number if can_read(who, "id_number") else None
    phone = who.phone if can_read(who, "phone") else None
    return {
        "person": who,
        "relation": membership.get_relation_display(),
        "number": id_numbers.masked(number) if number else "",
        "phone": id_numbers.masked_phone(phone) if phone else "",
        "work": next(iter(one.work), None) if reach.sees(access.WORK) else None,
        "wishes": [(said.get_kind_display(), said.get_answer_display()) for said in latest.values()]
        if reach.sees(access.WISHES)
        else [],
    }


@sent_from("sample", "uid")
@personal
def find(request: HttpRequest, uid: str, pk: int) -> HttpResponse:
    """What the checker found at one household."""
    row = _open(request, uid)
    item = get_object_or_404(row.items, pk=pk)
    finding, note = request.POST.get("finding", ""), request.POST.get("note", "")[:200]
    status = press(
        request,
        lambda: samples.find(item, by=person(request), now=clock.now(), finding=finding, note=note),
        _("Recorded."),
    )
    if status == 302:
        return redirect("sample", uid=row.uid)
    return _page(request, row, status, typed={"pk": pk, "finding": finding, "note": note})
