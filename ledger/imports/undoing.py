"""Taking a workbook back, as long as nobody has touched since what it wrote. One transaction, all or nothing.

What it changed is put back as it was; what it entered is removed. What somebody said is never removed: a statement is
marked as withdrawn, and a person who was new with such a statement stays, closed and without their numbers.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Model
from django.utils.translation import gettext as _

from bureaus.access import WrongMoment
from bureaus.clock import local_date
from bureaus.models import User
from ledger import access, blind
from ledger.actions.base import permit, standing
from ledger.imports.judged import Outcome, unpacked
from ledger.imports.records import KINDS
from ledger.imports.uploading import State, note_batch
from ledger.models import (
    Agreement,
    Course,
    Dwelling,
    Household,
    HouseholdEvent,
    ImportBatch,
    ImportRow,
    ItemState,
    JobMatch,
    Membership,
    Participation,
    Person,
    RightCheck,
    Spell,
    Statement,
    Survey,
    Visit,
)
from measures.models import Site

CHUNK = 1_000
# Leaves first.
_ENTERED: tuple[type[Model], ...] = (
    Participation, JobMatch, Visit, RightCheck, Dwelling, Spell, Agreement, ItemState, Survey,
)  # fmt: skip


def undo(batch: ImportBatch, *, by: User, now: datetime) -> ImportBatch:
    """Raises NotYours, and WrongMoment where it was not taken over, or somebody has written since."""
    permit(access.keeps(standing(by, now), batch.county_id), "undo-workbook")
    with transaction.atomic():
        fresh = ImportBatch.objects.select_for_update(of=("self",)).select_related("county").get(pk=batch.pk)
        if fresh.state != State.COMMITTED:
            raise WrongMoment(_("Only a workbook that was taken over can be taken back."))
        if not fresh.stored_as:
            # What stood there before went with the file (`actions.retention`).
            raise WrongMoment(_("This workbook is too old to be taken back. Correct single entries on their pages."))
        _Undo(fresh, by, now).run()
        fresh.state, fresh.undone_by, fresh.undone_at = State.UNDONE, by, now
        fresh.save()
        note_batch("undo-workbook", fresh, by=by, now=now)
    return fresh


class _Undo:
    def __init__(self, batch: ImportBatch, by: User, now: datetime) -> None:
        self.batch, self.by, self.now = batch, by, now

    def run(self) -> None:
        self._nobody_wrote_since()
        sites = {site.name: site.pk for site in Site.objects.filter(county=self.batch.county).order_by("plan_id")}
        for row in self._changed_rows():
            if row.sheet.startswith("people"):
                self._person_back(row, sites)
            else:
                self._record_back(row)
        self._take_out()

    def _nobody_wrote_since(self) -> None:
        """What was new is in its first edition, what hangs from it came with it; the rest is looked at row by row."""
        mine = {"batch": self.batch}
        models: tuple[Any, ...] = (*_ENTERED, Membership, Person, Household)
        touched = any(model.objects.filter(**mine).exclude(version=1).exists() for model in models)
        guests = (
            Membership.objects.filter(household__batch=self.batch).exclude(**mine).exists()
            or Participation.objects.filter(course__batch=self.batch).exclude(**mine).exists()
        )
        if touched or guests:
            raise self._refusal()

    def _refusal(self) -> WrongMoment:
        return WrongMoment(
            _("Somebody has worked with what this workbook entered. Correct single entries on their pages instead.")
        )

    def _changed_rows(self) -> Iterator[ImportRow]:
        wanted = ImportRow.objects.filter(batch=self.batch, outcome=Outcome.CHANGED).order_by("pk")
        last = 0
        while rows := list(wanted.filter(pk__gt=last)[:CHUNK]):
            last = rows[-1].pk
            yield from rows

    def _person_back(self, row: ImportRow, sites: dict[str, int]) -> None:
        before, plan = unpacked(row.before or "{}"), unpacked(row.values or "{}")
        person = Person.objects.select_for_update(no_key=True).filter(uid=row.subject or uuid.UUID(int=0)).first()
        if person is None or person.version != (row.version or 0) + 1:
            raise self._refusal()
        old = before["person"]
        for name, value in old.items():
            setattr(person, name, value)
        if "phone" in old:
            person.phone_index = blind.of_phone(old["phone"]) if old["phone"] else None
        if "id_number" in old:
            person.id_index = blind.of_id_number(old["id_number"]) if old["id_number"] else None
        self._touch(person)
        person.save()
        if "relation" in before:
            open_one = Membership.objects.filter(person=person, until=None)
            open_one.update(relation=before["relation"], version=F("version") + 1)
        for kind, outcome in before["agreements"].items():
            if outcome:
                person.agreements.filter(kind=kind).update(outcome=outcome, version=F("version") + 1)
        for item, state in before["states"].items():
            if state:
                person.item_states.filter(item=item).update(state=state, version=F("version") + 1)
        if before["household"]:
            self._household_back(plan["code"], before, sites)

    def _household_back(self, code: str, before: dict[str, Any], sites: dict[str, int]) -> None:
        home = Household.objects.select_for_update(no_key=True).get(county=self.batch.county, code=code)
        if home.version != before["household_version"] + 1:
            raise self._refusal()
        for name, value in before["household"].items():
            if name == "site":
                home.site_id = sites.get(value)
            else:
                setattr(home, name, value)
        self._touch(home)
        home.save()

    def _record_back(self, row: ImportRow) -> None:
        plan = unpacked(row.values or "{}")
        model = KINDS[row.sheet.partition(".")[0]].model
        found: Any = model._default_manager.select_for_update().filter(pk=plan["pk"]).first()
        if found is None or found.version != (row.version or 0) + 1:
            raise self._refusal()
        for name, value in unpacked(row.before or "{}").items():
            setattr(found, name, value)
        self._touch(found)
        found.save()

    def _touch(self, row: Any) -> None:
        row.version += 1
        row.updated_at, row.updated_by = self.now, self.by

    # --- What was entered --------------------------------------------------------------------------

    def _take_out(self) -> None:
        Statement.objects.filter(batch=self.batch, withdrawn_at=None).update(withdrawn_at=self.now)
        for model in _ENTERED:
            self._delete(model._default_manager.filter(batch=self.batch))
        self._close_those_who_spoke()
        self._delete(Membership.objects.filter(batch=self.batch, until=None))
        self._delete(Person.objects.filter(batch=self.batch, status=Person.Status.ACTIVE))
        homes = Household.objects.filter(batch=self.batch, memberships=None)
        self._delete(HouseholdEvent.objects.filter(household__in=homes))
        self._delete(homes)
        self._delete(Course.objects.filter(batch=self.batch))

    def _close_those_who_spoke(self) -> None:
        on = local_date(self.now)
        spoke = Person.objects.filter(batch=self.batch, statements__isnull=False).distinct()
        uids = list(spoke.values_list("uid", flat=True))
        for place in range(0, len(uids), CHUNK):
            some: list[uuid.UUID] = uids[place : place + CHUNK]
            Membership.objects.filter(person__uid__in=some, until=None).update(until=on)
            Person.objects.filter(uid__in=some).update(
                status=Person.Status.DUPLICATE,
                status_on=on,
                id_number=None,
                id_index=None,
                phone=None,
                phone_index=None,
                version=F("version") + 1,
                updated_at=self.now,
                updated_by=self.by,
            )
        stay = Household.objects.filter(batch=self.batch, memberships__person__uid__in=uids)
        stay_pks = set(stay.values_list("pk", flat=True)) if uids else set()
        Household.objects.filter(pk__in=stay_pks).update(
            status=Household.Status.EXITED, status_on=on, version=F("version") + 1
        )

    def _delete(self, rows: Any) -> None:
        """By the chunk: the collector of what hangs from a row holds them all."""
        while pks := list(rows.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
            rows.model._default_manager.filter(pk__in=pks).delete()
