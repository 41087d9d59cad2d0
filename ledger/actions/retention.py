"""What is no longer needed goes: who somebody was, when they left long ago, and workbooks once they were taken over.

A person decides about persons; what is left of them counts for statistics alone (year of birth, sex, county, what was
done). Nothing here touches the audit log: the database lets nobody shorten it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from bureaus.clock import local_date
from bureaus.models import Bureau, User
from ledger import access, audit, terms
from ledger.actions.base import note, permit, standing, touch
from ledger.imports import storing
from ledger.models import (
    Agreement,
    ChangeProposal,
    CorrectionRequest,
    Dwelling,
    Household,
    HouseholdEvent,
    ImportBatch,
    ImportRow,
    JobMatch,
    Person,
    Registration,
    RightCheck,
    SampleItem,
    Spell,
    Statement,
    Visit,
)
from ledger.models.households import new_code

ANONYMOUS = "已匿名"
# A term set shorter than this is not followed (网络安全法 第二十一条 asks six months of logs; people come back too).
SHORTEST = 183
# What may name a person in rows that hang from them: free text, and one post of a small employer.
NAMING: tuple[tuple[Any, dict[str, Any]], ...] = (
    (Spell, {"post": None, "employer": "", "place": "", "project": "", "end_reason": "", "source_label": ""}),
    (Registration, {"close_reason": ""}),
    (JobMatch, {"post": None, "employer": "", "title": ""}),
    (Visit, {"visitor": "", "needs": ""}),
    (RightCheck, {"detail": ""}),
    (Agreement, {"reference": ""}),
    (CorrectionRequest, {"text": "", "asked_by": "", "decision": "", "disagreement": None}),
    (ChangeProposal, {"details": "{}", "reason": "", "decision": ""}),
)


def days_kept() -> int:
    """How many days after somebody left the ledger it still says who they were: the term set, or the shortest."""
    return max(terms.current().retention_days, SHORTEST)


def due(today: date, counties: frozenset[int] | None = None) -> QuerySet[Person]:
    """Who left the ledger so long ago that nobody need know any more who they were."""
    rows = Person.objects.exclude(status=Person.Status.ACTIVE).filter(
        anonymised_at=None, status_on__lte=today - timedelta(days=days_kept())
    )
    if counties is not None:
        rows = rows.filter(county__in=counties)
    return rows.select_related("county").order_by("county__order", "status_on", "pk")


def anonymise(county: Bureau, uids: Sequence[str], *, by: User, now: datetime) -> int:
    """These of a county, as somebody who may decide has approved; how many. Who is not due is left alone."""
    permit(access.decides(standing(by, now), county.pk), "anonymise")
    with transaction.atomic():
        rows = due(local_date(now), frozenset({county.pk})).filter(uid__in=list(uids))
        found = list(rows.select_for_update(no_key=True, of=("self",)))
        for person in found:
            _forget(person, by, now)
        for home in Household.objects.filter(memberships__person__in=found).distinct():
            if not home.memberships.filter(person__anonymised_at=None).exists():
                _forget_home(home)
    return len(found)


def _forget(person: Person, by: User, now: datetime) -> None:
    for model, empty in NAMING:
        model.objects.filter(person=person).update(**empty)
    Statement.objects.filter(person=person).exclude(wants="").update(wants="")
    ImportRow.objects.filter(subject=person.uid).update(values=None, before=None, changes=[])
    person.name, person.code = ANONYMOUS, new_code()
    person.id_number = person.id_index = person.phone = person.phone_index = person.health_note = None
    person.skills = person.service_need = person.health = ""
    person.interpreter = False
    if person.birth_date is not None:
        person.birth_date = person.birth_date.replace(month=1, day=1)
    person.anonymised_at = now
    touch(person, by=by, now=now)
    person.save()
    note("anonymise", person, by=by, now=now)


def _forget_home(home: Household) -> None:
    """A household of which nobody is known any more has no address either."""
    Dwelling.objects.filter(household=home).update(address=None, blocked_reason="", certificate_no="", issued_on=None)
    RightCheck.objects.filter(household=home).update(detail="")
    ChangeProposal.objects.filter(household=home).update(details="{}", reason="", decision="")
    HouseholdEvent.objects.filter(household=home).update(reason="")
    SampleItem.objects.filter(household=home).update(note="")
    ImportRow.objects.filter(subject=home.uid).update(values=None, before=None, changes=[])
    Household.objects.filter(pk=home.pk).update(status_reason="")


def old_workbooks(now: datetime) -> QuerySet[ImportBatch]:
    return ImportBatch.objects.exclude(stored_as="").filter(
        uploaded_at__lt=now - timedelta(days=terms.current().workbook_days)
    )


def purge_workbooks(now: datetime) -> int:
    """Uploaded files older than the term, with the values read from them; how many. Nobody takes them over then."""
    count = 0
    for batch in old_workbooks(now).select_related("county"):
        with transaction.atomic():
            fresh = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
            if fresh.state == ImportBatch.State.COMMITTING or not fresh.stored_as:
                continue
            storing.forget(fresh.stored_as)
            if fresh.state in _UNFINISHED:
                fresh.state = ImportBatch.State.DISCARDED
            fresh.stored_as = ""
            fresh.save(update_fields=["stored_as", "state"])
            fresh.rows.update(values=None, before=None)
            audit.record(
                "purge-workbook",
                by=None,
                now=now,
                subject_kind="workbook",
                subject=str(fresh.uid),
                county=batch.county,
            )
        count += 1
    return count


_UNFINISHED = (ImportBatch.State.UPLOADED, ImportBatch.State.CHECKING, ImportBatch.State.CHECKED)
