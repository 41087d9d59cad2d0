"""A person says that something about them is wrong (个人信息保护法 46): entered by any officer, answered by a second.

What was refused and is still disputed stays beside the entry in the person's own words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bureaus import calendars
from bureaus.access import WrongMoment
from bureaus.clock import local_date
from bureaus.models import Bureau, User
from ledger import access, audit, terms
from ledger.actions.base import note, permit, standing, touch
from ledger.models import CorrectionRequest, Person

State = CorrectionRequest.State


def due_on(county: Bureau, asked_on: date) -> date:
    """So many working days of the county after it was asked."""
    return calendars.days_for(county).shift(asked_on, terms.current().correction_days)


def ask(person: Person, *, by: User, now: datetime, text: str, asked_by: str = "") -> CorrectionRequest:
    """Enter what somebody says of their entry, in their words."""
    if not text.strip():
        raise ValidationError({"text": _("Write what is wrong, in their words.")})
    today = local_date(now)
    with transaction.atomic():
        permit(access.keeps(standing(by, now), person.county_id), "correction-ask")
        row = CorrectionRequest.objects.create(
            person=person,
            asked_on=today,
            asked_by=asked_by.strip(),
            text=text.strip(),
            due_on=due_on(person.county, today),
            created_at=now,
            created_by=by,
        )
        note("correction-ask", person, by=by, now=now)
    return row


def decide(row: CorrectionRequest, *, by: User, now: datetime, corrected: bool, decision: str) -> None:
    """Answer it, with the reason. Never by who entered it."""
    if not decision.strip():
        raise ValidationError({"decision": _("Say why.")})
    if audit.holds_personal_number(decision):
        raise ValidationError({"decision": _("An ID number or a mobile number does not belong here.")})
    with _locked(row) as fresh:
        permit(access.decides(standing(by, now), fresh.person.county_id), "correction-decide")
        if fresh.state != State.OPEN:
            raise WrongMoment(_("This has been decided already."))
        if fresh.created_by_id == by.pk:
            raise WrongMoment(_("You entered this yourself. A second person decides."))
        fresh.state = State.CORRECTED if corrected else State.REFUSED
        fresh.decided_by, fresh.decided_at, fresh.decision = by, now, decision.strip()
        touch(fresh, by=by, now=now)
        fresh.save()
        note("correction-decide", fresh.person, by=by, now=now)


def disagree(row: CorrectionRequest, *, by: User, now: datetime, text: str) -> None:
    """The person does not accept the refusal: their statement stays beside the entry."""
    if not text.strip():
        raise ValidationError({"text": _("Write what they say, in their words.")})
    with _locked(row) as fresh:
        permit(access.keeps(standing(by, now), fresh.person.county_id), "correction-disagree")
        if fresh.state != State.REFUSED:
            raise WrongMoment(_("Only what was not corrected can be disagreed with."))
        if fresh.disagreement:
            raise WrongMoment(_("Their statement is kept already."))
        fresh.disagreement = text.strip()
        touch(fresh, by=by, now=now)
        fresh.save()
        note("correction-disagree", fresh.person, by=by, now=now)


@contextmanager
def _locked(row: CorrectionRequest) -> Iterator[CorrectionRequest]:
    with transaction.atomic():
        yield (
            CorrectionRequest.objects.select_for_update(no_key=True, of=("self",))
            .select_related("person__county")
            .get(pk=row.pk)
        )
