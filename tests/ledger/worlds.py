"""Small worlds of invented households, made row by row, as the indicators read them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from itertools import count
from typing import Any

from ledger.indicators.facts import (
    CheckFact,
    ContactFact,
    DwellingFact,
    FacilityFact,
    Facts,
    HouseholdFact,
    IdentityFact,
    MatchFact,
    MembershipFact,
    PersonFact,
    RegistrationFact,
    SiteFact,
    SpellFact,
    StatementFact,
    SupportFact,
    SurveyFact,
    TrackerFact,
    TrainingFact,
    VisitFact,
)

EMIN, TOLI = "654221", "654224"
TODAY = date(2020, 3, 1)


class World:
    """Every verb writes one row and returns its id. `rows[name]` are the arguments of Facts."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = defaultdict(list)
        self.ids = count(1)

    def facts(self) -> Facts:
        return Facts(**self.rows)

    def _add(self, name: str, row: Any) -> int:
        self.rows[name].append(row)
        return int(getattr(row, "id", 0))

    def household(self, county: str = EMIN, site: int | None = None, **more: Any) -> int:
        fields: dict[str, Any] = {"resettlement": "concentrated", "expected_members": 1, "on_roster": True} | more
        return self._add("households", HouseholdFact(next(self.ids), county, site, **fields))

    def person(self, home: int | None = None, *, born: date | None = date(1985, 5, 5), **more: Any) -> int:
        """Of 34 and able, in a household of their own, if nothing else is said."""
        where = home if home is not None else self.household()
        county = next(row.county for row in self.rows["households"] if row.id == where)
        head, since = more.pop("head", False), more.pop("since", None)
        more = {"sex": "female", "labour": "ordinary"} | more
        key = self._add("persons", PersonFact(next(self.ids), county, birth_date=born, **more))
        self._add("memberships", MembershipFact(key, where, since, None, head))
        return key

    def says(self, person: int, kind: str, answer: str, on: date = date(2019, 7, 1), by: int | None = None) -> int:
        return self._add("statements", StatementFact(person, kind, answer, on, next(self.ids), by))

    def works(self, person: int, start: date, end: date | None = None, kind: str = "unit", **more: Any) -> int:
        channel = more.pop("channel", "project")
        return self._add("spells", SpellFact(next(self.ids), person, kind, channel, start, end, **more))

    def trained(self, person: int, on: date, kind: str = "short", **more: Any) -> int:
        fields: dict[str, Any] = {"result": "completed", "completed_on": on} | more
        return self._add("trainings", TrainingFact(next(self.ids), person, kind, **fields))

    def offered(self, person: int, on: date, outcome: str = "offered") -> int:
        return self._add("matches", MatchFact(next(self.ids), person, on, outcome))

    def visited(self, person: int, on: date, outcome: str = "done") -> int:
        return self._add("visits", VisitFact(next(self.ids), person, on, outcome))

    def registered(self, person: int, on: date, **more: Any) -> int:
        return self._add("registrations", RegistrationFact(next(self.ids), person, on, on, **more))

    def contacted(self, person: int, on: date, kind: str = "information") -> int:
        return self._add("contacts", ContactFact(person, on, kind))

    def supported(self, person: int, on: date, kind: str = "guidance", free: bool = True) -> int:
        return self._add("supports", SupportFact(person, kind, on, free))

    def surveyed(self, home: int, on: date = date(2019, 7, 1), result: str = "complete") -> int:
        return self._add("surveys", SurveyFact(home, on, result))

    def followed(self, home: int, since: date = date(2019, 7, 1), until: date | None = None) -> int:
        return self._add("trackers", TrackerFact(home, since, until))

    def looked(self, right: str, finding: str, on: date, **more: Any) -> int:
        more = {"household": None, "person": None, "applicable": "yes"} | more
        return self._add("checks", CheckFact(next(self.ids), right=right, finding=finding, on=on, **more))

    def dwelling(self, registrable: str = "yes", county: str = EMIN, **more: Any) -> int:
        more = {"site": None, "household": None, "special": False} | more
        return self._add("dwellings", DwellingFact(next(self.ids), county, registrable=registrable, **more))

    def site(self, county: str = EMIN, **more: Any) -> int:
        return self._add("sites", SiteFact(next(self.ids), county, **more))

    def facility(self, site: int, item: str, state: str, on: date = date(2019, 9, 1), required: bool = True) -> int:
        return self._add("facilities", FacilityFact(next(self.ids), site, item, required, state, on))

    def identity(self, person: int, **more: Any) -> int:
        return self._add("identities", IdentityFact(person, **more))
