"""A record is taken or refused alike, whether somebody types it into the form or brings it in a workbook."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from pytest_django import Settings

from bureaus import clock
from ledger.actions import records
from ledger.forms.records import form_for
from ledger.imports import checking, uploading
from ledger.imports.records import KINDS
from ledger.models import Course, Household, ImportRow, Person, Right
from ledger.records import RECORDS
from ledger.workbooks import template, writing
from measures.models import Plan
from tests.ledger import stage

pytestmark = pytest.mark.django_db
Values = dict[str, Any]
CHILD, GROWN, NOT_KNOWN = date(2005, 1, 1), date(1985, 5, 1), None
AHEAD, BEFORE_BIRTH = date(2030, 1, 1), date(1984, 1, 1)
EARLY, LATER, RECENT = date(2019, 3, 1), date(2019, 4, 1), date(2019, 7, 1)

# For each sheet its form, a row that is right, and what its fields may hold besides, right or wrong.
FORMS: dict[str, tuple[str, Values, dict[str, list[Any]]]] = {
    "work": ("spell", {"kind": "unit", "started_on": LATER}, {
        "started_on": [AHEAD, BEFORE_BIRTH],
        "ended_on": [EARLY, RECENT, AHEAD],
        "pay_amount": [2300],
        "pay_period": ["month"],
        "employer": ["示例民族小学"],
        "project": ["贫困户养殖"],
        "end_reason": ["宗教"],
        "place": ["民族路"],
    }),
    "wishes": ("statement", {"kind": "job", "answer": "yes", "stated_on": LATER}, {
        "stated_on": [AHEAD, BEFORE_BIRTH],
        "at_own_wish": [True],
        "wants": ["不要贫困户岗位"],
    }),
    "training": ("training", {"course": "示例电焊班", "enrolled_on": LATER}, {
        "enrolled_on": [None, AHEAD, BEFORE_BIRTH],
        "offered_on": [EARLY, BEFORE_BIRTH],
        "completed_on": [EARLY, RECENT],
        "result": ["completed", "dropped"],
        "fee_paid": [100],
        "course": ["示例自费班"],
    }),
    "offers": ("match", {"title": "保洁员", "on": LATER, "outcome": "offered"}, {
        "on": [AHEAD, BEFORE_BIRTH],
        "employer": ["示例民族小学"],
        "title": [None, "党员活动员"],
        "outcome": ["declined"],
    }),
    "visits": ("visit", {"on": LATER, "outcome": "done", "visitor": "示例回访员"}, {
        "on": [AHEAD, BEFORE_BIRTH],
        "visitor": [None],
        "outcome": ["declined", "not_found"],
        "needs": ["思想状况"],
    }),
    "rights": ("right", {"right": "medical", "applicable": "yes", "checked_on": LATER, "finding": "lapsed"}, {
        "right": ["grassland", "pension"],
        "applicable": ["no"],
        "finding": [None, "kept"],
        "checked_on": [None, AHEAD, BEFORE_BIRTH],
        "resolved_on": [RECENT],
        "detail": ["贫困户"],
    }),
    "homes": ("home", {"registrable": "yes"}, {
        "registrable": ["no"],
        "blocked_reason": ["示例原因", "信教"],
        "certificate_no": ["示例0001"],
        "applied_on": [LATER, AHEAD],
        "issued_on": [EARLY, RECENT],
        "address": ["民族路1号"],
    }),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _stage(tacheng: Plan, settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.VAR = tmp_path
    stage.notice()
    common = {"county": stage.county(), "kind": "short", "created_at": stage.NOW}
    Course.objects.create(title="示例电焊班", free=True, **common)
    Course.objects.create(title="示例自费班", free=False, **common)
    with clock.standing_at(stage.NOW):
        yield


def _variants(base: Values, others: dict[str, list[Any]]) -> Iterator[Values]:
    """The row itself, and with each one and each two of its fields otherwise."""
    yield base
    single = [{name: value} for name, values in others.items() for value in values]
    for change in single:
        yield base | change
    for one, two in combinations(single, 2):
        if one.keys() != two.keys():
            yield base | one | two


def _roots(sheet: str, n: int, born: date | None) -> list[Any]:
    """A person, or a household, for each row, so that no row is another's neighbour."""
    common = {"county": stage.county(), "created_at": stage.NOW}
    if sheet == "homes":
        return [Household.objects.create(code=f"V-{nth}", resettlement="scattered", **common) for nth in range(n)]
    return [Person.objects.create(name=f"演示{nth}", birth_date=born, labour="ordinary", **common) for nth in range(n)]


def _before(sheet: str, roots: list[Any]) -> None:
    """Work and an answer that are there already."""
    by = stage.clerk()
    for root in roots:
        if sheet == "work":
            values: Values = {"kind": "flexible", "started_on": EARLY, "ended_on": date(2019, 3, 20), "is_main": True}
            records.add("spell", root, by=by, now=stage.NOW, values=values)
        elif sheet == "wishes":
            values = {"kind": "job", "answer": "no", "stated_on": RECENT, "stated_by": "self"}
            records.add("statement", root, by=by, now=stage.NOW, values=values)


def _by_form(code: str, root: Any, values: Values) -> bool:
    """Whether the form and its act take it. Nothing of it stays."""
    data: Values = {name: value for name, value in values.items() if value is not None}
    if "course" in data:
        data["course"] = Course.objects.get(title=data["course"]).pk
    record = RECORDS[code]
    filled_in = {"spell": {"is_main": "on"}, "statement": {"stated_by": "self"}, "training": {"fee_paid": "0"}}
    data = filled_in.get(code, {}) | data
    form = form_for(record, root, frozenset(right for right in Right.values), data)
    if not form.is_valid():
        return False
    try:
        with transaction.atomic():
            records.add(code, root, by=stage.clerk(), now=stage.NOW, values=form.values())
            transaction.set_rollback(True)
    except ValidationError:
        return False
    return True


def _by_workbook(code: str, roots: list[Any], rows: list[Values]) -> list[bool]:
    columns = {name: key for key, name in KINDS[code].fields.items()}
    who = "household_code" if code == "homes" else "person_code"
    told = [
        {who: root.code} | {columns.get(name, name): value for name, value in row.items() if value is not None}
        for root, row in zip(roots, rows, strict=True)
    ]
    file = io.BytesIO()
    sheet = next(one for one in template.SHEETS if one.code == code)
    writing.table(file, [(sheet, told)], watermark="", meta=writing.Meta(stage.TOLI, stage.NOW), masked=None)
    batch = uploading.upload(stage.county(), file, "台账.xlsx", by=stage.clerk(), now=stage.NOW)
    checking.check(batch.pk, stage.NOW)
    outcomes = ImportRow.objects.filter(batch=batch).order_by("number").values_list("outcome", flat=True)
    return [outcome != "error" for outcome in outcomes]


def test_every_kind_of_record_that_a_workbook_has_is_held_against_its_form() -> None:
    assert FORMS.keys() == KINDS.keys()
    for sheet, (code, _base, _others) in FORMS.items():
        assert RECORDS[code].model is KINDS[sheet].model


CASES = [
    *((sheet, GROWN, False) for sheet in FORMS),
    *((sheet, GROWN, True) for sheet in ("work", "wishes")),
    *((sheet, born, False) for sheet in ("wishes", "training", "offers") for born in (CHILD, NOT_KNOWN)),
]


@pytest.mark.parametrize(("sheet", "born", "again"), CASES)
def test_form_and_workbook_take_and_refuse_the_same(sheet: str, born: date | None, again: bool) -> None:
    """`again`: where work or an answer is there already."""
    code, base, others = FORMS[sheet]
    rows = list(_variants(base, others))
    roots = _roots(sheet, len(rows), born)
    if again:
        _before(sheet, roots)
    by_form = [_by_form(code, root, row) for root, row in zip(roots, rows, strict=True)]
    by_workbook = _by_workbook(sheet, roots, rows)
    differing = [
        (row, "form" if form else "workbook")
        for row, form, book in zip(rows, by_form, by_workbook, strict=True)
        if form != book
    ]
    assert not differing
    assert set(by_form) == ({True, False} if born == GROWN else {False})
