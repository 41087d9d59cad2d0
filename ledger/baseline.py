"""What the document says beside what the ledger counts. Neither is bent to the other; a person explains.

The document's figures are the plan file's (`baseline`), as its text has them: done apart from planned, counties apart
from places, and a county's list of trades beside the sum it adds up to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from bureaus.models import Bureau
from ledger.indicators.facts import Facts
from ledger.indicators.standing import standing
from ledger.indicators.terms import Terms
from ledger.models import ReconciliationNote
from measures.models import Plan

Subject = ReconciliationNote.Subject


@dataclass(frozen=True)
class Stated:
    """A figure of the document about a county (its code)."""

    county: str
    subject: str
    value: int
    on: date


@dataclass(frozen=True)
class Line:
    """What the document says (None: nothing), what the ledger counts of the same, and how far they are apart."""

    county: Bureau | None
    subject: str
    stated: int | None
    counted: int

    @property
    def subject_name(self) -> str:
        return str(Subject(self.subject).label)

    @property
    def apart(self) -> int | None:
        return None if self.stated is None else self.counted - self.stated


def of_counties(plan: Plan) -> Iterator[Stated]:
    """Households and persons in work, as done."""
    found = plan.content.get("baseline", {})
    for county in found.get("county", []):
        for subject in (Subject.HOUSEHOLDS, Subject.EMPLOYED):
            if county.get(subject) is not None:
                yield Stated(county["code"], subject, county[subject], date.fromisoformat(str(found["as_of"])))


def lines(plan: Plan, counties: Iterable[Bureau], facts: Facts, as_of: date, terms: Terms) -> list[Line]:
    """Of all and of each county. The document states the persons of all alone, and the employed of counties alone."""
    goals: dict[str, Any] = plan.content.get("goals", {})
    stated = {(row.county, row.subject): row.value for row in of_counties(plan)}
    at = standing(facts, as_of, terms)
    homes = Counter(row.county for row in at.households.values())
    workers = Counter(at.households[at.homes[person]].county for person in at.at_work)
    found = [
        Line(None, Subject.HOUSEHOLDS, goals.get("households"), len(at.households)),
        Line(None, Subject.PERSONS, goals.get("persons"), len(at.homes)),
        Line(None, Subject.EMPLOYED, None, len(at.at_work)),
    ]
    for county in counties:
        for subject, counted in ((Subject.HOUSEHOLDS, homes), (Subject.EMPLOYED, workers)):
            found.append(Line(county, subject, stated.get((county.code, subject)), counted[county.code]))
    return found


def sum_of_counties(plan: Plan, subject: str) -> int:
    """What the counties' figures add up to; the document does not say it."""
    return sum(row.value for row in of_counties(plan) if row.subject == subject)
