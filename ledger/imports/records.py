"""The sheets of records: work, wishes, training, posts offered, visits, rights, homes. Judged by the chunk.

A row is about the person of its code or ID number (in the ledger, or new on the roster of the same file), or about a
household. Whether it is there already is told by what makes it one (`Kind.same`): the day and kind of work, say. One
that is there is changed under the rules of the roster; a statement never is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from django.db import models

from bureaus.models import Bureau
from ledger import blind, id_numbers, rules, terms
from ledger.imports.judged import Late, Line, Outcome
from ledger.imports.roster import Seen, digest
from ledger.models import (
    Course,
    Dwelling,
    Household,
    JobMatch,
    Participation,
    Person,
    RightCheck,
    Spell,
    Statement,
    Visit,
)
from ledger.models.rights import OF_PERSONS
from ledger.rules import Fault, Faults
from ledger.workbooks.columns import Sheet
from ledger.workbooks.problems import ERROR, WARNING
from ledger.workbooks.values import Word

_NULLED = frozenset({"ended_on", "pay_amount", "jobs_created", "still_employed", "address", "applied_on", "issued_on"})
_NULLED |= {"checked_on", "resolved_on", "offered_on", "enrolled_on", "completed_on"}


@dataclass(frozen=True)
class Kind:
    """`fields`: column → field; `same`: the fields that make a row the one that is there already."""

    model: type[models.Model]
    fields: dict[str, str]
    same: tuple[str, ...]
    rule: Callable[[Line, Subject, Any, Neighbours], Faults]
    part: str

    @cached_property
    def keys(self) -> dict[str, str]:
        """Field → column."""
        return {name: key for key, name in self.fields.items()}


@dataclass(frozen=True)
class Subject:
    """Whom a row is about: somebody of the ledger (`pk`), or somebody new of this file."""

    uid: uuid.UUID
    pk: int | None
    version: int
    born: date | None
    is_household: bool = False


@dataclass
class Neighbours:
    """Other rows of the persons of a chunk, in the ledger and earlier in the file."""

    spells: dict[uuid.UUID, list[tuple[date, date | None, Any]]] = field(default_factory=dict)
    statements: dict[tuple[uuid.UUID, str], list[tuple[date, str]]] = field(default_factory=dict)
    courses: dict[str, Course] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    reask_days: int = 180


# --- Rules (`ledger.rules`), for many rows at once -------------------------------------------------


def _spell(line: Line, subject: Subject, row: Any, near: Neighbours) -> Faults:
    others = near.spells.get(subject.uid, [])
    return rules.spell(row, [one[:2] for one in others if (one[0], one[2]) != (row.started_on, row.kind)])


def _statement(line: Line, subject: Subject, row: Any, near: Neighbours) -> Faults:
    others = near.statements.get((subject.uid, row.kind or ""), [])
    same = [answer for on, answer in others if on == row.stated_on]
    if same:  # it is there already, and is not judged again
        return {} if row.answer in same else {"answer": Fault("said_already")}
    return rules.statement(row, subject.born, [on for on, _answer in others], near.reask_days)


def _training(line: Line, subject: Subject, row: Any, near: Neighbours) -> Faults:
    title = line.given("course") or ""
    course = near.courses.get(title)
    if course is None and title and not line.given("course_kind"):
        line.wrong("course_kind_missing", "course_kind")
    organiser = line.given("organiser")
    if organiser and organiser not in near.units:
        line.wrong("unknown_unit", "organiser", WARNING)
    return rules.training(row, subject.born, is_free_of_charge=course is None or course.free)


def _match(line: Line, subject: Subject, row: Any, near: Neighbours) -> Faults:
    return rules.match(row, subject.born)


def _visit(line: Line, subject: Subject, row: Any, near: Neighbours) -> Faults:
    return rules.visit(row)


def _right(line: Line, subject: Subject, row: Any, near: Neighbours) -> Faults:
    return rules.right(row, of_person=not subject.is_household, is_persons=row.right in OF_PERSONS)


def _dwelling(line: Line, subject: Subject, row: Any, near: Neighbours) -> Faults:
    return rules.dwelling(row)


def _alike(*names: str, **renamed: str) -> dict[str, str]:
    return {**{name: name for name in names}, **renamed}


KINDS = {
    "work": Kind(
        Spell,
        _alike(
            "kind",
            "channel",
            "employer",
            "place",
            "industry",
            "started_on",
            "ended_on",
            "end_reason",
            "pay_amount",
            "pay_period",
            "project",
            "jobs_created",
            "source_label",
        ),
        ("started_on", "kind"),
        _spell,
        "person",
    ),
    "wishes": Kind(
        Statement,
        _alike("kind", "answer", "stated_on", "stated_by", "at_own_wish", note="wants"),
        ("stated_on", "kind"),
        _statement,
        "person",
    ),
    "training": Kind(
        Participation,
        _alike("offered_on", "enrolled_on", "completed_on", "result", "fee_paid"),
        ("course",),
        _training,
        "person",
    ),
    "offers": Kind(
        JobMatch, _alike("employer", "title", "outcome", matched_on="on"), ("on", "title"), _match, "person"
    ),
    "visits": Kind(
        Visit,
        _alike("method", "visitor", "outcome", "still_employed", "needs", visited_on="on"),
        ("on",),
        _visit,
        "person",
    ),
    "rights": Kind(
        RightCheck,
        _alike("right", "applicable", "checked_on", "finding", "detail", "resolved_on"),
        ("right", "checked_on"),
        _right,
        "either",
    ),
    "homes": Kind(
        Dwelling,
        _alike("address", "special", "registrable", "blocked_reason", "applied_on", "certificate_no", "issued_on"),
        (),
        _dwelling,
        "household",
    ),
}


class Records:
    """Judges the rows of one sheet of records, chunk after chunk."""

    def __init__(self, county: Bureau, sheet: Sheet, seen: Seen) -> None:
        self.county, self.kind, self.seen = county, KINDS[sheet.code], seen
        self.late: list[Late] = []
        self.told: set[int] = set()
        self.near = Neighbours(reask_days=terms.current().reask_days)
        if sheet.code == "training":
            self.near.units = dict(Bureau.objects.values_list("name", "pk"))

    def judge(self, lines: Sequence[Line]) -> None:
        subjects = self._subjects(lines)
        self._load_neighbours(lines, subjects)
        there = self._there(subjects)
        for line in lines:
            subject = subjects.get(id(line))
            if subject is not None and not line.is_wrong():
                self._judge(line, subject, there)
            if line.is_wrong() or subject is None:
                line.outcome, line.plan, line.before, line.changes = Outcome.ERROR, None, None, []

    # --- Whom it is about --------------------------------------------------------------------------

    def _subjects(self, lines: Sequence[Line]) -> dict[int, Subject]:
        codes = {line.given("person_code") for line in lines} - {None}
        indexes = {id(line): blind.of_id_number(line.given("id_number")) for line in lines if line.given("id_number")}
        only = ("uid", "code", "id_index", "county_id", "version", "birth_date", "status")
        by_code = {row.code: row for row in Person.objects.filter(code__in=codes).only(*only)}
        by_index = {row.id_index: row for row in Person.objects.filter(id_index__in=indexes.values()).only(*only)}
        homes = {}
        if self.kind.part != "person":
            named = {line.given("household_code") for line in lines} - {None}
            homes = {row.code: row for row in Household.objects.filter(county=self.county, code__in=named)}
        found = {}
        for line in lines:
            subject = self._subject(line, indexes.get(id(line)), by_code, by_index, homes)
            if subject is not None:
                found[id(line)] = subject
        return found

    def _subject(
        self,
        line: Line,
        index: str | None,
        by_code: dict[str, Person],
        by_index: dict[str | None, Person],
        homes: dict[str, Household],
    ) -> Subject | None:
        code = line.given("person_code")
        names_person = bool(code or index)
        if self.kind.part == "household" or (self.kind.part == "either" and not names_person):
            return self._home(line, homes)
        person = by_code.get(code) if code else None
        if code and person is None:
            line.wrong("unknown_person_code", "person_code")
            return None
        by_number = by_index.get(index) if index else None
        if person is not None and by_number is not None and by_number.pk != person.pk:
            line.wrong("id_of_another", "id_number")
            return None
        person = person or by_number
        if person is None:
            if index is None or digest(index) not in self.seen.coming:
                line.wrong("unknown_person" if index else "nobody_named", "id_number")
                return None
            return Subject(self.seen.uid(index), None, 0, id_numbers.birth_date(line.given("id_number")))
        if person.county_id != self.county.pk:
            line.wrong("other_county", "person_code" if code else "id_number")
            return None
        if person.status != Person.Status.ACTIVE:
            line.wrong("not_active", "person_code" if code else "id_number")
            return None
        return Subject(person.uid, person.pk, person.version, person.birth_date)

    def _home(self, line: Line, homes: dict[str, Household]) -> Subject | None:
        code = line.given("household_code")
        if not code:
            line.wrong("nobody_named", "household_code")
            return None
        home = homes.get(code)
        if home is not None:
            return Subject(home.uid, home.pk, home.version, None, is_household=True)
        if digest(code) not in self.seen.new_households:
            line.wrong("unknown_household", "household_code")
            return None
        return Subject(self.seen.uid(code), None, 0, None, is_household=True)

    # --- What is there already -----------------------------------------------------------------------

    def _there(self, subjects: dict[int, Subject]) -> dict[tuple[Any, ...], Any]:
        """Rows of the ledger by whom they are about and what makes them one."""
        found: dict[tuple[Any, ...], Any] = {}
        model = self.kind.model._default_manager
        for root in ("person", "household"):
            if self.kind.part not in (root, "either"):
                continue
            is_household = root == "household"
            pks = {one.pk: one.uid for one in subjects.values() if one.pk and one.is_household == is_household}
            rows = model.filter(**{f"{root}__in": list(pks)}).order_by("id")
            if self.kind.model is Statement:
                rows = rows.filter(withdrawn_at=None)
            if self.kind.model is Participation:
                rows = rows.select_related("course")
            for row in rows:
                found[(pks[getattr(row, f"{root}_id")], *self._mark(row))] = row
        return found

    def _mark(self, row: Any) -> tuple[Any, ...]:
        if self.kind.model is Participation:
            return (row.course.title,)
        return tuple(getattr(row, name) for name in self.kind.same)

    def _load_neighbours(self, lines: Sequence[Line], subjects: dict[int, Subject]) -> None:
        pks = {one.pk: one.uid for one in subjects.values() if one.pk and not one.is_household}
        near = self.near
        if self.kind.model is Spell:
            near.spells = {}
            rows = Spell.objects.filter(person__in=list(pks), is_main=True)
            for person, start, end, kind in rows.values_list("person_id", "started_on", "ended_on", "kind"):
                near.spells.setdefault(pks[person], []).append((start, end, kind))
        elif self.kind.model is Statement:
            near.statements = {}
            said = Statement.objects.filter(person__in=list(pks), withdrawn_at=None)
            for person, kind, on, answer in said.values_list("person_id", "kind", "stated_on", "answer"):
                near.statements.setdefault((pks[person], kind), []).append((on, answer))
        elif self.kind.model is Participation:
            titles = {line.given("course") for line in lines} - {None}
            known = Course.objects.filter(title__in=titles).filter(models.Q(county=self.county) | models.Q(county=None))
            near.courses = {course.title: course for course in known.order_by("-county_id", "-id")}

    # --- One row ---------------------------------------------------------------------------------------

    def _judge(self, line: Line, subject: Subject, there: dict[tuple[Any, ...], Any]) -> None:
        sheet = line.sheet
        given: dict[str, Any] = {}
        for key, name in self.kind.fields.items():
            if key in line.values:
                value = line.values[key]
                if isinstance(value, Word):
                    value = None if key in _NULLED else ""  # type: ignore[assignment]
                given[name] = value
        title = line.given("course")
        mark = (title,) if self.kind.model is Participation else tuple(given.get(name) for name in self.kind.same)
        row = there.get((subject.uid, *mark))
        if row is None:
            for column in sheet.columns:
                if column.required and column.key != "household_code" and line.given(column.key) is None:
                    line.wrong("required", column.key)
        whole = {name: getattr(row, name, None) for name in self.kind.fields.values()} | given
        if self.kind.model is Spell:
            whole["is_main"] = row.is_main if row else True
        self._hold_against_rules(line, subject, whole)
        again = digest(f"{subject.uid}|{mark}")
        if again in self.told:
            line.wrong("row_twice", self._first_key(line))
        self.told.add(again)
        if line.is_wrong():
            return
        line.subject = subject.uid
        self._remember(subject, whole)
        plan: dict[str, Any] = {"fields": given, "household": subject.is_household, "is_new": subject.pk is None}
        if self.kind.model is Participation:
            plan["course"] = {
                "title": title,
                "kind": line.given("course_kind"),
                "organiser": self.near.units.get(line.given("organiser") or ""),
            }
        if row is None:
            line.outcome, line.plan = Outcome.NEW, plan
            return
        self._compare(line, row, given, plan)

    def _hold_against_rules(self, line: Line, subject: Subject, whole: dict[str, Any]) -> None:
        days = {name: value for name, value in whole.items() if isinstance(value, date)}
        faults = rules.before_birth(days, subject.born)
        faults |= self.kind.rule(line, subject, SimpleNamespace(**whole), self.near)
        for name, (code, params) in faults.items():
            line.wrong(code, self.kind.keys[name], ERROR, **params)

    def _compare(self, line: Line, row: Any, given: dict[str, Any], plan: dict[str, Any]) -> None:
        differing = {name: value for name, value in given.items() if getattr(row, name) != value}
        if self.kind.model is Statement or not differing:
            line.outcome = Outcome.UNCHANGED
            return
        before = {name: getattr(row, name) for name in differing}
        for name, value in differing.items():
            line.changed(self.kind.keys[name], before[name], value)
        plan["fields"], plan["pk"] = differing, row.pk
        line.version = row.version
        line.plan, line.before = plan, before
        line.outcome = Outcome.CHANGED
        said = line.given("version")
        if said is not None and row.version > said:
            line.outcome = Outcome.CONFLICT
            line.wrong("changed_meanwhile", "version", WARNING, said=said, now=row.version)
        elif said is not None and said > row.version:
            line.wrong("unknown_edition", "version")
        elif said is None and any(value not in (None, "") for value in before.values()):
            line.outcome = Outcome.CONFLICT
            line.wrong("no_edition", "version" if "version" in line.sheet.keys else "", WARNING)

    def _remember(self, subject: Subject, values: dict[str, Any]) -> None:
        """Later rows of the file are held against this one, too."""
        near = self.near
        if self.kind.model is Spell and values["is_main"]:
            spell = (values["started_on"], values.get("ended_on"), values.get("kind"))
            mine = near.spells.setdefault(subject.uid, [])
            near.spells[subject.uid] = [one for one in mine if (one[0], one[2]) != (spell[0], spell[2])] + [spell]
        elif self.kind.model is Statement:
            said = (values["stated_on"], values["answer"])
            near.statements.setdefault((subject.uid, values["kind"]), []).append(said)

    def _first_key(self, line: Line) -> str:
        return self.kind.keys.get(self.kind.same[0], "") if self.kind.same else ""
