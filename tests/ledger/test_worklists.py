"""Lists of what is to be done next: whom they hold, by when, and whom they leave alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given

from ledger.indicators import INDICATORS, Terms
from ledger.indicators.standing import Standing
from ledger.indicators.surveying import ITEMS, ITEMS_NOT_AT_WORK
from ledger.indicators.worklists import WHY, WORKLISTS, Task, may_ask_on, worklist
from tests.ledger.worlds import KINDS, TODAY, World, worlds


@pytest.fixture
def w() -> World:
    return World()


def rows(w: World, code: str, as_of: date = TODAY, **terms: int) -> list[Task]:
    return worklist(code, w.facts(), as_of, Terms().changed(terms))


def only(w: World, code: str, as_of: date = TODAY) -> Task:
    (row,) = rows(w, code, as_of)
    return row


def test_households_to_survey_are_those_not_reached_and_not_those_that_declined(w: World) -> None:
    fresh, away, declined = w.household(), w.household(), w.household()
    w.surveyed(away, date(2019, 7, 20), "not_home"), w.surveyed(declined, date(2019, 7, 20), "declined")
    found = {row.id: row for row in rows(w, "survey", date(2019, 8, 1))}
    assert set(found) == {fresh, away}
    assert (found[fresh].why, found[fresh].due_on) == ("not_surveyed", date(2019, 7, 31))
    assert (found[away].why, found[away].params) == ("nobody_home", {"on": date(2019, 7, 20)})
    again = date(2019, 7, 20) + timedelta(days=180)
    assert declined not in {row.id for row in rows(w, "survey", again - timedelta(days=1))}
    assert declined in {row.id for row in rows(w, "survey", again)}


def test_items_are_listed_for_surveyed_households_and_a_refusal_is_no_gap(w: World) -> None:
    home = w.household()
    every = {item: "answered" for item in (*ITEMS, *ITEMS_NOT_AT_WORK) if item != "phone"}
    w.person(home, items=every | {"phone": "declined"})
    lacking = w.person(home, items=every | {"health": "unknown"})
    assert rows(w, "items") == [], "the household is to be surveyed first"
    w.surveyed(home, date(2019, 7, 15))
    row = only(w, "items")
    assert (row.person, row.params) == (lacking, {"count": 2, "items": ("health", "phone")})
    assert row.due_on == date(2019, 8, 14)


def test_nobody_is_asked_again_before_the_term_and_a_no_is_not_asked_after(w: World) -> None:
    silent, undecided, lately, no, worker = [w.person() for _ in range(5)]
    for person in (undecided, lately, no, worker):
        w.says(person, "training", "yes")
    w.says(undecided, "job", "undecided", TODAY - timedelta(days=180))
    w.says(lately, "job", "undecided", TODAY - timedelta(days=179))
    w.says(no, "job", "no", TODAY - timedelta(days=900))
    w.works(worker, date(2019, 5, 1))
    found = [(row.id, row.params["kind"], row.why) for row in rows(w, "ask")]
    assert found == [
        (silent, "job", "never_asked"),
        (silent, "training", "never_asked"),
        (undecided, "job", "undecided"),
    ]
    at = Standing(w.facts(), TODAY, Terms())
    assert may_ask_on(at, lately, "job") == TODAY + timedelta(days=1)
    assert may_ask_on(at, undecided, "job") is None and may_ask_on(at, silent, "job") is None


def test_the_willing_are_to_be_trained_by_the_plans_end_and_offered_a_post_in_30_days(w: World) -> None:
    person = w.person()
    w.says(person, "training", "yes", date(2019, 7, 1)), w.says(person, "job", "yes", date(2019, 7, 1))
    train, match = only(w, "train"), only(w, "match")
    assert (train.id, train.due_on, train.why) == (person, date(2020, 12, 31), "wants_training")
    assert (match.id, match.due_on, match.why) == (person, date(2019, 7, 31), "wants_work")
    w.works(person, date(2019, 8, 1), date(2020, 1, 31))
    assert only(w, "match").due_on == date(2020, 3, 1), "30 days from losing it"
    w.works(person, date(2020, 2, 15))
    assert rows(w, "match") == [], "who is at work needs no post"
    w.trained(person, date(2019, 9, 1))
    assert rows(w, "train") == []


def test_visits_are_due_by_the_years_end_but_for_who_wants_none(w: World) -> None:
    worker, private = w.person(), w.person()
    w.works(worker, date(2019, 5, 1)), w.works(private, date(2019, 5, 1)), w.says(private, "visit", "no")
    row = only(w, "visit")
    assert (row.id, row.due_on) == (worker, date(2020, 12, 31))
    w.visited(worker, date(2020, 1, 9), "declined")
    assert rows(w, "visit") == []
    assert [row.id for row in rows(w, "visit", date(2021, 1, 1))] == [worker], "a new year"


def test_one_lapse_is_one_row_until_it_is_put_right(w: World) -> None:
    person = w.person()
    first = w.looked("medical", "lapsed", date(2020, 1, 10), person=person)
    w.looked("medical", "not_received", date(2020, 2, 1), person=person)
    row = only(w, "lapse")
    assert (row.id, row.due_on, row.params["right"]) == (first, date(2020, 2, 9), "medical")
    w.looked("medical", "kept", date(2020, 2, 20), person=person)
    assert rows(w, "lapse") == []


def test_lost_work_is_to_be_registered_and_the_registered_helped(w: World) -> None:
    person = w.person()
    spell = w.works(person, date(2019, 5, 1), date(2020, 2, 20))
    row = only(w, "register")
    assert (row.id, row.person, row.due_on) == (spell, person, date(2020, 3, 21))
    assert rows(w, "register", date(2020, 2, 20)) == [], "the last day is a day of work"
    refuser = w.person()
    w.works(refuser, date(2019, 5, 1), date(2020, 2, 20)), w.says(refuser, "job", "no")
    assert only(w, "register").person == person, "who wants no work need not be registered"
    key = w.registered(person, date(2020, 2, 25))
    assert rows(w, "register") == []
    row = only(w, "help")
    assert (row.id, row.why, row.due_on) == (key, "no_helper", date(2020, 3, 26))
    helped = replace(w.rows["registrations"][0], helper=9, help_dates=(date(2020, 2, 28),))
    w.rows["registrations"] = [helped]
    assert rows(w, "help") == []
    assert only(w, "help", date(2020, 3, 29)).params == {"on": date(2020, 2, 28)}


def test_scattered_households_get_a_named_person_30_days_after_the_move(w: World) -> None:
    undated = w.household(resettlement="scattered")
    moved = w.household(resettlement="scattered", resettled_on=date(2019, 6, 1))
    assert [(row.id, row.due_on) for row in rows(w, "tracker")] == [(moved, date(2019, 7, 1)), (undated, None)]


def test_who_was_contacted_twice_this_month_waits_for_the_next(w: World) -> None:
    person = w.person()
    w.works(person, date(2019, 5, 1))
    as_of = date(2020, 1, 31)
    w.contacted(person, date(2020, 1, 3)), w.contacted(person, date(2020, 1, 3), "call")
    w.contacted(person, date(2019, 12, 31))
    assert only(w, "visit", as_of).wait_until is None, "two on one day are one"
    w.visited(person, date(2020, 1, 9), "not_found")
    assert only(w, "visit", as_of).wait_until == date(2020, 2, 1)
    assert only(w, "visit", date(2020, 2, 1)).wait_until is None


def test_every_reason_has_words_and_every_list_has_a_title() -> None:
    assert all(WHY.values()) and all(one.title for one in WORKLISTS.values())


def listed(w: World) -> set[tuple[str, str, int]]:
    return {(code, row.subject, row.id) for code in WORKLISTS for row in rows(w, code)}


@given(worlds())
def test_no_list_holds_anybody_for_a_refusal_or_after_death(w: World) -> None:
    before = listed(w)
    somebody = w.person(w.rows["households"][0].id, items=dict.fromkeys(("name",), "answered"))
    for kind in KINDS:
        w.says(somebody, kind, "no", date(2018, 1, 1))
    w.works(somebody, date(2018, 1, 1), date(2019, 12, 1)), w.registered(somebody, date(2019, 12, 5))
    new = listed(w) - before
    assert {code for code, _, _ in new} <= {"items"}, "only what the survey left blank"

    w.rows["persons"] = [
        row if row.status == "duplicate" else replace(row, status="deceased", status_on=TODAY)
        for row in w.rows["persons"]
    ]
    for code in WORKLISTS:
        assert all(row.person is None for row in rows(w, code)), code


@given(worlds())
def test_a_list_and_its_rate_never_disagree(w: World) -> None:
    facts = w.facts()
    for code, indicator in (("train", "M2a"), ("visit", "M4b"), ("tracker", "M1e"), ("help", "M4d")):
        gap = INDICATORS[indicator].evaluate(facts, TODAY, Terms()).gap
        assert {row.id for row in worklist(code, facts, TODAY, Terms())} == gap, code
    for code in WORKLISTS:
        for row in worklist(code, facts, TODAY, Terms()):
            assert row.why in WHY and row.list == code
            assert WHY[row.why] % row.params
