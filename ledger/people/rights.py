"""Rights of the invented, their homes, and what their sites have. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from ledger.people.baseline import COUNTIES
from ledger.people.shapes import Dwelling, Facility, Home, Invented, RightCheck

_OF_HOMES = ("land_contract", "land_certificate", "forest_return", "grassland", "soil_subsidy", "low_living")
_OF_PERSONS = ("medical", "pension")
# Of a hundred households, how many have it at all.
_APPLIES = {
    "land_contract": 88,
    "land_certificate": 84,
    "forest_return": 22,
    "grassland": 46,
    "soil_subsidy": 60,
    "low_living": 24,
}
_FACILITIES = (
    ("household_registration", "employment", "schooling", "medical_social", "legal")
    + ("committee", "premises", "culture", "water", "power")
    + ("gas", "heat", "sewage", "school", "hospital")
)


def look(found: Invented, rng: Random, today: date) -> None:
    checked = set()
    for home in found.homes:
        found.dwellings.append(_dwelling(rng, home, today))
        if rng.random() < 0.55:
            checked.add(home.key)
            for right in _OF_HOMES:
                if rng.random() < 0.8:
                    applies = rng.randrange(100) < _APPLIES[right]
                    found.right_checks.append(_check(rng, home.key, None, right, applies, today))
    for person in found.persons:
        if person.home in checked and rng.random() < 0.7:
            for right in _OF_PERSONS:
                applies = right == "medical" or person.age(today) >= 16
                found.right_checks.append(_check(rng, None, person.key, right, applies, today, person.birth_date))
    for county in COUNTIES:
        for site in county.sites:
            found.facilities.extend(_facility(rng, county.code, site, item) for item in _FACILITIES)


def _check(
    rng: Random,
    home: int | None,
    person: int | None,
    right: str,
    applies: bool,
    today: date,
    born: date = date.min,
) -> RightCheck:
    on = max(born, today - timedelta(days=rng.randrange(3, 150)))
    if not applies:
        return RightCheck(home, person, right, "no", on, "", "", None)
    finding = rng.choices(("kept", "lapsed", "not_received", "pending"), (940, 22, 20, 18))[0]
    resolved = None
    if finding in ("lapsed", "not_received") and rng.random() < 0.5:
        resolved = min(today, on + timedelta(days=rng.randint(3, 40)))
    detail = {"lapsed": "搬迁后接续中断", "not_received": "本年补贴未到账"}.get(finding, "")
    return RightCheck(home, person, right, "yes", on, finding, detail, resolved)


def _dwelling(rng: Random, home: Home, today: date) -> Dwelling:
    address = f"演示县{home.township}演示路{1 + home.key % 300}号"
    if rng.random() < 0.04:
        return Dwelling(home.key, address, True, "", "", None, "", None)
    registrable = rng.choices(("yes", "no", ""), (64, 20, 16))[0]
    blocked = rng.choice(("竣工验收手续未完成", "土地手续未完善")) if registrable == "no" else ""
    applied = today - timedelta(days=rng.randrange(20, 300)) if registrable == "yes" and rng.random() < 0.7 else None
    if applied is None or rng.random() > 0.6:
        return Dwelling(home.key, address, False, registrable, blocked, applied, "", None)
    issued = min(today, applied + timedelta(days=rng.randint(10, 120)))
    number = f"演示（{issued.year}）不动产权第{home.key + 1:07}号"
    return Dwelling(home.key, address, False, registrable, blocked, applied, number, issued)


def _facility(rng: Random, county: str, site: str, item: str) -> Facility:
    if item == "gas" and rng.random() < 0.6:
        return Facility(county, site, item, False, "本地不通管道燃气", "none", date(2019, 6, 30))
    state = rng.choices(("none", "planned", "building", "in_service"), (6, 8, 14, 72))[0]
    return Facility(county, site, item, True, "", state, date(2019, 6, 30))
