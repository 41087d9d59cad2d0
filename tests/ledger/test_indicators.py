"""Each indicator, counted by hand: a few people in words, and who of them counts."""

from __future__ import annotations

import ast
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.indicators import INDICATORS, Result, Terms, explained
from ledger.indicators import rights as rights_module
from ledger.indicators.surveying import ITEMS, ITEMS_AT_WORK, ITEMS_NOT_AT_WORK
from tests.ledger.worlds import EMIN, TODAY, TOLI, World

ALL_OF = (
    "M1a M1b M1c M1d M1e M2a M2b M2c M2d M3a M3b M3c M3d M3e M4a M4b M4c M4d M4e M4f M5a M5b M5c M6a M6b M6c M7a M7b"
)


@pytest.fixture
def w() -> World:
    return World()


def counted(w: World, code: str, as_of: date = TODAY, **terms: int) -> Result:
    return INDICATORS[code].evaluate(w.facts(), as_of, Terms().changed(terms))


def numbers(result: Result) -> tuple[int, int]:
    return result.n, result.d


def test_every_indicator_of_the_design_is_there_under_its_measure() -> None:
    assert sorted(INDICATORS) == ALL_OF.split()
    measures = {code: one.measure for code, one in INDICATORS.items()}
    assert measures["M3a"] == 0, "the plan's own goal"
    assert measures["M3b"] == 2, "no household with nobody employed is what training is for"
    assert measures["M1e"] == 4, "the ledger of scattered households is a service"
    known = {one.code for one in explained(Terms())}
    for one in INDICATORS.values():
        assert set(one.terms) <= known
        assert one.title and one.denominator and one.numerator and one.version == 1


def test_m1a_counts_active_households_of_the_roster_with_a_survey(w: World) -> None:
    done, partly, away, declined = (w.household() for _ in range(4))
    w.surveyed(done), w.surveyed(partly, result="partial")
    w.surveyed(away, result="not_home"), w.surveyed(declined, result="declined")
    w.surveyed(w.household(on_roster=False))
    w.surveyed(w.household(status="exited", status_on=date(2020, 1, 1)))
    result = counted(w, "M1a")
    assert (result.numerator, result.denominator) == ({done, partly}, {done, partly, away, declined})
    assert result.detail["declined"] == {declined}
    assert numbers(counted(w, "M1a", date(2019, 12, 31))) == (3, 5), "the household had not left yet"


def test_m1b_counts_members_and_no_surplus_makes_up_for_a_missing_one(w: World) -> None:
    short, crowded, unknown, unseen = (w.household(expected_members=size) for size in (3, 1, None, 5))
    for home in (short, crowded, crowded, unknown):
        w.person(home)
    w.surveyed(short), w.surveyed(crowded), w.surveyed(unknown)
    result = counted(w, "M1b")
    assert numbers(result) == (2, 4), "one of three, and one of one"
    assert (result.numerator, result.unknown) == ({crowded}, {unknown})
    assert result.detail["differing"] == {short: (3, 1), crowded: (1, 2)}
    assert unseen not in result.denominator


def test_m1c_counts_items_and_takes_a_refusal_for_an_answer(w: World) -> None:
    every = dict.fromkeys(ITEMS, "answered")
    worker = w.person(items=every | {"phone": "declined"} | dict.fromkeys(ITEMS_AT_WORK[:2], "answered"))
    w.works(worker, date(2019, 5, 1))
    idle = w.person(items=every | {"education": "unknown"} | dict.fromkeys(ITEMS_NOT_AT_WORK, "not_applicable"))
    child, undated = w.person(born=date(2010, 1, 1)), w.person(born=None)
    result = counted(w, "M1c")
    assert result.weights == {worker: (13, 16), idle: (10, 11)}
    assert result.detail["declined"] == 1
    assert result.unknown == {undated}
    assert child not in result.denominator | result.unknown


def test_m1d_wants_a_sign_within_the_term(w: World) -> None:
    people = [w.person() for _ in range(3)]
    homes = [row.household for row in w.rows["memberships"]]
    w.surveyed(homes[0], date(2019, 12, 2))  # 90 days before
    w.surveyed(homes[1], date(2019, 12, 1))
    w.visited(people[2], date(2020, 2, 1), "not_found")
    assert counted(w, "M1d").numerator == {homes[0]}
    assert counted(w, "M1d", fresh_days=91).numerator == {homes[0], homes[1]}


def test_m1e_and_m4f_look_at_scattered_households(w: World) -> None:
    followed, dropped, old, near = (
        w.household(resettlement=kind) for kind in ("scattered", "scattered", "scattered", "concentrated")
    )
    w.followed(followed), w.followed(near), w.followed(dropped, until=date(2020, 2, 29))
    assert counted(w, "M1e").numerator == {followed}
    assert counted(w, "M1e").denominator == {followed, dropped, old}
    assert counted(w, "M1e", date(2020, 2, 29)).numerator == {followed, dropped}

    w.works(w.person(followed), date(2019, 1, 1))
    refuser = w.person(dropped)
    w.says(refuser, "job", "no")
    w.person(old, labour="none"), w.person(near)
    result = counted(w, "M4f")
    assert (result.numerator, result.denominator) == ({followed}, {followed, dropped}), "the text names ability only"
    assert result.detail["refusing"] == {dropped}


def test_m2a_counts_the_willing_with_a_free_course_completed(w: World) -> None:
    free, paid, dropped, early, late, settled = people = [w.person() for _ in range(6)]
    for person in people:
        w.says(person, "training", "yes")
    w.trained(free, date(2019, 10, 1))
    w.trained(paid, date(2019, 10, 1), fee_paid=Decimal(80))
    w.trained(dropped, date(2019, 10, 1), result="dropped")
    w.trained(early, date(2018, 12, 31))
    w.trained(late, date(2021, 1, 1))
    w.trained(settled, date(2019, 10, 1), kind="adaptation")
    no, silent, unable, unclear = w.person(), w.person(), w.person(labour="lost"), w.person(labour="")
    w.says(no, "training", "yes", date(2019, 1, 1)), w.says(no, "training", "no", date(2019, 9, 1))
    w.trained(no, date(2019, 10, 1)), w.says(unable, "training", "yes"), w.says(unclear, "training", "yes")
    result = counted(w, "M2a", date(2021, 3, 1))
    assert (result.numerator, result.denominator, result.unknown) == ({free}, set(people), {unclear})
    assert result.answers is not None
    assert result.answers.counts() == {"yes": 6, "no": 1, "undecided": 0, "not_asked": 1}
    assert result.answers.not_asked == {silent}
    assert no in counted(w, "M2a", date(2019, 8, 31)).denominator, "had not changed their mind yet"


def test_two_statements_of_one_day_the_later_counts(w: World) -> None:
    yes, no = w.person(), w.person()
    w.says(yes, "training", "no"), w.says(yes, "training", "yes")
    w.says(no, "training", "yes"), w.says(no, "training", "no")
    assert counted(w, "M2a").denominator == {yes}
    w.rows["statements"].reverse()
    assert counted(w, "M2a").denominator == {yes}


def test_what_a_child_said_is_not_taken_when_it_is_16(w: World) -> None:
    young = w.person(born=date(2004, 1, 1))
    w.says(young, "training", "yes", date(2019, 12, 31))
    assert counted(w, "M2a").is_empty
    w.says(young, "training", "yes", date(2020, 1, 1))
    assert counted(w, "M2a").denominator == {young}


def test_m2b_is_for_those_in_business_or_with_the_conditions(w: World) -> None:
    trader, ready, dreamer, neither = (w.person(business_conditions=conditions) for conditions in ("", "yes", "", "no"))
    for person in (trader, ready, dreamer, neither):
        w.says(person, "training", "yes")
    w.says(dreamer, "entrepreneurship", "yes")
    w.works(trader, date(2019, 2, 1), kind="business", primary=False)
    w.trained(trader, date(2019, 8, 1), kind="short"), w.trained(ready, date(2019, 8, 1), result="dropped")
    result = counted(w, "M2b")
    assert (result.numerator, result.denominator) == ({trader}, {trader, ready}), "a skill course counts as well"
    assert result.unknown == {dreamer}


def test_m2c_begins_at_16_and_ends_at_22(w: World) -> None:
    def leaver(born: date, left: str = "yes") -> int:
        person = w.person(born=born, left_school=left, labour="")
        w.says(person, "mid_term_training", "yes", date(2020, 3, 1))
        return person

    sixteen, almost = leaver(date(2004, 3, 1)), leaver(date(2004, 3, 2))
    twenty_two, older = leaver(date(1997, 3, 2)), leaver(date(1997, 3, 1))
    stayed, unclear = leaver(date(2002, 1, 1), "no"), leaver(date(2002, 1, 1), "")
    w.trained(sixteen, TODAY, kind="mid_term", enrolled_on=date(2020, 3, 1), completed_on=None, result="")
    result = counted(w, "M2c")
    assert (result.numerator, result.denominator) == ({sixteen}, {sixteen, twenty_two})
    assert result.unknown == {unclear}
    assert not {almost, older, stayed} & result.denominator
    assert sixteen in counted(w, "M2c", mid_term_from=15).denominator
    assert almost not in counted(w, "M2c", mid_term_from=15).denominator, "16 is law, whatever the term says"


def test_m2d_looks_180_days_on(w: World) -> None:
    soon, late, before = w.person(), w.person(), w.person()
    for person in (soon, late, before):
        w.trained(person, date(2019, 6, 1))
    w.works(soon, date(2019, 11, 28))  # 180 days after
    w.works(late, date(2019, 11, 29)), w.works(before, date(2019, 5, 31))
    assert counted(w, "M2d").numerator == {soon}
    assert numbers(counted(w, "M2d")) == (1, 3)
    assert INDICATORS["M2d"].target == ""


def test_m3a_wants_one_in_stable_work_and_takes_work_for_a_wish(w: World) -> None:
    steady, fresh, contract, wishing, refusing, unclear = (w.household() for _ in range(6))
    w.works(w.person(steady), date(2019, 9, 3))  # 180 days before
    w.person(steady, labour="none")
    w.works(w.person(fresh), date(2019, 9, 4))
    w.works(w.person(contract), date(2020, 2, 1), contract_until=date(2021, 1, 31))
    w.says(w.person(wishing), "job", "yes")
    w.says(w.person(refusing), "job", "no")
    w.says(w.person(unclear, labour=""), "job", "yes")
    result = counted(w, "M3a")
    assert result.numerator == {steady, contract}
    assert result.denominator == {steady, fresh, contract, wishing}
    assert result.unknown == {unclear}
    assert numbers(counted(w, "M3a", stable_days=179)) == (3, 4)

    left = counted(w, "M3b")
    assert (left.numerator, left.denominator) == ({wishing}, result.denominator)
    assert INDICATORS["M3b"].target == "none"


def test_stable_work_that_ended_is_none(w: World) -> None:
    home = w.household()
    w.works(w.person(home), date(2019, 1, 1), date(2020, 2, 29))
    assert numbers(counted(w, "M3a")) == (0, 0), "and an ended one is no wish"
    assert counted(w, "M3a").is_empty
    assert numbers(counted(w, "M3a", date(2020, 2, 29))) == (1, 1)


def test_m3c_is_a_number_by_channel_county_and_sex(w: World) -> None:
    here, there = w.person(), w.person(w.household(TOLI), sex="male")
    w.works(here, date(2019, 5, 1), channel="public"), w.works(there, date(2019, 5, 1), channel="export")
    w.works(w.person(labour="lost"), date(2019, 5, 1))
    w.works(w.person(), date(2019, 5, 1), primary=False)
    result = counted(w, "M3c")
    assert result.n == 2
    assert result.detail["channel"] == {"public": {here}, "export": {there}}
    assert result.detail["county"] == {EMIN: {here}, TOLI: {there}}
    assert result.detail["sex"] == {"female": {here}, "male": {there}}
    assert INDICATORS["M3c"].is_count


def test_m3d_counts_any_day_away_since_2019(w: World) -> None:
    went, too_early, stays = w.person(), w.person(), w.person()
    for person in (went, too_early, stays):
        w.says(person, "labour_export", "yes")
    w.works(went, date(2018, 6, 1), date(2019, 1, 1), "labour_export")
    w.works(too_early, date(2018, 6, 1), date(2018, 12, 31), "labour_export")
    w.works(stays, date(2019, 6, 1))
    w.works(w.person(), date(2019, 6, 1), kind="labour_export")
    result = counted(w, "M3d")
    assert (result.numerator, result.denominator) == ({went}, {went, too_early, stays})


def test_m3e_counts_free_guidance_and_shows_loans_and_jobs(w: World) -> None:
    guided, charged, lent = w.person(), w.person(), w.person()
    for person in (guided, charged, lent):
        w.says(person, "entrepreneurship", "yes")
    w.supported(guided, date(2019, 6, 1)), w.supported(charged, date(2019, 6, 1), free=False)
    w.supported(lent, date(2019, 6, 1), "loan")
    w.works(lent, date(2019, 6, 1), kind="business", jobs_created=3)
    w.works(guided, date(2019, 1, 1), date(2019, 6, 1), "business", jobs_created=5)
    result = counted(w, "M3e")
    assert (result.numerator, result.denominator) == ({guided}, {guided, charged, lent})
    assert (result.detail["loan"], result.detail["interest"], result.detail["jobs_created"]) == ({lent}, set(), 3)


def test_m4a_counts_an_offer_declined_and_a_time_without_work(w: World) -> None:
    served, unserved, steady, gap, brief, refuser = people = [w.person() for _ in range(6)]
    for person in people:
        w.says(person, "job", "no" if person == refuser else "yes")
    w.offered(served, date(2018, 5, 1), "declined")
    w.works(steady, date(2018, 5, 1))
    w.works(gap, date(2018, 5, 1), date(2019, 5, 31)), w.works(gap, date(2019, 7, 1))  # 30 days of June
    w.works(brief, date(2018, 5, 1), date(2019, 5, 31)), w.works(brief, date(2019, 6, 30))
    w.offered(refuser, date(2019, 8, 1))
    result = counted(w, "M4a")
    assert (result.numerator, result.denominator) == ({served}, {served, unserved, gap})
    assert result.answers is not None and result.answers.no == {refuser}


def test_m4a_counts_no_day_before_the_16th_birthday(w: World) -> None:
    young = w.person(born=date(2004, 1, 1))
    w.works(young, date(2020, 1, 20)), w.says(young, "job", "yes", date(2020, 1, 2))
    assert counted(w, "M4a").is_empty


def test_m4b_is_by_calendar_year_and_leaves_out_who_wants_no_visit(w: World) -> None:
    seen, declined, unseen, last_year, private, gone = people = [w.person() for _ in range(6)]
    for person in people:
        w.works(person, date(2019, 5, 1), date(2019, 12, 31) if person == last_year else None)
    w.visited(seen, date(2020, 1, 1)), w.visited(declined, date(2020, 2, 1), "declined")
    w.visited(unseen, date(2019, 12, 31)), w.visited(unseen, date(2020, 2, 1), "not_found")
    w.says(private, "visit", "no")
    w.rows["persons"] = [
        row if row.id != gone else type(row)(gone, EMIN, "male", row.birth_date, "ordinary", "deceased", TODAY)
        for row in w.rows["persons"]
    ]
    result = counted(w, "M4b")
    assert (result.numerator, result.denominator) == ({seen, declined}, {seen, declined, unseen})
    assert counted(w, "M4b", date(2019, 12, 31)).denominator == {seen, declined, unseen, last_year, gone}


def test_m4c_counts_work_that_ended_once_nothing_followed(w: World) -> None:
    prompt, late, resumed, refuser, running = people = [w.person() for _ in range(5)]
    end = date(2019, 9, 30)
    spells = [w.works(person, date(2019, 1, 1), end) for person in people[:4]]
    spells.append(w.works(running, date(2019, 1, 1), date(2020, 2, 1)))
    w.registered(prompt, date(2019, 10, 30)), w.registered(late, date(2019, 10, 31))
    w.works(resumed, date(2019, 10, 30)), w.says(refuser, "job", "no")
    result = counted(w, "M4c")
    assert (result.numerator, result.denominator) == ({spells[0]}, {spells[0], spells[1]})
    assert result.detail["running"] == {spells[4]}, "29 days are no gap yet"
    assert spells[4] in counted(w, "M4c", date(2020, 3, 2)).denominator


def test_m4d_wants_a_helper_and_help_lately(w: World) -> None:
    helped = w.registered(w.person(), date(2019, 10, 1), helper=9, help_dates=(date(2020, 2, 1),))
    long_ago = w.registered(w.person(), date(2019, 10, 1), helper=9, help_dates=(date(2020, 1, 31),))
    nobody = w.registered(w.person(), date(2019, 10, 1), help_dates=(date(2020, 2, 1),))
    w.registered(w.person(), date(2019, 10, 1), closed_on=date(2019, 12, 1))
    refuser = w.person()
    w.says(refuser, "job", "no"), w.registered(refuser, date(2019, 10, 1))
    result = counted(w, "M4d")
    assert (result.numerator, result.denominator) == ({helped}, {helped, long_ago, nobody})


def test_m4e_takes_no_survey_for_a_service(w: World) -> None:
    told, offered, seen, invited, surveyed, peace, worker = [w.person() for _ in range(7)]
    w.contacted(told, date(2018, 1, 1)), w.contacted(surveyed, date(2019, 8, 1), "call")
    w.offered(offered, date(2019, 8, 1)), w.visited(seen, date(2019, 8, 1))
    w.trained(invited, TODAY, result="declined", completed_on=None, offered_on=date(2019, 8, 1))
    for row in list(w.rows["households"]):
        w.surveyed(row.id)
    w.says(peace, "job", "no"), w.says(worker, "job", "no"), w.works(worker, date(2019, 2, 1))
    result = counted(w, "M4e")
    assert result.numerator == {told, offered, seen, invited}
    assert result.denominator == result.numerator | {surveyed, worker}, "who wants no work is left in peace"


def test_m5a_counts_rights_of_households_and_members(w: World) -> None:
    home = w.household()
    adult, child = w.person(home), w.person(home, born=date(2015, 1, 1))
    w.looked("land_contract", "kept", date(2019, 3, 2), household=home)  # 365 days before
    w.looked("grassland", "kept", date(2019, 3, 1), household=home)
    w.looked("soil_subsidy", "", date(2019, 4, 1), household=home, applicable="no")
    w.looked("low_living", "kept", date(2019, 4, 1), person=adult)
    w.looked("medical", "kept", date(2019, 4, 1), person=child)
    result = counted(w, "M5a")
    assert result.weights == {home: (3, 8)}, "of six rights of the household five apply, two and one of the members"


def test_m5b_takes_the_last_check_and_lists_lapses_with_their_days(w: World) -> None:
    person, other, third = w.person(), w.person(), w.person()
    old = w.looked("medical", "kept", date(2019, 5, 1), person=person)
    lapsed = w.looked("medical", "lapsed", date(2020, 2, 20), person=person)
    kept = w.looked("pension", "kept", date(2019, 5, 1), person=person)
    back = w.looked("medical", "lapsed", date(2020, 1, 1), person=other, resolved_on=date(2020, 2, 1))
    unclear = w.looked("low_living", "", date(2020, 1, 1), person=other, applicable="")
    w.looked("low_living", "", date(2020, 1, 1), person=third, applicable="no")
    w.looked("grassland", "kept", date(2020, 1, 1), person=third)
    result = counted(w, "M5b")
    assert (result.numerator, result.denominator) == ({kept, back}, {lapsed, kept, back})
    assert (result.unknown, result.detail["lapsed"]) == ({unclear}, {lapsed: 10})
    assert old in counted(w, "M5b", date(2020, 2, 19)).numerator


def test_m5c_counts_what_was_put_right_and_how_long_it_took(w: World) -> None:
    person = w.person()
    quick = w.looked("medical", "lapsed", date(2019, 5, 1), person=person, resolved_on=date(2019, 5, 11))
    slow = w.looked("pension", "not_received", date(2019, 5, 1), person=person)
    w.looked("pension", "kept", date(2019, 5, 31), person=person)
    open_ = w.looked("grassland", "lapsed", date(2019, 5, 1), household=w.household())
    result = counted(w, "M5c")
    assert (result.numerator, result.denominator) == ({quick, slow}, {quick, slow, open_})
    assert result.detail["median_days"] == 20


def test_m6a_and_m6b_take_the_last_report_and_an_unreported_item_for_missing(w: World) -> None:
    site, village = w.site(), w.site(kind="scattered")
    w.facility(site, "employment", "building", date(2019, 8, 1)), w.facility(site, "employment", "in_service")
    w.facility(site, "legal", "planned"), w.facility(site, "schooling", "none", required=False)
    w.facility(site, "water", "in_service"), w.facility(site, "gas", "none", required=False)
    windows, rest = counted(w, "M6a"), counted(w, "M6b")
    assert windows.weights == {site: (1, 4)}
    assert windows.detail["unreported"] == {site: ("household_registration", "medical_social")}
    assert windows.detail["missing"][site] == ("household_registration", "medical_social", "legal")
    assert rest.weights == {site: (1, 9)}
    assert village not in windows.denominator
    assert counted(w, "M6a", date(2019, 8, 31)).weights == {site: (0, 5)}


def test_m6c_counts_households_of_willing_adults(w: World) -> None:
    went, waits, young, refuses = (w.household() for _ in range(4))
    w.says(w.person(went), "adaptation", "yes"), w.trained(w.person(went), date(2019, 5, 1), "adaptation")
    w.says(w.person(waits), "adaptation", "yes"), w.trained(w.person(waits), date(2019, 5, 1), "short")
    w.says(w.person(young, born=date(2003, 1, 1)), "adaptation", "yes")
    w.says(w.person(refuses), "adaptation", "no")
    result = counted(w, "M6c")
    assert (result.numerator, result.denominator) == ({went}, {went, waits})


def test_m7a_and_m7b_except_special_kinds_and_name_what_blocks(w: World) -> None:
    issued = w.dwelling(issued_on=date(2020, 3, 1))
    waiting = w.dwelling(issued_on=date(2020, 3, 2))
    special, blocked, unclear = w.dwelling(special=True), w.dwelling("no", blocked_reason="survey"), w.dwelling("")
    result, could = counted(w, "M7a"), counted(w, "M7b")
    assert (result.numerator, result.denominator, result.unknown) == ({issued}, {issued, waiting}, {unclear})
    assert (could.numerator, numbers(could)) == ({issued, waiting, special}, (3, 5))
    assert could.detail["blocked"] == {"survey": {blocked}}
    assert could.detail["not_assessed"] == {unclear}


def test_a_term_is_changed_by_its_code_and_says_who_set_it() -> None:
    by_code = {one.code: one for one in explained(Terms().changed({"stable_days": 90}))}
    assert by_code["stable_days"].value == 90 and by_code["stable_days"].is_ours
    assert not by_code["window_until"].is_ours
    for wrong in ({"stable": 90}, {"stable_days": "90"}, {"survey_due": 90}):
        with pytest.raises(ValueError, match="st|survey"):
            Terms().changed(wrong)  # type: ignore[arg-type]


def test_rights_never_read_what_people_want() -> None:
    """A refusal of training, work or a visit has no effect on what somebody is entitled to."""
    room = Path(rights_module.__file__).parent

    def read_by(name: str) -> set[str]:
        found = {name}
        for node in ast.walk(ast.parse((room / f"{name}.py").read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr != "statements" or name in ("facts", "willing"), name
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ledger.indicators."):
                found.add(node.module.rsplit(".", 1)[1])
        return found

    # `counting` knows the shape of answers, and asks nobody.
    assert read_by("rights") == {"rights", "counting", "facts", "standing", "terms"}
    assert read_by("standing") == {"standing", "facts", "terms"}
