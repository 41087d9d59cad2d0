"""People of the ledger for tests: unmistakably invented, entered as a county enters them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from bureaus.models import Bureau, User
from ledger import id_numbers
from ledger.actions import people
from ledger.models import Household, NoticeText, Person
from measures.models import Site
from tests import make

TOLI = "654224"
CLERK = "托里县·经办人"
LEADER = "托里县·分管领导"
NOW = make.at(2019, 8, 20, 9)


def county(code: str = TOLI) -> Bureau:
    return Bureau.objects.get(code=code)


def clerk(code: str = TOLI) -> User:
    """Somebody who keeps a county's ledger."""
    return make.officer_of(county(code))


def number(born: date, sequence: int) -> str:
    """An ID number of a district there is none of; odd sequences are men's."""
    return id_numbers.composed("000000", born, sequence)


def household(code: str = "TL-0001", where: str = TOLI, *, now: datetime = NOW, **values: Any) -> Household:
    values = {"resettlement": "scattered", "expected_members": 1} | values
    return people.enter_household(county(where), by=clerk(where), now=now, code=code, **values)


def person(home: Household, name: str = "演示甲", *, now: datetime = NOW, **values: Any) -> Person:
    """A grown-up able to work, unless said otherwise."""
    defaults: dict[str, Any] = {"sex": "male", "birth_date": date(1985, 5, 1), "labour": "ordinary"}
    values = defaults | values
    return people.enter_person(home, by=clerk(home.county.code), now=now, name=name, **values)


def site(name: str = "朗古特") -> Site:
    return Site.objects.get(name=name)


def notice() -> NoticeText:
    return NoticeText.objects.get_or_create(
        number=1, defaults={"text": "示例告知书", "valid_from": date(2019, 6, 1), "at": NOW}
    )[0]
