"""How many questions a page asks the database: few, and no more for three times the rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bureaus import calendars, clock
from measures.models import (
    Assignment,
    Attachment,
    Deadline,
    DeadlineChange,
    Event,
    Extension,
    Filing,
    FormCheck,
    MonthlyReturn,
    Plan,
)
from notifications.models import Message
from tests import make
from tests.pages import web
from workflows import counters
from workflows.models import Slip

_number = itertools.count(1)


def _copy(row: Any, **changes: Any) -> Any:
    """One more row like this one, not saved yet."""
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name != "id"}
    return type(row)(**(fields | changes))


def _made(row: Any, changes: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
    return {name: change(row) for name, change in changes.items()}


def _copies(rows: Iterable[Any], parents: dict[int, list[Any]], name: str, **changes: Callable[[Any], Any]) -> None:
    """Every row once more below each copy of what it belongs to."""
    rows = list(rows)
    new = [
        _copy(row, **{name: parent.pk}, **_made(row, changes)) for row in rows for parent in parents[getattr(row, name)]
    ]
    if rows:
        type(rows[0]).objects.bulk_create(new)


def _twice(rows: Iterable[Any], **changes: Callable[[Any], Any]) -> dict[int, list[Any]]:
    """Two more rows for each, by the number of the one they are copied from."""
    found = {
        row.pk: [_copy(row, **{key: make(row) for key, make in changes.items()}) for _n in range(2)] for row in rows
    }
    new = [copy for copies in found.values() for copy in copies]
    type(new[0]).objects.bulk_create(new)
    return found


def _key(row: Any) -> str:
    return f"{row.key}~{next(_number)}"


def _everything(lived: Plan) -> None:
    """Each task twice more, with its dates, papers, slips and history: three times as much as before."""
    tasks = _twice(Assignment.objects.all(), key=_key, recurrence_id=lambda row: None)
    _copies(Deadline.objects.all(), tasks, "assignment_id")
    _copies(MonthlyReturn.objects.all(), tasks, "assignment_id")
    _copies(Event.objects.all(), tasks, "assignment_id")
    _copies(
        Slip.objects.all(),
        tasks,
        "assignment_id",
        firing_id=lambda slip: None,
        number=lambda slip: f"〔2019〕{next(_number)}00号" if slip.number else None,
    )
    papers: dict[int, list[Any]] = {}
    for filing in Filing.objects.all():
        papers[filing.pk] = [
            _copy(filing, assignment_id=task.pk, number=f"no. {next(_number)}" if filing.number else None)
            for task in tasks[filing.assignment_id]
        ]
    Filing.objects.bulk_create(paper for copies in papers.values() for paper in copies)
    _copies(FormCheck.objects.all(), papers, "filing_id")
    for extension in list(Extension.objects.select_related("deadline")):
        for task in tasks[extension.deadline.assignment_id]:
            _copy(extension, deadline_id=task.deadlines.get(kind="main", round=extension.deadline.round).pk).save()
    counters.rebuild(clock.now())


def _messages(lived: Plan) -> None:
    mine = Message.objects.filter(recipient__username="托里县·经办人")
    _twice(mine, dedupe_key=lambda row: f"~{next(_number)}|{row.dedupe_key}")


def _counties(lived: Plan) -> None:
    """Ten counties more, each with its returns."""
    for row in list(Assignment.objects.filter(step__kind="monthly", period="2019-07").select_related("unit")):
        for _time in range(2):
            number = next(_number)
            unit = _copy(row.unit, code=f"6543{number:02d}", name=f"{row.unit.name}{number}", short_name=f"县{number}")
            unit.save()
            new = _copy(row, key=_key(row), unit_id=unit.pk)
            new.save()
            _copy(row.monthly_return, assignment_id=new.pk).save()
            Deadline.objects.bulk_create(
                _copy(deadline, assignment_id=new.pk, unit_id=unit.pk) for deadline in row.deadlines.all()
            )
    counters.rebuild(clock.now())


def _asked(client: web.Client, url: str) -> int:
    calendars.forget()
    with CaptureQueriesContext(connection) as queries:
        web.read(client, url)
    return len(queries)


# (address, who looks, what grows, the most it may ask)
PAGES: list[tuple[str, str, Callable[[Plan], None], int]] = [
    ("/", "托里县·经办人", _everything, 20),
    ("/", "人社局·分管领导", _everything, 22),
    ("/review/", "人社局·经办人", _everything, 18),
    ("/review/", make.SUPERVISOR, _everything, 20),
    ("/board/", make.SUPERVISOR, _everything, 28),
    ("/board/", make.INSPECTOR, _everything, 28),
    ("/overdue/", make.INSPECTOR, _everything, 18),
    ("/overdue/", "和布克赛尔县·经办人", _everything, 18),
    ("/monthly/2019-07/", "人社局·经办人", _counties, 20),
    ("/filings/", "发展改革委·经办人", _everything, 20),
    ("/slips/", make.SUPERVISOR, _everything, 15),
    ("/notices/", "托里县·经办人", _messages, 14),
    ("/log/", make.AUDITOR, _everything, 12),
    ("/plans/tacheng-2019/measures/6/", "托里县·经办人", _everything, 30),
    ("/plans/tacheng-2019/measures/1/", make.SUPERVISOR, _everything, 30),
    ("/plans/tacheng-2019/units/654224/", make.INSPECTOR, _everything, 21),
    ("/plans/tacheng-2019/units/654224/", "人社局·经办人", _everything, 21),
    ("/plans/tacheng-2019/units/", make.SUPERVISOR, _everything, 13),
]


@pytest.mark.parametrize(("url", "who", "grow", "most"), PAGES, ids=[f"{page[0]} {page[1]}" for page in PAGES])
def test_three_times_the_rows_ask_no_more(
    url: str, who: str, grow: Callable[[Plan], None], most: int, lived: Plan
) -> None:
    client = web.signed_in(who)
    web.read(client, url)
    before = _asked(client, url)
    size = len(client.get(url).content)
    grow(lived)
    after = _asked(client, url)
    assert after <= before  # fewer where the page now shows nothing that was folded
    assert after <= most
    assert len(client.get(url).content) > size or url in ("/notices/", "/log/"), "nothing has grown"


def test_a_task_with_a_long_history_asks_no_more(lived: Plan) -> None:
    row = make.row("survey/654226")
    client = web.signed_in(make.SUPERVISOR)
    url = f"/assignments/{row.pk}/"
    urls = [url, f"{url}told/"]
    for one in urls:
        web.read(client, one)
    before = [_asked(client, one) for one in urls]
    by = make.person("和布克赛尔县·经办人")
    for event in list(row.events.all()):
        for _time in range(2):
            new = _copy(event)
            new.save()
            Attachment.objects.create(
                assignment=row,
                event=new,
                name="台账.pdf",
                content_type="application/pdf",
                size=1,
                by=by,
                at=clock.now(),
            )
    for message in list(Message.objects.filter(data__assignment=row.key)):
        _copy(message, dedupe_key=f"~{message.about_rev}|{message.dedupe_key}").save()
    for change in list(DeadlineChange.objects.filter(deadline__assignment=row, kind="create")):
        _copy(change, kind="extend", rev=99).save()
    for slip in list(Slip.objects.filter(assignment=row)):
        _copy(slip, firing_id=None, number=None).save()
    # The first attachments are one question more.
    assert _asked(client, url) <= before[0] + 1
    assert _asked(client, urls[1]) == before[1]
    assert before[0] <= 47
    assert before[1] <= 18
