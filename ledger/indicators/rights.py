"""Measure 5: rights that go on after the move. What people want plays no part here, and is not read.

A child's insurance is the child's own right: checks of children count, under the household they live in.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from statistics import median

from ledger.indicators.counting import CHECK, HOUSEHOLD, Indicator, Result, served, weighed
from ledger.indicators.facts import CheckFact
from ledger.indicators.standing import Standing, days
from ledger.indicators.terms import gettext_noop

OF_HOUSEHOLDS = ("land_contract", "land_certificate", "forest_return", "grassland", "soil_subsidy", "low_living")
OF_PERSONS = ("medical", "pension")
INSURANCE = frozenset({"medical", "pension", "low_living"})
PROBLEMS = frozenset({"lapsed", "not_received"})


def _last(rows: Iterable[CheckFact], as_of: date) -> dict[str, CheckFact]:
    """The last look at each right."""
    last: dict[str, CheckFact] = {}
    for row in rows:
        if row.on <= as_of:
            old = last.get(row.right)
            if old is None or (old.on, old.id) < (row.on, row.id):
                last[row.right] = row
    return last


def _of_living(at: Standing) -> Iterable[list[CheckFact]]:
    """The checks of each active household, and of each person who lives in one."""
    for index, living in ((at.facts.household_checks, at.households), (at.facts.person_checks, at.homes)):
        for owner, rows in index.items():
            if owner in living:
                yield rows


def last_checks(at: Standing) -> list[CheckFact]:
    return [row for rows in _of_living(at) for row in _last(rows, at.as_of).values()]


def is_resolved(row: CheckFact, as_of: date) -> bool:
    return row.resolved_on is not None and row.resolved_on <= as_of


def checked(at: Standing) -> Result:
    since = at.as_of - days(at.terms.check_days)
    weights = {}
    for key in at.households:
        members = at.members.get(key, ())
        of_members = {person: at.facts.person_checks.get(person, []) for person in members}
        # A right of the household may have been looked at with one of its members.
        together = _last(
            [*at.facts.household_checks.get(key, ()), *(row for rows in of_members.values() for row in rows)], at.as_of
        )
        looks = [together.get(right) for right in OF_HOUSEHOLDS]
        for person in members:
            mine = _last(of_members[person], at.as_of)
            looks.append(mine.get("medical"))
            if person in at.grown:
                looks.append(mine.get("pension"))
        due = [row for row in looks if row is None or row.applicable != "no"]
        weights[key] = (sum(row is not None and row.on >= since for row in due), len(due))
    return weighed(weights)


def insured(at: Standing) -> Result:
    rows = {row.id: row for row in last_checks(at) if row.right in INSURANCE}
    applicable = {key: row for key, row in rows.items() if row.applicable == "yes"}
    lapsed = {
        key: (at.as_of - row.on).days
        for key, row in applicable.items()
        if row.finding in PROBLEMS and not is_resolved(row, at.as_of)
    }
    return served(
        applicable,
        lambda key: applicable[key].finding == "kept" or is_resolved(applicable[key], at.as_of),
        unknown=(key for key, row in rows.items() if row.applicable == ""),
        detail={"lapsed": lapsed},
    )


def settled_on(rows: Iterable[CheckFact], problem: CheckFact, as_of: date) -> date | None:
    """When the problem was put right: said so, or found kept by a later check of the same right."""
    found = [row.on for row in rows if row.right == problem.right and row.finding == "kept" and problem.on < row.on]
    if problem.resolved_on is not None:
        found.append(problem.resolved_on)
    return min((day for day in found if day <= as_of), default=None)


def problems(at: Standing) -> dict[int, tuple[CheckFact, date | None]]:
    """Every finding that something lapsed or never came, and when it was put right."""
    return {
        row.id: (row, settled_on(rows, row, at.as_of))
        for rows in _of_living(at)
        for row in rows
        if row.on <= at.as_of and row.finding in PROBLEMS and row.applicable != "no"
    }


def resolved(at: Standing) -> Result:
    found = problems(at)
    took = [(day - row.on).days for row, day in found.values() if day is not None]
    return served(
        found,
        lambda key: found[key][1] is not None,
        detail={"median_days": median(took) if took else None},
    )


INDICATORS = (
    Indicator(
        "M5a",
        5,
        HOUSEHOLD,
        gettext_noop("Rights checked"),
        gettext_noop("Rights of active households and their members, added up, but for those found not to apply"),
        gettext_noop("of these, checked within the set number of days"),
        checked,
        terms=("check_days",),
        target="all",
    ),
    Indicator(
        "M5b",
        5,
        CHECK,
        gettext_noop("Insurance and minimum living allowance carried on"),
        gettext_noop("Last checks of medical insurance, pension and minimum living allowance where they apply"),
        gettext_noop("of these, found kept, or put right since"),
        insured,
        target="all",
    ),
    Indicator(
        "M5c",
        5,
        CHECK,
        gettext_noop("Lapsed rights restored"),
        gettext_noop("Findings that a right lapsed or was not received"),
        gettext_noop("of these, put right by the date"),
        resolved,
        target="all",
    ),
)
