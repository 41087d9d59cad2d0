"""Writing what a checked workbook says, by the chunk: the one place where rows of the ledger come from a file.

A person or household that was there gets one new edition by a workbook, however many of its rows speak of it. Rows
that are new carry the workbook (`batch`), by which they are found when it is taken back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, Model

from bureaus.clock import local_date
from ledger import blind
from ledger.imports import bulk
from ledger.imports.judged import Outcome, unpacked
from ledger.imports.records import KINDS
from ledger.models import (
    Agreement,
    Course,
    Dwelling,
    Household,
    HouseholdEvent,
    ImportBatch,
    ImportRow,
    ItemState,
    Membership,
    NoticeText,
    Participation,
    Person,
    RightCheck,
    Statement,
    Survey,
)
from measures.models import Site

Plan = dict[str, Any]


class Meanwhile(Exception):
    """Somebody has written what the workbook speaks of since it was checked."""


class Writer:
    """Writes within the caller's transaction."""

    def __init__(self, batch: ImportBatch) -> None:
        assert batch.committed_by is not None and batch.committed_at is not None
        self.batch, self.county = batch, batch.county
        self.by, self.now = batch.committed_by, batch.committed_at
        self.sites = {site.name: site.pk for site in Site.objects.filter(county=self.county).order_by("plan_id")}
        self.notices = list(NoticeText.objects.order_by("valid_from", "number").values_list("valid_from", "pk"))
        self.touched: dict[type[Model], set[int]] = {Person: set(), Household: set()}
        self.courses: dict[str, int] = {}
        self.common = {"created_at": self.now, "created_by_id": self.by.pk, "batch_id": batch.pk}

    def _made(self) -> dict[str, Any]:
        return {"created_at": self.now, "created_by": self.by, "batch": self.batch}

    def _touch(self, row: Any) -> None:
        """The next edition, once for each workbook."""
        touched = self.touched[type(row)]
        if row.pk not in touched:
            touched.add(row.pk)
            row.version += 1
        row.updated_at, row.updated_by = self.now, self.by

    # --- The roster --------------------------------------------------------------------------------

    def roster(self, rows: Sequence[ImportRow]) -> None:
        plans = [(row, unpacked(row.values or "{}")) for row in rows]
        homes = self._households(plans)
        self._new_persons([(row, plan) for row, plan in plans if row.outcome == Outcome.NEW], homes)
        self._changed_persons([(row, plan) for row, plan in plans if row.outcome == Outcome.CHANGED])
        self._surveys(plans, homes)

    def _households(self, plans: Sequence[tuple[ImportRow, Plan]]) -> dict[str, Household]:
        codes = {plan["code"] for _row, plan in plans if plan["code"]}
        there = Household.objects.filter(county=self.county)
        homes = {home.code: home for home in there.select_for_update(no_key=True).filter(code__in=codes)}
        new: dict[str, dict[str, Any]] = {}
        for row, plan in plans:
            code = plan["code"]
            values = dict(plan["household"])
            if "site" in values:
                values["site_id"] = self.sites.get(values.pop("site"))
            if code and code not in homes and code not in new:
                uid = uuid.UUID(plan["household_uid"]) if plan.get("household_uid") else uuid.uuid4()
                new[code] = {"uid": uid, "code": code, **values}
            elif code in new:
                new[code].update(values)
            elif values:
                home = homes[code]
                before = unpacked(row.before or "{}")
                if home.pk not in self.touched[Household] and home.version != before.get("household_version"):
                    raise Meanwhile(code)
                for name, value in values.items():
                    setattr(home, name, value)
                self._touch(home)
                home.save()
        bulk.insert(Household, list(new.values()), self.common | {"county_id": self.county.pk})
        made = {home.code: home for home in there.filter(code__in=new)}
        common = {"kind": "created", "on": local_date(self.now), "by_id": self.by.pk, "at": self.now}
        bulk.insert(HouseholdEvent, [{"household_id": home.pk} for home in made.values()], common)
        return homes | made

    def _new_persons(self, plans: Sequence[tuple[ImportRow, Plan]], homes: dict[str, Household]) -> None:
        indexes = [plan["id_index"] for _row, plan in plans if plan.get("id_index")]
        if Person.objects.filter(id_index__in=indexes).exists():
            raise Meanwhile("an ID number was entered")
        bulk.insert(
            Person, [self._person(row, plan) for row, plan in plans], self.common | {"county_id": self.county.pk}
        )
        uids = [row.subject for row, _plan in plans if row.subject]
        pks = dict(Person.objects.filter(uid__in=uids).values_list("uid", "pk"))
        members, agreements, states = [], [], []
        for row, plan in plans:
            pk, home = pks[row.subject or uuid.UUID(int=0)], homes[plan["code"]]
            # Who came with the household belongs to it since it moved, not since somebody typed it.
            member = {
                "household_id": home.pk,
                "person_id": pk,
                "relation": plan["relation"],
                "since": home.resettled_on,
            }
            members.append(member)
            for kind, outcome in plan["agreements"].items():
                agreements.append({"person_id": pk, "kind": kind, "outcome": outcome})
            for item, state in plan["states"].items():
                states.append({"person_id": pk, "item": item, "state": state})
        bulk.insert(Membership, members, self.common)
        bulk.insert(Agreement, agreements, self.common)
        bulk.insert(ItemState, states, self.common)

    def _person(self, row: ImportRow, plan: Plan) -> Plan:
        values: Plan = plan["person"]
        phone = values.get("phone")
        phone_index = blind.of_phone(phone) if phone else None
        return values | {"uid": row.subject, "id_index": plan.get("id_index"), "phone_index": phone_index}

    def _changed_persons(self, plans: Sequence[tuple[ImportRow, Plan]]) -> None:
        persons: dict[uuid.UUID, Person] = self._locked(Person, [row for row, _plan in plans])
        for row, plan in plans:
            found = persons.get(row.subject or uuid.UUID(int=0))
            if found is None or (found.version != row.version and found.pk not in self.touched[Person]):
                raise Meanwhile(str(row.subject))
            self._change(found, plan)

    def _change(self, person: Person, plan: Plan) -> None:
        values = plan["person"]
        for name, value in values.items():
            setattr(person, name, value)
        if "phone" in values:
            person.phone_index = blind.of_phone(values["phone"]) if values["phone"] else None
        if "id_number" in values:
            person.id_index = blind.of_id_number(values["id_number"]) if values["id_number"] else None
        self._touch(person)
        person.save()
        stamp = {"updated_at": self.now, "updated_by": self.by}
        if "relation" in plan:
            Membership.objects.filter(person=person, until=None).update(
                relation=plan["relation"], version=F("version") + 1, **stamp
            )
        for kind, outcome in plan["agreements"].items():
            if not person.agreements.filter(kind=kind).update(outcome=outcome, version=F("version") + 1, **stamp):
                self._agreement(person, kind, outcome).save()
        for item, state in plan["states"].items():
            if not person.item_states.filter(item=item).update(state=state, version=F("version") + 1, **stamp):
                self._state(person, item, state).save()

    def _agreement(self, person: Person, kind: str, outcome: str) -> Agreement:
        return Agreement(person=person, kind=kind, outcome=outcome, **self._made())

    def _state(self, person: Person, item: str, state: str) -> ItemState:
        return ItemState(person=person, item=item, state=state, **self._made())

    def _surveys(self, plans: Iterable[tuple[ImportRow, Plan]], homes: dict[str, Household]) -> None:
        new = []
        for _row, plan in plans:
            told = plan.get("survey")
            if told and plan["code"] in homes:
                notice = next((pk for since, pk in reversed(self.notices) if since.isoformat() <= told["on"]), None)
                new.append({"household_id": homes[plan["code"]].pk, "notice_id": notice, **told})
        bulk.insert(Survey, new, self.common | {"result": str(Survey.Result.COMPLETE)})

    @staticmethod
    def _locked(model: type[Any], rows: Iterable[ImportRow]) -> dict[uuid.UUID, Any]:
        """Whom the rows are about, under their locks."""
        uids = [row.subject for row in rows if row.subject]
        return {one.uid: one for one in model.objects.select_for_update(no_key=True).filter(uid__in=uids)}

    # --- The other sheets ----------------------------------------------------------------------------

    def records(self, sheet: str, rows: Sequence[ImportRow]) -> None:
        """Rows of one sheet: new ones are added, changed ones put right under their edition."""
        kind = KINDS[sheet]
        plans = [(row, unpacked(row.values or "{}")) for row in rows]
        persons = self._locked(Person, [row for row, plan in plans if not plan["household"]])
        homes = self._locked(Household, [row for row, plan in plans if plan["household"]])
        new = []
        for row, plan in plans:
            root: Any = (homes if plan["household"] else persons).get(row.subject or uuid.UUID(int=0))
            if root is None:  # new on the roster of this file, in a row that was left out
                if not plan["is_new"]:
                    raise Meanwhile(str(row.subject))
                continue
            if row.outcome == Outcome.NEW:
                new.append(self._record(kind.model, plan, root))
            else:
                self._change_record(kind.model, row, plan)
            if not plan["is_new"]:
                self._touch(root)
                root.save(update_fields=["version", "updated_at", "updated_by"])
        kind.model._default_manager.bulk_create(new)

    def _record(self, model: type[Model], plan: Plan, root: Person | Household) -> Model:
        values = {name: value for name, value in plan["fields"].items() if value not in (None, "")}
        values["household" if plan["household"] else "person"] = root
        if model is Statement:
            return Statement(**values, recorded_by=self.by, recorded_at=self.now, batch=self.batch)
        if model is Participation:
            values["course_id"] = self._course(plan["course"])
        elif model is RightCheck:
            values["unit"] = self.county
        elif model is Dwelling and isinstance(root, Household):
            values["site_id"] = root.site_id
        return model(**values, **self._made())

    def _change_record(self, model: type[Model], row: ImportRow, plan: Plan) -> None:
        found: Any = model._default_manager.select_for_update().filter(pk=plan["pk"]).first()
        if found is None or found.version != row.version:
            raise Meanwhile(str(row.subject))
        for name, value in plan["fields"].items():
            setattr(found, name, value)
        found.version += 1
        found.updated_at, found.updated_by = self.now, self.by
        found.save()

    def _course(self, told: dict[str, Any]) -> int:
        title = told["title"]
        if title not in self.courses:
            known = Course.objects.filter(title=title)
            course = known.filter(county=self.county).first() or known.filter(county=None).first()
            if course is None:
                organiser = told["organiser"]
                course = Course.objects.create(
                    title=title, kind=told["kind"], organiser_id=organiser, county=self.county, **self._made()
                )
            self.courses[title] = course.pk
        return self.courses[title]
