"""Was this your answer? A few of last month's refusals are drawn, and a second officer of the county asks again.

It guards the person: a “no” nobody gave would leave them without help and every rate the better for it. What comes
out is counted by the office that recorded, never by person.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from bureaus import clock
from bureaus.access import WrongMoment
from bureaus.clock import local_date
from bureaus.models import Bureau, User
from ledger import access, audit, terms
from ledger.actions.base import note, permit, standing
from ledger.actions.samples import drawn, new_seed
from ledger.models import Person, Statement, StatementCheck

Outcome = StatementCheck.Outcome


def draw(now: datetime, seed: str = "") -> dict[str, int]:
    """Draw, of every county, its share of the refusals recorded last month; county → how many. Once a month."""
    first, until = _last_month(local_date(now))
    percent = terms.current().sample_percent
    found = {}
    for county in access.counties():
        with transaction.atomic():
            Bureau.objects.select_for_update(no_key=True).get(pk=county.pk)
            rows = Statement.objects.filter(
                person__county=county,
                answer=Statement.Answer.NO,
                recorded_at__gte=clock.start_of(first),
                recorded_at__lt=clock.start_of(until),
                withdrawn_at=None,
            )
            if rows.filter(checks__isnull=False).exists():
                continue
            pool = list(rows.filter(person__status=Person.Status.ACTIVE).values_list("pk", flat=True))
            if not pool:
                continue
            sown = seed or new_seed()
            chosen = drawn(pool, math.ceil(len(pool) * percent / 100), sown)
            StatementCheck.objects.bulk_create(StatementCheck(statement_id=pk, drawn_at=now) for pk in chosen)
            audit.record(
                "statement-draw",
                by=None,
                now=now,
                subject_kind="statement",
                county=county,
                n=len(chosen),
                result=f"seed {sown} of {len(pool)}",
            )
            found[county.code] = len(chosen)
    return found


def _last_month(today: date) -> tuple[date, date]:
    until = today.replace(day=1)
    return (until - timedelta(days=1)).replace(day=1), until


def waiting(counties: frozenset[int]) -> QuerySet[StatementCheck]:
    """Those nobody has been asked about yet, or who were not reached, the oldest first."""
    return (
        StatementCheck.objects.filter(
            statement__person__county__in=counties,
            statement__withdrawn_at=None,
            statement__person__status=Person.Status.ACTIVE,
            outcome__in=("", Outcome.NOT_REACHED),
        )
        .select_related("statement__person__county", "statement__recorded_by")
        .order_by("drawn_at", "pk")
    )


def ask(check: StatementCheck, *, by: User, now: datetime, outcome: str) -> None:
    """What the person said when asked again. Never by who recorded the answer."""
    if outcome not in Outcome.values:
        raise ValidationError(_("Choose one of the list."))
    with transaction.atomic():
        fresh = (
            StatementCheck.objects.select_for_update(of=("self",))
            .select_related("statement__person__county")
            .get(pk=check.pk)
        )
        person = fresh.statement.person
        permit(access.keeps(standing(by, now), person.county_id), "statement-check")
        if fresh.statement.recorded_by_id == by.pk:
            raise WrongMoment(_("You recorded this answer yourself. Somebody else of the county asks."))
        if fresh.outcome in (Outcome.CONFIRMED, Outcome.DIFFERENT):
            raise WrongMoment(_("The person has been asked already."))
        fresh.outcome, fresh.asked_on, fresh.by = outcome, local_date(now), by
        fresh.save()
        note("statement-check", person, by=by, now=now)


def by_office(counties: frozenset[int] | None = None) -> list[dict[str, Any]]:
    """Per recording office: how many were drawn, confirmed, different, not reached, not asked yet. Names nobody."""
    rows = StatementCheck.objects.filter(statement__withdrawn_at=None)
    if counties is not None:
        rows = rows.filter(statement__person__county__in=counties)
    counts = {name: Count("pk", filter=Q(outcome=name)) for name in Outcome.values}
    found = (
        rows.order_by()
        .values("statement__person__county")
        .annotate(drawn=Count("pk"), open=Count("pk", filter=Q(outcome="")), **counts)
    )
    units = Bureau.objects.in_bulk([row["statement__person__county"] for row in found])
    return sorted(({**row, "unit": units[row["statement__person__county"]]} for row in found), key=_order)


def _order(row: dict[str, Any]) -> int:
    unit: Bureau = row["unit"]
    return unit.order
