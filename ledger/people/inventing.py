"""Households and persons who do not exist, shaped like the document's: the same seed, the same people. Pure.

They cannot be taken for anybody: names are counted through the sexagenary cycle after a word such as 演示, ID numbers
are well-formed with the area 000000 that is given to no place, phones begin with 100.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from ledger import id_numbers
from ledger.people import baseline, happenings
from ledger.people.baseline import COUNTIES, County
from ledger.people.shapes import Home, Invented, Person

TODAY = date(2019, 8, 20)
LARGEST = 9

_WORDS = ("演示", "示例", "样例", "虚拟", "试演")
_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_NUMERALS = "一二三四五六七八九"
_SIZES = (1, 2, 3, 4, 5, 6, 7)
_SIZE_WEIGHTS = (5, 14, 23, 28, 18, 8, 4)
_SKILLS = ("养殖", "驾驶", "电焊", "烹饪", "刺绣", "砌筑", "缝纫", "电工")
_NEEDS = ("岗位信息", "技能培训", "创业指导", "职业介绍", "政策咨询")


def invent(households: int = baseline.HOUSEHOLDS, persons: int = baseline.PERSONS, seed: int = 1) -> Invented:
    """Exactly as many as asked. ValueError if they cannot live in as many households."""
    if households < 1 or not households <= persons <= households * LARGEST:
        raise ValueError(f"{persons} persons do not fit into {households} households of one to {LARGEST}")
    rng = Random(f"duban {seed}")
    found = Invented()
    sizes = _sizes(rng, households, persons)
    numbers = _Numbers()
    per_county = baseline.shared(households, [county.share for county in COUNTIES])
    for county, count in zip(COUNTIES, per_county, strict=True):
        for place in range(1, count + 1):
            size = sizes[len(found.homes)]
            home = _home(rng, county, place, len(found.homes), size)
            found.homes.append(home)
            found.persons.extend(_family(rng, home, size, len(found.persons), numbers))
    happenings.befall(found, rng, TODAY)
    return found


def _sizes(rng: Random, households: int, persons: int) -> list[int]:
    sizes = rng.choices(_SIZES, _SIZE_WEIGHTS, k=households)
    off = persons - sum(sizes)
    step = 1 if off > 0 else -1
    while off:
        place = rng.randrange(households)
        if 1 <= sizes[place] + step <= LARGEST:
            sizes[place] += step
            off -= step
    return sizes


def _home(rng: Random, county: County, place: int, key: int, size: int) -> Home:
    site = rng.choice(county.sites) if county.sites and rng.random() < 0.6 else ""
    # A roster that is not quite right, as rosters are.
    expected = max(1, size + rng.choice((-1, 1))) if rng.random() < 0.02 else size
    return Home(
        key=key,
        county=county.code,
        code=f"{county.letters}-{place:06}",
        township=site or f"演示{_NUMERALS[rng.randrange(4)]}乡",
        site=site,
        resettlement="concentrated" if site else "scattered",
        resettled_on=date(2017, 3, 1) + timedelta(days=rng.randrange(700)),
        expected_members=expected,
        confirmed_on=TODAY - timedelta(days=rng.randrange(1, 60)) if rng.random() < 0.1 else None,
    )


class _Numbers:
    """ID numbers and phones that nobody has, each once."""

    def __init__(self) -> None:
        self._used: Counter[tuple[date, str]] = Counter()
        self._phones = 0

    def id_number(self, born: date, sex: str) -> str:
        n = self._used[born, sex]
        self._used[born, sex] += 1
        return id_numbers.composed(id_numbers.INVENTED_AREA, born, 2 * n + (sex == "male"))

    def has_room(self, born: date) -> bool:
        return max(self._used[born, "male"], self._used[born, "female"]) < 499

    def phone(self) -> str:
        self._phones += 1
        return f"1000{self._phones:07}"


def _family(rng: Random, home: Home, size: int, first_key: int, numbers: _Numbers) -> Iterator[Person]:
    for nth, (relation, sex, age) in enumerate(_members(rng, size)):
        born = _born(rng, age)
        while not numbers.has_room(born):
            born -= timedelta(days=1)
        yield _person(rng, home, first_key + nth, relation, _name(home.key, nth), sex, born, numbers)


def _members(rng: Random, size: int) -> Iterator[tuple[str, str, int]]:
    """Relation to the head, sex and age: a head, mostly a spouse, children and now and then a parent."""
    head_sex = "male" if rng.random() < 0.72 else "female"
    head_age = rng.randint(28, 58) if size > 1 else rng.randint(24, 72)
    yield "head", head_sex, head_age
    left = size - 1
    if left and rng.random() < 0.9:
        yield "spouse", "female" if head_sex == "male" else "male", max(20, head_age + rng.randint(-5, 3))
        left -= 1
    for _nth in range(left):
        sex = rng.choice(("male", "female"))
        if rng.random() < 0.14:
            yield "parent", sex, min(92, head_age + rng.randint(19, 32))
        elif rng.random() < 0.06:
            yield "other", sex, rng.randint(3, 68)
        else:
            yield "child", sex, max(0, head_age - rng.randint(20, 34))


def _born(rng: Random, age: int) -> date:
    """Somebody who is as old on the day people are invented for."""
    return TODAY - timedelta(days=int(age * 365.2425) + rng.randrange(1, 364))


def _name(home: int, nth: int) -> str:
    turn, place = divmod(home, 60)
    again, word = divmod(turn, len(_WORDS))
    numeral = "".join(_NUMERALS[int(digit) - 1] if digit != "0" else "〇" for digit in str(again)) if again else ""
    return f"{_WORDS[word]}{_STEMS[place % 10]}{_BRANCHES[place % 12]}{numeral}·{_NUMERALS[nth]}"


def _person(
    rng: Random, home: Home, key: int, relation: str, name: str, sex: str, born: date, numbers: _Numbers
) -> Person:
    age = TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))
    school = _school(rng, age)
    labour = _labour(rng, age, school)
    able = labour in ("ordinary", "skilled")
    number: str | None = numbers.id_number(born, sex)
    phone = numbers.phone() if age >= 16 and rng.random() < 0.86 else None
    return Person(
        key=key,
        home=home.key,
        relation=relation,
        name=name,
        sex=sex,
        birth_date=born,
        id_number=number if rng.random() < 0.985 else None,
        phone=phone,
        education=_education(rng, age, school),
        school=school,
        skills=rng.choice(_SKILLS) if labour == "skilled" else ("无" if age >= 16 and rng.random() < 0.93 else ""),
        health=rng.choices(("healthy", "chronic", "serious", "disabled", ""), _health(age))[0],
        labour=labour,
        business_ready=rng.choices(("yes", "no", ""), (8, 62, 30))[0] if able else "",
        service_need=rng.choice(_NEEDS) if able and rng.random() < 0.45 else "",
    )


def _school(rng: Random, age: int) -> str:
    if age < 6:
        return ""
    if age < 16:
        return "attending"
    if age <= 22:
        return rng.choices(("attending", "left_junior", "left_senior", "over"), (55, 16, 11, 18))[0]
    return "over"


def _labour(rng: Random, age: int, school: str) -> str:
    if age < 16 or school == "attending":
        return "none"
    if age >= 60:
        return rng.choices(("ordinary", "lost", "none"), (35, 15, 50))[0]
    return rng.choices(("ordinary", "skilled", "lost", "none", ""), (79, 14, 3, 2, 2))[0]


def _education(rng: Random, age: int, school: str) -> str:
    if age < 6:
        return "none"
    if age < 12:
        return "primary"
    if age < 16 or school == "left_junior":
        return "junior"
    if school == "left_senior":
        return "senior"
    if age <= 22:
        return rng.choices(("junior", "senior", "vocational", "college"), (25, 45, 15, 15))[0]
    if age >= 60:
        return rng.choices(("none", "primary", "junior", ""), (18, 55, 24, 3))[0]
    return rng.choices(("none", "primary", "junior", "senior", "vocational", "college", ""), (3, 25, 48, 12, 6, 4, 2))[
        0
    ]


def _health(age: int) -> tuple[int, ...]:
    return (70, 22, 3, 3, 2) if age >= 55 else (92, 4, 1, 2, 1)
