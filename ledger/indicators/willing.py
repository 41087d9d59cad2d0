"""What people said they want. Rights (measure 5) never read this."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ledger.indicators.counting import ANSWERS, Answers
from ledger.indicators.facts import StatementFact
from ledger.indicators.standing import WORKING_AGE, Standing, turned


def latest(at: Standing, kind: str) -> dict[int, StatementFact]:
    """Each person's last statement of the kind by the date. What a child under 16 said is not taken."""
    key = ("said", at.as_of, at.terms, kind)
    if key not in at.facts.memo:
        found: dict[int, StatementFact] = {}
        for person, rows in at.facts.statements.items():
            row = at.facts.persons.get(person)
            grown_on = turned(row.birth_date, WORKING_AGE) if row and row.birth_date else date.min
            taken = [one for one in rows if one.kind == kind and grown_on <= one.on <= at.as_of]
            if taken:
                found[person] = max(taken, key=lambda one: (one.on, one.seq))
        at.facts.memo[key] = found
    said: dict[int, StatementFact] = at.facts.memo[key]
    return said


def say(at: Standing, kind: str, person: int) -> str:
    """yes, no, undecided or not_asked."""
    row = latest(at, kind).get(person)
    return row.answer if row else "not_asked"


def who_say(at: Standing, kind: str, answer: str, among: Iterable[int]) -> frozenset[int]:
    return frozenset(person for person in among if say(at, kind, person) == answer)


def answers(at: Standing, kind: str, among: Iterable[int]) -> Answers:
    sets: dict[str, set[int]] = {answer: set() for answer in ANSWERS}
    for person in among:
        sets[say(at, kind, person)].add(person)
    return Answers(**{answer: frozenset(people) for answer, people in sets.items()})


def may_be(at: Standing, kind: str) -> frozenset[int]:
    """Persons who would count if it were known whether they can work: they said yes, or were not asked."""
    return frozenset(person for person in at.unsure if say(at, kind, person) in ("yes", "not_asked"))
