"""The indicators of a month as they stood when it was locked, and counting them again.

`record` keeps of every indicator, for the prefecture and each county, the two numbers, what was not known, what people
answered, the terms and the edition of the formula they were counted with, and a fingerprint of the rows behind them.
`verify` counts the month anew from today's rows, at its old day. What is entered later about an earlier day changes
the outcome, and rightly so: it is said what changed and by how much, and nothing kept is written over.

What has no day of its own (ability to work, members by the roster, what can be registered …) counts as it stands when
it is counted; so does the school or the number of a person filled in afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from bureaus.models import Bureau
from ledger import access, reading, terms
from ledger.indicators import INDICATORS, Facts, Indicator, Result, Terms, whole_and_parts
from ledger.models import (
    Agreement,
    FacilityCheck,
    Household,
    JobMatch,
    Membership,
    Participation,
    Registration,
    RightCheck,
    Snapshot,
    Spell,
    Statement,
    Support,
    Survey,
    Visit,
)
from ledger.models.base import Kept

FORMULA, GONE, FIGURES, ROWS = "formula", "gone", "figures", "rows"
PREFECTURE = ""

# Records that tell of a day → the field that holds it.
_DAYS: dict[type[Kept], str] = {
    Survey: "on",
    Membership: "since",
    Agreement: "on",
    Spell: "started_on",
    Participation: "completed_on",
    Support: "on",
    JobMatch: "on",
    Visit: "on",
    Registration: "registered_on",
    RightCheck: "checked_on",
    FacilityCheck: "on",
}


@dataclass(frozen=True)
class Counted:
    """What is compared of a snapshot."""

    n: int
    d: int
    unknown: int
    answers: Mapping[str, int]
    fingerprint: str

    @property
    def figures(self) -> tuple[int, int, int, Mapping[str, int]]:
        return self.n, self.d, self.unknown, self.answers


@dataclass(frozen=True)
class Difference:
    """Where a month counted anew is not what was kept.

    `kind`: "figures"; "rows" (the figures are the same, the rows behind them are not); "formula" (counted by another
    edition then, so nothing is compared); "gone" (no such indicator any more). `county`: its code, "" for all.
    """

    kind: str
    code: str
    county: str
    then: Counted
    now: Counted | None = None
    editions: tuple[int, int] | None = None

    def __str__(self) -> str:
        words: dict[str, Any] = {"code": self.code, "place": self.county or _("the prefecture")}
        if self.kind == GONE:
            return _("%(code)s, %(place)s: there is no such indicator any more; not compared.") % words
        if self.editions is not None:
            words |= {"then": self.editions[0], "now": self.editions[1]}
            return _("%(code)s, %(place)s: counted by edition %(then)s of the formula, now %(now)s; not compared.") % (
                words
            )
        assert self.now is not None
        if self.kind == ROWS:
            words |= {"n": self.then.n, "d": self.then.d}
            return _("%(code)s, %(place)s: %(n)s/%(d)s as before, of other rows.") % words
        words |= {"then": _said(self.then), "now": _said(self.now)}
        return _("%(code)s, %(place)s: %(then)s → %(now)s") % words


def _said(one: Counted) -> str:
    text = _("%(n)s/%(d)s, not known %(unknown)s") % {"n": one.n, "d": one.d, "unknown": one.unknown}
    if not one.answers:
        return text
    answers: dict[str, object] = {name: one.answers.get(name, 0) for name in ("yes", "no", "undecided", "not_asked")}
    return _("%(figures)s; yes %(yes)s, no %(no)s, undecided %(undecided)s, not asked %(not_asked)s") % (
        answers | {"figures": text}
    )


# --- Recording -------------------------------------------------------------------------------


@transaction.atomic
def record(period: str, as_of: date, *, now: datetime) -> list[Snapshot]:
    """Keep what every indicator counts on `as_of`, once for a period; nothing while the ledger is empty."""
    kept = list(Snapshot.objects.filter(period=period))
    if kept or not Household.objects.exists():
        return kept
    current, facts = terms.current(), reading.facts(until=as_of)
    counties: list[Bureau | None] = [None, *access.counties()]
    rows = []
    for one in INDICATORS.values():
        found = _by_place(one, facts, as_of, current)
        for county in counties:
            counted = _counted(found, county.code if county else PREFECTURE)
            rows.append(
                Snapshot(
                    period=period,
                    code=one.code,
                    county=county,
                    as_of=as_of,
                    computed_at=now,
                    formula_version=one.version,
                    terms=_kept(current),
                    n=counted.n,
                    d=counted.d,
                    unknown=counted.unknown,
                    answers=dict(counted.answers),
                    ids_hash=counted.fingerprint,
                )
            )
    return Snapshot.objects.bulk_create(rows)


def forget(period: str) -> None:
    """A month that is unlocked has no snapshots; locked again, it gets new ones."""
    Snapshot.objects.filter(period=period).delete()


# --- Counting anew ---------------------------------------------------------------------------


def recompute(snapshot: Snapshot) -> Result:
    """The same indicator at the same place and day, with the terms of then, from today's rows.

    Raises KeyError where there is no such indicator any more. A formula of another edition counts otherwise.
    """
    found = _by_place(
        INDICATORS[snapshot.code], reading.facts(until=snapshot.as_of), snapshot.as_of, _terms(snapshot.terms)
    )
    return _at(found, snapshot.county.code if snapshot.county else PREFECTURE)


def verify(period: str) -> list[Difference]:
    """Every snapshot of a month against a count of today's rows; empty if they are the same."""
    differences = []
    facts: dict[date, Facts] = {}
    found: dict[Any, dict[str, Result]] = {}
    for row in Snapshot.objects.filter(period=period).select_related("county").order_by("code", "county__order"):
        place = row.county.code if row.county else PREFECTURE
        then = Counted(row.n, row.d, row.unknown, row.answers, row.ids_hash)
        one = INDICATORS.get(row.code)
        if one is None:
            differences.append(Difference(GONE, row.code, place, then))
            continue
        if one.version != row.formula_version:
            editions = (row.formula_version, one.version)
            differences.append(Difference(FORMULA, row.code, place, then, editions=editions))
            continue
        if row.as_of not in facts:
            facts[row.as_of] = reading.facts(until=row.as_of)
        with_terms = _terms(row.terms)
        key = (row.code, row.as_of, with_terms)
        if key not in found:
            found[key] = _by_place(one, facts[row.as_of], row.as_of, with_terms)
        again = _counted(found[key], place)
        if again.figures != then.figures:
            differences.append(Difference(FIGURES, row.code, place, then, again))
        elif again.fingerprint != then.fingerprint:
            differences.append(Difference(ROWS, row.code, place, then, again))
    return differences


@dataclass(frozen=True)
class Since:
    """Records of one kind that came, or were changed, after a month was counted, and tell of a day up to it."""

    kind: str
    entered: int
    changed: int


def since_then(period: str) -> list[Since]:
    """What may have changed a month's figures after it was counted."""
    first = Snapshot.objects.filter(period=period).order_by("computed_at").first()
    if first is None:
        return []
    return [one for one in _since(first.as_of, first.computed_at) if one.entered or one.changed]


def _since(as_of: date, moment: datetime) -> Iterator[Since]:
    for model, field in _DAYS.items():
        rows = model._default_manager.filter(**{f"{field}__lte": as_of}).aggregate(
            entered=Count("pk", filter=models.Q(created_at__gt=moment)),
            changed=Count("pk", filter=models.Q(created_at__lte=moment, updated_at__gt=moment)),
        )
        yield Since(str(model._meta.verbose_name_plural), rows["entered"], rows["changed"])
    said = Statement.objects.filter(stated_on__lte=as_of)
    yield Since(
        str(Statement._meta.verbose_name_plural),
        said.filter(recorded_at__gt=moment).count(),
        said.filter(withdrawn_at__gt=moment, recorded_at__lte=moment).count(),
    )


# --- Parts -----------------------------------------------------------------------------------


def _by_place(one: Indicator, facts: Facts, as_of: date, with_terms: Terms) -> dict[str, Result]:
    """Of the whole prefecture under "", of every county that has any rows under its code."""
    whole, parts = whole_and_parts(one, facts, as_of, with_terms)
    return {PREFECTURE: whole, **parts}


def _at(found: Mapping[str, Result], place: str) -> Result:
    """A county without any row has a result as well: nobody."""
    if place in found:
        return found[place]
    return Result(frozenset(), frozenset(), weights={} if found[PREFECTURE].weights is not None else None)


def _counted(found: Mapping[str, Result], place: str) -> Counted:
    result = _at(found, place)
    answers = result.answers.counts() if result.answers else {}
    return Counted(result.n, result.d, len(result.unknown), answers, result.fingerprint)


def _kept(current: Terms) -> dict[str, int | str]:
    """All terms as JSON: whichever a formula reads, it is there."""
    values = {one.name: getattr(current, one.name) for one in fields(current)}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _terms(kept: Mapping[str, Any]) -> Terms:
    """The terms of then. One that came since stands as the product brings it, one that went is left out."""
    plain = Terms()
    values: dict[str, Any] = {}
    for one in fields(plain):
        if one.name in kept:
            value = kept[one.name]
            values[one.name] = date.fromisoformat(value) if isinstance(getattr(plain, one.name), date) else value
    return plain.changed(values)
