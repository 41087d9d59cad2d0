"""Employers with their posts, courses, and what sites have: about places and offices, never about a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bureaus.clock import local_date
from bureaus.models import Bureau, User
from ledger import access, audit
from ledger.actions.base import not_overtaken, permit, standing, touch
from ledger.models import Course, Employer, FacilityCheck, Post, ReconciliationNote
from measures.models import Plan, Site

KINDS: dict[str, type[Any]] = {"employer": Employer, "post": Post, "course": Course}


def county_of(row: Any) -> Bureau | None:
    """Whose it is: an employer's, a post's or a course's county; a course of a bureau is nobody's alone."""
    return row.employer.county if isinstance(row, Post) else row.county


def enter(kind: str, county: Bureau, *, by: User, now: datetime, values: dict[str, Any]) -> Any:
    """An employer, post or course of a county. Raises ValidationError by field."""
    with transaction.atomic():
        permit(access.keeps(standing(by, now), county.pk), f"enter-{kind}")
        row = KINDS[kind](**values, created_at=now, created_by=by)
        if kind != "post":
            row.county = county
        elif row.employer.county_id != county.pk:
            raise ValidationError({"employer": _("Choose an employer of this county.")})
        _check(row)
        row.save()
        _note(f"enter-{kind}", row, county, by, now, values)
    return row


def change(kind: str, row: Any, *, by: User, now: datetime, values: dict[str, Any], seen: int) -> Any:
    """Put an employer, post or course right."""
    with transaction.atomic():
        fresh = KINDS[kind].objects.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)
        county = county_of(fresh)
        permit(county is not None and access.keeps(standing(by, now), county.pk), f"change-{kind}")
        not_overtaken(fresh, seen)
        for name, value in values.items():
            setattr(fresh, name, value)
        _check(fresh)
        touch(fresh, by=by, now=now)
        fresh.save()
        _note(f"change-{kind}", fresh, county, by, now, values)
    return fresh


def record_facility(site: Site, *, by: User, now: datetime, values: dict[str, Any]) -> FacilityCheck:
    """What a site has of one facility today. Raises ValidationError by field."""
    with transaction.atomic():
        permit(access.keeps(standing(by, now), site.county_id), "record-facility")
        row = FacilityCheck(site=site, on=local_date(now), created_at=now, created_by=by, **values)
        if not row.required and not row.reason:
            raise ValidationError({"reason": _("Say why it is not wanted here.")})
        row.full_clean()
        row.save()
        _note("record-facility", row, site.county, by, now, values)
    return row


def explain_difference(
    plan: Plan, *, by: User, now: datetime, county: Bureau | None, subject: str, text: str
) -> ReconciliationNote:
    """Why the document's figure and the ledger's differ. A county explains its own."""
    reach = access.reach(standing(by, now))
    permit(bool(reach.parts), "explain-difference")
    permit(reach.counties is None or (county is not None and county.pk in reach.counties), "explain-difference")
    return ReconciliationNote.objects.create(plan=plan, county=county, subject=subject, text=text, by=by, at=now)


def _check(row: Any) -> None:
    if isinstance(row, Post) and row.closed_on and row.closed_on < row.opened_on:
        raise ValidationError({"closed_on": _("It cannot be closed before it was open. Check both days.")})
    if isinstance(row, Course) and row.starts_on and row.ends_on and row.ends_on < row.starts_on:
        raise ValidationError({"ends_on": _("A course does not end before it begins. Check both days.")})
    row.full_clean()


def _note(action: str, row: Any, county: Bureau | None, by: User, now: datetime, values: dict[str, Any]) -> None:
    given = sorted(name for name, value in values.items() if value not in ("", None, False))
    kind = type(row).__name__.lower()
    audit.record(
        action,
        by=by,
        now=now,
        subject_kind=kind,
        subject=str(row.uid),
        county=county,
        fields=given,
    )
