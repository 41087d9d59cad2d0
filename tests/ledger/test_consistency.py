"""The ledger checked against itself: each check on rows that are wrong in that way, and on rows that are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given

from ledger.indicators import Facts, Terms
from ledger.indicators.consistency import CHECKS, check
from ledger.indicators.facts import BaselineFact, MembershipFact
from ledger.indicators.surveying import ITEMS, ITEMS_NOT_AT_WORK
from tests.ledger.worlds import EMIN, TODAY, TOLI, World, worlds


@pytest.fixture
def w() -> World:
    return World()


def found(w: World, code: str, **terms: int) -> list[tuple[int, Any]]:
    return [(one.id, dict(one.params)) for one in check(code, w.facts(), TODAY, Terms().changed(terms))]


def test_the_checks_are_those_of_the_design_and_two_are_for_few_eyes() -> None:
    assert list(CHECKS) == [f"C{number:02}" for number in range(1, 26)]
    apart = {code: one.audience for code, one in CHECKS.items() if one.audience != "keeper"}
    assert apart == {"C11": "county_lead", "C25": "supervisor"}
    assert [code for code, one in CHECKS.items() if one.severity == "block"] == ["C07"]
    assert all(check(code, Facts(), TODAY, Terms()) == [] for code in CHECKS)


def test_households(w: World) -> None:
    """C01 C02 C03 C04 C19 C22"""
    good, odd = w.household(), w.household(expected_members=3, resettlement="scattered")
    w.person(good, head=True), w.surveyed(good, TODAY)
    two = [w.person(odd, head=True), w.person(odd, head=True)]
    assert found(w, "C01") == [(odd, {})]
    assert found(w, "C02") == [], "not surveyed, so nobody knows yet"
    w.surveyed(odd, date(2019, 7, 1))
    assert found(w, "C02") == [(odd, {"expected": 3, "recorded": 2})]
    assert found(w, "C03") == [(odd, {"heads": 2})]
    assert found(w, "C19") == [(odd, {})]
    assert found(w, "C22") == [(odd, {"on": date(2019, 7, 1)})]
    assert found(w, "C04") == []
    w.rows["memberships"].append(MembershipFact(two[0], good, date(2020, 1, 1)))
    assert found(w, "C04") == [(two[0], {"households": (good, odd)})]


def test_identities(w: World) -> None:
    """C05 C06 C07 C08 C09"""
    a, b, c, d = (w.person(born=date(1990, 1, 1), sex="male") for _ in range(4))
    w.identity(a, id_key="k1", id_valid=True, id_birth_date=date(1990, 1, 1), id_sex="male", name_key="n1")
    w.identity(b, id_key="k1", id_valid=True, id_birth_date=date(1991, 1, 1), id_sex="female", name_key="n1")
    w.identity(c, id_valid=False, id_birth_date=date(1950, 1, 1)), w.identity(d, id_key="k2", name_key="n2")
    assert found(w, "C05") == [(c, {})]
    assert found(w, "C06") == [(b, {"items": ("birth_date", "sex")})], "a wrong number says nothing"
    assert found(w, "C07") == [(b, {"persons": (a, b)})]
    assert found(w, "C08") == [(b, {"persons": (a, b)})]
    w.rows["identities"][1] = replace(w.rows["identities"][1], id_key="k3")
    assert found(w, "C07") == []
    assert found(w, "C08") == [], "two numbers are two persons"
    for row in list(w.rows["identities"]):
        w.identity(row.person, phone_key="p")
    assert found(w, "C09") == []
    assert [params["count"] for _, params in found(w, "C09", phone_persons=3)] == [4]


def test_blank_items(w: World) -> None:
    """C10 C12 C13"""
    home = w.household()
    w.surveyed(home)
    every = dict.fromkeys((*ITEMS, *ITEMS_NOT_AT_WORK), "answered")
    w.person(home, labour="none", items=every | {"phone": "unknown"})
    blank = w.person(home, items={key: state for key, state in every.items() if key != "phone"})
    assert found(w, "C10") == [(blank, {"count": 1, "items": ("phone",)})], "unknown is a state, blank is none"
    assert found(w, "C13") == [(blank, {})]
    w.says(blank, "job", "no")
    assert found(w, "C13") == []
    worker = w.person(items={"place": "declined", "pay": "answered"})
    w.works(worker, date(2019, 5, 1))
    assert found(w, "C12") == [(worker, {"items": ("trade",)})]


def test_children(w: World) -> None:
    """C11, private"""
    asked, working, grown, plain = (
        w.person(born=born) for born in (date(2008, 1, 1), date(2008, 1, 1), date(2003, 6, 1), date(2008, 1, 1))
    )
    w.says(asked, "job", "no"), w.works(working, date(2020, 1, 1))
    w.works(grown, date(2019, 5, 31), date(2019, 6, 30))
    w.says(plain, "adaptation", "yes")
    assert found(w, "C11") == [
        (asked, {"statement": True, "work": False}),
        (working, {"statement": False, "work": True}),
        (grown, {"statement": False, "work": True}),
    ], "who was 15 on the first day is found at 16 as well"


def test_work(w: World) -> None:
    """C14 C16 C17 C18"""
    person = w.person()
    first = w.works(person, date(2019, 1, 1), date(2019, 6, 30), pay_amount=2400, pay_period="month")
    second = w.works(person, date(2019, 6, 30), date(2019, 12, 31), pay_amount=36000, pay_period="year")
    reversed_ = w.works(person, date(2020, 2, 1), date(2020, 1, 1), pay_amount=36000, pay_period="month")
    future = w.works(person, TODAY + timedelta(days=1), primary=False, pay_amount=100, pay_period="day")
    assert found(w, "C14") == [
        (second, {"problem": "overlapping", "other": first}),
        (reversed_, {"problem": "reversed"}),
        (future, {"problem": "future"}),
    ]
    assert found(w, "C18") == [(reversed_, {"amount": 36000, "period": "month"})]
    w.offered(person, date(2019, 1, 1)), w.offered(person, date(2020, 2, 20))
    during = w.offered(person, date(2019, 3, 1))
    assert found(w, "C16") == [(during, {})]
    w.visited(person, date(2019, 3, 1))
    outside = w.visited(person, date(2018, 12, 31))
    assert found(w, "C17") == [(outside, {})]


def test_training(w: World) -> None:
    """C15"""
    adult, child = w.person(), w.person(born=date(2006, 1, 1))
    w.trained(adult, date(2019, 6, 1), enrolled_on=date(2019, 6, 1)), w.trained(child, date(2019, 6, 1), "adaptation")
    odd = w.trained(adult, date(2019, 6, 1), enrolled_on=date(2019, 6, 2), fee_paid=50)
    young = w.trained(child, date(2019, 6, 1))
    assert found(w, "C15") == [
        (odd, {"problem": "reversed"}),
        (odd, {"problem": "fee"}),
        (young, {"problem": "under_16"}),
    ]


def test_rights_and_dwellings(w: World) -> None:
    """C20 C21"""
    home = w.household()
    old = w.looked("grassland", "lapsed", TODAY - timedelta(days=31), household=home)
    w.looked("medical", "lapsed", TODAY - timedelta(days=30), household=home)
    assert found(w, "C20") == [(old, {"right": "grassland", "days": 31})]
    w.dwelling(household=home, applied_on=date(2019, 5, 1), issued_on=date(2019, 5, 1), certified=True)
    nobody = w.dwelling(issued_on=date(2019, 5, 1), certified=True)
    half = w.dwelling(household=home, certified=True)
    early = w.dwelling(household=home, applied_on=date(2019, 5, 2), issued_on=date(2019, 5, 1), certified=True)
    problems = [(key, params["problem"]) for key, params in found(w, "C21")]
    assert problems == [(nobody, "no_household"), (half, "half"), (early, "reversed")]


def test_the_dead_and_the_moved(w: World) -> None:
    """C23"""
    gone = w.person(status="deceased", status_on=date(2019, 9, 1))
    closed = w.person(status="moved_out", status_on=date(2019, 9, 1))
    spell = w.works(gone, date(2019, 1, 1))
    w.works(closed, date(2019, 1, 1), date(2019, 9, 1))
    assert found(w, "C23") == [(spell, {"status": "deceased"})]


def test_a_figure_of_the_plan_stands_beside_ours(w: World) -> None:
    """C24"""
    w.works(w.person(), date(2019, 1, 1))
    on = date(2019, 5, 31)
    w.rows["baselines"] = [BaselineFact(EMIN, "employed", 239, on), BaselineFact(EMIN, "households", 1, on)]
    assert found(w, "C24") == [(654221, {"what": "employed", "stated": 239, "counted": 1, "on": on})]


def test_the_office_is_looked_at_and_not_those_it_asked_or_who_wrote(w: World) -> None:
    """C25"""
    w.recorded(9, "job", "no", 3), w.recorded(9, "job", "yes", 3)
    w.recorded(8, "training", "yes", 6, by_workbook=2), w.recorded(8, "job", "no", 2)
    w.recorded(7, "visit", "no", 2), w.recorded(9, "visit", "no", 2, TODAY + timedelta(days=1))
    w.recorded(8, "training", "no", 3, date(2019, 7, 2), county=TOLI)
    assert found(w, "C25") == []
    day, calm = {"on": date(2019, 7, 1), "recorders": 3}, {"same": 0, "kind": "", "answer": "", "by_workbook": 0}
    assert found(w, "C25", noes_a_day=2, same_a_day=5) == [
        (int(EMIN), day | calm | {"answers": 6, "noes": 3, "beyond": ("refusals",)}),
        (int(EMIN), {**day, "answers": 8, "noes": 2, "same": 6, "kind": "training", "answer": "yes", "by_workbook": 2,
                     "beyond": ("identical",)}),
        (int(TOLI), {"on": date(2019, 7, 2), "recorders": 1, "answers": 3, "noes": 3, "same": 3, "kind": "training",
                     "answer": "no", "by_workbook": 0, "beyond": ("refusals",)}),
    ]  # fmt: skip


@given(worlds())
def test_checks_stand_any_rows(w: World) -> None:
    facts = w.facts()
    for code, one in CHECKS.items():
        for finding in check(code, facts, TODAY, Terms()):
            assert finding.code == one.code
