"""A county's workbook on its way into the ledger and out again, as the county's clerk sees it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from bureaus.access import NotYours, WrongMoment
from ledger.actions import people, records, retention
from ledger.encryption import CannotDecrypt
from ledger.imports import bulk, checking, committing, mistakes, storing, undoing, uploading
from ledger.models import (
    AuditEvent,
    Household,
    ImportBatch,
    ImportIssue,
    ImportRow,
    ItemState,
    Membership,
    Participation,
    Person,
    RightCheck,
    Spell,
    Statement,
    Survey,
)
from ledger.workbooks import template, writing
from ledger.workbooks.columns import Sheet
from ledger.workbooks.problems import Refused
from measures.models import Plan
from tests.ledger import books, stage

pytestmark = pytest.mark.django_db
NOW, LATER = stage.NOW, stage.NOW + timedelta(days=1)
BORN = date(1985, 5, 1)
Rows = Sequence[dict[str, Any]]


@pytest.fixture(autouse=True)
def _stage(tacheng: Plan, settings: Settings, tmp_path: Path) -> None:
    settings.VAR = tmp_path
    stage.notice()


def number(sequence: int) -> str:
    return stage.number(BORN, sequence)


def someone(sequence: int, home: str = "TL-1", **more: Any) -> dict[str, Any]:
    sex = "male" if sequence % 2 else "female"
    return {"household_code": home, "name": f"演示{sequence}", "id_number": number(sequence), "sex": sex} | more


def file(*sheets: tuple[Sheet, Rows], county: str = stage.TOLI) -> io.BytesIO:
    target = io.BytesIO()
    writing.table(target, sheets, watermark="", meta=writing.Meta(county, NOW), masked=None)
    return target


def uploaded(*sheets: tuple[Sheet, Rows], name: str = "台账.xlsx") -> ImportBatch:
    content = file(*sheets)
    batch = uploading.upload(stage.county(), content, name, by=stage.clerk(), now=NOW)
    return checking.check(batch.pk, NOW)


def taken_over(*sheets: tuple[Sheet, Rows], valid_only: bool = False) -> ImportBatch:
    batch = uploaded(*sheets)
    committing.begin(batch, by=stage.clerk(), now=NOW, valid_only=valid_only)
    return committing.commit(batch.pk)


def codes(batch: ImportBatch, severity: str = "error") -> list[tuple[str, int | None, str]]:
    issues = ImportIssue.objects.filter(batch=batch, severity=severity).order_by("id")
    return [(issue.sheet, issue.number, issue.code) for issue in issues]


def test_a_workbook_is_checked_looked_at_and_taken_over() -> None:
    rows = [
        someone(1, relation="head", phone="10000000001", township="铁厂沟镇", expected_members=2, education="junior",
                agreement_training="signed", surveyed_on=date(2019, 7, 1), informant="self"),
        someone(2, skills="拒答", surveyed_on=date(2019, 7, 1), informant="self"),
    ]  # fmt: skip
    batch = uploaded((template.PEOPLE, rows))
    assert (batch.state, batch.counts, batch.rows_done, batch.rows_total) == ("checked", {"new": 2}, 2, 2)
    assert not Person.objects.exists() and not Household.objects.exists()
    committing.begin(batch, by=stage.clerk(), now=NOW)
    batch = committing.commit(batch.pk)
    assert batch.state == "committed"
    home = Household.objects.get()
    assert (home.code, home.township, home.expected_members, home.county) == ("TL-1", "铁厂沟镇", 2, stage.county())
    first, second = Person.objects.order_by("id")
    assert (first.id_number, first.phone, first.birth_date, first.sex) == (number(1), "10000000001", BORN, "male")
    assert first.memberships.get().relation == Membership.Relation.HEAD
    assert first.agreements.get().outcome == "signed"
    assert ItemState.objects.get(person=second).state == "declined"
    assert Survey.objects.count() == 1 and Survey.objects.get().notice is not None
    acts = list(AuditEvent.objects.order_by("seq").values_list("action", "n"))
    assert acts == [("upload-workbook", 1), ("commit-workbook", 2)]


def test_an_export_brought_back_changes_what_was_changed_in_it_and_nothing_else() -> None:
    taken_over((template.PEOPLE, [someone(1, phone="10000000001"), someone(2)]))
    first, second = Person.objects.order_by("id")
    exported = [
        someone(1, person_code=first.code, version=1, phone="10000000009", labour="skilled"),
        someone(2, person_code=second.code, version=1),
    ]
    batch = uploaded((template.PEOPLE, exported))
    assert batch.counts == {"changed": 1, "unchanged": 1}
    row = ImportRow.objects.get(batch=batch, outcome="changed")
    assert row.changes == [["phone", "100****0001", "100****0009"], ["labour", "", "skilled"]]
    committing.begin(batch, by=stage.clerk(), now=NOW)
    committing.commit(batch.pk)
    first.refresh_from_db()
    assert (first.phone, first.labour, first.version) == ("10000000009", "skilled", 2)


def test_what_was_changed_here_meanwhile_is_a_conflict_and_is_not_overwritten() -> None:
    taken_over((template.PEOPLE, [someone(1, phone="10000000001")]))
    person = Person.objects.get()
    people.change_person(person, by=stage.clerk(), now=NOW, seen=1, phone="10000000005")
    batch = uploaded((template.PEOPLE, [someone(1, person_code=person.code, version=1, phone="10000000009")]))
    assert batch.counts == {"conflict": 1} and batch.issue_counts == {"changed_meanwhile": 1}
    with pytest.raises(WrongMoment):
        committing.begin(batch, by=stage.clerk(), now=NOW)
    # Without an edition nothing is overwritten, but what is empty is filled in.
    batch = uploaded((template.PEOPLE, [someone(1, phone="10000000009")]))
    assert batch.issue_counts == {"no_edition": 1}
    batch = taken_over((template.PEOPLE, [someone(1, education="junior")]))
    person.refresh_from_db()
    assert (person.phone, person.education) == ("10000000005", "junior")


def test_whoever_was_faster_wins_and_the_workbook_is_checked_again() -> None:
    taken_over((template.PEOPLE, [someone(1)]))
    person = Person.objects.get()
    batch = uploaded(
        (template.PEOPLE, [someone(1, person_code=person.code, version=1, phone="10000000009"), someone(2)])
    )
    people.change_person(person, by=stage.clerk(), now=NOW, seen=1, phone="10000000005")
    committing.begin(batch, by=stage.clerk(), now=NOW)
    with pytest.raises(WrongMoment):
        committing.commit(batch.pk)
    assert Person.objects.count() == 1  # all or nothing
    batch = checking.check(batch.pk, NOW)
    assert batch.counts == {"conflict": 1, "new": 1}


def test_the_mistakes_of_a_file_are_told_by_cell_with_both_rows_of_a_double() -> None:
    elsewhere = stage.person(stage.household("EM-1", "654221"), id_number=stage.number(BORN, 77))
    rows = [
        someone(1),
        someone(1, home="TL-2"),
        someone(2, birth_date=date(1990, 1, 1)),
        someone(77),
        someone(3, person_code="NOBODY"),
        someone(4, site="无此安置点", home="TL-4"),
        someone(5, phone="123", education="博士后"),
        {"household_code": "TL-9", "id_number": 6.5e17, "name": "演示九"},
    ]
    batch = uploaded((template.PEOPLE, rows))
    assert batch.counts == {"error": 8} or batch.counts == {"new": 0, "error": 8}
    assert sorted(codes(batch)) == [
        ("people", 3, "id_twice"),
        ("people", 4, "id_twice"),
        ("people", 5, "id_disagrees"),
        ("people", 6, "other_county"),
        ("people", 7, "unknown_person_code"),
        ("people", 8, "unknown_site"),
        ("people", 9, "not_a_choice"),
        ("people", 9, "phone_invalid"),
        ("people", 10, "id_is_number"),
    ]
    kept = str(list(ImportIssue.objects.filter(batch=batch).values()))
    assert number(1) not in kept and stage.number(BORN, 77) not in kept and elsewhere.name not in kept
    for issue in ImportIssue.objects.filter(batch=batch):
        message, cure = mistakes.words_of(issue)
        assert message and cure and "%(" not in message + cure


def test_somebody_alike_waits_for_a_person_to_decide() -> None:
    stage.person(stage.household(), name="演示甲", birth_date=BORN)
    twin = {"household_code": "TL-2", "name": "演示甲", "birth_date": BORN, "sex": "male"}
    batch = uploaded((template.PEOPLE, [twin]))
    assert batch.counts == {"duplicate": 1}
    committing.enter_nevertheless(batch.rows.get(), by=stage.clerk(), now=NOW)
    batch.refresh_from_db()
    assert batch.counts == {"duplicate": 0, "new": 1}
    committing.begin(batch, by=stage.clerk(), now=NOW)
    committing.commit(batch.pk)
    assert Person.objects.filter(name="演示甲").count() == 2


def test_who_somebody_is_is_not_changed_by_a_file() -> None:
    person = stage.person(stage.household("TL-1"), name="演示1", birth_date=BORN, id_number=number(1))
    row = someone(1, person_code=person.code, version=person.version, name="别人")
    assert codes(uploaded((template.PEOPLE, [row]))) == [("people", 3, "identity_fixed")]


def test_only_the_rows_without_mistakes_and_the_rest_as_a_file_to_put_right(tmp_path: Path) -> None:
    batch = taken_over((template.PEOPLE, [someone(1), someone(2, phone="123")]), valid_only=True)
    assert [person.name for person in Person.objects.all()] == ["演示1"]
    path = tmp_path / "mistakes.xlsx"
    assert mistakes.workbook(batch, path, now=NOW) == 1
    import openpyxl

    book = openpyxl.load_workbook(path)
    page = book[str(template.PEOPLE.title)]
    letters = {cell.value: cell.column_letter for cell in page[2]}
    assert page[f"{letters['name']}3"].value == "演示2"
    page[f"{letters['phone']}3"] = "10000000002"
    book.save(path)
    with path.open("rb") as again:
        batch = uploading.upload(stage.county(), again, "again.xlsx", by=stage.clerk(), now=NOW)
    assert checking.check(batch.pk, NOW).counts == {"new": 1}


def test_the_same_file_is_the_same_batch_and_a_check_done_twice_is_done_once() -> None:
    content = file((template.PEOPLE, [someone(1)]))
    first = uploading.upload(stage.county(), content, "a.xlsx", by=stage.clerk(), now=NOW)
    again = uploading.upload(stage.county(), content, "b.xlsx", by=stage.clerk(), now=NOW)
    assert first.pk == again.pk and len(list(storing.folder().iterdir())) == 1
    checking.check(first.pk, NOW)
    checking.check(first.pk, NOW)
    assert ImportRow.objects.count() == 1
    uploading.discard(first, by=stage.clerk(), now=NOW)
    assert not ImportRow.objects.exists() and not list(storing.folder().iterdir())
    assert uploading.upload(stage.county(), content, "c.xlsx", by=stage.clerk(), now=NOW).pk != first.pk


def test_another_countys_clerk_may_nothing() -> None:
    stranger = stage.clerk("654221")
    with pytest.raises(NotYours):
        uploading.upload(stage.county(), file((template.PEOPLE, [someone(1)])), "a.xlsx", by=stranger, now=NOW)
    batch = uploaded((template.PEOPLE, [someone(1)]))
    for act in (committing.begin, uploading.discard, undoing.undo):
        with pytest.raises(NotYours):
            act(batch, by=stranger, now=NOW)


def test_a_file_that_can_no_longer_be_read_is_said_and_can_be_uploaded_again() -> None:
    """Its key is gone, or the disk has lost a piece: it does not stay in checking for ever."""
    content = file((template.PEOPLE, [someone(1)]))
    batch = uploading.upload(stage.county(), content, "台账.xlsx", by=stage.clerk(), now=NOW)
    path = storing.folder() / batch.stored_as
    path.write_bytes(path.read_bytes()[:-1])
    batch = checking.check(batch.pk, NOW)
    assert batch.state == "refused" and all(checking.why_refused(batch))
    again = uploading.upload(stage.county(), content, "台账.xlsx", by=stage.clerk(), now=NOW)
    assert checking.check(again.pk, NOW).state == "checked"


def test_a_hostile_file_is_refused_and_nothing_is_kept() -> None:
    with pytest.raises(Refused):
        uploading.upload(
            stage.county(), io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "a.xls", by=stage.clerk(), now=NOW
        )
    assert not ImportBatch.objects.exists()
    batch = uploading.upload(
        stage.county(), io.BytesIO(books.workbook({"会议": [["时间", "地点"]]})), "a.xlsx", by=stage.clerk(), now=NOW
    )
    batch = checking.check(batch.pk, NOW)
    assert batch.state == "refused" and all(checking.why_refused(batch))


def test_the_file_lies_encrypted_and_a_changed_one_is_not_taken_for_it() -> None:
    batch = uploaded((template.PEOPLE, [someone(1)]))
    path = storing.folder() / batch.stored_as
    content = path.read_bytes()
    assert b"PK\x03\x04" not in content
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CannotDecrypt), storing.opened(batch.stored_as):
        pass
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CannotDecrypt), storing.opened(batch.stored_as):
        pass


def test_no_number_stands_readable_in_what_a_check_keeps() -> None:
    uploaded((template.PEOPLE, [someone(1, phone="10000000001"), someone(3, phone="1000000000x")]))
    with connection.cursor() as cursor:
        for model in (ImportBatch, ImportRow, ImportIssue):
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            everything = str([bytes(cell) if isinstance(cell, memoryview) else cell for row in cursor for cell in row])
            assert number(1) not in everything and number(3) not in everything and "10000000001" not in everything


WORK = {
    "kind": "unit",
    "started_on": date(2019, 3, 1),
    "employer": "示例公司",
    "pay_amount": 2300,
    "pay_period": "month",
}
RECORDS: list[tuple[Sheet, dict[str, Any]]] = [
    (template.WORK, WORK),
    (template.WISHES, {"kind": "training", "answer": "yes", "stated_on": date(2019, 7, 1)}),
    (
        template.TRAINING,
        {"course": "电焊", "course_kind": "short", "completed_on": date(2019, 7, 5), "result": "completed"},
    ),
    (template.OFFERS, {"title": "保安", "matched_on": date(2019, 7, 2)}),
    (template.VISITS, {"visited_on": date(2019, 7, 3), "outcome": "done", "visitor": "某人"}),
    (template.RIGHTS, {"right": "medical", "applicable": "yes", "finding": "kept", "checked_on": date(2019, 7, 4)}),
]


def all_sheets(sequence: int = 1) -> list[tuple[Sheet, Rows]]:
    who = {"id_number": number(sequence)}
    sheets: list[tuple[Sheet, Rows]] = [(template.PEOPLE, [someone(sequence)])]
    sheets += [(sheet, [who | row]) for sheet, row in RECORDS]
    return [*sheets, (template.HOMES, [{"household_code": "TL-1", "address": "示例路1号", "registrable": "yes"}])]


def test_one_file_brings_somebody_new_with_all_that_is_recorded_about_them() -> None:
    batch = taken_over(*all_sheets())
    assert batch.counts == {"new": 8}
    person = Person.objects.get()
    assert person.version == 1
    assert (person.spells.get().employer, person.statements.get().answer) == ("示例公司", "yes")
    assert person.trainings.get().course.title == "电焊" and person.matches.get().title == "保安"
    assert person.visits.get().outcome == "done" and person.right_checks.get().finding == "kept"
    assert Household.objects.get().dwellings.get().address == "示例路1号"
    # The same rows once more say nothing new, in whatever file.
    again = uploaded((template.PEOPLE, [someone(1), someone(2)]), *all_sheets()[1:])
    assert again.counts == {"unchanged": 8, "new": 1}


def test_records_are_held_against_the_rules_of_the_ledger() -> None:
    child = stage.number(date(2006, 1, 1), 1)
    grown = {"id_number": number(1)}
    rows: list[tuple[Sheet, Rows]] = [
        (template.PEOPLE, [someone(1), {"household_code": "TL-1", "name": "演示童", "id_number": child}]),
        (
            template.WORK,
            [
                grown | WORK,
                grown | WORK | {"kind": "farming", "started_on": date(2019, 5, 1)},
                grown | WORK | {"started_on": date(2018, 5, 1), "ended_on": date(2018, 4, 1)},
                {"id_number": number(9)} | WORK,
                dict(WORK),
            ],
        ),
        (
            template.WISHES,
            [
                {"id_number": child, "kind": "job", "answer": "yes", "stated_on": date(2019, 7, 1)},
                grown | {"kind": "job", "answer": "no", "stated_on": date(2019, 6, 1)},
                grown | {"kind": "job", "answer": "yes", "stated_on": date(2019, 7, 1)},
                grown | {"kind": "job", "answer": "yes", "stated_on": date(2019, 7, 2), "at_own_wish": True},
            ],
        ),
        (template.RIGHTS, [grown | {"right": "grassland", "applicable": "no"}]),
        (template.HOMES, [{"household_code": "TL-8"}]),
    ]
    assert sorted(codes(uploaded(*rows))) == [
        ("homes", 3, "unknown_household"),
        ("rights", 3, "right_of_whom"),
        ("wishes", 3, "too_young"),
        ("wishes", 5, "asked_again"),
        ("work", 4, "other_main_work"),
        ("work", 5, "ends_before"),
        ("work", 6, "unknown_person"),
        ("work", 7, "nobody_named"),
    ]


def test_work_beside_the_main_one_is_put_right_by_a_workbook() -> None:
    taken_over((template.PEOPLE, [someone(1)]), (template.WORK, [{"id_number": number(1)} | WORK]))
    person = Person.objects.get()
    beside = {"kind": "flexible", "started_on": date(2019, 6, 1), "is_main": False}
    records.add("spell", person, by=stage.clerk(), now=NOW, values=beside)
    row = {"person_code": person.code, "version": 1, "kind": "flexible", "started_on": date(2019, 6, 1)}
    batch = taken_over((template.WORK, [row | {"place": "演示乡镇"}]))
    assert batch.counts == {"changed": 1}
    assert list(person.spells.filter(is_main=False).values_list("place", flat=True)) == ["演示乡镇"]


def test_an_answer_that_is_there_is_not_judged_again_when_it_comes_back() -> None:
    """They were asked, and came by themselves soon after: both answers stand, in whatever order a file has them."""
    asked = {"id_number": number(1), "kind": "job", "answer": "no", "stated_on": date(2019, 6, 1)}
    came = asked | {"answer": "yes", "stated_on": date(2019, 7, 1), "at_own_wish": True}
    taken_over((template.PEOPLE, [someone(1)]), (template.WISHES, [asked, came]))
    assert uploaded((template.WISHES, [came, asked])).counts == {"unchanged": 2}
    assert uploaded((template.WISHES, [asked, came])).counts == {"unchanged": 2}


def test_undoing_puts_back_what_was_changed_and_removes_what_was_entered() -> None:
    taken_over((template.PEOPLE, [someone(1, phone="10000000001", township="铁厂沟镇")]))
    person = Person.objects.get()
    change = someone(1, person_code=person.code, version=1, phone="10000000009", township="乌雪特乡")
    batch = taken_over(
        (template.PEOPLE, [change, someone(2, home="TL-2")]),
        (template.WORK, [{"person_code": person.code} | WORK, {"id_number": number(2)} | WORK]),
    )
    assert Person.objects.count() == 2 and Spell.objects.count() == 2
    undone = undoing.undo(batch, by=stage.clerk(), now=LATER)
    assert undone.state == "undone" and undone.undone_by == stage.clerk()
    person = Person.objects.get()
    assert (person.phone, person.version) == ("10000000001", 3)
    assert Household.objects.get().township == "铁厂沟镇" and not Spell.objects.exists()
    found = Person.objects.get(phone_index=person.phone_index)
    assert found.pk == person.pk


def test_nothing_is_taken_back_once_the_file_was_purged() -> None:
    """What stood there before went with it."""
    taken_over((template.PEOPLE, [someone(1, phone="10000000001")]))
    person = Person.objects.get()
    change = someone(1, person_code=person.code, version=1, phone="10000000009")
    batch = taken_over((template.PEOPLE, [change]))
    assert len(list(storing.folder().iterdir())) == 2
    ImportBatch.objects.update(uploaded_at=NOW - timedelta(days=31))
    assert retention.purge_workbooks(NOW) == 2
    assert list(storing.folder().iterdir()) == []
    with pytest.raises(WrongMoment):
        undoing.undo(batch, by=stage.clerk(), now=LATER)
    person.refresh_from_db()
    assert person.phone == "10000000009"


def test_what_was_said_stays_withdrawn_and_its_person_is_closed() -> None:
    batch = taken_over(*all_sheets())
    undoing.undo(batch, by=stage.clerk(), now=LATER)
    statement = Statement.objects.get()
    assert statement.withdrawn_at == LATER
    person = Person.objects.get()
    assert (person.status, person.id_number, person.id_index) == ("duplicate", None, None)
    assert not Person.objects.living_here().exists() and not Household.objects.filter(status="active").exists()
    assert not Participation.objects.exists() and not RightCheck.objects.exists()


def test_nothing_is_undone_once_somebody_has_worked_with_it() -> None:
    batch = taken_over((template.PEOPLE, [someone(1)]))
    people.change_person(Person.objects.get(), by=stage.clerk(), now=NOW, seen=1, education="junior")
    with pytest.raises(WrongMoment):
        undoing.undo(batch, by=stage.clerk(), now=LATER)
    assert Person.objects.get().education == "junior"


def test_townships_on_sheets_of_their_own_and_doubles_across_them() -> None:
    head = ["户编号", "姓名", "身份证号"]
    content = books.workbook(
        {
            "铁厂沟": [head, ["TL-1", "演示1", number(1)]],
            "乌雪特": [head, ["TL-2", "演示2", number(2)], ["TL-3", "演示3", number(1)]],
        }
    )
    batch = uploading.upload(stage.county(), io.BytesIO(content), "a.xlsx", by=stage.clerk(), now=NOW)
    batch = checking.check(batch.pk, NOW)
    assert sorted(codes(batch)) == [("people", 2, "id_twice"), ("people.2", 3, "id_twice")]
    assert batch.counts["new"] == 1


def test_rows_written_in_bulk_are_what_the_model_would_have_written() -> None:
    given = {"name": "演示甲", "birth_date": BORN, "phone": "10000000001", "labour": "ordinary"}
    common = {"county_id": stage.county().pk, "created_at": NOW, "created_by_id": stage.clerk().pk}
    bulk.insert(Person, [given, {"name": "演示乙"}], common)
    made = [Person.objects.create(**given, **common), Person.objects.create(name="演示乙", **common)]
    for written, like in zip(Person.objects.order_by("id")[:2], made, strict=True):
        like.refresh_from_db()
        for field in Person._meta.local_concrete_fields:
            if field.name not in ("id", "uid", "code"):
                assert getattr(written, field.attname) == getattr(like, field.attname), field.name
        assert written.uid != like.uid and len(written.code) == 10
    with pytest.raises(TypeError):
        bulk.insert(Person, [{"nam": "演示"}], common)
