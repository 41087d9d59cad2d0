"""The plan's own goal, and measure 3: work, by which channel, and help with a business of one's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from ledger.indicators.counting import HOUSEHOLD, PERSON, Indicator, Result, served
from ledger.indicators.standing import Standing, covers
from ledger.indicators.terms import gettext_noop
from ledger.indicators.training import trades, wanting_households
from ledger.indicators.willing import answers, may_be, who_say


def one_in_stable_work(at: Standing) -> Result:
    rows, might = wanting_households(at)
    homes = {at.homes[person] for person in at.stable}
    return served(rows, homes.__contains__, unknown=might, answers=answers(at, "job", at.able))


def by_channel(at: Standing) -> Result:
    def sorted_by(key: Callable[[int], str]) -> dict[str, frozenset[int]]:
        parts: dict[str, set[int]] = defaultdict(set)
        for person in at.employed:
            parts[key(person)].add(person)
        return {name: frozenset(people) for name, people in sorted(parts.items())}

    return served(
        at.employed,
        lambda person: True,
        unknown=at.unsure & at.at_work.keys(),
        detail={
            "channel": sorted_by(lambda person: at.at_work[person].channel),
            "kind": sorted_by(lambda person: at.at_work[person].kind),
            "county": sorted_by(lambda person: at.households[at.homes[person]].county),
            "sex": sorted_by(lambda person: at.facts.persons[person].sex),
        },
    )


def exported(at: Standing) -> Result:
    def went(person: int) -> bool:
        return any(
            row.kind == "labour_export"
            and row.started_on <= at.as_of
            and (row.ended_on is None or row.ended_on >= at.terms.window_from)
            for row in at.facts.spells.get(person, ())
        )

    return served(
        who_say(at, "labour_export", "yes", at.able),
        went,
        unknown=may_be(at, "labour_export"),
        answers=answers(at, "labour_export", at.able),
    )


def business_helped(at: Standing) -> Result:
    willing = who_say(at, "entrepreneurship", "yes", at.able)

    def helped(kinds: Iterable[str], person: int, free: bool = False) -> bool:
        return any(
            row.kind in kinds and at.terms.window_from <= row.on <= at.as_of and (row.free or not free)
            for row in at.facts.supports.get(person, ())
        )

    return served(
        willing,
        lambda person: helped({"guidance"}, person, free=True),
        unknown=may_be(at, "entrepreneurship"),
        answers=answers(at, "entrepreneurship", at.able),
        detail={
            "loan": frozenset(person for person in at.grown if helped({"loan"}, person)),
            "interest": frozenset(person for person in at.grown if helped({"interest"}, person)),
            "training": frozenset(person for person in at.grown if helped({"training"}, person)),
            "trading": frozenset(person for person in at.grown if trades(at, person)),
            "jobs_created": sum(
                row.jobs_created
                for person in at.grown
                for row in at.facts.spells.get(person, ())
                if row.kind == "business" and covers(row, at.as_of)
            ),
        },
    )


INDICATORS = (
    Indicator(
        "M3a",
        0,
        HOUSEHOLD,
        gettext_noop("At least one member in stable work"),
        gettext_noop("Households with at least one member who can work and wants to, or is at work"),
        gettext_noop("of these, with at least one member in stable work"),
        one_in_stable_work,
        terms=("stable_days",),
        target="all",
        willingness="job",
    ),
    Indicator(
        "M3c",
        3,
        PERSON,
        gettext_noop("Persons at work, by channel"),
        gettext_noop("Persons of 16 and over who can work and are at work"),
        gettext_noop("a number, without a rate: by channel, kind, county and sex"),
        by_channel,
        is_count=True,
    ),
    Indicator(
        "M3d",
        3,
        PERSON,
        gettext_noop("Labour export at the person's own wish"),
        gettext_noop("Persons of 16 and over who can work and want to work elsewhere"),
        gettext_noop("of these, at work elsewhere on any day since 2019"),
        exported,
        terms=("window_from",),
        target="all",
        willingness="labour_export",
    ),
    Indicator(
        "M3e",
        3,
        PERSON,
        gettext_noop("Help with a business of one's own"),
        gettext_noop("Persons of 16 and over who can work and want a business of their own"),
        gettext_noop("of these, guided at least once free of charge since 2019"),
        business_helped,
        terms=("window_from",),
        target="all",
        willingness="entrepreneurship",
    ),
)
