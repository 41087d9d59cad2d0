"""Measure 1: the ledger itself. Nobody left out, nothing left out, kept up to date."""

from __future__ import annotations

from ledger.indicators.counting import HOUSEHOLD, PERSON, Indicator, Result, served, weighed
from ledger.indicators.standing import Standing, days
from ledger.indicators.terms import gettext_noop

ITEMS = (
    "name",
    "sex",
    "birth_date",
    "id_number",
    "education",
    "skills",
    "health",
    "phone",
    "agreement_industry",
    "agreement_employment",
    "agreement_training",
)
ITEMS_AT_WORK = ("place", "trade", "pay", "business_project", "jobs_created")
ITEMS_NOT_AT_WORK = ("wish_work", "wish_export", "need_training", "need_service")
GIVEN = frozenset({"answered", "declined"})


def required_items(at: Standing, person: int) -> tuple[str, ...]:
    """Those that apply to the person at the date: 11, and 5 more at work or 4 more without."""
    states = at.facts.persons[person].items
    asked = ITEMS + (ITEMS_AT_WORK if person in at.at_work else ITEMS_NOT_AT_WORK)
    return tuple(item for item in asked if states.get(item) != "not_applicable")


def missing_items(at: Standing, person: int) -> tuple[str, ...]:
    states = at.facts.persons[person].items
    return tuple(item for item in required_items(at, person) if states.get(item) not in GIVEN)


def households_visited(at: Standing) -> Result:
    roster = [key for key, row in at.households.items() if row.on_roster]
    declined = frozenset(
        key
        for key in roster
        if key not in at.surveyed
        and any(row.result == "declined" and row.on <= at.as_of for row in at.facts.surveys.get(key, ()))
    )
    return served(roster, at.surveyed.__contains__, detail={"declined": declined})


def nobody_left_out(at: Standing) -> Result:
    weights, unknown, differing = {}, set(), {}
    for key in at.surveyed:
        expected, recorded = at.households[key].expected_members, len(at.members.get(key, ()))
        if not expected:
            unknown.add(key)
            continue
        weights[key] = (min(expected, recorded), expected)
        if expected != recorded:
            differing[key] = (expected, recorded)
    return weighed(weights, unknown=unknown, detail={"differing": differing})


def nothing_left_out(at: Standing) -> Result:
    weights, declined = {}, 0
    for person in at.grown:
        states = at.facts.persons[person].items
        asked = required_items(at, person)
        given = [state for item in asked if (state := states.get(item)) in GIVEN]
        declined += given.count("declined")
        weights[person] = (len(given), len(asked))
    return weighed(weights, unknown=at.undated, detail={"declined": declined})


def up_to_date(at: Standing) -> Result:
    since = at.as_of - days(at.terms.fresh_days)
    last = at.confirmed_on
    return served(at.households, lambda key: key in last and last[key] >= since)


INDICATORS = (
    Indicator(
        "M1a",
        1,
        HOUSEHOLD,
        gettext_noop("Households surveyed"),
        gettext_noop("Active households on the confirmed roster"),
        gettext_noop("of these, surveyed at least once, in whole or in part"),
        households_visited,
        terms=("survey_due",),
        target="all",
    ),
    Indicator(
        "M1b",
        1,
        HOUSEHOLD,
        gettext_noop("Nobody left out"),
        gettext_noop("Members that the surveyed households have by the roster, added up"),
        gettext_noop("of these, members entered, in each household no more than it has by the roster"),
        nobody_left_out,
        target="all",
    ),
    Indicator(
        "M1c",
        1,
        PERSON,
        gettext_noop("Nothing left out"),
        gettext_noop(
            "Items that apply to persons of 16 and over, added up: 11 each, 5 more for those at work, "
            "4 more for those who are not"
        ),
        gettext_noop("of these, answered, or recorded as declined"),
        nothing_left_out,
        target="all",
    ),
    Indicator(
        "M1d",
        1,
        HOUSEHOLD,
        gettext_noop("Ledger kept up to date"),
        gettext_noop("Active households"),
        gettext_noop("of these, surveyed, visited, changed or confirmed within the set number of days"),
        up_to_date,
        terms=("fresh_days",),
        target="all",
    ),
)
