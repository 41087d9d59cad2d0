"""Households drawn by the system for a spot check: of one county, for one of three bureaus, for some days.

Whoever checks does not choose whom. The seed says how the draw fell, so that it can be made again.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bureaus.access import UNIT_ROLES, NotYours, Standing
from bureaus.clock import local_date
from bureaus.models import Bureau, User
from ledger import audit, terms
from ledger.actions.base import permit, standing
from ledger.models import Household, Sample, SampleItem

CHECKERS = ("hrss", "poverty", "drc")  # who spot-checks measure 1, each for themselves
MOST = 30


def checks_for(who: Standing) -> list[Bureau]:
    """The bureaus for which somebody may draw and check."""
    found = {post.bureau_id: post.bureau for post in who.posts if post.role in UNIT_ROLES}
    return [unit for unit in found.values() if unit.code in CHECKERS]


def visible(who: Standing) -> QuerySet[Sample]:
    return Sample.objects.filter(unit__in=checks_for(who)).select_related("county", "unit", "drawn_by")


def is_open(row: Sample, today: date) -> bool:
    return today <= row.expires_on


def new_seed() -> str:
    """Letters alone: a run of digits might look like somebody's number to the audit log."""
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz") for _place in range(16))


def drawn(pks: Sequence[int], n: int, seed: str) -> list[int]:
    """So many of these by a seed: the same for the same households."""
    pool = sorted(pks)
    return sorted(random.Random(seed).sample(pool, min(n, len(pool))))  # noqa: S311 a draw anybody can make again


def draw(county: Bureau, *, by: User, now: datetime, unit: Bureau, n: int, reason: str, seed: str = "") -> Sample:
    """A sample of a county's active households. Raises ValidationError where there is nobody to draw."""
    who = standing(by, now)
    permit(unit in checks_for(who) and county.level == Bureau.Level.COUNTY, "sample-draw")
    if not 1 <= n <= MOST:
        raise ValidationError({"n": _("Between one and %(most)d households.") % {"most": MOST}})
    if not reason.strip() or audit.holds_personal_number(reason):
        raise ValidationError({"reason": _("Say what is checked, without anybody's number.")})
    seed = seed or new_seed()
    with transaction.atomic():
        pool = list(
            Household.objects.filter(county=county, status=Household.Status.ACTIVE).values_list("pk", flat=True)
        )
        if not pool:
            raise ValidationError({"county": _("This county has no household in the ledger.")})
        row = Sample.objects.create(
            county=county,
            unit=unit,
            seed=seed,
            reason=reason.strip(),
            drawn_by=by,
            drawn_at=now,
            expires_on=local_date(now) + timedelta(days=terms.current().sample_days),
        )
        chosen = drawn(pool, n, seed)
        SampleItem.objects.bulk_create(SampleItem(sample=row, household_id=pk) for pk in chosen)
        _note("sample-draw", row, by, now, n=len(chosen), result=f"seed {seed} of {len(pool)}", reason=row.reason)
    return row


def opened(row: Sample, *, by: User, now: datetime) -> None:
    with transaction.atomic():
        _note("sample-look", row, by, now, n=row.items.count())


def find(item: SampleItem, *, by: User, now: datetime, finding: str, note: str) -> None:
    """What the checker found at one household."""
    if finding not in SampleItem.Finding.values:
        raise ValidationError({"finding": _("Choose one of the list.")})
    if finding != SampleItem.Finding.AGREES and not note.strip():
        raise ValidationError({"note": _("Say what differs, or where you looked.")})
    if audit.holds_personal_number(note):
        raise ValidationError({"note": _("An ID number or a mobile number does not belong here.")})
    with transaction.atomic():
        fresh = SampleItem.objects.select_for_update(of=("self",)).select_related("sample__county").get(pk=item.pk)
        permit(fresh.sample.unit in checks_for(standing(by, now)), "sample-find")
        if not is_open(fresh.sample, local_date(now)):
            raise NotYours("sample-find")
        fresh.finding, fresh.note, fresh.by, fresh.at = finding, note.strip(), by, now
        fresh.save()
        _note("sample-find", fresh.sample, by, now, result=finding)


def _note(action: str, row: Sample, by: User, now: datetime, **what: Any) -> None:
    audit.record(
        action,
        by=by,
        now=now,
        subject_kind="sample",
        subject=str(row.uid),
        county=row.county,
        **what,
    )
