"""What is to be done next in one's county."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import number, only, person, standing_of
from ledger import naming, reading, terms
from ledger.actions import looking
from ledger.indicators import explained
from ledger.indicators.worklists import WHY, WORKLISTS, worklist
from ledger.models import Right, Statement
from ledger.views.base import own_county, personal

A_PAGE = 50


@require_GET
@personal
def worklists(request: HttpRequest) -> HttpResponse:
    """All lists of the county with what waits, what is overdue first."""
    county, today = own_county(request), clock.today()
    facts, current = reading.facts(county.pk), terms.current()
    lists = []
    for one in WORKLISTS.values():
        tasks = worklist(one.code, facts, today, current)
        late = sum(task.due_on is not None and task.due_on < today for task in tasks)
        now = sum(task.wait_until is None for task in tasks)
        lists.append({"of": one, "all": len(tasks), "late": late, "now": now})
    context = {"county": county, "lists": lists, "today": today}
    return render(request, "ledger/worklists.html", context)


@require_GET
@personal
def one_list(request: HttpRequest, code: str) -> HttpResponse:
    """One list: whom to go to, why, by when, who acts; and who is to be left alone for now."""
    only(code in WORKLISTS)
    county, today = own_county(request), clock.today()
    current = terms.current()
    tasks = worklist(code, reading.facts(county.pk), today, current)
    page = Paginator(tasks, A_PAGE).get_page(number(request.GET.get("page", "1")))
    shown = list(page.object_list)
    subject = shown[0].subject if shown else "person"
    names = {one.id: one for one in naming.named(subject, [task.id for task in shown], standing_of(request))}
    acting = naming.Acting(
        {task.person for task in shown if task.person}, {task.household for task in shown if task.household}, county
    )
    rows = [
        {
            "task": task,
            "named": names[task.id],
            "why": in_words(task.why, task.params),
            "who": acting.of(task.person, task.household),
        }
        for task in shown
        if task.id in names
    ]
    looking.listed(f"worklist-{code}", by=person(request), now=clock.now(), n=len(rows), county=county)
    context = {
        "one": WORKLISTS[code],
        "county": county,
        "page": page,
        "rows": rows,
        "today": today,
        "terms": [term for term in explained(current) if term.code in WORKLISTS[code].terms],
        "contacts": current.contacts_a_month,
    }
    return render(request, "ledger/worklist.html", context)


def in_words(why: str, params: Any) -> str:
    """Why somebody stands in a list."""
    values = dict(params)
    text = _(WHY[why]) % values
    if "right" in values:
        text = f"{Right(values['right']).label}：{text}"
    if "kind" in values:
        text = f"{Statement.Kind(values['kind']).label}：{text}"
    return text
