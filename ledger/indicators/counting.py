"""What an indicator is, and what counting one yields. No percentage is kept: rows are, and two numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from ledger.indicators.facts import Facts
from ledger.indicators.standing import Standing, standing
from ledger.indicators.terms import Terms

NOBODY: frozenset[int] = frozenset()

# Whom the ids of a result name.
HOUSEHOLD, PERSON, SPELL, REGISTRATION = "household", "person", "spell", "registration"
CHECK, SITE, DWELLING = "check", "site", "dwelling"


ANSWERS = ("yes", "no", "undecided", "not_asked")


@dataclass(frozen=True, slots=True)
class Answers:
    """Persons by what they last said. Nobody is in two of them; a refusal is an answer like any other."""

    yes: frozenset[int]
    no: frozenset[int]
    undecided: frozenset[int]
    not_asked: frozenset[int]

    def counts(self) -> dict[str, int]:
        return {answer: len(getattr(self, answer)) for answer in ANSWERS}


@dataclass(frozen=True, slots=True)
class Result:
    """The rows that count (`denominator`), those of them that are served (`numerator`), those nobody can tell of.

    Where a row weighs more than one (a household's members, a person's items), `weights` says how much of how
    much, and the numerator holds the rows that are served in full. `answers` are persons, whatever the rows
    are. `detail` is for the page of the one indicator.
    """

    numerator: frozenset[int]
    denominator: frozenset[int]
    unknown: frozenset[int] = NOBODY
    answers: Answers | None = None
    weights: Mapping[int, tuple[int, int]] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return sum(part for part, _ in self.weights.values()) if self.weights is not None else len(self.numerator)

    @property
    def d(self) -> int:
        return sum(whole for _, whole in self.weights.values()) if self.weights is not None else len(self.denominator)

    @property
    def is_empty(self) -> bool:
        """There is nobody to serve, which is neither all nor nothing."""
        return self.d == 0

    @property
    def share(self) -> Fraction | None:
        return None if self.is_empty else Fraction(self.n, self.d)

    @property
    def gap(self) -> frozenset[int]:
        """The rows that count and are not served, or not in full."""
        return self.denominator - self.numerator

    @property
    def fingerprint(self) -> str:
        """Of the rows and their weights: two results are alike if and only if this is."""
        digest = hashlib.sha256()
        for rows in (self.numerator, self.denominator, self.unknown):
            digest.update(b"|" + ",".join(map(str, sorted(rows))).encode())
        if self.weights is not None:
            digest.update(b"|" + ",".join(f"{key}:{a}/{b}" for key, (a, b) in sorted(self.weights.items())).encode())
        return digest.hexdigest()


def served(
    denominator: Iterable[int],
    is_served: Callable[[int], bool],
    *,
    unknown: Iterable[int] = NOBODY,
    answers: Answers | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Result:
    """A result whose numerator is a filter of its denominator."""
    rows = frozenset(denominator)
    return Result(
        frozenset(filter(is_served, rows)), rows, frozenset(unknown) - rows, answers, None, dict(detail or {})
    )


def weighed(
    weights: Mapping[int, tuple[int, int]], *, unknown: Iterable[int] = NOBODY, detail: Mapping[str, Any] | None = None
) -> Result:
    """A result of rows that weigh (part, whole). Rows without weight are left out, a part is at most the whole."""
    kept = {key: (min(part, whole), whole) for key, (part, whole) in weights.items() if whole > 0}
    return Result(
        frozenset(key for key, (part, whole) in kept.items() if part == whole),
        frozenset(kept),
        frozenset(unknown) - kept.keys(),
        None,
        kept,
        dict(detail or {}),
    )


@dataclass(frozen=True)
class Indicator:
    """`measure` is 0 for the plan's own goal.

    `target`: "all" (everybody served), "none" (nobody left, as M3b), "" (for information, nothing is owed).
    `is_count` says that only `n` means something. `version` rises with every change of the formula, so that an
    older snapshot is not taken for one of the present formula. `willingness` is the kind of statement in play.
    """

    code: str
    measure: int
    subject: str
    title: str
    denominator: str
    numerator: str
    count: Callable[[Standing], Result]
    terms: tuple[str, ...] = ()
    target: str = ""
    willingness: str = ""
    is_count: bool = False
    version: int = 1

    def evaluate(self, facts: Facts, as_of: date, terms: Terms) -> Result:
        return self.count(standing(facts, as_of, terms))


def place_of(at: Standing, subject: str) -> Callable[[int], tuple[str, int | None] | None]:
    """How to find the county and site of a row of an indicator."""
    facts = at.facts

    def of_household(key: int) -> tuple[str, int | None] | None:
        row = facts.households.get(key)
        return (row.county, row.site) if row else None

    def of_person(key: int) -> tuple[str, int | None] | None:
        home = at.homes.get(key)
        return of_household(home) if home is not None else None

    def through(index: Mapping[int, list[Any]]) -> dict[int, int]:
        return {row.id: owner for owner, rows in index.items() for row in rows}

    if subject == HOUSEHOLD:
        return of_household
    if subject == PERSON:
        return of_person
    if subject == SITE:
        return lambda key: (facts.sites[key].county, key)
    if subject == DWELLING:
        return lambda key: (facts.dwellings[key].county, facts.dwellings[key].site)
    if subject == CHECK:
        of_homes, of_people = through(facts.household_checks), through(facts.person_checks)
        return lambda key: of_household(of_homes[key]) if key in of_homes else of_person(of_people[key])
    owners = through(facts.spells if subject == SPELL else facts.registrations)
    return lambda key: of_person(owners[key])


def split(indicator: Indicator, facts: Facts, as_of: date, terms: Terms, by: str = "county") -> dict[Any, Result]:
    """The parts alone of `whole_and_parts`."""
    return whole_and_parts(indicator, facts, as_of, terms, by)[1]


def whole_and_parts(
    indicator: Indicator, facts: Facts, as_of: date, terms: Terms, by: str = "county"
) -> tuple[Result, dict[Any, Result]]:
    """One count, and divided by county or by site ("site"; rows of no site are under None).

    The parts are what counting each part would give (a test holds it), at the price of one count; they have no details.
    """
    at = standing(facts, as_of, terms)
    whole = indicator.count(at)
    of_row, of_person = place_of(at, indicator.subject), place_of(at, PERSON)
    position = 0 if by == "county" else 1

    def sorted_out(rows: Iterable[int], place: Callable[[int], tuple[str, int | None] | None]) -> dict[Any, set[int]]:
        parts: dict[Any, set[int]] = {}
        for row in rows:
            where = place(row)
            if where is not None:
                parts.setdefault(where[position], set()).add(row)
        return parts

    over, under, unknown = (sorted_out(rows, of_row) for rows in (whole.numerator, whole.denominator, whole.unknown))
    said = {
        answer: sorted_out(getattr(whole.answers, answer), of_person) if whole.answers else {} for answer in ANSWERS
    }
    places = set(under) | set(unknown) | {place for parts in said.values() for place in parts}

    def part(place: Any) -> Result:
        rows = frozenset(under.get(place, ()))
        return Result(
            frozenset(over.get(place, ())),
            rows,
            frozenset(unknown.get(place, ())),
            Answers(**{answer: frozenset(said[answer].get(place, ())) for answer in ANSWERS})
            if whole.answers
            else None,
            {row: whole.weights[row] for row in rows} if whole.weights is not None else None,
        )

    return whole, {place: part(place) for place in places}
