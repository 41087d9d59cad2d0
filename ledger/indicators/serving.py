"""Measure 4: posts offered, visits, help for those who lose work, scattered households."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ledger.indicators.counting import HOUSEHOLD, PERSON, REGISTRATION, SPELL, Indicator, Result, served
from ledger.indicators.facts import RegistrationFact, SpellFact
from ledger.indicators.standing import Standing, days
from ledger.indicators.terms import gettext_noop
from ledger.indicators.willing import answers, may_be, say, who_say


def scattered(at: Standing) -> frozenset[int]:
    return frozenset(key for key, row in at.households.items() if row.resettlement == "scattered")


def scattered_tracked(at: Standing) -> Result:
    return served(scattered(at), at.tracked.__contains__)


def scattered_at_work(at: Standing) -> Result:
    """The text names ability alone, so wishes change nothing here; the page shows where all who can work refuse."""
    apart = scattered(at)
    able: dict[int, list[int]] = {}
    for person in at.able:
        if at.homes[person] in apart:
            able.setdefault(at.homes[person], []).append(person)
    homes = {at.homes[person] for person in at.stable}
    refusing = frozenset(
        key
        for key, people in able.items()
        if all(person not in at.employed and say(at, "job", person) == "no" for person in people)
    )
    return served(
        able,
        homes.__contains__,
        unknown={at.homes[person] for person in at.unsure} & apart,
        detail={"refusing": refusing},
    )


def posts_offered(at: Standing) -> Result:
    def without_work(person: int) -> bool:
        return person not in at.at_work or at.idle_days(person, at.terms.window_from) >= at.terms.gap_days

    def offered(person: int) -> bool:
        return any(at.terms.service_from <= row.on <= at.as_of for row in at.facts.matches.get(person, ()))

    return served(
        filter(without_work, who_say(at, "job", "yes", at.able)),
        offered,
        unknown=filter(without_work, may_be(at, "job")),
        answers=answers(at, "job", at.able),
    )


def visited(at: Standing) -> Result:
    """By calendar year. A visit the person declined is done: nobody is visited twice for having said no."""
    new_year = date(at.as_of.year, 1, 1)

    def worked(person: int) -> bool:
        return any(
            row.primary and row.started_on <= at.as_of and (row.ended_on is None or row.ended_on >= new_year)
            for row in at.facts.spells.get(person, ())
        )

    def seen(person: int) -> bool:
        return any(
            new_year <= row.on <= at.as_of and row.outcome in ("done", "declined")
            for row in at.facts.visits.get(person, ())
        )

    workers = frozenset(filter(worked, at.able))
    return served(
        workers - who_say(at, "visit", "no", workers),
        seen,
        unknown=frozenset(filter(worked, at.unsure)) - who_say(at, "visit", "no", at.unsure),
        answers=answers(at, "visit", workers),
    )


def ended_spells(at: Standing, people: frozenset[int]) -> Iterator[SpellFact]:
    """Main work that ended since 2019 and was not followed by other main work within the gap allowed."""
    for person in people:
        mine = [row for row in at.facts.spells.get(person, ()) if row.primary and row.started_on <= at.as_of]
        for row in mine:
            end = row.ended_on
            if end is None or not at.terms.window_from <= end <= at.as_of:
                continue
            goes_on = any(
                other.started_on <= end + days(at.terms.gap_days) and (other.ended_on is None or other.ended_on > end)
                for other in mine
                if other is not row
            )
            if not goes_on:
                yield row


def registered_for(at: Standing, spell: SpellFact) -> RegistrationFact | None:
    """The first registration from the day the work ended on."""
    rows = [
        row
        for row in at.facts.registrations.get(spell.person, ())
        if spell.ended_on is not None and spell.ended_on <= row.registered_on <= at.as_of
    ]
    return min(rows, key=lambda row: (row.registered_on, row.id)) if rows else None


def registered_in_time(at: Standing) -> Result:
    """Whoever ended less than the gap ago may still begin anew, and is not counted yet (`detail["running"]`)."""
    wanted = at.able - who_say(at, "job", "no", at.able)
    ended = {row.id: row for row in ended_spells(at, wanted)}
    decided = {
        key: row for key, row in ended.items() if row.ended_on and row.ended_on + days(at.terms.gap_days) <= at.as_of
    }

    def in_time(key: int) -> bool:
        row = decided[key]
        found = registered_for(at, row)
        return bool(found and row.ended_on and found.registered_on <= row.ended_on + days(at.terms.registration_days))

    left = frozenset(row.person for row in ended_spells(at, at.able))
    return served(
        decided,
        in_time,
        unknown=(row.id for row in ended_spells(at, at.unsure - who_say(at, "job", "no", at.unsure))),
        answers=answers(at, "job", left),
        detail={"running": frozenset(ended) - decided.keys()},
    )


def open_registrations(at: Standing) -> list[RegistrationFact]:
    """Of living persons of 16 and over who do not say that they want no work."""
    return [
        row
        for person in at.grown
        if say(at, "job", person) != "no"
        for row in at.facts.registrations.get(person, ())
        if row.registered_on <= at.as_of and (row.closed_on is None or row.closed_on > at.as_of)
    ]


def is_helped(at: Standing, row: RegistrationFact) -> bool:
    since = at.as_of - days(at.terms.help_days)
    return row.helper is not None and any(since < day <= at.as_of for day in row.help_dates)


def helped_one_to_one(at: Standing) -> Result:
    rows = {row.id: row for row in open_registrations(at)}
    return served(rows, lambda key: is_helped(at, rows[key]))


def reached(at: Standing) -> Result:
    """Who is not at work and says that they want none is left in peace, and is owed nothing here."""
    peace = {person for person in (at.able | at.unsure) - at.at_work.keys() if say(at, "job", person) == "no"}

    def served_once(person: int) -> bool:
        facts, first, last = at.facts, at.terms.service_from, at.as_of
        return (
            any(row.kind == "information" and first <= row.on <= last for row in facts.contacts.get(person, ()))
            or any(first <= row.on <= last for row in facts.matches.get(person, ()))
            or any(first <= row.on <= last and row.outcome == "done" for row in facts.visits.get(person, ()))
            or any(
                row.offered_on is not None and first <= row.offered_on <= last
                for row in facts.trainings.get(person, ())
            )
        )

    return served(at.able - peace, served_once, unknown=at.unsure - peace)


INDICATORS = (
    Indicator(
        "M1e",
        4,
        HOUSEHOLD,
        gettext_noop("Scattered households followed by a named person"),
        gettext_noop("Active households resettled in scattered places"),
        gettext_noop("of these, with a named person who follows them at the date"),
        scattered_tracked,
        target="all",
    ),
    Indicator(
        "M4a",
        4,
        PERSON,
        gettext_noop("A post offered to those who want work"),
        gettext_noop(
            "Persons of 16 and over who can work, want to, and are without work, or were for the set number of "
            "days on end since 2019"
        ),
        gettext_noop("of these, matched with a post at least once since 2018; an offer they declined counts"),
        posts_offered,
        terms=("window_from", "service_from", "gap_days"),
        target="all",
        willingness="job",
    ),
    Indicator(
        "M4b",
        4,
        PERSON,
        gettext_noop("A visit a year to those at work"),
        gettext_noop("Persons of 16 and over who can work and were at work this year, but for those who want no visit"),
        gettext_noop("of these, visited at least once this year; a visit they declined counts"),
        visited,
        target="all",
        willingness="visit",
    ),
    Indicator(
        "M4c",
        4,
        SPELL,
        gettext_noop("Lost work registered in time"),
        gettext_noop(
            "Work that ended since 2019 and was not followed by other work within the set number of days, of "
            "persons who do not say that they want none"
        ),
        gettext_noop("of these, registered within the set number of days"),
        registered_in_time,
        terms=("window_from", "gap_days", "registration_days"),
        target="all",
        willingness="job",
    ),
    Indicator(
        "M4d",
        4,
        REGISTRATION,
        gettext_noop("One-to-one help for those who lost work"),
        gettext_noop("Open registrations of persons of 16 and over who do not say that they want no work"),
        gettext_noop("of these, with a named helper and help given within the set number of days"),
        helped_one_to_one,
        terms=("help_days",),
        target="all",
    ),
    Indicator(
        "M4e",
        4,
        PERSON,
        gettext_noop("Reached by the public employment service"),
        gettext_noop("Persons of 16 and over who can work, but for those not at work who want no work"),
        gettext_noop(
            "of these, informed, matched with a post, visited or offered a course at least once since 2018; "
            "the survey does not count"
        ),
        reached,
        terms=("service_from",),
        target="all",
    ),
    Indicator(
        "M4f",
        4,
        HOUSEHOLD,
        gettext_noop("Scattered households with a member in stable work"),
        gettext_noop("Households resettled in scattered places with at least one member who can work"),
        gettext_noop("of these, with at least one member in stable work"),
        scattered_at_work,
        terms=("stable_days",),
        target="all",
    ),
)
