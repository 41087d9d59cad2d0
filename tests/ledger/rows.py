"""A small ledger to look at: households with two members, as unmistakably invented as the demonstration's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bureaus import clock
from bureaus.models import User
from ledger import blind
from ledger.actions import people, records
from ledger.models import Household, Person, Spell, Statement
from tests import make

TOWN = "654224"
NUMBER = "000000199001010018"  # an area nobody is registered in
PHONE = "10000000001"


def officer(county: str = TOWN) -> User:
    return make.officer_of(make.bureau(county))


def second(county: str = TOWN) -> User:
    """Another one of the county, who may decide."""
    return make.section_head_of(make.bureau(county))


def leader(county: str = TOWN) -> User:
    return make.leader_of(make.bureau(county))


def household(county: str = TOWN, code: str = "T-1", **values: Any) -> Household:
    """With its head, who has a number, a phone and a note on health, and a grown-up child."""
    unit = make.bureau(county)
    found = Household.objects.filter(county=unit, code=code).first()
    if found:
        return found
    by, now = officer(county), clock.now()
    home = people.enter_household(unit, by=by, now=now, code=code, resettlement="scattered", **values)
    first = not Person.objects.filter(id_index=blind.of_id_number(NUMBER)).exists()
    people.enter_person(
        home, by=by, now=now, relation="head", name="演示甲", birth_date=date(1990, 1, 1), sex="male",
        health_note="腰不好", labour="ordinary", **({"id_number": NUMBER, "phone": PHONE} if first else {}),
    )  # fmt: skip
    people.enter_person(
        home, by=by, now=now, relation="child", name="演示乙", birth_date=date(2000, 5, 5), sex="female"
    )
    return home


def person(county: str = TOWN, code: str = "T-1") -> Person:
    """The head."""
    home = household(county, code)
    return home.memberships.get(relation="head", until=None).person


def said_no(who: Person, *, by: User | None = None, at: datetime | None = None, kind: str = "job") -> Statement:
    moment = at or clock.now()
    values = {
        "kind": kind,
        "answer": "no",
        "stated_on": clock.local_date(moment),
        "stated_by": "self",
        "wants": "带孩子",
    }
    row: Statement = records.add(
        "statement", who, by=by or officer(who.county.code), now=moment, values={**values, "at_own_wish": True}
    )
    return row


def works(who: Person) -> Spell:
    values = {"kind": "flexible", "started_on": date(2019, 3, 1), "employer": "演示合作社", "is_main": True}
    row: Spell = records.add("spell", who, by=officer(who.county.code), now=clock.now(), values=values)
    return row
