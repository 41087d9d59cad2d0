"""What a month's report asks of a county, counted from its rows. Pure, as the indicators are.

A standing number is that of the month's last day; whoever was entered twice is left out everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.indicators.facts import Facts, RegistrationFact, SpellFact
from ledger.indicators.standing import Standing, covers, standing
from ledger.indicators.terms import Terms
from ledger.indicators.training import NOT_A_SKILL


@dataclass(frozen=True)
class Month:
    """A county's rows and a month, or the part of it that has gone by.

    `courses`: the days on which courses of the county began; `posts`: day and places of each post it opened.
    """

    facts: Facts
    first: date
    last: date
    terms: Terms
    courses: Sequence[date] = ()
    posts: Sequence[tuple[date, int]] = ()

    @property
    def at(self) -> Standing:
        return standing(self.facts, self.last, self.terms)

    def holds(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    def people(self) -> Iterator[int]:
        return (key for key, row in self.facts.persons.items() if row.status != "duplicate")


def households(month: Month) -> int:
    return len(month.at.households)


def persons(month: Month) -> int:
    return len(month.at.homes)


def changes(month: Month) -> int:
    """Times somebody joined or left a household, moved away or died, or began or ended work."""
    found = 0
    for key in month.people():
        facts, person = month.facts, month.facts.persons[key]
        for row in facts.memberships.get(key, ()):
            # Who went with their status is not counted as having left the household as well.
            found += month.holds(row.since) + (month.holds(row.until) and row.until != person.status_on)
        found += person.status != "active" and month.holds(person.status_on)
        for spell in facts.spells.get(key, ()):
            found += month.holds(spell.started_on) + month.holds(spell.ended_on)
    return found


def courses(month: Month) -> int:
    return sum(map(month.holds, month.courses))


def _completed(month: Month, first: date) -> int:
    return sum(
        any(
            row.kind != NOT_A_SKILL
            and row.result == "completed"
            and row.completed_on is not None
            and first <= row.completed_on <= month.last
            for row in month.facts.trainings.get(key, ())
        )
        for key in month.people()
    )


def trained(month: Month) -> int:
    """Persons who completed a skill or business course in the month."""
    return _completed(month, month.first)


def trained_so_far(month: Month) -> int:
    """Persons who completed one since the plan's first day, each once."""
    return _completed(month, month.terms.window_from)


def employed(month: Month) -> int:
    return len(month.at.employed)


def newly_employed(month: Month) -> int:
    """Persons who began work in the month and had none on the day before; to change work is not counted."""

    def began(spell: SpellFact, spells: Sequence[SpellFact]) -> bool:
        before = spell.started_on - timedelta(days=1)
        return month.holds(spell.started_on) and not any(one.primary and covers(one, before) for one in spells)

    return sum(
        any(spell.primary and began(spell, spells) for spell in spells)
        for key in month.people()
        if (spells := month.facts.spells.get(key, ()))
    )


def lost_work(month: Month) -> int:
    """Registrations of unemployment in the month."""
    return sum(month.holds(row.registered_on) for key in month.people() for row in _registrations(month, key))


def helped(month: Month) -> int:
    """Persons registered who were helped in the month."""
    return sum(
        any(month.holds(day) for row in _registrations(month, key) for day in row.help_dates) for key in month.people()
    )


def _registrations(month: Month, person: int) -> Sequence[RegistrationFact]:
    return month.facts.registrations.get(person, ())


def businesses(month: Month) -> int:
    """Households of which somebody runs a business on the month's last day."""
    at = month.at
    return len(
        {
            home
            for person, home in at.homes.items()
            if any(row.kind == "business" and covers(row, month.last) for row in month.facts.spells.get(person, ()))
        }
    )


def loans(month: Month) -> int:
    return sum(
        row.kind == "loan" and month.holds(row.on)
        for key in month.people()
        for row in month.facts.supports.get(key, ())
    )


def posts(month: Month) -> int:
    """Places of the posts opened in the month."""
    return sum(places for day, places in month.posts if month.holds(day))


def matches(month: Month) -> int:
    """Posts offered to persons in the month; one that was declined counts."""
    return sum(month.holds(row.on) for key in month.people() for row in month.facts.matches.get(key, ()))
