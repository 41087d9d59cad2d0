"""Measure 6: windows, organisation and facilities of concentrated sites, and settling in."""

from __future__ import annotations

from ledger.indicators.counting import HOUSEHOLD, SITE, Indicator, Result, served, weighed
from ledger.indicators.facts import FacilityFact
from ledger.indicators.standing import Standing
from ledger.indicators.terms import gettext_noop
from ledger.indicators.willing import answers, who_say

WINDOWS = ("household_registration", "employment", "schooling", "medical_social", "legal")
FACILITIES = (
    "committee",
    "premises",
    "culture",
    "water",
    "power",
    "gas",
    "heat",
    "sewage",
    "school",
    "hospital",
)


def in_service(at: Standing, items: tuple[str, ...]) -> Result:
    """An item nobody reported is required and not in service; `detail["unreported"]` names it."""
    weights, missing, unreported = {}, {}, {}
    for key, site in at.facts.sites.items():
        if site.kind != "concentrated":
            continue
        last: dict[str, FacilityFact] = {}
        for row in at.facts.facilities.get(key, ()):
            old = last.get(row.item)
            if row.on <= at.as_of and (old is None or (old.on, old.id) < (row.on, row.id)):
                last[row.item] = row
        due = [item for item in items if item not in last or last[item].required]
        there = [item for item in due if item in last and last[item].state == "in_service"]
        weights[key] = (len(there), len(due))
        missing[key] = tuple(item for item in due if item not in there)
        unreported[key] = tuple(item for item in due if item not in last)
    return weighed(weights, detail={"missing": missing, "unreported": unreported})


def windows(at: Standing) -> Result:
    return in_service(at, WINDOWS)


def facilities(at: Standing) -> Result:
    return in_service(at, FACILITIES)


def settled_in(at: Standing) -> Result:
    adults = frozenset(person for person in at.grown if at.aged(person, at.terms.adult_age))
    willing = who_say(at, "adaptation", "yes", adults)
    attended = {
        at.homes[person]
        for person in adults
        if any(
            row.kind == "adaptation"
            and row.result == "completed"
            and row.completed_on is not None
            and row.completed_on <= at.as_of
            for row in at.facts.trainings.get(person, ())
        )
    }
    return served(
        {at.homes[person] for person in willing},
        attended.__contains__,
        unknown={at.homes[person] for person in who_say(at, "adaptation", "yes", at.undated)},
        answers=answers(at, "adaptation", adults),
    )


INDICATORS = (
    Indicator(
        "M6a",
        6,
        SITE,
        gettext_noop("Service windows at the sites"),
        gettext_noop(
            "Windows that concentrated sites need, added up: household registration, jobs, schooling, medical care "
            "and social insurance, legal advice"
        ),
        gettext_noop("of these, in service by the last report"),
        windows,
        target="all",
    ),
    Indicator(
        "M6b",
        6,
        SITE,
        gettext_noop("Organisation and facilities of the sites"),
        gettext_noop(
            "Committee, premises, culture, water, power, gas, heat, sewage, school and hospital of concentrated "
            "sites, added up, but for those reported as not needed"
        ),
        gettext_noop("of these, in service by the last report"),
        facilities,
        target="all",
    ),
    Indicator(
        "M6c",
        6,
        HOUSEHOLD,
        gettext_noop("Settling-in courses"),
        gettext_noop("Households with an adult who wants a settling-in course"),
        gettext_noop("of these, with an adult who attended one"),
        settled_in,
        terms=("adult_age",),
        target="all",
        willingness="adaptation",
    ),
)
