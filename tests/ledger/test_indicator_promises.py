"""What holds for every indicator, whatever the rows are."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.indicators import INDICATORS, Facts, Indicator, Result, Terms, split
from ledger.indicators.counting import CHECK, PERSON, REGISTRATION, SPELL
from ledger.indicators.facts import MembershipFact, TouchFact
from ledger.indicators.rights import OF_HOUSEHOLDS
from ledger.indicators.sites import FACILITIES, WINDOWS
from ledger.indicators.standing import WORKING_AGE, turned
from tests.ledger.worlds import COUNTIES, KINDS, TODAY, World, worlds

TERMS = Terms()
# They count what is written down, or what is due to everybody, wished for or not; M4f by the plan's own words.
WHATEVER_IS_WISHED = {"M1b", "M1c", "M5a", "M4f"}

each = pytest.mark.parametrize("indicator", INDICATORS.values(), ids=INDICATORS)


def result_of(indicator: Indicator, facts: Facts) -> Result:
    return indicator.evaluate(facts, TODAY, TERMS)


def all_of(facts: Facts) -> dict[str, Result]:
    return {code: result_of(indicator, facts) for code, indicator in INDICATORS.items()}


def rates(facts: Facts) -> dict[str, tuple[int, int, frozenset[int]]]:
    return {code: (result.n, result.d, result.unknown) for code, result in all_of(facts).items()}


@each
def test_nobody_to_serve_is_neither_all_nor_nothing(indicator: Indicator) -> None:
    result = result_of(indicator, Facts())
    assert result.is_empty and result.share is None
    assert not result.numerator | result.denominator | result.unknown
    assert split(indicator, Facts(), TODAY, TERMS) == {}


@given(worlds())
def test_who_is_served_is_one_of_those_who_count(w: World) -> None:
    for code, result in all_of(w.facts()).items():
        assert 0 <= result.n <= result.d, code
        assert result.numerator <= result.denominator, code
        assert not result.unknown & result.denominator, code
        assert result.is_empty == (not result.denominator), code
        if result.answers is not None:
            parts = [result.answers.yes, result.answers.no, result.answers.undecided, result.answers.not_asked]
            assert sum(map(len, parts)) == len(frozenset().union(*parts)), code


@given(worlds())
def test_counties_and_sites_add_up(w: World) -> None:
    facts = w.facts()
    for code, indicator in INDICATORS.items():
        whole = result_of(indicator, facts)
        counties = {county: result_of(indicator, facts.within(county=county)) for county in COUNTIES}
        assert sum(part.n for part in counties.values()) == whole.n, code
        assert sum(part.d for part in counties.values()) == whole.d, code
        assert sum(len(part.unknown) for part in counties.values()) == len(whole.unknown), code
        at_once = split(indicator, facts, TODAY, TERMS)
        for county, part in counties.items():
            bare = replace(part, detail={})
            if county in at_once:
                assert at_once[county] == bare, code
            else:
                assert bare.is_empty and not bare.unknown, code
        for site, part in split(indicator, facts, TODAY, TERMS, by="site").items():
            if site is not None:
                assert part == replace(result_of(indicator, facts.within(site=site)), detail={}), code


@given(worlds(), st.sampled_from(["ordinary", "skilled", ""]), st.booleans())
def test_a_refusal_changes_no_rate(w: World, labour: str, registered: bool) -> None:
    before = rates(w.facts())
    somebody = w.person(w.rows["households"][0].id, labour=labour, left_school="yes", born=date(2002, 1, 1))
    for kind in KINDS:
        w.says(somebody, kind, "yes", TODAY - timedelta(days=300)), w.says(somebody, kind, "no", TODAY)
    if registered:
        w.registered(somebody, date(2019, 10, 1)), w.offered(somebody, date(2019, 10, 1))
    after = rates(w.facts())
    for code in set(INDICATORS) - WHATEVER_IS_WISHED:
        assert after[code] == before[code], code


def people_behind(w: World, indicator: Indicator, rows: frozenset[int]) -> set[int]:
    """The persons that the rows of an indicator are, or belong to."""
    if indicator.subject == PERSON:
        return set(rows)
    name = {SPELL: "spells", REGISTRATION: "registrations"}.get(indicator.subject)
    return {row.person for row in w.rows[name] if row.id in rows} if name else set()


@given(worlds())
def test_nobody_under_16_counts(w: World) -> None:
    child = w.person(w.rows["households"][0].id, born=date(2004, 3, 2), left_school="yes")
    facts = w.facts()
    before = rates(facts)
    born = {row.id: row.birth_date for row in w.rows["persons"]}
    for code, indicator in INDICATORS.items():
        for person in people_behind(w, indicator, result_of(indicator, facts).denominator):
            assert (birth := born[person]) is not None and turned(birth, WORKING_AGE) <= TODAY, code
    for kind in KINDS:
        w.says(child, kind, "yes", TODAY)
    w.works(child, date(2018, 1, 1), date(2019, 6, 1)), w.works(child, date(2019, 7, 1))
    w.trained(child, date(2019, 7, 1)), w.registered(child, date(2019, 10, 1)), w.offered(child, date(2019, 10, 1))
    assert rates(w.facts()) == before, "whatever is entered of a child"


def bring_later(w: World) -> None:
    """Everything that can happen to somebody happens after the date."""
    later = TODAY + timedelta(days=1)
    people, homes = [row.id for row in w.rows["persons"]], [row.id for row in w.rows["households"]]
    for site in [row.id for row in w.rows["sites"]]:
        for item in (*WINDOWS, *FACILITIES):
            w.facility(site, item, "in_service", later)
    for home in homes:
        w.surveyed(home, later), w.followed(home, later)
        w.rows["touches"].append(TouchFact(home, later))
        for right in OF_HOUSEHOLDS:
            w.looked(right, "lapsed", later, household=home)
    for person in people:
        for kind in KINDS:
            w.says(person, kind, "no", later)
        w.works(person, later), w.trained(person, later), w.offered(person, later), w.visited(person, later)
        w.trained(person, later, "mid_term", enrolled_on=later), w.trained(person, later, "adaptation")
        w.registered(person, later), w.contacted(person, later), w.supported(person, later)
        w.looked("medical", "lapsed", later, person=person)
        w.rows["memberships"].append(MembershipFact(person, homes[0], later))

    def ends(name: str, field: str) -> None:
        """What is open at the date ends after it."""
        w.rows[name] = [replace(row, **{field: later}) if getattr(row, field) is None else row for row in w.rows[name]]

    for name, field in (
        ("spells", "ended_on"),
        ("trackers", "until"),
        ("registrations", "closed_on"),
        ("checks", "resolved_on"),
        ("memberships", "until"),
        ("dwellings", "issued_on"),
    ):
        ends(name, field)
    for name in ("persons", "households"):
        gone = {"persons": "deceased", "households": "exited"}[name]
        w.rows[name] = [
            replace(row, status=gone, status_on=later) if row.status == "active" else row for row in w.rows[name]
        ]


@given(worlds())
def test_what_happens_after_the_date_changes_nothing(w: World) -> None:
    before = all_of(w.facts())
    bring_later(w)
    after = all_of(w.facts())
    for code in INDICATORS:
        assert after[code] == before[code], code
        assert after[code].fingerprint == before[code].fingerprint, code


Serve = Callable[[World, int, int], Any]
SERVICES: dict[str, Serve] = {
    "M1a": lambda w, person, home: w.surveyed(home, TODAY),
    "M1b": lambda w, person, home: w.person(home),
    "M1d": lambda w, person, home: w.rows["touches"].append(TouchFact(home, TODAY)),
    "M1e": lambda w, person, home: w.followed(home, TODAY),
    "M2a": lambda w, person, home: w.trained(person, TODAY),
    "M2b": lambda w, person, home: w.trained(person, TODAY),
    "M2c": lambda w, person, home: w.trained(person, TODAY, "mid_term", enrolled_on=TODAY),
    "M2d": lambda w, person, home: w.trained(person, TODAY),
    "M3a": lambda w, person, home: w.works(person, date(2019, 1, 1)),
    "M3d": lambda w, person, home: w.works(person, date(2019, 1, 1), date(2019, 2, 1), "labour_export"),
    "M3e": lambda w, person, home: w.supported(person, TODAY),
    "M4a": lambda w, person, home: w.offered(person, TODAY),
    "M4b": lambda w, person, home: w.visited(person, TODAY),
    "M4c": lambda w, person, home: [w.registered(person, TODAY - timedelta(days=back)) for back in range(0, 900, 29)],
    "M4e": lambda w, person, home: w.contacted(person, TODAY),
    "M4f": lambda w, person, home: w.works(person, date(2019, 1, 1)),
    "M5a": lambda w, person, home: w.looked("medical", "kept", TODAY, person=person),
    "M5b": lambda w, person, home: w.looked("medical", "kept", TODAY, person=person),
    "M5c": lambda w, person, home: w.looked("medical", "kept", TODAY, person=person),
    "M6a": lambda w, person, home: [w.facility(row.id, "legal", "in_service", TODAY) for row in w.rows["sites"]],
    "M6b": lambda w, person, home: [w.facility(row.id, "water", "in_service", TODAY) for row in w.rows["sites"]],
    "M6c": lambda w, person, home: w.trained(person, TODAY, "adaptation"),
    "M7a": lambda w, person, home: w.dwelling(issued_on=TODAY),
}


@given(worlds(), st.sampled_from(sorted(SERVICES)), st.integers(0, 5))
def test_one_more_service_lowers_no_number(w: World, code: str, which: int) -> None:
    people = w.rows["memberships"]
    somebody = people[which % len(people)]
    before = result_of(INDICATORS[code], w.facts())
    SERVICES[code](w, somebody.person, somebody.household)
    after = result_of(INDICATORS[code], w.facts())
    assert after.n >= before.n
    assert before.numerator <= after.numerator or INDICATORS[code].subject == CHECK


@given(worlds())
def test_the_order_of_the_rows_plays_no_part(w: World) -> None:
    before = {code: result.fingerprint for code, result in all_of(w.facts()).items()}
    for rows in w.rows.values():
        rows.reverse()
    assert {code: result.fingerprint for code, result in all_of(w.facts()).items()} == before


@given(worlds())
def test_who_may_be_unable_to_work_is_unknown_and_not_dropped(w: World) -> None:
    """All persons lose their labour code: whoever counted is now among those nobody can tell of."""
    before = all_of(w.facts())
    w.rows["persons"] = [replace(row, labour="") for row in w.rows["persons"]]
    after = all_of(w.facts())
    for code in ("M2a", "M2b", "M3a", "M3c", "M3d", "M3e", "M4a", "M4b", "M4c", "M4e", "M4f"):
        assert after[code].is_empty, code
        assert before[code].denominator <= after[code].unknown, code


def _busy(size: int) -> Facts:
    """Households of four in three counties: everybody asked, every other one at work and visited."""
    w = World()
    homes = [w.household(COUNTIES[at % 3], resettlement="scattered", expected_members=4) for at in range(size // 4)]
    w.person(homes[0])
    model, membership = w.rows["persons"][0], w.rows["memberships"][0]
    w.rows["persons"] = [
        replace(model, id=at, birth_date=date(1945 + at % 70, 1, 1), county=COUNTIES[at // 4 % 3]) for at in range(size)
    ]
    w.rows["memberships"] = [replace(membership, person=at, household=homes[at // 4]) for at in range(size)]
    for at in range(size):
        w.says(at, "job", "yes" if at % 3 else "no")
        if at % 2:
            w.works(at, date(2019, 5, 1)), w.visited(at, TODAY)
    return w.facts()


def _lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python it takes, each turn of a loop by itself: the same on every machine."""
    lines = 0

    def count(frame: object, event: str, arg: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines


@each
def test_four_times_the_people_are_four_times_the_work(indicator: Indicator) -> None:
    """A scan of everybody for each person would be sixteen times."""
    few, many = _busy(240), _busy(960)
    once = _lines_run(lambda: split(indicator, few, TODAY, TERMS))
    assert _lines_run(lambda: split(indicator, many, TODAY, TERMS)) <= 4.4 * once
    if indicator.code == "M1a":
        assert sum(part.d for part in split(indicator, many, TODAY, TERMS).values()) == 960 // 4
