"""Measure 2: training for those who want it."""

from __future__ import annotations

from ledger.indicators.counting import HOUSEHOLD, PERSON, Indicator, Result, served
from ledger.indicators.facts import TrainingFact
from ledger.indicators.standing import WORKING_AGE, Standing, born_by, days
from ledger.indicators.terms import gettext_noop
from ledger.indicators.willing import answers, may_be, say, who_say

NOT_A_SKILL = "adaptation"  # belongs to moving in, measure 6


def completed(at: Standing, person: int) -> list[TrainingFact]:
    """The skill and business courses a person completed in the plan's two years, by the date."""
    last = min(at.as_of, at.terms.window_until)
    return [
        row
        for row in at.facts.trainings.get(person, ())
        if row.kind != NOT_A_SKILL
        and row.result == "completed"
        and row.completed_on is not None
        and at.terms.window_from <= row.completed_on <= last
    ]


def trades(at: Standing, person: int) -> bool:
    """Is in business at the date, as the main thing or beside it."""
    return any(
        row.kind == "business" and row.started_on <= at.as_of and (row.ended_on is None or row.ended_on >= at.as_of)
        for row in at.facts.spells.get(person, ())
    )


def willing_trained(at: Standing) -> Result:
    return served(
        who_say(at, "training", "yes", at.able),
        lambda person: any(row.free and not row.fee_paid for row in completed(at, person)),
        unknown=may_be(at, "training"),
        answers=answers(at, "training", at.able),
    )


def business_trained(at: Standing) -> Result:
    willing = who_say(at, "training", "yes", at.able)
    people = at.facts.persons
    placed = {key for key in willing if people[key].business_conditions == "yes" or trades(at, key)}
    # Wants a business, and nobody wrote down whether what it takes is there.
    open_ = {
        key
        for key in willing - placed
        if people[key].business_conditions == "" and say(at, "entrepreneurship", key) == "yes"
    }
    unsure = {key for key in may_be(at, "training") if people[key].business_conditions == "yes" or trades(at, key)}
    return served(
        placed,
        lambda person: bool(completed(at, person)),
        unknown=open_ | unsure,
        answers=answers(at, "training", at.able),
    )


def mid_term(at: Standing) -> Result:
    """Whether they can work plays no part: they are young, and go to school again."""
    people = at.facts.persons
    youngest = max(at.terms.mid_term_from, WORKING_AGE)
    by, after = born_by(at.as_of, youngest), born_by(at.as_of, at.terms.mid_term_to + 1)
    young = {key for key in at.grown if (born := people[key].birth_date) is not None and after < born <= by}
    left = {key for key in young if people[key].left_school == "yes"}
    open_ = {key for key in young if people[key].left_school == ""}

    def went(person: int) -> bool:
        return any(
            row.kind == "mid_term"
            and row.enrolled_on is not None
            and at.terms.window_from <= row.enrolled_on <= at.as_of
            and row.result not in ("dropped", "declined")
            for row in at.facts.trainings.get(person, ())
        )

    return served(
        who_say(at, "mid_term_training", "yes", left),
        went,
        unknown=who_say(at, "mid_term_training", "yes", open_),
        answers=answers(at, "mid_term_training", left),
    )


def placed_after(at: Standing) -> Result:
    def placed(person: int) -> bool:
        return any(
            course.completed_on is not None
            and course.completed_on
            <= spell.started_on
            <= min(at.as_of, course.completed_on + days(at.terms.placed_days))
            for course in completed(at, person)
            for spell in at.facts.spells.get(person, ())
        )

    return served((person for person in at.grown if completed(at, person)), placed)


def without_any_work(at: Standing) -> Result:
    """M3b; the rows are the households in question, the numerator those where nobody works."""
    from_ = wanting_households(at)
    at_work = {at.homes[person] for person in at.employed}
    return served(from_[0], lambda key: key not in at_work, unknown=from_[1], answers=answers(at, "job", at.able))


def wanting_households(at: Standing) -> tuple[frozenset[int], frozenset[int]]:
    """Households with somebody able who wants work or has it, and those that might be.

    Who works wants to, asked or not.
    """
    wanting = who_say(at, "job", "yes", at.able) | at.employed
    might = may_be(at, "job") | (at.unsure & at.at_work.keys())
    return frozenset(at.homes[key] for key in wanting), frozenset(at.homes[key] for key in might)


INDICATORS = (
    Indicator(
        "M2a",
        2,
        PERSON,
        gettext_noop("Willing persons trained free of charge"),
        gettext_noop("Persons of 16 and over who can work and want training"),
        gettext_noop("of these, at least one free skill or business course completed in 2019–2020, nothing paid"),
        willing_trained,
        terms=("window_from", "window_until"),
        target="all",
        willingness="training",
    ),
    Indicator(
        "M2b",
        2,
        PERSON,
        gettext_noop("Training of those in business or with the conditions for one"),
        gettext_noop(
            "Persons of 16 and over who can work, want training, and are in business or have some conditions for it"
        ),
        gettext_noop("of these, at least one skill or business course completed in 2019–2020"),
        business_trained,
        terms=("window_from", "window_until"),
        target="all",
        willingness="training",
    ),
    Indicator(
        "M2c",
        2,
        PERSON,
        gettext_noop("One-year course for school leavers"),
        gettext_noop(
            "Persons of the set age, 16 at least, who left junior or senior middle school without going on "
            "and want the course"
        ),
        gettext_noop("of these, enrolled in the one-year course or through with it"),
        mid_term,
        terms=("mid_term_from", "mid_term_to", "window_from"),
        target="all",
        willingness="mid_term_training",
    ),
    Indicator(
        "M2d",
        2,
        PERSON,
        gettext_noop("Work after training"),
        gettext_noop("Persons of 16 and over who completed a skill or business course in 2019–2020"),
        gettext_noop("of these, work begun within the set number of days after it"),
        placed_after,
        terms=("window_from", "window_until", "placed_days"),
    ),
    Indicator(
        "M3b",
        2,
        HOUSEHOLD,
        gettext_noop("Households with nobody employed"),
        gettext_noop("Households with at least one member who can work and wants to, or is at work"),
        gettext_noop("of these, with nobody who can work at work: none shall be left"),
        without_any_work,
        target="none",
        willingness="job",
    ),
)
